"""`make policies`: each suite's kernel source by apt, and what `vapic policy read` makes of it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

from app.settings import ROOT
from tests.rehearse import packages

CACHE = ROOT / "var" / "policies"
SUITES = ("bookworm", "trixie", "sid")
# The package that depends on the source of the suite's newest kernel.
WANTED = ("linux-source",)
READ = ("/arch/x86/kvm/", "/arch/x86/include/")


def main(suites: list[str]) -> int:
    """Read the kernel of each suite; return how many could not be read."""
    wrong = 0
    for suite in suites or SUITES:
        for deb in packages.fetch(suite, CACHE / suite, WANTED):
            name, version, _ = deb.stem.split("_")
            if name.startswith("linux-source-"):
                tree = unpack(deb, CACHE / suite / "trees" / version)
                told = ("policy", "read", tree, "--version", version, "--into", ROOT / "seed")
                done = subprocess.run((Path(sys.executable).with_name("vapic"), *told), check=False)
                wrong += bool(done.returncode)
    return 1 if wrong else 0


def unpack(deb: Path, tree: Path) -> Path:
    """Return a folder with what is read of a package's source, unpacked once."""
    if tree.exists():
        return tree
    archive = tree.with_suffix(".tar.xz")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with archive.open("wb") as into:
        listed = subprocess.Popen(("dpkg-deb", "--fsys-tarfile", deb), stdout=subprocess.PIPE)
        with tarfile.open(fileobj=listed.stdout, mode="r|") as package:
            for member in package:
                if member.name.endswith(".tar.xz") and (inner := package.extractfile(member)):
                    into.write(inner.read())
    part = tree.with_name(f"{tree.name}.part")
    with tarfile.open(archive) as source:
        members = (m for m in source if m.isfile() and any(word in f"/{m.name}" for word in READ))
        source.extractall(part, members, filter="data")
    archive.unlink()
    next(part.iterdir()).rename(tree)
    part.rmdir()
    return tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
