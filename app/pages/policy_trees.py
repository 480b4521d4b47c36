"""The kernel trees in which a policy was read: each thing with its file and line there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.facts import Policy, PolicyRange, PolicyReading
from app.core.words import Access
from app.pens.lines import Sourced
from app.pens.parts import Item, Para, Passage, Section

LEAD = (
    "MSRs, offsets and reasons were read in the source by a program; behind each stands its line. "
    "The words of this page were written by hand."
)


def trees_section(policy: Policy) -> Section:
    """Return where each thing was read, tree by tree; nothing of a policy typed by hand."""
    trees = [
        Item((f"Linux {reading.version} ", Sourced((reading.source,))), above=True).holding(
            *map(Para, _lines(reading))
        )
        for reading in policy.readings
    ]
    return Section("Where it was read", "read").holding(*([Para(LEAD), *trees] if trees else []))


def read_lines(policy: Policy, range_: PolicyRange) -> Iterator[Passage]:
    """Yield which trees of a range were read, or that none was."""
    read = policy.read_of(range_)
    if read:
        yield Para(f"Read in {', '.join(reading.version for reading in read)}.")
    if range_.unread:
        yield Para("Typed by hand: no tree of these releases was read.")


def _lines(reading: PolicyReading) -> Iterator[str]:
    both = [(one.msrs, one.read) for one in reading.msrs if one.read == one.write]
    apart = {
        way: [(one.msrs, getattr(one, way)) for one in reading.msrs if one.read != one.write]
        for way in Access
    }
    yield from _by_file("RDMSR and WRMSR let through", both)
    yield from _by_file("RDMSR let through", apart[Access.READ])
    yield from _by_file("WRMSR let through", apart[Access.WRITE])
    yield from _by_file(
        "Exit 402h taken for a trap", ((one.offset, one.at) for one in reading.traps)
    )
    reasons = [(f"{one.name} (bit {one.bit})", one.at) for one in reading.inhibits]
    yield from _by_file("Reasons to keep AVIC off", reasons)
    yield from _by_file("Of these AVIC heeds", ((one.name, one.heeded) for one in reading.inhibits))


def _by_file(said: str, places: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line a file: ``RDMSR let through, arch/x86/kvm/lapic.c: 802h:1739, 803h:1740``."""
    files: dict[str, list[str]] = {}
    for name, at in places:
        if at:
            file, _, line = at.rpartition(":")
            files.setdefault(file, []).append(f"{name}:{line}")
    for file, lines in files.items():
        yield f"{said}, {file}: {', '.join(lines)}."
