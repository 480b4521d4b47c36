"""The text of KVM's events behind the prefix of the line: one pattern each.

Written from the kernel's format strings (arch/x86/kvm/trace.h) and the layout of
trace-cmd's kvm plugin (``reason EXIT_MSR rip 0x... info 1 0``). Kernels from 6.14 on put
more behind kvm_exit and kvm_entry, so patterns hold the front of a line and leave its end
open. ``%#x`` of zero is ``0x0`` in the kernel and ``0`` in user space: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.probing import trace
from app.probing.exit_names import code_of

HEX = r"(?:0x)?[0-9a-fA-F]+"
Where = dict[str, Any]
Maker = Callable[[Mapping[str, str], Where], trace.TraceEvent | None]


def _hex(text: str | None) -> int:
    return int(text, 16) if text else 0


def _exit(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    return trace.KvmExit(
        reason=found["reason"],
        code=code_of(found["reason"]),
        rip=_hex(found["rip"]),
        info1=_hex(found["info1"] or found["plain1"]),
        info2=_hex(found["info2"] or found["plain2"]),
        **where,
    )


def _pio(found: Mapping[str, str], where: Where) -> trace.TraceEvent | None:
    if found["way"] == "read" or found["count"] != "1":
        return None
    return trace.PortWrite(
        port=_hex(found["port"]), size=int(found["size"]), value=_hex(found["value"]), **where
    )


def _cpuid(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    function, index = _hex(found["function"]), _hex(found["index"])
    return trace.CpuidAsked(function=function, index=index, **where)


def _msr(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    return trace.MsrEmulated(
        write=found["way"] == "write",
        number=_hex(found["number"]),
        value=_hex(found["value"]),
        refused=bool(found["refused"]),
        **where,
    )


def _unaccelerated(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    write = found["way"] == "write"
    return trace.Unaccelerated(offset=_hex(found["offset"]), write=write, **where)


def _incomplete(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    icr = _hex(found["high"]) << 32 | _hex(found["low"])
    return trace.IncompleteIpi(icr=icr, reason=int(found["id"]), **where)


def _injected(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    return trace.Injected(exception=found["name"], **where)


def _fault(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    return trace.PageFault(address=_hex(found["address"]), **where)


def _inhibit(found: Mapping[str, str], where: Where) -> trace.TraceEvent:
    return trace.InhibitChanged(
        is_set=found["what"] == "set",
        reason=int(found["reason"]),
        inhibits=_hex(found["inhibits"]),
        **where,
    )


# An event that stands here must be readable; any other one is of no interest.
EVENTS: Mapping[str, tuple[re.Pattern[str], Maker]] = {
    name: (re.compile(pattern), make)
    for name, pattern, make in (
        (
            "kvm_exit",
            (
                rf"(?:vcpu \d+,? )?reason (?P<reason>\S.*?) rip (?P<rip>{HEX})"
                rf"(?: info1 (?P<info1>{HEX}) info2 (?P<info2>{HEX}).*"
                rf"| info (?P<plain1>{HEX}) (?P<plain2>{HEX}).*)"
            ),
            _exit,
        ),
        (
            "kvm_pio",
            (
                rf"pio_(?P<way>read|write) at (?P<port>{HEX}) size (?P<size>\d+) "
                rf"count (?P<count>\d+) val (?P<value>{HEX}).*"
            ),
            _pio,
        ),
        ("kvm_cpuid", rf"func (?P<function>{HEX}) idx (?P<index>{HEX}) .*", _cpuid),
        (
            "kvm_msr",
            (
                rf"msr_(?P<way>read|write) (?P<number>{HEX}) = (?P<value>{HEX})"
                r"(?P<refused> \(#GP\))?"
            ),
            _msr,
        ),
        (
            # The word between brackets and direction is KVM's own trap or fault: not kept.
            "kvm_avic_unaccelerated_access",
            rf"vcpu=\d+, offset=(?P<offset>{HEX})\([^)]*\), \w+, (?P<way>read|write), vec={HEX}",
            _unaccelerated,
        ),
        (
            "kvm_avic_incomplete_ipi",
            rf"vcpu=\d+, icrh:icrl=(?P<high>{HEX}):(?P<low>{HEX}), id=(?P<id>\d+), index=\d+",
            _incomplete,
        ),
        ("kvm_inj_exception", r"(?P<name>#\w+).*", _injected),
        ("kvm_page_fault", rf"(?:.* )?address (?P<address>{HEX}) error_code {HEX}.*", _fault),
        (
            "kvm_apicv_inhibit_changed",
            rf"(?P<what>set|cleared) reason=(?P<reason>\d+), inhibits=(?P<inhibits>{HEX})",
            _inhibit,
        ),
    )
}


def read_event(name: str, text: str, where: Where) -> trace.TraceEvent | None:
    """Return an event, None where it is of no interest.

    Raises ValueError for one that matters and cannot be read.
    """
    if name not in EVENTS:
        return None
    pattern, make = EVENTS[name]
    match = pattern.fullmatch(text.rstrip())
    if match is None:
        raise ValueError(f"{name} in a form that is not known")
    return make(match.groupdict(), where)
