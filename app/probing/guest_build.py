"""Build the guest of ``probe/``: a multiboot ELF, from C and assembly.

Its code is 64-bit; the ELF around it is made a 32-bit one, since a multiboot loader takes no
other. Plain gcc and binutils, without a library: a gcc for x86-64 makes it as it is. The same
sources and the same compiler give the same bytes in any folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

from app.errors import AppError

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "probe"
ELF = "probe.elf"
# In the order in which they are linked.
SOURCES = (
    *("boot.S", "touch.S", "ap.S", "main.c", "words.c", "identity.c", "output.c", "events.c"),
    *("faults.c", "access.c", "sweep.c", "interrupts.c", "messages.c", "shapes.c", "smp.c"),
)
CFLAGS = (
    *("-m64", "-mno-red-zone", "-Os", "-std=gnu11", "-ffreestanding", "-fno-pic", "-fno-pie"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fcf-protection=none"),
    *("-mno-sse", "-mno-mmx", "-mgeneral-regs-only", "-g0", "-Wall", "-Wextra"),
)
LDFLAGS = (
    *("-m", "elf_x86_64", "-n", "-T", "link.ld", "-z", "noexecstack", "--no-warn-rwx-segments"),
    *("--build-id=none", "--strip-all"),
)
# Where each tool comes from on Debian.
PACKAGES = {"gcc": "gcc", "ld": "binutils", "objcopy": "binutils"}


class BuildFailed(AppError):
    """The guest could not be built."""

    code = "build-failed"


def packed_guest() -> bytes:
    """Return the guest that a packed probe carries beside this module; empty where it has none."""
    packed = files(__package__) / ELF
    return packed.read_bytes() if packed.is_file() else b""


def guest_in(folder: Path) -> Path:
    """Return the path of the guest's ELF in ``folder``, where it is put or built."""
    if packed := packed_guest():
        folder.mkdir()
        (folder / ELF).write_bytes(packed)
        return folder / ELF
    return build(folder)


def build(folder: Path) -> Path:
    """Build the guest in ``folder`` and return the path of its ELF.

    Raises BuildFailed when a tool is missing or says no.
    """
    for tool, package in PACKAGES.items():
        if shutil.which(tool) is None:
            raise BuildFailed(
                f"{tool} is missing, and the guest is built with it: "
                f"install the Debian package {package}."
            )
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    objects = [folder / f"{Path(name).stem}.o" for name in SOURCES]
    for name, made in zip(SOURCES, objects, strict=True):
        _run(folder, "gcc", *CFLAGS, "-c", name, "-o", str(made))
    elf, linked = folder / ELF, folder / "linked.elf"
    _run(folder, "ld", *LDFLAGS, "-o", str(linked), *map(str, objects))
    _run(folder, "objcopy", "-O", "elf32-i386", str(linked), str(elf))
    return elf


def _run(folder: Path, *command: str) -> None:
    # From within probe/ and by bare names, so that no path gets into the objects. What the
    # tools keep for a while lies with ours, so that it goes with ours when they are killed.
    done = subprocess.run(  # noqa: S603 - fixed words
        command,
        cwd=PROBE,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"{command[0]} failed:\n{done.stderr.strip()}")
