"""What all facts have in common."""

from __future__ import annotations

from typing import ClassVar

CellPattern = str
SourceId = str
# The way to a part of a fact: keys, and places in lists.
FactPath = tuple[str | int, ...]


class BaseFact:
    """Forbid keys that no field names: a typo must not be lost in silence."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
