"""What a request calls this site: one of its names, and nothing is made of it."""

import hashlib
import re
from base64 import b64encode

import pytest

from tests.running import SITE, client_of

OURS = ("127.0.0.1:8000", "localhost", "LOCALHOST.:80", "[::1]:8000", "vapic.example.org",
        "other.example.org:8443", "other.example.org.", "[2001:DB8::1]:80", "[2001:db8::2]",
        "ports.example")  # fmt: skip
OTHERS = ("evil.example", "evil.example:8000", "127.0.0.1.evil.example",
          "vapic.example.org@evil.example:1x", "[::1", "", "a b", "x" * 8000)  # fmt: skip


@pytest.fixture(scope="module")
def named(shared_url):
    names = {
        "base_url": "https://vapic.example.org/",
        "allowed_hosts": "a.example, Other.example.org., 2001:db8::1,[2001:db8::2],ports.example:9",
    }
    with client_of(shared_url, **names) as client:
        yield client


def test_a_request_by_a_name_that_is_not_ours_is_refused_everywhere_but_for_supervisors(named):
    for host in OURS:
        assert 200 == named.get("/r/ldr", headers={"host": host}).status_code, host
    for host in OTHERS:
        for path in ("/r/ldr", "/r/ldr.txt", "/static/x", "/api/v1/cells", "/none"):
            answer = named.get(path, headers={"host": host})
            assert (421, "text/plain; charset=utf-8") == (
                answer.status_code, answer.headers["content-type"]), (host, path)  # fmt: skip
            assert "VAPIC_ALLOWED_HOSTS" in answer.text
        page = named.get("/r/ldr", headers={"host": host, "accept": "text/html"})
        style = re.search("<style>(.*?)</style>", page.text)[1]
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        # By that name nothing else is served, so that the page has to bring its styles.
        assert (421, True) == (page.status_code, "VAPIC_ALLOWED_HOSTS" in page.text)
        assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]
        assert not re.search("href|src", page.text)
        assert 200 == named.get("/healthz", headers={"host": host}).status_code


@pytest.mark.parametrize(
    ("asked", "leads"),
    [("/docs/", "/docs"), ("/r/ldr/?q=1", "/r/ldr?q=1"), ("//r/ldr/", None), ("/none/", None),
     ("/?sort=order", "/"), ("/r/0x830", "/r/icr")],
)  # fmt: skip
def test_no_redirect_names_a_site(named, asked, leads):
    answer = named.get(f"{SITE}{asked}", follow_redirects=False)

    assert leads == answer.headers.get("location")


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [("HOST=0.0.0.0", 2, "set VAPIC_BASE_URL"), ("HOST=::", 2, "set VAPIC_BASE_URL"),
     ("HOST=vapic.example.org", 2, "set VAPIC_BASE_URL"),
     *((f"VAPIC_BASE_URL={address}", 1, "begins with https://") for address in (
         "vapic.example.org", "https://", "https://a b", " https://a", "https://a?b", "https://a/#b",
         "https://me:secret@a", 'https://a/"><b>', "https://\u00e9.example", "https://a:99999")),
     ("VAPIC_ALLOWED_HOSTS=*.example.org", 1, "is no name of a host"),
     ("VAPIC_ALLOWED_HOSTS=https://a", 1, "is no name of a host"),
     ("VAPIC_ALLOWED_HOSTS=[a", 1, "is no name of a host"),
     ("PORT=0", 1, "PORT: found '0', expected greater than or equal to 1")],
)  # fmt: skip
def test_what_cannot_be_served_so_is_said_in_a_line(vapic, monkeypatch, setting, code, words):
    monkeypatch.setenv(*setting.split("=", 1))
    ran = vapic("serve", "--prepare")

    assert (code, 1) == (ran.code, ran.err.count("\n"))
    assert words in ran.err
