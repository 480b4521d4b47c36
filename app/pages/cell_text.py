"""The text twin of a cell's page, and the parts that other text pages share with it."""

from __future__ import annotations

from collections.abc import Iterable

from app.core import facts
from app.core.citations import cite_claim, cite_source, sources_of
from app.core.knowledge import Knowledge
from app.core.rulings import CheckStep, Conditions
from app.core.verdicts import Finding, Judgement
from app.core.views import CellView
from app.core.words import Printed, Verdict
from app.pages import policy_phrases
from app.pages.ledger_text import list_sources
from app.pens import phrases
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.sheet import Passage, add_parts

OUTCOMES = {
    "rules": "rules this cell",
    "rules-when": "rules when its condition holds",
    "rules-otherwise": "rules otherwise",
    "passes": "passes",
    "not-reached": "not reached",
}


def cell_text(view: CellView, knowledge: Knowledge, place: Place) -> str:
    """Return everything known about one cell."""
    out = Plain()
    register, key = view.register, view.key
    out.title(f"{phrases.heading(register)}: {key.mode.label} {key.access}")
    head(out, place, key.url)
    out.field("Where", _where(view))
    out.field("In short", _in_short(view))
    out.field("Table 15-22", view.printed.label)
    if view.open:
        out.field("Open beside it", phrases.branches(view.open))
    for seen in view.side_effects:
        effect = seen.side_effect.text if seen.side_effect else ""
        family = knowledge.families[seen.family].name
        behind = f"({family}, {phrases.grade(seen)}) [{', '.join(seen.sources)}]"
        out.field("Wrong side effect", f"{effect} {behind}")
    _claims(out, view, knowledge, place)
    _chain(out, view.chain)
    _measured(out, view, knowledge, place)
    _policies(out, view, knowledge, place)
    _touching(out, view, place)
    _sources(out, view, knowledge, place)
    return out.render()


def _where(view: CellView) -> str:
    register = view.register
    if view.key.mode.value == "avic":
        return f"MMIO {', '.join(register.offsets)}" if register.offsets else "no xAPIC offset"
    instruction = "RDMSR" if view.key.access.value == "read" else "WRMSR"
    return f"{instruction} {', '.join(register.msrs)}"


def _in_short(view: CellView) -> str:
    if not view.claims:
        return "The manual says nothing of the cell."
    said = phrases.branches(view.table, "nothing")
    rules = f"the manual's own rules give {phrases.branches(view.effective)}"
    if view.printed is Printed.AS_PRINTED:
        return f"Table 15-22 says {said}, and no rule elsewhere in the manual differs."
    if view.printed is Printed.NOT_PRINTED:
        return f"Table 15-22 prints nothing here (not printed); {rules}."
    return f"Table 15-22 says {said}, which is {view.printed}: {rules}."


def _claims(out: Plain, view: CellView, knowledge: Knowledge, place: Place) -> None:
    conditions = Conditions(knowledge.conditions)
    out.heading("Documented, highest rank first")
    for claim in view.claims:
        out.field(phrases.strength(claim), f"{claim.behaviour} ({claim.behaviour.label})", width=24)
        if claim.condition:
            out.field("", f"when {conditions.text(claim.condition)}", width=24)
        if claim.bits:
            out.field("", f"reserved bits {claim.bits}", width=24)
        if claim.qualifier:
            out.field("", f"table's own tag: {claim.qualifier}", width=24)
        if claim.family:
            models = f", model {claim.models}" if claim.models else ""
            name = knowledge.families[claim.family].name
            out.field("", f"for {name}{models} only", width=24)
        out.field("", cite_claim(claim, knowledge.sources, knowledge.documents), width=24)
        out.field("", phrases.since(claim), width=24)
        out.field("", claim.text, width=24)
        if claim.inference:
            out.field("", f"inference: {claim.inference}", width=24)
    if not view.claims:
        out.para("Nothing.")
    out.para(f"The revisions of the manual: {place.site}/docs/apm")


def _chain(out: Plain, steps: tuple[CheckStep, ...]) -> None:
    if not steps:
        return
    out.heading("Which check comes first")
    for number, step in enumerate(steps, 1):
        out.item(f"{step.title}: {OUTCOMES[step.outcome]}", mark=f"{number}.")
        if step.claims:
            out.para(phrases.branches(step.claims), 3)
        out.para(f"{step.text} ({step.cites})", 3)


def _measured(out: Plain, view: CellView, knowledge: Knowledge, place: Place) -> None:
    out.heading("Measured")
    for judgement in view.measured:
        out.field(knowledge.families[judgement.family].name, judged(judgement))
        for outcome, condition, findings in judgement.sides:
            if judgement.verdict is Verdict.DISPUTED:
                when = f" when {condition}" if condition else ""
                out.para(f"{len(findings)} saw {outcome}{when}:", 2)
            for finding in findings:
                _finding(out, finding, knowledge)
    missing = [knowledge.families[j.family].name for j in view.judgements.values()
               if not j.findings]  # fmt: skip
    if missing:
        out.field("unmeasured", ", ".join(missing))
    out.para(f"What a verdict means: {place.site}/docs/verdicts")


def judged(judgement: Judgement) -> str:
    """Return what was seen on a family, the verdict on it, and what stands behind it."""
    seen = ", ".join(f"{b} ({b.label})" for b in judgement.behaviours)
    return f"{judgement.verdict}: {seen or 'nothing unmasked'}; {phrases.evidence(judgement)}"


def _finding(out: Plain, finding: Finding, knowledge: Knowledge) -> None:
    seen = finding.observation
    out.item(f"{seen.outcome}, {phrases.grade(seen)}", 2)
    if seen.condition:
        out.para(f"when {Conditions(knowledge.conditions).text(seen.condition)}", 4)
    elif not finding.condition_stated:
        out.para("condition not stated", 4)
    if finding.verdict is Verdict.MASKED:
        out.para("masked: the hypervisor's own intercept was on", 4)
    if seen.side_effect:
        out.para(f"wrong side effect: {seen.side_effect.text}", 4)
    if seen.inference:
        out.para(f"inference: {seen.inference}", 4)
    out.para(seen.text, 4)
    out.para(f"CPU: {seen.cpu}. {phrases.reported(seen)}.", 4)
    for source in sources_of(seen.sources, knowledge.sources):
        out.para(f"Source: {cite_source(source)} [{source.id}]", 4)


def _policies(out: Plain, view: CellView, knowledge: Knowledge, place: Place) -> None:
    shown = [p for p in view.policies if p.actions or p.reaches]
    if not shown:
        return
    out.heading("What hypervisors do")
    for does in shown:
        name = does.policy.name
        out.field(name, does.summary if does.actions else "no MSR to intercept", width=24)
        if does.reaches:
            out.field("", f"an exit 402h here is taken for a {does.takes}", width=24)
        for note in does.notes:
            out.field("", note, width=24)
        for mark in does.marks:
            out.field("", policy_phrases.mark_line(view.key, mark, knowledge), width=24)
            for line in policy_phrases.evidence_lines(mark, knowledge):
                out.field("", line, width=26)
        out.field("", f"{place.site}/policy/{does.policy.slug}", width=24)
    out.para(f"What is marked, and why: {place.site}/docs/policy")


def _touching(out: Plain, view: CellView, place: Place) -> None:
    if view.differences:
        out.heading("Differences")
        for d in view.differences:
            out.item(f"D-{d.number} ({d.state}) {d.title}: {place.site}/d/{d.number}")
            out.para(d.retraction.text if d.retraction else "", 2)
    if view.errata:
        out.heading("Errata and quirks")
        for e in view.errata:
            out.item(f"{e.title}: {place.site}/errata/{e.slug}")
    add_annotations(out, view.annotations, place)


def add_annotations(out: Plain, annotations: Iterable[facts.Annotation], place: Place) -> None:
    """Add remarks with their sources, under a heading if there are any."""
    part = Passage("annotations")
    part.remarks("Annotations", annotations)
    add_parts(out, part, place)


def _sources(out: Plain, view: CellView, knowledge: Knowledge, place: Place) -> None:
    ids = [c.source for c in view.claims]
    ids += [name for seen in (*view.observations, *view.side_effects) for name in seen.sources]
    ids += [name for note in view.annotations for name in note.sources]
    ids += [name for p in view.policies if p.actions or p.reaches for name in p.policy.every_source]
    add_sources(out, ids, knowledge, place)


def add_sources(out: Plain, ids: Iterable[str], knowledge: Knowledge, place: Place) -> None:
    """Add the named sources, each once, with the address where it can be read."""
    part = Passage("sources")
    list_sources(part, ids, knowledge)
    add_parts(out, part, place)
