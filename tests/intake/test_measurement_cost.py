"""What looking at the largest document costs, whatever is in it."""

import time

import pytest

from app.intake.format1 import MAX_OBSERVATIONS
from app.intake.submitting import check
from tests.intake.documents import observing
from tests.running import state_of

MOST_SECONDS = 0.5
# A machine that does other things too takes longer; what is not linear takes far longer.
SLACK = 3


ONE = {"register": "ldr", "mode": "x2avic", "access": "write", "outcome": "gp"}
OUTCOMES = ("allowed", "accelerated", "gp", "vmexit-fault", "vmexit-trap")


def spread(snapshot, number):
    """Return an observation of every cell, then again under another outcome and condition."""
    cells, conditions = list(snapshot.cells), list(snapshot.knowledge.conditions)
    turn, place = divmod(number, len(cells))
    turn, outcome = divmod(turn, len(OUTCOMES))
    key = cells[place]
    told = {"register": key.register, "mode": str(key.mode), "access": str(key.access)}
    return told | {"outcome": OUTCOMES[outcome], "condition": conditions[turn]}


WORST = {
    "equal ones": lambda *_: ONE,
    "every cell": spread,
    "long notes": lambda snapshot, i: spread(snapshot, i) | {"note": "of some " * 12},
}


@pytest.mark.parametrize("make", WORST.values(), ids=WORST)
def test_a_dry_run_of_the_largest_document_is_soon_done(client, make):
    snapshot = state_of(client).snapshots.get()
    raw = observing(*(make(snapshot, i) for i in range(MAX_OBSERVATIONS)))
    begun = time.thread_time()
    assert len(check(raw, snapshot).measurement.observations) == MAX_OBSERVATIONS
    assert time.thread_time() - begun < MOST_SECONDS * SLACK
