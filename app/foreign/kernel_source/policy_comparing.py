"""Two policies side by side, of trees or of the seed: what differs, and where each side says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from app.core.facts import Inhibit, Policy, PolicyReading
from app.core.knowledge import Knowledge
from app.core.numbers import Span
from app.core.policy_rows import MsrRow, TrapRow, policy_table
from app.core.words import Access
from app.pages.policy_text import msrs_section, traps_line
from app.pens.parts import Field, Item, Para, Passage, Section

SIDES = ("A", "B")
ALIKE = "No MSR differs, and no offset of a trap; the reasons of a side were not read."
NOTHING = "Nothing differs: no MSR, no offset of a trap, no reason to keep AVIC off."


def compare_policies(named: Mapping[str, Policy], knowledge: Knowledge) -> Section:
    """Return what differs between two policies; ``named`` has them by what they were called."""
    policies = tuple(replace(p, slug=side) for side, p in zip(SIDES, named.values(), strict=True))
    table = policy_table(policies, knowledge, {}).only(differing=True)
    read = [policy.readings[-1] if policy.readings else None for policy in policies]
    parts: list[Passage] = []
    if table.msrs:
        parts.append(msrs_section("MSRs treated differently while x2AVIC is active", table))
        parts[-1].parts += _msr_places(table.msrs, read)
    if table.traps:
        traps = Section("Offsets that only one takes for a trap on exit 402h")
        traps.holding(traps_line(table.traps, policies), *_trap_places(table.traps, read))
        parts.append(traps)
    if reasons := [*_reasons(read)]:
        parts.append(Section("Reasons to keep AVIC off that differ").holding(*reasons))
    fields = [
        Field(side, _told(name, policy))
        for side, (name, policy) in zip(SIDES, named.items(), strict=True)
    ]
    if not parts:
        parts.append(Para(NOTHING if all(read) else ALIKE, above=True))
    return Section("").holding(*fields, *parts)


def _told(name: str, policy: Policy) -> str:
    read = f", read in {policy.readings[-1].version}" if policy.readings else ", no tree was read"
    return f"{name}: {policy.name}{read}"


def _msr_places(rows: Iterable[MsrRow], read: list[PolicyReading | None]) -> Iterator[Passage]:
    for side, reading in zip(SIDES, read, strict=True):
        for row in rows:
            places = dict.fromkeys(
                f"{access} {getattr(one, access)}"
                for one in (reading.msrs if reading else ())
                for access in Access
                if getattr(one, access) and Span.parse(one.msrs).overlaps(row.span)
            )
            if places:
                yield Item(f"{side} {row.span}: {', '.join(places)}")


def _trap_places(rows: Iterable[TrapRow], read: list[PolicyReading | None]) -> Iterator[Passage]:
    offsets = {row.offset for row in rows}
    for side, reading in zip(SIDES, read, strict=True):
        for trap in reading.traps if reading else ():
            if trap.offset in offsets:
                yield Item(f"{side} {trap.offset}: {trap.at}")


def _reasons(read: list[PolicyReading | None]) -> Iterator[Passage]:
    """Yield the reasons that only one side has or heeds, and those of another bit."""
    found = [{one.name: one for one in reading.inhibits} if reading else None for reading in read]
    if (left := found[0]) is None or (right := found[1]) is None:
        return
    for name in dict.fromkeys((*left, *right)):
        said = [_reason(side.get(name)) for side in (left, right)]
        if said[0] != said[1]:
            yield Item(
                f"{name}: " + "; ".join(f"{s} {t}" for s, t in zip(SIDES, said, strict=True))
            )


def _reason(one: Inhibit | None) -> str:
    if one is None:
        return "has none"
    return f"bit {one.bit}, {'heeded' if one.heeded else 'not heeded'}"
