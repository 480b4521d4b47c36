"""How faults are worded, and how many are listed."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.faults import MAX_FAULTS, BadDocument, Fault
from app.intake import faults, format1
from app.intake.measurement import describe
from app.intake.strict_json import scan_json
from tests.intake.bad import BAD
from tests.intake.documents import document, observing, refused


@pytest.mark.parametrize(
    "raw",
    [
        observing(*[{"register": f"lvt-tim{n}x"} for n in range(MAX_FAULTS + 500)]),
        observing(*[{"outcome": f"vmexit-tra{n}"} for n in range(MAX_FAULTS + 500)]),
        document(**{f"aceess{n}": n for n in range(60_000)}),
    ],
    ids=["registers", "outcomes", "keys"],
)
def test_of_more_than_a_thousand_faults_the_first_thousand_are_listed(raw, knowledge):
    found = refused(raw, knowledge)
    assert MAX_FAULTS + 1 == len(found)
    assert Fault("", "more than 1000 faults", "a document without faults") == found[-1]


def test_a_thousand_equal_faults_are_a_thousand_places(knowledge):
    found = refused(observing(*[{"register": "ldrr"}] * MAX_FAULTS), knowledge)
    assert [f"/observations/{i}/register" for i in range(MAX_FAULTS)] == [f.pointer for f in found]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("an object", {"a": 1}),
        ("a list of 2", [1, 2]),
        ("null", None),
        ("true", True),
        ("1.5", 1.5),
        ('"\\u00e9\\n"', "é\n"),
        (json.dumps("x" * 58), "x" * 58),
        ('"' + "x" * 55 + '..."', "x" * 59),
        ('"' + "x" * 55 + '..."', "x" * 1_000_000),
        ('"' + "\\u00e9" * 9 + '..."', "é" * 60),
    ],
)
def test_a_value_is_described_in_at_most_60_printable_characters(words, value):
    assert words == describe(value)
    assert 60 >= len(words)


@given(st.text())
def test_any_text_is_described_in_at_most_60_printable_characters(text):
    found = describe(text)
    assert re.fullmatch(r'"[ -~]{0,58}"', found)
    assert found.endswith('..."') or json.loads(found) == text


def test_every_complaint_of_the_model_has_words_of_ours():
    """No bad document meets a kind of complaint that only pydantic can word."""
    kinds = set()
    for bad in BAD:
        with suppress(BadDocument):
            value, _ = scan_json(bad.raw)
            try:
                format1.DocumentPart.model_validate(value)
            except ValidationError as error:
                kinds |= {detail["type"] for detail in error.errors()}
    worded = set(faults.EXPECTED)
    other = {"missing", "extra_forbidden", "enum", "literal_error", "string_pattern_mismatch"}
    assert worded | other == kinds


def test_every_pattern_of_the_format_has_words_of_ours():
    found = set()

    def walk(schema):
        for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
            if key == "pattern":
                found.add(value)
            elif isinstance(value, dict | list):
                walk(value)

    walk(format1.json_schema())
    for start in faults.PATTERNS:
        assert any(pattern.startswith(start) for pattern in found), start
    for pattern in found:
        assert 1 == sum(pattern.startswith(start) for start in faults.PATTERNS), pattern
