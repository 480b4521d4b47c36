"""Links that a mail gateway or a redirector rewrote, and the addresses that they lead to."""

from __future__ import annotations

import binascii
import re
import string
from base64 import urlsafe_b64decode
from urllib.parse import parse_qsl, unquote, urlsplit

WEB = ("http://", "https://")
# A gateway may have rewritten what another one had.
NESTED = 3
# Proofpoint. Version 2 writes - for %, and _ for /. Version 3 puts * for a character that it
# does not like, ** and a letter for several, and keeps them behind the address in base64.
V2 = str.maketrans("-_", "%/")
V3 = re.compile(r"/v3/__(?P<url>.+?)__;(?P<kept>[\w=-]*)!", re.IGNORECASE)
STARS = re.compile(r"\*(?:\*(.))?")
RUNS = {c: n for n, c in enumerate(f"{string.ascii_letters[26:]}{string.ascii_letters[:26]}"
                                   f"{string.digits}-_", 2)}  # fmt: skip
ONE_SLASH = re.compile(r"(https?:/)(?=[^/])", re.IGNORECASE)
# Parameters in which redirectors say where they lead, in base64 too; `q` of none but these paths.
LEADING = ("url", "u", "a", "target", "dest", "destination", "redirect", "to", "link", "d", "uddg")
ASKED = ("/url", "/redirect")
REWRITTEN = re.compile(
    rf"/v3/__|[?&;](?:q|{'|'.join(LEADING)})=(?:https?[:%-]|(?:a1)?aHR0c)|/https?(?:%3A|:/)",
    re.IGNORECASE,
)


def is_rewritten(text: str) -> bool:
    """Whether a link may be one that leads to another one."""
    return bool(REWRITTEN.search(text))


def led_to(url: str) -> str:
    """Return the address that a rewritten link leads to; any other one as it is."""
    for _ in range(NESTED):
        inner = _inside(url.replace("&amp;", "&")) if is_rewritten(url) else ""
        if not inner:
            break
        url = inner
    return url


def _inside(url: str) -> str:
    if match := V3.search(url):
        return _version_3(match["url"], match["kept"])
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    asked = dict(parse_qsl(parts.query))
    if parts.path.endswith("/v2/url") and "u" in asked:
        return unquote(asked["u"].translate(V2))
    names = ("q", *LEADING) if parts.path.endswith(ASKED) else LEADING
    told = (_plain(asked.get(name, "")) for name in names)
    found = next((url for url in told if url.startswith(WEB)), "")
    if found:
        return found
    # Some put the whole address behind their own path, archives as it stands.
    at = re.search(r"(?<=/)https?(?P<as_is>:/)?(?(as_is)|%3A)", url[8:], re.IGNORECASE)
    if not at:
        return ""
    kept = url[8 + at.start() :]
    return ONE_SLASH.sub(r"\1/", kept) if at["as_is"] else unquote(kept.partition("?")[0])


def _plain(url: str) -> str:
    """Return a parameter without its base64, before which one puts ``a1``."""
    kept = url.removeprefix("a1")
    if not kept.startswith("aHR0c"):
        return url
    try:
        return urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return url


def _version_3(url: str, kept: str) -> str:
    try:
        rest = iter(urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError):
        rest = iter("")

    def several(match: re.Match[str]) -> str:
        count = RUNS.get(match[1], 1) if match[1] else 1
        return "".join(next(rest, "*") for _ in range(count))

    return STARS.sub(several, ONE_SLASH.sub(r"\1/", url))
