"""The columns of the table of cells: one entry each, in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any

from app.core.assumptions import PolicyView
from app.core.cells import access_method
from app.core.facts import Claim
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL
from app.core.rulings import Conditions
from app.core.views import CellView
from app.core.words import Access, Mode, Printed, Verdict
from app.pages import policy_phrases
from app.pages.api_models import (
    ClaimOut,
    EffectiveOut,
    FamilyVerdict,
    HoldsOut,
    MoreOut,
    ObservationOut,
)
from app.pages.cell_text import measurements_of
from app.pages.kinds.policies import AssumedOut, assumed_out
from app.pens import phrases


@dataclass(frozen=True)
class CellColumn:
    """What a column says of a cell.

    ``names`` are what rows of data call its ``values``; ``json`` has the keys of its JSON, each
    with the type that the API describes and the value; ``lines`` stand beside and under the cell
    in the text. One with a ``head`` is shown in HTML too, where a row is a register: ``html`` is
    the file of the macro ``in_table`` that writes its cells, ``side`` the mode and the access
    of those that it shows, if not of all, and ``way`` what a guest gets at them by.
    """

    names: tuple[str, ...] = ()
    values: Callable[[CellView], tuple[str, ...]] = lambda _: ()
    json: Mapping[str, tuple[Any, Callable[[CellView], Any]]] = field(default_factory=dict)
    lines: Callable[[CellView], Iterable[str]] = lambda _: ()
    head: str = ""
    href: str = ""
    html: str = "macros/column.html"
    side: tuple[Mode, Access] | None = None
    way: str = ""


def cell_columns(
    knowledge: Knowledge,
    policies: Iterable[str],
    site: str = "",
    most: int | None = None,
) -> tuple[CellColumn, ...]:
    """Return every column but those of HTML alone, those of ``policies`` among them.

    ``most`` bounds the observations of measurements that JSON names of a cell, newest first.
    """
    shown = tuple(policies)
    key = {
        "register": (str, lambda view: view.key.register),
        "mode": (Mode, lambda view: view.key.mode),
        "access": (Access, lambda view: view.key.access),
        "url": (str, lambda view: site + view.key.url),
    }
    return (
        CellColumn(("cell",), lambda view: (str(view.key),), key),
        *_manual(knowledge),
        *_seen(knowledge, site, most),
        _policies(knowledge, shown),
        *(_policy(slug, knowledge) for slug in shown),
        *LAST,
        CellColumn(("url",), lambda view: (f"{site}{view.key.url}",)),
    )


def _policies(knowledge: Knowledge, shown: Iterable[str]) -> CellColumn:
    """Return what JSON says of every policy in a word, and in full of those that are shown."""

    def actions(view: CellView) -> dict[str, str]:
        return {p.policy.slug: p.summary for p in view.policies if p.actions}

    def assumed(view: CellView) -> dict[str, AssumedOut]:
        views = policy_phrases.policy_views(view, shown)
        return {p.policy.slug: assumed_out(p, knowledge) for p in views}

    json = {"policies": (dict[str, str], actions), "assumed": (dict[str, AssumedOut], assumed)}
    return CellColumn(json=json)


def html_columns(
    knowledge: Knowledge, policies: Iterable[str], sides: Iterable[tuple[Mode, Access]]
) -> list[CellColumn]:
    """Return the columns of HTML: ``sides``, then ``policies`` and what else has a head."""
    beside = (*(_policy(slug, knowledge) for slug in policies), *LAST)
    return [*starmap(_side, sides), *(column for column in beside if column.head)]


def _side(mode: Mode, access: Access) -> CellColumn:
    """Return the cells of a mode and an access, which HTML sets in a column of their own."""
    head = f"{mode.label} {access}"
    return CellColumn(head=head, side=(mode, access), way=access_method(mode, access))


def _same(name: str, kind: Any, value: Callable[[CellView], Any]) -> CellColumn:
    """Return a column whose rows say the same as its JSON."""

    def word(view: CellView) -> str:
        found = value(view)
        if isinstance(found, bool):
            return "yes" if found else "no"
        return " ".join(found) if isinstance(found, list) else str(found)

    return CellColumn((name,), lambda view: (word(view),), {name: (kind, value)})


def _manual(knowledge: Knowledge) -> Iterator[CellColumn]:
    """What the manual says of a cell, and what rules it by that."""
    yield CellColumn(("offset",), lambda view: (" ".join(view.register.offsets),))
    yield CellColumn(("msr",), lambda view: (" ".join(view.register.msrs),))
    yield CellColumn(
        json={"claims": (list[ClaimOut], lambda view: [_claim(c, knowledge) for c in view.claims])}
    )
    yield CellColumn(
        ("table_15_22",),
        lambda view: (phrases.branches_slugs(view.table, ""),),
        {"table": (list[EffectiveOut], lambda view: [*map(EffectiveOut.of, view.table)])},
    )
    yield CellColumn(
        ("rules",),
        lambda view: (phrases.branches_slugs(view.effective, ""),),
        {"effective": (list[EffectiveOut], lambda view: [*map(EffectiveOut.of, view.effective)])},
        lambda view: (_ruling(view, knowledge.conditions),),
    )
    yield _same("printed", Printed, lambda view: view.printed)
    yield _same("rules_differ", bool, lambda view: view.rules_differ)
    yield _same("verdict", Verdict, lambda view: view.verdict)


def _ruling(view: CellView, conditions: Conditions) -> str:
    ruling = phrases.short_branches(view.effective, conditions) or "does not say"
    if view.printed is Printed.AS_PRINTED:
        return ruling
    if view.printed is Printed.NOT_PRINTED:
        return f"{ruling} (not printed)"
    return f"{ruling} ({view.printed} in print: {phrases.short_branches(view.table, conditions)})"


def _claim(claim: Claim, knowledge: Knowledge) -> ClaimOut:
    source = knowledge.sources[claim.source]
    document = knowledge.documents.get(source.document)
    since, read, holds = claim.since, source.revision, None
    if source.document == MANUAL:
        because = f"what {read} says that {since} changed" if since else ""
        holds = HoldsOut(read=read, since=since, until="", inference=bool(since), because=because)
    number = document.number if document else source.id
    return ClaimOut.of(claim, document=number, revision=read, holds=holds)


def _beyond(view: CellView, most: int | None) -> frozenset[str]:
    """Return the observations of measurements that are not among the newest ``most``."""
    if most is None:
        return frozenset()
    every = {name for j in view.judgements.values() for name in j.measured.of_id}
    named = [seen.id for seen in view.observations if seen.id in every]
    return frozenset(named[: max(len(named) - most, 0)])


def _seen(knowledge: Knowledge, site: str, most: int | None) -> Iterator[CellColumn]:
    """What was seen, per family; what else is kept about a cell, as text names it in one line."""

    def families(view: CellView) -> dict[str, FamilyVerdict]:
        beyond, found = _beyond(view, most), {}
        for family, judged in view.judgements.items():
            number = judged.unnamed + len(beyond & judged.measured.of_id.keys())
            url = f"{site}{measurements_of(view, family)}"
            more = MoreOut(observations=number, url=url) if number else None
            found[family] = FamilyVerdict.of(judged, more=more)
        return found

    def observations(view: CellView) -> list[ObservationOut]:
        beyond = _beyond(view, most)
        return [
            ObservationOut.of(o, side_effect=o.side_effect.text if o.side_effect else "")
            for o in view.observations
            if o.id not in beyond
        ]

    def lines(view: CellView) -> Iterator[str]:
        for judgement in view.measured:
            seen = phrases.seen_branches(judgement)
            yield f"{judgement.family} {judgement.verdict.label}: {seen}; {judgement.behind}"
        touching = [d.listed for d in view.differences]
        touching += [f"erratum {e.number}" if e.number else e.slug for e in view.errata]
        yield ", ".join(touching)

    yield CellColumn(
        tuple(knowledge.families),
        lambda view: tuple(str(j.verdict) for j in view.judgements.values()),
        {
            "families": (dict[str, FamilyVerdict], families),
            "observations": (list[ObservationOut], observations),
        },
        lines,
    )


def _policy(slug: str, knowledge: Knowledge) -> CellColumn:
    def does(view: CellView) -> PolicyView:
        return policy_phrases.policy_views(view, (slug,))[0]

    def values(view: CellView) -> tuple[str, str, str]:
        it = does(view)
        marks = " ".join(f"{mark.kind}:{mark.basis}" for mark in it.marks)
        return it.summary if it.actions else "", it.takes if it.reaches else "", marks

    def lines(view: CellView) -> Iterator[str]:
        action, kind, _ = values(view)
        told = "; ".join(filter(None, (action, kind and f"402h: {kind}")))
        yield told and f"{slug} {told}"
        for mark in does(view).marks:
            yield f"{slug} {policy_phrases.mark_line(view.key, mark, knowledge)}"

    return CellColumn(
        (slug, f"{slug}_402h", f"{slug}_marks"),
        values,
        lines=lines,
        head=knowledge.policies[slug].name,
        href=f"/policy/{slug}",
        html="macros/policy.html",
    )


LAST = (
    _same("errata", list[str], lambda view: [e.slug for e in view.errata]),
    _same("differences", list[str], lambda view: [d.label for d in view.differences if d.stands]),
    CellColumn(json={"annotations": (list[str], lambda view: [a.slug for a in view.annotations])}),
)
