"""Loading the seed, and rebuilding what is derived from it."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session, sessionmaker

from app.core.knowledge import Knowledge
from app.errors import InvalidSeed, NotReady
from app.settings import ROOT
from app.store import queries
from app.store.engine import make_engine, writer_sessions
from app.store.models import VerdictRow
from app.store.seeding import Loaded, derive_verdicts, load_knowledge, load_seed, rebuild
from tests.store.public import public_facts

SEED = ROOT / "seed"
VERSION = "registers/02-version.yaml"
Sessions = sessionmaker[Session]


def load(sessions, folder, now):
    with sessions.begin() as session:
        return load_seed(session, folder, now)


def state(sessions):
    """Everything that is stored and public."""
    with sessions() as session:
        newest = queries.current_version_id(session)
        return (
            queries.list_versions(session),
            public_facts(session, newest),
            queries.get_verdicts(session),
        )


@pytest.fixture
def edited(seed_copy, writer, seeded_at):
    """One page number of the seed changed, and the seed loaded again a day later."""
    seed_copy.edit(VERSION, 'page: "566"', 'page: "567"')
    return load(writer, seed_copy.folder, seeded_at + timedelta(days=1))


def test_the_first_load_makes_the_seed_public(reader, knowledge, seeded_at):
    (version,), facts, _ = state(reader)
    assert ("2026-11-22.1", seeded_at) == (version.name, version.created_at)
    assert sum(map(len, knowledge.by_kind.values())) == len(facts)


def test_what_was_loaded_reads_back_as_the_seed(reader, knowledge):
    with reader() as session:
        assert knowledge == load_knowledge(session, 1)


def test_the_same_seed_again_makes_no_version(reader, writer, seeded_at):
    before = state(reader)
    again = load(writer, SEED, seeded_at + timedelta(days=1))
    assert Loaded(len(before[1]), None) == again
    assert before == state(reader)


def test_an_edited_page_number_makes_one_version_with_one_change(edited, reader):
    assert "2026-11-23.1" == edited.version.name
    with reader() as session:
        ((change,),) = queries.list_changes(session, [edited.version.id]).values()
    assert ("changed", "register", "version") == (change.action, change.kind, change.key)
    assert ["566", "567"] == [body["claims"][0]["page"] for body in (change.before, change.after)]


def test_an_edited_page_number_is_one_line_of_the_changes(edited, client):
    newest, first = client.get("/changes.json").json()["changes"]
    (line,) = newest["lines"]
    assert (edited.version.name, 1) == (newest["data_version"], newest["facts"])
    assert "2026-11-22.1" == first["data_version"]
    assert "version" in line
    assert "claims" in line


def test_the_version_before_an_edit_still_says_what_it_said(edited, reader, knowledge):
    with reader() as session:
        assert knowledge == load_knowledge(session, 1)
        assert knowledge != load_knowledge(session, edited.version.id)


def test_an_edit_that_only_moves_files_makes_no_version(seed_copy, reader, writer, seeded_at):
    folder = seed_copy.folder
    (folder / VERSION).rename(folder / "registers" / "99-last.yaml")
    seed_copy.edit("groups.yaml", "# filter: true", "# Another comment; filter: true")
    before = state(reader)
    assert None is load(writer, folder, seeded_at).version
    assert before == state(reader)


def test_another_outcome_of_one_report_changes_the_verdicts_of_its_cells_alone(
    seed_copy, reader, writer, seeded_at, knowledge
):
    before = {row[:4]: row[4:] for row in state(reader)[2]}
    seed_copy.edit("observations/x2avic-msr.yaml", "outcome: gp", "outcome: allowed")
    load(writer, seed_copy.folder, seeded_at)
    after = {row[:4]: row[4:] for row in state(reader)[2]}
    touched = knowledge.cells_named(knowledge.observations["zen4-ro-writes-gp"].cells)
    assert {(*map(str, (k.register, k.mode, k.access)), "zen-4") for k in touched} == {
        key for key in before if before[key] != after[key]
    }


def test_a_broken_seed_writes_nothing(seed_copy, reader, writer, seeded_at):
    before = state(reader)
    seed_copy.edit(VERSION, 'page: "566"', 'page: "9566"')
    with pytest.raises(InvalidSeed, match="1 problem"):
        load(writer, seed_copy.folder, seeded_at + timedelta(days=1))
    assert before == state(reader)


def test_the_stored_verdicts_are_the_derived_ones(reader, knowledge):
    with reader() as session:
        stored = queries.get_verdicts(session)
    assert stored == derive_verdicts(knowledge)
    assert len(knowledge.cells) * len(knowledge.families) == len(stored)


def test_the_stored_verdicts_follow_an_edit(edited, reader):
    with reader() as session:
        derived = derive_verdicts(load_knowledge(session, edited.version.id))
        assert derived == queries.get_verdicts(session)


@pytest.mark.parametrize("shuffle", range(3))
def test_the_order_in_which_facts_were_read_decides_nothing(shuffle, knowledge):
    facts = [fact for entries in knowledge.by_kind.values() for fact in entries.values()]
    random.Random(shuffle).shuffle(facts)
    assert derive_verdicts(knowledge) == derive_verdicts(Knowledge.of(facts))


def test_a_rebuild_changes_nothing(reader, writer):
    before = state(reader)
    with writer.begin() as session:
        assert False is rebuild(session)
    assert before == state(reader)


@pytest.mark.parametrize(
    "damage",
    [
        delete(VerdictRow),
        delete(VerdictRow).where(VerdictRow.register == "ldr"),
        update(VerdictRow).where(VerdictRow.register == "ldr").values(verdict="agrees"),
    ],
    ids=["all lost", "some lost", "some wrong"],
)
def test_a_rebuild_mends_damaged_verdicts(damage, reader, writer):
    before = state(reader)
    with writer.begin() as session:
        session.execute(damage)
    with writer.begin() as session:
        assert True is rebuild(session)
    assert before == state(reader)


@pytest.mark.parametrize("use", [lambda s, now: load_seed(s, SEED, now), lambda s, _: rebuild(s)],
                         ids=["seed", "rebuild"])  # fmt: skip
def test_a_database_without_tables_says_what_to_run(use, tmp_path, seeded_at):
    engine = make_engine(f"sqlite:///{tmp_path}/bare.db")
    with (
        writer_sessions(engine)() as session,
        pytest.raises(NotReady, match="run `vapic migrate`, then `vapic seed`"),
    ):
        use(session, seeded_at)
    engine.dispose()


def test_a_rebuild_of_an_empty_database_changes_nothing(empty_writer):
    with empty_writer.begin() as session:
        assert False is rebuild(session)
