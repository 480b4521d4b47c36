"""A guest that is its own firmware, for whom KVM waits for IRQ windows: ``window.S``, assembled."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("window.S")


def assemble(folder: Path) -> bytes:
    """Return its 64 KiB; the last byte, 0, is for whoever boots it to say what it is to do."""
    made, rom = folder / "window.o", folder / "window.rom"
    subprocess.run(("as", "--32", "-o", made, SOURCE), check=True)
    subprocess.run(("objcopy", "-O", "binary", "-j", ".text", made, rom), check=True)
    return rom.read_bytes()
