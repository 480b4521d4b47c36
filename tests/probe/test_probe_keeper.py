"""What a probe did is undone: when it ends, when it fails, and when it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.probing.host import keeper as script
from app.probing.host.keeping import Interrupted, Keeper, interrupts
from app.probing.host.running import RunFailed, run_guest

# A probe in short: it traces, launches something that would last, and says its number.
PROBE = """
import signal, subprocess, sys, time
from pathlib import Path
# Whoever runs the tests in the background ignores some of these, and children inherit it.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
from app.probing.host.keeping import Interrupted, Keeper, interrupts
from app.probing.host.tracing import Tracer
tracefs = Path(sys.argv[1])
try:
    with interrupts(), Keeper() as keeper:
        folder = keeper.folder()
        command, descriptor = keeper.launching(("sleep", "60"))
        child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(descriptor,),
                                 start_new_session=True, bufsize=0)
        Tracer(tracefs, keeper, 64, Path(sys.argv[2])).start(child.pid, (0,))
        child.stdin.write(b"x")
        print(child.pid, folder, flush=True)
        # One long sleep would not see a signal that comes just before it begins.
        while True:
            time.sleep(0.05)
except Interrupted as error:
    sys.exit(128 + error.number)
"""


def _wait_until(holds, seconds=5.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def _gone(pid: int) -> bool:
    # What is killed and nobody waits for is gone as well.
    return not script._alive(str(pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_of_a_probe_that_is_ended_by_any_signal(number, tracefs, tmp_path):
    kept = tmp_path / "kept.trace"
    with subprocess.Popen(
        [sys.executable, "-c", PROBE, tracefs, kept], stdout=subprocess.PIPE, text=True
    ) as probe:
        pid, folder = probe.stdout.readline().split()
        instance = tracefs / "instances" / f"vapic-probe-{probe.pid}"
        there = (not _gone(int(pid)), Path(folder).exists(), instance.exists())
        probe.send_signal(number)
        code = probe.wait(10)

    assert (True, True, True) == there
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    assert _wait_until(lambda: _gone(int(pid)))
    assert _wait_until(lambda: not Path(folder).exists())
    assert _wait_until(lambda: not instance.exists())
    # But what was traced, for whoever wanted to have it.
    assert kept.read_text().startswith("# tracer: nop")


def test_promises_are_kept_from_the_last_to_the_first(tmp_path):
    with Keeper() as keeper:
        folder = keeper.folder()
        keeper.promise("write", str(tmp_path / "a"), "first")
        keeper.promise("write", str(tmp_path / "a"), "second")
        keeper.promise("unlink", str(tmp_path / "b"))
        keeper.settle(keeper.promise("write", str(tmp_path / "d"), "now"))
        settled = (tmp_path / "d").read_text()
        (tmp_path / "b").touch()

    assert "now" == settled
    assert "first" == (tmp_path / "a").read_text()
    assert (False, False) == ((tmp_path / "b").exists(), folder.exists())


def test_a_copy_is_made_where_there_is_none_and_something_to_copy(tmp_path):
    names = ("log", "memory", "kept", "theirs")
    log, memory, kept, theirs = (tmp_path / name for name in names)
    log.write_bytes(b"")
    memory.write_bytes(b"head" + b"what there is\n" + bytes(1000) + b"the firmware's" + bytes(9))
    theirs.write_text("mine")
    with Keeper() as keeper:
        keeper.promise("copy", str(memory), str(theirs), "0")
        keeper.promise("copy", str(memory), str(kept), "4")
        keeper.promise("copy", str(log), str(kept), "0")

    assert (b"what there is\n", "mine") == (kept.read_bytes(), theirs.read_text())


def test_promises_are_kept_without_the_helper_as_well(tmp_path):
    with contextlib.suppress(BrokenPipeError), Keeper() as keeper:
        keeper.promise("unlink", str(tmp_path / "a"))
        (tmp_path / "a").touch()
        keeper._process.kill()
        keeper._process.wait()

    assert not (tmp_path / "a").exists()


def test_only_the_first_of_many_signals_interrupts():
    seen = []
    before = signal.getsignal(signal.SIGTERM)

    def stop_and_stop_again():
        with interrupts():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGHUP)
                seen.append("cleaned up")

    with pytest.raises(Interrupted, match="SIGTERM"):
        stop_and_stop_again()

    assert ["cleaned up"] == seen
    assert before == signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("false",), "ended before the guest did"),
        (("/no/such/qemu",), "ended before the guest did"),
        (("sh", "-c", "echo broken >&2; exit 1"), "broken"),
        (("sh", "-c", "echo '{\"QMP\": 1}'; exit 255"), "ended before the guest did"),
    ],
)
def test_a_qemu_that_does_not_start_is_told_with_its_last_words(command, told, tmp_path):
    with Keeper() as keeper, pytest.raises(RunFailed, match=told):
        run_guest(command, keeper, tmp_path / "errors")


def test_an_event_is_dropped_without_those_of_others(tmp_path: Path) -> None:
    events = tmp_path / "dynamic_events"
    events.write_text("somebody else's, and longer than that")
    script.undo("drop-event", str(events), "vapic_1/inhibits")

    assert "-:vapic_1/inhibits\nd longer than that" == events.read_text()
