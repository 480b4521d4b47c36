"""Pages: kept, known to who asks, and rendered for one request."""

from __future__ import annotations

import pickle
import sys
from contextlib import ExitStack, suppress
from itertools import product
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.bench.contestants import ANSWERS
from tests.bench.load import Asking, rates
from tests.bench.running import BROWSER, PLAIN, Figures, Run, Site, environment, ours, serving

PAGES = ("/", "/r/ldr/x2avic/write", "/api/v1/cells", "/index.csv")
ASKED = {"browser": BROWSER, "plain": PLAIN}
# What uvicorn or the connection adds to any answer.
ADDED = ("date", "connection", "server")
SORTS = ("", "name", "msr", "verdict", "reports", "-name", "-msr", "-verdict", "-reports")
FULL = tuple(f"/?sort={sort}" if sort else "/" for sort in SORTS)
# One mode and one access: a cell of four.
QUARTER = tuple(
    f"/?mode={mode}&access={access}" + (f"&sort={sort}" if sort else "")
    for mode, access, sort in product(("avic", "x2avic"), ("read", "write"), SORTS)
)


def measure(run: Run) -> Figures:
    """Return requests a second: ours by page, what is known already, theirs, and misses."""
    with ExitStack() as stack:
        kept = stack.enter_context(ours(run.database))
        none = stack.enter_context(ours(run.database, VAPIC_PAGE_CACHE_BYTES="0"))
        asked, answers = {}, {}
        for page, (way, headers) in product(PAGES, ASKED.items()):
            asked[f"{page} {way}"] = Asking(kept.address + page, headers)
            answers[f"/{way}{page}"], tag = _answer(kept, page, headers)
            if way == "browser":
                known = headers | {"If-None-Match": tag}
                asked[f"{page} 304"] = Asking(kept.address + page, known)
        for name, paths in (("full", FULL), ("quarter", QUARTER)):
            for path in paths:
                assert none.get(path) == 200, path
            asked[f"miss {name}"] = Asking(none.address, PLAIN, paths)
            asked[f"miss {name} browser"] = Asking(none.address, BROWSER, paths)
        file = run.folder / "answers"
        file.write_bytes(pickle.dumps(answers))
        known = environment(run.database) | {ANSWERS: str(file)}
        sender = stack.enter_context(serving(_contestant("sender"), known, "/plain/"))
        hello = stack.enter_context(serving(_contestant("hello"), known))
        for page, way in product(PAGES, ASKED):
            asked[f"{page} {way} sent"] = Asking(f"{sender.address}/{way}{page}", ASKED[way])
        asked["hello"] = Asking(f"{hello.address}/")
        large = len(answers["/plain/api/v1/cells"][1])
        run.told["large"] = [f"{large / 1000:.0f}"]
        return rates(run, asked)


def _contestant(name: str) -> list[str]:
    return [sys.executable, "-m", "tests.bench.contestants", name, "{port}"]


def _answer(site: Site, page: str, headers: dict[str, str]) -> tuple[tuple[list, bytes], str]:
    """Return headers and body of a page as they come, and its ETag, for which 304 is answered."""
    # Whoever asks first gets it packed in a hurry.
    site.get(page, headers)
    with urlopen(Request(site.address + page, headers=headers)) as answer:
        got, body = answer.headers, answer.read()
    with suppress(HTTPError):
        status = site.get(page, headers | {"If-None-Match": got["etag"]})
        raise SystemExit(f"{page} answers {status} to who has it.")
    more = [(k.lower().encode(), v.encode()) for k, v in got.items() if k.lower() not in ADDED]
    return (more, body), got["etag"]
