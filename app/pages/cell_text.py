"""A cell as a sheet: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from app.core.chains import ANY, PERMISSION_MAP, Given, offered_values
from app.core.citations import cite_claim
from app.core.facts import Claim, Difference, Observation
from app.core.judgements import Finding, Judgement
from app.core.knowledge import Knowledge
from app.core.timeline import of_cell
from app.core.views import CellView
from app.core.words import OWN_ORDER, Verdict
from app.pages import policy_phrases
from app.pages.guest_text import halves_section
from app.pages.guest_view import GuestLine
from app.pages.listing import families_line, list_errata, list_sources
from app.pages.policy_text import does_line, does_section
from app.pages.timeline_text import around_section, neighbour_links, timeline
from app.pens import phrases
from app.pens.lines import Line, Linked, Pieces, Sourced, Styled, full_address, join_lines
from app.pens.parts import WIDE, Field, Included, Item, Para, Passage, Remark, Section, Sheet, Step

SILENT = "The manual says nothing of the cell."
NOBODY = "nothing: no report on any family"


def cell_sheet(
    view: CellView, knowledge: Knowledge, guest: Iterable[GuestLine], given: Given = ANY
) -> Sheet:
    """Return everything known about one cell; the checks are those of the access that is given."""
    key, does = view.key, view.does
    policies = (name for policy in does for name in policy.policy.every_source)
    chosen = ", ".join(_chosen(given, knowledge))
    sources = list_sources((*view.sources, *policies), knowledge)
    sources.only = "text"
    return Sheet(
        title=f"{view.title}{f', {chosen}' if chosen else ''}",
        path=address_given(view, given),
    ).holding(
        Section("In short", "in-short").holding(*_answer(view, knowledge)),
        Included("cells/_copy.html"),
        Section("Which check comes first", "checks").holding(*_chain(view, knowledge, given)),
        Section("Documented, highest rank first", "documented").holding(
            *_documented(view, knowledge)
        ),
        Section("Reported", "measured").holding(*_measured(view, knowledge)),
        halves_section(guest, knowledge.conditions),
        does_section(key, does, knowledge),
        Section("Differences", "differences").holding(map(_difference, view.differences)),
        Section("Errata and quirks", "errata").holding(*list_errata(view.errata)),
        Section("Annotations", "annotations").holding(*map(Remark.of, view.annotations)),
        timeline(of_cell(view, knowledge), _all_measured(view)),
        around_section(neighbour_links(view.register, knowledge, key)),
        sources,
    )


def _difference(d: Difference) -> Item:
    title = Styled(d.title, tag="del" if d.retraction else "span")
    retracted = Para(d.retraction.text if d.retraction else "")
    return Item((Linked(d.label, d.path), f" ({d.state.label}) ", title)).holding(retracted)


def _all_measured(view: CellView) -> Pieces:
    """Return the way to every measurement of a cell, where it has any."""
    return (
        ("Of measurements the newest are named; all stand in ", full_address(f"/m?cell={view.key}"))
        if any(judgement.measured.summaries for judgement in view.measured)
        else ()
    )


def address_given(view: CellView, given: Given) -> str:
    """Return the address of a cell under what is chosen of an access."""
    policy = given.policy.policy.slug if given.policy else ""
    keys = (("policy", policy), ("value", given.value))
    query = "&".join(f"{key}={word}" for key, word in keys if word)
    return f"{view.key.url}?{query}" if query else view.key.url


def _chosen(given: Given, knowledge: Knowledge) -> Iterator[str]:
    if given.policy:
        yield policy_phrases.known_as(given.policy.policy)
    if given.value:
        yield phrases.value_words(given.value, knowledge.conditions)


def _answer(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    """Yield what is printed, what rules, what was seen, and what hypervisors do, a line each."""
    yield Field("Where", view.where)
    printed = Styled(view.printed.label, f"print-key print-{view.printed}")
    yield Field(
        "Printed", (*phrases.claims_line(view.table), "; ", printed, " ", _cited(view.table))
    )
    grades = dict.fromkeys(claim.graded for claim in view.effective)
    ruling = (*phrases.claims_line(view.effective), f"; {', '.join(grades)} ")
    yield Field(OWN_ORDER, (*ruling, _cited(view.effective)) if view.claims else SILENT)
    if view.open:
        yield Field("Open beside it", (*phrases.claims_line(view.open), " ", _cited(view.open)))
    for judgement in view.measured:
        yield Field(families_line((judgement.family,), knowledge), _seen(judgement))
    if not view.measured:
        yield Field("Seen", NOBODY)
    for seen in view.side_effects:
        yield _side_effect(seen, knowledge)
    # What a guest can tell of the access stands here: between the silicon and the hypervisors.
    for does in view.does:
        name = policy_phrases.known_as(does.policy)
        yield Field(
            (Linked(name, f"/policy/{does.policy.slug}"),), does_line(view.key, does, knowledge)
        )


def _cited(claims: tuple[Claim, ...]) -> Sourced:
    return Sourced(tuple(dict.fromkeys(claim.source for claim in claims)))


def _seen(judgement: Judgement) -> Pieces:
    """Return the verdict on a family with what stands behind it; the sides of a dispute apart."""
    if judgement.verdict is not Verdict.DISPUTED:
        return phrases.verdict_line(judgement)
    sides = (
        (f"{side.observations} saw ", *phrases.behaviour_line(side.outcome, side.condition))
        for side in judgement.sides
    )
    return (judgement.verdict, ": ", *join_lines(sides), f"; {judgement.behind}")


def _side_effect(seen: Observation, knowledge: Knowledge) -> Field:
    effect = seen.side_effect.text if seen.side_effect else ""
    told = f"{effect} ({knowledge.families[seen.family].name}, {seen.graded}) "
    return Field("Side effect", (Styled("wrong: ", tag="b"), told, Sourced(seen.sources)))


def _chain(view: CellView, knowledge: Knowledge, given: Given) -> Iterator[Passage]:
    conditions = knowledge.conditions
    steps = view.chain(conditions, given)
    if not steps:
        return
    acting = groupby((d for d in view.does if d.actions), lambda does: does.policy.hypervisor)
    for name, mine in acting:
        choices = [("any", Given(None, given.value))]
        for does in mine:
            version = policy_phrases.known_as(does.policy).removeprefix(f"{name} ")
            choices.append((version, Given(does, given.value)))
        yield from _choices(name, view, given, choices)
    values = [
        (phrases.value_words(value, conditions), Given(given.policy, value))
        for value in offered_values(view.claims, conditions)
    ]
    if values:
        yield from _choices("Value", view, given, [("any", Given(given.policy)), *values])
    for number, step in enumerate(steps, 1):
        check = step.check
        said: Line = phrases.claims_line(step.claims) if step.claims else ""
        if check is PERMISSION_MAP and given.policy:
            said = does_line(view.key, given.policy, knowledge)
        below = (said, (Styled(f"{check.text} ({check.cites})", "fine"),))
        line = (Styled(check.title, tag="b"), Styled(" ", told=": "), Styled(step.told, "outcome"))
        yield Step(line, f"{number}.", look=step.outcome).holding(*map(Para, below))


def _choices(
    label: str, view: CellView, given: Given, choices: list[tuple[str, Given]]
) -> Iterator[Field]:
    """Yield what can be chosen: each choice is an address of its own, which text gives in full."""
    links: Iterator[Pieces] = (
        (Styled(name, tag="b") if one == given else Linked(name, address_given(view, one)),)
        for name, one in choices
    )
    yield Field(label, join_lines(links, " \N{MIDDLE DOT} "), only="html")
    for name, one in choices:
        address: Line = "as here" if one == given else (full_address(address_given(view, one)),)
        yield Field(f"{label}: {name}", address, WIDE, only="text")


def _documented(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    for claim in view.claims:
        models = f", model {claim.models}" if claim.models else ""
        cite = cite_claim(claim, knowledge.sources, knowledge.documents)
        below = (
            claim.condition and f"when {knowledge.conditions.text(claim.condition)}",
            claim.bits and f"reserved bits {claim.bits}",
            claim.qualifier and f"table's own tag: {claim.qualifier}",
            claim.family and f"for {knowledge.families[claim.family].name}{models} only",
            (Linked(cite, f"/docs/sources#{claim.source}"),),
            claim.known_since,
            claim.text,
            claim.inference and f"inference: {claim.inference}",
        )
        yield Field(claim.graded, phrases.behaviour_line(claim.behaviour), WIDE, below)
    if not view.claims:
        yield Para(SILENT)
    yield Para(("The revisions of the manual: ", full_address("/docs/apm")))


def _measured(view: CellView, knowledge: Knowledge) -> Iterator[Passage]:
    for judgement in view.measured:
        below: list[Passage] = []
        for side in judgement.sides:
            if judgement.verdict is Verdict.DISPUTED:
                when = f" when {side.condition}:" if side.condition else ":"
                below.append(Para((f"{side.observations} saw ", side.outcome, when)))
            below += [_finding(finding, knowledge) for finding in side.findings]
        if judgement.unnamed:
            words = f"Only the newest are named; {judgement.unnamed} more observations stand in "
            below.append(Para((words, full_address(measurements_of(view, judgement.family)))))
        name = families_line((judgement.family,), knowledge)
        yield Field(name, phrases.verdict_line(judgement)).holding(*below)
    missing = (j.family for j in view.judgements.values() if not j.findings)
    yield Field(Verdict.UNMEASURED.label.capitalize(), families_line(missing, knowledge))
    yield Para(("What a verdict means: ", full_address("/docs/verdicts")))


def measurements_of(view: CellView, family: str) -> str:
    """Return the address of the list of every measurement of a cell on a family that counts."""
    return f"/m?family={family}&state=accepted&cell={view.key}"


def _finding(finding: Finding, knowledge: Knowledge) -> Item:
    seen = finding.observation
    unstated = "" if finding.condition_stated else "condition not stated"
    when = f"when {knowledge.conditions.text(seen.condition)}"
    masked = finding.verdict is Verdict.MASKED
    below: tuple[Line, ...] = (
        when if seen.condition else unstated,
        f"{finding.verdict.label}: the hypervisor's own intercept was on" if masked else "",
        f"wrong side effect: {seen.side_effect.text}" if seen.side_effect else "",
        seen.inference and f"inference: {seen.inference}",
        seen.text,
        (f"CPU: {seen.cpu}. {seen.reported}. ", Sourced(seen.sources)),
    )
    chip = phrases.behaviour_line(seen.outcome, seen=seen.evidence.ran)
    return Item((*chip, f", {seen.graded}"), id=seen.id).holding(*map(Para, below))
