"""Use case: documents of format 1 from what other tools print.

What a log does not say comes from whoever imports it, or is missing and named: nothing is
guessed. No log knows of exits, so ``allowed``, ``accelerated`` and the exits never follow
from one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app import __version__
from app.core.words import Behaviour
from app.errors import AppError
from app.foreign.cpuinfo import read_cpuinfo
from app.foreign.foreign_logs import LogReading, Sighted, read_selftests
from app.foreign.unit_test_log import read_unit_tests
from app.intake.mail_reading import read_mail
from app.intake.measurement import EMULATORS, parse
from app.intake.recognised import recognise
from app.probing import check_log, correlation
from app.probing.check_log import CheckLog
from app.probing.correlation import Correlation
from app.probing.probe_document import HYPERVISORS, account_of, observations_of

READERS = {"kvm-unit-tests": read_unit_tests, "selftests": read_selftests}
UNKNOWN = (
    "Not in the log, hence not in this document: whether AVIC or x2AVIC was active, whether "
    "the hypervisor intercepted the access itself, and every #VMEXIT. A #GP may have been "
    "raised by hardware or by the hypervisor; `completed` says nothing about exits."
)

WATCHED = "Correlated with a trace of the host."
EMULATED = "An emulation answered, as whoever imported it says: it is no evidence about AVIC."
WHO = (
    "what answered does not show in the log: --emulation kvm where AVIC was off, --parameter "
    "kvm_amd.avic=1 where it was on"
)


@dataclass(frozen=True)
class LogQuestion:
    """What only whoever imports a log can say: its key in the document, and the option for it.

    ``where`` tells where the answer is, of what a document cannot do without.
    """

    key: str
    option: str
    help: str
    where: str = ""
    type: Any = str
    metavar: str | None = None


ASKED = (
    LogQuestion("cpu.vendor", "--cpu-vendor", "As in AuthenticAMD.",
          "`vendor_id` of /proc/cpuinfo, or --cpuinfo FILE"),
    LogQuestion("cpu.family", "--cpu-family", "A plain number: 1Ah is 26.",
          "`cpu family` of /proc/cpuinfo, or --cpuinfo FILE", int),
    LogQuestion("cpu.model", "--cpu-model", "A plain number: 11h is 17.",
          "`model` of /proc/cpuinfo, or --cpuinfo FILE", int),
    LogQuestion("cpu.stepping", "--cpu-stepping", "The stepping.",
          "`stepping` of /proc/cpuinfo, or --cpuinfo FILE", int),
    LogQuestion("cpu.microcode", "--microcode", "As in 0xb002116."),
    LogQuestion("cpu.brand", "--brand", "The brand string."),
    LogQuestion("measured_at", "--measured-at", "When the test ran, with its offset.",
          "when the test ran, such as 2026-11-22T10:13:27+01:00"),
    LogQuestion("hypervisor.name", "--hypervisor", "KVM, or what else ran the guest.",
          "KVM, or what else ran the guest: the log has no QEMU"),
    LogQuestion("hypervisor.version", "--kernel", "The host's kernel: uname -r.",
          "the host's kernel, `uname -r`"),
    LogQuestion("hypervisor.accelerator", "--accelerator", "As format 1 has it: kvm."),
    LogQuestion("hypervisor.parameters", "--parameter", "kvm_amd.avic=1; repeatable.",
          type=list[str], metavar="NAME=VALUE"),
    LogQuestion("emulation.name", "--emulation", "What answered, if no AVIC did: kvm, qemu ..."),
    LogQuestion("emulation.version", "--emulation-version", "Its version: of KVM the kernel's."),
    LogQuestion("emulation.flavour", "--emulation-flavour", "Its module, as in kvm_amd."),
    LogQuestion("guest.command", "--command", "How the test was run.",
          "how the test was run: the log has no command line"),
    LogQuestion("guest.version", "--test-version", "Version or commit of the tests."),
)  # fmt: skip


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


def import_log(
    tool: str, raw: bytes, said: Mapping[str, Any], cpuinfo: str = "", trace: str = ""
) -> Imported:
    """Return the document of a log of ``tool``, a key of READERS; partial without a ``trace``.

    ``said`` is what is known beside it, by keys of ASKED; ``cpuinfo`` is the host's
    /proc/cpuinfo; ``trace`` that of the host, which goes with a test of our own alone. Raises
    CannotImport with everything that is missing, and BadDocument where what was said does not
    fit the format.
    """
    pasted = read_mail(raw)
    lines = pasted.text.split("\n")
    reading = READERS[tool](lines)
    reading.notes[:0] = pasted.notes
    ours = check_log.read_check_log(lines) if check_log.is_check_log(pasted.text) else None
    # Of an emulation a document says what the guest's CPUID does.
    shown = _shown(ours) if ours and said.get("emulation.name") and ours.vendor else {}
    said = shown | dict(said)
    if ours:
        reading.accelerator = reading.accelerator or HYPERVISORS.get(ours.under, ("", ""))[1]
    facts, faults = _facts(tool, reading, said, cpuinfo)
    reasons = [*(_broken(ours, reading) if ours else _useless(tool, reading, raw)), *faults]
    if not trace and not _who_answered(said):
        reasons.append(f"{WHO}, or --trace FILE" if ours else WHO)
    if trace and not ours:
        reasons.append("--trace goes with the log of a test from `vapic export kvm-unit-tests`")
    reasons += [
        f"{one.option} says {said[one.key]}, the emulation's guest was shown {shown[one.key]}"
        for one in ASKED
        if one.key in shown and said[one.key] != shown[one.key]
    ]
    missing = (one for one in ASKED if one.where and one.key not in facts)
    reasons += [f"{one.option} is missing: {one.where}" for one in missing]
    if reasons:
        raise CannotImport(tuple(reasons), reading)
    run = _run(ours, reading, facts, trace) if ours else None
    text = _document(tool, reading, facts, run) | (_checked(ours) if ours else {})
    made = (json.dumps(text, indent=1, ensure_ascii=False) + "\n").encode()
    parse(made)
    return Imported(made, reading, len(text["observations"]))


def _document(
    tool: str, reading: LogReading, facts: Mapping[str, Any], run: Correlation | None
) -> dict[str, Any]:
    watched = bool(run and run.trace)
    document: dict[str, Any] = {
        "format": 1,
        **({} if watched else {"exits_watched": False}),
        "tool": {"name": f"vapic import {tool}", "version": __version__},
    }
    for key, value in facts.items():
        part, _, name = key.rpartition(".")
        (document.setdefault(part, {}) if part else document)[name] = value
    seen = _observations(reading.seen)
    if run:
        seen[:0] = observations_of(run.results, document.get("features", {}))
        document["x-correlation"] = [account_of(run)]
    document["observations"] = seen
    about = EMULATED if "emulation" in document else WATCHED if watched else UNKNOWN
    document["notes"] = f"Imported from a log of {tool}. {about}"
    return document


def _run(ours: CheckLog, reading: LogReading, facts: Mapping[str, Any], trace: str) -> Correlation:
    """Return what the checks came to, with the host's trace where there is one."""
    cpu = _shown(ours)
    if ours.vendor and any(facts[key] != value for key, value in cpu.items()):
        told = f"{cpu['cpu.vendor']}, family {cpu['cpu.family']}, model {cpu['cpu.model']}"
        reading.notes.append(f"The guest was shown another processor than the host's: {told}.")
    log = ours.as_guest_log(facts["measured_at"], "vapic checks", ours.data_version)
    if not trace:
        return correlation.read_without_trace(log)
    try:
        run = correlation.correlate(log, trace)
    except AppError as error:
        raise CannotImport((error.message,), reading) from None
    if against := run.void or next(iter(run.contradictions), ""):
        raise CannotImport((f"--trace: {against}",), reading)
    return run


def _shown(ours: CheckLog) -> dict[str, Any]:
    """Return the processor that the guest's CPUID said."""
    machine = ours.as_guest_log("", "", "").machine
    parts = ("vendor", "family", "model", "stepping")
    return {f"cpu.{part}": getattr(machine, part) for part in parts}


def _who_answered(said: Mapping[str, Any]) -> bool:
    """Whether it is said what the guest met: an emulation, or AVIC, which has to be switched on."""
    on = (p for p in said.get("hypervisor.parameters", ()) if "avic=" in p)
    return "emulation.name" in said or any(not p.endswith(("=0", "=N", "=n")) for p in on)


def _broken(ours: CheckLog, reading: LogReading) -> list[str]:
    """Say why the log of a test of our own is not whole, or not of it alone: it is refused."""
    notes = [] if reading.adds_up else [n for n in reading.notes if n.startswith("Line ")]
    others = [
        f"line {one.line}: found a result of {one.test}, expected checks of `vapic` alone: "
        "give each test a log of its own"
        for one in reading.seen[:1]
    ]
    return [*ours.faults, *others, *notes]


def _checked(ours: CheckLog) -> dict[str, Any]:
    """Return what the test itself counted, and on what it was: no part of the format."""
    return {
        "x-checks": {
            "expect": ours.expect,
            "data_version": ours.data_version,
            "site": ours.site,
            "guest": {"vendor": ours.vendor, "signature": f"{ours.signature:#x}"},
            **ours.results,
        }
    }


def _useless(tool: str, reading: LogReading, raw: bytes) -> list[str]:
    """Say why a log that has nothing to use is not enough."""
    if reading.seen:
        return []
    kind = recognise(raw)
    if not reading.results and reading.asserted:
        return ["an assertion failed; it names no single access, or not its mode"]
    if not reading.results:
        other = f". {kind.sentence}" if kind and kind.reader != tool else ""
        return [f"no result of {tool} among {reading.lines} lines{other}"]
    why = "; ".join(f"{count} {reason}" for reason, count in reading.unused.items())
    hint = ""
    if tool == "selftests" and reading.asserted:
        hint = ": these assertions name no single access, or not its mode"
    elif tool == "selftests":
        hint = ": a selftest that passes prints nothing about single accesses"
    return [f"{reading.results} results, none of which says what one access did ({why}){hint}"]


def _facts(
    tool: str, reading: LogReading, said: Mapping[str, Any], cpuinfo: str
) -> tuple[dict[str, Any], list[str]]:
    """Return what is known by its keys in the document, and what contradicts itself."""
    faults: list[str] = []
    cpu = {key: value for key, value in said.items() if key.startswith("cpu.")}
    if cpuinfo:
        read, unread = read_cpuinfo(cpuinfo)
        faults += [f"--cpuinfo has {fault}" for fault in unread]
        for key in (key for key, value in read.items() if said.get(key, value) != value):
            option = key.replace(".", "-")
            faults.append(f"--{option} says {said[key]}, --cpuinfo says {read[key]}")
        cpu |= read
    asked, found = said.get("hypervisor.accelerator", ""), reading.accelerator
    if asked and found and asked != found:
        faults.append(f"--accelerator says {asked}, the log's own QEMU ran with {found}")
    # QEMU's word for an accelerator in those of format 1.
    ran = found if found in ("", "kvm", "xen", "tcg") else "other"
    accelerator = asked or ran or ("kvm" if tool == "selftests" else "")
    emulation = {key: value for key, value in said.items() if key.startswith("emulation.")}
    if accelerator in EMULATORS and not emulation:
        faults.append(f"{accelerator} emulates the APIC: its answers are not those of AVIC")
    facts = {
        "measured_at": said.get("measured_at"),
        **cpu,
        "hypervisor.name": said.get("hypervisor.name") or ("KVM" if accelerator == "kvm" else ""),
        "hypervisor.version": said.get("hypervisor.version"),
        "hypervisor.accelerator": accelerator,
        "hypervisor.parameters": list(said.get("hypervisor.parameters", ())),
        **emulation,
        "guest.name": tool,
        "guest.version": said.get("guest.version"),
        "guest.command": said.get("guest.command") or reading.command,
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}, faults


def _observations(seen: list[Sighted]) -> list[dict[str, Any]]:
    """Return equal sightings once, with their number, in the order of the log."""
    found = []
    for one, count in Counter(replace(one, line=0) for one in seen).items():
        part = {"register": one.register, "mode": one.mode, "access": one.access}
        part |= {"outcome": one.outcome}
        part |= {"condition": one.condition} if one.condition else {}
        part |= {"value": one.value} if one.value else {}
        seen_by = ": the guest's own word; exits were not watched"
        note = f"{one.test}{seen_by if one.outcome is Behaviour.GP else ''}."
        found.append(part | {"count": count, "note": note})
    return found
