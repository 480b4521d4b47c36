"""The probe in one file, for a host that has Python and QEMU: its modules, guest and reasons.

A zipapp: Python runs it as it is. The same sources and the same compiler give the same bytes.
"""

from __future__ import annotations

import json
from modulefinder import ModuleFinder
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.core.inhibits import as_data
from app.core.knowledge import Knowledge
from app.curation.seed import check_seed
from app.probing.guest_build import ELF, ROOT, build
from app.probing.host.reasons import PACKED
from app.settings import Settings

ENTRY = "app.probing.host.alone"
# Read by older Pythons, too.
MAIN = f"""\
import sys
if sys.version_info < (3, 11):
    sys.exit("vapic: this takes Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")
from {ENTRY} import main
main()
"""


def pack(file: Path) -> Path:
    """Write the packed probe and return its path. Raises BuildFailed."""
    # Of our own modules only: all others are the standard library's, as `make check` holds.
    finder = ModuleFinder([str(ROOT)])
    finder.import_hook(ENTRY)
    places = [vars(module)["__file__"] for module in finder.modules.values()]
    # What is built in has none.
    paths = [Path(place) for place in places if place]
    parts = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    known = Knowledge.of(entry.fact for entry in check_seed(Settings().seed))
    with TemporaryDirectory() as folder:
        parts[f"app/probing/{ELF}"] = build(Path(folder)).read_bytes()
    parts[f"app/probing/host/{PACKED}"] = json.dumps(as_data(known)).encode()
    with file.open("wb") as made:
        made.write(b"#!/usr/bin/env python3\n")
        with ZipFile(made, "w", ZIP_DEFLATED) as zipped:
            for name, content in sorted((parts | {"__main__.py": MAIN.encode()}).items()):
                # With the time that it has when none is given.
                zipped.writestr(ZipInfo(name), content, ZIP_DEFLATED)
    file.chmod(0o755)
    return file
