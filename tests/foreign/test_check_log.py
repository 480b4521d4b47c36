"""The log of a test that was handed out: whole, or refused with what is missing."""

import re

import pytest

from app.cli.database import seed_offline as offline
from app.core.words import Behaviour, State
from app.export.handout import files
from app.export.handout.expecting import handout_of
from app.foreign.importing import CannotImport, import_log
from app.intake.submitting import Incoming, prepare, submit
from app.store.queries import current_version_id
from app.store.seeding import load_knowledge
from app.store.snapshots import load_snapshot
from app.store.submissions import Decision
from tests.conftest import SEEDED_AT
from tests.handing import PLACE, SAID, ReadBack, handout, run_standin


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return run_standin(tmp_path_factory.mktemp("run"), files.kvm_unit_tests(handout()))


def without(first, last):
    return lambda lines: lines[:first] + lines[last:]


def put(pattern, to):
    def change(lines):
        changed = [re.sub(pattern, to, line) for line in lines]
        assert changed != lines
        return changed

    return change


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("no `vapic end:` line: is it cut?", lambda lines: lines[:800]),
        ("890 of 1688 checks are missing: 799, 800", lambda lines: lines[:800]),
        ("no `vapic end:` line", lambda lines: [*lines[:800], lines[800][:30]]),
        ("line 801 cannot be read", lambda lines: [*lines[:800], lines[800][:40], *lines[801:]]),
        ("3 of 1688 checks are missing: 99, 100, 101", without(100, 103)),
        ("do not sum up to crc", without(100, 103)),
        ("no `vapic begin:` line", without(0, 1)),
        ("its end counts 1579 passed, and 1580 were found", put("1580 passed", "1579 passed")),
        ("its end counts 1687 checks, and its head 1688", put("end: 1688", "end: 1687")),
        ("the log counts 1687 results, and 1688 were found", put("SUMMARY: 1688", "SUMMARY: 1687")),
        ("do not sum up to crc", put("tpr pattern 0x20:", "tpr pattern 0x30:")),
        ("says 'FAIL:' of a check that passed", put("PASS: vapic 0018", "FAIL: vapic 0018")),
        ("line 10: found check 7, expected 8", lambda lines: [*lines[:9], *lines[8:]]),
        ("line 10: found check 9, expected 8",
         lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]]),
        ("line 1690: found check 1688, expected no more", put("begin: 1688", "begin: 1687")),
        ("the log counts 107 skipped, and 108 were found", put("108 skipped$", "107 skipped")),
        ("found a result of kvm-unit-tests x86/apic.c, test_self_ipi_x2apic(), expected",
         lambda lines: [*lines, "PASS: self_ipi_x2apic: self ipi"]),
        ("2 runs: give one a log", lambda lines: lines + lines),
        ("tcg emulates the APIC", put("under KVMKVMKVM", "under TCGTCGTCGTCG")),
    ],
)  # fmt: skip
def test_a_log_that_is_not_whole_is_refused_and_says_why(log, expected, change):
    lines = log.read_text("ascii").splitlines()
    with pytest.raises(CannotImport) as refused:
        import_log("kvm-unit-tests", "\n".join(change(lines)).encode(), SAID)

    assert any(expected in reason for reason in refused.value.reasons), refused.value.reasons


def test_what_surrounds_the_lines_is_the_harness_s_own(log):
    text = log.read_text("ascii")
    tap = re.sub(r"^(PASS|FAIL|SKIP): (vapic (\d+).*)", r"ok \3 - \2", text, flags=re.MULTILINE)
    tap = re.sub(r"^(ok.* any, .*)", r"\1 # SKIP", tap, flags=re.MULTILINE)
    selftest = import_log("selftests", re.sub(r"SUMMARY.*", "", tap).encode(), SAID)
    noisy = f"enabling apic\n{text}".replace("\n", "\r\n").encode()

    assert ReadBack.of(noisy).body["observations"] == ReadBack(selftest.raw).body["observations"]
    assert 1688 == selftest.reading.checks


def test_with_the_host_s_trace_it_says_what_exited(log):
    trace = log.with_name("trace.txt").read_text("ascii")
    whole = ReadBack.of(log.read_bytes(), trace).body
    seen = {(o["register"], o["access"], o["x-why"]): o for o in whole["observations"]}

    assert "exits_watched" not in whole
    svr = seen["svr", "write", "pattern"]
    assert (Behaviour.VMEXIT_TRAP, "after") == (svr["outcome"], svr["exit"]["rip"])
    assert Behaviour.ALLOWED == seen["tpr", "write", "pattern"]["outcome"]
    assert Behaviour.ACCELERATED == seen["eoi", "write", "eoi-edge"]["outcome"]
    assert Behaviour.GP == seen["ldr", "write", "zero"]["outcome"]


@pytest.mark.parametrize(
    ("expected", "cut"),
    [
        ("does not hold the marker that ends the measuring", lambda text: text[: len(text) // 2]),
        ("the trace holds no event of KVM", lambda _: "nothing"),
    ],
)
def test_a_trace_that_is_not_whole_is_refused(log, expected, cut):
    trace = cut(log.with_name("trace.txt").read_text("ascii"))
    with pytest.raises(CannotImport, match=expected):
        ReadBack.of(log.read_bytes(), trace)
    with pytest.raises(CannotImport, match="--trace goes with"):
        import_log("kvm-unit-tests", b"PASS: x2APIC MSR 0x80f", SAID, trace=trace)


@pytest.mark.parametrize("parameters", [[], ["kvm_amd.avic=0"], ["kvm_amd.npt=1"]])
def test_who_answered_has_to_be_said_since_no_guest_can_tell(log, parameters):
    said = SAID | {"hypervisor.parameters": parameters}
    with pytest.raises(CannotImport, match="what answered does not show in the log"):
        ReadBack.of(log.read_bytes(), said=said)


def test_the_cpu_of_an_emulated_measurement_is_the_one_that_its_guest_was_shown(log):
    said = SAID | {"emulation.name": "kvm", "emulation.version": "6.12.1"}
    with pytest.raises(CannotImport, match="Intel, the emulation's guest was shown AuthenticAMD"):
        ReadBack.of(log.read_bytes(), said=said | {"cpu.vendor": "GenuineIntel"})


def test_the_document_of_a_log_is_submitted_and_its_page_shows_what_the_guest_saw(client, log):
    made = client.post("/api/v1/measurements", content=ReadBack.of(log.read_bytes()).raw)
    page = client.get(f"/m/{made.json()['id']}.txt").text

    assert 201 == made.status_code
    assert "not watched: only the guest looked" in page
    assert "LDR x2AVIC write on Zen 4: table wrong or incomplete" in page


def test_what_an_emulation_answered_is_of_no_family_and_can_be_expected_of_it(writer, reader, log):
    named = {"name": "kvm", "version": "6.12.1", "flavour": "kvm_amd"}
    emulation = {f"emulation.{key}": value for key, value in named.items()}
    said = {key: value for key, value in SAID.items() if not key.startswith("cpu.")} | emulation
    back = ReadBack.of(log.read_bytes(), said=said)
    accepted = Decision(State.ACCEPTED, "A test.", SEEDED_AT, "a test")
    with writer.begin() as session:
        knowledge = load_knowledge(session, current_version_id(session))
        measurement = prepare(back.raw, knowledge, SEEDED_AT)
        submit(session, Incoming(back.raw, measurement, decision=accepted), SEEDED_AT)
    with reader() as session:
        snapshot = load_snapshot(session)
        told = handout_of(snapshot, PLACE, "kvm-6.12")
        silicon = {key: cell.verdict for key, cell in snapshot.cells.items()}
    wanted = files.expectations(told)["checks"]

    assert ("AuthenticAMD", 25, 17) == tuple(
        back.body["cpu"][key] for key in ("vendor", "family", "model")
    )
    assert "kvm-6.12.1-amd" == told.expect
    assert {key: cell.verdict for key, cell in offline().cells.items()} == silicon
    assert not [c["name"] for c in wanted if c["expected"] != back.outcome(c)]
