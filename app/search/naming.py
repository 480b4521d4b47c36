"""What a name means: the one thing, or the few, that are called so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.core import inhibits
from app.core.facts import Source
from app.core.kernels import find_covering
from app.core.knowledge import Knowledge
from app.core.words import Access, Mode
from app.curation import aliases
from app.errors import NotFound
from app.search.model import split_words

# Fewer digits of a commit are a number like any other.
SHORTEST_COMMIT = 7
_DIFFERENCE = re.compile(r"d(?:-|/)(\d+)", re.IGNORECASE)
# A commit has forty digits, the digest of a measurement sixty-four.
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORTEST_COMMIT},64}}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^/]+(?P<path>/.*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a name means: the entry's kind and key, and its address (with a member's anchor)."""

    kind: str
    key: str
    path: str = ""


def find_named(text: str, knowledge: Knowledge) -> tuple[Named, ...]:
    """Return everything that has exactly this name, usually one thing or nothing.

    Names are those of registers, cells (``ldr/x2avic/write``), differences (``D-3``), errata ...;
    of sources their id, Message-ID, address or commit.
    """
    ours = own_path(text)
    setting = ours.partition("=")[0].strip("-+")
    if not aliases.find_alias(ours) and aliases.find_alias(setting):
        # A flag has its value behind it.
        ours = setting
    folded = re.sub(r"^errat(um|a) ", "", ours.lower())
    note = called.to.partition("#note-")[2] if (called := aliases.find_alias(ours)) else ""
    found = [*_of_cells(ours, knowledge)] if not note else []
    if (match := _DIFFERENCE.fullmatch(ours)) and match[1] in knowledge.differences:
        found.append(Named("difference", match[1]))
    of_others = {
        "difference": (slug for slug in knowledge.departures if slug == folded.removeprefix("e/")),
        "erratum": (
            e.slug for e in knowledge.errata.values() if folded in (e.slug, e.number, *e.aliases)
        ),
        "family": (family for family in (aliases.family_slug(ours, knowledge),) if family),
        "policy": (p for p in knowledge.policies if _slug(p) == _slug(ours)),
        "annotation": (a for a in knowledge.annotations if a in (folded, note)),
        "page": (c.key for c in (called,) if c and not note and (c.title or "/docs" in c.to)),
        "inhibit": (r for r in (aliases.reason_slug(ours, knowledge),) if r),
        "source": (s.id for s in knowledge.sources.values() if _is_source(text, s)),
    }
    found += [Named(kind, key) for kind, keys in of_others.items() for key in keys]
    if mask := inhibits.printed_mask(text):
        found.append(Named("page", "/inhibit", f"/inhibit/{mask}"))
    found += _of_releases(ours, knowledge)
    return tuple({(n.kind, n.key): n for n in found}.values())


def own_path(text: str) -> str:
    """Return the tail of one of our own addresses, and any other text as it is."""
    match = _ADDRESS.fullmatch(text)
    path = (match["path"] or "").partition("?")[0] if match else text
    for prefix in ("/r/", "/errata/", "/c/", "/m/", "/policy/", "/inhibit/", "/"):
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return path


def _of_cells(text: str, knowledge: Knowledge) -> Iterator[Named]:
    name, *rest = text.replace("/", " ").split() or [""]
    mode_access = "/".join(rest).lower()
    whole = mode_access in {f"{mode}/{access}" for mode in Mode for access in Access}
    try:
        found = aliases.find_register(name if whole else text, knowledge.registers)
    except NotFound:
        return
    if whole:
        yield Named("cell", f"{found.register.slug}/{mode_access}")
    else:
        yield Named("register", found.register.slug, found.path)


def _of_releases(text: str, knowledge: Knowledge) -> Iterator[Named]:
    """Yield what covers a release; a bare number behind the newest is a section's."""
    found = find_covering(knowledge, text)
    known = (r.begins.major for p in knowledge.policies.values() for r in p.ranges)
    if found and found.held and (text[:1].isalpha() or found.release.major <= max(known)):
        yield Named("policy", found.held[-1][0].slug, f"/policy/{found.slug}")


def _slug(text: str) -> str:
    return "-".join(split_words(text)).lower()


def _is_source(text: str, source: Source) -> bool:
    # Lists and repositories have many addresses that end in the same Message-ID or commit.
    last = text.removeprefix("<").removesuffix(">").rstrip("/").rpartition("/")[2]
    commit = source.commit.lower()
    if commit and _DIGEST.fullmatch(last):
        # The seed holds twelve digits or more; somebody may paste all forty.
        return commit.startswith(last.lower()) or last.lower().startswith(commit)
    same_page = bool(source.url) and text.rstrip("/") == source.url.rstrip("/")
    return same_page or (bool(last) and last in (source.id, source.message_id))
