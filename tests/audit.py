"""``make audit``: ask OSV, the public database of weaknesses, about every package of the lock files.

Ends in 1 where it knows of one; where it cannot be reached nothing was checked, and that is said.
"""

import json
import os
import re
import sys
import urllib.request
from urllib.error import URLError

from app.settings import ROOT

OSV = "https://api.osv.dev/v1/querybatch"
LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-uv.txt",
    "requirements-postgres.txt",
)
# As many as one question may name.
MOST = 1000


def locked() -> list[tuple[str, str, str]]:
    """Return (ecosystem, name, version) of every package of the lock files, each once."""
    found = {}
    for name in LOCKS:
        lines = (ROOT / name).read_text("utf-8") if (ROOT / name).exists() else ""
        for package, version in re.findall(
            r"^([\w.-]+)(?:\[\w+\])?==([^\s;\\]+)", lines, re.MULTILINE
        ):
            found["PyPI", package, version] = None
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for path, about in packages.items():
        if path:
            found["npm", path.rpartition("node_modules/")[2], about["version"]] = None
    return list(found)


def known(packages: list[tuple[str, str, str]], address: str) -> list[str]:
    """Return a line for each weakness that is known. Raises URLError, ValueError for no answer."""
    lines = []
    for i in range(0, len(packages), MOST):
        some = packages[i : i + MOST]
        queries = [{"package": {"ecosystem": e, "name": n}, "version": v} for e, n, v in some]
        asked = urllib.request.Request(address, json.dumps({"queries": queries}).encode(),
                                       {"content-type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(asked, timeout=30) as answer:
            results = json.load(answer)["results"]
        if len(results) != len(some):
            raise ValueError(f"{len(results)} answers to {len(some)} questions")
        for (ecosystem, name, version), result in zip(some, results, strict=True):
            lines += [f"{ecosystem} {name} {version}: https://osv.dev/vulnerability/{one['id']}"
                      for one in result.get("vulns", ())]  # fmt: skip
    return lines


def main() -> int:
    address, packages = os.environ.get("OSV_URL", OSV), locked()
    try:
        found = known(packages, address)
    except (URLError, OSError, ValueError, KeyError) as error:
        print(f"{address} could not be asked ({error}): nothing was checked.")
        return 0
    print("\n".join(found) or f"{len(packages)} packages, no known weakness.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
