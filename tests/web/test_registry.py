"""The registry of pages: one module and one template make a new kind."""

import asyncio

import pytest
from jinja2 import ChoiceLoader, DictLoader
from starlette.responses import HTMLResponse

from app.errors import NotFound
from app.export.site.addresses import CopiedSite
from app.export.site.copying import copy_site
from app.pages import registry
from app.pages.kinds.kind import Address, PageKind
from app.pages.promises import EVERY
from app.pages.subjects import Subject
from app.pens.page import Page
from app.pens.plain import Plain
from app.pens.tables import Table
from app.web import render
from tests.running import HTML, SITE, client_of


class Twice(PageKind):
    """A made-up kind: how long a register's name is, twice."""

    pattern = "/twice/{name}"
    promise = "a made-up page"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        if asked.parts["name"] not in asked.knowledge.registers:
            raise NotFound(f"There is no register {asked.parts['name']!r}.")
        register = asked.knowledge.registers[asked.parts["name"]]
        length = 2 * len(register.name)

        def text(_):
            out = Plain()
            out.title(f"Twice {register.slug}")
            out.field("Length", str(length))
            return out.render()

        return Page(
            path=f"/twice/{register.slug}",
            title=f"Twice {register.slug}",
            template="twice.html",
            subject=Subject(f"/r/{register.slug}", "Twice: changes"),
            view={"length": length},
            text=text,
            table=lambda _: Table(("length",), ((str(length),),)),
            data=lambda _: {"length": length},
        )


@pytest.fixture(scope="module")
def client(shared_url):
    """The real application over the real seed, with one more kind of page."""
    page = (
        '{% extends "base.html" %}{% block title %}Twice{% endblock %}'
        '{% block main %}<p id="twice">{{ length }}</p>{% endblock %}'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "KINDS", (*registry.KINDS, Twice()))
        # One of its own, and not that of the process.
        made = render.make_environment.__wrapped__

        def with_template(**named):
            environment = made(**named)
            environment.loader = ChoiceLoader(
                [environment.loader, DictLoader({"twice.html": page})]
            )
            return environment

        patch.setattr(render, "make_environment", with_template)
        with client_of(shared_url) as found:
            yield found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/twice/ldr", '<p id="twice">56</p>'),
        ("/twice/ldr.txt", "Length          56"),
        ("/twice/ldr.json", '"length": 56'),
        ("/twice/ldr.csv", "length\r\n56"),
        ("/twice/ldr.md", "| 56 |"),
        ("/twice/ldr.atom", "<title>Twice: changes</title>"),
    ],
)
def test_one_module_and_one_template_are_a_page_in_every_format(path, words, client):
    answer = client.get(path, headers=HTML)
    assert 200 == answer.status_code
    assert words in answer.text


def test_a_new_kind_is_refused_pinned_compared_and_checked_like_any_other(client):
    assert 404 == client.get("/twice/nothing").status_code
    version = client.get("/twice/ldr.json?at=2026-11-22.1").json()
    assert {"length": 56} == version
    since = client.get("/twice/ldr/since/2026-11-22.1.txt")
    assert 200 == since.status_code
    assert "Twice ldr" in since.text
    checked = client.post(
        "/api/v1/check-mail",
        content=f"See {SITE}/twice/ldr?at=2026-11-22.1 for it.\n",
        headers={"content-type": "text/plain"},
    )
    (link,) = checked.json()["links"]
    assert "unchanged" == link["standing"]


def test_a_new_kind_is_in_a_static_copy_with_its_twins(client, tmp_path):
    async def entry(scope, receive, send):
        # No page links the new one, and the rest of the site is not wanted here.
        found = scope["path"].startswith("/twice")
        page = client.app if found else HTMLResponse('<a href="/twice/ldr">x</a>')
        await page(scope, receive, send)

    site = CopiedSite(SITE, "2026-11-22.1")
    asyncio.run(copy_site(entry, site, tmp_path / "copy", lambda *_: None))
    made = {path.name for path in (tmp_path / "copy" / "twice").iterdir()}
    assert {f"ldr.{end}" for end in ("html", "txt", "json", "csv", "md", "atom")} == made


@pytest.mark.parametrize("kind", registry.KINDS, ids=lambda kind: kind.pattern)
def test_every_kind_promises_its_address_with_its_formats(kind):
    (promise,) = [p for p in EVERY if p.path == kind.pattern]
    assert (promise.text, promise.twins) == (kind.promise, kind.twins)
    assert promise.stable


def test_an_address_of_no_kind_is_no_page():
    assert not registry.is_page("/nowhere")
    assert registry.is_page("/r/anything?at=2026-11-22.1")
