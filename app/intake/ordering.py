"""In which order the faults of a document are told: as its text is read from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.faults import Fault
from app.intake.strict_json import steps


class Order:
    """The order of the places in a document; a key that is missing stands behind those there."""

    def __init__(self, document: Any) -> None:
        self._document = document
        # Of an object with very many keys each may be at fault.
        self._keys: dict[int, dict[str, int]] = {}

    def of(self, path: Iterable[str | int]) -> tuple[int, ...]:
        """Return what sorts a place behind those that are read before it."""
        value, found = self._document, []
        for step in path:
            if isinstance(value, dict):
                keys = self._keys.get(id(value)) or {key: i for i, key in enumerate(value)}
                self._keys[id(value)] = keys
                found.append(keys.get(str(step), len(keys)))
                value = value.get(step)
            elif isinstance(value, list) and int(step) < len(value):
                found.append(int(step))
                value = value[int(step)]
        return tuple(found)

    def sort(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """Return faults in the order of their places."""
        return tuple(sorted(faults, key=lambda fault: self.of(steps(fault.pointer))))
