"""A mirror written: one commit and one tag a data version; equal data give equal hashes.

Files and trees go through one `git fast-import`; commits and tags are made of them, signed where a
key is given, and become visible all at once.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.curation.seed import body_of
from app.errors import Conflict
from app.export.git.program import Repository, run
from app.export.git.reading import (
    FORMAT,
    INDEX,
    README,
    SUMS,
    HeldVersion,
    Mirror,
    NoMirror,
    SpoiltMirror,
    first_difference,
    sums_of,
)
from app.store.snapshots import Snapshot

WHO = "vAPIC Explorer <vapic-explorer@mirror.invalid>"
MAIN, NEW = "refs/heads/main", "refs/vapic/new"
# Written anew by each release; what is in them is no fact, or follows from the rest.
LOOSE = frozenset({README, SUMS})
ATTRIBUTES = ".gitattributes", b"* -text\n"
READ_ME = """# A mirror of {site}

What AMD's Table 15-22 prints of each access to a local APIC under AVIC and
x2AVIC, what holds, and what was seen on which CPU: written by `vapic export git`,
one commit and one tag for each data version.

- `r/REGISTER/MODE/ACCESS.txt` is a cell, byte for byte what
  `{site}/r/REGISTER/MODE/ACCESS.txt?at=VERSION` answers;
  `r/REGISTER/MODE/ACCESS/mail.txt` is its block for a mail.
- `index.json` names the data version, its time, the site and each register.
- `SHA256SUMS` lists every file; each tag's message has the digest of the list.

`vapic show --git DIR --at VERSION ldr/x2avic/write` and
`vapic check-mail --git DIR MAIL` answer from a clone, without the site and
without its database. `vapic verify --git DIR` checks every byte of every version;
without the program, `git fsck` and `sha256sum -c SHA256SUMS` do.

Nothing else may be committed here: what is not what the site says is refused.
"""
Files = Mapping[str, bytes]
Load = Callable[[str], Snapshot]


@dataclass(frozen=True)
class _Made:
    """A data version that is to be added."""

    name: str
    stamp: str
    reason: str
    sums: str

    @property
    def message(self) -> bytes:
        """What its commit and its tag say."""
        return (f"Data version {self.name}\n\n{self.reason}\n\n{SUMS}: {self.sums}\n").encode()


@dataclass(frozen=True)
class SiteFiles:
    """A site: its address, and what the cells of a data version say, by path."""

    site: str
    said: Callable[[Snapshot], Files]

    def files(self, snapshot: Snapshot) -> Files:
        """Return every file of a data version: what its cells say, and what describes them."""
        known = snapshot.knowledge.registers.values()
        index = {
            "format": FORMAT,
            "data_version": snapshot.name,
            "made_at": snapshot.created_at.isoformat(),
            "site": self.site,
            "registers": [{**body_of(one), "claims": []} for one in known],
        }
        files = {
            **self.said(snapshot),
            INDEX: (json.dumps(index, indent=1) + "\n").encode(),
            README: READ_ME.format(site=self.site).encode(),
            ATTRIBUTES[0]: ATTRIBUTES[1],
        }
        return {**files, SUMS: sums_of(files)}


def write_mirror(
    folder: Path, names: Sequence[str], load: Load, site: SiteFiles, key: Path | None
) -> list[str]:
    """Add the data versions that a mirror lacks, and return their names.

    ``names`` are all of them, oldest first; ``load`` reads one when its turn comes. Raises
    NoMirror for a folder that holds anything else, SpoiltMirror with the place of a byte that is
    not what would be written, Conflict, GitFailed.
    """
    last = _open_mirror(folder)
    repository = Repository(folder)
    if last and last.name not in names:
        raise Conflict(
            f"{folder} holds data version {last.name}, which is not there: it is a "
            "mirror of something else."
        )
    if last:
        _hold_last(last, site.files(load(last.name)))
        names = names[names.index(last.name) + 1 :]
    if not names:
        return []
    made = _import_trees(repository, map(load, names), site, last)
    _commit_trees(repository, made, last, key)
    if not repository.bare:
        repository.run("reset", "--quiet", "--hard", MAIN)
    repository.run("gc", "--auto", "--quiet")
    return [version.name for version in made]


def _open_mirror(folder: Path) -> HeldVersion | None:
    """Return the last version of a mirror, None for a new one. Raises NoMirror, SpoiltMirror."""
    repository = Repository(folder)
    if not repository.there:
        if folder.exists() and any(folder.iterdir()):
            raise NoMirror(f"{folder} holds something else; an empty folder or a new one will do.")
        folder.mkdir(parents=True, exist_ok=True)
        repository.make()
    mirror = Mirror(folder)
    main = repository.line("for-each-ref", MAIN, "--format=%(objectname)")
    if not main and not mirror.tags:
        others = repository.line("for-each-ref", "--count=1", "--format=%(refname)")
        if others or (not repository.bare and len([*folder.iterdir()]) > 1):
            raise NoMirror(f"{folder} holds something else; an empty folder or a new one will do.")
        # A repository that somebody made may begin with another branch.
        repository.run("symbolic-ref", "HEAD", MAIN)
        return None
    mirror.hold_tree()
    last = mirror.read()
    if main != last.commit or repository.line("symbolic-ref", "--quiet", "HEAD") != MAIN:
        raise SpoiltMirror(
            f"{folder}: found another commit on main, or another branch checked "
            f"out, than that of data version {last.name}."
        )
    return last


def _hold_last(last: HeldVersion, files: Files) -> None:
    """Hold the last version of a mirror against what would be written. Raises SpoiltMirror."""
    for path in sorted({*last.files, *files} - LOOSE):
        place = f"{last.name}:{path}"
        if path not in files or path not in last.files:
            found = "a file that is not there today" if path in last.files else "no such file"
            raise SpoiltMirror(f"{place}: found {found}. Nothing was written.")
        if difference := first_difference(last.files[path], files[path]):
            raise SpoiltMirror(
                f"{place}:{difference}. Nothing was written; a site with another "
                "address or another release has a mirror of its own."
            )


def _import_trees(
    repository: Repository, snapshots: Iterable[Snapshot], site: SiteFiles, last: HeldVersion | None
) -> list[_Made]:
    """Import the trees of data versions, one commit each behind NEW. Returns what was imported."""
    made: list[_Made] = []
    before: Files = last.files if last else {}
    with repository.importing() as process:
        assert process.stdin is not None  # noqa: S101 - asked for by whoever started it
        write = process.stdin.write
        write(f"reset {NEW}\n{f'from {last.commit}' if last else ''}\n".encode())
        for snapshot in snapshots:
            files = site.files(snapshot)
            stamp = f"{WHO} {int(snapshot.created_at.timestamp())} +0000"
            sums = sha256(files[SUMS]).hexdigest()
            made.append(_Made(snapshot.name, stamp, snapshot.version.reason, sums))
            write(f"commit {NEW}\ncommitter {stamp}\ndata 0\n".encode())
            for piece in _changes(before, files):
                write(piece)
            before = files
        write(b"done\n")
    return made


def _changes(before: Files, files: Files) -> Iterator[bytes]:
    yield from (f"D {path}\n".encode() for path in sorted({*before} - {*files}))
    for path, data in sorted(files.items()):
        if before.get(path) != data:
            yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def _commit_trees(
    repository: Repository, made: list[_Made], last: HeldVersion | None, key: Path | None
) -> None:
    """Make the commits and tags of what was imported, and show them all at once."""
    trees = repository.line(
        "log", "--reverse", "--format=%T", f"--max-count={len(made)}", NEW
    ).split()
    parent = last.commit if last else ""
    told = [f"delete {NEW}"]
    for version, tree in zip(made, trees, strict=True):
        parent = _store_object(repository, "commit", _commit_body(version, tree, parent, key))
        tag = _store_object(repository, "tag", _tag_body(version, parent, key))
        told.append(f"create refs/tags/{version.name} {tag}")
    told.append(f"update {MAIN} {parent} {last.commit if last else '0' * 40}")
    repository.run("update-ref", "--stdin", given="".join(f"{t}\n" for t in told).encode())


def _commit_body(version: _Made, tree: str, parent: str, key: Path | None) -> bytes:
    """Return a commit of a tree behind its parent, signed where there is a key."""
    stamps = f"author {version.stamp}", f"committer {version.stamp}"
    lines = [f"tree {tree}", f"parent {parent}" if parent else "", *stamps]
    head = "".join(f"{line}\n" for line in lines if line).encode()
    if key:
        signature = _signature(key, head + b"\n" + version.message).decode().rstrip("\n")
        head += f"gpgsig {signature.replace(chr(10), chr(10) + ' ')}\n".encode()
    return head + b"\n" + version.message


def _tag_body(version: _Made, commit: str, key: Path | None) -> bytes:
    """Return the tag of a data version on its commit, signed where there is a key."""
    head = f"object {commit}\ntype commit\ntag {version.name}\ntagger {version.stamp}\n\n"
    tag = head.encode() + version.message
    return tag + _signature(key, tag) if key else tag


def _store_object(repository: Repository, kind: str, data: bytes) -> str:
    return repository.line("hash-object", "-t", kind, "-w", "--stdin", given=data)


def _signature(key: Path, data: bytes) -> bytes:
    """Return an SSH signature as git makes it, in the namespace that it checks."""
    with tempfile.TemporaryDirectory(prefix="vapic-") as folder:
        file = Path(folder) / "signed"
        file.write_bytes(data)
        run("ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key), str(file))
        return file.with_suffix(".sig").read_bytes()
