"""Copy a whole site into a folder: ask for each page once, then give it its links."""

from __future__ import annotations

import json
import posixpath
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from app.errors import AppError, Conflict
from app.export.site.addresses import HTML, CopiedSite, file_of, relative
from app.export.site.page import CopiedPage

MARKER = "vapic-copy.json"
# As a browser asks; nothing is packed, since it would be unpacked at once.
ASKED = {"accept": HTML, "accept-encoding": "identity"}


class CopyFailed(AppError):
    """The site could not be copied whole."""

    code = "copy-failed"


@dataclass
class Copied:
    """What was found: files by path, where aliases lead, and what only the site answers."""

    site: CopiedSite
    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)

    def take(self, path: str, answer: httpx2.Response) -> Iterable[str]:
        """Keep what the site answered to a path, and return the links in it."""
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if answer.has_redirect_location:
            self.aliases[path] = urljoin(path, answer.headers["location"])
            return [self.aliases[path]]
        if answer.is_server_error:
            said = f"The site answered {answer.status_code} to {path}; nothing was written."
            raise CopyFailed(said)
        if answer.status_code != HTTPStatus.OK:
            self.left[path] = answer.status_code
            return []
        self.files[path] = file_of(path, media_type)
        _write(self.folder / self.files[path], answer.content)
        if media_type != HTML:
            return []
        self.pages.add(path)
        return dict.fromkeys(self._page(path).links)

    def _page(self, path: str) -> CopiedPage:
        """Return a page as it came; there may be more of them than memory holds."""
        html = (self.folder / self.files[path]).read_bytes().decode()
        return CopiedPage(html, partial(self.site.form, path))

    def write_pages(self) -> None:
        """Write the pages anew, whose links need to know what was copied."""
        for path in self.pages:
            file = self.files[path]
            written = self._page(path).render(partial(self._link, path, file))
            _write(self.folder / file, written.encode())

    def _link(self, page: str, file: str, link: str) -> str:
        target = self.site.target(page, link)
        if not target.startswith("/"):
            return target or link
        path, _, fragment = target.partition("#")
        while path in self.aliases:
            path, _, inner = self.aliases[path].partition("#")
            fragment = inner or fragment
        # A page for doing something is wanted as it is now, not as it was.
        found = self.site.address + path
        if path in self.files:
            found = relative(posixpath.dirname(file), self.files[path])
        return f"{found}#{fragment}" if fragment else found


async def copy_site(
    application: Callable[..., Awaitable[None]],
    site: CopiedSite,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Copied:
    """Write every page that can be reached from ``/`` into a new folder.

    ``progress`` is told how many addresses are done and how many are known. Raises
    CopyFailed when the application fails, Conflict when the folder holds something else.
    """
    transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
    with _new_folder(folder) as made:
        copied = Copied(site, made)
        waiting, known = deque(["/"]), {"/"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=ASKED
        ) as client:
            while waiting:
                path = waiting.popleft()
                for link in copied.take(path, await client.get(path)):
                    target = site.target(path, link).partition("#")[0]
                    if target.startswith("/") and target not in known:
                        known.add(target)
                        waiting.append(target)
                progress(len(known) - len(waiting), len(known))
        copied.write_pages()
        of = {"data_version": site.version, "site": site.address}
        marker = {"format": 1, **of, "files": len(copied.files)}
        _write(made / MARKER, f"{json.dumps(marker, indent=1)}\n".encode())
    return copied


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one, which takes its place at the end and not before."""
    folder = folder.resolve()
    new, old = (folder.with_name(f"{folder.name}.{end}") for end in ("partial", "old"))
    for path in (folder, new, old):
        _refuse_foreign(path)
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    # From the first moment on, what is left behind can be told from anything else.
    _write(new / MARKER, b"{}\n")
    try:
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    """Raise Conflict when a folder holds what we did not write."""
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file; name a folder.")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise Conflict(f"{folder} holds files that no export wrote; name an empty folder.")
