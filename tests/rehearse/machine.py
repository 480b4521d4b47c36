"""One boot of a rehearsal: a machine with an AMD processor that QEMU emulates, SVM and all."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.rehearse import image

# What the processor of software emulation has no x2APIC for is the host, not the guest.
COMMAND = (
    *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"),
    *("-cpu", "EPYC-Milan,-x2apic", "-smp", "2", "-m", "3G", "-nodefaults", "-display", "none"),
    "-no-reboot",
)
# Of all clocks this one keeps the time on a busy machine; its ticks come late there.
KERNEL = (
    "console=ttyS0 rdinit=/init panic=-1 quiet mitigations=off nokaslr clocksource=hpet "
    "no_timer_check"
)
SECONDS = 1800
# A kernel that switches a tracepoint patches its own code, with an int3 in between. Seen once
# on a busy machine: another emulated processor met the int3 when it was no longer there.
STALE, BOOTS = b"Oops: int3", 3


def boot(debs: list[Path], own: Mapping[str, tuple[int, bytes]], folder: Path) -> float:
    """Boot a suite's kernel once, what it handed out comes into ``folder``; return how long."""
    kernel, root, out = (folder / name for name in ("vmlinuz", "root.cpio", "out.tar.xz"))
    kernel.write_bytes(image.build(debs, own, root))
    began = time.monotonic()
    serial = (f"file:{folder / 'console'}", f"file:{out}")
    command = [*COMMAND, "-serial", serial[0], "-serial", serial[1]]
    command += ["-kernel", str(kernel), "-initrd", str(root), "-append", KERNEL]
    for _ in range(BOOTS):
        with (folder / "qemu").open("wb") as said:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                timeout=SECONDS, check=True,
            )  # fmt: skip
        if (raw := out.read_bytes()) or STALE not in (folder / "console").read_bytes():
            break
        print("The emulation ran code that its kernel had patched meanwhile.", flush=True)
    root.unlink()
    if not raw:
        sys.exit(f"The machine handed nothing out; {folder / 'console'} says why.")
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        tar.extractall(folder, filter="data")
    return time.monotonic() - began
