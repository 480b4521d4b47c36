"""QEMU's log as a stand-in for the host's trace, on constructed lines."""

from __future__ import annotations

import pytest

from app.probing import guest_log
from app.probing.markers import BEGIN, END, Marker
from tests.probe import qemu_log
from tests.probe.runs import ICR, LDR, TPR
from tests.probe.scenes import Scene, bits_of

OLD = "apic_mem_{way}l 0x{offset:x} = 0x{value:08x}"
NEW = "apic_register_{way} register 0x{index:02x} = 0x{value:x}"


def marker_line(value: int) -> str:
    return f"memory_region_ops_write cpu 0 mr 0x55d0 addr 0x7e0 value 0x{value:x} size 4 name 'io'"


def log_of(scene: Scene, form: str, *events: tuple[str, int, int]) -> list[str]:
    """QEMU's log of a scene: every access touched its register, or did ``events``."""
    lines = ["SeaBIOS says", marker_line(0x12345678)]
    for access in guest_log.read_guest_log(scene.guest()).accesses:
        touched = events or [(access.access.value, access.address, access.value or 0)]
        lines.append(marker_line(bits_of(Marker(BEGIN, access.tag, access.seq))))
        for way, offset, value in touched:
            text = form.format(way=way, offset=offset, index=offset >> 4, value=value)
            lines += [text, "memory_region_ops_read cpu 0 mr 0x55d0 addr 0x3fd value 0x60 size 1"]
        lines.append(marker_line(bits_of(Marker(END, access.tag, access.seq))))
    return [*lines, marker_line(0xFFFFFFFF), *lines]


def compared(scene: Scene, lines: list[str]):
    return qemu_log.compare(guest_log.read_guest_log(scene.guest()).accesses, qemu_log.read(lines))


SCENE = Scene().did(*TPR, value=7).did(*LDR, write=True, value=0x1000000)


@pytest.mark.parametrize("form", [OLD, NEW, f"123@1700000000.000001:{NEW}"])
def test_either_version_of_qemu_agrees_with_the_guest(form: str) -> None:
    found = compared(SCENE, log_of(SCENE, form))
    assert (2, (), ()) == (found.matched, found.silent, found.disagreements)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([("read", 0xD0, 7)], "register 0D0h was touched"),
        ([("write", 0x80, 7)], "it was a write"),
        ([("read", 0x80, 8)], "its value was 0x8, not 0x7"),
        ([("read", 0x80, 7), ("read", 0x80, 7)], "2 registers were touched"),
        ([("write", 0xB0, 0)], "it was a write"),
    ],
)
def test_register_direction_and_value_have_to_agree(events, words: str) -> None:
    scene = Scene().did(*TPR, value=7)
    found = compared(scene, log_of(scene, NEW, *events))
    assert any(words in text for text in found.disagreements), found.disagreements


def test_the_target_of_an_ipi_may_end_its_interrupt_within_the_window() -> None:
    scene = Scene().did(*ICR, write=True, value=0xE5, why="to-halted")
    found = compared(scene, log_of(scene, NEW, ("write", 0x300, 0xE5), ("write", 0xB0, 0)))
    assert () == found.disagreements


def test_an_access_that_touched_nothing_is_silent_and_one_that_is_missing_is_told() -> None:
    lines = [line for line in log_of(SCENE, NEW) if not line.startswith("apic_")]
    assert 2 == len(compared(SCENE, lines).silent)
    cut = lines[:5]
    assert ["2 accesses, but 1 windows"] == list(compared(SCENE, cut).disagreements)


def test_a_marker_of_another_access_disagrees() -> None:
    other = Scene().did(*LDR).did(*LDR, write=True, value=0x1000000)
    found = compared(other, log_of(SCENE, NEW))
    assert ["the marker says read of offset 080h in xAPIC mode, sequence number 1"] == [
        text.partition("initial: ")[2] for text in found.disagreements
    ]
