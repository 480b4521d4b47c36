"""JSON from strangers: what is refused, with its place, and that nothing else is raised."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.faults import MAX_FAULTS, BadDocument, Fault
from app.intake.strict_json import MAX_DEPTH, escape, scan_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38), 10**38)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read_json(raw):
    """Return the value of a text that nothing is wrong with."""
    value, faults = scan_json(raw)
    if faults:
        raise BadDocument(faults)
    return value


def faults_of(raw):
    """Return the faults for which a text is refused."""
    with pytest.raises(BadDocument) as refused:
        read_json(raw)
    return refused.value.faults


def nested(levels, opening="[", closing="]"):
    return (opening * levels + closing * levels).encode()


@given(values)
def test_any_json_value_is_read_as_the_standard_parser_reads_it(value):
    assert value == read_json(json.dumps(value).encode())
    assert value == read_json(json.dumps(value, ensure_ascii=False, indent=1).encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"a":1}]]]]' + b"[" * 50)
@example(b'["\\ud800"]')
@example(b"-")
@example(b'"\\')
def test_any_bytes_are_read_or_refused_and_nothing_else(raw):
    try:
        read_json(raw)
    except BadDocument as error:
        assert error.faults  # noqa: PT017 - either outcome is right


@given(values, st.data())
def test_a_text_that_is_cut_or_changed_is_read_or_refused_and_nothing_else(value, data):
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(["", "\\", '"', ",", "}", "]", "[", "{", "NaN", "-", "'", "e"]))
    changed = text[:at] + put + text[data.draw(st.integers(at, len(text))) :]
    try:
        scan_json(changed.encode())
    except BadDocument as error:
        assert error.faults  # noqa: PT017 - either outcome is right


def test_utf_16_is_called_by_its_name_with_what_makes_utf_8_of_it():
    (fault,) = faults_of("{}".encode("utf-16"))
    assert fault.hint.startswith("this is UTF-16: iconv")


@pytest.mark.parametrize(
    ("found", "expected", "raw"),
    [
        ("byte FFh at offset 2", "UTF-8", b'["\xff"]'),
        ("byte C0h at offset 1", "UTF-8", b'"\xc0\x80"'),
        ("byte EDh at offset 1", "UTF-8", b'"\xed\xa0\x80"'),
        ("a byte order mark", "UTF-8 without one", b"\xef\xbb\xbf1"),
        ("an empty document", "JSON", b""),
        ("an empty document", "JSON", b" \r\n\t"),
        ('"," at line 2, column 1', "a value", b"[\n,1]"),
        (
            '"1" at line 1, column 9',
            "a comma, or the end of the object or list",
            b'["\xc3\xa9", 1 1]',
        ),
        ('"\\u0000" at line 1, column 1', "a value", b"\0"),
        ('"\\u00e9" at line 1, column 1', "a value", "é".encode()),
        ("the end at line 2, column 1", "a comma, or the end of the object or list", b"[1\n"),
        ('"x" at line 1, column 3', "the end of the document", b"1 x"),
        ('"+" at line 1, column 1', "a value", b"+1"),
        ('"1" at line 1, column 2', "the end of the document", b"01"),
        ('"." at line 1, column 2', "the end of the document", b"1."),
        ('"\\t" at line 1, column 2', r"an escape such as \n", b'"\t"'),
        ('"\\f" at line 1, column 2', "a value", b"[\x0c1]"),
        ("byte FFh at offset 0", "UTF-8", "\ufeff{}".encode("utf-16-le")),
        ('"f" at line 1, column 2', "a key in double quotes", b"{format: 1}"),
        ('"1" at line 1, column 11', "a colon", b'{"format" 1}'),
        ('"\\n" at line 1, column 2', "an escape such as \\n", b'"\n"'),
        ('"T" at line 1, column 2', "a value", b"[True]"),
        ('"u" at line 1, column 3', "four hexadecimal digits after \\u", rb'"\u20 "'),
        ('"\\\\" at line 1, column 2', r"an escape of JSON, such as \n or \u00e9", rb'"\x20"'),
        ('"\\"" at line 1, column 2', "a string that ends", b'["a'),
    ],
)
def test_what_is_no_json_is_refused_with_its_line_and_column(found, expected, raw):
    (fault,) = faults_of(raw)
    assert ("", found, expected) == (fault.pointer, fault.found, fault.expected)


@pytest.mark.parametrize(
    ("hint", "raw"),
    [
        ("JSON has double quotes only", b"{'a': 1}"),
        ("JSON has no comments", b"// note\n{}"),
        ("JSON has no comments", b'{"a": 1} # note'),
        ("the comma before it is one too many", b"[1, ]"),
        ("the comma before it is one too many", b'{"a": 1,\n}'),
        ("is it cut off?", b'{"a": [1, 2'),
        ("", b"[1 2]"),
    ],
)
def test_a_common_slip_is_named(hint, raw):
    (fault,) = faults_of(raw)
    assert hint == fault.hint


@pytest.mark.parametrize(
    ("pointer", "found", "text"),
    [
        ("/0/a", "NaN", '[{"a": NaN}]'),
        ("/0", "Infinity", "[Infinity]"),
        ("", "-Infinity", "-Infinity"),
        ("/0", "the number 1e999", "[1e999]"),
        ("/0", "the number -1E+400", "[-1E+400]"),
        ("/0", "a number of 41 characters", f"[{'9' * 41}]"),
        ("/0", "a number of 5000 characters", f"[{'9' * 5000}]"),
        ("/0", "a number of 300 characters", f"[0.{'1' * 298}]"),
        ("/a~1b/~0", "the key twice", '{"a/b": {"~": 1, "~": 2}}'),
        ("/a/0", "a key of 201 characters", f'{{"a": [{{"{"k" * 201}": 1}}]}}'),
        ("/a", "the key twice", '{"a": 1, "\\u0061": 1}'),
        ("/", "the key twice", '{"": 1, "": 1}'),
        ("/0", "half of a surrogate pair", '["\\ud83d"]'),
        ("/0", "half of a surrogate pair", '["\\ude00\\ud83d"]'),
        ("/a\N{REPLACEMENT CHARACTER}", "half of a surrogate pair", '{"a\\udc00": 1}'),
    ],
)
def test_what_a_lax_parser_would_take_is_refused_with_its_pointer(pointer, found, text):
    (fault,) = faults_of(text.encode())
    assert (pointer, found) == (fault.pointer, fault.found)


def test_every_such_fault_is_told_at_once_and_each_of_them_once():
    raw = b'{"a": NaN, "b": [1e999, {"c": 1, "c": "\\ud800", "c": 2}], "a": 1}'
    assert [
        ("/a", "NaN"),
        ("/b/0", "the number 1e999"),
        ("/b/1/c", "the key twice"),
        ("/b/1/c", "half of a surrogate pair"),
        ("/a", "the key twice"),
    ] == [(fault.pointer, fault.found) for fault in faults_of(raw)]


def test_the_value_beside_such_faults_has_stand_ins():
    value, faults = scan_json(b'{"a": NaN, "b": "\\ud800", "c": 1, "c": 2}')
    assert {"a": None, "b": "\N{REPLACEMENT CHARACTER}", "c": 2} == value
    assert 3 == len(faults)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_32_levels_are_read_and_33_are_refused(brackets):
    opening, closing = ('{"a":', "}") if brackets == "{}" else brackets
    fits = (opening * MAX_DEPTH + closing * MAX_DEPTH).replace(":}", ":1}")
    read_json(fits.encode())
    (fault,) = faults_of(f"{opening}{fits}{closing}".encode())
    assert "more than 32 levels of nesting" == fault.found


def test_a_million_brackets_are_refused_and_brackets_in_strings_are_not():
    (fault,) = faults_of(nested(500_000))
    assert "more than 32 levels of nesting" == fault.found
    text = r"\"[{\\" * 100
    assert json.loads(f'"{text}"') == read_json(f'"{text}"'.encode())


@pytest.mark.parametrize("text", ["9" * 40, "-" + "9" * 39, "0." + "1" * 38, "1e308", "-0", "1E2"])
def test_a_number_of_40_characters_within_range_is_read_exactly(text):
    assert json.loads(text) == read_json(text.encode())


def test_more_than_a_thousand_faults_are_cut_and_that_is_said():
    faults = faults_of(b"[" + b",".join([b"NaN"] * (MAX_FAULTS + 1)) + b"]")
    assert MAX_FAULTS + 1 == len(faults)
    assert Fault("", "more than 1000 faults", "a document without faults") == faults[-1]
    assert MAX_FAULTS == len(faults_of(b"[" + b",".join([b"NaN"] * MAX_FAULTS) + b"]"))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/a: found 1, expected 2", Fault("/a", "1", "2")),
        ("/: found 1, expected 2 (is it 2?)", Fault("", "1", "2", "is it 2?")),
        (r"/\u001b[31m\n\u00e9: found 1, expected 2", Fault("/\x1b[31m\né", "1", "2")),
    ],
)
def test_a_fault_is_one_line_of_printable_ascii(line, fault):
    assert line == str(fault)
    assert line == str(BadDocument((fault,)))


@pytest.mark.parametrize(
    ("step", "key"), [("a", "a"), ("a~1b", "a/b"), ("~0", "~"), ("~01", "~1"), ("", "")]
)
def test_a_key_is_escaped_as_rfc_6901_says(step, key):
    assert step == escape(key)
