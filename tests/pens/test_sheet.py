"""A sheet's text and its HTML are made of one value."""

import pytest
from bs4 import BeautifulSoup

from app.core.words import Behaviour, Verdict
from app.pens.lines import SITE, Linked, Sourced, Styled, told
from app.pens.parts import (
    Columns,
    Field,
    Included,
    Item,
    Para,
    Passage,
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
    ("add", "written", "selector"),
    [
        (lambda p: p.heading("Head", "h"), "Head\n----\n", "h2#h"),
        (lambda p: p.field("Kind", "erratum"), "Kind            erratum\n", "dl.facts > dd"),
        (lambda p: p.para("Said.", "lead"), "Said.\n", "p.lead"),
        (lambda p: p.para("Said."), "Said.\n", "p:not(.lead)"),
        (lambda p: p.item(("seen ", Sourced(("a", "b")))), "- seen [a, b]\n", "li a.src"),
        (lambda p: p.item((Linked("ldr", "/r", told=True),)), f"- {TOLD}/r\n", "a[href='/r']"),
        (lambda p: p.item((Linked("Zen 2", "/c/zen-2"),)), "- Zen 2\n", "a[href='/c/zen-2']"),
        (lambda p: p.item("one").para("below"), "- one\n  below\n", "li > p"),
        (lambda p: p.fetched("/x"), f"  {TOLD}/x\n", "a[rel=noreferrer][href='/x']"),
        (lambda p: p.fetched(LONG, "/y"), f"  {TOLD}/y\n", f"a[href='{LONG}']"),
        (lambda p: p.record("One", ", named", id="o").para("x"), "One, named\n  x\n", "#o > h2"),
        (lambda p: p.record("One", mark="- "), "- One\n", "h2"),
        (lambda p: p.record("One", href="/o"), f"One\n  URL             {TOLD}/o\n", "h2 > a"),
    ],
)
def test_every_kind_of_part_is_written_as_text_and_as_html(add, written, selector):
    part = Passage()
    add(part)

    assert written == text(part)
    assert html(part).select_one(selector)


@pytest.mark.parametrize(
    ("part", "written", "selector"),
    [
        (Section("Head", parts=[Para("x")]), "Head\n----\nx\n", "h2 + p"),
        (Section("Head"), "\n", None),
        (Section("Head", parts=[Para("")]), "Head\n----\n", "h2"),
        (Item("one", "1.", parts=[Para("below")]), "1. one\n   below\n", "li > p"),
        (Field("Said", "x", 6), "Said  x\n", "dd"),
        (Field("Said", "x", 6, ("", "y")), "Said  x\n      y\n", "dd > br"),
        (Field("Said", "x", parts=[Item("y")]), "Said            x\n  - y\n", "dd > ul > li"),
        (ShortItem("ldr"), "- ldr\n", "ul.keys > li"),
        (Field(("ldr", "/avic"), "x", 10), "ldr/avic  x\n", "dl.facts > dd"),
        (Told("ldr", parts=[Para("x"), Para("y")]), "ldr\n  x\n  y\n", "dl.told > dd > p"),
        (Columns("a  b\nc  d"), "a  b\nc  d\n", "pre.columns"),
        (Together("here", parts=[Item("x")]), "- x\n", "#here > ul > li"),
        (Para("x", only="html"), "\n", "p"),
        (Para("x", only="text"), "x\n", None),
        (Para("x " * 40, margin=4, hanging=2), f"    {'x ' * 35}x\n      x x x x\n", "p"),
        (Item("x", "1."), "1. x\n", "ol > li"),
        (Para(("to ", SITE)), f"to {TOLD}\n", "p"),
        (Tabular("x", [("", "b")], [("1", "2")], (2, 2)), "   b\n1  2\n", "td + th[scope=col]"),
        (Para((Linked("", "/r", told=True),)), f"{TOLD}/r\n", "p:not(:has(a))"),
        (Section("Head", only="html", parts=[Para("x")]), "\n", "div.beside > h2"),
        (Included("table/_legend.html"), "\n", "details.legend"),
        (Para("x", "caveat"), "x\n", "p.caveat"),
        (Para((Behaviour.GP, ".")), "gp.\n", "p > .b-gp"),
        (Para(Verdict.AGREES), "agrees\n", "p > .v-agrees"),
        (Para((Styled("x", "y", "del", "[no] x"),)), "[no] x\n", "del.y"),
        (Para((Linked("x", "/x", rel="prev"),)), "x\n", "a[rel=prev]"),
        (Para(("see ", told("/r"))), f"see {TOLD}/r\n", "a[href='/r']"),
    ],
)
def test_a_part_is_a_value_with_its_parts(part, written, selector):
    whole = Passage(parts=[part])

    assert written == text(whole)
    assert bool(selector) == bool(selector and html(whole).select_one(selector))


def test_a_part_may_stand_below_an_empty_line_in_text():
    part = Passage(parts=[Para("x"), Field("y", "z", above=True)])

    assert "x\n\ny               z\n" == text(part)


def test_parts_of_a_kind_that_follow_each_other_make_one_list():
    part = Passage()
    for name in "ab":
        part.item(name)
    part.para("c")
    part.item("d")

    assert [["a", "b"], ["d"]] == [[li.text for li in ul("li")] for ul in html(part)("ul")]


def test_what_has_nothing_to_say_is_left_out_of_both():
    part = Passage()
    part.field("Fix", "")
    part.para("")
    part.para("", "lead")
    part.fetched("")

    assert "\n" == text(part)
    assert not html(part).text.strip()


def test_records_below_a_heading_have_headings_below_it():
    part = Passage()
    part.heading("Many")
    part.record("One")

    assert html(part).select_one("section > h3")


def test_what_a_sheet_says_is_escaped():
    part = Passage()
    part.para("<b>")

    assert "<b>" == html(part).p.text
