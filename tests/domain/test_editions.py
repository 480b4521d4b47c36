"""Which claims a revision of the manual makes, and that it is said to be inference."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.edition_changes import changes, verdict_changes
from app.domain.editions import Manual, as_stated, epoch, knowledge_at, labels
from app.domain.facts import Document, Revision
from app.domain.lint import lint
from app.domain.views import view_cells
from app.domain.words import Access, Mode, Verdict
from app.errors import NotFound
from app.formats import stated
from tests.factories import (
    make_claim,
    make_family,
    make_knowledge,
    make_observation,
    make_register,
    make_source,
)

LISTED = ("3.26", "3.37", "3.39", "3.42", "3.44")
ASKABLE = tuple(f"3.{n}" for n in range(26, 45))
AVIC, X2AVIC = (Mode.AVIC,), (Mode.X2AVIC,)
law = settings(deadline=None)


def manual(names=LISTED, modes=(("3.26", AVIC), ("3.39", X2AVIC))):
    """Return a manual whose revisions begin to document the modes."""
    begins = dict(modes)
    revisions = tuple(
        Revision(revision=name, change=f"Revision {name} is new.", source="apm-3.44",
                 modes=begins.get(name, ()))
        for name in names
    )  # fmt: skip
    return Document(
        slug="apm", number="24593", title="M", publisher="AMD", pages=800, revisions=revisions
    )


PPR = Document(
    slug="ppr", number="57896", title="P", publisher="AMD", pages=800,
    revisions=(Revision(revision="1.00", change="All.", source="ppr"),),
)  # fmt: skip


def world(*claims, facts=()):
    """Return a world in which TPR has these claims and the manual was read in 3.44."""
    return make_knowledge(
        manual(),
        PPR,
        make_source(document="apm"),
        make_source("ppr", document="ppr", revision="1.00"),
        make_register(claims=claims),
        *facts,
    )


def said(knowledge, apm):
    """Return what a revision says of writes: (mode, kind, behaviour) of each claim."""
    return {
        (str(key.mode), str(claim.kind), str(claim.behaviour))
        for key, view in view_cells(knowledge, apm=apm).items()
        if key.access is Access.WRITE
        for claim in view.claims
    }


TABLE = make_claim("vmexit-trap")
CHECK = make_claim("gp", kind="access-check", modes=X2AVIC, since="3.37")
PRODUCT = make_claim("gp", kind="product", modes=X2AVIC, family="zen-4", source="ppr")
OLD = make_claim("ignored", kind="note", modes=AVIC, until="3.39")
NEW = make_claim("allowed", kind="note", modes=AVIC, since="3.42")


@pytest.mark.parametrize(
    ("apm", "claims", "expected"),
    [
        ("3.26", (TABLE,), {("avic", "table", "vmexit-trap")}),
        ("3.38", (TABLE, CHECK), {("avic", "table", "vmexit-trap")}),
        ("3.39", (CHECK,), {("x2avic", "access-check", "gp")}),
        ("3.37", (CHECK,), set()),
        ("3.38", (TABLE, PRODUCT), {("avic", "table", "vmexit-trap")}),
        ("3.38", (PRODUCT,), set()),
        ("3.39", (make_claim(modes=X2AVIC), PRODUCT),
         {("x2avic", "table", "allowed"), ("x2avic", "product", "gp")}),
        ("3.39", (OLD, NEW), {("avic", "note", "ignored")}),
        ("3.40", (OLD, NEW), {("avic", "note", "ignored")}),
        ("3.41", (OLD, NEW), {("avic", "note", "ignored")}),
        ("3.42", (OLD, NEW), {("avic", "note", "allowed")}),
        ("", (OLD, NEW), {("avic", "note", "allowed")}),
    ],
)  # fmt: skip
def test_a_revision_makes_the_claims_whose_range_and_mode_it_lies_in(apm, claims, expected):
    assert expected == said(world(*claims), apm)


@pytest.mark.parametrize("apm", ["3.25", "3.45", "3.4", "4.00", "newest"])
def test_a_revision_outside_the_list_is_not_found_and_the_ends_are_offered(apm):
    with pytest.raises(NotFound) as refused:
        knowledge_at(world(TABLE), apm)

    assert ("3.26", "3.44") == refused.value.hints


def test_without_the_manual_every_claim_holds():
    knowledge = make_knowledge()

    assert knowledge is knowledge_at(knowledge)
    assert ({}, None, 0) == (labels(knowledge), as_stated(knowledge), epoch(knowledge))


@pytest.fixture(scope="module")
def tables(knowledge):
    """The table of the real seed as revisions state it, listed ones and some between."""
    asked = ("3.26", "3.30", "3.36", "3.37", "3.38", "3.39", "3.41", "3.42", "3.43", "3.44")
    return {apm: view_cells(knowledge, apm=apm) for apm in asked}


def test_an_observation_against_a_revision_that_is_silent_settles(tables):
    found = {
        (change.family, change.before): len(change.cells)
        for change in verdict_changes(tables["3.38"], tables["3.44"])
    }

    assert {Verdict.SETTLES} == {verdict for _, verdict in found}
    assert {"not-stated", "zen-4"} == {family for family, _ in found}


def test_the_seed_says_nothing_of_x2avic_before_3_39_and_all_of_it_since(tables):
    for apm, views in tables.items():
        silent = {key for key, view in views.items() if not view.claims}
        x2avic = {key for key in views if key.mode is Mode.X2AVIC}

        assert silent >= x2avic if apm < "3.39" else not silent
        assert {"self-ipi"} >= {key.register for key in silent - x2avic}


def test_a_silent_cell_has_no_chain_of_checks(tables):
    assert {()} == {view.chain for view in tables["3.38"].values()}


def test_the_newest_revision_gives_the_same_views_as_none(tables, knowledge):
    assert tables["3.44"] == view_cells(knowledge)
    assert () == changes(tables["3.44"], view_cells(knowledge))


def test_revisions_of_one_epoch_give_the_same_views(tables, knowledge):
    for one, other in pairwise(tables):
        same = epoch(knowledge, one) == epoch(knowledge, other)

        assert same == (tables[one] == tables[other])


claims = st.builds(
    make_claim,
    st.sampled_from(["allowed", "vmexit-trap", "ignored"]),
    kind=st.sampled_from(["table", "note"]),
    modes=st.sampled_from([AVIC, X2AVIC, (*AVIC, *X2AVIC)]),
    since=st.sampled_from(["", *LISTED[:4]]),
    until=st.sampled_from(["", "3.44"]),
)
ended = st.builds(
    replace, claims, until=st.sampled_from(LISTED), since=st.just(""), bits=st.just("ended")
)


@law
@given(st.lists(claims | ended, max_size=5))
def test_a_claim_holds_without_a_gap_from_its_first_revision_to_its_last(made):
    knowledge = world(*made)
    book = Manual.of(knowledge)
    for claim in made:
        for mode in claim.modes:
            first, last = book.span(claim, mode)
            held = [
                any((c.kind, c.bits, c.since, c.until) == (claim.kind, claim.bits, claim.since,
                    claim.until) and mode in c.modes for c in stated_.claims)
                for stated_ in (
                    knowledge_at(knowledge, name).registers["tpr"] for name in LISTED
                )
            ]  # fmt: skip

            assert [first <= at <= last for at in range(len(LISTED))] == held


@law
@given(st.lists(claims, max_size=5), st.sampled_from(LISTED), st.sampled_from(LISTED))
def test_without_ends_a_later_revision_only_adds(made, one, other):
    older, newer = sorted((one, other))
    knowledge = world(*made)

    assert said(knowledge, older) <= said(knowledge, newer)


def test_only_the_revision_that_was_read_is_no_inference(knowledge):
    assert ["3.44"] == [apm for apm in ASKABLE if not as_stated(knowledge, apm).inference]
    assert "" == stated.note(as_stated(knowledge))
    for apm in ASKABLE[:-1]:
        found = as_stated(knowledge, apm)

        assert "by inference" in stated.heading(found)
        assert f"only revision 3.44 was read here; {apm} was not compared" in stated.note(found)
        assert (apm < "3.39") == ("it says nothing of x2AVIC" in stated.note(found))
        assert (apm not in {"3.26", "3.36", "3.37", "3.39", "3.42", "3.43"}) == (
            f"{apm} is not in the list" in stated.note(found)
        )


def test_the_range_of_a_claim_says_what_it_rests_on(knowledge):
    register = knowledge.registers["ldr"]
    check = [c for c in register.claims if c.kind == "access-check"]
    lines = stated.ranges(check, Mode.X2AVIC, knowledge)

    assert "Read in revision 3.44 only" in lines[0]
    assert "inference" in lines[0]
    assert lines[1].startswith("access-check: taken to hold since 3.39 (Section 15.29.10, x2AVIC")
    assert "since 3.37 (Support for x2APIC is added)" in lines[1]


def revised(*names):
    """Return facts that give the manual these revisions."""
    return (manual(names, ()),)


@pytest.mark.parametrize(
    ("place", "found", "claim", "facts"),
    [
        (("claims", 0, "since"), "'3.38'", make_claim(since="3.38"), ()),
        (("claims", 0, "until"), "'3.45'", make_claim(until="3.45"), ()),
        (("claims", 0, "until"), "'3.42'", make_claim(until="3.42"), ()),
        (("claims", 0, "since"), "'1.00'", make_claim(since="1.00"), ()),
        (("claims", 0, "source"), "'3.44'", make_claim(since="3.26"), revised("3.26", "3.37")),
        (("claims", 0, "since"), "'3.46'", make_claim(since="3.46"), revised("3.44", "3.46")),
        (("revisions", 1, "revision"), "'3.37' after '3.39'", TABLE, revised("3.39", "3.37")),
        (("revisions", 1, "revision"), "'3.39' twice", TABLE, revised("3.39", "3.39")),
        (("revisions", 0, "revision"), "'three'", TABLE, revised("three")),
        (("revisions", 0, "modes"), "'avic' in more than one revision", TABLE,
         (manual(modes=(("3.26", AVIC), ("3.37", AVIC))),)),
        (None, None, make_claim(since="3.37", until="3.44"), ()),
        (None, None, make_claim(since="1.00", until="1.00", source="ppr"), ()),
    ],
)  # fmt: skip
def test_the_linter_holds_ranges_against_the_list(place, found, claim, facts):
    read = make_claim(modes=(Mode.AVIC, Mode.X2AVIC), access=Access.READ)
    problems = lint(world(claim, read, facts=facts))
    heard = [(p.place, p.found) for p in problems if p.place[0] in ("claims", "revisions")]

    assert ([(place, found)] if place else []) == heard[:1]


def test_what_silicon_did_does_not_depend_on_the_revision():
    seen = make_observation("vmexit-trap", family="zen-4")
    knowledge = world(TABLE, make_claim(access=Access.READ), facts=(make_family(), seen))
    views = [view_cells(knowledge, apm=apm) for apm in ("3.38", "3.44")]
    judged = [{str(k): v.judgements["zen-4"] for k, v in found.items()} for found in views]
    cell = "tpr/x2avic/write"

    assert [Verdict.SETTLES, Verdict.AGREES] == [j[cell].verdict for j in judged]
    assert judged[0][cell].behaviours == judged[1][cell].behaviours
