import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.numbers import MSR_BASE, MSR_LAST, PAGE_LAST, Span, format_hex, msr_of, parse_hex

law = settings(deadline=None)
values = st.integers(0, 2**64 - 1)
addresses = st.integers(0, PAGE_LAST)
spans = st.tuples(addresses, addresses).map(lambda ends: Span(min(ends), max(ends)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0x300, "0x300"),
        (0x300, "0X300"),
        (0x300, "300h"),
        (0x300, "300H"),
        (0x300, "300"),
        (0x300, "0300h"),
        (0x300, "  300h\n"),
        (0xD0, "0D0h"),
        (0xD0, "0d0H"),
        (0xFF0, "ff0"),
        (0x80D, "80Dh"),
        (0x0, "0"),
        (0x0, "0x0"),
        (0xFFFFFFFFFFFFFFFF, "0xffffffffffffffff"),
    ],
)
def test_hexadecimal_is_read_in_every_common_spelling(value, text):
    assert value == parse_hex(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "h", "0x", "0xh", "0x300h", "300hh", "3 00", "+300", "-300", "3_00", "g00", "x300",
     "icr", "300h-310h", "300.0", "٣٠٠", "0x0x1"],
)  # fmt: skip
def test_what_is_no_hexadecimal_number_is_refused_by_name(text):
    with pytest.raises(ValueError, match="is not a hexadecimal number such as 300h or 0x300"):
        parse_hex(text)


@pytest.mark.parametrize(
    ("text", "value"), [("000h", 0), ("0D0h", 0xD0), ("80Dh", 0x80D), ("FFFh", PAGE_LAST)]
)
def test_numbers_are_written_as_in_the_manual(text, value):
    assert text == format_hex(value)


@law
@given(values)
def test_what_is_written_reads_back(value):
    spellings = (format_hex(value), f"{value:#x}", f"{value:x}", f"{value:X}H", f"{value:020x}h")
    assert {value} == {parse_hex(text) for text in spellings}


@law
@given(st.text(max_size=6))
def test_any_text_is_a_number_or_refused(text):
    try:
        value = parse_hex(text)
    except ValueError:
        return
    digits = text.strip().lower().removeprefix("0x").removesuffix("h")
    assert value == int(digits, 16)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (0x100, 0x170, "100h-170h"),
        (0x100, 0x170, "0x100-0x170"),
        (0x100, 0x170, "100h - 170h"),
        (0xD0, 0xD0, "0D0h"),
        (0xD0, 0xD0, "0D0h-0D0h"),
        (0x854, 0x8FF, "854h-8FFh"),
    ],
)
def test_a_span_is_one_address_or_a_run_of_them(first, last, text):
    assert Span(first, last) == Span.parse(text)


@pytest.mark.parametrize("text", ["", "-", "-100h", "100h-icr", "100h-170h-1F0h", "100h..170h"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError, match="is not a hexadecimal number"):
        Span.parse(text)


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="'170h-100h' ends before it begins"):
        Span.parse("170h-100h")


@pytest.mark.parametrize(
    ("text", "span"), [("0D0h", Span(0xD0, 0xD0)), ("100h-170h", Span(0x100, 0x170))]
)
def test_a_span_is_written_as_in_the_manual(text, span):
    assert text == str(span)


@law
@given(spans)
def test_a_span_reads_back(span):
    assert span == Span.parse(str(span))


@law
@given(spans, addresses)
def test_a_span_holds_its_ends_and_what_lies_between(span, address):
    assert span.first in span
    assert span.last in span
    assert (address in span) is (address in range(span.first, span.last + 1))


@law
@given(spans, spans)
def test_spans_overlap_when_an_address_is_in_both(one, other):
    shared = range(max(one.first, other.first), min(one.last, other.last) + 1)
    assert bool(shared) is one.overlaps(other)
    assert one.overlaps(other) is other.overlaps(one)


@pytest.mark.parametrize(
    ("msr", "offset"),
    [(0x802, 0x20), (0x80D, 0xD0), (0x810, 0x100), (0x830, 0x300), (0x83E, 0x3E0), (0x853, 0x530)],
)
def test_the_msr_of_an_offset_is_that_of_16_11_1(msr, offset):
    assert msr == msr_of(offset)


@law
@given(addresses)
def test_every_offset_of_the_page_has_an_msr_of_the_range(offset):
    assert MSR_BASE <= msr_of(offset) <= MSR_LAST
    assert msr_of(offset) == msr_of(offset - offset % 0x10)


def test_over_the_seed_offsets_and_msrs_follow_that_rule(knowledge):
    exceptions = {"icr", "icrh", "self-ipi", "unlisted"}
    for register in knowledge.registers.values():
        msrs = {msr_of(a) for s in register.offset_spans for a in range(s.first, s.last + 1)}
        listed = {a for s in register.msr_spans for a in range(s.first, s.last + 1)}
        assert register.slug in exceptions or msrs == listed
