"""What a file is that somebody gave, and the command that takes it: only for hints."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from app.core.faults import BadDocument, Fault, describe
from app.intake.mail_reading import read_mail
from app.intake.messages import is_message
from app.intake.strict_json import scan_json
from app.intake.transfer import to_utf8

# How much of a text tells what it is.
SAMPLE = 50_000
EXAMPLE = "/docs/format has an example"
# How many keys tell which tool wrote an object.
SHOWN = 3


@dataclass(frozen=True)
class Recognised:
    """What a file is; ``reader`` is the command that reads it as it is, empty for none."""

    name: str
    then: str
    reader: str = ""

    @property
    def sentence(self) -> str:
        """What it is and what to do with it."""
        return f"This is {self.name}: {self.then}."


MAGIC = (
    (b"\x17\x08Dtracing", "a binary trace (trace.dat)",
     "`trace-cmd report FILE > trace.txt` prints it"),
    (b"PERFILE2", "binary data of perf", "`perf script -i FILE > trace.txt` prints it"),
    (b"\x1f\x8b", "a gzip archive", "`zcat FILE` unpacks it; a .tar.gz `tar xf FILE`"),
    (b"\xfd7zXZ", "an xz archive", "`xzcat FILE` unpacks it; a .tar.xz `tar xf FILE`"),
    (b"BZh", "a bzip2 archive", "`bzcat FILE` unpacks it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "`zstdcat FILE` unpacks it"),
    (b"PK\x03\x04", "a zip archive", "`unzip FILE` unpacks it"),
    (b"7z\xbc\xaf", "a 7z archive", "`7z x FILE` unpacks it"),
    (b"\x7fELF", "a program (ELF)", "give the text that it prints"),
    (b"%PDF", "a PDF", "`pdftotext -layout FILE` prints its text"),
    (b"\x89PNG", "a picture", "give the text that it shows"),
    (b"\xff\xd8\xff", "a picture", "give the text that it shows"),
    (b"GIF8", "a picture", "give the text that it shows"),
    (b"\xd0\xcf\x11\xe0", "a message of Outlook or a file of Office",
     "save it as text, or as .eml"),
    (b"{\\rtf", "RTF", "save it as plain text"),
    (b"SQLite format 3\0", "an SQLite database", "`vapic` reads its own through DATABASE_URL"),
)  # fmt: skip


# The first that fits; those with the clearest signs come first.
TEXTS: tuple[tuple[str, str, str, str], ...] = (
    ("guest", "a serial log of the guest", r'^\{"event":"',
     "`vapic correlate GUEST TRACE` takes it, with the host's trace behind it"),
    ("check", "a measurement document",
     r'^[ \t]*"(?:observations|measured_at|exits_watched)":|^\{"format":',
     "`vapic check FILE` takes it"),
    ("trace", "a trace of the host",
     r"\bkvm_(?:exit|entry|pio|msr|inj_\w+|apic\w*|avic\w+)\s*[:(]|^# tracer:",
     "`vapic correlate GUEST TRACE` takes it, behind the guest's serial log"),
    ("", "a count of exits (perf kvm stat, kvm_stat, bpftrace)",
     r"^Analyze events for all VMs|^[ \t]*VM-EXIT\s+Samples|^kvm statistics|^Attaching \d+ probe",
     "it names no single access; `trace-cmd record -e kvm` or `perf record -e 'kvm:*'` does"),
    ("selftests", "a log of KVM's selftests",
     r"^TAP version|selftests: kvm:|==== Test Assertion Failure",
     "`vapic import selftests FILE` takes it"),
    ("kvm-unit-tests", "a log of kvm-unit-tests", r"^(?:PASS|FAIL|XFAIL|XPASS|KFAIL): ",
     "`vapic import kvm-unit-tests FILE` takes it"),
    ("", "the summary of run_tests.sh", r"^[^\w\n]*(?:PASS|FAIL|SKIP) [\w-]+ (?:\(|$)",
     "the results stand beside it: `vapic import kvm-unit-tests logs/x2apic.log` takes one log"),
    ("cpuinfo", "the text of /proc/cpuinfo", r"^processor[ \t]*: *\d+",
     "`--cpuinfo FILE` of `vapic import` takes it beside a log"),
    ("", "the output of lscpu", r"^(?:Architecture|Vendor ID):\s",
     "`--cpuinfo` of `vapic import` takes /proc/cpuinfo instead, with microcode and flags"),
    ("mail-table", "a table of accesses",
     r"(?i:^[^\w\n]*(?:MSR|register|offset|MMIO)\b.*\b(?:RDMSR|WRMSR|read|write)\b)",
     "`vapic import mail-table FILE` takes it"),
    ("", "a kernel log", r"^(?:<\d+>)?\[ *\d+\.\d{6}\] ",
     "/docs/measure says which of its lines tell that AVIC is on; a measurement needs accesses"),
)  # fmt: skip


def recognise_binary(raw: bytes) -> Recognised | None:
    """Return what a file is that is no text by its first bytes, None for what is not known."""
    found = ((name, then) for mark, name, then in MAGIC if raw.startswith(mark))
    return next((Recognised(*one) for one in found), None)


def recognise(raw: bytes) -> Recognised | None:
    """Return what a file is, None for what is not known."""
    if binary := recognise_binary(raw):
        return binary
    part, _ = to_utf8(raw[:SAMPLE])
    text = read_mail(part).text
    for reader, name, pattern, then in TEXTS:
        if re.search(pattern, text, re.MULTILINE):
            return Recognised(name, then, reader)
    if is_message(part.decode("latin-1")):
        return Recognised("a mail", "`vapic check-mail FILE` takes it", "check-mail")
    if re.match(rb"\s*<(?:!doctype|html|head|body)\b", part, re.IGNORECASE):
        return Recognised("a page (HTML)", "give the file that it leads to, by its raw link")
    if part.count(b"\0") > len(text) // 100:
        return Recognised("a binary file", "give the text that its tool prints")
    return None


def scan_known(raw: bytes) -> tuple[Any, tuple[Fault, ...]]:
    """Do as ``scan_json`` does, and say of a file of another kind what it is."""
    try:
        return scan_json(raw)
    except BadDocument as error:
        kind, (first, *others) = recognise(raw), error.faults
        if kind and kind.reader != "check":
            hint = kind.sentence
        elif first.hint or raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            raise
        else:
            hint = EXAMPLE
        raise BadDocument((replace(first, hint=hint), *others)) from None


def of_another_kind(value: dict[str, Any]) -> Fault:
    """Return the one fault of an object that is no document at all: the JSON of another tool."""
    keys = ", ".join(map(describe, list(value)[:SHOWN])) + " ..." * (len(value) > SHOWN)
    return Fault("", f"an object with other keys: {keys}", "a measurement document", EXAMPLE)
