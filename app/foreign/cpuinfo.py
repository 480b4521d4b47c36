"""The processor in the text of /proc/cpuinfo, as Linux prints it on x86."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KEYS = {
    "vendor_id": "vendor",
    "cpu family": "family",
    "model": "model",
    "stepping": "stepping",
    "microcode": "microcode",
    "model name": "brand",
}
NUMBERS = ("family", "model", "stepping")
FLAGS = ("avic", "x2avic")


@dataclass(frozen=True)
class CpuInfo:
    """``cpu`` and ``features`` as format 1 has them; ``faults`` say what cannot be used."""

    cpu: Mapping[str, Any]
    features: Mapping[str, bool]
    faults: tuple[str, ...]


def read_cpuinfo(text: str) -> CpuInfo:
    """Read what every processor of the text has in common.

    A flag that is absent says nothing: Linux also drops flags that the part has. What
    differs between processors, and a text taken inside a guest, is a fault.
    """
    processors = list(_processors(text))
    cpu: dict[str, Any] = {}
    faults = [] if processors else ["no processor, which begins with a line `processor : 0`"]
    for name, key in KEYS.items():
        values = sorted({p[name] for p in processors if name in p})
        if len(values) > 1:
            faults.append(f"processors that differ in {name!r}: {', '.join(values[:4])}")
        elif values and values != ["unknown"]:
            number = key in NUMBERS
            if number and not values[0].isdecimal():
                faults.append(f"{name!r} is {values[0]!r}, not a number")
                continue
            cpu[key] = int(values[0]) if number else values[0]
    flags = set.intersection(*(set(p.get("flags", "").split()) for p in processors or [{}]))
    if "hypervisor" in flags:
        faults.append("the flag `hypervisor`: this is the text of a guest, not of the host")
    return CpuInfo(cpu, {name: True for name in FLAGS if name in flags}, tuple(faults))


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
