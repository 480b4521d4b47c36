"""The kernel that runs the tests, as far as they may use it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.probing.host.tracing import PLACES


@contextmanager
def tracefs_there_is() -> Iterator[Path | None]:
    """Where this kernel's own tracefs is, mounted for so long where it is not; None for no one.

    A folder of regular files is no stand-in: it takes what tracefs refuses.
    """
    for place in PLACES:
        if os.access(f"/{place}/instances", os.W_OK):
            yield Path("/", place)
            return
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tracefs", "nodev", folder]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            # Whoever a test killed may still be looking into it.
            subprocess.run(["umount", "--lazy", folder], check=True)
