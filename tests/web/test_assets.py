"""Static files, templates and the documentation against the code."""

import json
import re
from pathlib import Path

import pytest

from app.core.filters import KEYS
from app.core.words import Behaviour, Evidence, Verdict
from app.settings import ROOT, Settings
from app.web.docs import PAGES, setting_lines
from app.web.render import make_environment
from app.web.static import has_htmx, static_url
from tests.cli.test_cli import ALONE, GROUPED
from tests.running import soup_of

TEMPLATES = sorted(
    p.relative_to(ROOT / "templates").as_posix() for p in (ROOT / "templates").rglob("*.*")
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_loads_and_is_short(name):
    source = Path(ROOT / "templates" / name).read_text("utf-8")

    assert make_environment().get_template(name)
    assert len(source.splitlines()) <= 120


def test_a_static_address_with_its_hash_is_kept_for_a_year(client):
    hashed = client.get(static_url("app.css"))

    assert "immutable" in hashed.headers["cache-control"]


def test_a_static_address_with_its_hash_is_packed_and_known_by_its_tag(client):
    address, asked = static_url("app.css"), {"accept-encoding": "gzip, br"}
    packed = client.get(address, headers=asked)
    plain = client.get(address, headers={"accept-encoding": "identity"})
    again = client.get(address, headers=asked | {"if-none-match": packed.headers["etag"]})

    assert ("br", None) == tuple(a.headers.get("content-encoding") for a in (packed, plain))
    assert (plain.content, plain.headers["content-type"]) == (
        packed.content,
        packed.headers["content-type"],
    )
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert (304, b"") == (again.status_code, again.content)


@pytest.mark.parametrize("query", ["", "?", "?v=", "?v=0", "?v=0123456789ab", "?w=1"])
def test_a_static_address_with_any_other_hash_or_none_is_not_kept(query, client):
    answer = client.get(f"/static/app.css{query}")

    assert (200, None) == (answer.status_code, answer.headers.get("cache-control"))


def test_htmx_is_the_version_of_the_lock_file(client):
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    version = lock["packages"]["node_modules/htmx.org"]["version"]

    assert has_htmx()
    assert (
        f'version:"{version}"'
        in re.sub(r"\s|this\.", "", client.get("/static/vendor/htmx.min.js").text)
        or version in client.get("/static/vendor/htmx.min.js").text
    )


def test_the_lock_files_name_no_host():
    for name in ("package-lock.json", "requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text("utf-8")


def test_every_setting_is_documented(client):
    text = client.get("/docs/settings.txt").text

    assert len(Settings.model_fields) == len(setting_lines())
    for name, _, description in setting_lines():
        assert f"`{name}`" in text
        assert description


def test_every_filter_key_is_documented(client):
    text = client.get("/docs/api.txt").text

    for key in KEYS:
        assert f"`{key.name}`" in text


def test_every_command_is_documented(client):
    text = client.get("/docs/terminal.txt").text
    names = [" ".join(command) for command in (*ALONE, *GROUPED)]

    assert [] == [name for name in names if f"`vapic {name}`" not in text]


def test_an_address_with_a_query_is_quoted_where_a_command_is_printed(client):
    """A bare ``?`` is a pattern for zsh, a bare ``&`` the end of a command for every shell."""
    lines = [line for slug in PAGES for line in client.get(f"/docs/{slug}.txt").text.splitlines()]
    typed = [word for line in lines if line.lstrip().startswith("curl ") for word in line.split()]

    assert any("?" in word for word in typed)
    assert [] == [word for word in typed if "?" in word and word[0] not in "\"'"]


def test_every_word_is_documented(client):
    text = client.get("/docs/words.txt").text

    for word in (*Behaviour, *Verdict, *Evidence):
        assert f"`{word}`" in text or f"`{word}:" in text


def test_every_page_of_the_documentation_is_linked(client):
    text = client.get("/docs.txt").text

    for slug in PAGES:
        assert f"/docs/{slug}" in text


def test_a_page_of_the_documentation_comes_before_the_list_of_the_others(client):
    """For whoever reads from top to bottom: in a terminal, or on a narrow screen."""
    page = soup_of(client, "/docs/words").select_one(".docs")

    assert ["article", "nav"] == [part.name for part in page.find_all(recursive=False)]
    assert "evidence How a verdict" in " ".join(page.nav.text.split())
