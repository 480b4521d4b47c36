"""Why AVIC is kept off: reasons by any of their names, and masks of them by kernel.

A reason has another bit in another kernel, so that a mask says nothing without its kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from app.core.facts import Inhibit, InhibitReason, PolicyReading
from app.core.knowledge import Knowledge
from app.core.releases import Release

_PREFIX = re.compile(r"(APICV_)?INHIBIT_REASON_")
_PRINTED = re.compile(r"\binhibits[=: ]+(0x[0-9a-f]{1,16})\b", re.IGNORECASE)
_MASK = re.compile(r"(?:inhibits[=: ]+)?(0x[0-9a-f]{1,16})", re.IGNORECASE)


@dataclass(frozen=True)
class Bits:
    """Kernels that were read and have the same reasons at the same bits, the oldest first."""

    trees: tuple[PolicyReading, ...]

    @property
    def inhibits(self) -> tuple[Inhibit, ...]:
        """The reasons of all of them; the lines are those of the newest."""
        return self.trees[-1].inhibits

    @property
    def name(self) -> str:
        """``6.18.15 to 7.2.13-1``."""
        first, last = self.trees[0].version, self.trees[-1].version
        return first if first == last else f"{first} to {last}"

    def bit(self, reason: InhibitReason) -> Inhibit | None:
        """Return a reason as these kernels have it, None where they do not."""
        names = {reason.name, *reason.names}
        return next((one for one in self.inhibits if one.name in names), None)

    def decode(self, mask: int) -> tuple[tuple[int, str], ...]:
        """Return the bits that a mask has set, each with its name, empty where it has none."""
        names = {one.bit: one.name for one in self.inhibits}
        return tuple((bit, names.get(bit, "")) for bit in range(64) if mask >> bit & 1)


def trees_read(knowledge: Knowledge) -> tuple[PolicyReading, ...]:
    """Return every tree in which reasons were read, the oldest first."""
    read = (r for p in knowledge.policies.values() for r in p.readings if r.inhibits)
    return tuple(sorted(read, key=lambda r: Release.to_sort(r.version)))


def group_by_bits(knowledge: Knowledge) -> tuple[Bits, ...]:
    """Return the trees in groups that have the same bits, the oldest first."""
    runs = groupby(trees_read(knowledge), lambda tree: [(i.name, i.bit) for i in tree.inhibits])
    return tuple(Bits(tuple(run)) for _, run in runs)


def find_reason(knowledge: Knowledge, name: str) -> InhibitReason | None:
    """Return a reason by its slug or any name that kernels have for it."""
    folded = _PREFIX.sub("", name.strip().upper().replace("-", "_"))
    return next((r for r in knowledge.inhibits.values() if folded in (r.name, *r.names)), None)


def mask_of(text: str) -> int | None:
    """Return the mask that a text is, ``0x200`` or ``inhibits=0x200``; None for any other."""
    match = _MASK.fullmatch(text.strip())
    return int(match[1], 16) if match else None


def printed_mask(text: str) -> str:
    """Return the mask of ``inhibits=0x200``, empty for any other: a number is a register's."""
    match = _PRINTED.search(text)
    return f"{int(match[1], 16):#x}" if match else ""


def as_data(knowledge: Knowledge) -> dict[str, list[dict[str, object]]]:
    """Return what a host is to know of reasons and bits, as plain data."""
    read = trees_read(knowledge)
    reasons: list[dict[str, object]] = []
    for reason in knowledge.inhibits.values():
        names = (reason.name, *reason.names)
        has = [any(i.name in names for i in tree.inhibits) for tree in read]
        first = has.index(True)
        before = f"before {read[0].version}, the oldest that was read"
        if first:
            before = f"not in {read[first - 1].version}, in {read[first].version}"
        reasons.append({
            "name": reason.name, "names": list(reason.names), "slug": reason.slug,
            "text": reason.text, "since": before,
            "sets": [said.text for said in reason.sets],
            "clears": [said.text for said in reason.clears],
            "settings": [{"hypervisor": s.hypervisor, "flag": s.flag, "text": s.text,
                          "ground": str(s.ground)} for s in reason.settings],
        })  # fmt: skip
    kernels: list[dict[str, object]] = [
        {
            "versions": [str(Release.find(tree.version)) for tree in bits.trees],
            "bits": {inhibit.name: inhibit.bit for inhibit in bits.inhibits},
        }
        for bits in group_by_bits(knowledge)
    ]
    return {"reasons": reasons, "kernels": kernels}


def every_bit(reason: InhibitReason, knowledge: Knowledge) -> Iterator[tuple[Bits, Inhibit | None]]:
    """Yield a reason as each group of kernels has it."""
    for bits in group_by_bits(knowledge):
        yield bits, bits.bit(reason)
