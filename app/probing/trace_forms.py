"""The text of one event: the forms of those that we rely on, and what they are read into.

The forms are those of the kernel's format strings (arch/x86/kvm/trace.h), of trace-cmd's kvm
plugin (``reason EXIT_MSR rip 0x... info 1 0``), and of what libtraceevent prints where it
cannot make anything of a format string (``[FAILED TO PARSE] exception=13``). Kernels append
to their lines (6.11 the names of inhibits, 6.14 more behind kvm_exit), so a form holds the
front of a line and leaves its end open. ``%#x`` of zero is ``0x0`` in the kernel and ``0`` in
user space: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.probing import trace

HEX = r"(?:0[xX])?[0-9a-fA-F]+"
# What may follow a part that is known: nothing, or a word of its own.
MORE = r"(?:\W.*)?"
# The kernel's kvm_trace_sym_exc, for traces in which the name could not be printed.
EXCEPTIONS = {
    0: "DE", 1: "DB", 3: "BP", 4: "OF", 5: "BR", 6: "UD", 7: "NM", 8: "DF", 10: "TS",
    11: "NP", 12: "SS", 13: "GP", 14: "PF", 16: "MF", 17: "AC", 18: "MC", 19: "XM",
    20: "VE", 21: "CP", 28: "HV", 29: "VC", 30: "SX",
}  # fmt: skip
# How a part of an event's text is read: as the first letter of its name says.
_READ: Mapping[str, Callable[[str], Any]] = {
    # ICRH:ICRL is one number.
    "x": lambda text: int(text.replace(":", ""), 16),
    "d": int,
    "t": str,
    "b": lambda text: text in ("write", " (#GP)", "set", "deactivate"),
    "e": lambda text: f"#{EXCEPTIONS.get(int(text, 0), text)}",
}


def _form(
    made: Callable[..., trace.TraceEvent], *pattern: str
) -> tuple[Callable[..., trace.TraceEvent], re.Pattern[str]]:
    return made, re.compile("".join(pattern))


def _requested(**parts: Any) -> trace.InhibitChanged:
    """Kernels before 5.18 tell the reason alone, and no mask."""
    return trace.InhibitChanged(inhibits=parts["set"] << parts["reason"], **parts)


# An event that stands here must be readable; any other one is of no interest. Neither is one
# in a form without parts.
_FORMS = {
    "kvm_exit": _form(
        trace.KvmExit,
        rf"(?:vcpu \d+,? )?reason (?P<t_reason>\S.*?) rip (?P<x_rip>{HEX}) ",
        # The kernel pads them, so that one that a line break cut short is not taken for whole.
        r"(?:info1 (?P<x_info1>0[xX][0-9a-fA-F]{16}) info2 (?P<x_info2>0[xX][0-9a-fA-F]{16})",
        rf"|info (?P<x_info1_>{HEX}) (?P<x_info2_>{HEX})){MORE}",
    ),
    "kvm_pio": _form(
        trace.PortWrite,
        rf"pio_write at (?P<x_port>{HEX}) size (?P<d_size>\d+) count 1 ",
        rf"val (?P<x_value>{HEX}){MORE}",
        rf"|pio_(?:read|write) at {HEX} size \d+ count \d+ val {HEX}{MORE}",
    ),
    "kvm_cpuid": _form(
        trace.CpuidAsked,
        rf"func (?P<x_function>{HEX}) idx (?P<x_index>{HEX}) .*",
        # Older kernels print no index.
        rf"|func {HEX} rax .*",
    ),
    "kvm_msr": _form(
        trace.MsrEmulated,
        rf"msr_(?P<b_write>read|write) (?P<x_number>{HEX}) = (?P<x_value>{HEX})",
        rf"(?P<b_refused>(?: \(#GP\))?){MORE}",
    ),
    "kvm_avic_unaccelerated_access": _form(
        trace.Unaccelerated,
        # The word between brackets and direction is KVM's own trap or fault: not kept.
        rf"vcpu=\d+, offset=(?P<x_offset>{HEX})\([^)]*\), \w+, (?P<b_write>read|write), ",
        rf"vec={HEX}{MORE}",
    ),
    "kvm_avic_incomplete_ipi": _form(
        trace.IncompleteIpi,
        rf"vcpu=\d+, icrh:icrl=(?P<x_icr>{HEX}:[0-9a-fA-F]{{8}}), id=(?P<d_reason>\d+), ",
        rf"index=\d+{MORE}",
    ),
    "kvm_inj_exception": _form(
        trace.Injected,
        rf"(?P<t_exception>#\w+){MORE}",
        rf"|(?P<e_exception_>0[xX][0-9a-fA-F]+){MORE}",
        rf"|\[FAILED TO PARSE\]\s+exception=(?P<e_exception__>0[xX][0-9a-fA-F]+|\d+){MORE}",
    ),
    "kvm_page_fault": _form(
        trace.PageFault, rf"(?:.* )?address (?P<x_address>{HEX}) error_code {HEX}{MORE}"
    ),
    "kvm_apicv_inhibit_changed": _form(
        trace.InhibitChanged,
        rf"(?P<b_set>set|cleared) reason=(?P<d_reason>\d+), inhibits=(?P<x_inhibits>{HEX})",
        rf"(?: (?P<t_names>[\w|]+))?{MORE}",
    ),
    "kvm_apicv_update_request": _form(
        _requested, rf"(?P<b_set>activate|deactivate) (?:bit|reason)=(?P<d_reason>\d+){MORE}"
    ),
}
RELIED = frozenset(_FORMS)
# Where a line names one of them as tracers do, whatever somebody's terminal put around the name:
# functions of the same name in stacks do not count.
_NAMES = "|".join(_FORMS)
_NAMED = re.compile(rf"(?:\bkvm:(?=\w+\()|(?=\w+(?!\+)\S{{0,16}}?\s*:))({_NAMES})(?![a-z_+])")


def find_event_name(line: str) -> re.Match[str] | None:
    """Return where a line names one of the events that we rely on, None if it names none."""
    # Looked for at every place it takes most of the time of a whole trace.
    return _NAMED.search(line) if "kvm_" in line else None


def read_event(name: str, text: str, where: Mapping[str, Any]) -> trace.TraceEvent | None:
    """Return an event, None where it is of no interest.

    Raises ValueError for one that matters and cannot be read.
    """
    if name == "kvm_entry":
        return trace.Entered(**where)
    if name not in _FORMS:
        return None
    made, pattern = _FORMS[name]
    match = pattern.fullmatch(text.rstrip())
    if match is None:
        raise ValueError("the form is not known" if text.strip() else "its fields are missing")
    told = {name: text for name, text in match.groupdict().items() if text is not None}
    # A part may be told in several ways: underscores behind keep the names of groups apart.
    parts = {name[2:].rstrip("_"): _READ[name[0]](text) for name, text in told.items()}
    return made(**parts, **where) if parts else None
