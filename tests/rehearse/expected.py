"""What a rehearsal has to come to: nothing that is believed, each time for the right reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.probing import correlation, trace_reader, windows

NO_NAMES = r"this kernel prints no names for the bits \(inhibits=0x"
# Bit 0 is DISABLED on every kernel; the one of the PIT has moved.
OFF = rf"not enabled again: (DISABLED|{NO_NAMES}\w*[13579bdf]\b)"
PIT = rf"not enabled again: (\w+\|)*(PIT_REINJ|{NO_NAMES}[123]00\b)"
MEMORY = "what answered is memory and no APIC"
# Without x2AVIC KVM keeps AVIC off where a guest has x2APIC, or takes every MSR itself and
# leaves the delivery to it.
X2APIC = rf"not enabled again: ({NO_NAMES}|X2APIC)|every access exited with 7Ch|{MEMORY}"
NO_LOG = "expected a checksum line: is it cut off"
BOTH = ("xapic", "x2apic")


@dataclass(frozen=True)
class Expected:
    """How a step has to end: its exit code, what it says, and by mode why its run is void."""

    code: int
    said: str = ""
    void: tuple[tuple[str, str], ...] = ()
    whole: bool = True


EXPECTED = {
    "as it is": Expected(1, r"(?s)missing +kvm_amd.avic.*Something is missing here"),
    "trace-cmd": Expected(0, void=tuple((apic, OFF) for apic in BOTH)),
    "perf": Expected(33, void=tuple((apic, OFF) for apic in BOTH)),
    "off": Expected(1, OFF, tuple((apic, OFF) for apic in BOTH)),
    "killed": Expected(-9, void=(("xapic", NO_LOG),), whole=False),
    "timed out": Expected(1, "did not end within 120 seconds", (("xapic", NO_LOG),), whole=False),
    "forced": Expected(1, MEMORY, (("xapic", MEMORY), ("x2apic", X2APIC))),
    "reinjecting": Expected(1, PIT, (("xapic", PIT),)),
}


# What the doctor has to come to: one of the exit codes, the reasons that it names or else infers,
# and what it says. Where none changes, 6.12 and 7.2 let it read them, and 6.1 does not.
DOCTOR = {
    "doctor off": ("1", "DISABLED", "AVIC is off in it, as in all|inhibited in it: DISABLED"),
    "doctor silent": ("02", "", "not known: .*processor that has no AVIC|on in it: no reason"),
    "doctor late": ("1", "(IRQWIN, )?PIT_REINJ(, IRQWIN)?", "none of its|: (IRQWIN, )?PIT_REINJ"),
    "doctor reinjecting": ("1", "PIT_REINJ(, IRQWIN)?", "AVIC is inhibited in it: .*PIT_REINJ"),
    "doctor window": ("1", "IRQWIN", r"AVIC is inhibited in it: IRQWIN \(inhibits=0x\w+\)"),
    # It ends while one is waited for, or while none is.
    "doctor windows": ("01", "IRQWIN", r"IRQWIN \(\d+ times\) came|IRQWIN was set \d+ times"),
    "doctor forced": ("0", "", "KVM has AVIC on in it.*CPUID does not report AVIC, and no exit"),
    "doctor killed": ("-9", "", ""),
    "doctor nobody": ("2", "", "there is no trace of it(.*Run it as root){3}"),
    "doctor no debugfs": ("0", "", "KVM has AVIC on in it.*mount -t debugfs"),
    "doctor no vm": ("2", "", "Process 1 runs no VM of KVM"),
    "doctor no process": ("2", "", "There is no process 4194297"),
}
FORCED = "only because of kvm_amd.force_avic=1: CPUID does not report it"


@dataclass(frozen=True)
class Row:
    """One line of the table; ``wrong`` says what is not as expected, empty if all is."""

    step: str
    apic: str
    found: str
    unread: str
    void: str
    seconds: object
    wrong: str


def rows(folder: Path) -> Iterator[Row]:
    """Return what one boot came to, held against what it has to."""
    steps: list[dict[str, Any]] = json.loads((folder / "steps.json").read_text())
    only = bool(steps) and all(step["step"] in DOCTOR for step in steps)
    for name, expected in () if only else EXPECTED.items():
        mine = [step for step in steps if step["step"] == name]
        if not mine:
            yield Row(name, "", "", "", "", "", "it did not come to this step")
        for step in mine:
            wrong = ", ".join(_whys_wrong(folder / name, step, expected))
            modes = [pair for pair in expected.void if step.get("apic", pair[0]) == pair[0]]
            for apic, void in modes:
                yield _row(folder / name / apic, step, void, wrong, whole=expected.whole)
            if not modes:
                yield Row(name, "-", "-", "-", "nothing was run", step["seconds"], wrong)
    yield from _diagnoses(steps)


def _diagnoses(steps: list[dict[str, Any]]) -> Iterator[Row]:
    """Return what the doctor said of each machine, held against what kept AVIC off in it."""
    for name, (codes, inhibits, words) in DOCTOR.items():
        found = next((step for step in steps if step["step"] == name), None)
        if found is None:
            yield Row(name, "", "", "", "", "", "it did not come to this step")
            continue
        if not found["said"]:
            killed = str(found["code"]) == codes == "-9"
            wrong = ", ".join(found["left"]) if killed else "it said nothing"
            yield Row(name, "-", "-", "-", "it was killed", found["seconds"], wrong)
            continue
        new, running = (json.loads(found["said"])[which] for which in ("new", "running"))
        signs = "; ".join(f"{sign['text']} {sign['todo']}" for sign in running["signs"])
        named = ", ".join(running["inhibits"] or running["inferred"])
        held = {
            f"exit {found['code']}": str(found["code"]) in codes,
            f"it names {named or 'nothing'}": re.fullmatch(inhibits, named),
            f"it does not say {words}": re.search(words, f"{running['text']} {signs}"),
            "it does not say that AVIC is forced": name == "doctor off" or FORCED in new["text"],
            f"left: {found['left']}": not found["left"],
        }
        wrong = ", ".join(what for what, true in held.items() if not true)
        yield Row(name, "-", "-", "-", running["text"], found["seconds"], wrong)


def _whys_wrong(folder: Path, step: dict[str, Any], expected: Expected) -> Iterator[str]:
    said = folder / "said"
    text = said.read_text("utf-8", "replace") if said.exists() else ""
    if step["code"] != expected.code:
        yield f"exit {step['code']} and not {expected.code}"
    if not re.search(expected.said, text.replace("\n", " ")):
        yield f"it does not say {expected.said}"
    # Whoever was killed may not have said it yet.
    if text and "This machine is a virtual one" not in text:
        yield "it does not say that this machine is a virtual one"
    if step["left"]:
        yield f"left: {step['left']}"
    if (folder / "document.json").exists():
        yield "a document was written"


def _row(run: Path, step: dict[str, Any], void: str, wrong: str, *, whole: bool) -> Row:
    """Hold one run against the reason for which it has to be void."""
    log, trace = (run.with_suffix(end) for end in (".log", ".trace"))
    if not log.exists() or not trace.exists():
        return Row(step["step"], run.name, "", "", "", step["seconds"], f"{wrong} nothing was kept")
    guest, text = log.read_bytes(), trace.read_text("utf-8", "replace")
    told = trace_reader.read_trace(text)
    found, expected, why = (
        len(windows.cut_windows(told).windows),
        guest.count(b'"event":"access"'),
        "",
    )
    try:
        why = correlation.correlate(guest, text).void
    except AppError as error:
        why = str(error).replace("\n", "; ")
    wrongs = [wrong] if wrong else []
    # What was cut off may end between a window and its line.
    if not found or abs(found - expected) > (0 if whole else 1):
        wrongs.append(f"{found} windows of {expected}")
    wrongs += [] if re.search(void, why) else [f"void, but not for {void}"]
    wrongs += [f"unread: {told.examples[0]}"] if told.unread else []
    window = f"{found}/{expected}"
    return Row(
        step["step"], run.name, window, str(told.unread), why, step["seconds"], "; ".join(wrongs)
    )
