"""`vapic correlate` over a trace as long as a buffer of 32 MB, and what the tests took."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import time
import zlib
from typing import Any

from tests.bench.running import KEPT, VAPIC, Figures, Run, environment
from tests.probe.recordings import recording

RECORDED = "7.2-x2apic-off.tracefs"
BYTES = 32 << 20
MARKER = re.compile(r"(pio_write at 0x7e0 size 4 count 1 val 0x[be][0-9a-f]{3})([0-9a-f]{4})\b")
END = "val 0xffffffff"
TIME = re.compile(r"(?<= )\d+\.\d{6}(?=: )")
# Written by `make test`: seconds of its last run that ended well.
TESTED = KEPT / "tested"
# A void run is no document, and exits with 1.
VOID = 1


def measure(run: Run) -> Figures:
    """Return the seconds of a correlation and its most memory in MB, and the seconds of the tests."""
    log, trace = whole()
    files = [run.folder / "guest.log", run.folder / "host.trace"]
    for file, raw in zip(files, (log, trace), strict=True):
        file.write_bytes(raw)
    accesses = str(json.loads(log.splitlines()[-2])["accesses"])
    figures: Figures = {"correlate": [], "correlate memory": []}
    for _ in range(run.rounds):
        begin = time.perf_counter()
        command = [VAPIC, "correlate", *map(str, files)]
        known = environment(run.database)
        process = subprocess.Popen(
            command, env=known, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) == VOID, said
        assert f"{accesses} for {accesses} accesses" in said, said
        figures["correlate"].append(time.perf_counter() - begin)
        figures["correlate memory"].append(used.ru_maxrss / 1024)
    if TESTED.exists():
        figures["tests"] = [float(TESTED.read_text("ascii"))]
    return figures


def whole() -> tuple[bytes, bytes]:
    """Return log and trace of one boot that made one recording's accesses again and again.

    Sequence numbers and times go on, so that every window is there once. AVIC was off in it.
    """
    log, trace = recording(RECORDED)
    first, *said, end, _checksum = map(json.loads, log.splitlines())
    accesses = [line for line in said if line["event"] == "access"]
    remarks = [line for line in said if line["event"] != "access"]
    head, events, tail = _parts(trace)
    span = _time(events[-1]) - _time(events[0]) + 1
    turns = math.ceil(BYTES / sum(map(len, events)))
    count, repeat = len(accesses), first["repeat"]
    again = (
        line | {"seq": line["seq"] + turn * count, "rep": line["rep"] + turn * repeat}
        for turn in range(turns)
        for line in accesses
    )
    begun = first | {"repeat": turns * repeat}
    ended = end | {"accesses": turns * count, "quiet_faults": turns * end["quiet_faults"]}
    guest = "".join(_line(line) for line in (begun, *remarks, *again, ended))
    lines = guest.count("\n")
    guest += _line({"event": "checksum", "crc32": f"0x{zlib.crc32(guest.encode()):08x}",
                    "lines": lines})  # fmt: skip
    host = [_later(line, turn * span, turn * count) for turn in range(turns) for line in events]
    host += [_later(line, turns * span, 0) for line in tail]
    return guest.encode(), "".join((*head, *host)).encode()


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":")) + "\n"


def _parts(trace: str) -> tuple[list[str], list[str], list[str]]:
    """Return what stands before the first marker, the events from there, and the end of them."""
    lines = trace.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if MARKER.search(line))
    last = next(n for n, line in enumerate(lines) if END in line)
    # It counts the events of one recording.
    head = [line for line in lines[:first] if "entries-in-buffer" not in line]
    return head, lines[first:last], lines[last : last + 1]


def _time(line: str) -> float:
    return float(TIME.search(line)[0])  # type: ignore[index]


def _later(line: str, seconds: float, accesses: int) -> str:
    line = TIME.sub(lambda found: f"{float(found[0]) + seconds:.6f}", line, count=1)
    return MARKER.sub(lambda found: f"{found[1]}{int(found[2], 16) + accesses:04x}", line)
