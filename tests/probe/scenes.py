"""Scenes: what a guest did and what a host traced of it, written in every layout.

Constructed from the protocol and from the kernel's format strings, never captured.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.words import Access
from app.probing.markers import BEGIN, END, END_OF_MEASURING, LEAF, PORT, Marker, Tag
from tests.probe.layouts import Told, write

INSNS = {
    "mmio-read": (0x100ABC, 0x100ABE),
    "mmio-write": (0x100AD0, 0x100AD2),
    "rdmsr": (0x100AE0, 0x100AE2),
    "wrmsr": (0x100AF0, 0x100AF2),
}
OUT_RIP, SOMEWHERE = 0x100A00, 0x100F00
START = {
    "event": "start",
    "schema": 1,
    "tool": "vapic-probe",
    "version": "1.0",
    "apic": "xapic",
    "measured_at": "2026-11-22T13:00:00Z",
    "vendor": "AuthenticAMD",
    "brand": "A constructed processor",
    "cpuid1_eax": "0x00a10f11",
    "hypervisor": "KVMKVMKVM",
    "marker": "port",
    "repeat": 4,
    "insns": {kind: [f"{at:#010x}", f"{after:#010x}"] for kind, (at, after) in INSNS.items()},
}


@dataclass(frozen=True)
class Place:
    """The thread and the processor that a vCPU runs on."""

    thread: int = 2101
    cpu: int = 3
    vcpu: int = 0


@dataclass(frozen=True, kw_only=True)
class Touch:
    """One access, as both sides know it before anything has happened."""

    apic: str
    write: bool
    msr: bool
    address: int
    value: int
    place: Place

    @property
    def offset(self) -> int:
        return (self.address & 0xFF) << 4 if self.msr else self.address

    @property
    def tag(self) -> Tag:
        return Tag.of(
            x2apic=self.apic == "x2apic",
            by_msr=self.msr,
            access=Access.WRITE if self.write else Access.READ,
            address=self.address,
        )

    def rip(self, where: str) -> int:
        kind = ("wrmsr" if self.write else "rdmsr") if self.msr else (
            "mmio-write" if self.write else "mmio-read"
        )  # fmt: skip
        return INSNS[kind][where == "after"]


Happening = Callable[[Touch], Sequence[Told]]


def bits_of(marker: Marker) -> int:
    """The 32 bits that the guest sends for a marker."""
    tag = marker.tag
    flags = tag.outside << 27 | tag.x2apic << 26 | tag.by_msr << 25
    write = tag.access is Access.WRITE
    return marker.phase << 28 | flags | write << 24 | tag.index << 16 | marker.seq % 0x10000


def exits(reason: str, where: str = "at", info1: int = 0, info2: int = 0) -> Happening:
    """An exit for any reason, at or after the access."""
    return lambda t: [t_exit(t.place, reason, t.rip(where), info1, info2)]


def noise(reason: str = "interrupt") -> Happening:
    return lambda t: [t_exit(t.place, reason, SOMEWHERE)]


def said(event: str, text: str) -> Happening:
    """Any other event of the vCPU's thread."""
    return lambda t: [Told(t.place.thread, t.place.cpu, event, text)]


def unaccelerated(
    where: str, *, offset: int = 0, read: bool = False, word: str = "trap"
) -> Happening:
    """Exit 402h; ``word`` is KVM's own, which must not matter."""

    def happen(t: Touch) -> list[Told]:
        at, wrote = offset or t.offset, t.write and not read
        way = "write" if wrote else "read"
        text = f"vcpu={t.place.vcpu}, offset={at:#x}(APIC_X), {word}, {way}, vec=0x0"
        exit_ = exits("avic_unaccelerated_access", where, at | wrote << 32)
        return [*exit_(t), *said("kvm_avic_unaccelerated_access", text)(t)]

    return happen


def incomplete(reason: int, *, told: int | None = None) -> Happening:
    """Exit 401h; ``told`` is the id of KVM's event where it is another one."""

    def happen(t: Touch) -> list[Told]:
        number = reason if told is None else told
        high, low = t.value >> 32, t.value & 0xFFFFFFFF
        text = f"vcpu={t.place.vcpu}, icrh:icrl={high:#010x}:{low:08x}, id={number}, index=1"
        exit_ = exits("avic_incomplete_ipi", "after", t.value, reason << 32 | 1)
        return [*exit_(t), *said("kvm_avic_incomplete_ipi", text)(t)]

    return happen


def intercepted(*, refused: bool = False, number: int = 0, value: int | None = None) -> Happening:
    """Exit 7Ch with KVM's emulation behind it."""

    def happen(t: Touch) -> list[Told]:
        way, gp = "write" if t.write else "read", " (#GP)" if refused else ""
        text = f"msr_{way} {number or t.address:x} = {t.value if value is None else value:#x}{gp}"
        told = [*exits("msr", info1=int(t.write))(t), *said("kvm_msr", text)(t)]
        return [*told, *said("kvm_inj_exception", "#GP (0x0)")(t)] if refused else told

    return happen


def faulted(address: int = 0) -> Happening:
    """Exit 400h on the APIC page, or on another one."""

    def happen(t: Touch) -> list[Told]:
        at = address or 0xFEE00000 | t.address
        text = f"vcpu {t.place.vcpu} rip {t.rip('at'):#x} address {at:#018x} error_code 0x10000000f"
        return [*exits("npf", "at", 0x10000000F, at)(t), *said("kvm_page_fault", text)(t)]

    return happen


def lost(cpu: int | None, count: int | None = 12) -> Happening:
    return lambda _: [Told(0, cpu, "LOST", "" if count is None else str(count))]


def t_exit(place: Place, reason: str, rip: int, info1: int = 0, info2: int = 0) -> Told:
    text = f"{reason} {rip:x} {info1:x} {info2:x}"
    return Told(place.thread, place.cpu, "kvm_exit", text, place.vcpu)


@dataclass
class Scene:
    """A run under construction; ``did`` adds an access to both sides."""

    apic: str = "xapic"
    marker: str = "port"
    repeat: int = 4
    first: int = 1
    start: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    mask: int = 0

    def did(
        self,
        slug: str,
        address: int,
        *happenings: Happening,
        write: bool = False,
        value: int = 0,
        rep: int = 1,
        place: Place = Place(),
        msr: bool | None = None,
        **said_: Any,
    ) -> Scene:
        by_msr = self.apic == "x2apic" if msr is None else msr
        touch = Touch(
            apic=self.apic, write=write, msr=by_msr, address=address, value=value, place=place
        )
        seq = self.first + len(self.lines)
        self.lines.append(self._line(touch, slug, seq, rep, said_))
        self._mark(touch, BEGIN, seq)
        for happen in happenings:
            self.told += happen(touch)
        self._mark(touch, END, seq)
        return self

    def repeated(self, *args: Any, times: int = 4, **kwargs: Any) -> Scene:
        for rep in range(times):
            self.did(*args, rep=rep, **kwargs)
        return self

    def host(self, event: str, text: str, thread: int = 1999, cpu: int = 0) -> Scene:
        """Something that another thread of the host was seen to do."""
        self.told.append(Told(thread, cpu, event, text))
        return self

    def inhibit(self, mask: int, names: str = "") -> Scene:
        """Change the mask of inhibits, one reason at a time as the kernel does."""
        for reason in range(16):
            if (self.mask ^ mask) >> reason & 1:
                self.mask ^= 1 << reason
                word = "set" if self.mask >> reason & 1 else "cleared"
                told = f"{word} reason={reason}, inhibits={self.mask:#x} {names}"
                self.host("kvm_apicv_inhibit_changed", told.rstrip())
        return self

    def _line(
        self, touch: Touch, slug: str, seq: int, rep: int, said_: dict[str, Any]
    ) -> dict[str, Any]:
        hexes = {k: f"{v:#x}" for k, v in said_.items() if k == "read_back"}
        fault = said_.get("fault")
        unread = fault and not touch.write
        return {
            "event": "access",
            "seq": seq,
            "rep": rep,
            "apic": touch.apic,
            "op": "write" if touch.write else "read",
            "via": "msr" if touch.msr else "mmio",
            "reg": f"0x{touch.address:03x}",
            "slug": slug,
            "width": 64 if touch.msr else 32,
            "value": None if unread else f"{touch.value:#x}",
            "fault": None,
            "err": "0x0000",
            "esr": "0x00",
            "cycles": 120,
            "why": "pattern" if touch.write else "initial",
        } | said_ | hexes  # fmt: skip

    def _mark(self, touch: Touch, phase: int, seq: int) -> None:
        value = bits_of(Marker(phase, touch.tag, seq))
        self.told += self.marker_of(touch.place, value)

    def marker_of(self, place: Place, value: int) -> list[Told]:
        if self.marker == "cpuid":
            event = "kvm_cpuid"
            text = f"func {LEAF:x} idx {value:x} rax 0 rbx 0 rcx 0 rdx 0, cpuid entry not found"
        else:
            event = "kvm_pio"
            text = f"pio_write at {PORT:#x} size 4 count 1 val {value:#x} "
        reason = "io" if self.marker == "port" else "cpuid"
        return [
            t_exit(place, reason, OUT_RIP, 0x7E00040, OUT_RIP + 1),
            Told(place.thread, place.cpu, event, text),
            Told(place.thread, place.cpu, "kvm_entry", f"{OUT_RIP:x}", place.vcpu),
        ]

    def guest(self) -> bytes:
        """The serial log, with its checksum."""
        started = START | {"apic": self.apic, "marker": self.marker, "repeat": self.repeat}
        events = [
            started | self.start,
            {"event": "selftest", "pf": 1, "gp": 1},
            *self.lines,
            {"event": "end", "accesses": len(self.lines)},
        ]
        return serial(events)

    def trace(self, layout: str = "trace-cmd", *, new: bool = True) -> str:
        """The host's trace in one of the layouts, of a kernel from 6.14 on or of an older one."""
        ending = self.marker_of(Place(), END_OF_MEASURING)
        return write([*self.told, *ending], layout, new=new)


def serial(events: Sequence[dict[str, Any]]) -> bytes:
    """JSON lines with a remark for people before them and their checksum behind them."""
    text = "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events)
    total = {"event": "checksum", "crc32": f"0x{zlib.crc32(text.encode()):08x}"}
    total |= {"lines": len(events)}
    return f"# constructed\n{text}{json.dumps(total, separators=(',', ':'))}\n".encode()
