"""Which names of this site a request may use: whatever else points here is not served.

No link and no redirect is made of what a request calls us; this keeps a name of somebody else's,
which leads a browser here, from being a site of its own.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Settings
from app.web.errors import Refusal

STATUS = 421
# The longest name there is, and a port.
LONGEST_HOST = 260
# A supervisor asks by whatever address a process has; nothing is shown there.
ANY_NAME = frozenset({"/healthz", "/readyz"})


class Hosts:
    """Refuses what is meant for another site. HTTP/1.0 may name none."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._ours = settings.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] not in ANY_NAME:
            for name, value in scope["headers"]:
                if name == b"host" and not self._is_ours(value.decode("latin-1")):
                    accepted = Headers(scope=scope).get("accept", "")
                    refused = _HTML if "text/html" in accepted else _TEXT
                    await refused(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        return host in self._ours or (len(host) <= LONGEST_HOST and _name(host) in self._ours)


@lru_cache(100)
def _name(host: str) -> str:
    """Return the name that a request calls us by, without a port; empty where that is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


_SAID = Refusal(
    STATUS,
    "other-host",
    "This site does not have the name that the request calls it by. Whoever runs it names it "
    "in VAPIC_BASE_URL, and further names in VAPIC_ALLOWED_HOSTS.",
)
# The page leads nowhere and loads nothing: by that name nothing is served, styles neither.
_STYLE = (
    ":root{color-scheme:light dark;font:1.1rem/1.5 system-ui,sans-serif}"
    "body{max-width:36rem;margin:12vh auto;padding:0 1rem}"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_SAID.title} \u00b7 vAPIC Explorer</title>
<style>{_STYLE}</style>
<h1>{_SAID.title}</h1>
<p>{_SAID.message}</p>
</html>
"""
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_BARE = {"x-content-type-options": "nosniff", "vary": "Accept"}
_TEXT = PlainTextResponse(_SAID.text(), STATUS, _BARE)
_HTML = HTMLResponse(_PAGE, STATUS, _BARE | {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; "
                               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
})  # fmt: skip
