"""Copy a whole site into a folder: ask for each page once, then write it with its links."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from app.errors import AppError, Conflict
from app.export.site.addresses import HTML, CopiedSite, LinkTarget, file_of, relative
from app.export.site.page import CopiedPage, take_apart

MARKER = "vapic-copy.json"
# As a browser asks; nothing is packed, since it would be unpacked at once.
ASKED = {"accept": HTML, "accept-encoding": "identity"}
Progress = Callable[[int, int], None]
Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class CopyFailed(AppError):
    """The site could not be copied whole."""

    code = "copy-failed"


@dataclass
class Copied:
    """What was found: files by path, where aliases lead, and what only the site answers."""

    files: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    pages: dict[str, CopiedPage] = field(default_factory=dict)


async def copy_site(
    application: Application, site: CopiedSite, folder: Path, progress: Progress
) -> Copied:
    """Write every page that can be reached from ``/`` into a new folder.

    ``progress`` is told how many addresses are done and how many are known. Raises
    CopyFailed when the application fails, Conflict when the folder holds something else.
    """
    with _new_folder(folder) as partial:
        async with _running(application) as client:
            copied = await _crawl(client, site, partial, progress)
        for path, page in copied.pages.items():
            _write(partial / copied.files[path], _html(page, path, copied, site))
        marker = {"format": 1, "data_version": site.version, "site": site.address,
                  "files": len(copied.files)}  # fmt: skip
        _write(partial / MARKER, json.dumps(marker, indent=1) + "\n")
    return copied


@asynccontextmanager
async def _running(application: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that runs in this process, from its start to its end."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    answers: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    life = asyncio.ensure_future(application(scope, told.get, answers.put))
    await told.put({"type": "lifespan.startup"})
    await answers.get()
    transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://static", headers=ASKED
        ) as client:
            yield client
    finally:
        await told.put({"type": "lifespan.shutdown"})
        await life


async def _crawl(
    client: httpx2.AsyncClient, site: CopiedSite, folder: Path, progress: Progress
) -> Copied:
    copied = Copied()
    waiting, known = deque(["/"]), {"/"}
    while waiting:
        path = waiting.popleft()
        answer = await client.get(path)
        for target in _take(path, answer, copied, site, folder):
            if not target.live and target.path not in known:
                known.add(target.path)
                waiting.append(target.path)
        progress(len(known) - len(waiting), len(known))
    return copied


def _take(
    path: str, answer: httpx2.Response, copied: Copied, site: CopiedSite, folder: Path
) -> Iterator[LinkTarget]:
    """Keep an answer, and return where it leads."""
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.has_redirect_location:
        copied.aliases[path] = urljoin(path, answer.headers["location"])
        links = [answer.headers["location"]]
    elif answer.is_server_error:
        raise CopyFailed(f"The site answered {answer.status_code} to {path}; nothing was written.")
    elif answer.status_code != HTTPStatus.OK:
        copied.left[path] = answer.status_code
        links = []
    elif media_type == HTML:
        page = take_apart(answer.content.decode(), lambda *form: site.form(path, *form))
        copied.files[path] = file_of(path, HTML)
        copied.pages[path] = page
        links = list(dict.fromkeys(page.links))
    else:
        copied.files[path] = file_of(path, media_type)
        _write(folder / copied.files[path], answer.content)
        links = []
    return (target for link in links if (target := site.target(path, link)))


def _html(page: CopiedPage, path: str, copied: Copied, site: CopiedSite) -> str:
    here = copied.files[path]

    def resolve(link: str) -> str:
        target = site.target(path, link)
        return link if target is None else _link(here, target, copied, site)

    return page.render(resolve)


def _link(here: str, target: LinkTarget, copied: Copied, site: CopiedSite) -> str:
    if target.live:
        return target.live
    path, fragment = target.path, target.fragment
    while path in copied.aliases:
        parts = urlsplit(copied.aliases[path])
        path, fragment = parts.path, f"#{parts.fragment}" if parts.fragment else fragment
    if path in copied.files:
        return relative(here, copied.files[path]) + fragment
    # A page for doing something is wanted as it is now, not as it was.
    return f"{site.address}{path}{fragment}"


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one, which takes its place at the end and not before."""
    folder = folder.resolve()
    partial, old = (
        folder.with_name(f"{folder.name}.partial"),
        folder.with_name(f"{folder.name}.old"),
    )
    for path in (folder, partial, old):
        _refuse_foreign(path)
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        # From the first moment on, what is left behind can be told from anything else.
        _write(partial / MARKER, "{}\n")
        yield partial
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    """Raise Conflict when a folder holds what we did not write."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Conflict(f"{folder} is a file; name a folder.")
    if any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise Conflict(f"{folder} holds files that no export wrote; name an empty folder.")
