"""The JSON that the API, the ``.json`` twins and exports share."""

from __future__ import annotations

from collections.abc import Iterable

from app.core import facts
from app.core.cells import cells_of
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL, revision_read
from app.core.verdicts import Judgement
from app.core.views import CellView
from app.pages.api_models import (
    CellList,
    CellOut,
    ClaimOut,
    EffectiveOut,
    FamilyVerdict,
    HoldsOut,
    ManualOut,
    ObservationOut,
    OneCell,
    RegisterOut,
)
from app.pages.policy_phrases import chosen
from app.pages.policy_tables import assumed_out


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
