"""What emulations answered, as lines and rows that several pages share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.core.cells import CellKey
from app.core.emulated import EmulatedAnswer, EmulatedApic, count_verdicts
from app.core.guest_words import SEEN_AS, Sees
from app.core.numbers import count_noun
from app.core.rulings import Conditions, branches_of
from app.core.views import CellView
from app.core.words import OWN_ORDER
from app.pages.measurement_text import SAW
from app.pens import phrases
from app.pens.lines import Line, Linked, Pieces
from app.pens.parts import Field
from app.pens.tables import column_names
from app.store.snapshots import Snapshot

# So many values of one answer are named.
VALUES = 4
COLUMNS = column_names(
    "cell member condition guest_sees verdict manual_rules firm values times measurements url"
)
CellAnswer = tuple[CellView, EmulatedAnswer]


def answers_of(snapshot: Snapshot, apic: EmulatedApic) -> tuple[CellAnswer, ...]:
    """Return everything that an emulation answered, in the order of the table."""
    conditions = snapshot.knowledge.conditions

    def answers() -> tuple[CellAnswer, ...]:
        views = snapshot.cells.values()
        return tuple((view, a) for view in views for a in apic.answers(view, conditions))

    return snapshot.once(("emulated", apic.slug), answers, here=True)


def counts_line(answers: Iterable[EmulatedAnswer]) -> str:
    """``1041 follow the manual, 60 stricter, 24 laxer``."""
    return ", ".join(f"{n} {word.label}" for word, n in count_verdicts(answers).items())


def seen_line(answer: EmulatedAnswer, conditions: Conditions) -> Pieces:
    """Return what the guest saw under which condition, and what the manual rules there."""
    when = f" when {conditions.text(answer.condition)}" if answer.condition else ""
    by = f"; {OWN_ORDER.lower()}: "
    implied = "" if answer.firm or not answer.ruled else " (by implication)"
    ruled: Line = phrases.branch_line(branches_of(answer.ruled)) if answer.ruled else "nothing"
    pieces = (ruled,) if isinstance(ruled, str) else ruled
    # By faults alone is an emulation judged, and an exit is none: without these words its rule
    # would read as if it were one of the emulation's.
    exits = answer.ruled and all(SEEN_AS.get(c.behaviour) is Sees.EXITS for c in answer.ruled)
    fault = ", an exit and no fault in the guest" if exits else ""
    notes = "".join(f"; {note}" for note in notes_of(answer))
    return (f"{SAW[answer.outcome]}{when}{by}", *pieces, f"{fault}{implied}{notes}")


def notes_of(answer: EmulatedAnswer) -> Iterator[str]:
    """Yield which bits or values were written and what was read back, and how often."""
    told = dict.fromkeys(one.note for _, one in answer.seen if one.note)
    yield from (note.rstrip(".") for note in list(told)[:VALUES])
    if values := list(values_read(answer)):
        more = f" and {len(values) - VALUES} more" if len(values) > VALUES else ""
        yield ", ".join(values[:VALUES]) + more
    members = sorted({one.member for _, one in answer.seen if one.member is not None})
    if members:
        whole = members[-1] - members[0] == len(members) - 1 > 0
        span = f"{members[0]} to {members[-1]}" if whole else ", ".join(map(str, members))
        yield f"member{'s' * (len(members) > 1)} {span}"
    yield count_noun(answer.times, "time")


def values_read(answer: EmulatedAnswer) -> tuple[str, ...]:
    """Return what was read, or written and read back: ``0x20``, ``0x20 reads back 0x0``."""
    found = []
    for _, one in answer.seen:
        back = f"reads back {one.read_back}" if one.read_back else ""
        found.append(" ".join(filter(None, (one.value, back))))
    return tuple(dict.fromkeys(filter(None, found)))


def answer_field(answered: CellAnswer, conditions: Conditions) -> Field:
    """Return one answer with the cell that it is about."""
    view, answer = answered
    name = (Linked(view.name, view.key.url),)
    return Field(name, seen_line(answer, conditions), width=30)


def answer_row(answered: CellAnswer, site: str) -> tuple[str, ...]:
    """Return one answer as a row of a table."""
    view, answer = answered
    ruled = (f"{b} [{c}]" if c else str(b) for b, c in branches_of(answer.ruled))
    row = {
        **answer_data(view.key, answer),
        "member": "" if answer.member is None else answer.member,
        "manual_rules": "; ".join(ruled),
        "firm": "yes" if answer.firm else "no",
        "values": "; ".join(values_read(answer)),
        "measurements": " ".join(answer.documents),
        "url": f"{site}{view.key.url}",
    }
    return tuple(str(row[column]) for column in COLUMNS)


def answer_data(key: CellKey, answer: EmulatedAnswer) -> dict[str, object]:
    """Return one answer as JSON data."""
    return {
        "cell": str(key),
        **({} if answer.member is None else {"member": answer.member}),
        "condition": answer.condition,
        "guest_sees": str(answer.outcome),
        "verdict": str(answer.following),
        "manual_rules": [
            {"behaviour": str(b), "condition": c} for b, c in branches_of(answer.ruled)
        ],
        "firm": answer.firm,
        "values": list(values_read(answer)),
        "observations": answer.items,
        "times": answer.times,
        "measurements": list(answer.documents),
    }


def join_members(answers: Iterable[CellAnswer]) -> tuple[CellAnswer, ...]:
    """Return answers with those of the members of a vector in one."""
    found: dict[object, CellAnswer] = {}
    for view, answer in answers:
        kind = (view.key, answer.outcome, answer.condition, answer.following, answer.ruled)
        before = found[kind][1].seen if kind in found else ()
        found[kind] = view, replace(answer, seen=(*before, *answer.seen))
    return tuple(found.values())
