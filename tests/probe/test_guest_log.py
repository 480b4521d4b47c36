"""The guest's serial log: read whole, or refused with every fault at once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.words import Access, Mode
from app.probing.guest import Way
from app.probing.guest_log import BadGuestLog, is_guest_log, read_guest_log
from app.probing.markers import Marker, Tag
from tests.probe.runs import LDR, LDR_MSR, TPR
from tests.probe.scenes import START, Scene, bits_of, serial

END = {"event": "end", "accesses": 0}


def told(raw: bytes) -> list[tuple[int, str]]:
    """The line and the words of every problem."""
    with pytest.raises(BadGuestLog) as caught:
        read_guest_log(raw)
    return [(p.line, f"{p.place}: {p.found}; {p.expected}") for p in caught.value.problems]


def with_access(**changes: object) -> bytes:
    """A log with one access, in which some fields are others."""
    scene = Scene().did(*LDR, write=True, value=1)
    line = {k: v for k, v in (scene.lines[0] | changes).items() if v != "gone"}
    return serial([START, line, END | {"accesses": 1}])


def test_a_log_holds_the_machine_and_every_access() -> None:
    scene = Scene("x2apic").did(*LDR_MSR, fault="#GP")
    scene.did(*LDR_MSR, write=True, value=5, read_back=5, effect=False, why="own-value", member=2)
    log = read_guest_log(scene.guest())
    machine, (first, second) = log.machine, log.accesses
    assert (0x19, 0x11, 1) == (machine.family, machine.model, machine.stepping)
    assert ("AuthenticAMD", "KVMKVMKVM", "2026-11-22T13:00:00Z") == (
        machine.vendor,
        machine.hypervisor,
        machine.measured_at,
    )
    assert (None, "#GP", Access.READ) == (first.value, first.fault, first.access)
    assert (5, 5, False, 2, "own-value") == (
        second.value,
        second.read_back,
        second.effect,
        second.member,
        second.why,
    )
    assert (Mode.X2AVIC, Way.MSR, "wrmsr") == (second.mode, second.way, second.kind)


def test_lines_for_people_and_the_ends_of_serial_lines_do_not_matter() -> None:
    raw = Scene().did(*LDR).guest()
    people = b"SeaBIOS (version 1)\r\n" + raw.replace(b"\n", b"\r\n# and more\n")
    assert read_guest_log(raw).machine == read_guest_log(people).machine
    assert (True, False) == (is_guest_log(people), is_guest_log(b'{"format": 1}'))


def test_the_cpuid_of_a_part_without_extended_fields_is_read_as_it_stands() -> None:
    machine = read_guest_log(Scene(start={"cpuid1_eax": "0x00000663"}).did(*LDR).guest()).machine
    assert (6, 6, 3) == (machine.family, machine.model, machine.stepping)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seq": -1}, "seq: -1; a whole number"),
        ({"rep": True}, "rep: true"),
        ({"apic": "avic"}, 'apic: "avic"; one of xapic, x2apic'),
        ({"op": "poke"}, "op:"),
        ({"via": "port"}, "via:"),
        ({"reg": "0x1000"}, "within the APIC page"),
        ({"reg": "300h"}, "hexadecimal such as"),
        ({"slug": "A B"}, "a word of letters"),
        ({"value": None}, "value: null; hexadecimal"),
        ({"value": "0x11112222333344445"}, "hexadecimal"),
        ({"fault": "#UD"}, "null, #GP or #PF"),
        ({"effect": 1}, "true or false"),
        ({"why": "gone"}, "why: null"),
        ({"member": 300}, "member: 300"),
    ],
)
def test_a_field_that_is_not_right_is_named_with_its_line(changes, words: str) -> None:
    (problem,) = told(with_access(**changes))
    assert (3, True) == (problem[0], words in problem[1]), problem


def test_every_fault_is_told_at_once() -> None:
    scene = Scene(start={"marker": "light", "insns": {"rdmsr": ["0x1", "x"]}}).did(*LDR, seq="a")
    found = told(scene.guest())
    assert [2, 2, 2, 2, 2, 4] == [line for line, _ in found]


GOOD = Scene().did(*LDR).guest()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", ["no start line", "the end of the log"]),
        (GOOD[: GOOD.rindex(b'{"event":"checksum"')], ["a checksum line: is it cut off?"]),
        (GOOD.replace(b'"cycles":120', b'"cycles":121'), ["the CRC-32 of the lines above"]),
        (GOOD.replace(b'"lines":4', b'"lines":5'), ["4, as many as stand above"]),
        (GOOD.replace(b'"accesses":1', b'"accesses":7'), ["1, as many", "the CRC-32"]),
        (GOOD + GOOD, ["one boot in one log"]),
        (serial([START, {"event": "tea"}, END]), ["one of start, selftest, access"]),
        (serial([START, START, END]), ["a second start line"]),
        (serial([START | {"schema": 2}, END]), ["schema: 2; 1", "no start line"]),
        (serial([START]), ["an end line before it"]),
        (serial([START, {"event": "panic", "what": "tired"}, END]), ["panic: tired"]),
        (serial([START, {"event": "selftest", "pf": 1, "gp": 0}, END]), ["gp: 0; 1"]),
        (GOOD.replace(b'"seq":1,', b'"seq":1,"seq":2,'), ["stands there twice", "1; 0"]),
        (GOOD.replace(b'"seq":1,', b'"seq":1,\xff'), ["garbled", "1; 0"]),
        (GOOD.replace(b'"seq":1,', b'"seq":' + b"[" * 5000), ["garbled", "1; 0"]),
        (GOOD.replace(b'"seq":1,', b'"seq":' + b"9" * 4000 + b","), ["garbled", "1; 0"]),
    ],
)
def test_a_log_that_is_not_whole_is_refused(raw: bytes, words: list[str]) -> None:
    found = told(raw)
    for word in words:
        assert any(word in text for _, text in found), (word, found)


@pytest.mark.parametrize(
    ("what", "why", "remark"),
    [
        ("x2apic", "not here", "skip x2apic: not here"),
        (
            "ldr",
            "rude; the word disruptive asks for it",
            "skip ldr: rude; --disruptive asks for it",
        ),
    ],
)
def test_what_the_guest_skipped_is_a_remark(what: str, why: str, remark: str) -> None:
    skip = {"event": "skip", "what": what, "why": why}
    assert (remark,) == read_guest_log(serial([START, skip, END])).remarks


@given(
    st.sampled_from([0xB, 0xE]),
    st.builds(
        Tag,
        x2apic=st.booleans(),
        by_msr=st.booleans(),
        access=st.sampled_from(Access),
        index=st.integers(0, 255),
        outside=st.booleans(),
    ),
    st.integers(0, 0xFFFF),
)
def test_a_marker_is_its_32_bits_and_back(phase: int, tag: Tag, seq: int) -> None:
    marker = Marker(phase, tag, seq)
    assert marker == Marker.read(bits_of(marker))


def test_an_access_has_the_marker_of_the_protocol() -> None:
    read_tpr = read_guest_log(Scene().did(*TPR).guest()).accesses[0]
    write_ldr = read_guest_log(Scene("x2apic").did(*LDR_MSR, write=True).guest()).accesses[0]
    assert 0xB0080008 == bits_of(Marker(0xB, read_tpr.tag, 8))
    assert 0xE70D0009 == bits_of(Marker(0xE, write_ldr.tag, 9))


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_bytes_of_any_kind_are_read_or_refused_and_nothing_else(noise: bytes, at: int) -> None:
    raw = GOOD[:at] + noise + GOOD[at:]
    with suppress(BadGuestLog):
        assert 1 == len(read_guest_log(raw).accesses)


def test_an_access_of_another_width_is_no_cell_and_needs_its_instruction() -> None:
    scene = Scene().did(*TPR, value=7, width=8, why="width").did("tpr", 0x84, why="offset")
    scene.start = {"insns": START["insns"] | {"mmio-read-8": ["0x100b00", "0x100b02"]}}
    narrow, moved = read_guest_log(scene.guest()).accesses

    assert [None, None] == [narrow.mode, moved.mode]
    assert ["mmio-read-8", "mmio-read"] == [narrow.kind, moved.kind]
    scene.start = {}
    assert [(4, "width: 8; a width of which insns names the instruction")] == told(scene.guest())
