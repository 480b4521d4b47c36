"""The parts of a static copy: addresses, pages taken apart, folders that are ours or not."""

import asyncio
import json

import pytest

from app.errors import Conflict
from app.export.site.addresses import CopiedSite, file_of, relative
from app.export.site.copying import MARKER, CopyFailed, copy_site
from app.export.site.page import CopiedPage

SITE = CopiedSite("https://vapic.example", "2026-11-22.3")
READ = "/r/ldr/x2avic/read"
PINNED = "at=2026-11-22.3"


def quiet(*_):
    """Nobody looks at the progress."""


class Tiny:
    """A site of a few pages: path -> (status, type, body), or an exception."""

    def __init__(self, pages):
        self.pages = pages

    async def __call__(self, scope, receive, send):
        await receive()
        status, kind, body = self.pages.get(scope["path"], (404, "text/html", ""))
        if isinstance(body, BaseException):
            raise body
        headers = [(b"content-type", kind.encode())]
        headers += [(b"location", body.encode())] if status in (302, 308) else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def page(*links):
    return 200, "text/html; charset=utf-8", "".join(f'<a href="{link}">x</a>' for link in links)


SMALL = {
    "/": page("/r/ldr", "/r/0x80d#3", "/r/ldr?mode=avic", "/upload", "#here", "//other.example/x"),
    "/r/ldr": page("/", "ldr.txt", "/r/ldr.txt?at=2026-11-22.1", "mailto:a@b", "/d/D-1"),
    "/r/0x80d": (308, "", "/r/ldr#isr"),
    "/r/ldr.txt": (200, "text/plain", "LDR"),
    "/d/D-1": (302, "", "/d/1"),
    "/d/1": page("/r/ldr/x2avic/write/since/2026-11-22.1"),
    "/upload": (403, "text/html", "no"),
}


def copy(pages, folder):
    return asyncio.run(copy_site(Tiny(pages), SITE, folder, quiet))


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_every_link_of_a_copy_leads_to_a_file_or_to_the_site(tmp_path):
    copied = copy(SMALL, tmp_path / "copy")
    read = {name: (tmp_path / "copy" / name).read_text() for name in files(tmp_path / "copy")}
    assert {"/upload": 403} == copied.left
    assert ["d/1.html", "index.html", "r/ldr.html", "r/ldr.txt", MARKER] == sorted(read)
    live = "https://vapic.example"
    expected = ["r/ldr.html", "r/ldr.html#isr", f"{live}/r/ldr?mode=avic&amp;{PINNED}"]
    expected += [f"{live}/upload", "#here", "//other.example/x"]
    assert page(*expected)[2] == read["index.html"]
    expected = ["../index.html", "ldr.txt", f"{live}/r/ldr.txt?at=2026-11-22.1", "mailto:a@b"]
    assert page(*expected, "../d/1.html")[2] == read["r/ldr.html"]
    since = f"{live}/r/ldr/x2avic/write/since/2026-11-22.1?{PINNED}"
    assert page(since)[2] == read["d/1.html"]
    marker = {"format": 1, "data_version": SITE.version, "site": live, "files": 4}
    assert marker == json.loads(read[MARKER])


def test_the_rest_of_a_list_is_copied_with_it_and_no_other_query_is(tmp_path):
    links = "/m?after=abc", "/m.txt?after=abc", "/m?after=abc&state=pending"
    rest = {"/m": page("/"), "/m.txt": (200, "text/plain", "The rest.")}
    copied = copy({"/": page(*links), **rest}, tmp_path / "copy")

    html, text = copied.files["/m?after=abc"], copied.files["/m.txt?after=abc"]
    assert ("m/after-abc.html", "m/after-abc.txt") == (html, text)
    live = f"https://vapic.example/m?after=abc&amp;state=pending&amp;{PINNED}"
    assert page(html, text, live)[2] == (tmp_path / "copy/index.html").read_text()
    assert page("../index.html")[2] == (tmp_path / "copy" / html).read_text()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/static/app.css?v=0123", "/static/app.css"),
        ("write", "/r/ldr/x2avic/write"),
        ("/r/isr#3", "/r/isr#3"),
        ("?q=1", f"{SITE.address}{READ}?q=1&{PINNED}"),
        ("/m/a/diff/b", f"{SITE.address}/m/a/diff/b?{PINNED}"),
        ("/search", f"{SITE.address}/search"),
        ("/?at=2026-11-22.1#x", f"{SITE.address}/?at=2026-11-22.1#x"),
        ("#top", ""),
        ("", ""),
        ("https://lore.kernel.org/all/", ""),
    ],
)
def test_where_a_link_leads(link, expected):
    assert expected == SITE.target(READ, link)


@pytest.mark.parametrize(
    ("path", "kind", "file"),
    [
        ("/", "text/html", "index.html"),
        ("/r/ldr", "text/html", "r/ldr.html"),
        ("/policy/kvm-6.0..kvm-7.2", "text/html", "policy/kvm-6.0..kvm-7.2.html"),
        ("/policy/kvm-7.2.txt", "text/plain", "policy/kvm-7.2.txt"),
        ("/api/v1/cells", "application/json", "api/v1/cells.json"),
        ("/m/0123456789ab.raw", "application/json", "m/0123456789ab.raw"),
        ("/errata/a%20b", "text/html", "errata/a b.html"),
    ],
)
def test_which_file_holds_a_page(path, kind, file):
    assert file == file_of(path, kind)


@pytest.mark.parametrize("path", ["/../x", "/a/../b", "//etc/passwd", "/%2e%2e/x", "/a//b"])
def test_no_page_leaves_the_folder(path):
    with pytest.raises(ValueError, match="no path of the site"):
        file_of(path, "text/html")


def test_links_between_files_are_relative_and_quoted():
    assert "../../errata/a%20b.html" == relative("r/ldr", "errata/a b.html")
    assert "x.css" == relative("", "x.css")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<!doctype html><p>a &amp; b &#39; &lt;</p><br/>", None),
        ('<a href="/x" hx-get="/x" class="a">x</a>', '<a href="[/x]" class="a">x</a>'),
        ('<script src="/s.js" defer></script><b>x</b>', "<b>x</b>"),
        ('<script src="/s.js" data-copy></script>', '<script src="[/s.js]" data-copy></script>'),
        ('<meta name="htmx-config" content="{}"><i>x</i>', "<i>x</i>"),
        ('<form method="dialog"><button>Close</button></form>', None),
        ('<input type="checkbox" form="pick" name="rows">x', "x"),
        ('<p><input name="q"></p>', None),
        ('<a href="/a" title="&quot;b&quot;" x>', '<a href="[/a]" title="&quot;b&quot;" x>'),
        ('<a href="/?a=1&amp;b=2">x</a>', '<a href="[/?a=1&amp;b=2]">x</a>'),
    ],
)  # fmt: skip
def test_a_page_keeps_all_but_what_needs_a_server_or_a_script(html, expected):
    found = CopiedPage(html, lambda *_: "/live").render(lambda link: f"[{link}]")
    assert (expected or html) == found


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ('<form method="get" action="/d">', f"/d?{PINNED}"),
        ('<form method="post" action="/m/a/withdraw">', "/m/a"),
        ('<form method="get" action="/search" role="search">', "/search"),
        ("<form>", f"/m/a?{PINNED}"),
    ],
)
def test_a_form_becomes_a_link_to_the_site(form, expected):
    html = f"{form}<a href='/x'>x</a><button>Send\n it</button><button>No</button></form>!"
    found = CopiedPage(html, lambda *f: SITE.form("/m/a", *f))
    text = found.render(str)
    assert f'<a href="{SITE.address}{expected}">Send it</a>' in text
    assert (True, [], False) == (text.endswith("!"), list(found.links), "No" in text)


def test_an_earlier_copy_is_replaced_and_so_is_an_empty_folder(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    copy({**SMALL, "/": page("/r/ldr", "/old"), "/old": page()}, folder)
    assert (folder / "old.html").is_file()
    copy(SMALL, folder)
    assert not (folder / "old.html").exists()
    assert ["copy"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["copy", "copy.partial", "copy.old"])
def test_a_folder_that_holds_anything_else_is_refused(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.tex").write_text("years of work")
    with pytest.raises(Conflict, match="holds files that no export wrote"):
        asyncio.run(copy_site(Tiny(SMALL), SITE, tmp_path / "copy", quiet))
    assert [f"{name}/thesis.tex"] == files(tmp_path)
    with pytest.raises(Conflict, match="is a file"):
        asyncio.run(copy_site(Tiny(SMALL), SITE, tmp_path / name / "thesis.tex", quiet))


@pytest.mark.parametrize(
    ("wrong", "raised"),
    [
        ((500, "text/html", "oops"), CopyFailed),
        ((200, "text/html", RuntimeError("oops")), CopyFailed),
        ((200, "text/html", KeyboardInterrupt()), KeyboardInterrupt),
    ],
)
def test_a_copy_that_is_stopped_leaves_what_was_there(wrong, raised, tmp_path):
    folder = tmp_path / "copy"
    copy(SMALL, folder)
    before = files(folder)
    with pytest.raises(raised):
        asyncio.run(copy_site(Tiny({**SMALL, "/d/1": wrong}), SITE, folder, quiet))
    assert before == files(folder)
    assert ["copy"] == [path.name for path in tmp_path.iterdir()]


def test_progress_is_told_and_ends_at_all(tmp_path):
    told = []
    asyncio.run(copy_site(Tiny(SMALL), SITE, tmp_path / "copy", lambda *n: told.append(n)))
    assert (len(SMALL), len(SMALL)) == told[-1]
    assert told == sorted(told)
