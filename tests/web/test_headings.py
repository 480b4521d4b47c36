"""Headings lead to themselves."""

import pytest

from app.web.headings import linked

HIDDEN = ' aria-hidden="true" tabindex="-1"'


def link(name, said="It", more=""):
    return f'<a class="anchor" href="#{name}"{more}>{said}</a>'


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<h2>Which check</h2>", f'<h2 id="which-check">{link("which-check", "Which check")}</h2>'),
        ('<h3 id="a" class="b">It</h3>', f'<h3 id="a" class="b">{link("a")}</h3>'),
        ('<section id="x">\n<h2>It</h2>', f'<section id="x">\n<h2>{link("x")}</h2>'),
        ('<p id="it"></p><h2>It</h2>', f'<p id="it"></p><h2 id="it-2">{link("it-2")}</h2>'),
        ("<h2>&lt;&gt;</h2>", f'<h2 id="part">{link("part", "&lt;&gt;")}</h2>'),
        (
            '<h2><a href="/d/1">D-1</a></h2>',
            f'<h2 id="d-1"><a href="/d/1">D-1</a>{link("d-1", "", HIDDEN)}</h2>',
        ),
        ("<h1>The page</h1>", "<h1>The page</h1>"),
    ],
)
def test_a_heading_leads_to_itself_by_a_name_that_nothing_else_has(html, shown):
    page = "<h2>Before</h2><main>{}</main><h2>Behind</h2>"

    assert page.format(shown) == linked(page.format(html))


def test_a_heading_in_a_part_of_a_page_leads_to_itself_too():
    assert f'<h2 id="it">{link("it")}</h2>' == linked("<h2>It</h2>")
