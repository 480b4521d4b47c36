#!/usr/bin/python3
"""The first process of a machine that rehearses: the packed probe, in every way that it may go.

It has Python's library and the packed probe's own modules. What came of it leaves by the
second serial port, as a tar file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, "/probe.pyz")

from app.probing.guest_build import packed_guest
from app.probing.guest_memory import LOG_AT, MAGIC, read_log
from app.probing.host.emulator import find_qemu
from app.probing.host.running import Run
from tests.rehearse import asking
from tests.rehearse.steps import (
    OUT,
    PIT,
    PROBE,
    QEMU,
    hand_out,
    load,
    machine,
    note,
    processes,
    run,
    until,
)

# QEMU with another word on its command line: a PIT that does not discard ticks, and one
# processor, for where no IPI reaches a second one the firmware waits for it for ever.
REINJECTING, ALONE = Path("/run/qemu-reinjecting"), Path("/run/qemu-alone")
OTHER = {REINJECTING: (f"{PIT}discard", f"{PIT}delay"), ALONE: ("2", "1")}
AVIC = Path("/sys/module/kvm_amd/parameters/avic")
CPUINFO = Path("/proc/cpuinfo")
# So much of its log has a guest in the middle of measuring.
BEGUN = 40_000
SHORT = ("repeat=2", "only=id,tpr,icr")


def probe(
    step: str, *words: str, meanwhile: Callable[[subprocess.Popen[bytes]], object] | None = None
) -> None:
    """Run the packed probe, and note how it ended and what it left behind."""
    folder = OUT / step
    folder.mkdir()
    options = ("--keep", str(folder), "--output", str(folder / "document.json"))
    began = time.monotonic()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            (sys.executable, PROBE, *options, *words),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        if meanwhile:
            meanwhile(process)
        code = process.wait()
    note(step, began, code=code)


def under_way(process: subprocess.Popen[bytes]) -> None:
    """Wait until the guest of a probe is in the middle of it."""

    def measuring() -> bool:
        for memory in Path("/tmp").glob("vapic-probe-*/*.m"):
            with memory.open("rb") as file:
                file.seek(LOG_AT + len(MAGIC))
                return int.from_bytes(file.read(4), "little") > BEGUN
        return process.poll() is not None

    until(measuring, 120)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Give the probe no chance to say anything."""
    under_way(process)
    process.kill()


def hang(process: subprocess.Popen[bytes]) -> None:
    """Make the guest stand still."""
    under_way(process)
    for pid, words in processes().items():
        if words.split()[0].endswith(QEMU):
            os.kill(pid, signal.SIGSTOP)


def record(tool: str, apic: str) -> None:
    """Record a short boot of the guest with a tool that people have."""
    folder, began = OUT / tool, time.monotonic()
    folder.mkdir(exist_ok=True)
    guest, memory, data = Path("/tmp/probe.elf"), Path("/tmp/memory"), "/tmp/recorded"
    guest.write_bytes(packed_guest())
    memory.unlink(missing_ok=True)
    files = (str(guest), "/dev/null", str(memory))
    command = Run("kvm", apic, SHORT, x2avic=True).command(find_qemu(QEMU), *files)
    if tool == "perf":
        recording = ("perf", "record", "-q", "-a", "-m", "4M", "-o", data, "-e", "kvm:*")
    else:
        recording = ("trace-cmd", "record", "-q", "-o", data, "-e", "kvm")
    ran = subprocess.run((*recording, *command), capture_output=True, text=True, check=False)
    reporting = ("perf", "script", "-i") if tool == "perf" else ("trace-cmd", "report", "-i")
    run(*reporting, data, to=folder / f"{apic}.trace")
    (folder / f"{apic}.log").write_bytes(read_log(memory))
    note(tool, began, code=ran.returncode, apic=apic)


def pretend(**texts: str) -> None:
    """Let a file of the kernel say what it does not say here."""
    for path, text in ((CPUINFO, texts["cpuinfo"]), (AVIC, texts["avic"])):
        said = Path("/run", path.name)
        said.write_text(text)
        run("mount", "--bind", str(said), str(path))


def rehearse() -> None:
    """Do all of it, in the order in which KVM is loaded."""
    if Path("/only").read_text() == "doctor":
        asking.ask_all()
        return
    both, one = ("--mode", "avic", "--mode", "x2avic"), ("--mode", "avic", "--repeat", "1")
    load()
    probe("as it is")
    for tool in ("trace-cmd", "perf"):
        for apic in ("xapic", "x2apic"):
            record(tool, apic)
    flags = CPUINFO.read_text().replace(" svm ", " svm avic x2avic ")
    pretend(cpuinfo=flags, avic="Y\n")
    probe("off", "--repeat", "2")
    probe("killed", *one, meanwhile=kill)
    probe("timed out", *one, meanwhile=hang)
    run("umount", str(CPUINFO))
    run("umount", str(AVIC))
    load("avic=1", "force_avic=1")
    probe("forced", "--qemu", str(ALONE), "--repeat", "1", *both)
    probe("reinjecting", "--qemu", str(REINJECTING), *one)
    asking.ask_all()


def stand_ins() -> None:
    """Put what changes QEMU's command line beside it."""
    for path, (word, other) in OTHER.items():
        words = f"[{other!r} if word == {word!r} else word for word in sys.argv]"
        path.write_text(f"#!/usr/bin/python3\nimport os, sys\nos.execvp({QEMU!r}, {words})\n")
        path.chmod(0o755)


if __name__ == "__main__":
    machine()
    stand_ins()
    try:
        rehearse()
    finally:
        hand_out()
    Path("/proc/sysrq-trigger").write_text("o")
    time.sleep(60)
