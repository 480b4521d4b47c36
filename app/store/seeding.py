"""Use cases: load the seed as a new data version; rebuild what is derived."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.facts import Fact
from app.core.knowledge import Knowledge, MeasuredBy, key_of, kind_of
from app.core.views import view_cells
from app.core.words import Access, Mode
from app.curation.seed import body_of, check_seed, fact_from
from app.errors import InvalidSeed, Problem
from app.store import queries, records, stepping, store, summaries
from app.store.queries import DataVersion, StoredFact, VerdictTuple


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
        stepping.keep(session, version.id)
        rejudge(session)
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
    """Derive summaries and judgements anew; returns whether that changed anything."""
    queries.require_schema(session)
    changed = [derived.recount(session) for derived in (summaries, records, stepping)]
    changed.append(rejudge(session))
    return any(changed)


def rejudge(session: Session, only: Collection[CellKey] | None = None) -> bool:
    """Derive the stored judgements of some cells, by default all; returns whether any changed."""
    knowledge = load_knowledge(session, queries.current_version_id(session))
    fresh = derive_verdicts(knowledge, only)
    stored = queries.get_verdicts(session)
    if only is not None:
        stored = tuple(r for r in stored if CellKey(r[0], Mode(r[1]), Access(r[2])) in only)
    if fresh == stored:
        return False
    store.replace_verdicts(session, stored, fresh)
    return True


def load_knowledge(session: Session, version: int) -> Knowledge:
    """Return what was public at a data version: of measurements summaries, and their newest."""
    measured, ids = summaries.load(
        session, version, newest=version == queries.current_version_id(session)
    )
    shown = queries.get_observations(session, ids)
    names = sorted({f.body["sources"][0] for f in shown.values()})
    sources = queries.get_sources(session, version, names)
    newest = sorted((*sources, *shown.values()), key=lambda f: (f.kind, f.key))
    named = {
        group: replace(m, summaries=tuple(
            replace(s, newest=tuple(shown[int(i)].key for i in s.newest)) for s in m.summaries
        ))
        for group, m in measured.items()
    }  # fmt: skip
    theirs = (fact_from(f.kind, f.body) for f in newest)
    # Sources of the seed begin in many ways; those of measurements stand where their names do.
    every = (*queries.curated(session, version), *theirs)
    return Knowledge.of(sorted(every, key=lambda f: (kind_of(f), key_of(f))), named)


def known_from(stored: Iterable[StoredFact], measured: MeasuredBy | None = None) -> Knowledge:
    """Return stored facts as what is known."""
    return Knowledge.of((fact_from(f.kind, f.body) for f in stored), measured)


def derive_verdicts(
    knowledge: Knowledge, only: Collection[CellKey] | None = None
) -> tuple[VerdictTuple, ...]:
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
        for key, view in view_cells(knowledge, only).items()
        for family, j in view.judgements.items()
    ]
    return tuple(sorted(rows))
