"""The processor in the text of /proc/cpuinfo, as Linux prints it on x86."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.core import names
from app.intake.recognised import recognise

# Its words, and the keys of format 1.
KEYS = {
    "vendor_id": "cpu.vendor",
    "cpu family": "cpu.family",
    "model": "cpu.model",
    "stepping": "cpu.stepping",
    "microcode": "cpu.microcode",
    "model name": "cpu.brand",
}
NUMBERS = ("cpu family", "model", "stepping")
FLAGS = ("avic", "x2avic")


# /proc/cpuinfo, lscpu (-J too), and the kernel's own line at boot, which counts in hexadecimal.
SAYS = r"\s*:\s*(?:\"\s*,\s*\"data\"\s*:\s*\")?"
_NUMBER = r"(0x[0-9a-f]+|[0-9]+)"
_FAMILY = re.compile(rf"\bfamily{SAYS}{_NUMBER}", re.IGNORECASE)
_MODEL = re.compile(rf"\bmodel{SAYS}{_NUMBER}", re.IGNORECASE)
_VENDOR = re.compile(rf"\bvendor[ _]id{SAYS}(\w+)", re.IGNORECASE)


def read_signature(text: str) -> tuple[str, int, int] | None:
    """Return vendor, family and model of the first processor that a text of Linux names.

    The vendor is empty where the text names none; None without a family or a model, which
    ``19h/11h`` has too.
    """
    found = [pattern.search(text) for pattern in (_FAMILY, _MODEL)]
    if not all(found):
        family, _, model = names.cpuid_of(text).replace("h", "").partition("/")
        return ("", int(family, 16), int(model, 16)) if family else None
    vendor, (family, model) = _VENDOR.search(text), (match[1] for match in found if match)
    return vendor[1] if vendor else "", int(family, 0), int(model, 0)


def read_cpuinfo(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what every processor of the text has in common, and what cannot be used.

    A flag that is absent says nothing: Linux also drops flags that the part has. What
    differs between processors, and a text taken inside a guest, is a fault.
    """
    processors = list(_processors(text))
    found: dict[str, Any] = {}
    faults = []
    if not processors:
        kind = recognise(text.encode())
        other = f". {kind.sentence}" if kind else ""
        faults.append(f"no processor, which begins with a line `processor : 0`{other}")
    for name, key in KEYS.items():
        values = sorted({p[name] for p in processors if name in p})
        if values in ([], ["unknown"]):
            continue
        if len(values) > 1:
            faults.append(f"processors that differ in {name!r}: {', '.join(values[:4])}")
        elif name in NUMBERS and not values[0].isdecimal():
            faults.append(f"{name!r} is {values[0]!r}, not a number")
        else:
            found[key] = int(values[0]) if name in NUMBERS else values[0]
    flags = set.intersection(*(set(p.get("flags", "").split()) for p in processors or [{}]))
    if "hypervisor" in flags:
        faults.append("the flag `hypervisor`: this is the text of a guest, not of the host")
    found |= {f"features.{name}": True for name in FLAGS if name in flags}
    return found, tuple(faults)


def _processors(text: str) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if name.strip() == "processor" and found:
            yield found
            found = {}
        if colon:
            found[name.strip()] = value.strip()
    if "processor" in found:
        yield found
