"""Databases as we open them: SQLite's pragmas, and a lock taken before a writer's first read."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.store.engine import make_engine, reader_sessions, writer_sessions
from app.store.models import DataVersionRow, FactRow
from app.store.queries import chunks
from tests.conftest import engine_of

DAY = "2026-11-22"


def version_row(number):
    made = datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None)
    return DataVersionRow(
        name=f"{DAY}.{number}", day=DAY, number=number, created_at=made, reason="A test."
    )


def highest(session):
    return session.scalar(select(func.max(DataVersionRow.number))) or 0


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("foreign_keys", 1),
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("busy_timeout", 500),
        ("cache_size", -512),
    ],
)
def test_every_session_of_sqlite_has_the_pragmas(pragma, value, files):
    with files.lent("empty") as url, engine_of(url) as engine:
        for sessions in (reader_sessions(engine), writer_sessions(engine)):
            with sessions() as session:
                assert value == session.scalar(text(f"pragma {pragma}"))


@pytest.mark.parametrize(
    ("many", "asked"), [(0, []), (1, [1]), (2, [2]), (5, [8]), (512, [512]), (1030, [512, 512, 8])]
)
def test_statements_ask_for_few_numbers_of_names_and_for_each_name(many, asked):
    names = list(range(many))
    parts = [list(part) for part in chunks(names)]

    assert asked == [len(part) for part in parts]
    assert names == list(dict.fromkeys(name for part in parts for name in part))


def test_a_missing_folder_of_the_database_is_made(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/one/two/vapic.db", create=True)
    with engine.connect() as connection:
        assert 1 == connection.scalar(text("select 1"))
    engine.dispose()
    assert (tmp_path / "one" / "two" / "vapic.db").exists()


def test_a_fact_of_a_version_that_does_not_exist_is_refused(empty_writer):
    orphan = FactRow(kind="source", key="a", body="{}", digest="0" * 64, valid_from=7)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), empty_writer.begin() as session:
        session.add(orphan)


def test_eight_threads_that_read_and_then_write_lose_nothing(empty_url):
    engine = make_engine(empty_url)
    sessions = writer_sessions(engine)

    def write_five(_):
        written = []
        for _ in range(5):
            with sessions.begin() as session:
                written.append(highest(session) + 1)
                session.add(version_row(written[-1]))
        return written

    with ThreadPoolExecutor(8) as pool:
        written = [number for numbers in pool.map(write_five, range(8)) for number in numbers]
    with reader_sessions(engine)() as session:
        stored = session.scalars(select(DataVersionRow.number).order_by(DataVersionRow.number))
        assert list(range(1, 41)) == sorted(written) == stored.all()
    engine.dispose()


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(
    empty_reader, empty_writer
):
    with empty_writer.begin() as writing:
        writing.add(version_row(1))
        writing.flush()
        with empty_reader() as reading:
            assert 0 == highest(reading)
    with empty_reader() as reading:
        assert 1 == highest(reading)


def test_a_reader_sees_one_state_from_its_first_read_to_its_end(empty_reader, empty_writer):
    with empty_reader() as reading:
        assert 0 == highest(reading)
        with empty_writer.begin() as writing:
            writing.add(version_row(1))
        assert 0 == highest(reading)


def test_what_is_left_early_is_rolled_back(empty_reader, empty_writer):
    def write_and_fail():
        with empty_writer.begin() as writing:
            writing.add(version_row(1))
            writing.flush()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    with empty_reader() as reading:
        assert 0 == highest(reading)
