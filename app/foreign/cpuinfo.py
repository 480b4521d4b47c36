"""The processor in the text of /proc/cpuinfo, as Linux prints it on x86."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.intake.recognised import recognised

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


def read_cpuinfo(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what every processor of the text has in common, and what cannot be used.

    A flag that is absent says nothing: Linux also drops flags that the part has. What
    differs between processors, and a text taken inside a guest, is a fault.
    """
    processors = list(_processors(text))
    found: dict[str, Any] = {}
    faults = []
    if not processors:
        kind = recognised(text.encode())
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
