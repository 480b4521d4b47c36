"""What must hold on PostgreSQL too, where it is installed; ``make test-postgres`` asks more."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx2
import pytest
from alembic import command
from sqlalchemy import String, inspect, select, text

from app.core.words import TokenScope
from app.intake import submitting
from app.intake.reviewing import new_token
from app.settings import Settings
from app.store.engine import reader_sessions, writer_sessions
from app.store.migrate import alembic_config, migrate
from app.store.models import Base
from app.store.seeding import load_knowledge
from app.store.snapshots import load_snapshot
from app.web.app import create_app
from tests.conftest import SEEDED_AT, engine_of
from tests.measured.documents import document, observed
from tests.running import FIRST, app_of, client_of, served, serving

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


@pytest.mark.parametrize("kind", ["files", "postgres_server"])
def test_an_accepted_upload_shows_on_the_other_process_though_nobody_asks_it(
    kind, request, record_property
):
    raw = document(observations=[observed("ldr", "x2avic", "write", "gp")])
    with request.getfixturevalue(kind).lent() as url, ExitStack() as held:
        engine = held.enter_context(engine_of(url))
        with writer_sessions(engine).begin() as session:
            secret = new_token(session, "lab", TokenScope.TRUSTED, SEEDED_AT)[1]
        app = create_app(Settings(database_url=url))
        site, _ = held.enter_context(serving(url))
        there = held.enter_context(served(app, lifespan="on"))
        other = held.enter_context(httpx2.Client(base_url=there, timeout=60))
        one = held.enter_context(httpx2.Client(base_url=site, timeout=60))
        before = other.get("/r/ldr/x2avic/write.txt").text
        snapshots = app_of(app).state.snapshots
        bearer = {"authorization": f"Bearer {secret}"}
        sent = one.post("/api/v1/measurements", content=raw, headers=bearer)
        came = time.monotonic()
        while snapshots.name == FIRST:
            assert time.monotonic() < came + 30
            time.sleep(0.01)
        seconds = f"{time.monotonic() - came:.2f} s"
        record_property(f"an upload shows on another process ({kind}) after", seconds)
        slug = sent.headers["location"].removeprefix("/m/")
        assert slug not in before
        assert slug in other.get("/r/ldr/x2avic/write.txt").text
        # And what has only arrived is there at once for whoever follows its receipt.
        sent = one.post("/api/v1/measurements", content=document(notes="Another."))
        assert 200 == other.get(sent.headers["location"]).status_code


def everything(url):
    """Return every row of a database, and each table's next number."""
    with engine_of(url) as engine, reader_sessions(engine)() as session:
        return {
            table.name: [tuple(row) for row in session.execute(
                select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
        }  # fmt: skip


def test_a_copy_to_postgres_and_back_is_row_for_row_the_same_and_goes_on(
    files, databases, vapic, monkeypatch
):
    source, there, back = files.new(), databases.new("bare"), files.new("bare")
    with engine_of(source) as engine, writer_sessions(engine).begin() as session:
        token = new_token(session, "R\u00e9vi \U0001f600", TokenScope.TRUSTED, SEEDED_AT)[0]
        seen = observed("ldr", "x2avic", "write", "gp", count=10**9)
        for n in range(25):
            raw = document(notes=f"\u00df {n}", observations=[seen])
            measurement = submitting.prepare(raw, load_knowledge(session, 1), SEEDED_AT)
            sent = submitting.Incoming(raw, measurement, token if n % 2 else None)
            submitting.submit(session, sent, SEEDED_AT)
    monkeypatch.setenv("DATABASE_URL", source)
    ran = vapic("copy", "--to", there)
    assert 0 == ran.code, ran.err
    assert "submissions: 25 of 25" in ran.err
    assert ran.out.endswith("copied, and each row read back\n")
    assert 0 == vapic("copy", "--from", there, "--to", back).code
    assert everything(source) == everything(there) == everything(back)
    for url in (there, back):
        with client_of(url) as client:
            sent = client.post("/api/v1/measurements", content=document(notes="After the copy."))
            assert 201 == sent.status_code
        monkeypatch.setenv("DATABASE_URL", url)
        assert (0, "no fault\n") == (vapic("verify").code, vapic("verify").out)


def test_a_copy_into_what_is_not_empty_or_that_fails_leaves_all_as_it_was(files, databases, vapic):
    source, full, fresh = files.new(), databases.new(), databases.new("bare")
    before = everything(full)
    ran = vapic("copy", "--from", source, "--to", full)
    assert (1, before) == (ran.code, everything(full))
    assert "is not empty: there is something in data_versions, facts" in ran.err
    ran = vapic("copy", "--from", databases.new("bare"), "--to", fresh)
    assert "run `vapic migrate`" in ran.err

    # A trigger of the target that changes what is written is as good as a disk that does.
    migrate(fresh)
    lying = "CREATE FUNCTION lie() RETURNS trigger AS 'BEGIN NEW.reason = ''x''; RETURN NEW; END' "
    with engine_of(fresh) as engine, engine.begin() as connection:
        connection.exec_driver_sql(lying + "LANGUAGE plpgsql")
        connection.exec_driver_sql(
            "CREATE TRIGGER lies BEFORE INSERT ON data_versions FOR EACH ROW EXECUTE FUNCTION lie()"
        )
    ran = vapic("copy", "--from", source, "--to", fresh)
    assert 1 == ran.code
    assert "data_versions is not what was written" in ran.err
    assert [] == [name for name, rows in everything(fresh).items() if rows]
