"""A cell and a register as sheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.core.citations import cite_claim, cite_source, sources_of
from app.core.facts import Annotation, Observation, Register
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.verdicts import Finding
from app.core.views import CellView
from app.core.words import Printed, Verdict
from app.pages.kinds.sources import list_sources
from app.pages.policy_text import does_section
from app.pens import phrases
from app.pens.lines import Sourced, told
from app.pens.parts import WIDE, Field, Item, Para, Passage, Remark, Section, Sheet


def cell_sheet(view: CellView, knowledge: Knowledge) -> Sheet:
    """Return everything known about one cell."""
    key = view.key
    does = [policy for policy in view.policies if policy.actions or policy.reaches]
    policies = (name for policy in does for name in policy.policy.every_source)
    return Sheet(
        title=f"{view.register.heading}: {key.mode.label} {key.access}",
        path=key.url,
        parts=[
            Field("Where", view.where),
            Field("In short", _in_short(view)),
            Field("Table 15-22", view.printed.label),
            Field("Open beside it", phrases.branches(view.open, "")),
            *(_side_effect(seen, knowledge) for seen in view.side_effects),
            Section("Documented, highest rank first", parts=[*_documented(view, knowledge)]),
            Section("Which check comes first", parts=[*_chain(view)]),
            Section("Measured", parts=[*_measured(view, knowledge)]),
            does_section(key, does, knowledge),
            Section("Differences", parts=[
                Item((f"D-{d.number} ({d.state}) {d.title}: ", told(f"/d/{d.number}")),
                     parts=[Para(d.retraction.text if d.retraction else "")])
                for d in view.differences
            ]),
            Section("Errata and quirks", parts=[
                Item((f"{e.title}: ", told(f"/errata/{e.slug}")))
                for e in view.errata
            ]),
            Section("Annotations", parts=[*map(Remark.of, view.annotations)]),
            list_sources((*view.sources, *policies), knowledge),
        ],
    )  # fmt: skip


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


def _side_effect(seen: Observation, knowledge: Knowledge) -> Field:
    effect = seen.side_effect.text if seen.side_effect else ""
    told = f"{effect} ({knowledge.families[seen.family].name}, {seen.graded}) "
    return Field("Wrong side effect", (told, Sourced(seen.sources)))


def _documented(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    conditions = Conditions(knowledge.conditions)
    for claim in view.claims:
        models = f", model {claim.models}" if claim.models else ""
        yield Field(claim.graded, f"{claim.behaviour} ({claim.behaviour.label})", WIDE, (
            claim.condition and f"when {conditions.text(claim.condition)}",
            claim.bits and f"reserved bits {claim.bits}",
            claim.qualifier and f"table's own tag: {claim.qualifier}",
            claim.family and f"for {knowledge.families[claim.family].name}{models} only",
            cite_claim(claim, knowledge.sources, knowledge.documents),
            claim.known_since,
            claim.text,
            claim.inference and f"inference: {claim.inference}",
        ))  # fmt: skip
    if not view.claims:
        yield Para("Nothing.")
    yield Para(("The revisions of the manual: ", told("/docs/apm")))


def _chain(view: CellView) -> Iterator[Item]:
    for number, step in enumerate(view.chain, 1):
        below = [phrases.branches(step.claims, ""), f"{step.text} ({step.cites})"]
        yield Item(f"{step.title}: {step.told}", f"{number}.", parts=[*map(Para, below)])


def _measured(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    for judgement in view.measured:
        below: list[Passage] = []
        for outcome, condition, findings in judgement.sides:
            if judgement.verdict is Verdict.DISPUTED:
                when = f" when {condition}" if condition else ""
                below.append(Para(f"{judgement.seen(outcome, condition)} saw {outcome}{when}:"))
            below += [_finding(finding, knowledge) for finding in findings]
        if judgement.unnamed:
            words = f"Only the newest are named; {judgement.unnamed} more observations stand in "
            below.append(Para((words, told(measurements_of(view, judgement.family)))))
        name = knowledge.families[judgement.family].name
        yield Field(name, phrases.verdict_line(judgement), parts=below)
    missing = (knowledge.families[j.family].name for j in view.judgements.values()
               if not j.findings)  # fmt: skip
    yield Field("unmeasured", ", ".join(missing))
    yield Para(("What a verdict means: ", told("/docs/verdicts")))


def measurements_of(view: CellView, family: str) -> str:
    """Return the address of the list of every measurement of a cell on a family that counts."""
    return f"/m?family={family}&state=accepted&cell={view.key}"


def _finding(finding: Finding, knowledge: Knowledge) -> Item:
    seen = finding.observation
    unstated = "" if finding.condition_stated else "condition not stated"
    when = f"when {Conditions(knowledge.conditions).text(seen.condition)}"
    masked = finding.verdict is Verdict.MASKED
    below = (
        when if seen.condition else unstated,
        "masked: the hypervisor's own intercept was on" if masked else "",
        f"wrong side effect: {seen.side_effect.text}" if seen.side_effect else "",
        seen.inference and f"inference: {seen.inference}",
        seen.text,
        f"CPU: {seen.cpu}. {seen.reported}.",
        *(f"Source: {cite_source(source)} [{source.id}]"
          for source in sources_of(seen.sources, knowledge.sources)),
    )  # fmt: skip
    return Item(f"{seen.outcome}, {seen.graded}", parts=[*map(Para, below)])


def register_sheet(
    register: Register,
    cells: Sequence[CellView],
    annotations: Sequence[Annotation],
    knowledge: Knowledge,
) -> Sheet:
    """Return one register: its addresses, then its cells in brief."""
    ids = [name for view in cells for name in (
        *(claim.source for claim in view.claims),
        *(name for judgement in view.measured for name in judgement.sources),
        *(name for p in view.policies if p.actions for name in p.policy.sources),
    )]  # fmt: skip
    return Sheet(
        title=register.heading,
        path=f"/r/{register.slug}",
        parts=[
            Field("xAPIC offset", ", ".join(register.offsets) or "none"),
            Field("x2APIC MSR", ", ".join(register.msrs) or "none"),
            Field("Kernel macro", register.macro),
            Field("x2APIC access", register.x2apic_access),
            Field("Note", register.note),
            Section("Members", parts=[*map(Item, register.members if register.vector else ())]),
            *(_brief(view, knowledge) for view in cells),
            Section("Annotations", parts=[*map(Remark.of, annotations)]),
            list_sources((*ids, *(s for note in annotations for s in note.sources)), knowledge),
        ],
    )


def _brief(view: CellView, knowledge: Knowledge) -> Section:
    """Return a cell as its register shows it."""
    claims = ((c, cite_claim(c, knowledge.sources, knowledge.documents)) for c in view.claims)
    listed = (f"D-{d.number}{' (retracted)' if d.retraction else ''}" for d in view.differences)
    return Section(f"{view.key.mode.label} {view.key.access}", parts=[
        Field("URL", (told(view.key.url),)),
        Field("Table 15-22", phrases.branches(view.table, "does not say")),
        Field("Rules", phrases.branches(view.effective, "does not say")),
        *(Field(c.graded, (f"{phrases.branch(c)}; {cite} ", Sourced((c.source,))))
          for c, cite in claims),
        *(Field(knowledge.families[j.family].name,
                (*phrases.verdict_line(j), " ", Sourced(j.sources))) for j in view.measured),
        *(Field(p.policy.slug, p.summary) for p in view.policies if p.actions),
        Field("Differences", ", ".join(listed)),
        Field("Errata, quirks", ", ".join(e.number or e.slug for e in view.errata)),
    ])  # fmt: skip
