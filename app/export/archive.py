"""Everything that was ever public up to one data version, as plain values in a fixed order.

What an export holds and what a copy of the site is served from. It has no place for tokens,
secrets or signatures.
"""

from __future__ import annotations

from dataclasses import dataclass

# The format of an export, in the JSON document and in the SQLite file alike.
FORMAT = 1


@dataclass(frozen=True)
class PastVersion:
    """One data version; ``created_at`` is RFC 3339 in UTC."""

    id: int
    name: str
    created_at: str
    reason: str


@dataclass(frozen=True)
class PastFact:
    """One fact for the versions from ``since`` up to but not ``until``; None means: still.

    ``body`` is JSON with sorted keys and no spaces, as the database keeps it.
    """

    kind: str
    key: str
    since: int
    until: int | None
    origin: str
    body: str


@dataclass(frozen=True)
class PastDocument:
    """The bytes of a measurement as they came.

    They are empty when they hold a contact that is withheld: the page of the site still
    has them, but copies do not spread them.
    """

    digest: str
    slug: str
    received_at: str
    raw: bytes


@dataclass(frozen=True)
class PastDecision:
    """One decision on a measurement; ``version`` is the id of the data version that it made."""

    slug: str
    state: str
    reason: str
    decided_at: str
    decided_by: str
    version: int


@dataclass(frozen=True)
class Archive:
    """Everything up to the last of ``versions``, oldest first."""

    versions: tuple[PastVersion, ...]
    facts: tuple[PastFact, ...]
    documents: tuple[PastDocument, ...]
    decisions: tuple[PastDecision, ...]
    verdicts: tuple[tuple[str | int, ...], ...]

    @property
    def version(self) -> PastVersion:
        """The data version that it is of."""
        return self.versions[-1]
