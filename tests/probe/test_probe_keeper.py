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
from app.probing.host.tracing import Tracer, TracingFailed
from tests.probe.hosts import fake_tracefs

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
        Tracer(tracefs, keeper).start(child.pid, (0,))
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


@pytest.fixture
def tracefs(tmp_path) -> Path:
    return fake_tracefs(tmp_path / "tracing")


def _instances(tracefs: Path) -> list[Path]:
    return list((tracefs / "instances").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_of_a_probe_that_is_ended_by_any_signal(number, tracefs):
    with subprocess.Popen(
        [sys.executable, "-c", PROBE, tracefs], stdout=subprocess.PIPE, text=True
    ) as probe:
        pid, folder = probe.stdout.readline().split()
        there = (not _gone(int(pid)), Path(folder).exists(), len(_instances(tracefs)))
        probe.send_signal(number)
        code = probe.wait(10)

    assert (True, True, 1) == there
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    assert _wait_until(lambda: _gone(int(pid)))
    assert _wait_until(lambda: not Path(folder).exists())
    assert _wait_until(lambda: [] == _instances(tracefs))


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


def test_tracing_is_for_one_process_and_in_an_instance_of_its_own(tracefs):
    with Keeper() as keeper:
        tracer = Tracer(tracefs, keeper)
        tracer.start(4242, (0,))
        (folder,) = _instances(tracefs)
        (folder / "trace").write_text("what was traced\n")
        written = {p.name: p.read_text() for p in folder.iterdir()}
        text = tracer.stop()

    assert "what was traced\n" == text
    assert "4242" == written["set_event_pid"]
    assert "1" == written["tracing_on"]
    assert "kvm:kvm_exit\n" in written["set_event"]
    assert [] == _instances(tracefs)
    assert "0\n" == (tracefs / "tracing_on").read_text()
    assert not (tracefs / "set_event").read_text()


def test_tracing_that_cannot_be_had_is_told_and_leaves_nothing(tracefs):
    (tracefs / "instances").rmdir()
    with Keeper() as keeper, pytest.raises(TracingFailed, match="No such file"):
        Tracer(tracefs, keeper).start(1, ())

    assert not (tracefs / "instances").exists()


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
