"""What happened when, by the days that sources name."""

import re

import pytest

from app.core.cells import CellKey
from app.core.timeline import NEWEST_MEASUREMENTS, of_cell, of_family
from app.core.views import view_cells
from app.core.words import Access, Mode
from tests.factories import knowing, make_observation

LDR = CellKey("ldr", Mode.X2AVIC, Access.WRITE)


@pytest.fixture(scope="module")
def moments(knowledge, views):
    """Every moment of every cell and of every family."""
    cells = [m for view in views.values() for m in of_cell(view, knowledge)]
    families = knowledge.families.values()
    return cells + [m for f in families for m in of_family(f, views.values(), (), knowledge)]


def test_every_moment_has_a_day_and_a_source_that_there_is(moments, knowledge):
    assert moments
    for moment in moments:
        assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", moment.date), moment
        assert moment.sources, moment
        assert set(moment.sources) <= knowledge.sources.keys(), moment


@pytest.mark.parametrize(
    ("date", "kind", "text"),
    [
        ("2022-11", "revision", "24593 rev 3.39: Section 15.29.10, x2AVIC, is new."),
        ("2022-08-02", "release", "KVM mainline 6.0 to 7.1: pass"),
        ("2026-07-18", "release", "KVM 6.18.39 and later of 6.18.y: intercept"),
        ("2026-05-06", "report", "Zen 4: #GP, no #VMEXIT, observed"),
    ],
)
def test_a_cell_tells_revisions_releases_and_reports(date, kind, text, knowledge, views):
    found = of_cell(views[LDR], knowledge)

    assert (date, kind, text) in [(m.date, m.kind, m.text) for m in found]
    assert {"mail", "D-1"} <= {m.kind for m in found}
    assert sorted(found) == list(found)


def test_a_state_is_told_in_the_words_that_its_page_has(moments, knowledge):
    labels = {str(event.state.label) for d in knowledge.differences.values() for event in d.life}
    told = {m.text.partition(":")[0] for m in moments if m.kind.startswith("D-")}

    assert "stated elsewhere" in told
    assert told <= labels


def test_of_measurements_the_newest_are_named_and_no_report_gives_way(knowledge):
    seen = [
        make_observation("gp", id=f"m-{n}", cells=(str(LDR),), sources=(f"m-{n}",),
                         date=f"2026-11-{n + 1:02}")
        for n in range(NEWEST_MEASUREMENTS + 3)
    ]  # fmt: skip
    known = knowing(knowledge, seen)
    found = of_cell(view_cells(known, only={LDR})[LDR], known)

    assert [m.sources[0] for m in found if m.kind == "measured"] == [o.id for o in seen[3:]]
    assert 1 == sum(m.kind == "report" for m in found)
