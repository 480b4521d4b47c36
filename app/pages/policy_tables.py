"""Policies as rows and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from app.core.assumptions import Mark, MarkKind, PolicyView
from app.core.facts import Policy
from app.core.knowledge import Knowledge
from app.core.policy_rows import MarkRow, MsrRow, PolicyTable, marks_of
from app.core.words import Access
from app.curation.seed import body_of
from app.pages import policy_phrases
from app.pens.tables import Table


class MarkOut(BaseModel):
    """One place where a policy and the evidence part."""

    kind: MarkKind
    weight: str
    msrs: list[str]
    conditions: list[str]
    basis: str
    families: list[str]
    disputed: bool
    observations: list[str]
    evidence: list[str]
    differences: list[str]


class AssumedOut(BaseModel):
    """What a policy does with a cell, and what it takes an exit 402h there for."""

    action: str
    exit_402h: str
    notes: list[str]
    marks: list[MarkOut]


def policies_table(tables: Iterable[PolicyTable], site: str) -> Table:
    """Return one row per policy."""
    rows = []
    for table in tables:
        policy = table.policies[0]
        marks = [row.mark.kind.weight for row in table.marks]
        rows.append((
            policy.slug, policy.hypervisor, policy.releases, policy_phrases.passed(policy),
            " ".join(policy.trap_offsets), str(marks.count("differs")), str(marks.count("costs")),
            f"{site}{table.path}",
        ))  # fmt: skip
    columns = ("policy", "hypervisor", "versions", "lets_through", "trap_offsets", "differs",
               "costs", "url")  # fmt: skip
    return Table(columns, tuple(rows))


def msrs_table(table: PolicyTable) -> Table:
    """Return one row per run of MSRs; with two policies those that differ come first."""
    slugs = [policy.slug for policy in table.policies]
    columns = ["msrs", "register"]
    columns += [f"{slug}_{access}" for slug in slugs for access in Access]
    columns += ["marks"] if len(slugs) == 1 else ["differs"]
    rows = sorted(table.msrs, key=lambda row: not row.differs)
    return Table(tuple(columns), tuple(_row(row, table) for row in rows))


def _row(row: MsrRow, table: PolicyTable) -> tuple[str, ...]:
    does = [word for e in row.entries for word in ((e.read, e.write) if e else ("", ""))]
    if len(table.policies) > 1:
        last = "yes" if row.differs else "no"
    else:
        last = " ".join(f"{m.key.access}:{m.mark.kind}" for m in marks_of(row, table))
    return (str(row.span), row.register.slug, *map(str, does), last)


def policy_body(table: PolicyTable, knowledge: Knowledge) -> dict[str, Any]:
    """Return one policy, or several side by side, as JSON data."""
    slugs = [policy.slug for policy in table.policies]
    return {
        "policies": [_policy_body(policy) for policy in table.policies],
        "not_known": list(policy_phrases.not_known(table.policies, knowledge)),
        "msrs": [_msrs_body(row, slugs) for row in table.msrs],
        "trap_offsets": [
            {"offset": row.offset, "register": row.register.slug if row.register else "",
             "listed": dict(zip(slugs, row.listed, strict=True)), "differs": row.differs}
            for row in table.traps
        ],
        "marks": [_mark_row(row, slugs, knowledge) for row in table.marks],
    }  # fmt: skip


def _policy_body(policy: Policy) -> dict[str, Any]:
    """Return a policy's fields; ``versions`` is the sentence that its ranges make."""
    return body_of("policy", policy) | {"versions": policy.releases}


def _msrs_body(row: MsrRow, slugs: list[str]) -> dict[str, Any]:
    does = {
        slug: {"read": str(e.read), "write": str(e.write), "note": e.note} if e else None
        for slug, e in zip(slugs, row.entries, strict=True)
    }
    return {
        "msrs": str(row.span),
        "register": row.register.slug,
        "does": does,
        "differs": row.differs,
    }


def _mark_row(row: MarkRow, slugs: list[str], knowledge: Knowledge) -> dict[str, Any]:
    held = [slug for slug, has in zip(slugs, row.held, strict=True) if has]
    return {"cell": str(row.key), "policies": held, **mark_body(row.mark, knowledge)}


def mark_body(mark: Mark, knowledge: Knowledge) -> dict[str, Any]:
    """Return a mark as JSON data."""
    return mark_out(mark, knowledge).model_dump(mode="json")


def mark_out(mark: Mark, knowledge: Knowledge) -> MarkOut:
    """Return a mark as the API shows it."""
    return MarkOut(
        kind=mark.kind,
        weight=mark.kind.weight,
        msrs=list(mark.msrs),
        conditions=list(mark.conditions),
        basis=mark.basis,
        families=list(mark.families),
        disputed=mark.disputed,
        observations=[seen.id for seen in mark.observations],
        evidence=list(policy_phrases.evidence_lines(mark, knowledge)),
        differences=[f"D-{number}" for number in mark.differences],
    )


def assumed_out(view: PolicyView, knowledge: Knowledge) -> AssumedOut:
    """Return what a policy assumes of a cell as the API shows it."""
    return AssumedOut(
        action=view.summary if view.actions else "",
        exit_402h=view.takes if view.reaches else "",
        notes=list(view.notes),
        marks=[mark_out(mark, knowledge) for mark in view.marks],
    )
