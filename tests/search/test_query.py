"""The language of search: what a query means, and where one that means nothing is wrong."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.choices import LONGEST
from app.core.filters import KEYS
from app.errors import InvalidQuery
from app.search.model import KINDS, Query, Term, query_keys, tidy
from app.search.search_query import parse
from app.search.search_text import point_at_error, refusal_text


@pytest.fixture(scope="module")
def read(snapshot):
    """The parser with the vocabulary of the real seed."""
    return lambda text: parse(text, snapshot.vocabulary)


def terms(*texts):
    return tuple(Term(text) for text in texts)


def attempt(function, *args):
    """Return (what a function gives, None), or (None, what is wrong with its query)."""
    try:
        return function(*args), None
    except InvalidQuery as fault:
        return None, fault


MEANINGS = (
    ("", Query()),
    ("   ", Query()),
    ("icr", Query(terms=terms("icr"))),
    ("  icr \t write ", Query(terms=terms("icr", "write"))),
    ("icr icr", Query(terms=terms("icr", "icr"))),
    ('"bit 18"', Query(terms=(Term("bit 18", phrase=True),))),
    ('"  bit   18 "', Query(terms=(Term("bit 18", phrase=True),))),
    ("-icr", Query(terms=(Term("icr", negated=True),))),
    ('-"bit 18"', Query(terms=(Term("bit 18", phrase=True, negated=True),))),
    ("mode:x2avic", Query((("mode", ("x2avic",)),))),
    ("MODE:X2AVIC", Query((("mode", ("x2avic",)),))),
    ("mode:x2avic,avic", Query((("mode", ("avic", "x2avic")),))),
    ("mode:x2avic mode:avic", Query((("mode", ("avic", "x2avic")),))),
    ("ldr access:write mode:avic",
     Query((("mode", ("avic",)), ("access", ("write",))), terms("ldr"))),
    ("kind:erratum,register", Query((("kind", ("register", "erratum")),))),
    ('mode:avic"a b"', Query((("mode", ("avic",)),), (Term("a b", phrase=True),))),
    # Words that look like something else.
    ("KVM: SVM: Only", Query(terms=terms("KVM:", "SVM:", "Only"))),
    ("https://lore.kernel.org/all/x@y/", Query(terms=terms("https://lore.kernel.org/all/x@y/"))),
    ("a.b:c 12:30", Query(terms=terms("a.b:c", "12:30"))),
    ("- -- a-b ,", Query(terms=(*terms("-"), Term("-", negated=True), *terms("a-b", ",")))),
    ('("KVM: x")', Query(terms=(Term("("), Term("KVM: x", phrase=True), Term(")")))),
)  # fmt: skip

# Query, where (first, behind last), found, a part of what was expected, suggestions.
FAULTS = (
    ("mode:x2avik", (5, 11), "'x2avik'", "a value of mode: avic, x2avic", ("mode:x2avic",)),
    ("icr  mode:x2avik", (9, 15), "'x2avik'", "a value of mode", ("mode:x2avic icr",)),
    ("verdict:agrees,explaned", (15, 23), "'explaned'", "disputed, contradicts",
     ("verdict:explained,agrees",)),
    ("mod:avic", (0, 4), "'mod:'", "a key (mode, access", ("mode:avic", '"mod:avic"')),
    ("mod:avik", (0, 4), "'mod:'", "a key", ("mode:avic", '"mod:avik"')),
    ("kvm:kvm_exit", (0, 4), "'kvm:'", "quotes around text that holds a colon",
     ('"kvm:kvm_exit"',)),
    ("q:icr", (0, 2), "'q:'", "a key", ('"q:icr"',)),
    ("sort:msr", (0, 5), "'sort:'", "a key", ('"sort:msr"',)),
    ("icr mode:", (9, 10), "no value", "a value of mode", ("mode:avic icr",)),
    ("mode: x2avic", (5, 6), "no value", "a value of mode", ("mode:avic x2avic",)),
    ("mode:,avic", (5, 6), "a comma", "a value", ("mode:avic",)),
    ("mode:avic,", (10, 11), "the end of the query", "a value", ("mode:avic",)),
    ("mode:avic, ldr", (10, 11), "a space", "a value, without spaces", ("mode:avic ldr",)),
    ("mode:avic, x2avic", (10, 11), "a space", "a value",
     ("mode:avic,x2avic", "mode:avic x2avic")),
    ('mode:"avic"', (5, 6), "a quote", "a value, without spaces and quotes", ("mode:avic",)),
    ("-mode:avic", (0, 10), "'-mode:avic'", "a word or a phrase after the minus", ("mode:avic",)),
    ("kind:register mode:avic", (5, 13), "kind:register beside mode", "kind:cell or no kind",
     ("mode:avic kind:cell",)),
    ("only:x", (5, 6), "'x'", "a value of only: disagreements", ()),
    ("apm:3.38", (0, 4), "'apm:'", "a key (mode, access", ('"apm:3.38"',)),
    ('icr "bit 18', (4, 5), "an opening quote", "a closing one", ('icr "bit 18"',)),
    ('icr "" x', (4, 6), "empty quotes", "words in them", ("icr x",)),
    ('"', (0, 1), "an opening quote", "a closing one", ()),
    ("x" * 201, (200, 201), "201 characters", "at most 200", ()),
)  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_query_means_its_words_and_its_choices(read, text, meaning):
    assert meaning == read(text)


@pytest.mark.parametrize(("text", "fault"), [(text, fault) for text, *fault in FAULTS])
def test_a_fault_has_its_place_what_was_found_and_what_would_do(read, text, fault):
    where, found, expected, hints = fault
    with pytest.raises(InvalidQuery) as caught:
        read(text)

    assert (where, found) == (caught.value.where, caught.value.found)
    assert expected in caught.value.expected
    assert hints == caught.value.hints
    assert caught.value.message.startswith(f"Character {where[0] + 1}: found {found}, expected ")


@pytest.mark.parametrize("text", [fault[0] for fault in FAULTS])
def test_the_text_of_a_fault_points_at_the_place(read, text):
    with pytest.raises(InvalidQuery) as caught:
        read(text)
    query, caret = point_at_error(caught.value)
    lines = refusal_text(caught.value).splitlines()
    first, last = caught.value.where

    assert (
        caught.value.text[first:last][:30] == query[caret.index("^") : caret.rindex("^") + 1][:30]
    )
    assert [query.rstrip(), caret] == lines[2:4]
    assert all(len(line) <= 75 and line.isascii() for line in lines)


def test_the_keys_are_those_of_the_tables_filter_and_the_kind(snapshot):
    keys = query_keys(snapshot.vocabulary)

    assert {*(key.name for key in KEYS), "kind"} - {"view", "q", "sort"} == set(keys)
    assert list(KINDS) == list(keys["kind"])


def test_every_value_of_every_key_can_be_asked_for(read, snapshot):
    keys = query_keys(snapshot.vocabulary)
    asked = [(key, value) for key, values in keys.items() for value in values]

    assert len(asked) > 60
    assert [] == [
        (key, value) for key, value in asked if read(f"{key}:{value}").choices != ((key, (value,)),)
    ]


# Text that comes near to the language, so that more of it is understood.
PIECES = st.sampled_from(
    ["mode:", "avic", "x2avic", "verdict:", "explained", ",", '"', "-", " ", "icr", "kind:", ":",
     "(", "é", "//", "cell", "\x00", "only:", "\u202e"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@given(text=TEXTS)
@example(text="- mode:avic , x")
@example(text='"a"-"b"')
def test_a_query_that_is_printed_means_the_same_and_a_fault_lies_in_the_text(read, text):
    query, fault = attempt(read, text)

    if query:
        assert query == read(str(query))
        assert str(query) == str(read(str(query)))
    else:
        first, last = fault.where
        assert 0 <= first < last <= len(tidy(text)) + 1
        assert list(fault.hints) == [str(read(hint)) for hint in fault.hints]
        assert refusal_text(fault).isascii()


def test_a_long_query_is_cut_around_its_fault(read):
    text = f"{'word ' * 20}mode:x2avik {'more ' * 15}".strip()
    with pytest.raises(InvalidQuery) as caught:
        read(text)
    query, caret = point_at_error(caught.value)

    assert len(text) < LONGEST
    assert query.startswith("...")
    assert "x2avik" == query[caret.index("^") : len(caret)]
