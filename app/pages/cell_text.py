"""A cell and a register as sheets, and what other text pages share with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.core.assumptions import PolicyView
from app.core.cells import CellKey
from app.core.citations import cite_claim, cite_source, sources_of
from app.core.facts import Annotation, Observation, Register
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.verdicts import Finding, Judgement
from app.core.views import CellView
from app.core.words import Printed, Verdict
from app.pages import policy_phrases
from app.pages.kinds.sources import list_sources
from app.pens import phrases
from app.pens.lines import told
from app.pens.parts import Field, Item, Para, Passage, Section
from app.pens.place import Place
from app.pens.plain import Plain
from app.pens.sheet import Sheet, add_parts

# What stands behind long labels.
WIDE = 24


def cell_sheet(view: CellView, knowledge: Knowledge) -> Sheet:
    """Return everything known about one cell."""
    key = view.key
    does = [policy for policy in view.policies if policy.actions or policy.reaches]
    out = Sheet(
        title=f"{phrases.heading(view.register)}: {key.mode.label} {key.access}",
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
            Section("What hypervisors do", parts=[*_policies(key, does, knowledge)]),
            Section("Differences", parts=[*_differences(view)]),
            Section("Errata and quirks", parts=[
                Item((f"{e.title}: ", told(f"/errata/{e.slug}")))
                for e in view.errata
            ]),
        ],
    )  # fmt: skip
    out.remarks("Annotations", view.annotations)
    ids = [claim.source for claim in view.claims]
    ids += [name for seen in (*view.observations, *view.side_effects) for name in seen.sources]
    ids += [name for note in view.annotations for name in note.sources]
    list_sources(out, [*ids, *(s for p in does for s in p.policy.every_source)], knowledge)
    return out


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
    family = knowledge.families[seen.family].name
    behind = f"({family}, {phrases.grade(seen)}) [{', '.join(seen.sources)}]"
    return Field("Wrong side effect", f"{effect} {behind}")


def _documented(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    conditions = Conditions(knowledge.conditions)
    for claim in view.claims:
        yield Field(phrases.strength(claim), f"{claim.behaviour} ({claim.behaviour.label})", WIDE)
        if claim.condition:
            yield Field("", f"when {conditions.text(claim.condition)}", WIDE)
        if claim.bits:
            yield Field("", f"reserved bits {claim.bits}", WIDE)
        if claim.qualifier:
            yield Field("", f"table's own tag: {claim.qualifier}", WIDE)
        if claim.family:
            models = f", model {claim.models}" if claim.models else ""
            yield Field("", f"for {knowledge.families[claim.family].name}{models} only", WIDE)
        yield Field("", cite_claim(claim, knowledge.sources, knowledge.documents), WIDE)
        yield Field("", phrases.since(claim), WIDE)
        yield Field("", claim.text, WIDE)
        yield Field("", claim.inference and f"inference: {claim.inference}", WIDE)
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
                below.append(Para(f"{len(findings)} saw {outcome}{when}:"))
            below += [_finding(finding, knowledge) for finding in findings]
        yield Field(knowledge.families[judgement.family].name, judged(judgement), parts=below)
    missing = (knowledge.families[j.family].name for j in view.judgements.values()
               if not j.findings)  # fmt: skip
    yield Field("unmeasured", ", ".join(missing))
    yield Para(("What a verdict means: ", told("/docs/verdicts")))


def judged(judgement: Judgement) -> str:
    """Return what was seen on a family, the verdict on it, and what stands behind it."""
    seen = ", ".join(f"{b} ({b.label})" for b in judgement.behaviours)
    return f"{judgement.verdict}: {seen or 'nothing unmasked'}; {phrases.evidence(judgement)}"


def _finding(finding: Finding, knowledge: Knowledge) -> Item:
    seen = finding.observation
    unstated = "" if finding.condition_stated else "condition not stated"
    when = f"when {Conditions(knowledge.conditions).text(seen.condition)}"
    masked = finding.verdict is Verdict.MASKED
    cited = [f"Source: {cite_source(source)} [{source.id}]"
             for source in sources_of(seen.sources, knowledge.sources)]  # fmt: skip
    below = [
        when if seen.condition else unstated,
        "masked: the hypervisor's own intercept was on" if masked else "",
        f"wrong side effect: {seen.side_effect.text}" if seen.side_effect else "",
        f"inference: {seen.inference}" if seen.inference else "",
        seen.text,
        f"CPU: {seen.cpu}. {phrases.reported(seen)}.",
        *cited,
    ]
    return Item(f"{seen.outcome}, {phrases.grade(seen)}", parts=[*map(Para, below)])


def _policies(key: CellKey, does: Sequence[PolicyView], knowledge: Knowledge) -> Iterator[Passage]:
    for view in does:
        yield Field(view.policy.name, view.summary if view.actions else "no MSR to intercept", WIDE)
        if view.reaches:
            yield Field("", f"an exit 402h here is taken for a {view.takes}", WIDE)
        for note in view.notes:
            yield Field("", note, WIDE)
        for mark in view.marks:
            yield Field("", policy_phrases.mark_line(key, mark, knowledge), WIDE)
            for line in policy_phrases.evidence_lines(mark, knowledge):
                yield Field("", line, WIDE + 2)
        yield Field("", (told(f"/policy/{view.policy.slug}"),), WIDE)
    if does:
        yield Para(("What is marked, and why: ", told("/docs/policy")))


def _differences(view: CellView) -> Iterator[Item]:
    for d in view.differences:
        named = (f"D-{d.number} ({d.state}) {d.title}: ", told(f"/d/{d.number}"))
        yield Item(named, parts=[Para(d.retraction.text if d.retraction else "")])


def register_sheet(
    register: Register,
    cells: Iterable[CellView],
    annotations: Iterable[Annotation],
    knowledge: Knowledge,
) -> Sheet:
    """Return one register: its addresses, then its cells in brief."""
    members = phrases.members(register) if register.vector else ()
    ids = [source for view in cells for source in _brief_sources(view)]
    out = Sheet(
        title=phrases.heading(register),
        path=f"/r/{register.slug}",
        parts=[
            Field("xAPIC offset", ", ".join(register.offsets) or "none"),
            Field("x2APIC MSR", ", ".join(register.msrs) or "none"),
            Field("Kernel macro", register.macro),
            Field("x2APIC access", phrases.x2apic_access(register)),
            Field("Note", register.note),
            Section("Members", parts=[*map(Item, members)]),
            *(_brief(view, knowledge) for view in cells),
        ],
    )
    out.remarks("Annotations", annotations)
    list_sources(out, [*ids, *(s for note in annotations for s in note.sources)], knowledge)
    return out


def _brief(view: CellView, knowledge: Knowledge) -> Section:
    """Return a cell as its register shows it."""
    parts = [
        Field("URL", (told(view.key.url),)),
        Field("Table 15-22", phrases.branches(view.table, "does not say")),
        Field("Rules", phrases.branches(view.effective, "does not say")),
    ]
    for claim in view.claims:
        cite = cite_claim(claim, knowledge.sources, knowledge.documents)
        said = f"{phrases.branch(claim)}; {cite} [{claim.source}]"
        parts.append(Field(phrases.strength(claim), said))
    for judgement in view.measured:
        behind = f"{judged(judgement)} [{', '.join(judgement.sources)}]"
        parts.append(Field(knowledge.families[judgement.family].name, behind))
    parts += [Field(p.policy.slug, p.summary) for p in view.policies if p.actions]
    listed = (f"D-{d.number}{' (retracted)' if d.retraction else ''}" for d in view.differences)
    parts.append(Field("Differences", ", ".join(listed)))
    parts.append(Field("Errata, quirks", ", ".join(e.number or e.slug for e in view.errata)))
    return Section(f"{view.key.mode.label} {view.key.access}", parts=[*parts])


def _brief_sources(view: CellView) -> Iterator[str]:
    yield from (claim.source for claim in view.claims)
    for judgement in view.measured:
        yield from judgement.sources
    for shown in view.policies:
        yield from shown.policy.sources if shown.actions else ()


def add_annotations(out: Plain, annotations: Iterable[Annotation], place: Place) -> None:
    """Add remarks with their sources, under a heading if there are any."""
    part = Passage()
    part.remarks("Annotations", annotations)
    add_parts(out, part, place)


def add_sources(out: Plain, ids: Iterable[str], knowledge: Knowledge, place: Place) -> None:
    """Add the named sources, each once, with the address where it can be read."""
    part = Passage()
    list_sources(part, ids, knowledge)
    add_parts(out, part, place)
