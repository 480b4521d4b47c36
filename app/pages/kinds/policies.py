"""What hypervisors do: every policy, one, two side by side."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from app.core.assumptions import Mark, MarkKind, PolicyView
from app.core.facts import Policy
from app.core.kernels import find_covering
from app.core.knowledge import Knowledge
from app.core.policy_rows import MsrRow, PolicyTable, marks_of, pairs, policy_table
from app.core.words import Access
from app.curation.seed import body_of
from app.errors import NotFound
from app.pages import policy_text
from app.pages.api_models import Out
from app.pages.kinds.kind import Address, PageKind
from app.pages.policy_covering import covering_data, covering_sheet, covering_table
from app.pages.policy_phrases import evidence_lines, not_known, passed_msrs
from app.pens.page import Page
from app.pens.plain import line_text
from app.pens.tables import Table, column_names
from app.store.snapshots import Snapshot

BETWEEN = ".."
COLUMNS = column_names("policy hypervisor versions lets_through trap_offsets differs costs url")


class MarkOut(Out):
    """One place where a policy and the evidence part."""

    kind: MarkKind
    weight: str
    msrs: list[str]
    conditions: list[str]
    basis: str
    families: list[str]
    grades: dict[str, str]
    disputed: bool
    observations: list[str]
    evidence: list[str]
    differences: list[str]


class AssumedOut(Out):
    """What a policy does with a cell, and what it takes an exit 402h there for."""

    action: str
    exit_402h: str
    notes: list[str]
    marks: list[MarkOut]


class PoliciesPage(PageKind):
    """Every policy: by hypervisor, its oldest version first."""

    pattern = "/policy"
    promise = "what hypervisors do"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of policies."""
        knowledge, cells = asked.knowledge, asked.snapshot.cells
        policies = tuple(knowledge.policies.values())
        tables = [policy_table((policy,), knowledge, cells) for policy in policies]
        sheet = policy_text.policies_sheet(tables, knowledge)
        return Page.of(
            sheet,
            table=lambda place: _policies_table(tables, place.site),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "policies": [
                    {**row, "ranges": body_of(policy).get("ranges", [])}
                    for row, policy in zip(
                        _policies_table(tables, place.site).records(), policies, strict=True
                    )
                ],
                "not_known": list(not_known(policies, knowledge)),
                "without_policy": [body_of(a) for a in knowledge.without_policy],
            },
        )


class PolicyPage(PageKind):
    """One policy in full, or two with ``..`` between them."""

    pattern = "/policy/{slug}"
    promise = "one version, or what covers a release; A..B puts two side by side"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return one policy, two in the order asked for, or what covers a release; or NotFound."""
        knowledge, slug = asked.knowledge, asked.parts["slug"]
        found = find_covering(knowledge, slug) if BETWEEN not in slug else None
        if found and found.held and found.slug not in knowledge.policies:
            return Page.of(
                covering_sheet(found, knowledge),
                table=lambda _: covering_table(found),
                data=lambda _: {"data_version": asked.snapshot.name, **covering_data(found)},
            )
        table = find_policies(asked.snapshot, slug)
        return Page.of(
            policy_text.policy_sheet(table, knowledge),
            title=" against ".join(policy.heading for policy in table.policies),
            table=lambda _: _msrs_table(table),
            data=lambda _: {"data_version": asked.snapshot.name, **_body(table, knowledge)},
        )


def find_policies(snapshot: Snapshot, asked: str) -> PolicyTable:
    """Return ``kvm-7.2`` in full, or ``kvm-6.0..kvm-7.2`` side by side in that order.

    A policy beside itself is that policy in full; a release is the one policy that covers it.
    Raises NotFound, for those of two hypervisors too: the hints are addresses that there are.
    """
    names = asked.split(BETWEEN)
    if len(names) > len(("one", "other")) or not all(names):
        hints = tuple(f"/policy/{BETWEEN.join(pair)}" for pair in pairs(snapshot.knowledge))
        message = f"{asked!r} is not one policy, nor two with {BETWEEN} between them."
        raise NotFound(message, hints=hints)
    found = {p.slug: p for p in (_find(snapshot, name) for name in names)}
    if len({policy.hypervisor for policy in found.values()}) > 1:
        message = "Side by side stand two policies of one hypervisor; the table takes any two."
        raise NotFound(message, hints=(f"/?policy={','.join(found)}",))
    return policy_table(tuple(found.values()), snapshot.knowledge, snapshot.cells)


def _find(snapshot: Snapshot, slug: str) -> Policy:
    """Return a policy by slug, in any case; raises NotFound that names the nearest."""
    known = snapshot.knowledge.policies
    covered = find_covering(snapshot.knowledge, slug)
    slug = covered.slug if covered else slug
    held = sorted({policy.slug for policy, _ in covered.held}) if covered else []
    if slug.lower() not in known and len(held) == 1:
        return known[held[0]]
    if slug.lower() not in known:
        why = f"{' and '.join(held)} cover it" if held else covered.unknown if covered else ""
        why = f": {why}" if why else ""
        pages = {name: f"/policy/{name}" for name in known}
        pages |= {a.slug: f"/policy#note-{a.slug}" for a in snapshot.knowledge.without_policy}
        near = get_close_matches(slug.lower(), pages, 3, 0.3) or list(known)
        raise NotFound(f"There is no policy {slug!r}{why}.", hints=tuple(pages[n] for n in near))
    return known[slug.lower()]


def _policies_table(tables: list[PolicyTable], site: str) -> Table:
    """Return one row per policy."""
    rows = []
    for table in tables:
        policy = table.policies[0]
        does = (passed_msrs(policy), " ".join(policy.trap_offsets))
        marks = [row.mark.kind.weight for row in table.marks]
        counts = (str(marks.count("differs")), str(marks.count("costs")))
        told = (policy.slug, policy.hypervisor, policy.releases)
        rows.append((*told, *does, *counts, f"{site}{table.path}"))
    return Table(COLUMNS, tuple(rows))


def _msrs_table(table: PolicyTable) -> Table:
    """Return one row per run of MSRs; with two policies those that differ come first."""
    alone = len(table.policies) == 1
    does = [f"{policy.slug}_{access}" for policy in table.policies for access in Access]
    rows = sorted(table.msrs, key=lambda row: not row.differs)
    return Table(
        ("msrs", "register", *does, "marks" if alone else "differs"),
        tuple(_row(row, table, alone=alone) for row in rows),
    )


def _row(row: MsrRow, table: PolicyTable, *, alone: bool) -> tuple[str, ...]:
    does = [str(word) for e in row.entries for word in ((e.read, e.write) if e else ("", ""))]
    marks = " ".join(f"{m.key.access}:{m.mark.kind}" for m in marks_of(row, table))
    last = marks if alone else "yes" if row.differs else "no"
    return (str(row.span), row.register.slug, *does, last)


def _body(table: PolicyTable, knowledge: Knowledge) -> dict[str, Any]:
    """Return one policy, or several side by side, as JSON data."""
    slugs = [policy.slug for policy in table.policies]
    return {
        # The versions are the sentence that the ranges make.
        "policies": [body_of(p) | {"versions": p.releases} for p in table.policies],
        "not_known": list(not_known(table.policies, knowledge)),
        "msrs": [
            {
                "msrs": str(row.span),
                "register": row.register.slug,
                "does": {
                    slug: {"read": e.read, "write": e.write, "note": e.note} if e else None
                    for slug, e in zip(slugs, row.entries, strict=True)
                },
                "differs": row.differs,
            }
            for row in table.msrs
        ],
        "trap_offsets": [
            {
                "offset": row.offset,
                "register": row.register.slug if row.register else "",
                "listed": dict(zip(slugs, row.listed, strict=True)),
                "differs": row.differs,
            }
            for row in table.traps
        ],
        "marks": [
            {
                "cell": str(row.key),
                "policies": [slug for slug, has in zip(slugs, row.held, strict=True) if has],
                **_mark_out(row.mark, knowledge).model_dump(mode="json"),
            }
            for row in table.marks
        ],
    }


def _mark_out(mark: Mark, knowledge: Knowledge) -> MarkOut:
    """Return a mark as the API shows it."""
    return MarkOut.of(
        mark,
        weight=mark.kind.weight,
        grades={family: str(mark.grade(family)) for family in mark.families},
        observations=[seen.id for seen in mark.observations],
        evidence=[*map(line_text, evidence_lines(mark, knowledge))],
        differences=[f"D-{number}" for number in mark.differences],
    )


def assumed_out(view: PolicyView, knowledge: Knowledge) -> AssumedOut:
    """Return what a policy assumes of a cell as the API shows it."""
    return AssumedOut(
        action=view.summary if view.actions else "",
        exit_402h=view.takes if view.reaches else "",
        notes=list(view.notes),
        marks=[_mark_out(mark, knowledge) for mark in view.marks],
    )


KINDS: tuple[PageKind, ...] = (PoliciesPage(), PolicyPage())
