"""A guest's serial log, pasted with its checksum, is a submission; a broken one is refused."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from app.core.faults import BadDocument
from app.core.words import State
from app.intake import submitting
from app.intake.measurement import parse
from app.intake.serial_log import is_serial_log
from app.store.submissions import Decision
from tests.measured.documents import document
from tests.measured.test_cli_measure import site  # noqa: F401 - a fixture
from tests.probe.scenes import Scene
from tests.running import state_of

API = "/api/v1/measurements"
TEXT = {"content-type": "text/plain", "accept": "application/json"}
JSON = {"accept": "application/json"}
TEXT = {"accept": "text/plain"}


def log(hypervisor="KVMKVMKVM") -> bytes:
    """Return a whole log: constructed, no measurement of anything."""
    scene = Scene(apic="x2apic", start={"hypervisor": hypervisor})
    scene.repeated("ldr", 0x80D, write=True, value=1, fault="#GP", err="0x0000")
    scene.repeated("tpr", 0x808, value=0x20)
    scene.repeated("isr", 0x813, member=3, value=0)
    return scene.guest()


LOG = log()
LINES = LOG.splitlines(keepends=True)


def test_a_log_says_what_the_guest_saw_and_nothing_about_exits():
    parsed = parse(LOG)

    assert hashlib.sha256(LOG).hexdigest() == parsed.digest
    assert [("ldr", "write", "gp", 3), ("tpr", "read", "completed", 3),
            ("isr", "read", "completed", 3)] == [
        (o.register_, o.access, o.outcome, o.count) for o in parsed.document.observations
    ]  # fmt: skip
    assert ("kvm", "not stated") == (
        parsed.document.hypervisor.accelerator,
        parsed.document.hypervisor.version,
    )


@pytest.mark.parametrize("start", [b"", b"\r\n\r\n", b"SeaBIOS\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_other_words_and_line_ends_do_no_harm(start, end):
    raw = start + LOG.replace(b"\n", end)

    assert parse(LOG).document == parse(raw).document
    assert hashlib.sha256(raw).hexdigest() == parse(raw).digest


BROKEN = [
    ("wrong checksum", LOG.replace(b'"value":"0x20"', b'"value":"0x21"', 1), "crc32", "the CRC-32"),
    ("a line is gone", b"".join(LINES[:5] + LINES[6:]), "lines 15 at line 16", "14, as many"),
    ("cut off", b"".join(LINES[:-1]), "the end of the log", "is it cut off?"),
    ("half a line", b"".join(LINES[:6]) + LINES[6][:40] + b"\n" + b"".join(LINES[7:]),
     "at line 7", "a whole JSON line"),
    ("no start", b"".join(LINES[2:]), "no start line", '{"event":"start"'),
    ("two boots", LOG + LOG, "a line after the checksum at line", "one boot in one log"),
    ("not UTF-8", LOG.replace(b"# constructed", b"# \xff"), "byte FFh at line 1", "UTF-8"),
    ("an impossible access", LOG.replace(b'"op":"read"', b'"op":"look"', 1),
     'op "look" at line 8', "one of read, write"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "found", "expected"), [b[1:] for b in BROKEN],
                         ids=[b[0] for b in BROKEN])  # fmt: skip
def test_a_broken_log_is_refused_with_line_found_and_expected(raw, found, expected):
    with pytest.raises(BadDocument) as refused:
        parse(raw)

    told = [(f.found, f.expected) for f in refused.value.faults]
    assert [] != [one for one in told if found in one[0] and expected in one[1]], told


def test_a_log_without_an_access_of_a_register_is_refused():
    with pytest.raises(BadDocument, match="expected an access of a register"):
        parse(Scene(apic="x2apic").guest())


@pytest.mark.parametrize(
    ("raw", "is_log"),
    [
        (LOG, True),
        (LOG[len(b"# constructed\n") :], True),
        (document(), False),
        (b'  {"format": 1,\n{"event":"start"', False),
        (b"", False),
        (b"# hello", False),
    ],
)
def test_json_is_read_as_json_as_before(raw, is_log):
    assert is_log is is_serial_log(raw)


def test_a_log_of_an_emulator_is_no_observation(client):
    answer = client.post(API, content=log("TCGTCGTCGTCG"), headers=TEXT)

    assert 422 == answer.status_code
    (problem,) = answer.json()["problems"]
    assert "/hypervisor/accelerator" == problem["pointer"]
    assert "an emulator's answers are not AVIC's" in problem["expected"]


def test_the_api_takes_a_log_keeps_its_bytes_and_shows_it(client, writer):
    checked = client.post(f"{API}?dry_run=true", content=LOG, headers=TEXT)
    taken = client.post(API, content=LOG, headers=TEXT)
    again = client.post(API, content=LOG, headers=TEXT)
    slug = hashlib.sha256(LOG).hexdigest()[:12]
    raw = client.get(f"/m/{slug}.raw")

    assert (200, 201, 200) == (checked.status_code, taken.status_code, again.status_code)
    assert slug == taken.json()["id"] == checked.json()["id"]
    assert LOG == raw.content
    assert "text/plain; charset=utf-8" == raw.headers["content-type"]
    assert f'attachment; filename="{slug}.log"' == raw.headers["content-disposition"]
    assert "gp, 3 times" in client.get(f"/m/{slug}.txt").text
    with writer.begin() as session:
        decision = Decision(State.ACCEPTED, "Looked at.", datetime.now(UTC), "reviewer")
        submitting.take_decision(session, slug, decision)
    state_of(client).snapshots.refresh()
    assert f"m-{slug}" in client.get("/r/ldr/x2avic/write.json").text
    exported = client.get("/export/vapic.json", follow_redirects=True)
    assert LOG.decode() in [d["raw"] for d in exported.json()["documents"]]


def test_a_document_is_still_given_back_as_json(client):
    slug = client.post(API, content=document(), headers=JSON).json()["id"]
    raw = client.get(f"/m/{slug}.raw")

    assert "application/json" == raw.headers["content-type"]
    assert f'attachment; filename="{slug}.json"' == raw.headers["content-disposition"]


def test_the_form_checks_and_takes_a_pasted_log(client):
    pasted = LOG.decode().replace("\n", "\r\n")
    checked = client.post("/upload", data={"text": pasted, "action": "check"})
    taken = client.post("/upload", data={"action": "submit"}, files={"file": ("a.log", LOG)},
                        headers=JSON)  # fmt: skip
    broken = client.post("/upload", data={"text": pasted[:-20], "action": "check"})
    told = client.post("/upload", files={"file": ("a.log", LOG)}, headers=TEXT)
    unknown = client.post("/upload", data={"text": pasted, "action": "chekc"}, headers=TEXT)

    assert (200, 201, 422) == (checked.status_code, taken.status_code, broken.status_code)
    assert "Valid: 3 observations" in checked.text
    assert hashlib.sha256(LOG).hexdigest() == taken.json()["digest"]
    assert "checksum line" in broken.text
    assert (200, True) == (told.status_code, told.text.startswith("Valid. 3 cells gain evidence"))
    assert 422 == unknown.status_code
    assert "action: Input should be 'check' or 'submit'" in unknown.text


def test_the_command_line_checks_and_sends_a_log(vapic, site, tmp_path):  # noqa: F811
    path, cut = tmp_path / "guest.log", tmp_path / "cut.log"
    path.write_bytes(LOG)
    cut.write_bytes(LOG[:-30])
    checked, sent = vapic("check", path), vapic("submit", path, "--to", site)
    refused = vapic("check", cut)

    assert (0, 0, 1) == (checked.code, sent.code, refused.code)
    assert "LDR x2AVIC write" in checked.out
    assert "pending: http" in sent.out
    assert "expected a" in refused.err
    assert "Traceback" not in refused.err
