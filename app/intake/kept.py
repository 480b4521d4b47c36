"""Use case: the measurements that come with the seed, taken like any other and accepted at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.core.faults import BadDocument
from app.core.knowledge import Knowledge
from app.core.words import State
from app.errors import InvalidSeed, Problem
from app.intake import submitting
from app.intake.submitting import Incoming
from app.store import queries, seeding
from app.store.engine import Session
from app.store.submissions import Decision

FOLDER = "measurements"
# How a source begins that is a document there.
MEASURED = "measured-"
REASON = "It comes with the seed, where its file says how it was made."
BY = "the seed"


def check_kept(folder: Path, knowledge: Knowledge, now: datetime) -> tuple[Incoming, ...]:
    """Return the documents of a seed folder, as if each had been sent in.

    Raises InvalidSeed with every fault of every document, and with the sources that name none.
    """
    found = list(_read(folder, knowledge, now))
    for source in knowledge.sources.values():
        name = f"{FOLDER}/{source.id.removeprefix(MEASURED)}.json"
        if source.id.startswith(MEASURED) and not (folder / name).is_file():
            found.append(Problem("sources", source.id, "no such document", name))
    if problems := tuple(each for each in found if isinstance(each, Problem)):
        raise InvalidSeed(problems)
    return tuple(each for each in found if isinstance(each, Incoming))


def load_kept(session: Session, folder: Path, now: datetime) -> int:
    """Take and accept the documents of a seed folder; return how many were new.

    One that was taken before stays as it is, also where a reviewer has withdrawn it. Raises
    InvalidSeed before anything is written.
    """
    knowledge = seeding.load_knowledge(session, queries.current_version_id(session))
    incoming = check_kept(folder, knowledge, now)
    return sum(submitting.submit(session, each, now).created for each in incoming)


def _read(folder: Path, knowledge: Knowledge, now: datetime) -> Iterator[Incoming | Problem]:
    accepted = Decision(State.ACCEPTED, REASON, now, BY)
    for path in sorted((folder / FOLDER).glob("*.json")):
        raw = path.read_bytes()
        try:
            measurement = submitting.prepare(raw, knowledge, now)
        except BadDocument as error:
            name = path.relative_to(folder).as_posix()
            for fault in error.faults:
                yield Problem(name, fault.pointer, fault.found, fault.expected)
        else:
            yield Incoming(raw, measurement, decision=accepted)
