#!/usr/bin/python3
"""The first process of a machine that rehearses: the packed probe, in every way that it may go.

It has Python's library and the packed probe's own modules. What came of it leaves by the
second serial port, as a tar file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path

PROBE = "/probe.pyz"
sys.path.insert(0, PROBE)

from app.probing.guest_build import packed_guest  # noqa: E402
from app.probing.guest_memory import LOG_AT, MAGIC, read_log  # noqa: E402
from app.probing.host.emulator import find_qemu  # noqa: E402
from app.probing.host.running import Run  # noqa: E402

OUT = Path("/out")
QEMU = "qemu-system-x86_64"
# QEMU with another word on its command line: a PIT that does not discard ticks, and one
# processor, for where no IPI reaches a second one the firmware waits for it for ever.
REINJECTING, ALONE = Path("/run/qemu-reinjecting"), Path("/run/qemu-alone")
PIT = "kvm-pit.lost_tick_policy="
OTHER = {REINJECTING: (f"{PIT}discard", f"{PIT}delay"), ALONE: ("2", "1")}
TRACING = Path("/sys/kernel/tracing")
AVIC = Path("/sys/module/kvm_amd/parameters/avic")
CPUINFO = Path("/proc/cpuinfo")
# So much of its log has a guest in the middle of measuring; what is left may take so long to go.
BEGUN, GONE_SECONDS = 40_000, 30
SHORT = ("repeat=2", "only=id,tpr,icr")
steps: list[dict[str, object]] = []


def run(*words: str, to: Path | None = None) -> None:
    """Run a command that has to work; what it says goes into a file."""
    with (to or Path("/tmp/said")).open("wb") as said:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.PIPE, check=False
        )
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}: {done.stderr.decode(errors='replace')}")


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
    seconds = round(time.monotonic() - began)
    until(lambda: not left_behind(), GONE_SECONDS)
    note(step, code=code, seconds=seconds, left=left_behind())


def note(step: str, **what: object) -> None:
    """Note what became of a step, here and on the console."""
    steps.append({"step": step, "kernel": os.uname().release, **what})
    print(time.strftime("%T"), steps[-1], flush=True)


def until(true: Callable[[], object], seconds: float) -> None:
    """Wait until something is so, or for so long."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.2)


def left_behind() -> list[str]:
    """Return what a probe may not leave: tracing, processes, files."""
    found = [str(path) for path in TRACING.glob("instances/*")]
    found += [str(path) for path in Path("/tmp").glob("vapic-probe-*")]
    return found + [words for words in processes().values() if QEMU in words or PROBE in words]


def processes() -> dict[int, str]:
    """Return the command line of each process that has one."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_text("utf-8", "replace").replace("\0", " ")
        except OSError:
            continue
    return {pid: words for pid, words in found.items() if words and pid != os.getpid()}


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
    seconds = round(time.monotonic() - began)
    note(tool, code=ran.returncode, seconds=seconds, left=[], apic=apic)


def diagnose(step: str, others: Mapping[str, str]) -> None:
    """Ask the packed probe's doctor of a guest, from before it begins to boot.

    ``others`` are words of QEMU's command line in the place of ours.
    """
    folder, began = OUT / step, time.monotonic()
    folder.mkdir()
    guest, memory, qmp = Path("/tmp/probe.elf"), Path("/tmp/memory"), Path("/run/qmp")
    guest.write_bytes(packed_guest())
    for path in (memory, qmp):
        path.unlink(missing_ok=True)
    run_ = Run("kvm", "xapic", ("repeat=20",), x2avic=True)
    command = run_.command(find_qemu(QEMU), str(guest), "/dev/null", str(memory))
    command = tuple(others.get(word, word) for word in command)
    words = ("-S", "-qmp", f"unix:{qmp},server=on,wait=off")
    with subprocess.Popen((*command, *words), stdin=subprocess.DEVNULL) as booted:
        until(qmp.exists, 60)
        asked = (sys.executable, PROBE, "doctor", "--seconds", "12", "--pid", str(booted.pid))
        with subprocess.Popen((*asked, "--json"), stdout=subprocess.PIPE, text=True) as asking:
            switch = TRACING / f"instances/vapic-probe-{asking.pid}/tracing_on"
            until(lambda: switch.exists() and switch.read_text() == "1\n", 60)
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(str(qmp))
                monitor.sendall(b'{"execute": "qmp_capabilities"}{"execute": "cont"}')
                said = asking.communicate()[0]
        booted.kill()
    (folder / "said").write_text(said)
    until(lambda: not left_behind(), GONE_SECONDS)
    running = json.loads(said)["running"]
    note(step, code=asking.returncode, seconds=round(time.monotonic() - began),
         left=left_behind(), said=running["text"], signs=running["signs"][-1]["text"],
         inhibits=running["inhibits"], inferred=running["inferred"])  # fmt: skip


def doctor() -> None:
    """Ask it where AVIC is off, where it is forced, and where the PIT inhibits it."""
    run("mount", "-t", "debugfs", "none", "/sys/kernel/debug")
    load("avic=0")
    diagnose("doctor off", {})
    load("avic=1", "force_avic=1")
    diagnose("doctor forced", {"2": "1"})
    diagnose("doctor reinjecting", {f"{PIT}discard": f"{PIT}delay"})


def load(*parameters: str) -> None:
    """Load KVM anew."""
    subprocess.run(("modprobe", "-r", "kvm_amd"), check=False)
    run("modprobe", "kvm_amd", *parameters)


def pretend(**texts: str) -> None:
    """Let a file of the kernel say what it does not say here."""
    for path, text in ((CPUINFO, texts["cpuinfo"]), (AVIC, texts["avic"])):
        said = Path("/run", path.name)
        said.write_text(text)
        run("mount", "--bind", str(said), str(path))


def rehearse() -> None:
    """Do all of it, in the order in which KVM is loaded."""
    if Path("/only").read_text() == "doctor":
        doctor()
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
    doctor()


def machine() -> None:
    """Make of the root what an init would."""
    os.environ["PATH"] = "/usr/sbin:/usr/bin"
    for name in ("proc", "sys", "dev", "tmp", "run", "out"):
        Path("/", name).mkdir(exist_ok=True)
    for kind, place in (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")):
        # There is no /dev/null yet.
        subprocess.run(("mount", "-t", kind, "none", place), check=True)
    run("mount", "-t", "tracefs", "none", str(TRACING))
    run("depmod")
    run("modprobe", "cpuid")
    for path, (word, other) in OTHER.items():
        words = f"[{other!r} if word == {word!r} else word for word in sys.argv]"
        path.write_text(f"#!/usr/bin/python3\nimport os, sys\nos.execvp({QEMU!r}, {words})\n")
        path.chmod(0o755)


def hand_out() -> None:
    """Send what there is."""
    (OUT / "steps.json").write_text(json.dumps(steps))
    with tarfile.open("/tmp/out.tar.xz", "w:xz", preset=1) as tar:
        tar.add(OUT, "out")
    with Path("/dev/ttyS1").open("wb") as port:
        tty.setraw(port.fileno())
        port.write(Path("/tmp/out.tar.xz").read_bytes())


if __name__ == "__main__":
    machine()
    try:
        rehearse()
    finally:
        hand_out()
    Path("/proc/sysrq-trigger").write_text("o")
    time.sleep(60)
