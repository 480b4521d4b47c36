"""Every page in every format, through the real application."""

import gzip
import re

import brotli
import pytest
import zstandard

from app.web import docs
from tests.running import CURL, HTML, twin_of, unsound, unsound_page

TABLES = (
    *("/", "/corrected", "/c", "/c/zen-4", "/d", "/errata", "/changes", "/r/icr", "/wanted"),
    *("/policy", "/policy/kvm-6.0", "/policy/kvm-7.2", "/policy/kvm-6.0..kvm-7.2"),
)


def test_every_page_of_the_documentation_is_sound_as_page_and_as_text(client):
    paths = ["/docs", *(f"/docs/{slug}" for slug in docs.PAGES)]
    faults = {path: unsound(client.get(f"{path}.txt")) for path in paths}
    for path in (*paths, "/api/v1/docs"):
        faults.setdefault(path, []).extend(unsound_page(client.get(path, headers=HTML)))

    assert {} == {path: found for path, found in faults.items() if found}


def test_curl_gets_the_text_of_a_page_unasked(client):
    cell = "/r/ldr/x2avic/write"

    assert client.get(f"{cell}.txt").text == client.get(cell, headers=CURL).text


def test_words_that_look_like_the_place_of_a_kept_part_stay_words(client):
    page = client.get("/?q=<?0?>", headers=HTML).text

    assert 'name="q" value="&lt;?0?&gt;"' in page
    assert not re.search(r"<\?\d+\?>", page)


@pytest.mark.parametrize("extension", ["json", "csv", "md"])
@pytest.mark.parametrize("path", TABLES)
def test_tables_also_come_as_data(client, path, extension):
    answer = client.get(twin_of(path, extension))

    assert 200 == answer.status_code
    if extension == "json":
        assert re.fullmatch(r"20\d\d-\d\d-\d\d\.\d+", answer.json()["data_version"])
    else:
        assert len(answer.text.splitlines()) > 2


@pytest.mark.parametrize("path", ["/?family=zen-4&verdict=explained", "/d", "/r/icr/x2avic/write"])
def test_htmx_gets_the_page_that_a_reload_gets(client, path):
    answers = [
        client.get(path, headers={**HTML, "hx-request-type": t}) for t in ("partial", "full")
    ]

    assert client.get(path, headers=HTML).text == answers[0].text == answers[1].text
    assert "HX-Request-Type" not in answers[0].headers["vary"]


def test_pages_have_strong_etags_and_answer_304(client):
    first = client.get("/corrected", headers={**HTML, "accept-encoding": "identity"})
    tag = first.headers["etag"]
    again = client.get("/corrected", headers={**HTML, "if-none-match": tag, "accept-encoding": ""})

    assert tag.startswith('"')
    assert (304, b"") == (again.status_code, again.content)
    assert tag == again.headers["etag"]


@pytest.mark.parametrize(
    ("encoding", "unpack"),
    [
        ("gzip", gzip.decompress),
        ("br", brotli.decompress),
        ("zstd", lambda raw: zstandard.ZstdDecompressor().decompressobj().decompress(raw)),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/cells", "/export/vapic-claims.csv"])
def test_compressed_bytes_are_the_same_page_under_a_tag_of_their_own(
    client, path, encoding, unpack
):
    path = client.get(path).url.path
    plain = client.get(path, headers={**HTML, "accept-encoding": "identity"})
    asked = {**HTML, "accept-encoding": encoding}
    with client.stream("GET", path, headers=asked) as packed:
        raw = b"".join(packed.iter_raw())
    tag = packed.headers["etag"]
    again = client.get(path, headers={**asked, "if-none-match": tag})

    assert encoding == packed.headers["content-encoding"]
    assert plain.content == unpack(raw)
    assert plain.headers["etag"] != tag
    assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"])


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("br;q=0.4, GZIP;q=0.5", "gzip"),
        ("gzip; q=0.001, identity", "gzip"),
        ("gzip;q=0", None),
        ("br;q=0.0, gzip ; q=0.000 , identity", None),
        ("gzip;q=.", None),
        ("identity, *;q=0", None),
        ("", None),
    ],
)
def test_who_names_an_encoding_gets_it_unless_it_is_to_be_refused(client, accepted, encoding):
    paths = "/corrected", "/api/v1/cells", client.get("/export/vapic-claims.csv").url.path
    for path in paths:
        headers = client.get(path, headers={"accept-encoding": accepted}).headers
        assert encoding == headers.get("content-encoding"), path


def test_head_has_the_headers_and_no_body(client):
    head = client.head("/r/ldr", headers=HTML)

    assert (200, b"") == (head.status_code, head.content)
    assert int(head.headers["content-length"]) > 1000


@pytest.mark.parametrize("path", ["/", "/nope", "/api/v1/cells", "/static/app.css", "/?mode=no"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path, headers=HTML).headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert ("nosniff", "same-origin") == (
        headers["x-content-type-options"],
        headers["referrer-policy"],
    )
