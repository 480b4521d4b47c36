"""Templates as they were compiled, kept where Python keeps what it compiles."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class Compiled(jinja2.FileSystemBytecodeCache):
    """Keeps compiled templates of one environment in a folder, where that may be written.

    What a filter makes of a constant is compiled in, so that ``filters``, the files that hold them,
    tell what was made by others; the environment must have no other filters.
    """

    def __init__(self, folder: Path, filters: tuple[Path, ...]) -> None:
        super().__init__(str(folder), "template-%s.cache")
        sources = (file.read_text("utf-8") for file in filters)
        self._made_by = "\0".join((jinja2.__version__, *sources))

    def get_source_checksum(self, source: str) -> str:
        """Return what a compiled template must agree in with its source and with what made it."""
        return super().get_source_checksum(f"{self._made_by}\0{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept, where it can be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled; who may not write compiles it again at the next start."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)
