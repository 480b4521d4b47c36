"""`vapic probe` from its plan to a document, under emulation and with a KVM that was made up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import pytest

from app.cli.probe import _offer, _report
from app.cli.probe_text import account_text
from app.core.words import State
from app.errors import Conflict
from app.intake import probed, submitting
from app.intake.format1 import json_schema
from app.probing.host import running
from app.probing.host.checks import Wish
from app.probing.host.command import why_unfit
from app.probing.host.emulator import find_qemu
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper
from app.probing.host.measuring import count_steps, measure, write_whole
from app.probing.host.plan import Plan, make_plan
from app.probing.host.running import RunFailed
from app.probing.host.tracing import Tracer
from app.store.submissions import Decision
from tests.probe import booting
from tests.probe.hosts import fake_cpuid, machine, stand_in_for_qemu
from tests.probe.scenes import Scene, intercepted, noise, unaccelerated
from tests.running import state_of

API = "/api/v1/measurements"


@pytest.fixture
def fake(tmp_path) -> Path:
    """A folder with a stand-in for QEMU under KVM, and what it plays."""
    return stand_in_for_qemu(tmp_path / "fake", _page(), _msrs()).parent


def played(fake: Path) -> type[Tracer]:
    """What a kernel would have traced of a run of the stand-in, beside which it lies."""

    class Played(Tracer):
        def start(self, pid: int, cpus: Iterable[int]) -> None:
            assert pid > 0
            assert len(list(cpus)) in {0, 2}

        def stop(self) -> str:
            return (fake / "trace").read_text()

    return Played


def _page() -> Scene:
    scene = Scene(apic="xapic")
    scene.repeated("tpr", 0x80, value=0x20)
    scene.repeated("ldr", 0xD0, unaccelerated("after"), write=True, value=1 << 24)
    return scene.repeated("timer-current", 0x390, noise(), unaccelerated("at", read=True))


def _msrs() -> Scene:
    scene = Scene(apic="x2apic")
    scene.repeated("tpr", 0x808, value=0x20)
    scene.repeated("ldr", 0x80D, write=True, value=1, fault="#GP", why="own-value")
    return scene.repeated("timer-current", 0x839, intercepted(value=7), value=7)


def test_a_dry_run_prints_the_plan_and_does_nothing(vapic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = vapic("probe", "--accel", "tcg", "--dry-run", "--mode", "x2avic", "--disruptive")

    nothing = "vapic: Something is missing here, so nothing would be run.\n"
    expected = (1, nothing) if "\nmissing " in ran.out else (0, "")
    assert expected == (ran.code, ran.err)
    assert [] == list(tmp_path.iterdir())
    assert [] == [line for line in ran.out.splitlines() if len(line) > 75 or not line.isascii()]
    assert "What leaves this machine" in ran.out
    assert "says nothing about AVIC" in " ".join(ran.out.split())


@pytest.mark.parametrize(("asked", "then"), [((), "was run"), (("--dry-run",), "would be run")])
def test_what_is_missing_is_told_and_nothing_is_run(vapic, tmp_path, asked, then):
    output = tmp_path / "out.json"
    ran = vapic("probe", "--accel", "tcg", "--qemu", tmp_path / "none", "--output", output, *asked)
    told = ran.out if asked else ran.err

    assert 1 == ran.code
    assert "There is no qemu-system-x86_64 that runs." in told
    assert "with --qemu" in " ".join(told.split())
    assert f"nothing {then}" in ran.err
    assert not output.exists()


def test_a_file_that_is_there_is_not_written_over(vapic, guest, tmp_path):
    output = tmp_path / "out.json"
    output.write_text("mine")
    qemu = booting.find_qemu()
    ran = vapic("probe", "--accel", "tcg", "--qemu", qemu, "--kernel", guest, "--output", output)

    assert 1 == ran.code
    assert "out.json is there already. Name another file with --output." in " ".join(
        ran.err.replace("-\n", "-").split()
    )
    assert "mine" == output.read_text()


def test_a_file_that_comes_into_being_meanwhile_is_not_written_over(tmp_path):
    (tmp_path / "out.json").write_text("theirs")
    with Keeper() as keeper, pytest.raises(Conflict):
        write_whole(tmp_path / "out.json", b"ours", keeper)

    assert ["out.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_run_under_emulation_makes_a_document_that_is_valid_and_no_observation(
    vapic, client, guest, tmp_path
):
    output = tmp_path / "here" / "out.json"
    output.parent.mkdir()
    qemu = booting.find_qemu()
    ran = vapic("probe", "--accel", "tcg", "--qemu", qemu, "--kernel", guest, "--repeat", 2,
                "--output", output)  # fmt: skip
    raw = output.read_bytes()
    body = json.loads(raw)
    jsonschema_rs.validate(json_schema(), body)
    answer = client.post(API, content=raw, headers={"accept": "application/json"})
    (problem,) = answer.json()["problems"]

    assert (0, "") == (ran.code, ran.err)
    assert [output] == list(output.parent.iterdir())
    flat = " ".join(ran.out.split())
    assert 2 == flat.count("no explorer takes it as an observation")
    assert [] == [line for line in ran.out.splitlines() if len(line) > 75 or not line.isascii()]
    assert "vapic submit" not in ran.out
    assert "tcg" == body["hypervisor"]["accelerator"]
    assert str(tmp_path) not in raw.decode()
    assert {"completed", "gp"} >= {o["outcome"] for o in body["observations"]}
    assert 422 == answer.status_code
    assert "/hypervisor/accelerator" == problem["pointer"]
    assert "an emulator's answers are not AVIC's" in problem["expected"]
    both = {"avic", "x2avic"} if booting.qemu_version() >= booting.X2APIC_SINCE else {"avic"}
    assert both == {o["mode"] for o in body["observations"]}


@pytest.fixture
def made_up(fake, guest, tmp_path) -> tuple[Plan, bytes]:
    """What was planned and what came of it, of a run under a KVM that does not exist."""
    host = machine(tmp_path / "host")
    wish = Wish("kvm", tmp_path / "out.json", kernel=guest, keep=tmp_path / "kept")
    plan = make_plan(host, find_qemu(str(fake / "qemu-system-x86_64")), wish)
    told = []
    with Keeper() as keeper:
        raw = measure(plan, host, keeper, told.append, probed.document, tracing=played(fake))
    assert () == plan.missing
    assert count_steps(plan) == len(told)
    return plan, raw


def test_a_made_up_run_under_kvm_says_what_each_access_did(made_up, tmp_path):
    plan, raw = made_up
    body = json.loads(raw)
    jsonschema_rs.validate(json_schema(), body)

    assert [("tpr", "avic", "allowed"), ("ldr", "avic", "vmexit-trap"),
            ("timer-current", "avic", "vmexit-fault"), ("tpr", "x2avic", "allowed"),
            ("ldr", "x2avic", "gp"), ("timer-current", "x2avic", "vmexit-msr")] == [
        (o["register"], o["mode"], o["outcome"]) for o in body["observations"]
    ]  # fmt: skip
    assert {"name": "KVM", "version": "6.18.3-1-amd64", "accelerator": "kvm",
            "parameters": ["kvm_amd.avic=Y", "kvm_amd.enable_ipiv=Y", "kvm_amd.npt=Y"],
            } == body["hypervisor"]  # fmt: skip
    assert {"avic": True, "x2avic": True, "avic_extlvt": True} == body["features"]
    assert {"virtual": False, "svm_edx": "0x8042000", "branch": "6.18"} == body["host"]
    assert "0xb00211e" == body["cpu"]["microcode"]
    assert "-append 'apic=x2apic repeat=20 results=memory lines'" in body["guest"]["command"]
    assert "fancyname" not in raw.decode()
    assert str(tmp_path) not in raw.decode()
    assert {"xapic.log", "xapic.trace", "x2apic.log", "x2apic.trace"} == {
        path.name for path in plan.wish.keep.iterdir()
    }


def test_a_made_up_run_under_kvm_is_accepted_and_shows_on_the_table(made_up, client, writer):
    _, raw = made_up
    table = "/index.txt?mode=x2avic&access=write"
    before = client.get(table).text
    slug = client.post(API, content=raw, headers={"accept": "application/json"}).json()["id"]
    with writer.begin() as session:
        decision = Decision(State.ACCEPTED, "Looked at.", datetime.now(UTC), "reviewer")
        submitting.take_decision(session, slug, decision)
    state_of(client).snapshots.refresh()

    assert f"m-{slug}" in client.get("/r/ldr/x2avic/write.json").text
    assert before != client.get(table).text


def test_the_terminal_shows_the_result_beside_the_manual_and_how_to_send_it(
    made_up, capsys, monkeypatch
):
    plan, raw = made_up
    text = _report(raw)
    monkeypatch.setattr("sys.argv", ["/a/b/vapic", "probe"])
    _offer(plan.wish.output)

    assert "ldr write trap trap #GP #GP" in " ".join(text.split())
    assert "msr (m)" in text
    assert "cells gain evidence" in text
    assert [] == [line for line in text.splitlines() if len(line) > 75 or not line.isascii()]
    assert f"  /a/b/vapic submit {plan.wish.output} --to ADDRESS" in capsys.readouterr().out


def test_what_a_virtual_host_did_is_shown_and_is_no_evidence(made_up, tmp_path):
    plan, raw = made_up
    body = json.loads(raw)
    body["host"]["virtual"] = True
    text = _report(json.dumps(body).encode())
    assert "msr (m)" in text
    assert "cells gain evidence" not in text
    host = Host(tmp_path / "host")
    assert "" == why_unfit(plan.wish, host)
    fake_cpuid(host.root, {1: (0xB00F21, 0, 1 << 31, 0)})
    assert "This machine is a virtual one" in why_unfit(plan.wish, host)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda fake: (fake / "xapic.trace").write_text(""), "the trace holds no event of KVM"),
        (lambda fake: (fake / "xapic.log").write_bytes(b'{"event":"start"\n'), "checksum line"),
    ],
    ids=("no trace", "no log"),
)
def test_a_run_that_went_wrong_is_told_in_words_and_leaves_nothing(
    damage, told, fake, guest, tmp_path
):
    damage(fake)
    host = machine(tmp_path / "host")
    wish = Wish("kvm", tmp_path / "out.json", kernel=guest)
    plan = make_plan(host, find_qemu(str(fake / "qemu-system-x86_64")), wish)
    with Keeper() as keeper, pytest.raises(Exception, match=told):
        measure(plan, host, keeper, lambda _: None, probed.document, tracing=played(fake))


def test_what_there_is_of_a_run_is_kept_however_it_ends(fake, guest, tmp_path):
    (fake / "status").write_text("255")
    host = machine(tmp_path / "host")
    wish = Wish("kvm", tmp_path / "out.json", kernel=guest, keep=tmp_path / "kept")
    plan = make_plan(host, find_qemu(str(fake / "qemu-system-x86_64")), wish)
    with Keeper() as keeper, pytest.raises(RunFailed, match="met an exception"):
        measure(plan, host, keeper, lambda _: None, probed.document, tracing=played(fake))
    for name in ("xapic.log", "xapic.trace"):
        assert (fake / name).read_bytes() == (wish.keep / name).read_bytes()

    # Nothing is run whose files would be in the way of these.
    (found,) = make_plan(host, plan.qemu, wish).missing
    assert ("--keep", f"{wish.keep / 'xapic.log'} is there already.") == (found.name, found.text)


def test_what_there_is_of_a_guest_that_did_not_end_in_time_is_kept(
    vapic, guest, tracefs, tmp_path, monkeypatch
):
    monkeypatch.setattr(running, "RUN_SECONDS", 1)
    kept, output = tmp_path / "kept", tmp_path / "out.json"
    ran = vapic("probe", "--accel", "tcg", "--qemu", booting.find_qemu(), "--kernel", guest,
                "--tracefs", tracefs, "--mode", "avic", "--repeat", 60, "--keep", kept,
                "--output", output)  # fmt: skip
    log = (kept / "xapic.log").read_text("ascii")

    assert (1, "vapic: The guest did not end within 1 seconds.\n") == (ran.code, ran.err)
    assert '{"event":"start"' in log
    assert '{"event":"end"' not in log
    assert (kept / "xapic.trace").read_text().startswith("# tracer: nop")
    assert not output.exists()


def test_what_came_to_no_observation_is_listed_with_its_reason():
    account = {"apic": "x2apic", "void": "", "unexplained": [f"access {n}" for n in range(23)],
               "discarded": {"events were lost": 2}, "remarks": ["skip ldr: why"]}  # fmt: skip
    void = account | {"apic": "xapic", "void": "AVIC was inhibited", "unexplained": []}
    text = account_text([account, void])

    assert "Beside that, in x2apic mode" in text
    assert "- unexplained: access 19\n- unexplained: 3 more, all in the document" in text
    assert "- discarded: 2 x events were lost\n- skip ldr: why" in text
    assert "- the whole run is discarded: AVIC was inhibited" in text
    assert not account_text([account | {"unexplained": [], "discarded": {}, "remarks": []}])
