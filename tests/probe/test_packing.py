"""The packed probe runs where there is Python alone, and does what `vapic probe` does."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.cli.main import command_line
from app.probing import packing
from app.probing.guest_memory import LOG_AT
from app.probing.host.host import Host
from tests.probe import booting
from tests.probe.hosts import stand_in_for_qemu
from tests.probe.scenes import Scene
from tests.running import client_of


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    """The packed probe, for running only; it lies where none of its sources are."""
    return packing.pack(tmp_path_factory.mktemp("packed") / "vapic-probe.pyz")


@pytest.fixture
def fake(tmp_path) -> Path:
    """A stand-in for QEMU that plays one run of the guest, the same at each call."""
    slots = {"xapic": 0x80, "x2apic": 0x808}
    scenes = (Scene(apic=a).repeated("tpr", slot, value=0x20) for a, slot in slots.items())
    return stand_in_for_qemu(tmp_path / "fake", *scenes)


def run(packed: Path, *words: object, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run it as a bare host would: no site, no environment, no current folder."""
    command = [sys.executable, "-I", "-S", packed, *words]
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=120, **how
    )


def test_the_same_sources_make_the_same_file(packed, tmp_path):
    packing.pack(tmp_path / "again.pyz")

    assert packed.read_bytes() == (tmp_path / "again.pyz").read_bytes()
    assert 0o755 == stat.S_IMODE(packed.stat().st_mode)


def test_it_takes_every_option_of_vapic_probe_and_says_the_same_of_it(packed):
    told = run(packed, "--help", env={"COLUMNS": "200"})
    probe = get_command(command_line()).commands["probe"]

    assert (0, "") == (told.returncode, told.stderr)
    assert told.stdout.startswith("usage: python3 vapic-probe.pyz ")
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    for option in probe.params:
        name, text = option.opts[0], option.help
        assert any(line.startswith(name) and text in line for line in lines), name
    for default in ("kvm", "measured.json", "20"):
        assert f" Default: {default}." in told.stdout
    assert 3 == told.stdout.count(" Default: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--repeat 61", "'61' is not a number from 1 to 60."),
        ("--repeat 0", "'0' is not a number from 1 to 60."),
        ("--repeat x", "'x' is not a number from 1 to 60."),
        ("--mode apic", "invalid choice: 'apic' (choose from 'avic', 'x2avic')"),
        ("--kernel /none", "/none does not exist."),
        ("--dry", "unrecognized arguments: --dry"),
    ],
)
def test_an_option_that_cannot_be_is_told_in_a_line(packed, words, told):
    ran = run(packed, *words.split())

    assert 2 == ran.returncode
    line = ran.stderr.splitlines()[-1]
    assert line.startswith("python3 vapic-probe.pyz: error: ")
    # Newer Pythons list choices without quotes.
    assert line.replace("'", "").endswith(told.replace("'", ""))


def test_it_writes_the_document_that_vapic_probe_writes(packed, vapic, fake, tmp_path):
    words = ("--accel", "tcg", "--qemu", fake, "--keep")
    mine, theirs = tmp_path / "mine.json", tmp_path / "theirs.json"
    ran = vapic("probe", *words, tmp_path / "a", "--output", mine)
    told = run(packed, *words, tmp_path / "b", "--output", theirs)
    written = run(packed, *words, tmp_path / "c", "--output", "-")

    assert (0, 0, "") == (ran.code, told.returncode, told.stderr)
    assert mine.read_bytes() == theirs.read_bytes() == written.stdout.encode()
    assert {"xapic.log", "x2apic.log"} == {path.name for path in (tmp_path / "b").iterdir()}
    # A long path is broken where the line ends.
    assert f"Writtento{theirs}." in "".join(told.stdout.split())
    assert "Written to standard output." in written.stderr
    assert [] == [line for line in told.stdout.splitlines() if len(line) > 75]
    nowhere = run(packed, *words, "d", "--output", "/none/a.json")
    assert "Nothing can be written to /none: No such file" in nowhere.stderr
    told = "".join(run(packed, *words, "d", "--output", theirs).stderr.split())
    assert f"{theirs}isthere" in told


def test_its_guest_is_inside_and_does_the_accesses_without_a_compiler(packed, tmp_path):
    # Only QEMU is on this path.
    (tmp_path / "qemu-system-x86_64").symlink_to(booting.find_qemu())
    told = run(packed, "--accel", "tcg", "--mode", "avic", "--repeat", "1", "--output", "-",
               env={"PATH": str(tmp_path), "TMPDIR": str(tmp_path)})  # fmt: skip

    assert 0 == told.returncode, told.stderr
    assert len(json.loads(told.stdout)["observations"]) > 100
    assert "compiler" not in told.stderr
    assert ["qemu-system-x86_64"] == [path.name for path in tmp_path.iterdir()]


def test_what_there_is_is_kept_of_a_probe_that_is_killed_in_the_middle(packed, tracefs, tmp_path):
    kept, temporary = tmp_path / "kept", tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-I", "-S", packed, "--accel", "tcg", "--tracefs", tracefs,
               "--qemu", booting.find_qemu(), "--mode", "avic", "--repeat", "60",
               "--keep", kept, "--output", tmp_path / "out.json"]  # fmt: skip
    with subprocess.Popen(
        command, env={"TMPDIR": str(temporary)}, stdout=subprocess.DEVNULL
    ) as probe:
        until(lambda: any(map(begun, temporary.glob("*/xapic.m"))))
        probe.kill()
    until(lambda: not list(temporary.iterdir()))

    lines = (kept / "xapic.log").read_text("ascii").splitlines()
    events = [json.loads(line)["event"] for line in lines[:-1] if line.startswith('{"event":')]
    assert "start" == events[0]
    assert "access" in events
    assert "end" not in events
    assert (kept / "xapic.trace").read_text().startswith("# tracer: nop")
    assert not (tracefs / f"instances/vapic-probe-{probe.pid}").exists()
    assert not (tmp_path / "out.json").exists()


def begun(memory: Path) -> bool:
    """Whether a guest has told of accesses in its memory."""
    with memory.open("rb") as file:
        file.seek(LOG_AT)
        return b'"access"' in file.read(1 << 16)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_host_that_will_not_do_is_told_why_and_how_to_call_it_again(packed):
    if "svm" in Host().flags:
        pytest.skip("this host offers SVM")
    told = run(packed)

    assert 1 == told.returncode
    assert "nothing was run" in told.stderr
    reasons = ("This machine is a virtual one", "AVIC is a feature of AMD's", "does not offer SVM")
    assert any(reason in " ".join(told.stderr.split()) for reason in reasons)


def test_an_older_python_is_told_so_before_anything_else():
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.version_info = (3, 9)\n{packing.MAIN}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 1 == told.returncode
    assert told.stderr.startswith("vapic: this takes Python 3.11 or newer")


def test_a_site_that_has_it_gives_it_away(packed, database_url, tmp_path):
    with client_of(database_url, probe_file=packed) as client:
        assert packed.read_bytes() == client.get("/vapic-probe.pyz").content
    with client_of(database_url, probe_file=tmp_path / "none") as client:
        answer = client.get("/vapic-probe.pyz")
        assert 404 == answer.status_code
        assert "/docs/measure" in answer.text
