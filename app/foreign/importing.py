"""Use cases: documents of format 1 from what other tools print, and from tables in mails.

What the source does not say comes from whoever imports it, or is missing and named:
nothing is guessed. Neither knows of exits, so ``allowed``, ``accelerated`` and the exits
never follow from a log.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app import __version__
from app.core.words import Behaviour
from app.foreign.cpuinfo import read_cpuinfo
from app.foreign.foreign_logs import LogReading, Sighted, clean, read_selftests
from app.foreign.unit_test_log import read_unit_tests
from app.intake.measurement import EMULATORS, parse

READERS = {"kvm-unit-tests": read_unit_tests, "selftests": read_selftests}
# What a document cannot do without and no log holds: option, where the answer is.
NEEDED = {
    "cpu.vendor": ("--cpu-vendor", "`vendor_id` of /proc/cpuinfo, or --cpuinfo FILE"),
    "cpu.family": ("--cpu-family", "`cpu family` of /proc/cpuinfo, or --cpuinfo FILE"),
    "cpu.model": ("--cpu-model", "`model` of /proc/cpuinfo, or --cpuinfo FILE"),
    "cpu.stepping": ("--cpu-stepping", "`stepping` of /proc/cpuinfo, or --cpuinfo FILE"),
    "measured_at": ("--measured-at", "when the test ran, such as 2026-11-22T10:13:27+01:00"),
    "hypervisor.name": ("--hypervisor", "KVM, or what else ran the guest: the log has no QEMU"),
    "hypervisor.version": ("--kernel", "the host's kernel, `uname -r`"),
    "guest.command": ("--command", "how the test was run: the log has no command line"),
}
UNKNOWN = (
    "Not in the log, hence not in this document: whether AVIC or x2AVIC was active, whether "
    "the hypervisor intercepted the access itself, and every #VMEXIT. A #GP may have been "
    "raised by hardware or by the hypervisor; `completed` says nothing about exits."
)


@dataclass(frozen=True)
class Stated:
    """What whoever imports a log says about it; empty and None are not said."""

    cpu: Mapping[str, Any] = field(default_factory=dict)
    cpuinfo: str = ""
    measured_at: str = ""
    hypervisor: str = ""
    kernel: str = ""
    accelerator: str = ""
    parameters: tuple[str, ...] = ()
    command: str = ""
    version: str = ""


@dataclass(frozen=True)
class Imported:
    """A document and the reading that it comes from; ``merged`` counts its observations."""

    raw: bytes
    reading: LogReading
    merged: int


class CannotImport(Exception):
    """Why there is no document: every reason, and what was found all the same."""

    def __init__(self, reasons: tuple[str, ...], reading: LogReading) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
        self.reading = reading


def import_log(tool: str, raw: bytes, stated: Stated) -> Imported:
    """Return the partial document of a log of ``tool``, a key of READERS.

    Raises CannotImport with everything that is missing, and BadDocument where what was
    said does not fit the format.
    """
    reading = READERS[tool](clean(raw))
    facts, faults = _facts(tool, reading, stated)
    reasons = [*_useless(tool, reading), *faults]
    needed = ((key, option) for key, option in NEEDED.items() if not _has(facts, key))
    reasons += [f"{name} is missing: {where}" for _, (name, where) in needed]
    if reasons:
        raise CannotImport(tuple(reasons), reading)
    seen = _observations(reading.seen)
    document = {
        "format": 1,
        "exits_watched": False,
        "tool": {"name": f"vapic import {tool}", "version": __version__},
        **facts,
        "observations": seen,
        "notes": f"Imported from a log of {tool}. {UNKNOWN}",
    }
    text = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    parse(text)
    return Imported(text, reading, len(seen))


def _useless(tool: str, reading: LogReading) -> list[str]:
    """Say why a log that has nothing to use is not enough."""
    if reading.seen:
        return []
    if not reading.results:
        return [f"no result of {tool} among {reading.lines} lines"]
    why = "; ".join(f"{count} {reason}" for reason, count in reading.unused.items())
    hint = ""
    if tool == "selftests":
        hint = ": a selftest that passes prints nothing about single accesses"
    return [f"{reading.results} results, none of which says what one access did ({why}){hint}"]


def _facts(tool: str, reading: LogReading, stated: Stated) -> tuple[dict[str, Any], list[str]]:
    """Return the keys of the document that are known, and what contradicts itself."""
    faults: list[str] = []
    cpu, features = dict(stated.cpu), {}
    if stated.cpuinfo:
        info = read_cpuinfo(stated.cpuinfo)
        faults += [f"--cpuinfo has {fault}" for fault in info.faults]
        for key, value in info.cpu.items():
            if cpu.setdefault(key, value) != value:
                faults.append(f"--cpu-{key} says {cpu[key]}, --cpuinfo says {value}")
        features = dict(info.features)
    said, found = stated.accelerator, reading.accelerator
    if said and found and said != found:
        faults.append(f"--accelerator says {said}, the log's own QEMU ran with {found}")
    accelerator = said or _word(found) or ("kvm" if tool == "selftests" else "")
    if accelerator in EMULATORS:
        faults.append(f"{accelerator} emulates the APIC: its answers are not those of AVIC")
    name = stated.hypervisor or ("KVM" if accelerator == "kvm" else "")
    hypervisor = {"name": name, "version": stated.kernel, "accelerator": accelerator}
    guest = {"name": tool, "version": stated.version, "command": stated.command or reading.command}
    facts = {
        "measured_at": stated.measured_at,
        "cpu": cpu,
        "features": features,
        "hypervisor": _given(hypervisor) | {"parameters": list(stated.parameters)},
        "guest": _given(guest),
    }
    return _given(facts), faults


def _word(accelerator: str) -> str:
    """Return QEMU's word for an accelerator in those of format 1."""
    return accelerator if accelerator in ("", "kvm", "xen", "tcg") else "other"


def _given(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if value or value == 0}


def _has(facts: Mapping[str, Any], path: str) -> bool:
    part, _, key = path.partition(".")
    return bool(part in facts) if not key else key in facts.get(part, {})


def _observations(seen: list[Sighted]) -> list[dict[str, Any]]:
    """Return equal sightings once, with their number, in the order of the log."""
    counted: Counter[tuple[str, ...]] = Counter()
    for one in seen:
        cell = (one.register, str(one.mode), str(one.access), str(one.outcome))
        counted[(*cell, one.condition, one.value, one.test)] += 1
    found = []
    for (register, mode, access, outcome, condition, value, test), count in counted.items():
        part = {"register": register, "mode": mode, "access": access, "outcome": outcome}
        said = _given({"condition": condition, "value": value})
        seen_by = "the guest's own word; exits were not watched"
        note = f"{test}: {seen_by}." if outcome == Behaviour.GP else f"{test}."
        found.append(part | said | {"count": count, "note": note})
    return found
