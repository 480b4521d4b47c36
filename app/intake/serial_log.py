"""A serial log of the guest as a submission: what a guest saw that watched only itself.

Nobody watched for exits, so it says ``completed``, ``gp`` or ``pf`` and no more. The
checksum at its end tells a log that was pasted whole from one that lost something.
"""

from __future__ import annotations

# What reads a log is imported when somebody sends one: most that start are never sent any.
# ruff: noqa: PLC0415
from typing import Any

from app.core.faults import BadDocument, Fault
from app.errors import Problem

HINT = "send the log as it came, from its start line to its checksum line"


def is_serial_log(raw: bytes) -> bool:
    """Whether bytes are a guest's serial log, whole or not, rather than a JSON document."""
    from app.probing import guest_log

    opening = raw.lstrip(b" \t\r\n")
    if opening.startswith(b"{"):
        return opening.startswith(guest_log.JSON_LINE)
    return guest_log.is_guest_log(raw)


def read_log(raw: bytes) -> dict[str, Any]:
    """Return the document of format 1 that a log stands for; its form is not checked here.

    Raises BadDocument with every fault: its line, what was found, what was expected.
    """
    from app.probing.correlation import read_without_trace
    from app.probing.guest_log import BadGuestLog
    from app.probing.probe_document import HostFacts, NothingMeasured, document

    try:
        raw.decode("utf-8")
        return document([read_without_trace(raw)], HostFacts())
    except BadGuestLog as error:
        raise BadDocument(tuple(map(_fault, error.problems))) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte {raw[error.start]:02X}h at line {line}"
        raise BadDocument((Fault("", found, "UTF-8"),)) from None
    except NothingMeasured as error:
        raise BadDocument((Fault("", error.message, "an access of a register"),)) from None


def _fault(problem: Problem) -> Fault:
    where = f" at line {problem.line}" if problem.line else ""
    key = f"{problem.place} " if problem.place else ""
    hint = HINT if problem.place in ("crc32", "lines") else ""
    return Fault("", f"{key}{problem.found}{where}", problem.expected, hint)
