"""The text twins of policies: the list, one version, two side by side."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.facts import MsrPolicy, Policy
from app.core.knowledge import Knowledge
from app.core.policy_rows import MarkRow, MsrRow, PolicyTable, TrapRow, marks_of, pairs
from app.pages import policy_phrases
from app.pages.cell_text import add_sources
from app.pens import leads
from app.pens.place import Place, head
from app.pens.plain import Plain

LIST_TITLE = "Policies: what hypervisors assume of AVIC and x2AVIC"
ONE = (9, 12, 11, 11, 28)
TWO = (9, 12, 11, 11, 11, 11)
OTHERWISE = "silicon, or else the manual, says otherwise"
DOCS = "/docs/policy"
NO_MARK = "Nowhere, by what is known here."


def policies_text(tables: Iterable[PolicyTable], knowledge: Knowledge, place: Place) -> str:
    """Return the list of policies, oldest version first."""
    out = Plain()
    out.title(LIST_TITLE)
    head(out, place, "/policy")
    out.field("Words", f"{place.site}{DOCS}")
    out.blank()
    out.para(leads.POLICIES)
    shown = tuple(tables)
    for table in shown:
        policy = table.policies[0]
        out.heading(policy.name)
        out.field("URL", f"{place.site}{table.path}")
        out.field("In the table", f"{place.site}/?policy={policy.slug}")
        out.field("Lets through", policy_phrases.passed(policy))
        out.field("402h: trap at", ", ".join(policy.trap_offsets))
        for kind, groups in policy_phrases.mark_groups(table.marks, knowledge):
            out.field(kind.weight, f"{kind.label}: {policy_phrases.counted(groups)}")
    _not_known(out, [table.policies[0] for table in shown], knowledge)
    out.blank()
    for older, newer in pairs(knowledge):
        out.field("Side by side", f"{place.site}/policy/{older}..{newer}")
        out.field("Both", f"{place.site}/?policy={older},{newer}")
    return out.render()


def policy_text(table: PolicyTable, knowledge: Knowledge, place: Place) -> str:
    """Return one policy in full, or two side by side with what differs first."""
    if len(table.policies) == 1:
        return _one(table, knowledge, place)
    return _two(table, knowledge, place)


def _one(table: PolicyTable, knowledge: Knowledge, place: Place) -> str:
    policy = table.policies[0]
    out = Plain()
    out.title(f"{policy.name}: what it assumes of AVIC and x2AVIC")
    head(out, place, table.path)
    out.field("Lets through", policy_phrases.passed(policy))
    out.field("In the table", f"{place.site}/?policy={policy.slug}")
    for older, newer in pairs(knowledge, policy):
        out.field("Side by side", f"{place.site}/policy/{older}..{newer}")
    _words(out, policy)
    _releases(out, policy)
    _not_known(out, table.policies, knowledge)
    out.heading(f"Where {OTHERWISE}")
    _marks(out, table.marks, knowledge)
    out.field("Why marked", f"{place.site}{DOCS}")
    out.heading("While x2AVIC is active, MSR by MSR")
    out.grid([("MSR", "register", "RDMSR", "WRMSR", "marks, notes"),
              *(_one_row(row, table) for row in table.msrs)], ONE)  # fmt: skip
    out.heading("Offsets at which an exit 402h is taken for a trap")
    _traps(out, table.traps)
    out.para("At any other offset it is taken for a fault.")
    add_sources(out, policy.every_source, knowledge, place)
    return out.render()


def _one_row(row: MsrRow, table: PolicyTable) -> tuple[str, ...]:
    entry = row.entries[0]
    said = [f"{m.key.access} {m.mark.kind.weight}: {m.mark.kind.label}"
            for m in marks_of(row, table)]  # fmt: skip
    said += [entry.note] if entry and entry.note else []
    label = policy_phrases.label(row.register)
    return (str(row.span), label, *_both(entry), "; ".join(said))


def _both(entry: MsrPolicy | None) -> tuple[str, str]:
    return (str(entry.read), str(entry.write)) if entry else ("not stated", "not stated")


def _two(table: PolicyTable, knowledge: Knowledge, place: Place) -> str:
    names = [policy.name for policy in table.policies]
    out = Plain()
    out.title(" against ".join(names))
    head(out, place, table.path)
    for policy in table.policies:
        out.field(policy.slug, f"lets through {policy_phrases.passed(policy)}")
        out.field("", f"{place.site}/policy/{policy.slug}")
    out.field("Differ", f"{table.differing} of {len(table.msrs)} rows of MSRs")
    for one, other in pairs(knowledge, *table.policies):
        out.field("Other views", f"the other way round: {place.site}/policy/{one}..{other}")
        out.field("", f"both in the table: {place.site}/?policy={other},{one}")
    out.heading("MSRs that they treat differently while x2AVIC is active")
    _two_rows(out, table.changed)
    out.heading("Offsets that only one takes for a trap on exit 402h")
    _traps(out, table.changed.traps, table)
    for policy, rows in zip(table.policies, only(table), strict=True):
        out.heading(f"Only {policy.slug}: where {OTHERWISE}")
        _marks(out, rows, knowledge)
    out.heading(f"Both: where {OTHERWISE}")
    _marks(out, table.unchanged.marks, knowledge)
    out.heading("MSRs that they treat alike")
    _two_rows(out, table.unchanged)
    out.heading("Offsets that both take for a trap on exit 402h")
    _traps(out, table.unchanged.traps)
    for policy, name in zip(table.policies, names, strict=True):
        out.heading(name)
        _words(out, policy)
        _releases(out, policy)
    _not_known(out, table.policies, knowledge)
    add_sources(out, (s for p in table.policies for s in p.every_source), knowledge, place)
    return out.render()


def _two_rows(out: Plain, table: PolicyTable) -> None:
    if not table.msrs:
        out.para("None.")
        return
    above = [word for policy in table.policies for word in (policy.slug, "")]
    out.grid([("", "", *above), ("MSR", "register", *("RDMSR", "WRMSR") * len(table.policies))]
             + [_two_row(row) for row in table.msrs], TWO)  # fmt: skip


def _two_row(row: MsrRow) -> tuple[str, ...]:
    does = (word for entry in row.entries for word in _both(entry))
    return (str(row.span), policy_phrases.label(row.register), *does)


def only(table: PolicyTable) -> tuple[tuple[MarkRow, ...], ...]:
    """Return the marks that one policy has and the other has not, for each of the two."""
    return tuple(
        tuple(row for row in table.changed.marks if row.held[at])
        for at in range(len(table.policies))
    )


def _words(out: Plain, policy: Policy) -> None:
    out.blank()
    out.para(policy.text)
    if policy.inference:
        out.blank()
        out.para(f"Inference: {policy.inference}")


def _releases(out: Plain, policy: Policy) -> None:
    """Add each range of releases with its sources."""
    for range_ in policy.ranges:
        out.blank()
        out.item(f"{range_.words} [{', '.join(range_.sources)}]")
        if range_.candidate:
            out.para(f"Release candidates: from {range_.candidate}.", 2)
        if range_.inference:
            out.para(f"Inference: {range_.inference}", 2)


def _not_known(out: Plain, policies: Iterable[Policy], knowledge: Knowledge) -> None:
    found = policy_phrases.not_known(policies, knowledge)
    if found:
        out.heading("Not known")
    for line in found:
        out.para(line)


def _marks(out: Plain, rows: tuple[MarkRow, ...], knowledge: Knowledge) -> None:
    if not rows:
        out.para(NO_MARK)
    for kind, groups in policy_phrases.mark_groups(rows, knowledge):
        out.blank()
        out.para(f"{kind.weight}: {kind.label}. {kind.meaning}")
        for group in groups:
            entries = policy_phrases.entries(group.mark)
            cells = ", ".join(f"{key} {msrs}".strip() for key, msrs in group.cells)
            out.item(f"{cells}{f' ({entries})' if entries else ''}")
            for line in group.lines:
                out.para(line, 2)


def _traps(out: Plain, rows: tuple[TrapRow, ...], table: PolicyTable | None = None) -> None:
    listed = [f"{row.offset} {policy_phrases.label(row.register)}{_whose(row, table)}"
              for row in rows]  # fmt: skip
    out.para(", ".join(listed) + "." if listed else "None.")


def _whose(row: TrapRow, table: PolicyTable | None) -> str:
    if table is None:
        return ""
    who = (p.slug for p, has in zip(table.policies, row.listed, strict=True) if has)
    return f" ({', '.join(who)})"
