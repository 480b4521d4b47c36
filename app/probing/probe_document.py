"""From what probing came to, to a measurement document of format 1.

An observation says what the repetitions of one access came to; what the format has no
place for stands beside it under ``x-`` keys: the minority, the noise, what was discarded
and why, what stayed unexplained.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from operator import and_
from typing import Any

from app.core.numbers import MSR_BASE, bits_of, ranges_of
from app.core.words import Behaviour
from app.errors import AppError
from app.probing.classifying import REASONS, UNKNOWN_REASON
from app.probing.correlation import Correlation
from app.probing.guest import Machine, Way
from app.probing.majority import Result

NOT_STATED = "not stated"
# CPUID Fn8000_000A_EDX (APM vol. 3); a hypervisor shows its guests another one.
FEATURE_BITS = {"avic": 13, "x2avic": 18, "avic_extlvt": 27}
# The register whose row of the table depends on the last of them (Table 15-22).
EXT_LVT = "ext-lvt"
# What the note of such accesses together begins with.
ONE_AT_A_TIME = re.compile(r"Bits ([\d:,]+), one at a time\.")
# The guest's word for a write with a bit set that the manual reserves.
RESERVED = "reserved-bits"
# Signature in CPUID Fn4000_0000: a name, and the word of the format.
HYPERVISORS = {
    "KVMKVMKVM": ("KVM", "kvm"),
    "TCGTCGTCGTCG": ("QEMU TCG", "tcg"),
    "XenVMMXenVMM": ("Xen", "xen"),
    "Microsoft Hv": ("Hyper-V", "hyper-v"),
    "bhyve bhyve": ("bhyve", "bhyve"),
}


class NothingMeasured(AppError):
    """A run that came to no observation; the message says why."""

    code = "nothing-measured"


class Contradicted(AppError):
    """Guest and trace cannot both be right, so there is no document."""

    code = "contradicted"


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """What only the host knows about a run; ``command`` repeats the measurement.

    ``emulation`` names what answered where no AVIC did, as the format does.
    """

    version: str = ""
    parameters: Sequence[str] = ()
    command: str = ""
    microcode: str = ""
    features: Mapping[str, bool] = field(default_factory=dict)
    host: Mapping[str, object] = field(default_factory=dict)
    emulation: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""


def document(runs: Sequence[Correlation], host: HostFacts) -> dict[str, Any]:
    """Return the document of one or more boots of the same machine.

    Raises Contradicted where guest and trace disagree, and NothingMeasured where not one
    observation is left. The form is not checked here.
    """
    against = [text for run in runs for text in run.contradictions]
    if against:
        raise Contradicted(f"guest and trace contradict each other: {against[0]}")
    features = _features(runs[0].machine, host) if runs else {}
    observations = [part for run in runs for part in observations_of(run.results, features)]
    if not observations:
        whys = [run.void or "no access of a cell is left" for run in runs]
        raise NothingMeasured("; ".join(dict.fromkeys(whys)) or "no run was given")
    machine = runs[0].machine
    if len({_identity(run.machine) for run in runs}) > 1:
        raise NothingMeasured("the runs are of different machines or hypervisors")
    watched = {run.trace is not None for run in runs}
    if len(watched) > 1:
        raise NothingMeasured("some runs have a trace and some have none: make two documents")
    tool = {"name": machine.tool, "version": machine.version}
    return _said(
        {
            "format": 1,
            "tool": tool,
            "measured_at": machine.measured_at,
            "cpu": _cpu(machine, host),
            "hypervisor": _hypervisor(machine, host),
            "host": _said(host.host),
            "emulation": _said(host.emulation),
            "guest": tool | {"command": host.command or NOT_STATED},
            "exits_watched": None if watched.pop() else False,
            "observations": observations,
            "x-correlation": [account_of(run) for run in runs],
            "features": features,
            "notes": host.notes,
        }
    )


def as_bytes(body: dict[str, Any]) -> bytes:
    """Return a document as it goes into a file."""
    return (json.dumps(body, indent=1) + "\n").encode("ascii")


def _identity(machine: Machine) -> tuple[object, ...]:
    return (machine.vendor, machine.signature, machine.hypervisor, machine.tool, machine.version)


def _cpu(machine: Machine, host: HostFacts) -> dict[str, Any]:
    cpu = {
        "vendor": machine.vendor,
        "family": machine.family,
        "model": machine.model,
        "stepping": machine.stepping,
        "microcode": host.microcode,
        "brand": machine.brand.strip(),
    }
    return _said(cpu)


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says something: None, an empty text and an empty object do not."""
    return {key: value for key, value in body.items() if value not in (None, "", {})}


def _features(machine: Machine, host: HostFacts) -> dict[str, bool]:
    edx = None if machine.hypervisor else machine.svm_edx
    return ({} if edx is None else features_of(edx)) | dict(host.features)


def features_of(edx: int) -> dict[str, bool]:
    """Return the features of AVIC that CPUID Fn8000_000A_EDX says."""
    return {name: bool(edx >> bit & 1) for name, bit in FEATURE_BITS.items()}


def _hypervisor(machine: Machine, host: HostFacts) -> dict[str, Any]:
    signature = machine.hypervisor.strip()
    name, accelerator = HYPERVISORS.get(signature, (signature, "other"))
    if not name:
        return {"name": "none", "version": host.version or NOT_STATED}
    return {
        "name": name,
        "version": host.version or NOT_STATED,
        "parameters": list(host.parameters),
        "accelerator": accelerator,
    }


def observations_of(
    results: Sequence[Result], features: Mapping[str, bool]
) -> Iterable[dict[str, Any]]:
    """Return the observations of one boot, those of reserved bits that are alike together."""
    addresses = defaultdict(set)
    for result in results:
        addresses[result.access.slug].add(result.access.address)
    for _, alike in groupby(results, _alike):
        together = list(alike)
        result = together[0]
        access = result.access
        several = access.member is None and len(addresses[access.slug]) > 1
        # An offset that looks like an MSR would be taken for one.
        clear = access.way is Way.MSR or access.address < MSR_BASE
        name = f"{access.address:#05x}" if several and clear else access.slug
        told = _observation(result, name, _condition(result, features))
        yield _together(told, together) if len(together) > 1 else told


def _alike(result: Result) -> object:
    """Return what reserved bits, written one at a time, must share to be told together."""
    access = result.access
    if access.why != RESERVED or result.minority:
        return id(result)
    said = (result.seen.kind, result.info, note_of(result), result.count, result.noise)
    return (access.address, access.member, *said)


def _together(told: dict[str, Any], alike: Sequence[Result]) -> dict[str, Any]:
    """Return the observation of the first as that of all, which differ in a bit of the value."""
    values = [each.value or 0 for each in alike]
    base = reduce(and_, values)
    bits = ranges_of({(value ^ base).bit_length() - 1 for value in values})
    differ = {"value", *(("read_back",) if len({each.read_back for each in alike}) > 1 else ())}
    return {key: value for key, value in told.items() if key not in differ} | {
        "count": sum(each.count for each in alike),
        "x-bits": bits,
        "note": " ".join(filter(None, (f"Bits {bits}, one at a time.", told.get("note")))),
    }


def bits_in(note: str) -> int:
    """Return the mask of the bits that a note of ours says were written one at a time; else 0."""
    found = ONE_AT_A_TIME.match(note)
    return bits_of(found[1]) if found else 0


def _condition(result: Result, features: Mapping[str, bool]) -> str:
    """Return what was met: of a plain access to the extended LVT what the processor has."""
    known = features.get("avic_extlvt")
    if result.condition or result.access.slug != EXT_LVT or known is None:
        return result.condition
    return "extlvt" if known else "no-extlvt"


def _observation(result: Result, name: str, condition: str) -> dict[str, Any]:
    access, exit_ = result.access, result.seen.exit
    held = {}
    if exit_ and exit_.code is not None and result.info:
        info1, info2 = (f"{info:#x}" for info in result.info)
        rip = result.seen.place
        held = {"code": f"{exit_.code:#x}", "info1": info1, "info2": info2, "rip": rip}
    return _said(
        {
            "register": name,
            "mode": str(access.mode),
            "access": access.access.value,
            "outcome": result.outcome.value,
            "count": result.count,
            "x-address": f"{access.address:#05x}",
            "x-why": access.why,
            "member": access.member,
            "condition": condition,
            "value": None if result.value is None else f"{result.value:#x}",
            "read_back": None if result.read_back is None else f"{result.read_back:#x}",
            "intercepted": result.outcome is Behaviour.VMEXIT_MSR or None,
            "exit": held,
            "note": note_of(result),
            "x-minority": dict(result.minority),
            "x-noise": result.noise or None,
        }
    )


def note_of(result: Result) -> str:
    """Return what a reader has to know beside the outcome, in sentences."""
    parts = [
        note if n == result.count else f"{n} of {result.count}: {note}" for note, n in result.notes
    ]
    reason = result.seen.reason
    if reason is not None:
        name, _ = REASONS.get(reason, UNKNOWN_REASON)
        parts.append(f"Incomplete IPI, id {reason}: {name}.")
    if result.minority:
        others = ", ".join(f"{n} x {label}" for label, n in result.minority)
        parts.append(f"{result.count} of {result.counted} repetitions; the others: {others}.")
    if result.lost:
        parts.append(f"Of {result.lost} more nothing can be said.")
    if result.counted == 1:
        parts.append("One repetition only.")
    return " ".join(filter(None, parts))


def _elsewhere(result: Result) -> dict[str, Any]:
    """Return what became of an access that the table has no cell for."""
    access = result.access
    told = {"value": result.value, "read_back": result.read_back}
    return {
        "apic": access.apic,
        "way": access.way.value,
        "address": f"{access.address:#05x}",
        "width": access.width,
        "access": access.access.value,
        "why": access.why,
        "outcome": result.outcome.value,
        "count": result.count,
        **_said({"minority": dict(result.minority)}),
    } | {key: f"{value:#x}" for key, value in told.items() if value is not None}


def account_of(run: Correlation) -> dict[str, Any]:
    """Return what became of everything that is no observation."""
    account: dict[str, Any] = {
        "apic": run.machine.apic,
        "marker": run.machine.marker,
        "repeat": run.machine.repeat,
        "noise": run.noise,
        "void": run.void,
        "discarded": dict(run.discarded),
        "unexplained": list(run.unexplained),
        "remarks": list(run.remarks),
        "elsewhere": [_elsewhere(result) for result in run.elsewhere],
    }
    if trace := run.trace:
        account["trace"] = {"layout": trace.layout, "lines": trace.lines, "unread": trace.unread}
    return account
