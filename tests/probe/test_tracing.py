"""Tracing on this kernel's own tracefs: what is switched on, how much, and what goes away.

What a guest under KVM leaves in it is in ``test_guest``.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from app.probing import guest_log, trace_reader
from app.probing.host.checks import Wish
from app.probing.host.keeping import Keeper
from app.probing.host.plan import make_plan, plan_text
from app.probing.host.tracing import (
    ACCESS_BYTES,
    ACCESSES,
    EVENTS,
    Tracer,
    TracingFailed,
    buffer_kb,
)
from tests.probe.booting import boot
from tests.probe.hosts import QEMU, machine
from tests.probe.recordings import recording

OURS = f"vapic-probe-{os.getpid()}"
KVM_WISH = Wish("kvm", Path("out.json"), repeat=20)


def test_an_instance_traces_one_process_and_goes_away(tracefs: Path) -> None:
    folder = tracefs / "instances" / OURS
    here = [event for event in EVENTS if (tracefs / "events/kvm" / event).exists()]
    with Keeper() as keeper, subprocess.Popen(["sleep", "60"]) as sleeping:
        with Tracer(tracefs, keeper, 1024) as tracer:
            tracer.start(sleeping.pid, (0,))
            names = ("set_event_pid", "options/overwrite", "options/event-fork", "tracing_on")
            set_ = [(folder / name).read_text().strip() for name in names]
            enabled = (folder / "set_event").read_text().split()
            clock = (folder / "trace_clock").read_text()
            kb = int((folder / "per_cpu/cpu0/buffer_size_kb").read_text())
            text = tracer.stop()
            off = (folder / "tracing_on").read_text().strip()
        sleeping.kill()

    assert [str(sleeping.pid), "0", "1", "1", "0"] == [*set_, off]
    assert sorted(f"kvm:{event}" for event in here) == sorted(enabled)
    assert "[mono]" in clock
    # The kernel rounds up to its pages.
    assert 1024 <= kb <= 1100
    assert text.startswith("# tracer: nop\n")
    assert "##### cpu0 stats\nentries: 0\noverrun: 0\n" in text
    read = trace_reader.read_trace(text)
    assert ((), (), 0) == (read.events, read.losses, read.unread)
    assert not folder.exists()


def test_tracing_that_cannot_be_had_is_told_and_leaves_nothing(tracefs: Path, tmp_path) -> None:
    with Keeper() as keeper:
        with pytest.raises(TracingFailed, match=f"{OURS} cannot be made: No such file"):
            Tracer(tmp_path, keeper, 64).start(1, ())
        for size, pid, word in (
            (64, "nobody", "set_event_pid does not take nobody: Invalid argument"),
            (1 << 40, 1, "buffer_size_kb does not take 1099511627776: Cannot allocate"),
        ):
            with Tracer(tracefs, keeper, size) as tracer, pytest.raises(TracingFailed, match=word):
                tracer.start(pid, (0,))

    assert not (tracefs / "instances" / OURS).exists()
    assert [] == list(tmp_path.iterdir())


def test_an_access_takes_no_more_than_is_reckoned_with() -> None:
    for name in ("6.1-xapic-off.tracefs", "7.2-x2apic-off.tracefs"):
        log, text = recording(name)
        # What the kernel says of the larger of its buffers, the firmware's exits included.
        taken = max(int(number) for number in re.findall(r"^bytes: (\d+)$", text, re.MULTILINE))
        made = guest_log.read_guest_log(log)
        assert ACCESS_BYTES / 2 < taken / len(made.accesses) < ACCESS_BYTES
        assert 20 * taken / made.machine.repeat < buffer_kb(20) << 10


def test_a_guest_makes_no_more_accesses_than_are_reckoned_with(guest: Path) -> None:
    booted = boot(guest, "apic=xapic repeat=1 disruptive")
    assert len(booted.of("access")) <= ACCESSES


def test_the_plan_says_how_large_the_buffer_is_and_refuses_what_does_not_fit(tmp_path) -> None:
    host = machine(tmp_path)
    plan = make_plan(host, QEMU, KVM_WISH)
    assert () == plan.missing
    said = " ".join(plan_text(plan).split())
    assert "ok buffer 99 MiB: each access 20 times, at most 40000 of them, 1280 bytes" in said

    (tmp_path / "proc/meminfo").write_text("MemAvailable: 400000 kB\n")
    small = make_plan(host, QEMU, replace(KVM_WISH, repeat=60))
    (found,) = small.missing
    assert ("buffer", "Make fewer: --repeat 39") == (found.name, found.todo)
    assert "294 MiB: each access 60 times" in found.text
    assert "here are 195 MiB for it" in found.text
