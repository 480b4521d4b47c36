"""Requests to begin with, of every kind that the site answers, and how they are spoilt."""

import json
import random
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlencode

from app.pages.promises import EVERY
from app.settings import ROOT
from tests import pasted
from tests.measured.documents import DOCUMENT

PUBLISHED = (ROOT / "tests" / "data" / "published-urls.txt").read_text("utf-8")
LIVE = "<script>alert(1)</script>"
# What has broken parsers before: each is put somewhere, or in the place of something.
ODD = (
    "", "%00", "%0a", "%0d%0a", "%ff", "%c0%ae", "%u0000", "..", "../", "//", "\\", "%2f", "%252f", ";", "'",
    '"', "`", "{{7*7}}", "${7}", LIVE, quote(LIVE), "%e2%80%ae", "%ed%a0%80", "\u0130", "\u202e", "\ufeff",
    "0", "-1", "1e999", "NaN", "9" * 20, "9" * 5000, "0x" + "f" * 40, "[]", "[" * 3000, "{" * 3000, "(" * 300,
    "a" * 9000, "&" * 500, "=" * 500, "&at=", "at=2026-11-22.1", "at=9999-99-99", "at=0001-01-01",
    "q=(((", "q=" + "a%20OR%20" * 20, "mode=x2avic", "after=zzzz", ".txt", ".json", ".csv", ".md", ".atom",
    ".svg", ".diff", ".raw", "/since/2026-11-22.1", "/mail", "?", "#", "\x00", "\r\n", "\t", "null", "true",
    "=?utf-8?q?=00?=", "charset=utf-7", "charset=\x00", "boundary=", "multipart/mixed; boundary=b", "\n--b\n",
    "--b--", "Content-Type: message/rfc822\n\n", "Content-Transfer-Encoding: uuencode\n\n",
)  # fmt: skip
HEADERS = {
    "accept": ("text/html", "text/plain", "application/json", "text/csv", "*/*", "a/b;q=x, ,;", "*/*;q=-1"),
    "accept-encoding": ("gzip, br, zstd", "identity;q=0", "*;q=0", "gzip;q=", ",,,"),
    "authorization": ("Bearer x", "Bearer", "Basic eDp5", "Bearer \u00ff"),
    "content-encoding": ("gzip", "br", "identity", "\u00ff"),
    "content-length": ("0", "-1", "9" * 30, "x", "\u00b2"),
    "content-type": ("application/json", "text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data", "multipart/form-data; boundary=", "message/rfc822",
                     "text/plain; charset=utf-16", "text/plain; charset=rot13", "\u00ff/\u00ff"),
    "cookie": ("vapic_session=x", "vapic_session", "=;=;", "\u00ff=\u00ff"),
    "host": ("127.0.0.1:8000", "evil.example", "[::1", "a:b:c", ""),
    "if-none-match": ("*", '"x"', "W/", ","),
    "origin": ("http://127.0.0.1:8000", "http://[", "null"),
    "sec-fetch-site": ("same-origin", "cross-site", "\u00ff"),
    "user-agent": ("curl/8.5.0", "Mozilla/5.0", "w3m", ""),
    "x-forwarded-for": ("1.2.3.4", "fe80::1%eth0", "::ffff:1.2.3.4", ",,", "\u00ff"),
    "x-request-id": ("0123456789abcdef", "\u00ff", ""),
    "x-vapic-signature": ("AAAA", "U1NIU0lH" + "A" * 200, "\u00ff"),
    "hx-request": ("true",),
    "range": ("bytes=0-1", "bytes=-", "bytes=9-1,1-9"),
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request as its bytes; the path as it was before it was quoted."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def scope(self) -> dict:
        """Return it as a server hands it to an application."""
        raw = quote(self.path, safe="/%!$&'()*+,;=:@~-._", errors="replace")
        headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in self.headers.items()]
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": self.method, "path": unquote(raw), "raw_path": raw.encode(), "root_path": "",
            "query_string": self.query, "headers": headers, "client": ("192.0.2.1", 5),
            "server": ("127.0.0.1", 8000), "state": {},
        }  # fmt: skip

    def shown(self) -> str:
        """Return it for whoever wants to send it again."""
        return repr(self)[:2000]


def get(address: str, **headers: str) -> Sent:
    path, _, query = address.partition("?")
    return Sent("GET", unquote(path), query.encode(), headers=headers)


def form(path: str, **fields: str) -> Sent:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Sent("POST", path, b"", urlencode(fields).encode(), kind)


def parts(path: str, name: str, raw: bytes) -> Sent:
    """Return a form with a file."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    return Sent("POST", path, b"", head.encode() + raw + b"\r\n--b--\r\n", kind)


def real_requests() -> list[Sent]:
    """Return one of each kind: every published address, every route, and whatever is sent."""
    lines = [line.split(" ", 2)[2] for line in PUBLISHED.splitlines() if line[:1] != "#"]
    found = [get(address) for address in lines]
    found += [get(promise.path, accept="text/html") for promise in EVERY]
    raw = json.dumps(DOCUMENT).encode()
    mail = f"See http://127.0.0.1:8000/r/ldr/x2avic/write?at=2026-11-22.1\n> {LIVE}\n"
    mails = [
        pasted.mail(mail),
        pasted.mail(mail, "base64"),
        pasted.mail(mail, "quoted-printable"),
        pasted.mail(mail, kind="text/html"),
        pasted.mixed(pasted.part(mail), pasted.part(mail, "base64", "text/html")),
    ]
    kind = {"content-type": "application/json"}
    found += [Sent("POST", "/api/v1/measurements", b"dry_run=true", raw, kind)] * 8
    found += [
        Sent("POST", "/api/v1/check-mail", b"", one, {"content-type": "text/plain"})
        for one in mails
    ] * 3
    found += [parts("/check-mail", "file", one) for one in mails]
    found += [
        form("/check-mail", text=mail),
        form("/upload", text=raw.decode(), action="check"),
        form("/upload", text=raw.decode(), action="submit", token="x"),
        parts("/upload", "file", raw),
        form("/review/login", token="x"),
        form("/review/logout"),
        form("/review/0123456789ab", state="accepted", seen="pending", reason="r"),
        form("/m/0123456789ab/withdraw", secret="x", reason="y"),
        form("/wanted", cpuinfo="processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\n"),
    ]  # fmt: skip
    return found


class Spoiler:
    """Spoils requests; the same seed spoils them in the same way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.real = real_requests()

    def next(self) -> Sent:
        """Return a request, spoilt in one to five places."""
        chance = self.random
        sent = chance.choice(self.real)
        for _ in range(chance.randint(1, 5)):
            sent = chance.choice((self._path, self._query, self._header, self._body, self._method))(
                sent
            )
        return sent

    def _path(self, sent: Sent) -> Sent:
        if self.random.random() < 0.2:
            return replace(sent, path=self.random.choice(self.real).path)
        return replace(sent, path="/" + self.text(sent.path.lstrip("/")))

    def _query(self, sent: Sent) -> Sent:
        if self.random.random() < 0.4:
            others = sent.query, self.random.choice(self.real).query
            return replace(sent, query=b"&".join(filter(None, others)))
        query = self.text(sent.query.decode("latin-1")).encode("utf-8", "surrogatepass")
        # What no server lets through.
        return replace(sent, query=bytes(b for b in query if b > 0x20))

    def _header(self, sent: Sent) -> Sent:
        name = self.random.choice(list(HEADERS))
        value = self.random.choice(HEADERS[name])
        value = self.text(value) if self.random.random() < 0.2 else value
        value = "".join(c for c in value if c not in "\r\n\0")
        return replace(sent, headers={**sent.headers, name: value})

    def _method(self, sent: Sent) -> Sent:
        if self.random.random() < 0.8:
            return sent
        return replace(
            sent, method=self.random.choice(("GET", "POST", "HEAD", "PUT", "OPTIONS", "X"))
        )

    def _body(self, sent: Sent) -> Sent:
        if not sent.body and self.random.random() < 0.9:
            return sent
        return replace(sent, body=self.bytes(sent.body))

    def text(self, text: str) -> str:
        """Return a text with one thing odd."""
        return self.bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

    def bytes(self, raw: bytes) -> bytes:
        """Return bytes with one thing odd: put in, taken out, twice, in pieces, another."""
        chance = self.random
        a, b = sorted(chance.randint(0, len(raw)) for _ in range(2))
        odd = chance.choice(ODD).encode("utf-8", "surrogatepass")
        ways = {
            0: b"",
            1: raw[a:b] * chance.randint(2, 40),
            2: chance.randbytes(chance.randint(1, 8)),
            3: bytes(c ^ (1 << chance.randint(0, 7)) for c in raw[a : a + 1]) + raw[a + 1 : b],
            4: chance.choice(self.real).body[:4000],
            5: odd + raw[a:b],
        }
        return raw[:a] + ways.get(chance.randint(0, 7), odd) + raw[b:]
