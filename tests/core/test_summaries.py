"""A verdict from summaries is the verdict from every observation, whatever came and went."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.summaries import NEWEST, NOTHING, Share, Sort, with_share
from app.core.verdicts import judge
from app.core.words import Behaviour
from tests.core.shapes import CONDITIONS
from tests.core.test_verdict_laws import FAMILY, claims, observations_of, own
from tests.factories import make_claim, make_observation

law = settings(deadline=None)


@dataclass(frozen=True)
class Sent:
    """One measurement: whose machine, which microcode, whether anybody watched, what was seen."""

    machine: str
    microcode: str
    unwatched: bool
    seen: tuple


observed = st.builds(
    make_observation,
    st.sampled_from(Behaviour),
    st.sampled_from(["", "edge", "level", "reserved-bits", "own words"]),
    family=st.just(FAMILY),
    intercepted=st.booleans(),
    member=st.sampled_from(["", "1", "2"]),
    date=st.sampled_from(["2026-01-01", "2026-05-06"]),
)
sent = st.builds(
    Sent,
    st.sampled_from(["here", "there"]),
    st.sampled_from(["", "0x1", "0x2"]),
    st.booleans(),
    st.lists(observed, min_size=1, max_size=4).map(tuple),
)
# Which measurement is accepted, or taken back if it counts already.
lives = st.lists(st.integers(0, 4), max_size=14)


def observations(number, one):
    """Return what a measurement says, as the verdict takes it."""
    return tuple(
        replace(
            seen,
            id=f"m-{number}-{n}",
            report=f"m-{number}",
            machine=one.machine,
            microcode=one.microcode,
            unwatched=one.unwatched,
        )
        for n, seen in enumerate(one.seen)
    )


def share(mine, others):
    """Return what a measurement adds to others that count."""
    items = Counter(map(Sort.of, mine))
    rest = {
        name: frozenset(Sort.of(o) for o in others if getattr(o, name) == getattr(mine[0], name))
        for name in ("machine", "microcode")
    }
    return Share(
        {sort: (n, n) for sort, n in items.items()},
        rest["machine"],
        rest["microcode"] if mine[0].microcode else None,
    )


def newest(told):
    """Return the newest observations of each sort, newest first."""
    found = defaultdict(list)
    for one in sorted(told, key=lambda o: (o.date, o.id), reverse=True):
        found[Sort.of(one)].append(one.id)
    return defaultdict(tuple, {sort: tuple(ids[:NEWEST]) for sort, ids in found.items()})


def lived(documents, life):
    """Return the summaries after a life of decisions, and every observation that counts."""
    counting, measured = {}, NOTHING
    for number in (n for n in life if n < len(documents)):
        mine = observations(number, documents[number])
        sign = -1 if counting.pop(number, None) else 1
        others = [o for told in counting.values() for o in told]
        if sign > 0:
            counting[number] = mine
        told = [o for every in counting.values() for o in every]
        measured = with_share(measured, share(mine, others), sign, newest(told))
    return measured, [o for told in counting.values() for o in told]


def said(judgement):
    """Return all that a judgement says, but for the list of single observations."""
    return replace(judgement, findings=(), measured=NOTHING)


@law
@given(claims, st.lists(sent, max_size=5), lives, own)
def test_a_verdict_from_summaries_is_the_one_from_all_observations(
    claims, documents, life, curated
):
    # A published report and a measurement are never known to be of one machine.
    apart = [replace(o, machine=o.machine and f"r {o.machine}", microcode=o.microcode and "r")
             for o in curated]  # fmt: skip
    measured, told = lived(documents, life)
    shown = [o for o in told if o.id in measured.of_id]
    whole = judge(claims, [*apart, *told], FAMILY, CONDITIONS)
    assert said(judge(claims, [*apart, *shown], FAMILY, CONDITIONS, measured)) == said(whole)


@law
@given(st.lists(sent, min_size=1, max_size=5), lives, st.randoms())
def test_the_order_of_decisions_never_matters(documents, life, random):
    measured, _ = lived(documents, life)
    left = [n for n, times in Counter(life).items() if times % 2 and n < len(documents)]
    random.shuffle(left)
    assert lived(documents, left)[0] == measured


@law
@given(st.lists(sent, min_size=1, max_size=5))
def test_what_is_taken_back_leaves_nothing(documents):
    every = list(range(len(documents)))
    assert lived(documents, every + every)[0] == NOTHING


def test_a_hundred_reports_alike_are_one_summary_that_names_the_newest():
    one = Sent("here", "0x1", unwatched=False, seen=(make_observation("gp"),))
    measured, _ = lived([one] * 100, range(100))
    (summary,) = measured.summaries
    assert (100, 1, 1) == (
        summary.counts.reports, summary.counts.machines, summary.counts.microcodes
    )  # fmt: skip
    assert len(summary.newest) == NEWEST
    assert (100, 100) == (summary.observations, summary.repetitions)


@pytest.mark.parametrize("ruled", ["gp", "accelerated"], ids=["borne out", "masked"])
def test_a_machine_counts_once_whichever_part_of_it_is_masked(ruled):
    watched = Sent("here", "0x1", unwatched=False, seen=(make_observation("gp"),))
    alone = replace(watched, unwatched=True)
    measured, told = lived([watched, alone, replace(alone, machine="there")], range(3))
    claim = (make_claim(ruled),)
    found = judge(claim, told, FAMILY, CONDITIONS, measured)
    heard = ruled == "gp"
    assert (found.reports, found.machines, found.masked) == ((3, 2, 0) if heard else (1, 1, 2))


@law
@given(observations_of(st.just(FAMILY)))
def test_what_no_verdict_tells_apart_is_of_one_sort(seen):
    other = replace(seen, id="other", text="Other words.", reporter="Somebody", date="2020")
    assert Sort.of(seen) == Sort.of(other)
