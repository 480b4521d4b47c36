"""Use cases: load the seed as a new data version; rebuild what is derived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.facts import Fact
from app.core.knowledge import Knowledge, key_of, kind_of
from app.core.views import view_cells
from app.curation.seed import body_of, check_seed, fact_from
from app.errors import InvalidSeed, Problem
from app.store import queries, store
from app.store.queries import DataVersion, VerdictTuple


@dataclass(frozen=True)
class Loaded:
    """What loading a seed did; ``version`` is None when nothing changed."""

    facts: int
    version: DataVersion | None


def load_seed(session: Session, folder: Path, now: datetime) -> Loaded:
    """Make a seed folder what is public; the same seed again changes nothing.

    Raises InvalidSeed, with every problem, before anything is written; a difference that
    was public once and is missing is one.
    """
    queries.require_schema(session)
    facts = [entry.fact for entry in check_seed(folder)]
    _numbers_stay(session, facts)
    bodies = {(kind_of(f), key_of(f)): body_of(kind_of(f), f) for f in facts}
    version = store.publish(session, bodies, reason="The seed was edited.", now=now)
    if version is not None:
        rebuild(session)
    return Loaded(len(facts), version)


def _numbers_stay(session: Session, facts: Iterable[Fact]) -> None:
    """Refuse a seed without a difference that was public: somebody may have cited it."""
    kept = {key_of(fact) for fact in facts if kind_of(fact) == "difference"}
    gone = queries.list_keys(session, "difference") - kept
    if gone:
        expected = "its entry; one that was wrong is retracted, with the reason"
        raise InvalidSeed(
            tuple(
                Problem("differences", "", f"no D-{number}, which was public", expected)
                for number in sorted(gone, key=int)
            )
        )


def rebuild(session: Session) -> bool:
    """Derive the stored judgements anew; returns whether that changed anything."""
    queries.require_schema(session)
    fresh = derive_verdicts(load_knowledge(session, queries.current_version_id(session)))
    stored = queries.get_verdicts(session)
    if fresh == stored:
        return False
    store.replace_verdicts(session, stored, fresh)
    return True


def load_knowledge(session: Session, version: int) -> Knowledge:
    """Return everything that was public at a data version."""
    return Knowledge.of(fact_from(f.kind, f.body) for f in queries.get_facts(session, version))


def derive_verdicts(knowledge: Knowledge) -> tuple[VerdictTuple, ...]:
    """Return the judgements as rows, ordered by their key: a pure function of the facts."""
    rows = [
        (
            key.register,
            str(key.mode),
            str(key.access),
            family,
            str(j.verdict),
            " ".join(j.behaviours),
            j.reports,
            j.masked,
            str(j.evidence or ""),
            str(j.scope or ""),
        )
        for key, view in view_cells(knowledge).items()
        for family, j in view.judgements.items()
    ]
    return tuple(sorted(rows))
