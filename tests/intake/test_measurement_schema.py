"""Model and schema accept and refuse the same documents; a fast validator judges."""

import copy
import hashlib
import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core.faults import BadDocument
from app.intake import format1
from app.intake.measurement import parse
from tests.intake.bad import BAD
from tests.intake.documents import FULL, ODD, at, mutants, places, valid_documents
from tests.intake.good import GOOD

COMMITTED = Path(format1.__file__).with_name("measurement-1.schema.json")
SCHEMA = json.loads(COMMITTED.read_text("utf-8"))
JUDGE = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)
many = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
some = settings(many, max_examples=150)


def model_takes(raw):
    try:
        parse(raw)
    except BadDocument as error:
        assert error.faults  # noqa: PT017 - either outcome is right
        return False
    return True


def assert_both_agree(value):
    """Hold the model against the judge; what is no object is refused by both."""
    raw = json.dumps(value).encode()
    assert JUDGE.is_valid(value) is model_takes(raw), raw.decode()


def changed(path, value):
    """Return the document with every key, with another value in one place."""
    document = copy.deepcopy(FULL)
    at(document, path[:-1])[path[-1]] = value
    return document


def test_the_committed_schema_is_that_of_the_model():
    text = json.dumps(format1.json_schema(), indent=1, sort_keys=True) + "\n"
    assert text == COMMITTED.read_text("utf-8")


def test_it_is_a_valid_schema_of_2020_12_and_says_so():
    jsonschema_rs.meta.validate(SCHEMA)
    assert "https://json-schema.org/draft/2020-12/schema" == SCHEMA["$schema"]
    assert "/schema/measurement-1.json" == SCHEMA["$id"]
    site = format1.json_schema("https://vapic.example")
    assert "https://vapic.example/schema/measurement-1.json" == site["$id"]


def test_every_object_of_the_schema_refuses_unknown_keys_and_takes_private_ones():
    objects = [SCHEMA, *(part for part in SCHEMA["$defs"].values() if part["type"] == "object")]
    assert 11 == len(objects)
    for found in objects:
        assert (False, {"^x-": {}}) == (found["additionalProperties"], found["patternProperties"])


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_the_schema_takes_every_good_document(raw):
    assert JUDGE.is_valid(json.loads(raw))


def test_the_schema_refuses_every_bad_document_whose_form_is_wrong():
    judged = [bad for bad in BAD if not bad.of_the_text]
    assert 300 <= len(judged)
    for bad in judged:
        assert JUDGE.is_valid(json.loads(bad.raw)) is model_takes(bad.raw), bad.name


@some
@given(valid_documents())
def test_what_is_made_to_be_valid_is_taken_by_both(document):
    assert JUDGE.is_valid(document)
    assert model_takes(json.dumps(document).encode())


@many
@given(mutants())
def test_both_agree_on_what_was_valid_before_it_changed(document):
    assert_both_agree(document)


STRINGS = [path for path in places(FULL) if isinstance(at(FULL, path), str)]
NUMBERS = [path for path in places(FULL) if type(at(FULL, path)) is int]


@pytest.mark.parametrize("path", STRINGS, ids=str)
def test_both_agree_on_every_odd_character_in_every_string(path):
    for char in ODD:
        old = at(FULL, path)
        for new in (old + char, char + old, old[:5] + char + old[5:]):
            assert_both_agree(changed(path, new))


@pytest.mark.parametrize("path", STRINGS, ids=str)
def test_both_agree_on_every_length_of_every_string(path):
    for length in (0, 1, 200, 201, 500, 501, 2000, 2001, 20000, 20001):
        assert_both_agree(changed(path, "\U0001f600" * length))
        assert_both_agree(changed(path, "a" * length))


@pytest.mark.parametrize("path", NUMBERS, ids=str)
@pytest.mark.parametrize("number", [1, 1.0, 0, -0.0, 1.5, -1, 255.0, 256.0, 1e9, 1e300, True, "1"])
def test_both_agree_on_every_number_however_it_is_written(path, number):
    assert_both_agree(changed(path, number))


@pytest.mark.parametrize("path", places(FULL)[1:], ids=str)
def test_neither_takes_null_where_the_format_has_a_key(path):
    document = changed(path, None)
    assert not JUDGE.is_valid(document)
    assert not model_takes(json.dumps(document).encode())


def moment_of(year, month, day, hour, offset):
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:00:00{offset}"


@settings(max_examples=200)
@given(
    st.builds(
        moment_of,
        st.sampled_from([0, 1, 999, 1000, 1900, 2000, 2023, 2024, 2026, 2100, 9999]),
        st.integers(0, 13),
        st.sampled_from([0, 1, 28, 29, 30, 31, 32]),
        st.sampled_from([0, 23, 24]),
        st.sampled_from(["Z", "z", "", "+00:00", "-00:00", "+23:59", "+24:00", "+01:60", "+1:00"]),
    )
)
@example("2026-02-30T00:00:00Z")
@example("2026-04-31T00:00:00+02:00")
@example("2000-02-29T00:00:00Z")
@example("1900-02-29T00:00:00Z")
@example("0000-01-01T00:00:00Z")
@example("2026-06-30T23:59:60Z")
def test_both_agree_on_which_moments_exist(text):
    assert_both_agree(changed(("measured_at",), text))


@some
@given(valid_documents())
def test_a_document_comes_back_from_its_canonical_json_and_has_the_digest_of_its_bytes(document):
    raw = json.dumps(document).encode()
    parsed = parse(raw)
    assert hashlib.sha256(raw).hexdigest() == parsed.digest
    canonical = parsed.document.model_dump_json(by_alias=True, exclude_unset=True)
    assert parsed.document == parse(canonical.encode()).document
    assert JUDGE.is_valid(json.loads(canonical))


@some
@given(mutants(), st.data())
def test_bytes_that_were_a_document_are_read_or_refused_and_nothing_else(document, data):
    raw = json.dumps(document, ensure_ascii=False).encode()
    where = data.draw(st.integers(0, len(raw)))
    new = data.draw(st.binary(max_size=4) | st.sampled_from([b"NaN", b'"', b"\\ud800", b"1e999"]))
    taken = model_takes(raw[:where] + new + raw[data.draw(st.integers(where, len(raw))) :])
    assert taken in (True, False)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw):
    assert not model_takes(raw)
