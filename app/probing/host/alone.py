"""The command line of the packed probe, for a host that has Python and nothing else."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.core.words import Mode
from app.errors import AppError
from app.probing import probe_document
from app.probing.correlation import Correlation
from app.probing.correlation_text import correlation_text
from app.probing.host.checks import Wish
from app.probing.host.command import HELP, MEASURED, MOST_REPEATS, REPEAT, SIGNALLED, probe
from app.probing.host.doctor import diagnose_in_words
from app.probing.host.keeping import Interrupted
from app.probing.host.reasons import Reasons

SEND = """\
Read it, and send it if you like; nothing was sent so far. Drop it at
/upload of an explorer, which says first what it would change, or

  curl --data-binary @{} -H 'Content-Type: application/json' \\
    ADDRESS/api/v1/measurements
"""


def main() -> None:
    """Run it; expected errors end in one line each."""
    if sys.argv[1:2] == ["doctor"]:
        sys.exit(_doctor(sys.argv[2:]))
    wish, qemu = _wish()
    runs: list[Correlation] = []

    def maker(found: Sequence[Correlation], facts: probe_document.HostFacts) -> dict[str, Any]:
        runs.extend(found)
        return probe_document.document(found, facts)

    try:
        if probe(wish, qemu, maker, lambda _: "\n".join(map(correlation_text, runs))):
            wish.tell(SEND.format(wish.output or "FILE"))
    except AppError as error:
        sys.exit(f"vapic: {error}")
    except OSError as error:
        sys.exit(f"vapic: {error.filename or ''}: {error.strerror or error}")


def _doctor(words: Sequence[str]) -> int:
    """Say whether AVIC is on here; return 0 for on, 1 for off, 2 where that is not known."""
    options = argparse.ArgumentParser(f"python3 {Path(sys.argv[0]).name} doctor", description=IS_ON)
    options.add_argument("--pid", type=int, default=0, help="The process of a running VM.")
    options.add_argument("--seconds", type=float, default=3, help="How long to trace it.")
    options.add_argument("--tracefs", type=_there, help="Where tracefs is.")
    options.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
    try:
        said, code = diagnose_in_words(Reasons.packed(), **vars(options.parse_args(words)))
    except Interrupted as error:
        sys.stderr.write(f"vapic: {error}: tracing is off.\n")
        return SIGNALLED + error.number
    sys.stdout.write(f"{said}\n")
    return code


def _wish() -> tuple[Wish, str]:
    """Return what the options ask for, and QEMU's name."""
    own = f"python3 {shlex.quote(str(Path(sys.argv[0]).absolute()))}"
    options = argparse.ArgumentParser(
        f"python3 {Path(sys.argv[0]).name}", description=WHAT, allow_abbrev=False
    )
    for name, how in OPTIONS.items():
        default = " Default: %(default)s." if how.get("default") else ""
        options.add_argument(f"--{name}", help=f"{HELP[name]}{default}", **how)
    told = vars(options.parse_args())
    qemu, output, modes = (told.pop(name) for name in ("qemu", "output", "mode"))
    told |= {
        "output": None if str(output) == "-" else output,
        "modes": tuple(dict.fromkeys(map(Mode, modes))),
    }
    return Wish(command=own, **told), qemu


def _repeat(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_REPEATS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_REPEATS}.")
    return int(text)


def _there(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{text} does not exist.")
    return path


IS_ON = "Is AVIC on for new virtual machines, and in one that runs? 0: on, 1: off, 2: not known."
WHAT = "Boot a tiny guest that touches every register, and write down what each access did."
OPTIONS: dict[str, dict[str, Any]] = {
    "accel": {"choices": ("kvm", "tcg"), "default": "kvm"},
    "output": {"type": Path, "default": MEASURED},
    "mode": {"choices": [str(mode) for mode in Mode], "action": "append", "default": []},
    "repeat": {"type": _repeat, "default": REPEAT},
    "kernel": {"type": _there},
    "qemu": {"default": ""},
    "tracefs": {"type": _there},
    "keep": {"type": Path},
    "disruptive": {"action": "store_true"},
    "dry-run": {"action": "store_true"},
}
