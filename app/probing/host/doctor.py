"""Is AVIC on for new virtual machines of this host, and in one that runs? And if not, why not?

What cannot be read is not harmless: it is told as not known, with what would let it be read.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.pens.plain import Plain, to_ascii
from app.probing.host.active import IsOn, Opinion, Sign, new_machines
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper, interrupts
from app.probing.host.machine_files import (
    MachineFiles,
    as_root,
    has_ended,
    read_machine,
    suspected_reasons,
)
from app.probing.host.reasons import Reasons
from app.probing.host.tracing import PLACES, TracingFailed, find_tracefs
from app.probing.host.watching import Watched, watch

UNSHOWN = " CPUID does not report AVIC, and no exit of it shows that the processor does it."
STILL = ", or its interrupts are left to a processor that has no AVIC (inference)"
HYBRID = " The host has no x2AVIC: in x2APIC mode the guest's accesses exit all the same."


@dataclass(frozen=True)
class Diagnosis:
    """What was found: of the host, and of one virtual machine where one was asked for."""

    kernel: str
    new: Opinion
    pid: int = 0
    hypervisor: str = ""
    line: str = ""
    running: Opinion | None = None

    @property
    def answer(self) -> IsOn:
        """The answer to what was asked."""
        return self.running.answer if self.running else self.new.answer


def diagnose(
    host: Host, reasons: Reasons, pid: int = 0, seconds: float = 3, tracefs: Path | None = None
) -> Diagnosis:
    """Look at a host, and at the virtual machine of a process, which is traced for so long."""
    new = new_machines(host)
    found = Diagnosis(host.kernel, new)
    if not pid:
        return found
    vm = read_machine(host, pid)
    if vm is None:
        told = Opinion(IsOn.UNKNOWN, f"There is no process {pid}.")
        return replace(found, pid=pid, running=told)
    found = replace(found, pid=vm.pid, hypervisor=vm.hypervisor, line=vm.line)
    if vm.is_vm is False:
        told = Opinion(IsOn.UNKNOWN, f"Process {vm.pid} runs no VM of KVM.", vm.signs)
        return replace(found, running=told)
    watched, sign = _watch(host, vm, seconds, tracefs)
    said = judge(host, new, vm, watched, reasons)
    if has_ended(host, vm.pid):
        # What ends takes its reasons back, which is no sign that AVIC was on.
        said = Opinion(IsOn.UNKNOWN, f"The VM of process {vm.pid} ended while it was looked at.")
    return replace(found, running=replace(said, signs=(*vm.signs, sign)))


def _watch(
    host: Host, vm: MachineFiles, seconds: float, tracefs: Path | None
) -> tuple[Watched | None, Sign]:
    """Trace a machine; what cannot be traced is told."""
    place = tracefs or find_tracefs(host)
    if place is None:
        todo = as_root(host, PLACES[0], "tracefs")
        return None, Sign("trace", "none: tracefs is not mounted, or not to be seen", todo)
    if not host.may(place / "instances", os.W_OK):
        return None, Sign("trace", "none: this user may not trace", "Run it as root.")
    try:
        with interrupts(), Keeper() as keeper:
            watched = watch(place, keeper, vm.threads, seconds)
    except TracingFailed as error:
        return None, Sign("trace", f"none: {error.message}", "Run it as root.")
    return watched, Sign("trace", watched.text)


def judge(
    host: Host, new: Opinion, vm: MachineFiles, watched: Watched | None, reasons: Reasons
) -> Opinion:
    """Return whether AVIC is on in a machine, and which reasons hold: what was seen first."""
    if watched and (seen := _seen(host, vm, watched, reasons, forced=new.forced)):
        return seen
    if new.answer is IsOn.OFF:
        why = new.text.removeprefix("AVIC is off for new VMs. ")
        return Opinion(IsOn.OFF, f"AVIC is off in it, as in all. {why}", reasons=new.reasons)
    if vm.local_apic is False:
        text = "AVIC is off in it: it has no local APIC in the kernel."
        return Opinion(IsOn.OFF, text, reasons=("ABSENT",))
    guessed = tuple(dict(suspected_reasons(vm)))
    if watched and watched.accepted:
        text = "AVIC is off in it: none of its interrupts was left to AVIC. "
        text += "No reason of the VM is left" if watched.masks else "No inhibit changed meanwhile"
        text += ", so the trace does not name which holds."
        return Opinion(IsOn.OFF, text, perhaps=guessed or (("NESTED",) if vm.nested else ()))
    idle = "the trace shows nothing of it: it may be idle, so try a longer --seconds"
    why = idle + STILL * new.forced if watched else "there is no trace of it"
    text = f"Whether AVIC is on in it is not known: {why}."
    return Opinion(IsOn.UNKNOWN, text, perhaps=guessed)


def _seen(
    host: Host, vm: MachineFiles, watched: Watched, reasons: Reasons, *, forced: bool
) -> Opinion | None:
    """Return what a trace shows by itself, None where it shows neither."""
    named = [
        tuple(names.split("|")) if names else reasons.decode(mask, host.kernel)
        for mask, names in watched.masks
    ]
    times = _times(named)
    if watched.mask:
        text = f"AVIC is inhibited in it: {', '.join(named[-1])} (inhibits={watched.mask:#x})"
        for name in named[-1]:
            text += f"; {name} was set {times[name]} times" if times[name] > 1 else ""
        rest = {name: count for name, count in times.items() if name not in named[-1]}
        text += f"; {_passed(rest)}." if rest else "."
        return Opinion(IsOn.OFF, text, reasons=(*named[-1], *rest))
    shown = watched.by_avic or watched.exits
    if shown or (watched.masks and not watched.accepted):
        text = "KVM has AVIC on in it" if forced and not watched.exits else "AVIC is on in it"
        text += ": no reason to inhibit it is left" if watched.masks else ""
        text += f"; meanwhile {_passed(times)}." if times else "."
        text += UNSHOWN * (forced and not watched.exits)
        text += "" if "x2avic" in host.flags else HYBRID
        nested = ("NESTED",) * bool(vm.nested)
        return Opinion(IsOn.ON, text, reasons=(*times, *nested))
    return None


def _times(named: Iterable[tuple[str, ...]]) -> Counter[str]:
    """Return how often each reason was set, but for ABSENT, with which every VM begins."""
    changes = pairwise(((), *named))
    return Counter(
        name for before, names in changes for name in names if name not in ("ABSENT", *before)
    )


def _passed(times: Mapping[str, int]) -> str:
    told = (name if count == 1 else f"{name} ({count} times)" for name, count in times.items())
    return f"{', '.join(told)} came and went"


def text_of(found: Diagnosis, reasons: Reasons) -> str:
    """Return a diagnosis as text for a terminal."""
    out = Plain()
    out.title(to_ascii(found.new.text))
    _signs(out, found.new)
    if found.running:
        out.blank()
        out.heading(f"Process {found.pid}{found.hypervisor and ', ' + found.hypervisor}")
        out.para(to_ascii(found.running.text))
        _signs(out, found.running)
    shown = found.running or found.new
    for name in shown.reasons:
        _reason(out, reasons.of(name), name, found)
    for name in shown.perhaps:
        _reason(out, reasons.of(name), f"{name}, perhaps (inference)", found)
    return out.render()


def _signs(out: Plain, opinion: Opinion) -> None:
    for sign in opinion.signs:
        out.field(to_ascii(sign.name), to_ascii(sign.text))
        if sign.todo:
            out.field("", f"-> {to_ascii(sign.todo)}")


def _reason(out: Plain, reason: Mapping[str, Any], title: str, found: Diagnosis) -> None:
    out.blank()
    out.heading(title)
    out.para(reason["text"] or "Nothing is known of it here.")
    for label in ("since", "sets", "clears"):
        said = reason.get(label, "")
        # The page has the rest.
        out.field(label, said if isinstance(said, str) else said[0])
    for setting, note in _settings(reason, found):
        told = f"{setting['flag']}{note}. {setting['text']}" if setting["flag"] else setting["text"]
        out.field(setting["hypervisor"], told)
    if reason["slug"]:
        out.field("more", f"/inhibit/{reason['slug']}")


def _settings(
    reason: Mapping[str, Any], found: Diagnosis
) -> Iterator[tuple[Mapping[str, str], str]]:
    """Yield the settings that a reader can use, and whether the VM's command line has them."""
    line = found.line.replace("_", "-")
    for setting in reason["settings"]:
        if found.hypervisor and setting["hypervisor"] not in (
            found.hypervisor, "kernel", "any", *(("libvirt",) if found.hypervisor == "QEMU" else ())
        ):  # fmt: skip
            continue
        note = ""
        if found.hypervisor == setting["hypervisor"] and setting["flag"]:
            word = setting["flag"].rsplit(maxsplit=1)[-1].removeprefix("...,").replace("_", "-")
            note = f" ({'' if word in line else 'not '}on its command line)"
        yield setting, note


def diagnose_in_words(
    reasons: Reasons, pid: int, seconds: float, tracefs: Path | None, *, as_json: bool
) -> tuple[str, int]:
    """Return what is said of this host, and how the command ends. Raises Interrupted."""
    found = diagnose(Host(), reasons, pid, seconds, tracefs)
    said = data_of(found, reasons) if as_json else text_of(found, reasons)
    return said.rstrip(), found.answer.code


def data_of(found: Diagnosis, reasons: Reasons) -> str:
    """Return a diagnosis as JSON."""
    shown = found.running or found.new
    told: dict[str, Any] = {
        "answer": str(found.answer),
        "kernel": found.kernel,
        "forced": found.new.forced,
        "new": _opinion(found.new),
        "running": {"pid": found.pid, "hypervisor": found.hypervisor, "command": found.line,
                    **_opinion(found.running)} if found.running else None,
        "reasons": [{**reasons.of(name), "inferred": False} for name in shown.reasons]
        + [{**reasons.of(name), "inferred": True} for name in shown.perhaps],
    }  # fmt: skip
    return json.dumps(told, indent=2)


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "answer": str(opinion.answer),
        "text": opinion.text,
        "inhibits": list(opinion.reasons),
        "inferred": list(opinion.perhaps),
        "signs": [vars(sign) for sign in opinion.signs],
    }
