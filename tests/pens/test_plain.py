"""Text for terminals, and tables for other programs."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pens.plain import COLUMNS, Plain, to_ascii
from app.pens.tables import Table
from app.pens.tame import for_terminal

TEXTS = st.text() | st.text("abc -/\u2013\u00e9\u6f22\U0001f600\t\n", max_size=300)
WORDS = st.text("ab\u00e9#", min_size=60, max_size=400)
INDENTS = st.integers(0, 8)
CELLS = st.text(max_size=12) | st.text("a=+@-'\"|\\,;\n ", max_size=12)
GRID = ((8, 7, 8, 13, 7, 11, 15), (75,), (1, 1, 70))

# One call of a builder: its name, its positional arguments, its keywords.
CALLS = st.one_of(
    st.tuples(st.just("title"), st.tuples(TEXTS | WORDS), st.just({})),
    st.tuples(st.just("blank"), st.just(()), st.just({})),
    st.tuples(st.just("para"), st.tuples(TEXTS | WORDS, INDENTS, INDENTS), st.just({})),
    st.tuples(st.just("item"), st.tuples(TEXTS | WORDS, INDENTS), st.just({})),
    st.tuples(
        st.just("heading"), st.tuples((TEXTS | WORDS).map(lambda text: f"1 {text}")), st.just({})
    ),
    st.tuples(
        st.just("field"),
        st.tuples(st.text(max_size=14).filter(lambda t: len(to_ascii(t)) <= 14), TEXTS | WORDS),
        st.fixed_dictionaries({"width": st.integers(15, 40), "indent": INDENTS}),
    ),
    st.sampled_from(GRID).flatmap(
        lambda widths: st.tuples(
            st.just("grid"),
            st.tuples(
                st.lists(st.tuples(*[TEXTS | WORDS for _ in widths]), max_size=3), st.just(widths)
            ),
            st.just({}),
        )
    ),
)


def built(calls):
    out = Plain()
    for name, args, keywords in calls:
        getattr(out, name)(*args, **keywords)
    return out.render()


@given(st.lists(CALLS, max_size=8))
@example([("para", ("x" * 1000, 8, 8), {})])
@example([("field", ("CPU", "\u00e9" * 1000), {"width": 24})])
@example([("grid", ([("y" * 1000,) * 7], GRID[0]), {})])
def test_a_page_never_leaves_ascii_or_its_75_columns(calls):
    text = built(calls)
    assert text.isascii()
    assert max(len(line) for line in text.split("\n")) <= COLUMNS == 75


@given(st.lists(CALLS, max_size=8))
def test_a_page_ends_in_one_newline_and_its_lines_in_no_blanks(calls):
    text = built(calls)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [] == [line for line in text.split("\n") if line != line.rstrip()]


@given(st.text("ab c", max_size=200))
def test_wrapping_loses_no_word(text):
    assert text.split() == built([("para", (text, 4, 2), {})]).split()


def test_an_address_is_never_broken_and_any_other_long_word_is():
    address, word = f"http://site.example/{'x' * COLUMNS}", "y" * (COLUMNS + 1)

    assert f"see\n{address}\n{word[:COLUMNS]}\ny\n" == built(
        [("para", (f"see {address} {word}",), {})]
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain text", "plain text"),
        ("\N{LEFT DOUBLE QUOTATION MARK}flat out\N{RIGHT DOUBLE QUOTATION MARK}", '"flat out"'),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t", "don't"),
        ("566\N{EN DASH}568", "566-568"),
        ("so \N{EM DASH} or not", "so - or not"),
        ("and so on\N{HORIZONTAL ELLIPSIS}", "and so on..."),
        ("80h\N{RIGHTWARDS ARROW}808h", "80h->808h"),
        ("2\N{MULTIPLICATION SIGN}4", "2x4"),
        ("no\N{NO-BREAK SPACE}break", "no break"),
        ("Zo\u00eb M\u00fcller", "Zoe Muller"),
        ("Zoe\u0308", "Zoe"),
        ("\u6f22\u5b57", "??"),
    ],
)
def test_a_character_becomes_its_nearest_likeness_in_ascii(text, plain):
    assert plain == to_ascii(text)


def test_a_page_reads_as_it_was_built():
    out = Plain()
    out.title("LDR")
    out.field("URL", "http://127.0.0.1:8000/r/ldr")
    out.field("Note", "")
    out.heading("Claims")
    out.item("one " * 20, 2)
    out.blank()
    out.blank()
    out.para("two " * 20, 1, 3)
    assert (
        "LDR\n" + "=" * 75 + "\n"
        "URL             http://127.0.0.1:8000/r/ldr\n"
        "\n"
        "Claims\n"
        "------\n"
        "  - " + " ".join(["one"] * 18) + "\n"
        "    one one\n"
        "\n"
        " " + " ".join(["two"] * 18) + "\n"
        "    two two\n"
    ) == out.render()


def test_a_long_value_stays_in_its_column():
    out = Plain()
    out.field("Where", "word " * 20, width=10, indent=2)
    first, *rest = out.render().splitlines()
    assert "  Where     word word" == first[:21]
    assert [" " * 12] * len(rest) == [line[:12] for line in rest] != []


def test_the_cells_of_a_grid_wrap_side_by_side():
    out = Plain()
    out.grid([("one two", "x" * 9, "end"), ("", "four", "")], (3, 5, 4))
    assert "one xxxxx end\ntwo xxxx\n    four\n" == out.render()


def tables():
    def of_width(width):
        columns = st.tuples(*[st.text("abc_", min_size=1, max_size=5)] * width)
        rows = st.lists(st.tuples(*[CELLS] * width), max_size=5).map(tuple)
        return st.builds(Table, columns, rows)

    return st.integers(1, 4).flatmap(of_width)


@given(tables())
def test_csv_reads_back_as_it_was_but_for_the_quote_before_a_formula(table):
    read = list(csv.reader(io.StringIO(table.csv(), newline="")))
    runs = re.compile(
        r"\A(?=[\t\r]|\s*[=+@\uff0b\uff1d\uff20\ufe62\ufe66\ufe6b]|\s*[-\ufe63\uff0d].)", re.DOTALL
    )
    for row, cells in zip(table.rows, read[1:], strict=True):
        for cell, found in zip(row, cells, strict=True):
            assert found in (cell, f"'{cell}")
            assert found != cell or not runs.match(cell)
    assert list(table.columns) == read[0]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("\uff1d1", "'\uff1d1"),
        ("\xa0=1", "'\xa0=1"),
        ("\ufeff \uff0b1", "'\ufeff \uff0b1"),
        ("a=1", "a=1"),
        ("+1", "'+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-", "-"),
        ("-1+1", "'-1+1"),
        ("\t=1", "'\t=1"),
        ("1=1", "1=1"),
        ("gp [reserved-bits] | allowed", "gp [reserved-bits] | allowed"),
        ("", '""'),
        ("810h, 811h", '"810h, 811h"'),
        ('so "called"', '"so ""called"""'),
    ],
)
def test_a_spreadsheet_gets_text_and_no_formula(cell, written):
    assert f"cell\r\n{written}\r\n" == Table(("cell",), ((cell,),)).csv()


@given(tables())
def test_markdown_keeps_every_row_on_one_line_with_all_its_cells(table):
    lines = table.markdown().split("\n")
    cells = [
        [re.sub(r"\\(.)", r"\1", cell[1:-1]) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines[:-1]
    ]
    wanted = [[for_terminal(" ".join(cell.splitlines())) for cell in row] for row in table.rows]
    assert [list(table.columns), ["---"] * len(table.columns), *wanted] == cells


def test_markdown_escapes_what_would_end_a_cell():
    table = Table(("name", "said"), (("a|b", "c\\d"), ("e\nf", "*g* <b>")))
    assert (
        "| name | said |\n| --- | --- |\n| a\\|b | c\\\\d |\n| e f | \\*g\\* \\<b> |\n"
    ) == table.markdown()


@pytest.mark.parametrize("length", [20, 60, 73, 75, 120])
def test_an_address_is_never_broken_nor_a_digest_that_fits_a_line(length):
    address = "https://example.org/".ljust(length, "a")
    digest = "0" * (min(length, 75) - 2)
    out = Plain()
    out.address(address)
    out.field("SHA-256", digest)

    assert {address, digest} <= set(out.render().split())
