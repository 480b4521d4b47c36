"""The ledger against the judged cells: lives, what backs an entry, and what none covers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ledger import cells_by_column, disagreements_in, documented_in, entry_of, list_unfiled
from app.core.views import view_cells
from app.core.words import Access, Behaviour, DifferenceState, Evidence, Mode, SourceKind
from app.curation.drafting import Draft
from tests.factories import (
    make_claim,
    make_difference,
    make_event,
    make_family,
    make_knowledge,
    make_observation,
    make_register,
    make_source,
)

CHECK = make_claim("gp", "", "access-check", modes=(Mode.X2AVIC,))
TABLE = tuple(make_claim(access=access) for access in Access)
TPR = make_register(claims=(*TABLE, CHECK))
GP = make_observation("gp")
ON_ZEN_5 = make_difference(families=("zen-5",))


def told(groups):
    """What is unfiled, in short: cells, whether the manual disagrees, families."""
    return [([str(k) for k in g.keys], g.manual, list(g.families)) for g in groups]


def cells_of(knowledge):
    return view_cells(knowledge)


@pytest.mark.parametrize(
    ("state", "life"),
    [
        ("seen", ["seen"]),
        ("reproduced", ["seen", "reproduced"]),
        ("reported", ["seen", "reported"]),
        ("reported", ["reported", "seen"]),
        ("documented", ["documented"]),
        ("documented", ["documented", "reported"]),
        ("documented", ["seen", "documented", "reproduced", "reported"]),
        ("mended", ["documented", "mended", "reported"]),
        ("retracted", ["seen", "retracted"]),
        ("retracted", ["seen", "documented", "reported", "retracted"]),
    ],
)
def test_the_state_is_the_furthest_that_a_life_has_reached(state, life):
    assert state == make_difference(1, *life).state


@given(st.lists(st.sampled_from(DifferenceState), min_size=1, max_size=6))
def test_a_later_event_never_takes_a_state_away(states):
    order = tuple(DifferenceState)
    reached = [
        order.index(make_difference(1, *states[:n]).state) for n in range(1, len(states) + 1)
    ]

    assert sorted(reached) == reached
    assert set(states) == {event.state for event in make_difference(1, *states).reached}


def test_each_state_is_told_once_with_its_first_date():
    difference = make_difference(1, "seen", "reported", "reported", "documented")

    assert [("seen", "2026-01"), ("reported", "2026-02"), ("documented", "2026-04")] == [
        (event.state, event.date) for event in difference.reached
    ]
    assert ("24593 rev 3.44",) == documented_in(difference, make_knowledge())


def test_a_retraction_has_its_reason_and_leaves_the_rest_of_the_life():
    difference = make_difference(1, "seen", "retracted")

    assert "It happened." == difference.retraction.text
    assert 2 == len(difference.life)
    assert None is make_difference(1, "seen").retraction


@pytest.mark.parametrize(
    ("covered", "families", "asked"),
    [
        (True, (), "zen-4"),
        (True, ("zen-4",), "zen-4"),
        (True, ("zen-5", "zen-4"), "zen-4"),
        (False, ("zen-5",), "zen-4"),
    ],
)
def test_an_entry_speaks_of_the_families_it_names_or_of_all(covered, families, asked):
    assert covered is make_difference(families=families).speaks_of(asked)


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        # Nothing disagrees.
        ([], []),
        ([], [make_observation("allowed")]),
        ([], [make_observation("gp", intercepted=True)]),
        # The manual against itself belongs to no family.
        ([(["tpr/x2avic/write"], True, [])], [TPR]),
        ([], [TPR, make_difference()]),
        ([], [TPR, ON_ZEN_5]),
        ([(["tpr/x2avic/write"], True, [])], [TPR, make_difference(cells=("tpr/avic/*",))]),
        ([(["tpr/x2avic/write"], True, [])], [TPR, make_difference(1, "seen", "retracted")]),
        # Silicon against the table, with or without the manual.
        ([(["tpr/x2avic/write"], False, ["zen-4"])], [GP]),
        ([(["tpr/x2avic/write"], True, ["zen-4"])], [TPR, GP]),
        ([(["tpr/x2avic/write"], False, ["zen-4"])], [TPR, GP, ON_ZEN_5]),
        ([], [GP, make_difference(families=("zen-4",))]),
        ([], [GP, make_difference()]),
        ([(["tpr/x2avic/write"], False, ["zen-4"])], [GP, make_difference(1, "seen", "retracted")]),
        ([], [GP, make_difference(1, "retracted"), make_difference(2)]),
    ],
)  # fmt: skip
def test_what_disagrees_is_unfiled_unless_an_entry_that_stands_covers_it(expected, facts):
    knowledge = make_knowledge(make_family("zen-5", 3), *facts)

    assert expected == told(list_unfiled(cells_of(knowledge)))


def test_a_cell_that_its_mode_does_not_have_disagrees_with_a_silent_table_in_nothing():
    absent = [make_claim("absent", "", "note", access=a, modes=(Mode.AVIC,)) for a in Access]
    silent = make_register(claims=(*absent, *(replace(c, modes=(Mode.X2AVIC,)) for c in TABLE)))

    assert [] == told(list_unfiled(cells_of(make_knowledge(silent))))


def test_cells_with_one_reason_are_listed_together():
    other = replace(TPR, slug="ldr", order=8, offsets=("0D0h",), msrs=("80Dh",))
    seen = replace(GP, cells=("tpr/x2avic/write", "ldr/x2avic/write"))
    alone = make_observation("gp", id="o-2", family="zen-5", cells=("ldr/x2avic/write",))

    together = make_knowledge(TPR, other, seen)
    apart = make_knowledge(make_family("zen-5", 3), TPR, other, seen, alone)

    assert [(["tpr/x2avic/write", "ldr/x2avic/write"], True, ["zen-4"])] == told(
        list_unfiled(cells_of(together))
    )
    assert [["zen-4"], ["zen-4", "zen-5"]] == [
        list(g.families) for g in list_unfiled(cells_of(apart))
    ]


def test_what_is_unfiled_names_the_entries_beside_it():
    entries = (make_difference(1, "retracted"), make_difference(2, families=("zen-5",)))
    knowledge = make_knowledge(make_family("zen-5", 3), GP, *entries)

    assert [2] == [d.number for d in list_unfiled(cells_of(knowledge))[0].beside]


observations = st.lists(
    st.builds(
        make_observation,
        st.sampled_from(Behaviour),
        family=st.sampled_from(["zen-4", "zen-5", "not-stated"]),
        cells=st.sampled_from([("tpr/x2avic/write",), ("tpr/*/*",), ("tpr/avic/read",)]),
        intercepted=st.booleans(),
    ),
    max_size=5,
)
entries = st.lists(
    st.builds(
        make_difference,
        st.just(1),
        st.sampled_from(DifferenceState),
        cells=st.sampled_from([("tpr/x2avic/write",), ("tpr/*/write",), ("tpr/avic/*",)]),
        families=st.sampled_from([(), ("zen-4",), ("zen-5", "not-stated")]),
    ),
    max_size=4,
)


@given(st.sampled_from([TPR, make_register()]), observations, entries)
def test_whatever_disagrees_is_either_covered_or_listed_and_nothing_else_is(register, seen, made):
    seen = [replace(one, id=f"o-{n}") for n, one in enumerate(seen)]
    made = [replace(one, number=n) for n, one in enumerate(made, 1)]
    knowledge = make_knowledge(make_family("zen-5", 3), register, *seen, *made)
    cells = cells_of(knowledge)
    listed = {
        (key, family) for g in list_unfiled(cells) for key in g.keys for family in g.families
    } | {(key, "") for g in list_unfiled(cells) if g.manual for key in g.keys}

    for key, view in cells.items():
        standing = [
            d for d in made
            if key in knowledge.cells_named(d.cells) and d.state is not DifferenceState.RETRACTED
        ]  # fmt: skip
        for family, judgement in view.judgements.items():
            covered = any(not d.families or family in d.families for d in standing)
            assert ((key, family) in listed) is (judgement.verdict.disagrees and not covered)
        assert ((key, "") in listed) is (view.rules_differ and not standing)


def test_every_cell_of_the_real_seed_that_disagrees_is_covered(views):
    assert [] == told(list_unfiled(views))
    assert 32 <= sum(view.rules_differ for view in views.values())


def test_an_entry_counts_the_reports_it_names_and_the_measurements_on_its_cells():
    named = [
        make_observation("gp", id="a", report="one", evidence=Evidence.OBSERVED),
        make_observation("gp", id="b", report="one", evidence=Evidence.STATED),
    ]
    measured = [
        make_observation("gp", id="m-1", report="m-1", machine="x", sources=("apm-3.44",)),
        make_observation("gp", id="m-2", report="m-2", machine="x", family="not-stated"),
        make_observation("gp", id="m-3", report="m-3", machine="y", intercepted=True),
    ]
    difference = make_difference(observations=("a", "b"), families=("zen-4",))
    knowledge = make_knowledge(TPR, *named, *measured, difference)
    entry = entry_of(difference, knowledge, cells_of(knowledge))

    assert (1, 1, 1) == (entry.reports, entry.measurements, entry.machines)
    assert ("measured", "observed", "stated") == entry.evidence
    assert [("tpr/x2avic/write", "zen-4")] == [(str(k), j.family) for k, j in entry.judged]


def test_threads_and_commits_come_from_the_entry_its_events_and_its_reports():
    knowledge = make_knowledge(
        TPR,
        make_source("mail-2", kind=SourceKind.MAIL, message_id="2@example.org", date="2020-01-01"),
        make_source("commit-1", kind=SourceKind.COMMIT, commit="0123456789ab"),
        replace(GP, sources=("commit-1", "mail-1")),
    )
    life = (make_event("seen", sources=("mail-2",)),)
    difference = make_difference(observations=("report-1",), life=life)
    entry = entry_of(difference, knowledge, cells_of(knowledge))

    assert ["mail-2", "mail-1"] == [source.id for source in entry.threads]
    assert ["commit-1"] == [source.id for source in entry.commits]


def test_cells_are_told_by_mode_and_access(knowledge):
    keys = knowledge.cells_named(("ldr/x2avic/*", "id/x2avic/write"))

    assert [("x2avic read", ["ldr"]), ("x2avic write", ["id", "ldr"])] == [
        (f"{mode} {access}", [key.register for key in found])
        for (mode, access), found in cells_by_column(keys).items()
    ]


@pytest.mark.parametrize(
    ("life", "claims", "seen"),
    [
        ([("documented", "2026-03", "3.44")], (*TABLE, CHECK), []),
        ([("seen", "2026-05-06", "")], TABLE, [GP]),
        ([("reported", "2026-05-06", "")], TABLE, [replace(GP, evidence=Evidence.STATED)]),
        ([("documented", "2026-03", "3.44"), ("seen", "2026-05-06", "")], (*TABLE, CHECK), [GP]),
        # What the manual only implies, it does not document.
        ([("seen", "2026-05-06", "")], (*TABLE, replace(CHECK, strength="implied")), [GP]),
        ([("seen", "", "")], TABLE, []),
        ([("seen", "", "")], TABLE, [replace(GP, date="")]),
    ],
)
def test_a_draft_takes_its_life_from_the_facts(life, claims, seen):
    knowledge = make_knowledge(make_register(claims=claims), *seen)
    view = next(v for k, v in cells_of(knowledge).items() if str(k) == "tpr/x2avic/write")
    draft = Draft((view,), knowledge)

    assert life == [(m.state, m.date, m.revision) for m in draft.life]
    assert [o.id for o in seen] == [o.id for o in draft.observations]


@given(st.sampled_from([TPR, make_register()]), observations, entries)
def test_an_entry_as_drafted_leaves_no_gap_on_its_cells(register, seen, made):
    seen = [replace(one, id=f"o-{n}") for n, one in enumerate(seen)]
    made = [replace(one, number=n) for n, one in enumerate(made, 1)]
    knowledge = make_knowledge(make_family("zen-5", 3), register, *seen, *made)
    for group in list_unfiled(cells_of(knowledge)):
        draft = Draft(group.views, knowledge)
        entry = make_difference(9, cells=tuple(map(str, group.keys)), families=draft.families)
        cells = cells_of(make_knowledge(*_facts(knowledge), entry))

        assert {(False, ())} == {disagreements_in(cells[key]) for key in group.keys}


def _facts(knowledge):
    return [fact for facts in knowledge.by_kind.values() for fact in facts.values()]
