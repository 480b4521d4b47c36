"""Policies and marks in words, shared by pages, texts and tables."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from app.core.assumptions import Mark, MarkKind, PolicyView
from app.core.cells import CellKey
from app.core.citations import cite_claim
from app.core.facts import Claim, Policy
from app.core.kernels import releases_behind, unknown_branches
from app.core.knowledge import Knowledge
from app.core.measuring import NOT_STATED
from app.core.numbers import Span
from app.core.policy_rows import MarkRow
from app.core.views import CellView
from app.core.words import Access, Action, Verdict
from app.pens import phrases
from app.pens.lines import Pieces, Sourced


def not_known(policies: Iterable[Policy], knowledge: Knowledge) -> tuple[str, ...]:
    """Which releases of their hypervisors nobody looked at, one sentence for each."""
    names = dict.fromkeys(policy.hypervisor for policy in policies)
    found = {name: unknown_branches(knowledge, name) for name in names}
    return tuple(
        f"{name}, {branches}: nobody looked at whether a later policy was taken back there."
        for name, branches in found.items()
        if branches
    )


def by_hypervisor(slugs: Iterable[str], knowledge: Knowledge) -> tuple[tuple[str, ...], ...]:
    """Return policies by slug, those of each hypervisor by themselves."""
    grouped = groupby(slugs, lambda slug: knowledge.policies[slug].hypervisor)
    return tuple(tuple(mine) for _, mine in grouped)


def condition_of_mark(mark: Mark, knowledge: Knowledge) -> str:
    """The conditions of a mark in narrow words, empty when it holds for every access."""
    return " or ".join(knowledge.conditions.tag(slug) for slug in mark.conditions)


def mark_evidence(mark: Mark, knowledge: Knowledge) -> str:
    """``measured on Zen 5, observed on Zen 4``: each family with its own strongest evidence."""
    named = (family for family in mark.families if family != NOT_STATED)
    said = [f"{mark.grade(family)} on {knowledge.families[family].name}" for family in named]
    if NOT_STATED in mark.families:
        said.append(f"{mark.grade(NOT_STATED)}, CPU not stated")
    said = said or ["documented"]
    return ", ".join([*said, Verdict.DISPUTED.label] if mark.disputed else said)


def known_as(policy: Policy) -> str:
    """``KVM 6.12``, ``KVM 7.2``: a policy by a release of it that readers ask for.

    That is the last stable branch that began with it and was not looked at, else the first of
    its main line.
    """
    main = next((range_.first for range_ in policy.ranges if range_.main), "")
    asked = policy.not_known[-1].removesuffix(".y") if policy.not_known else main
    return f"{policy.hypervisor} {asked}" if asked else policy.name


def not_looked_at(policy: Policy) -> str:
    """``6.12.1 and later of 6.12.y not known``: empty where the release is no such branch's."""
    branch = policy.not_known[-1] if policy.not_known else ""
    looked = next((r for r in policy.ranges if r.branch == branch), None)
    if looked:
        return f"{branch} {releases_behind(looked)} not known"
    return f"{branch.removesuffix('y')}1 and later of {branch} not known" if branch else ""


def mark_line(key: CellKey, mark: Mark, knowledge: Knowledge) -> str:
    """``differs: #GP, no exit when BUSY (stated, CPU not stated; D-7)``."""
    condition, msrs = condition_of_mark(mark, knowledge), some_msrs(key, mark, knowledge)
    told = mark.kind.label + (f" at {msrs}" if msrs else "")
    told += f" when {condition}" if condition else ""
    entries = ", ".join(f"D-{number}" for number in mark.differences)
    behind = "; ".join(part for part in (mark_evidence(mark, knowledge), entries) if part)
    return f"{mark.kind.weight}: {told} ({behind})"


def evidence_lines(mark: Mark, knowledge: Knowledge) -> tuple[Pieces, ...]:
    """Return what a mark rests on, one line for each report or each place of the manual.

    A place of the manual stands where no report says anything.
    """
    reports = (
        (f"{phrases.observation_line(seen, knowledge)}. {seen.reported} ", Sourced(seen.sources))
        for seen in mark.observations
    )
    rules = ((f"{_rules(claim, knowledge)} ", Sourced((claim.source,))) for claim in mark.claims)
    return (*reports, *rules)


def _rules(claim: Claim, knowledge: Knowledge) -> str:
    cite = cite_claim(claim, knowledge.sources, knowledge.documents)
    when = phrases.condition_words(claim.condition, knowledge.conditions)
    said = f"The manual: {claim.behaviour.label}{when}"
    return f"{said} ({claim.graded}; {cite}). No report of an access that was let through."


# Marks of one kind by what they rest on: its lines, the entries of the ledger, and whether a
# report says something else.
Grouped = dict[tuple[tuple[Pieces, ...], tuple[int, ...], bool], list[MarkRow]]


def mark_groups(rows: Iterable[MarkRow], knowledge: Knowledge) -> dict[MarkKind, Grouped]:
    """Return marks by kind, and within a kind by what they rest on."""
    found: dict[MarkKind, Grouped] = {}
    for row in rows:
        mark = row.mark
        same = (evidence_lines(mark, knowledge), mark.differences, mark.disputed)
        found.setdefault(mark.kind, {}).setdefault(same, []).append(row)
    return found


def some_msrs(key: CellKey, mark: Mark, knowledge: Knowledge) -> str:
    """The MSRs that a mark is about, empty when that is all of the cell's."""
    every = knowledge.registers[key.register].msrs
    return "" if set(mark.msrs) == set(every) else ", ".join(mark.msrs)


def passed_msrs(policy: Policy) -> str:
    """``RDMSR of 40 MSRs; WRMSR of 4``: how much a policy lets through."""
    read, write = (_count(policy, access) for access in Access)
    some = f", of {read[1]} more on a condition" if read[1] else ""
    return f"RDMSR of {read[0]} MSRs{some}; WRMSR of {write[0]}"


def _count(policy: Policy, access: Access) -> tuple[int, int]:
    counted = dict.fromkeys(Action, 0)
    for entry in policy.msrs:
        counted[getattr(entry, access)] += len(Span.parse(entry.msrs).addresses())
    return counted[Action.PASS], counted[Action.CONDITIONAL]


def policy_views(view: CellView, slugs: Iterable[str]) -> tuple[PolicyView, ...]:
    """Return what some policies do with a cell, in the order of ``slugs``."""
    by_slug = {p.policy.slug: p for p in view.policies}
    return tuple(by_slug[slug] for slug in slugs)


def policy_by_instruction(
    cells: Iterable[CellView], slug: str
) -> tuple[tuple[str, PolicyView], ...]:
    """Return what a policy does with each MSR instruction of a register.

    Where members differ and both instructions are treated alike, that is said once.
    """
    found: list[tuple[str, PolicyView]] = []
    for cell in cells:
        (view,) = policy_views(cell, (slug,))
        name = "RDMSR" if cell.key.access is Access.READ else "WRMSR"
        if found and len(view.actions) > 1 and found[-1][1].parts == view.parts:
            found[-1] = (f"{found[-1][0]}, {name}", view)
        elif view.actions:
            found.append((name, view))
    return tuple(found)
