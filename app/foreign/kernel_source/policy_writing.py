"""A reading of a tree as a policy, and as the YAML of the seed."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from app.core.facts import (
    Inhibit,
    MsrPolicy,
    Policy,
    PolicyRange,
    PolicyReading,
    ReadMsr,
    ReadTrap,
    Register,
)
from app.core.numbers import MSR_BASE, MSR_LAST, Span, format_hex
from app.core.releases import Release
from app.core.words import Access, Action
from app.foreign.kernel_source.policy_reading import TreeReading

HYPERVISOR = "KVM"
MADE = "# What follows was read from source; `make policies` makes it again, but for the notes."
_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z0-9][\w ./'+~-]*")
_NUMBER = re.compile(r"\d+\.[\d.]*")


def policy_of_tree(read: TreeReading, source: str = "", like: Policy | None = None) -> Policy:
    """Return what a tree does as a policy of its one release.

    Ranges and notes of MSRs are those of ``like``, where that does the same.
    """
    release = Release.to_sort(read.version)
    branch = release.branch if release.patch else "mainline"
    source = source or f"linux-{read.version}"
    only = PolicyRange(branch=branch, first=str(release), last=str(release), sources=(source,))
    return Policy(
        slug=f"{HYPERVISOR.lower()}-{release}", order=0, hypervisor=HYPERVISOR, ranges=(only,),
        text=f"Read from the source of Linux {read.version}.", sources=(source,),
        msrs=tuple(_msrs(read, like)),
        trap_offsets=tuple(map(format_hex, read.traps)),
        readings=(_reading(read, source),),
    )  # fmt: skip


def actions_of(policy: Policy) -> Mapping[tuple[int, Access], Action]:
    """Return what a policy does with each access of each MSR."""
    return {
        (msr, access): getattr(entry, access)
        for entry in policy.msrs
        for msr in Span.parse(entry.msrs).addresses()
        for access in Access
    }


def do_the_same(one: Policy, other: Policy) -> bool:
    """Whether two policies let the same through and take the same exits for traps."""
    return actions_of(one) == actions_of(other) and {*one.trap_offsets} == {*other.trap_offsets}


def _msrs(read: TreeReading, like: Policy | None) -> Iterator[MsrPolicy]:
    said = {(one.msr, one.access): one.action for one in read.through}
    cut: dict[int, MsrPolicy] = {}
    for entry in like.msrs if like else ():
        cut |= dict.fromkeys(Span.parse(entry.msrs).addresses(), entry)
    rows = (
        (msr, (*(said.get((msr, access), Action.INTERCEPT) for access in Access), cut.get(msr)))
        for msr in range(MSR_BASE, MSR_LAST + 1)
    )
    for (read_, write, entry), run in groupby(rows, key=lambda row: row[1]):
        msrs = [msr for msr, _ in run]
        note = entry.note if isinstance(entry, MsrPolicy) else ""
        yield MsrPolicy(
            msrs=str(Span(msrs[0], msrs[-1])), read=Action(read_), write=Action(write), note=note
        )


def _reading(read: TreeReading, source: str) -> PolicyReading:
    lines = {(one.msr, one.access): str(one.place) for one in read.through}
    rows = (
        (msr, tuple(lines.get((msr, access), "") for access in Access))
        for msr in range(MSR_BASE, MSR_LAST + 1)
    )
    found = []
    for (read_, write), run in groupby(rows, key=lambda row: row[1]):
        msrs = [msr for msr, _ in run]
        if read_ or write:
            found.append(ReadMsr(msrs=str(Span(msrs[0], msrs[-1])), read=read_, write=write))
    traps = (ReadTrap(offset=format_hex(at), at=str(place)) for at, place in read.traps.items())
    return PolicyReading(
        version=read.version,
        source=source,
        msrs=tuple(found),
        traps=tuple(traps),
        inhibits=read.inhibits,
    )


def policy_yaml(policy: Policy, registers: Iterable[Register]) -> str:
    """Return a policy of one tree as a file of the seed."""
    (only,) = policy.ranges
    head = [
        f"slug: {policy.slug}", f"order: {policy.order}", f"hypervisor: {policy.hypervisor}",
        "ranges:",
        f"  - branch: {only.branch}", f'    first: "{only.first}"', f'    last: "{only.last}"',
        f"    sources: [{', '.join(only.sources)}]", *_prose("text", policy.text), "sources:",
        *(f"  - {name}" for name in policy.sources),
    ]  # fmt: skip
    return "\n".join((*head, read_part(policy, registers)))


def renew_file(kept: str, policy: Policy, registers: Iterable[Register]) -> str:
    """Return a file of the seed with what was read in it made anew; the rest stays as it is."""
    head = re.split(rf"^(?:{re.escape(MADE)}|trap_offsets:)", kept, maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    return head + read_part(policy, registers)


def read_part(policy: Policy, registers: Iterable[Register]) -> str:
    """Return what a program can know of a policy as YAML: MSRs, offsets, and where it read them."""
    named = [(span, one.label) for one in registers for span in one.msr_spans]
    lines = [MADE, "trap_offsets:", *(f"  - {offset}" for offset in policy.trap_offsets), "msrs:"]
    for entry in policy.msrs:
        lines += [f"  - msrs: {entry.msrs}", f"    read: {entry.read}", f"    write: {entry.write}"]
        lines += [f"    note: {_scalar(entry.note)}"] if entry.note else []
        lines += [f"    # {said}"] if not entry.note and (said := _labels(entry, named)) else []
    lines += ["readings:"]
    for reading in policy.readings:
        lines += [f"  - version: {_scalar(reading.version)}", f"    source: {reading.source}"]
        for key in ("msrs", "traps", "inhibits"):
            lines += [f"    {key}:", *(f"      - {_flow(one)}" for one in getattr(reading, key))]
    return "\n".join(lines) + "\n"


def _labels(entry: MsrPolicy, named: list[tuple[Span, str]]) -> str:
    """Return which registers an entry is about, but for those that have no name of their own."""
    mine = Span.parse(entry.msrs)
    found = dict.fromkeys(
        label for span, label in named if span.overlaps(mine) and " " not in label
    )
    return f"{', '.join(found)}." if found else ""


def _flow(one: ReadMsr | ReadTrap | Inhibit) -> str:
    said = ((key, value) for key, value in vars(one).items() if value != "")
    return "{" + ", ".join(f"{key}: {_scalar(str(value))}" for key, value in said) + "}"


def _scalar(said: str) -> str:
    """Return text as YAML has it, in quotes where it could be taken for something else."""
    return said if _PLAIN.fullmatch(said) and not _NUMBER.fullmatch(said) else json.dumps(said)


def _prose(key: str, said: str) -> Iterator[str]:
    yield f"{key}: >-"
    yield from (f"  {line}" for line in textwrap.wrap(said, _WIDTH - 2))
