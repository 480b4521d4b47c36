"""The files of an export: what is in them, what is not, and always the same bytes."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import jsonschema_rs
import pytest

from app.core.words import State
from app.export import export_tables, exporting
from app.export.archive import withholds
from app.export.copies import open_copy
from app.export.export_json import LISTS, json_schema
from app.intake import submitting
from app.store.engine import reader_sessions, writer_sessions
from app.store.snapshots import load_snapshot
from tests.conftest import engine_of
from tests.exporting.conftest import both, made
from tests.reviewables import decision, make_document, submit_document


@pytest.fixture(scope="module")
def document(lived):
    return json.loads(lived.json)


@pytest.fixture(scope="module")
def tables(lived):
    with engine_of(lived.url) as engine, reader_sessions(engine)() as session:
        files = exporting.files_of(load_snapshot(session))
        return {f.stable: b"".join(f.make()) for f in files if f.stable.endswith(".csv")}


def test_two_exports_of_one_version_are_the_same_bytes(lived):
    assert (lived.json, lived.sqlite) == both(lived.url)[1:]


def test_a_version_keeps_its_bytes_after_later_changes(lived):
    found = both(lived.url, lived.older)
    assert (lived.older, lived.older_json, lived.older_sqlite) == found
    assert lived.json != lived.older_json


def test_a_copy_makes_both_whole_files_again(lived, copy_file):
    engine = open_copy(copy_file)
    with reader_sessions(engine)() as session:
        snapshot = load_snapshot(session)
        again = made(snapshot, "vapic.json"), made(snapshot, "vapic.sqlite")
    engine.dispose()
    assert (lived.json, lived.sqlite) == again


def test_the_json_is_what_its_schema_says(document):
    schema = json_schema("https://vapic.example")
    jsonschema_rs.meta.validate(schema)
    assert [] == list(jsonschema_rs.validator_for(schema).iter_errors(document))
    del document["facts"]["register"]["ldr"]["name"]
    assert not jsonschema_rs.is_valid(schema, document)


def test_no_secret_is_in_any_file(lived, tables):
    files = {"json": lived.json, "sqlite": lived.sqlite, **tables}
    found = [(s, n) for s in lived.secrets for n, body in files.items() if s.encode() in body]
    assert [] == found


def test_documents_are_there_as_they_came_unless_a_contact_is_withheld(lived):
    documents = {d["slug"]: d["raw"] for d in json.loads(lived.json)["documents"]}
    with engine_of(lived.url) as engine, reader_sessions(engine)() as session:
        raw = {slug: submitting.get_raw(session, slug).decode() for slug in lived.slugs}
    assert {**raw, lived.withheld: None} == documents


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"submitter": {"name": "A", "contact": "c", "withhold": true}}', True),
        (b'{"submitter": {"name": "A", "contact": "c", "w\\u0069thhold": true}}', True),
        (b'{"submitter": {"name": "A", "contact": "c", "withhold": false}}', False),
        (b'{"submitter": {"name": "A", "withhold": true}}', False),
        (b'{"submitter": {"name": "A", "contact": "c"}}', False),
        (b'{"submitter": null}', False),
        (b"{}", False),
        (b"", False),
    ],
)
def test_which_documents_withhold_a_contact(raw, expected):
    assert expected is withholds(raw)


def test_a_stranger_asks_the_sqlite_file_in_columns_with_plain_names(copy_file, knowledge):
    with closing(sqlite3.connect(f"file:{copy_file}?mode=ro", uri=True)) as connection:
        ask = lambda question: connection.execute(question).fetchall()  # noqa: E731
        assert {*knowledge.registers} == {slug for (slug,) in ask("select slug from registers")}
        assert [("80Dh", "0D0h")] == ask("select msrs, offsets from registers where slug = 'ldr'")
        claims = sum(len(register.claims) for register in knowledge.registers.values())
        assert [(claims,)] == ask("select count(*) from claims where modes is not null")
        asked = "select count(*), count(distinct cell), count(distinct family) from cells"
        cells, families = len(knowledge.cells), len(knowledge.families)
        assert [(4 * len(knowledge.registers) * families, cells, families)] == ask(asked)
        joined = (
            "select observations.id from observations join families on family = slug "
            "join sources on ' ' || observations.sources || ' ' like '% ' || sources.id || ' %'"
        )
        assert {row[0] for row in ask(joined)} >= set(knowledge.observations)


def test_the_sqlite_file_is_whole_and_its_tables_of_secrets_are_empty(copy_file):
    with closing(sqlite3.connect(f"file:{copy_file}?mode=ro", uri=True)) as connection:
        assert [("ok",)] == connection.execute("pragma integrity_check").fetchall()
        assert [] == connection.execute("pragma foreign_key_check").fetchall()
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
        assert "tokens" not in names
        kept = connection.execute("select secret_hash, signature, token_id from submissions")
        assert {("", None, None)} == set(kept)


def test_an_export_is_of_one_version_while_others_write(lived, tmp_path):
    url = lived.copy(tmp_path)
    with engine_of(url) as engine, reader_sessions(engine)() as begun:
        snapshot = load_snapshot(begun)
        with writer_sessions(engine).begin() as session:
            new = submit_document(session, make_document(notes="Meanwhile."))
        for slug in (new.measurement.slug, lived.slugs[2]):
            with writer_sessions(engine).begin() as session:
                submitting.take_decision(session, slug, decision(State.ACCEPTED))
        assert lived.json == made(snapshot, "vapic.json")
        assert lived.sqlite == made(snapshot, "vapic.sqlite")


def test_an_export_holds_no_transaction_while_it_is_read(lived, tmp_path):
    with engine_of(lived.copy(tmp_path)) as engine:
        with reader_sessions(engine)() as session:
            snapshot = load_snapshot(session)
        blocks = iter(exporting.file_of(snapshot, "vapic.json").make())
        first = next(blocks)
        with writer_sessions(engine).begin() as writing:
            submit_document(writing, make_document(notes="Between two blocks."))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            busy, *_ = connection.exec_driver_sql("pragma wal_checkpoint(truncate)").one()
        assert (0, lived.json) == (busy, first + b"".join(blocks))


def test_a_file_is_made_in_small_blocks(lived):
    with engine_of(lived.url) as engine, reader_sessions(engine)() as session:
        for file in exporting.files_of(load_snapshot(session)):
            assert max(map(len, file.make())) < 4 * exporting.BLOCK


def test_json_in_lines_says_what_the_json_says(lived):
    document = json.loads(lived.json)
    with engine_of(lived.url) as engine, reader_sessions(engine)() as session:
        lines = made(load_snapshot(session), "vapic.jsonl").decode().splitlines()
    head, *items = map(json.loads, lines)
    assert {key: document[key] for key in head} == head
    found = {name: [] for name in LISTS}
    for item in items:
        found[item.pop("list")].append(item)
    bodies = document["facts"]
    for item in document["history"]:
        item.setdefault("body", bodies[item["kind"]].get(item["key"]))
    assert {name: document[name] for name in LISTS} == found


def test_the_csv_files_are_tables_with_a_head_and_all_rows(tables, knowledge, lived):
    rows = {n: list(csv.DictReader(io.StringIO(raw.decode()))) for n, raw in tables.items()}
    assert [f"vapic-{name}.csv" for name in export_tables.TEXTS] == list(tables)
    assert len(knowledge.cells) == len(rows["vapic-cells.csv"])
    expected = len(knowledge.cells) * len(knowledge.families)
    assert expected == len(rows["vapic-judgements.csv"])
    claims = [c for r in knowledge.registers.values() for c in r.claims]
    assert [c.text for c in claims] == [r["text"] for r in rows["vapic-claims.csv"]]
    assert len(lived.slugs) == len(rows["vapic-measurements.csv"])
    assert [f"D-{n}" for n in knowledge.differences] == [
        row["number"] for row in rows["vapic-differences.csv"]
    ]
