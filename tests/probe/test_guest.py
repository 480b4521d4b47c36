"""The guest boots, touches everything, and its account agrees with QEMU's own log.

Under software emulation that log has markers, registers and exceptions; under KVM, wherever
that works, the markers. Values are what this QEMU and this KVM do and no word about any
processor. Where QEMU has no x2APIC (before 9.0, software emulation) the guest says so, and
its tests are skipped with a reason, unless KVM has it.
"""

import re
import shutil
import struct
import zlib
from collections import Counter
from pathlib import Path

import pytest

from app.core.names import resolve
from app.probing import correlation, guest_log, trace, trace_reader
from app.probing.correlation import NoMarker, read_without_trace
from app.probing.host.tracing import ACCESSES, buffer_kb
from app.probing.markers import END_OF_MEASURING, PORT
from app.probing.probe_document import HostFacts, document
from tests.probe import qemu_log
from tests.probe.booting import (
    DONE,
    PANIC,
    X2APIC_SINCE,
    Place,
    boot,
    boot_under_kvm,
    boots,
    kvm_works,
    qemu_version,
)
from tests.probe.protocol import EVENT

REPEAT = 2
# The timer and the second processor of a guest are threads of this machine, and where it is busy
# they may get nothing to do for longer than the guest waits.
ATTEMPTS = 4
NO_X2APIC = "this QEMU has no x2APIC under software emulation: it takes QEMU 9"
# Bits of each register that QEMU keeps when the guest writes and reads back.
KEPT = {
    "tpr": "pattern",
    "svr": "pattern",
    "icrh": "pattern",
    "lvt-timer": "pattern",
    "lvt-thermal": "pattern",
    "lvt-perf": "pattern",
    "lvt-lint0": "pattern",
    "lvt-lint1": "pattern",
    "lvt-error": "pattern",
    "timer-initial": "pattern",
    "timer-divide": "pattern",
}


@pytest.fixture(scope="module")
def elf(guest):
    return guest


@pytest.fixture(scope="module", params=boots(), ids=" in ".join)
def ran(request, elf, tmp_path_factory):
    accel, mode = request.param
    if accel == "kvm":
        if not kvm_works():
            pytest.skip("no /dev/kvm here that makes a virtual machine")
        # One boot for the account and for the trace, of which one fits its buffer.
        kb = buffer_kb(1) if mode == "x2apic" else 4
        return until_all_acts(lambda: boot_under_kvm(elf, mode, tmp_path_factory.mktemp("kvm"), kb))
    # What is emulated repeats what it did; KVM on real hardware owes nobody that.
    place = Place(accel, traced=True)
    ran = until_all_acts(lambda: boot(elf, f"apic={mode} repeat={REPEAT}", place, "-smp", "2"))
    if any(skip["what"] == "x2apic" for skip in ran.of("skip")):
        assert (accel, mode) == ("tcg", "x2apic")
        assert qemu_version() < X2APIC_SINCE, "this QEMU has x2APIC, and the guest left it out"
        pytest.skip(NO_X2APIC)
    return ran


def until_all_acts(run):
    """Return the first run in which each thing that acts was seen to, or else the last."""
    for _ in range(ATTEMPTS):
        ran = run()
        if not unseen(ran):
            break
    return ran


# The boots of which QEMU's log tells everything.
emulated = pytest.mark.parametrize(
    "ran", [each for each in boots() if each[0] == "tcg"], indirect=True, ids=" in ".join
)


def repeats(ran):
    return ran.events[0]["repeat"]


def test_the_guest_ends_well_and_every_line_is_as_the_protocol_says(ran, record_property):
    assert DONE == ran.status, ran.raw[-500:]
    for event in ran.events:
        EVENT.validate_python(event)
    kinds = [event["event"] for event in ran.events]
    assert ["start", "selftest"] == kinds[:2]
    assert [1] == [test["ipi"] for test in ran.of("selftest")[1:]]
    assert ["end", "checksum"] == kinds[-2:]
    assert Counter(kinds)["access"] == ran.events[-2]["accesses"]
    assert ran.raw.isascii()
    start = ran.events[0]
    text = f"{kinds.count('access')} accesses in {start['apic']} mode, {repeats(ran)} repeats"
    record_property(f"guest under {start['hypervisor'] or 'no hypervisor'}", text)


def test_the_checksum_is_that_of_the_lines_before_it(ran):
    crc = zlib.crc32(b"".join(line + b"\n" for line in ran.lines[:-1]))
    assert {"event": "checksum", "crc32": f"0x{crc:08x}", "lines": len(ran.lines) - 1} == (
        ran.events[-1]
    )


def test_the_log_is_read_whole_by_the_correlator(ran):
    log = guest_log.read_guest_log(ran.raw)
    assert len(log.accesses) == len(ran.of("access"))


def test_sequence_numbers_and_repeats_are_unbroken(ran):
    accesses = ran.of("access")
    assert list(range(len(accesses))) == [access["seq"] for access in accesses]
    assert set(range(repeats(ran))) == {access["rep"] for access in accesses}
    for rep in range(1, repeats(ran)):
        assert shape(ran, rep) == shape(ran, 0) - SWITCH, f"repeat {rep} did something else"


# The switch to x2APIC mode happens once in a boot.
SWITCH = Counter([("0x01b", "write", "0x00000000fee00d00", "apic-base", "xapic")])


def shape(ran, rep):
    keys = ("reg", "op", "value", "why", "apic")
    return Counter(
        tuple(access[key] for key in keys if key != "value" or access["op"] == "write")
        if access["op"] == "read"
        else tuple(access[key] for key in keys)
        for access in ran.accesses(rep=rep)
    )


@pytest.mark.parametrize("op", ["read", "write"])
def test_every_slot_is_touched(ran, op):
    mode = ran.events[0]["apic"]
    step, first = (0x10, 0) if mode == "xapic" else (1, 0x800)
    via = "mmio" if mode == "xapic" else "msr"
    there = {
        int(access["reg"], 16)
        for access in ran.accesses(op=op, via=via, apic=mode, rep=0)
        if access["why"] not in ("width", "offset")
    }
    left_out = {0x20, 0xD0, 0xE0} if (mode, op) == ("xapic", "write") else set()
    wanted = {first + step * n for n in range(256) if n * 0x10 not in left_out}
    assert wanted == there - {0x1B}


def test_members_of_vector_registers_are_numbered(ran):
    mode = ran.events[0]["apic"]
    numbers = {
        slug: [
            access["member"]
            for access in ran.accesses(slug=slug, rep=0, op="read", apic=mode, why="initial")
        ]
        for slug in ("isr", "tmr", "irr", "ier", "ext-lvt")
    }
    assert {"isr": 8, "tmr": 8, "irr": 8, "ier": 8, "ext-lvt": 4} == {
        slug: len(members) for slug, members in numbers.items()
    }
    assert all(members == list(range(len(members))) for members in numbers.values())


def test_registers_that_store_read_back_as_written(ran):
    mode = ran.events[0]["apic"]
    for slug, why in KEPT.items():
        written = ran.accesses(slug=slug, why=why, apic=mode)
        # ICRH is no register of x2APIC mode.
        assert len(written) == (0 if (slug, mode) == ("icrh", "x2apic") else repeats(ran)), slug
        assert all(access["value"] == access["read_back"] for access in written), slug


def test_each_register_begins_from_the_same_state(ran):
    mode = ran.events[0]["apic"]
    reset = {"tpr": 0, "svr": 0x1FF, "lvt-timer": 0x10000, "lvt-lint0": 0x10000,
             "timer-initial": 0, "timer-current": 0, "timer-divide": 0}  # fmt: skip
    for slug, value in reset.items():
        first = ran.accesses(slug=slug, why="initial", apic=mode, via=ran.of("access")[9]["via"])
        assert [value] * repeats(ran) == [int(access["value"], 16) for access in first], slug


def unseen(ran):
    """Return what acts and was not seen to, each time."""
    acts = {"self-fixed", "eoi-edge", "eoi-level", "to-running", "to-halted", "self-ipi"}
    acts |= {"self-physical", "self-level", "logical", "lowest", "others", "all", "level"}
    acts |= {"nmi", "startup", "counting"}
    if ran.events[0]["apic"] == "xapic":
        acts.remove("self-ipi")
    # A KVM may end an interrupt without having shown it in service: the guest says so.
    if ran.events[0]["hypervisor"] == "KVMKVMKVM":
        acts -= {skip["what"] for skip in ran.of("skip")}
    seen = Counter(access["why"] for access in ran.accesses(effect=True))
    # The timer's interrupt is another thread's work, and the first is often late: one is enough.
    seen["counting"] = repeats(ran) * (seen["counting"] > 0)
    return sorted(why for why in acts if seen[why] != repeats(ran))


def test_what_acts_is_seen_to_act(ran):
    assert [] == unseen(ran)
    assert all(access["effect"] for access in ran.accesses(slug="tpr", why="pattern"))
    causes = {event["seq"]: event["vector"] for event in ran.of("irqs")}
    for access in ran.accesses(why="self-fixed"):
        assert "0xe0" == causes[access["seq"]]


def test_each_reserved_bit_is_written_by_itself_in_x2apic_mode(ran):
    for slug, kept, bits in (
        ("tpr", 0x20, range(8, 64)),
        ("timer-initial", 1 << 20, range(32, 64)),
    ):
        written = {
            int(access["value"], 16) ^ kept
            for access in ran.accesses(slug=slug, why="reserved-bits")
        }
        single = {1 << bit for bit in bits}
        together = {sum(bit for bit in single if bit < 1 << 32)} - {0}
        assert (single if ran.events[0]["apic"] == "x2apic" else together) == written


def test_what_may_disturb_the_host_is_left_out_and_said(ran):
    left_out = Counter(
        skip["what"] for skip in ran.of("skip") if not skip["what"].startswith("eoi-")
    )
    # In x2APIC mode they are refused, so that nothing is disturbed.
    named = {"id", "ldr", "dfr"}
    by_mode = {"xapic": named, "x2apic": {"icr-reserved-bits"}}[ran.events[0]["apic"]]
    assert {"absent-target"} | by_mode <= left_out.keys()
    assert ("xapic" == ran.events[0]["apic"]) == bool(named & left_out.keys())
    assert {1} == set(left_out.values())
    assert not ran.accesses(why="absent-target")


def test_every_marker_is_in_qemus_log(ran):
    assert () == compared(ran).disagreements
    assert len(ran.of("access")) == compared(ran).matched


def compared(ran):
    log = guest_log.read_guest_log(ran.raw)
    with ran.trace.open("r", encoding="ascii", errors="replace") as lines:
        return qemu_log.compare(log.accesses, qemu_log.read(lines))


@emulated
def test_every_register_touched_is_in_qemus_log(ran):
    # What QEMU refused, APIC_BASE, offset 000h (taken for an MSI), and what is no way to reach
    # a register: the other mode's, and widths other than 32 bits.
    silent = [access for access in compared(ran).silent if not access.fault]
    silent = [access for access in silent if access.why not in ("other-mode", "width")]
    assert {"apic-base", "unlisted"} >= {access.slug for access in silent}
    assert len(silent) <= 3 * REPEAT + 1


@emulated
def test_every_fault_is_in_qemus_log_of_exceptions(ran):
    accesses, tests = ran.of("access"), ran.of("selftest")[0]
    said = Counter(access["fault"] for access in accesses if access["fault"])
    with ran.trace.open("r", encoding="ascii", errors="replace") as lines:
        logged = Counter(
            {"0d": "#GP", "0e": "#PF"}.get(match[1])
            for line in lines
            if (match := re.match(r"\s*\d+: v=([0-9a-f]{2}) .* pc=000000000010", line))
        )
    quiet = ran.of("end")[0]["quiet_faults"]
    assert said["#GP"] + tests["gp"] + quiet == logged["#GP"]
    assert said["#PF"] + tests["pf"] == logged["#PF"]


INSTRUCTIONS = {
    "mmio-read": "8b03",
    "mmio-write": "890b",
    "rdmsr": "0f32",
    "wrmsr": "0f30",
    "mmio-read-8": "8a03",
    "mmio-read-16": "668b03",
    "mmio-read-64": "488b03",
    "mmio-write-8": "880b",
    "mmio-write-16": "66890b",
    "mmio-write-64": "48890b",
}


def test_the_instructions_published_are_those_of_the_accesses(ran, elf):
    code = elf.read_bytes()
    # Where a segment lies in the file, and where in memory (ELF32, first program header).
    header = int.from_bytes(code[28:32], "little")
    offset, address = struct.unpack_from("<II", code, header + 4)
    for kind, (at, after) in ran.events[0]["insns"].items():
        first, last = (int(place, 16) - address + offset for place in (at, after))
        assert INSTRUCTIONS[kind] == code[first:last].hex(), kind


# What KVM emulates of x2APIC mode (kvm_x2apic_msr_read and _write, arch/x86/kvm/lapic.c).
READABLE = {
    *("id", "version", "tpr", "ppr", "ldr", "svr", "isr", "tmr", "irr", "esr", "icr"),
    *("lvt-timer", "lvt-thermal", "lvt-perf", "lvt-lint0", "lvt-lint1", "lvt-error"),
    *("timer-initial", "timer-current", "timer-divide"),
}
READ_ONLY = {"id", "version", "ppr", "ldr", "isr", "tmr", "irr", "timer-current"}
WRITABLE = READABLE - READ_ONLY | {"eoi", "self-ipi"}
PLAIN = ("initial", "pattern", "own-value", "zero", "self-fixed", "self-ipi", "eoi-none")


@pytest.mark.parametrize("ran", [("kvm", "x2apic")], indirect=True, ids=" in ".join)
def test_under_kvm_what_the_mode_lacks_faults_and_nothing_else_does(ran):
    avic = Path("/sys/module/kvm_amd/parameters/avic")
    if avic.exists() and avic.read_text("ascii").strip() not in ("N", "0"):
        pytest.skip("KVM uses AVIC here: the processor answers, and is what one measures")
    for op, there in (("read", READABLE), ("write", WRITABLE)):
        touched = [a for a in ran.accesses(op=op, apic="x2apic", via="msr") if a["why"] in PLAIN]
        touched = [a for a in touched if a["slug"] != "apic-base"]
        faulted = {a["reg"] for a in touched if a["fault"]}
        assert {a["reg"] for a in touched if a["slug"] not in there} == faulted
        assert {"0x0000"} == {a["err"] for a in touched}
    assert all(a["fault"] for a in ran.accesses(slug="esr", why="nonzero"))


def host_trace_of(ran):
    if not ran.host_trace:
        pytest.skip("no tracing of KVM for this user")
    return ran.host_trace


@pytest.mark.parametrize("ran", [("kvm", "x2apic")], indirect=True, ids=" in ".join)
def test_a_guest_under_kvm_fits_its_buffer_with_all_its_markers(ran):
    text = host_trace_of(ran)
    told, accesses = trace_reader.read_trace(text), ran.of("access")
    written = [e.value for e in told.events if isinstance(e, trace.PortWrite) and e.port == PORT]
    filled = max(int(number) for number in re.findall(r"^bytes: (\d+)$", text, re.MULTILINE))

    assert ((), 0) == (told.losses, told.unread)
    assert 2 * len(accesses) + 1 == len(written)
    # The kernel itself stopped at the end marker, so nothing is behind it.
    assert END_OF_MEASURING == written[-1] == told.events[-1].value
    assert len(accesses) <= ACCESSES
    assert filled <= buffer_kb(1) << 10
    assert any(isinstance(event, trace.InhibitChanged) for event in told.events)


@pytest.mark.parametrize("ran", [("kvm", "xapic")], indirect=True, ids=" in ".join)
def test_what_does_not_fit_is_known_by_the_trace_itself(ran):
    text = host_trace_of(ran)
    (loss, *_) = trace_reader.read_trace(text).losses
    assert re.fullmatch(r"line \d+: dropped events: \d+", loss)
    with pytest.raises(NoMarker, match="the trace is not whole, and no marker"):
        correlation.correlate(ran.raw, text)


@pytest.mark.parametrize("mode", ["xapic", "x2apic"])
def test_without_x2apic_the_guest_says_so_and_ends_well(elf, mode):
    place = Place(cpu="max,-x2apic", serial=True)
    ran = boot(elf, f"apic={mode} repeat=1 only=tpr lines", place)
    assert DONE == ran.status
    assert {"xapic": "apic-base", "x2apic": "x2apic"}[mode] in {
        skip["what"] for skip in ran.of("skip")
    }
    assert (0 if mode == "x2apic" else 17) == len(ran.of("access"))


def test_microvm_and_the_cpuid_marker_do_as_well(elf):
    words = "marker=cpuid repeat=1 disruptive only=tpr,id,icr,ldr"
    ran = boot(elf, words, Place(machine="microvm"))
    assert DONE == ran.status
    for event in ran.events:
        EVENT.validate_python(event)
    assert "cpuid" == ran.events[0]["marker"]
    assert {"id", "tpr", "icr", "ldr"} <= {each["slug"] for each in ran.accesses(op="write")}
    assert "second-processor" in {skip["what"] for skip in ran.of("skip")}
    assert 1 == len(ran.accesses(slug="icr", why="absent-target"))


def test_words_in_the_path_of_the_guest_are_no_options(elf):
    folder = elf.parent / "x lines disruptive apic=x2apic late"
    folder.mkdir()
    shutil.copyfile(elf, folder / "probe.elf")
    ran = boot(folder / "probe.elf", "-- repeat=1 only=tpr")
    assert DONE == ran.status
    assert "xapic" == ran.events[0]["apic"]
    assert b"# results follow when all is measured" in ran.raw
    assert {"tpr"} == {access["slug"] for access in ran.of("access")}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("apic=xapic latest", "has a word that the probe does not know"),
        ("repeat=0", "repeat= needs a number from 1 to 60"),
        ("only=tpr,ghost", "only= names no register"),
    ],
)
def test_a_word_that_means_nothing_ends_the_boot(elf, words, complaint):
    ran = boot(elf, words)
    assert PANIC == ran.status
    assert complaint in ran.of("panic")[0]["what"]
    assert "checksum" == ran.events[-1]["event"]


def test_a_document_made_of_the_log_names_the_registers_that_the_guest_touched(ran, knowledge):
    made = document([read_without_trace(ran.raw)], HostFacts())
    told = {o["x-address"]: _touched(o, ran) for o in made["observations"]}
    found = {
        o["x-address"]: resolve(o["register"], knowledge.registers).register.slug
        for o in made["observations"]
    }

    assert made["exits_watched"] is False
    assert told == found


def _touched(observation, ran):
    """The slug that the guest gave an address."""
    return next(a["slug"] for a in ran.of("access") if a["reg"] == observation["x-address"])
