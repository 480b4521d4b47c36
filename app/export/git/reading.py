"""A mirror read: every byte is held against the hashes of git, its own list, and its version.

Nothing is read out of the working tree: what stands there is held against what was committed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

from app.errors import AppError, NotFound
from app.export.git.program import GitFailed, Repository

FORMAT = 1
INDEX, SUMS, README = "index.json", "SHA256SUMS", "README.md"
VERSION = re.compile(r"\d{4}-\d\d-\d\d\.\d+")
TREE, SYMLINK = "40000", "120000"
OTHERWISE = "Only `vapic export git` adds to a mirror."


class NoMirror(AppError):
    """A folder that is no mirror."""

    code = "no-mirror"


class SpoiltMirror(AppError):
    """A mirror in which something is not what was written; the message names the place."""

    code = "spoilt-mirror"


@dataclass(frozen=True)
class HeldVersion:
    """A data version as a mirror holds it: its files by path, each whole and as it was written."""

    name: str
    commit: str
    parent: str
    files: Mapping[str, bytes]

    @cached_property
    def index(self) -> Mapping[str, Any]:
        """What the version says of itself: format, site, names of registers."""
        found: Mapping[str, Any] = json.loads(self.files[INDEX])
        return found


class Mirror:
    """A clone of a mirror, or the mirror itself; ``signers`` is a file of allowed signers."""

    def __init__(self, folder: Path, signers: Path | None = None) -> None:
        self.repository = Repository(folder)
        self._folder = folder
        self._signers = signers
        if not self.repository.there:
            raise NoMirror(f"{folder} is no git repository. `vapic export git {folder}` makes one.")

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """The object of each data version's tag, oldest version first."""
        words = "%(refname:strip=2) %(objectname)"
        lines = self.repository.line("for-each-ref", "refs/tags", f"--format={words}").splitlines()
        found = dict(line.split(" ") for line in lines)
        names = sorted(filter(VERSION.fullmatch, found), key=_order)
        return {name: found[name] for name in names}

    def name_of(self, at: str = "") -> str:
        """Return the version that a name or a date means, the newest without one.

        Raises NotFound, and NoMirror where there is none at all.
        """
        if not self.tags:
            raise NoMirror(f"{self._folder} has no tag of a data version: it is no mirror.")
        found = [name for name in self.tags if at in ("", name, name.partition(".")[0])]
        if not found:
            newest = [*self.tags][-1]
            said = f"This clone has no data version {at!r}; {newest} is its newest."
            raise NotFound(said, hints=(newest,))
        return found[-1]

    def read(self, at: str = "") -> HeldVersion:
        """Return a version, every byte of it checked. Raises NotFound, NoMirror, SpoiltMirror."""
        name = self.name_of(at)
        _, tag = self._object(self.tags[name], "tag", name)
        head, _, message = tag.partition(b"\n\n")
        fields = _fields(head)
        if fields.get("tag") != name or fields.get("type") != "commit":
            raise SpoiltMirror(f"tag {name}: found a tag of something else. {OTHERWISE}")
        self._signed(name)
        _, commit = self._object(fields["object"], "commit", f"{name}: its commit")
        made = _fields(commit.partition(b"\n\n")[0])
        files = dict(self._files(name, made["tree"]))
        held = HeldVersion(name, fields["object"], made.get("parent", ""), files)
        _agrees(held, message)
        return held

    def versions(self) -> Iterator[HeldVersion]:
        """Yield every version, oldest first, each checked and the child of the one before."""
        before = ""
        for name in self.tags:
            held = self.read(name)
            if held.parent != before:
                raise SpoiltMirror(
                    f"{name}: found a commit with another parent than the version "
                    f"before. {OTHERWISE}"
                )
            before = held.commit
            yield held

    def hold_tree(self) -> None:
        """Hold the working tree against the version that is checked out, else the newest.

        Raises SpoiltMirror with the first place that differs.
        """
        if self.repository.bare:
            return
        out = self.repository.line("tag", "--points-at", "HEAD").splitlines()
        held = self.read(next(filter(VERSION.fullmatch, out), ""))
        mend = f"`git -C {self._folder} checkout {held.name} -- .` puts it back."
        for path, data in sorted(held.files.items()):
            place = self._folder / path
            if place.is_symlink() or not place.is_file():
                raise SpoiltMirror(f"{place}: found no such file, as {held.name} has one. {mend}")
            if difference := first_difference(place.read_bytes(), data):
                raise SpoiltMirror(f"{place}:{difference} as in {held.name}. {mend}")

    def _object(self, name: str, kind: str, place: str) -> tuple[str, bytes]:
        found = self.repository.objects([name])
        if not found:
            raise SpoiltMirror(f"{place}: found no {name} that has this hash. Clone it again.")
        if found[0][0] != kind:
            raise SpoiltMirror(f"{place}: found a {found[0][0]}, expected a {kind}. {OTHERWISE}")
        return found[0]

    def _files(self, version: str, tree: str) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a tree; a folder at a time would take a program for each."""
        waiting = {"": (tree, TREE)}
        while waiting:
            found = self.repository.objects([name for name, _ in waiting.values()])
            if len(found) < len(waiting):
                path = [*waiting][len(found)]
                raise SpoiltMirror(
                    f"{version}:{path}: found an object that is gone or has another "
                    "hash than the one that names it. Clone it again."
                )
            here, waiting = waiting, {}
            for (path, (_, mode)), (kind, data) in zip(here.items(), found, strict=True):
                if kind == "tree":
                    waiting |= {f"{path}{name}": rest for name, rest in _entries(data)}
                elif kind == "blob" and mode != SYMLINK:
                    yield path, data

    def _signed(self, name: str) -> None:
        """Hold the signature of a tag against the keys that are allowed, where some are."""
        if self._signers is None:
            return
        keys = f"gpg.ssh.allowedSignersFile={self._signers.resolve()}"
        settings = ("gpg.format=ssh", "gpg.ssh.program=ssh-keygen", keys)
        words = [word for one in settings for word in ("-c", one)]
        try:
            self.repository.run(*words, "verify-tag", name)
        except GitFailed as error:
            message = f"tag {name}: found no signature of an allowed key ({error.message})."
            raise SpoiltMirror(message) from None


def first_difference(found: bytes, expected: bytes) -> str:
    """Return where bytes are first others, and which; empty where they are the same."""
    if found == expected:
        return ""
    lines = zip_longest(found.splitlines(True), expected.splitlines(True), fillvalue=b"")
    for number, (is_, was) in enumerate(lines, 1):
        if is_ != was:
            column = next((n for n, (a, b) in enumerate(zip_longest(is_, was), 1) if a != b), 1)
            is_text, was_text = (x.decode("utf-8", "replace").rstrip("\n") for x in (is_, was))
            return f"{number}:{column}: found {is_text!r}, expected {was_text!r}"
    return ""


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the list of files as `sha256sum -c` takes it."""
    lines = (
        f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items())
    )
    return "".join(lines).encode()


def _agrees(held: HeldVersion, message: bytes) -> None:
    """Hold a version's files against its list, and both against its name. Raises SpoiltMirror."""
    name = held.name
    if INDEX not in held.files or held.index.get("format") != FORMAT:
        raise NoMirror(
            f"{name}: found no {INDEX} of format {FORMAT}: it is no mirror of this site."
        )
    others = {path: data for path, data in held.files.items() if path != SUMS}
    listed = held.files.get(SUMS, b"")
    now = dict(line.split("  ", 1)[::-1] for line in sums_of(others).decode().splitlines())
    then = dict(line.split("  ", 1)[::-1] for line in listed.decode().splitlines())
    if wrong := next((p for p in sorted({*now, *then}) if now.get(p) != then.get(p)), ""):
        raise SpoiltMirror(f"{name}:{wrong}: found other bytes than {SUMS} lists. {OTHERWISE}")
    if hashlib.sha256(listed).hexdigest().encode() not in message:
        raise SpoiltMirror(f"{name}:{SUMS}: found another list than the tag names. {OTHERWISE}")
    pins = (
        p for p, data in others.items() if p.endswith(".txt") and f"at={name}".encode() not in data
    )
    if held.index["data_version"] != name or (wrong := next(pins, "")):
        place = wrong or INDEX
        raise SpoiltMirror(f"{name}:{place}: found the text of another data version. {OTHERWISE}")


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "replace").splitlines()
    return {key: value for key, _, value in (line.partition(" ") for line in reversed(lines))}


def _entries(tree: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the names in a tree, a folder's with a slash behind it, and what each is."""
    start, size = 0, 20
    while start < len(tree):
        end = tree.index(b"\0", start)
        mode, _, name = tree[start:end].decode("utf-8", "replace").partition(" ")
        start = end + 1 + size
        yield f"{name}/" if mode == TREE else name, (tree[end + 1 : start].hex(), mode)


def _order(name: str) -> tuple[str, int]:
    day, _, number = name.partition(".")
    return day, int(number)
