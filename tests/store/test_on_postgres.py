"""What must hold on PostgreSQL too, where it is installed; ``make test-postgres`` asks more."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import String, inspect, text

from app.store.engine import reader_sessions
from app.store.migrate import alembic_config, migrate
from app.store.snapshots import load_snapshot
from tests.conftest import engine_of
from tests.measured.documents import document
from tests.running import client_of

SAID = ("/index", "/corrected", "/c", "/d", "/m", "/errata", "/wanted", "/guest", "/changes")


@pytest.fixture(scope="session")
def databases(postgres_server):
    """Databases of a server of this run."""
    return postgres_server


def test_the_migrated_schema_is_that_of_the_models_and_can_be_taken_back(databases):
    with databases.lent("empty") as url:
        command.check(alembic_config(url))
        command.downgrade(alembic_config(url), "base")
        with engine_of(url) as engine:
            assert ["alembic_version"] == inspect(engine).get_table_names()
        migrate(url)
        command.check(alembic_config(url))


def test_every_text_is_ordered_by_its_bytes_in_a_database_of_another_order(empty_url):
    with engine_of(empty_url) as engine:
        tables = inspect(engine)
        orders = {
            (table, column["name"]): column["type"].collation
            for table in set(tables.get_table_names()) - {"alembic_version"}
            for column in tables.get_columns(table)
            if isinstance(column["type"], String)
        }
        assert 40 < len(orders)
        assert {"C"} == {*orders.values()}, orders
        with engine.connect() as connection:
            ordered = "select array_agg(x order by x) from unnest(array['b', 'B', 'a', 'A']) x"
            assert ["a", "A", "b", "B"] == connection.exec_driver_sql(ordered).scalar()


def test_pages_say_what_they_say_on_sqlite(database_url, files):
    with client_of(database_url) as client, client_of(files.new()) as other:
        for path in SAID:
            assert other.get(f"{path}.txt").text == client.get(f"{path}.txt").text


def test_a_document_is_kept_byte_for_byte_and_forty_at_once_all_get_a_receipt(database_url):
    same = document(notes="The same \N{SNOWMAN}.")
    sent = [document(notes=f"Document {n}.") for n in range(30)] + [same] * 10
    with client_of(database_url, rate_uploads="") as client:
        with ThreadPoolExecutor(40) as pool:
            post = lambda raw: client.post("/api/v1/measurements", content=raw)  # noqa: E731
            answers = list(pool.map(post, sent))
        assert [200] * 9 + [201] * 31 == sorted(answer.status_code for answer in answers)
        at = answers[-1].headers["location"]
        assert same == client.get(f"{at}.raw").content
    with engine_of(database_url) as engine, reader_sessions(engine)() as session:
        assert 31 == load_snapshot(session).records.total


def test_verify_names_what_does_not_hold_and_changes_nothing(seeded, database_url):
    with client_of(database_url) as client:
        assert 201 == client.post("/api/v1/measurements", content=document()).status_code
    told = [seeded("verify").out]
    with engine_of(database_url) as engine:
        for broken in ("delete from records", "update submissions set raw = ''"):
            with engine.begin() as connection:
                connection.execute(text(broken))
            told += [seeded("verify").out, seeded("verify").out]

    assert "no fault\n" == told[0]
    assert [told[1], told[3]] == [told[2], told[4]]
    assert (True, True) == ("records: is not" in told[1], "its bytes are not" in told[3])
