"""Whether a database holds what it should: every fault, by its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import NotReady
from app.store import deriving, queries, seeding
from app.store.models import DecisionRow, FactRow, SubmissionRow, VerdictRow
from app.store.queries import CHUNK

SCHEMA = "schema"


class Flaw(NamedTuple):
    """What is wrong, and where."""

    place: str
    found: str

    def __str__(self) -> str:
        return f"{self.place}: {self.found}"


def faults(session: Session, *, derived: bool) -> Iterator[Flaw]:
    """Yield what is wrong with a database.

    Where the schema is another than this release's, what only that one can read is left out.
    ``derived`` also derives anew what follows from the facts, as `vapic rebuild` does: the session
    must be one that writes, and is to be rolled back.
    """
    sound = True
    for check in (_pages, _references, _schema, _documents, _facts, _decisions):
        try:
            for fault in check(session):
                sound = False
                yield fault
                if fault.place == SCHEMA:
                    return
        except DBAPIError as error:
            sound = False
            yield Flaw(check.__name__.strip("_"), str(error.orig))
            session.rollback()
    if derived and sound:
        yield from _derived(session)


def _pages(session: Session) -> Iterator[Flaw]:
    if session.get_bind().dialect.name == "sqlite":
        for found in session.connection().exec_driver_sql("pragma integrity_check").scalars():
            if found != "ok":
                yield Flaw("pages", " ".join(str(found).split()))


def _references(session: Session) -> Iterator[Flaw]:
    """PostgreSQL cannot be told to leave them alone."""
    if session.get_bind().dialect.name == "sqlite":
        for table, row, of, _ in session.connection().exec_driver_sql("pragma foreign_key_check"):
            yield Flaw(f"{table} row {row}", f"names what {of} does not hold")


def _schema(session: Session) -> Iterator[Flaw]:
    try:
        queries.require_schema(session)
    except NotReady as error:
        yield Flaw(SCHEMA, error.message)


def _documents(session: Session) -> Iterator[Flaw]:
    s = SubmissionRow
    rows = session.execute(select(s.slug, s.digest, s.raw).order_by(s.slug))
    for slug, digest, raw in rows.yield_per(CHUNK):
        found = hashlib.sha256(raw).hexdigest()
        if found != digest or not digest.startswith(slug):
            yield Flaw(f"submissions {slug}", f"its bytes are not those of its name, but {found}")


def _facts(session: Session) -> Iterator[Flaw]:
    f = FactRow
    rows = session.execute(select(f.id, f.kind, f.key, f.body, f.digest).order_by(f.id))
    for number, kind, key, body, digest in rows.yield_per(CHUNK):
        if hashlib.sha256(body.encode()).hexdigest() != digest:
            yield Flaw(f"facts {number} ({kind} {key})", "its body is not that of its digest")


def _decisions(session: Session) -> Iterator[Flaw]:
    """A document, its newest decision and what is public of it came in one transaction."""
    d, f = DecisionRow, FactRow
    kept = set(session.scalars(select(SubmissionRow.slug)))
    decided = {row[0]: row[1] for row in session.execute(select(d.slug, d.state).order_by(d.id))}
    current = select(f.key, f.body).where(f.kind == "measurement", f.valid_to.is_(None))
    public = {key: json.loads(body)["state"] for key, body in session.execute(current)}
    for slug in sorted(kept | decided.keys() | public.keys()):
        states = decided.get(slug, "undecided"), public.get(slug, "nothing")
        if slug not in kept or states[0] != states[1]:
            held = "" if slug in kept else " and its document is missing"
            yield Flaw(f"measurement {slug}", f"is {states[0]}, {states[1]} is public{held}")


def _derived(session: Session) -> Iterator[Flaw]:
    changed = deriving.recount(session)
    verdicts = (VerdictRow.__tablename__,) if seeding.rejudge(session) else ()
    for table in (*changed, *verdicts):
        yield Flaw(table, "is not what follows from the facts: run `vapic rebuild`")
