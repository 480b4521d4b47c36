"""What a kind of page is: how its address reads, and how the page of an address is found."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from app.core.choices import read_choices
from app.core.knowledge import Knowledge
from app.pens.page import Page
from app.store.snapshots import Snapshot

_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Address:
    """What is asked of a snapshot: the parts of an address, and its query without the pin.

    ``read`` holds what a kind looked at, of this one or a copy: who never does takes no key.
    """

    snapshot: Snapshot
    parts: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    read: set[str] = field(default_factory=set)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The query, for a kind that says what each key of it means."""
        self.read.add("query")
        return self.query

    @property
    def knowledge(self) -> Knowledge:
        """What is known."""
        return self.snapshot.knowledge

    def refuse_unread(self) -> None:
        """Raise InvalidFilter for any key that nobody looked at: the page has no filter."""
        if not self.read:
            read_choices(self.query, {})


class PageKind(ABC):
    """A kind of page.

    ``pattern`` is its address with its parts in braces, ``promise`` says in a few words what
    stands there for ever, ``twins`` names the formats besides HTML. ``lists`` when people may
    name it without the slash (``vapic diff ... corrected``).
    """

    pattern: ClassVar[str]
    promise: ClassVar[str]
    twins: ClassVar[str]
    lists: ClassVar[bool] = False

    @abstractmethod
    def find(self, asked: Address) -> Page:
        """Return the page of an address, at its canonical one. Raises NotFound, InvalidFilter."""

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """What a path of this kind matches; each part by its name."""
        pieces = _PART.split(self.pattern)
        return re.compile(
            "".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(pieces))
        )
