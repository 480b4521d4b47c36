"""Which pages a change of one fact touches."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.knowledge import Knowledge
from app.core.touching import touched
from app.core.views import view_cells

LDR_WRITE = {"/r/ldr", "/r/ldr/x2avic/write"}
FOUR = {f"/r/ldr/{mode}/{access}" for mode in ("avic", "x2avic") for access in ("read", "write")}


def edited(known, kind, key, **changes):
    """Return what is known with one fact changed, or taken out."""
    facts = dict(known.by_kind[kind])
    if changes:
        facts[key] = replace(facts[key], **changes)
    else:
        del facts[key]
    return Knowledge({**known.by_kind, kind: facts})


def paths(known, kind, key, **changes):
    return touched(kind, key, known, edited(known, kind, key, **changes)).paths


def on_ldr(known, kind):
    """Return the first fact of a kind that names the cell of LDR writes under x2AVIC."""
    key = next(k for k in known.cells if k.url == "/r/ldr/x2avic/write")
    return {"erratum": known.errata_of, "difference": known.differences_of}[kind][key][0]


def test_a_changed_claim_touches_its_cells_and_any_other_change_all_four(knowledge):
    register = knowledge.registers["ldr"]
    reads = tuple(c for c in register.claims if c.access.value == "read")
    only_reads = paths(knowledge, "register", "ldr", claims=reads)

    assert {"/r/ldr", "/r/ldr/avic/write", "/r/ldr/x2avic/write"} == only_reads
    assert {"/r/ldr", *FOUR} == paths(knowledge, "register", "ldr", note="Another.")
    assert {"/r/ldr", *FOUR} == paths(knowledge, "register", "ldr")
    assert set() == paths(knowledge, "register", "ldr", claims=register.claims[::-1])


def test_a_report_touches_the_cells_of_both_wordings_and_the_differences_that_name_it(knowledge):
    difference = next(d for d in knowledge.differences.values() if d.observations)
    name = difference.observations[0]
    before = {key.url for key in knowledge.cells_named(knowledge.observations[name].cells)}
    found = paths(knowledge, "observation", name, cells=("svr/avic/read",))

    assert {*before, "/r/svr/avic/read"} == {path for path in found if path.count("/") > 2}
    assert f"/d/{difference.slug}" in found


def test_an_erratum_touches_other_pages_by_its_title_and_its_place_alone(knowledge):
    erratum = on_ldr(knowledge, "erratum")
    own = {f"/errata/{erratum.slug}"}

    assert own == paths(knowledge, "erratum", erratum.slug, symptom="Another.")
    assert own | LDR_WRITE <= paths(knowledge, "erratum", erratum.slug, title="Another.")
    assert own | LDR_WRITE <= paths(knowledge, "erratum", erratum.slug)
    left = paths(knowledge, "erratum", erratum.slug, cells=("svr/avic/read",), affected=())
    assert own | LDR_WRITE | {"/r/svr/avic/read"} <= left


def test_a_difference_touches_its_cells_by_its_title_and_its_state_alone(knowledge):
    difference = on_ldr(knowledge, "difference")
    own = {f"/d/{difference.slug}"}
    life = (*difference.life, replace(difference.life[-1], state="documented"))

    assert own == paths(knowledge, "difference", difference.slug, text="Another.")
    assert own | LDR_WRITE <= paths(knowledge, "difference", difference.slug, title="Another.")
    assert own | LDR_WRITE <= paths(knowledge, "difference", difference.slug, life=life)


def test_an_annotation_touches_what_it_is_about(knowledge):
    note = next(a for a in knowledge.annotations.values() if a.cells)
    moved = {"cells": ("svr/avic/read",), "registers": ("tpr",), "families": ("zen-5",)}
    found = paths(knowledge, "annotation", note.slug, **moved)

    assert {"/r/svr/avic/read", "/r/svr", "/r/tpr", "/c/zen-5"} <= found
    assert {key.url for key in knowledge.cells_named(note.cells)} <= found


def test_who_joins_a_group_is_touched_through_the_facts_that_name_it(knowledge):
    group = knowledge.groups["x2apic-read-only"]
    left = tuple(slug for slug in group.registers if slug != "ldr")
    found = paths(knowledge, "group", group.slug, registers=left)

    assert LDR_WRITE <= found
    assert "/d/1" in found
    assert not [p for p in found if p.startswith("/r/") and not p.startswith("/r/ldr")]
    assert set() == paths(knowledge, "group", group.slug, name="Another.")
    assert set() == paths(knowledge, "group", "priority", registers=("svr",))


def test_a_source_touches_what_cites_it_and_a_condition_what_states_it(knowledge):
    seen = next(o for o in knowledge.observations.values() if len(o.cells) == 1)
    by_source = paths(knowledge, "source", seen.sources[0], title="Another.")
    by_condition = paths(knowledge, "condition", "level", text="another")

    assert {key.url for key in knowledge.cells_named(seen.cells)} <= by_source
    assert "/r/eoi/x2avic/write" in by_condition
    assert "/r/ldr/avic/read" not in by_condition
    assert set() == paths(knowledge, "source", seen.sources[0])


def test_a_policy_touches_the_cells_of_which_it_says_something_else(knowledge):
    policy = knowledge.policies["kvm-6.0"]
    fewer = tuple(entry for entry in policy.msrs if entry.msrs != policy.msrs[0].msrs)
    found = paths(knowledge, "policy", policy.slug, msrs=fewer)

    assert found
    assert found < paths(knowledge, "policy", policy.slug)
    assert not [path for path in found if "/avic/" in path]
    assert set() == paths(knowledge, "policy", policy.slug, text="Another.")


@pytest.mark.parametrize(
    ("kind", "key", "change", "expected"),
    [
        ("family", "zen-5", {"text": "Another."}, {"/c/zen-5"}),
        ("document", "apm", {"note": "Another."}, set()),
    ],
)
def test_other_facts_touch_their_own_page_or_none(knowledge, kind, key, change, expected):
    assert expected == paths(knowledge, kind, key, **change)


def test_the_title_of_a_manual_is_on_every_cell_that_cites_it(knowledge):
    assert len(knowledge.cells) // 2 < len(paths(knowledge, "document", "apm", number="1"))


@settings(max_examples=12)
@given(st.data())
def test_whatever_is_taken_out_no_cell_changes_untouched(knowledge, data):
    """The law behind the feeds: a cell's view changes only where a change touches it."""
    kinds = ("observation", "register", "erratum", "difference", "annotation", "policy")
    kind = data.draw(st.sampled_from(kinds))
    key = data.draw(st.sampled_from(sorted(knowledge.by_kind[kind])))
    after = edited(knowledge, kind, key)
    old, new = view_cells(knowledge), view_cells(after)
    changed = {k for k in old.keys() | new.keys() if shown(old.get(k)) != shown(new.get(k))}

    assert changed <= touched(kind, key, knowledge, after).cells


def shown(view):
    """Return a view without the policies that say nothing of the cell."""
    return view and replace(
        view, policies=tuple(p for p in view.policies if p.actions or p.trapped)
    )
