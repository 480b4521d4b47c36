"""A line of the benchmark ends in what its figures are."""

from __future__ import annotations

import pytest

from tests.bench.report import table
from tests.bench.targets import LEAST, MOST, Target

FIGURES = {"ours": [90.0, 300.0, 10.0], "theirs": [30.0, 100.0, 40.0], "lost": [0.0]}


@pytest.mark.parametrize(
    ("target", "ratio", "verdict"),
    [
        # The median of 3, 3 and 0.25; that of the medians would be 2.25.
        (Target("a", "", "ours", "theirs", LEAST, 3), "3", "pass"),
        (Target("a", "", "ours", "theirs", LEAST, 3.1), "3", "short"),
        (Target("a", "", "ours", "theirs", MOST, 2.9), "3", "short"),
        (Target("a", "", "ours", "theirs"), "3", "told"),
        (Target("a", "", "lost", "", MOST, 0), "", "pass"),
        (Target("a", "", "ours", "", MOST, 89), "", "short"),
        (Target("a", "", "nobody measured it", "theirs", LEAST, 1), "", "not measured"),
    ],
)
def test_a_target_is_held_against_the_median_of_its_rounds(target, ratio, verdict) -> None:
    assert (ratio, verdict) == (target.row(FIGURES)[4], target.verdict(FIGURES))


def test_the_table_is_aligned_and_each_line_ends_in_its_verdict() -> None:
    targets = (Target("f", "what is lost", "lost", "", MOST, 0, ""), Target("a", "x", "ours"))
    lines = table(targets, FIGURES)
    assert len({len(line) for line in lines}) == 1
    assert ["pass", "told"] == [line.split("|")[-2].strip() for line in lines[2:]]
