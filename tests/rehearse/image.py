"""Packages become a kernel and the root that it boots from, an archive in memory (cpio, newc).

No package's scripts are run. What a machine without people never reads is left out.
"""

from __future__ import annotations

import io
import re
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

KERNEL = re.compile(r"boot/vmlinuz-.*|usr/lib/modules/[^/]+/vmlinuz")
MODULE = re.compile(r"usr/lib/modules/.*")
# The modules themselves, and which there are in the kernel.
KEPT_MODULE = re.compile(
    r".*/(modules\.(order|builtin\S*)|kernel/(arch/x86/k(vm|ernel)|virt/lib)/[^/]*\.ko\S*)"
)
LEFT_OUT = re.compile(
    r"(boot|usr/(libexec|include|lib/(udev|systemd|x86_64-linux-gnu/(perl|gconv))))/.*"
    r"|usr/share/(?!qemu/|seabios/).*|usr/bin/qemu-system-(i386|x86_64-microvm)"
)
# Debian's root since all is under /usr; the packages of older suites still have both.
MERGED = ("bin", "lib", "lib64", "sbin")


def build(debs: Sequence[Path], own: Mapping[str, tuple[int, bytes]], root: Path) -> bytes:
    """Write the root into ``root``, with files of our own in it; return the kernel."""
    kernel = b""
    with root.open("wb") as out:
        entry = _Archive(out).add
        for name in MERGED:
            entry(name, stat.S_IFLNK | 0o777, f"usr/{name}".encode())
        for name, mode, data in _files(debs):
            if KERNEL.fullmatch(name):
                kernel = data
            elif KEPT_MODULE.fullmatch(name) if MODULE.fullmatch(name) else _wanted(name):
                entry(name, mode, data)
        for name, (mode, data) in own.items():
            entry(name, stat.S_IFREG | mode, data)
        entry("TRAILER!!!", 0, b"")
    return kernel


def _wanted(name: str) -> bool:
    return not LEFT_OUT.fullmatch(name)


def _files(debs: Sequence[Path]) -> Iterator[tuple[str, int, bytes]]:
    """Return name, mode and content of what is in packages."""
    for deb in debs:
        raw = subprocess.run(
            ("dpkg-deb", "--fsys-tarfile", deb), stdout=subprocess.PIPE, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(raw.stdout)) as tar:
            for member in tar:
                name = member.name.removeprefix("./").rstrip("/")
                if name.partition("/")[0] in MERGED:
                    name = f"usr/{name}"
                if member.issym():
                    yield name, stat.S_IFLNK | 0o777, member.linkname.encode()
                # A hard link becomes a copy.
                elif member.isreg() or member.islnk():
                    file = tar.extractfile(member)
                    yield name, stat.S_IFREG | member.mode, file.read() if file else b""


class _Archive:
    """The format of the kernel's Documentation/driver-api/early-userspace/buffer-format.rst."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._there: set[str] = set()

    def add(self, name: str, mode: int, data: bytes) -> None:
        """Add a file or a link, and the folders that lead to it, all root's."""
        above = name.rpartition("/")[0]
        if above and above not in self._there:
            self.add(above, stat.S_IFDIR | 0o755, b"")
        if name in self._there:
            return
        self._there.add(name)
        raw = name.encode() + b"\0"
        fields = (len(self._there), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        self._padded(b"070701" + b"".join(b"%08x" % field for field in fields) + raw)
        self._padded(data)

    def _padded(self, data: bytes) -> None:
        self._out.write(data + b"\0" * (-len(data) % 4))
