"""What the first process of a machine needs: its root, commands, waiting, notes, and a way out."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import time
import tty
from collections.abc import Callable
from pathlib import Path

PROBE, OUT = "/probe.pyz", Path("/out")
QEMU = "qemu-system-x86_64"
TRACING = Path("/sys/kernel/tracing")
# What is left may take so long to go.
GONE_SECONDS = 30
# What only those machines have on their command line of which the doctor is asked.
ASKED = "mem-path=/run/"
PIT = "kvm-pit.lost_tick_policy="
steps: list[dict[str, object]] = []


def run(*words: str, to: Path | None = None) -> None:
    """Run a command that has to work; what it says goes into a file."""
    with (to or Path("/tmp/said")).open("wb") as said:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.PIPE, check=False
        )
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}: {done.stderr.decode(errors='replace')}")


def load(*parameters: str) -> None:
    """Load KVM anew."""
    subprocess.run(("modprobe", "-r", "kvm_amd"), check=False)
    run("modprobe", "kvm_amd", *parameters)


def note(step: str, began: float, **what: object) -> None:
    """Note what became of a step and what it left behind, here and on the console."""
    seconds = round(time.monotonic() - began)
    until(lambda: not left_behind(), GONE_SECONDS)
    told = {"step": step, "kernel": os.uname().release, "seconds": seconds, "left": left_behind()}
    steps.append({**told, **what})
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
    found += (TRACING / "dynamic_events").read_text().splitlines()
    found += [words for words in processes().values() if PROBE in words]
    # Those of which the doctor is asked are ended by whoever began them.
    return found + [each for each in processes().values() if QEMU in each and ASKED not in each]


def processes() -> dict[int, str]:
    """Return the command line of each process that has one."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_text("utf-8", "replace").replace("\0", " ")
        except OSError:
            continue
    return {pid: words for pid, words in found.items() if words and pid != os.getpid()}


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


def hand_out() -> None:
    """Send what there is."""
    (OUT / "steps.json").write_text(json.dumps(steps))
    with tarfile.open("/tmp/out.tar.xz", "w:xz", preset=1) as tar:
        tar.add(OUT, "out")
    with Path("/dev/ttyS1").open("wb") as port:
        tty.setraw(port.fileno())
        port.write(Path("/tmp/out.tar.xz").read_bytes())
