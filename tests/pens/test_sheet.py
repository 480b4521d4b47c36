"""A sheet's text and its HTML are made of one value."""

import pytest
from bs4 import BeautifulSoup

from app.core.words import Behaviour, Verdict
from app.pens.lines import SITE, Linked, Sourced, Styled, full_address
from app.pens.parts import (
    Columns,
    Fetched,
    Field,
    Included,
    Item,
    Para,
    Passage,
    Record,
    Section,
    ShortItem,
    Tabular,
    Together,
    Told,
)
from app.pens.place import Place
from app.pens.plain import Plain, add_parts
from app.web.render import make_environment

PLACE = Place("http://site.example", "2026-01-01.1")
MACROS = "{% import 'macros/sheet.html' as s with context %}{{ s.parts(part) }}"


class Known:
    """A source as the template asks for it."""

    author, title, date = "Somebody", "A title", "2026"

    def __init__(self, name):
        self.id = name


def html(part):
    template = make_environment().from_string(MACROS)
    found = template.render(
        part=part, site=TOLD, sources_of=lambda ids: [Known(name) for name in ids]
    )
    return BeautifulSoup(found, "lxml")


def text(part):
    out = Plain()
    add_parts(out, part, PLACE)
    return out.render()


LONG = "/" + 80 * "x"
TOLD = "http://site.example"


@pytest.mark.parametrize(
    ("part", "written", "selector"),
    [
        (Section("Head", "h").holding(Para("x")), "Head\n----\nx\n", "h2#h + p"),
        (Para("Said.", "lead"), "Said.\n", "p.lead"),
        (Para("Said."), "Said.\n", "p:not(.lead)"),
        (Item(("seen ", Sourced(("a", "b")))), "- seen [a, b]\n", "li a.src"),
        (Item((Linked("ldr", "/r", told=True),)), f"- {TOLD}/r\n", "a[href='/r']"),
        (Item((Linked("Zen 2", "/c/zen-2"),)), "- Zen 2\n", "a[href='/c/zen-2']"),
        (Fetched("/x"), f"  {TOLD}/x\n", "a[rel=noreferrer][href='/x']"),
        (Fetched(LONG, "/y"), f"  {TOLD}/y\n", f"a[href='{LONG}']"),
        (Record("One", ", named", "o").holding(Para("x")), "One, named\n  x\n", "#o > h2"),
        (Record("One", mark="- ", level=3), "- One\n", "h3"),
        (Record("One", href="/o"), f"One\n  URL             {TOLD}/o\n", "h2 > a"),
        (Section("Head"), "\n", None),
        (Section("Head").holding(Para("")), "Head\n----\n", "h2"),
        (Item("one", "1.").holding(Para("below")), "1. one\n   below\n", "li > p"),
        (Field("Said", "x", 6), "Said  x\n", "dd"),
        (Field("Said", "x", 6, ("", "y")), "Said  x\n      y\n", "dd > br"),
        (Field("Said", "x").holding(Item("y")), "Said            x\n  - y\n", "dd > ul > li"),
        (ShortItem("ldr"), "- ldr\n", "ul.keys > li"),
        (Field(("ldr", "/avic"), "x", 10), "ldr/avic  x\n", "dl.facts > dd"),
        (Told("ldr").holding(Para("x"), Para("y")), "ldr\n  x\n  y\n", "dl.told > dd > p"),
        (Columns("a  b\nc  d"), "a  b\nc  d\n", "pre.columns"),
        (Together("here").holding(Item("x")), "- x\n", "#here > ul > li"),
        (Para("x", only="html"), "\n", "p"),
        (Para("x", only="text"), "x\n", None),
        (Para("x " * 40, margin=4, hanging=2), f"    {'x ' * 35}x\n      x x x x\n", "p"),
        (Item("x", "1."), "1. x\n", "ol > li"),
        (Para(("to ", SITE)), f"to {TOLD}\n", "p"),
        (Tabular("x", [("", "b")], [("1", "2")], (2, 2)), "   b\n1  2\n", "td + th[scope=col]"),
        (Tabular("x", [("a", "b")], [("1", "2")], (2,)), "a\n  b\n1\n  2\n", "td + td"),
        (Para((Linked("", "/r", told=True),)), f"{TOLD}/r\n", "p:not(:has(a))"),
        (Section("Head", only="html").holding(Para("x")), "\n", "div.beside > h2"),
        (Included("table/_legend.html"), "\n", "details.legend"),
        (Para("x", "caveat"), "x\n", "p.caveat"),
        (Para((Behaviour.GP, ".")), "gp.\n", "p > .b-gp"),
        (Para(Verdict.AGREES), "agrees\n", "p > .v-agrees"),
        (Para((Styled("x", "y", "del", "[no] x"),)), "[no] x\n", "del.y"),
        (Para((Linked("x", "/x", rel="prev"),)), "x\n", "a[rel=prev]"),
        (Para(("see ", full_address("/r"))), f"see {TOLD}/r\n", "a[href='/r']"),
    ],
)
def test_a_part_is_a_value_with_its_parts(part, written, selector):
    whole = Passage().holding(part)

    assert written == text(whole)
    assert bool(selector) == bool(selector and html(whole).select_one(selector))


def test_a_part_may_stand_below_an_empty_line_in_text():
    part = Passage().holding(Para("x"), Field("y", "z", above=True))

    assert "x\n\ny               z\n" == text(part)


def test_parts_of_a_kind_that_follow_each_other_make_one_list():
    part = Passage().holding(Item("a"), Item("b"), Para("c"), Item("d"))

    assert [["a", "b"], ["d"]] == [[li.text for li in ul("li")] for ul in html(part)("ul")]


def test_what_has_nothing_to_say_is_left_out_of_both():
    part = Passage().holding(Field("Fix", ""), Para(""), Para("", "lead"), Fetched(""))

    assert "\n" == text(part)
    assert not html(part).text.strip()


def test_what_a_sheet_says_is_escaped():
    part = Passage().holding(Para("<b>"))

    assert "<b>" == html(part).p.text
