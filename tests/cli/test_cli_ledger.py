"""`vapic difference`: the ledger in a terminal, and a draft from gap to filed entry."""

import re
from datetime import UTC, datetime

import pytest

from app.core.ledger import list_unfiled
from app.core.views import view_cells
from app.curation.seed import check_seed
from app.errors import InvalidSeed, NotFound
from app.pages import filing
from app.store import seeding
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT

WRITTEN = {"title": "x2AVIC: the reserved MSRs refuse", "text": "The table faults, and #GP is so."}
NOW = datetime.now(UTC)


@pytest.fixture
def without_d10(seed_copy):
    """The seed as if the MSRs without a register had never been filed: D-19 is D-10 there."""
    (seed_copy.folder / "differences/d-10.yaml").unlink()
    seed_copy.edit("differences/d-19.yaml", "number: 19", "number: 10")
    return seed_copy


@pytest.mark.parametrize(
    ("cells", "patterns"),
    [
        (["ldr/x2avic/write"], ["0x80D/x2avic/write"]),
        (["ldr/x2avic/write"], ["/r/LDR/x2AVIC/write"]),
        (["id/avic/read", "ldr/x2avic/read", "ldr/x2avic/write"], ["ldr/x2avic/*", "ID/avic/read"]),
        (["tpr/avic/read", "apr/avic/read", "ppr/avic/read"], ["@priority/avic/read"]),
    ],
)
def test_cells_go_by_any_name_of_their_register(cells, patterns, knowledge):
    snapshot = offline_snapshot(knowledge, NOW)

    assert cells == [str(view.key) for view in filing.cells_meant(snapshot, patterns)]


@pytest.mark.parametrize(
    "pattern", ["ldr/x2avc/write", "ldr/x2avic", "lrd/x2avic/write", "@nobody/x2avic/write"]
)
def test_what_names_no_cell_is_refused(pattern, knowledge):
    with pytest.raises(NotFound):
        filing.cells_meant(offline_snapshot(knowledge, NOW), [pattern])


def test_a_draft_of_cells_that_an_entry_covers_says_so_and_points_to_it(seeded):
    ran = seeded("difference", "draft", "0x80D/x2avic/write", "APIC_ID/x2avic/*")

    assert "number: 20" in ran.out
    assert "cells: [id/x2avic/*, ldr/x2avic/write]" in ran.out
    assert 'table_says: "read: allowed; write: #VMEXIT (trap)"' in ran.out
    assert "observations: [zen4-ro-writes-gp]" in ran.out
    assert "# D-1 names one of the cells, for Zen 4" in ran.out
    assert "vapic: a difference covers these cells, or nothing disagrees there.\n" == ran.err
    assert ran.out.isascii()


def test_a_draft_becomes_an_entry_once_its_marked_places_are_written(
    without_d10, vapic, empty_url, empty_writer, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", empty_url)
    monkeypatch.setenv("VAPIC_SEED", str(without_d10.folder))
    with empty_writer.begin() as session:
        seeding.load_seed(session, without_d10.folder, SEEDED_AT)
    ran = vapic("difference", "draft")
    file = without_d10.folder / "differences/d-19.yaml"
    file.rename(file.with_name("d-10.yaml"))

    assert (0, "") == (ran.code, ran.err)
    assert "\nnumber: 19\n" in ran.out
    assert 'table_says: "allowed on read and write"' in ran.out
    assert 'instead: "#GP, no #VMEXIT on read and write"' in ran.out

    file.write_text(ran.out)
    marked = [line for line in ran.out.splitlines() if line.endswith(': ""')]
    refused = vapic("lint", without_d10.folder)
    assert (1, len(marked)) == (refused.code, refused.err.count("found nothing"))
    assert ran.out.count("# WRITE: ") == len(marked)

    file.write_text(_written(ran.out))
    facts = check_seed(without_d10.folder)
    with empty_writer.begin() as session:
        seeding.load_seed(session, without_d10.folder, NOW)
        knowledge = seeding.load_knowledge(session, 2)
    assert len(facts) == sum(map(len, knowledge.by_kind.values()))
    assert () == list_unfiled(view_cells(knowledge))


def _written(draft):
    return re.sub(r'(\w+): ""', lambda m: f'{m[1]}: "{WRITTEN.get(m[1], "")}"', draft)


def test_a_number_is_never_used_again(seed_copy, reader, tmp_path):
    with reader() as session:
        assert 20 == filing.next_number(session, tmp_path)
        # One that is only begun counts, even while it is no valid YAML.
        (seed_copy.folder / "differences/d-20.yaml").write_text("number: 20\ntitle: [\n")
        assert 21 == filing.next_number(session, seed_copy.folder)


def test_a_seed_may_not_drop_a_difference_that_was_public(seed_copy, writer, knowledge):
    last = max(map(int, knowledge.differences))
    (seed_copy.folder / f"differences/d-{last}.yaml").unlink()

    with writer.begin() as session, pytest.raises(InvalidSeed) as refused:
        seeding.load_seed(session, seed_copy.folder, NOW)

    assert ["no D-19, which was public"] == [p.found for p in refused.value.problems]
