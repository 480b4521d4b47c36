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


def one_vector(_, number):
    """Return an observation of each member of a vector and of the whole, no two of them alike."""
    case, member = divmod(number, 9)
    told = {"register": "isr", "mode": "x2avic", "access": "read", "condition": f"case {case}"}
    outcome = {"outcome": OUTCOMES[member % len(OUTCOMES)]}
    return told | outcome | ({"member": member} if member < 8 else {})


WORST = {
    "equal ones": lambda *_: ONE,
    "all the same but their values": lambda _, i: ONE | {"value": hex(i)},
    "every cell": spread,
    "one vector": one_vector,
    "long notes": lambda snapshot, i: spread(snapshot, i) | {"note": "of some " * 12},
}


@pytest.mark.parametrize("make", WORST.values(), ids=WORST)
def test_a_dry_run_of_the_largest_document_is_soon_done(client, make):
    snapshot = state_of(client).snapshots.get()
    raw = observing(*(make(snapshot, i) for i in range(MAX_OBSERVATIONS)))
    begun = time.thread_time()
    seen = check(raw, snapshot).measurement.observations
    assert sum(one.count for one in seen) == MAX_OBSERVATIONS
    assert time.thread_time() - begun < MOST_SECONDS * SLACK
