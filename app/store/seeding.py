"""Use cases: load the seed as a new data version; rebuild what is derived."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.facts import Fact, Observation
from app.core.facts.ledger import label_of
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge, MeasuredBy, key_of, kind_of
from app.core.views import view_cells
from app.curation.seed import body_of, check_seed, fact_from
from app.errors import InvalidSeed, Problem
from app.store import deriving, publishing, queries, stepping, summaries
from app.store.queries import DataVersion, VerdictTuple
from app.store.summary_rows import CellFamily


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
    bodies = {(kind_of(f), key_of(f)): body_of(f) for f in facts}
    version = publishing.publish(session, bodies, reason="The seed was edited.", now=now)
    if version is not None:
        stepping.keep_step(session, version.id)
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
                Problem("differences", "", f"no {label_of(slug)}, which was public", expected)
                for slug in sorted(gone, key=lambda slug: (len(slug), slug))
            )
        )


def rebuild(session: Session) -> bool:
    """Derive summaries and judgements anew; returns whether that changed anything."""
    queries.require_schema(session)
    changed = deriving.recount(session)
    return rejudge(session) or bool(changed)


def rejudge(session: Session) -> bool:
    """Derive every stored judgement anew; returns whether any changed."""
    knowledge = load_knowledge(session, queries.current_version_id(session))
    return keep_verdicts(session, derive_verdicts(knowledge), queries.get_verdicts(session))


def keep_judged(session: Session, judged: Mapping[CellKey, Judgement]) -> None:
    """Store the judgements on some cells for one family."""
    if not judged:
        return
    families = {j.family for j in judged.values()}
    stored = queries.get_verdicts(session, families)
    here = {tuple(str(key).split("/")) for key in judged}
    keep_verdicts(
        session,
        tuple(sorted(_row(key, j) for key, j in judged.items())),
        tuple(row for row in stored if row[:3] in here),
    )


def keep_verdicts(
    session: Session, fresh: tuple[VerdictTuple, ...], stored: tuple[VerdictTuple, ...]
) -> bool:
    """Store judgements in the place of others; returns whether they differ."""
    if fresh == stored:
        return False
    publishing.replace_verdicts(session, stored, fresh)
    return True


def load_knowledge(session: Session, version: int) -> Knowledge:
    """Return what was public at a data version: of measurements summaries, and their newest."""
    newest = version == queries.current_version_id(session)
    measured = summaries.load_measured(session, version, newest=newest)
    return _known(session, version, measured, {}, Knowledge.of(()))


def advance(
    session: Session, known: Knowledge, old: int, version: int
) -> tuple[Knowledge, Collection[CellFamily]] | None:
    """Return what is public at the newest data version, from what was known at an older one.

    With it the cells, by family, of which something else is measured; None where the seed was
    edited.
    """
    if queries.seed_knowledge(session, old) is not queries.seed_knowledge(session, version):
        return None
    moved = summaries.load_measured(session, version, newest=True, since=old)
    if not moved:
        return known, ()
    kept = {group: m for group, m in known.measured.items() if group not in moved}
    return _known(session, version, moved, kept, known), tuple(moved)


def _known(
    session: Session, version: int, stored: MeasuredBy, kept: MeasuredBy, known: Knowledge
) -> Knowledge:
    """Return the seed with what is measured: as it is stored, and ``kept`` of what was known.

    Of what is shown only that is read which was not: what an observation says never changes.
    """
    keys = queries.get_keys(session, [int(i) for m in stored.values() for i in m.of_id])
    measured = {**kept}
    for group, m in stored.items():
        if m.summaries:
            named = (replace(s, newest=tuple(keys[int(i)] for i in s.newest)) for s in m.summaries)
            measured[group] = replace(m, summaries=tuple(named))
    shown = {i for m in measured.values() for i in m.of_id}
    facts = {i: known.observations[i] for i in shown if i in known.observations}
    unknown = shown - facts.keys()
    fresh = [i for i, key in keys.items() if key in unknown]
    read = (fact_from(f.kind, f.body) for f in queries.get_observations(session, fresh))
    facts |= {seen.id: seen for seen in read if isinstance(seen, Observation)}
    names = {seen.sources[0] for seen in facts.values()}
    sources = [known.sources[name] for name in names if name in known.sources]
    unread = queries.get_sources(session, version, sorted(names - known.sources.keys()))
    theirs = (*sources, *(fact_from(f.kind, f.body) for f in unread), *facts.values())
    by_group = {group: measured[group] for group in sorted(measured)}
    return queries.seed_knowledge(session, version).plus(theirs, by_group)


def derive_verdicts(knowledge: Knowledge) -> tuple[VerdictTuple, ...]:
    """Return the judgements as rows, ordered by their key: a pure function of the facts."""
    cells = view_cells(knowledge)
    return tuple(sorted(_row(key, j) for key in cells for j in cells[key].judgements.values()))


def _row(key: CellKey, j: Judgement) -> VerdictTuple:
    return (
        key.register,
        str(key.mode),
        str(key.access),
        j.family,
        str(j.verdict),
        " ".join(j.behaviours),
        j.reports,
        j.masked,
        str(j.evidence or ""),
        str(j.scope or ""),
    )
