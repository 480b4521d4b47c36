"""What a rehearsal came to is held against what it has to; `make rehearse` itself is not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.probe.recordings import recording
from tests.rehearse import expected

SAID = "vapic: AVIC was inhibited and not enabled again: PIT_REINJ\nThis machine is a virtual one;"
STEP = {"step": "reinjecting", "code": 1, "seconds": 20, "left": []}


def row(folder: Path, said: str = SAID, files: dict[str, str] | None = None, **step: Any) -> str:
    """What is wrong with a step that is a recording of one, with something changed."""
    (folder / "reinjecting").mkdir(parents=True)
    log, trace = recording("6.12-xapic-reinjecting.tracefs")
    made = {"xapic.log": log.decode(), "xapic.trace": trace, "said": said, **(files or {})}
    for name, text in made.items():
        (folder / "reinjecting" / name).write_text(text)
    (folder / "steps.json").write_text(json.dumps([STEP | step]))
    (found,) = (each for each in expected.rows(folder) if each.step == "reinjecting")
    return found.wrong


def test_a_run_that_is_void_for_its_own_reason_is_as_expected(tmp_path: Path) -> None:
    assert "" == row(tmp_path)


ALL_WRONG = {"files": {"document.json": "{}"}, "code": 0, "said": "Nothing.",
             "left": ["/sys/kernel/tracing/instances/x"]}  # fmt: skip
ONLY_VOID = {"files": {"xapic.trace": "# tracer: nop\n"}, "said": SAID.partition("\n")[0]}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        (
            ALL_WRONG,
            [
                "exit 0 and not 1",
                "it does not say not enabled again",
                "it does not say that this machine is a virtual one",
                "left: ['/sys/kernel",
                "a document was written",
            ],
        ),
        (
            ONLY_VOID,
            [
                "it does not say that this machine is a virtual one",
                "0 windows of 861; void, but not for",
            ],
        ),
    ],
)
def test_whatever_else_it_comes_to_is_wrong(tmp_path: Path, changed: Any, wrong: Any) -> None:
    told = row(tmp_path, **changed)

    assert [] == [words for words in wrong if words not in told]


def test_a_step_that_was_not_come_to_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text("[]")
    assert {"it did not come to this step"} == {each.wrong for each in expected.rows(tmp_path)}


ASKED = {
    "new": {"text": f"AVIC is on for new VMs {expected.FORCED}."},
    "running": {"text": "AVIC is inhibited in it: PIT_REINJ (inhibits=0x200).",
                "inhibits": ["PIT_REINJ", "IRQWIN"], "inferred": [], "signs": []},
}  # fmt: skip
NAMED = ASKED["running"] | {"inhibits": ["IRQWIN"]}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [({}, ""), ({"said": json.dumps(ASKED | {"running": NAMED})}, "it names IRQWIN"),
     ({"code": 0}, "exit 0"), ({"said": ""}, "it said nothing"),
     ({"said": json.dumps(ASKED | {"new": {"text": "on"}})}, "it does not say that AVIC is forced"),
     ({"left": ["instances/x"]}, "left: ['instances/x']")],
)  # fmt: skip
def test_what_the_doctor_names_is_held_too(tmp_path: Path, changed: Any, wrong: str) -> None:
    step = {"step": "doctor reinjecting", "said": json.dumps(ASKED), "code": 1, "seconds": 20,
            "left": []}  # fmt: skip
    (tmp_path / "steps.json").write_text(json.dumps([step | changed]))
    (found,) = (row for row in expected.rows(tmp_path) if row.step == step["step"])
    assert wrong == found.wrong
