"""The JSON that the API, the ``.json`` twins and exports share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core import facts
from app.core.cells import cells_of
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL, revision_read
from app.core.verdicts import Judgement
from app.core.views import CellView
from app.core.words import (
    Access,
    Behaviour,
    ClaimKind,
    Evidence,
    Mode,
    Printed,
    Scope,
    Strength,
    Verdict,
)
from app.pages.policy_phrases import chosen
from app.pages.policy_tables import AssumedOut, assumed_out


class Out(BaseModel):
    """Base of everything that leaves as JSON."""

    model_config = ConfigDict(frozen=True)


class ManualOut(Out):
    """The revision of the manual that was read: the one that every answer shows.

    Keys under ``/api/v1`` stay: the rest once told of revisions that nobody read.
    """

    revision: str
    inference: bool
    read: list[str]
    silent: list[Mode]
    note: str


class HoldsOut(Out):
    """The revision in which a claim of the manual was read, and the first that says so.

    ``since`` is inference, ``because`` what it rests on; empty where nobody knows, like ``until``.
    """

    read: str
    since: str
    until: str
    inference: bool
    because: str


class ClaimOut(Out):
    """What one place in one revision of a document says about the cell."""

    kind: ClaimKind
    strength: Strength
    behaviour: Behaviour
    condition: str
    document: str
    revision: str
    section: str
    table: str
    page: str
    family: str
    models: str
    qualifier: str
    question: str
    bits: str
    text: str
    inference: str
    holds: HoldsOut | None


class EffectiveOut(Out):
    """One branch of what rules the cell, in the order of the checks."""

    condition: str
    behaviour: Behaviour
    kind: ClaimKind


class FamilyVerdict(Out):
    """The judgement on the cell for one family."""

    verdict: Verdict
    behaviours: list[Behaviour]
    reports: int
    machines: int
    masked: int
    evidence: Evidence | None
    scope: Scope | None


class ObservationOut(Out):
    """What one access did, as one report says."""

    id: str
    family: str
    cpu: str
    outcome: Behaviour
    condition: str
    evidence: Evidence
    scope: Scope
    hedge: str
    exit: str
    intercepted: bool
    reporter: str
    date: str
    text: str
    member: str
    restates: bool
    side_effect: str
    inference: str
    sources: list[str]


class CellOut(Out):
    """A cell: register x mode x access."""

    register_: str = Field(serialization_alias="register")
    mode: Mode
    access: Access
    url: str
    claims: list[ClaimOut]
    table: list[EffectiveOut]
    effective: list[EffectiveOut]
    printed: Printed
    rules_differ: bool
    verdict: Verdict
    families: dict[str, FamilyVerdict]
    observations: list[ObservationOut]
    policies: dict[str, str]
    assumed: dict[str, AssumedOut]
    errata: list[str]
    differences: list[str]
    annotations: list[str]


class OneCell(CellOut):
    """A cell by itself, with the revision of the manual that it is held against."""

    apm: ManualOut | None


class RegisterOut(Out):
    """A row of Table 15-22."""

    slug: str
    name: str
    abbreviation: str
    macro: str
    offsets: list[str]
    msrs: list[str]
    vector: bool
    x2apic_access: str
    url: str
    cells: list[str]


class CellList(Out):
    """Cells of one data version, held against the revision of the manual that was read."""

    data_version: str
    apm: ManualOut | None
    cells: list[CellOut]


class RegisterList(Out):
    """Registers of one data version."""

    data_version: str
    registers: list[RegisterOut]


class FactList(Out):
    """Facts of one kind, with the keys of the seed, at one data version."""

    data_version: str
    families: list[dict[str, Any]] | None = None
    errata: list[dict[str, Any]] | None = None
    differences: list[dict[str, Any]] | None = None
    unfiled: list[dict[str, Any]] | None = None


def cell_out(
    view: CellView, knowledge: Knowledge, site: str, policies: Iterable[str] | None = None
) -> CellOut:
    """Return a cell as the API shows it, in full with ``policies``, by default with all."""
    shown = tuple(knowledge.policies) if policies is None else policies
    return CellOut(
        register_=view.key.register,
        mode=view.key.mode,
        access=view.key.access,
        url=site + view.key.url,
        claims=[_claim(c, knowledge) for c in view.claims],
        table=[_effective(c) for c in view.table],
        effective=[_effective(c) for c in view.effective],
        printed=view.printed,
        rules_differ=view.rules_differ,
        verdict=view.verdict,
        families={family: _family(j) for family, j in view.judgements.items()},
        observations=[_observation(o) for o in view.observations],
        policies={p.policy.slug: p.summary for p in view.policies if p.actions},
        assumed={p.policy.slug: assumed_out(p, knowledge) for p in chosen(view, shown)},
        errata=[e.slug for e in view.errata],
        differences=[f"D-{d.number}" for d in view.differences if d.retraction is None],
        annotations=[a.slug for a in view.annotations],
    )


def cell_list(
    cells: Iterable[CellView],
    knowledge: Knowledge,
    site: str,
    version: str,
    policies: Iterable[str] = (),
) -> CellList:
    """Return cells under their data version, with what ``policies`` assume of them."""
    found = [cell_out(c, knowledge, site, policies) for c in cells]
    return CellList(data_version=version, apm=manual_out(knowledge), cells=found)


def one_cell(view: CellView, knowledge: Knowledge, site: str) -> OneCell:
    """Return a cell with the revision that it is held against."""
    found = cell_out(view, knowledge, site)
    return OneCell.model_construct(**dict(found), apm=manual_out(knowledge))


def manual_out(knowledge: Knowledge) -> ManualOut | None:
    """Return the revision of the manual that was read, None without any."""
    read = revision_read(knowledge)
    if not read:
        return None
    return ManualOut(revision=read, inference=False, read=[read], silent=[], note="")


def register_out(register: facts.Register, site: str) -> RegisterOut:
    """Return a register as the API shows it."""
    return RegisterOut(
        slug=register.slug,
        name=register.name,
        abbreviation=register.abbreviation,
        macro=register.macro,
        offsets=list(register.offsets),
        msrs=list(register.msrs),
        vector=register.vector,
        x2apic_access=register.access,
        url=f"{site}/r/{register.slug}",
        cells=[f"{site}{key.url}" for key in cells_of(register.slug)],
    )


def _claim(claim: facts.Claim, knowledge: Knowledge) -> ClaimOut:
    source = knowledge.sources[claim.source]
    document = knowledge.documents.get(source.document)
    return ClaimOut(
        kind=claim.kind,
        strength=claim.strength,
        behaviour=claim.behaviour,
        condition=claim.condition,
        document=document.number if document else source.id,
        revision=source.revision,
        section=claim.section,
        table=claim.table,
        page=claim.page,
        family=claim.family,
        models=claim.models,
        qualifier=claim.qualifier,
        question=claim.question,
        bits=claim.bits,
        text=claim.text,
        inference=claim.inference,
        holds=_holds(claim, source),
    )


def _holds(claim: facts.Claim, source: facts.Source) -> HoldsOut | None:
    if source.document != MANUAL:
        return None
    since, read = claim.since, source.revision
    because = f"what {read} says that {since} changed" if since else ""
    return HoldsOut(read=read, since=since, until="", inference=bool(since), because=because)


def _effective(claim: facts.Claim) -> EffectiveOut:
    return EffectiveOut(condition=claim.condition, behaviour=claim.behaviour, kind=claim.kind)


def _family(judgement: Judgement) -> FamilyVerdict:
    return FamilyVerdict(
        verdict=judgement.verdict,
        behaviours=list(judgement.behaviours),
        reports=judgement.reports,
        machines=judgement.machines,
        masked=judgement.masked,
        evidence=judgement.evidence,
        scope=judgement.scope,
    )


def _observation(seen: facts.Observation) -> ObservationOut:
    return ObservationOut(
        id=seen.id,
        family=seen.family,
        cpu=seen.cpu,
        outcome=seen.outcome,
        condition=seen.condition,
        evidence=seen.evidence,
        scope=seen.scope,
        hedge=seen.hedge,
        exit=seen.exit,
        intercepted=seen.intercepted,
        reporter=seen.reporter,
        date=seen.date,
        text=seen.text,
        member=seen.member,
        restates=seen.restates,
        side_effect=seen.side_effect.text if seen.side_effect else "",
        inference=seen.inference,
        sources=list(seen.sources),
    )
