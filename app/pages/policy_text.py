"""Policies as sheets: the list, one version, two side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.assumptions import MarkKind, PolicyView
from app.core.cells import CellKey
from app.core.facts import Annotation, MsrPolicy, Policy, PolicyRange
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.policy_rows import MarkRow, MsrRow, PolicyTable, TrapRow, marks_of, pairs
from app.pages.listing import list_sources
from app.pages.policy_phrases import (
    evidence_lines,
    known_as,
    mark_groups,
    mark_line,
    not_known,
    not_looked_at,
    passed_msrs,
    some_msrs,
)
from app.pages.policy_trees import read_lines, trees_section
from app.pens.lines import Line, Linked, Piece, Pieces, Sourced, Styled, full_address, join_lines
from app.pens.parts import Field, Item, Para, Passage, Record, Section, Sheet, Tabular

ONE = (9, 12, 11, 11, 28)
TWO = (9, 12, 11, 11, 11, 11)
LEAD = (
    "What a hypervisor version lets through to AVIC and x2AVIC, what it intercepts, and for which "
    "kind of exit it takes a 402h: beside what silicon does."
)
OTHERWISE = "silicon, or else the manual, says otherwise"
INHIBITS = (Linked("why AVIC is kept off", "/inhibit", told=True),)
WORDS = (Linked("what the words mean", "/docs/policy", told=True),)


def policies_sheet(tables: Iterable[PolicyTable], knowledge: Knowledge) -> Sheet:
    """Return the list of policies, oldest version first."""
    shown = tuple(tables)
    out = Sheet("Policies: what hypervisors assume of AVIC and x2AVIC", "/policy").holding(
        Field("Words", WORDS),
        Field("Inhibits", INHIBITS if knowledge.inhibits else ""),
        Para(LEAD, "lead"),
        *(_in_short(table, knowledge) for table in shown),
        _not_known([table.policies[0] for table in shown], knowledge),
    )
    for older, newer in pairs(knowledge):
        out.parts += [
            Field("Side by side", (_beside(older, newer),), above=True),
            Field("Both", (Linked("in the table", f"/?policy={older},{newer}", told=True),)),
        ]
    if remarks := [_other(note, knowledge) for note in knowledge.without_policy]:
        lead = Para("A remark on each, as far as it was read.", above=True)
        title, name = "Hypervisors without a policy", "other-hypervisors"
        out.parts.append(Section(title, name).holding(lead, *remarks))
    return out


def _other(note: Annotation, knowledge: Knowledge) -> Record:
    """Return what a hypervisor without a policy does about AVIC, and what that rests on."""
    inference = "Inference: " * note.inference
    read = (s for s in map(knowledge.sources.get, note.sources) if s)
    return Record(note.title, id=f"note-{note.slug}", level=3).holding(
        Field("AVIC", note.avic.label if note.avic else ""),
        Field("As of", note.version),
        Field("Rests on", ", ".join(dict.fromkeys(f"{s.kind} {s.read.label}" for s in read))),
        Para((f"{inference}{note.text} ", Sourced(note.sources)), "prose-width"),
        Para(f"#note-{note.slug}", only="text"),
    )


def _in_short(table: PolicyTable, knowledge: Knowledge) -> Section:
    policy = table.policies[0]
    marked = []
    for kind, groups in mark_groups(table.marks, knowledge).items():
        cells = count_noun(sum(map(len, groups.values())), "cell")
        marked.append(Field(kind.weight, f"{kind.label}: {cells}"))
    return Section(policy.heading, policy.slug).holding(
        Field("URL", (Linked("in full", table.path, told=True),)),
        Field("Covers", policy.releases),
        _in_the_table(policy),
        Field("Lets through", passed_msrs(policy)),
        Field("402h: trap at", ", ".join(policy.trap_offsets)),
        *marked,
    )


def _in_the_table(policy: Policy) -> Field:
    return Field("In the table", (Linked("as a column", f"/?policy={policy.slug}", told=True),))


def _beside(older: str, newer: str) -> Linked:
    return Linked(f"{older} and {newer}", f"/policy/{older}..{newer}", told=True)


def policy_sheet(table: PolicyTable, knowledge: Knowledge) -> Sheet:
    """Return one policy in full, or two side by side with what differs first."""
    one = len(table.policies) == 1
    sheet = _alone(table, knowledge) if one else _side_by_side(table, knowledge)
    ids = (name for policy in table.policies for name in policy.every_source)
    sheet.parts.append(list_sources(ids, knowledge))
    return sheet


def _alone(table: PolicyTable, knowledge: Knowledge) -> Sheet:
    policy = table.policies[0]
    heads = ("MSR", "register", "RDMSR", "WRMSR", "marks, notes")
    rows = [(*_named(row), *_does(row.entries[0]), _marked(row, table)) for row in table.msrs]
    return Sheet(
        f"{policy.heading}: what it assumes of AVIC and x2AVIC",
        table.path,
        up=(Linked("Policies", "/policy"), policy.slug),
    ).holding(
        Field("Covers", policy.releases),
        Field("Lets through", passed_msrs(policy)),
        _in_the_table(policy),
        *(Field("Side by side", (_beside(*pair),)) for pair in pairs(knowledge, policy)),
        *_words(policy),
        _not_known(table.policies, knowledge),
        _marks(f"Where {OTHERWISE}", table.marks, knowledge),
        Field("Why marked", WORDS),
        Section("While x2AVIC is active, MSR by MSR").holding(
            Tabular("MSR by MSR", [heads], rows, ONE, "msrs"),
        ),
        Section("Offsets at which an exit 402h is taken for a trap").holding(
            traps_line(table.traps),
            Para("At any other offset it is taken for a fault."),
        ),
        trees_section(policy),
    )


def _side_by_side(table: PolicyTable, knowledge: Knowledge) -> Sheet:
    a, b = table.policies
    changed, unchanged = table.only(differing=True), table.only(differing=False)
    only = []
    for at, policy in enumerate((a, b)):
        mine = [row for row in changed.marks if row.held[at]]
        only.append(_marks(f"Only {policy.slug}: where {OTHERWISE}", mine, knowledge))
    both = Linked("as columns", f"/?policy={a.slug},{b.slug}", told=True)
    return Sheet(
        f"{a.heading} against {b.heading}",
        table.path,
        up=(Linked("Policies", "/policy"), f"{a.slug} and {b.slug}"),
    ).holding(
        *_lets_through(a),
        *_lets_through(b),
        Field("Differ", f"{len(changed.msrs)} of {len(table.msrs)} rows of MSRs"),
        Field("Other views", ("the other way round: ", _beside(b.slug, a.slug))),
        Field("", ("both in the table: ", both)),
        msrs_section("MSRs that they treat differently while x2AVIC is active", changed),
        Section("Offsets that only one takes for a trap on exit 402h").holding(
            traps_line(changed.traps, table.policies),
        ),
        *only,
        _marks(f"Both: where {OTHERWISE}", unchanged.marks, knowledge),
        msrs_section("MSRs that they treat alike", unchanged),
        Section("Offsets that both take for a trap on exit 402h").holding(
            traps_line(unchanged.traps),
        ),
        *(Section(policy.heading).holding(*_words(policy)) for policy in (a, b)),
        _not_known(table.policies, knowledge),
    )


def _lets_through(policy: Policy) -> Iterator[Field]:
    at = f"/policy/{policy.slug}"
    yield Field((Linked(policy.slug, at),), f"lets through {passed_msrs(policy)}")
    yield Field("", (full_address(at),), only="text")


def msrs_section(heading: str, table: PolicyTable) -> Section:
    """Return rows of MSRs with what each of two policies does there."""
    if not table.msrs:
        return Section(heading).holding(Para("None."))
    above = [word for policy in table.policies for word in (policy.slug, "")]
    heads = [("", "", *above), ("MSR", "register", *("RDMSR", "WRMSR") * len(table.policies))]
    rows = [
        (*_named(row), *(word for entry in row.entries for word in _does(entry)))
        for row in table.msrs
    ]
    return Section(heading).holding(Tabular(heading, heads, rows, TWO, "msrs pair"))


def _named(row: MsrRow) -> tuple[Line, Line]:
    return (Styled(str(row.span), "msr"),), (Linked(row.register.label, f"/r/{row.register.slug}"),)


def _does(entry: MsrPolicy | None) -> tuple[Line, Line]:
    if entry is None:
        return "not stated", "not stated"
    read, write = ((Styled(word, f"p p-{word}"),) for word in (entry.read, entry.write))
    return read, write


def _marked(row: MsrRow, table: PolicyTable) -> Pieces:
    said: list[Pieces] = [
        (
            Linked(found.key.access, found.key.url),
            " ",
            _weight(found.mark.kind),
            f" {found.mark.kind.label}",
        )
        for found in marks_of(row, table)
    ]
    entry = row.entries[0]
    return join_lines([*said, *([(entry.note,)] if entry and entry.note else [])], "; ")


def _weight(kind: MarkKind) -> Styled:
    return Styled(f"{kind.weight}:", f"m-{kind.weight}", "b")


def _words(policy: Policy) -> Iterator[Passage]:
    """Yield what is said of a policy, and each range of releases with its sources."""
    yield Para(policy.text, "prose-width")
    yield Para(policy.inference and f"Inference: {policy.inference}", "inference")
    yield from (range_item(policy, range_) for range_ in policy.ranges)


def range_item(policy: Policy, range_: PolicyRange, *before: Piece) -> Item:
    """Return a range of releases with its sources, and what is inferred of it."""
    candidate = f"Release candidates: from {range_.candidate}." if range_.candidate else ""
    inference = f"Inference: {range_.inference}" if range_.inference else ""
    parts = [*read_lines(policy, range_), Para(candidate), Para(inference)]
    said = (*before, f"{range_.words} ", Sourced(range_.sources))
    return Item(said, above=True).holding(*parts)


def _not_known(policies: Iterable[Policy], knowledge: Knowledge) -> Section:
    return Section("Not known", "not-known").holding(*map(Para, not_known(policies, knowledge)))


def _marks(heading: str, rows: Iterable[MarkRow], knowledge: Knowledge) -> Section:
    """Return marks by kind, and within a kind by what they rest on."""
    parts: list[Passage] = []
    for kind, groups in mark_groups(rows, knowledge).items():
        parts.append(Para((_weight(kind), f" {kind.label}. {kind.meaning}"), above=True))
        for (lines, numbers, _), mine in groups.items():
            cells = (
                (Linked(knowledge.name_of(row.key), row.key.url), f" {msrs}" if msrs else "")
                for row in mine
                for msrs in [some_msrs(row.key, row.mark, knowledge)]
            )
            entries = join_lines((Linked(f"D-{number}", f"/d/{number}"),) for number in numbers)
            behind = (" (", *entries, ")") if entries else ()
            parts.append(Item((*join_lines(cells), *behind)).holding(*map(Para, lines)))
    return Section(heading).holding(*(parts or [Para("Nowhere, by what is known here.")]))


def traps_line(rows: Iterable[TrapRow], policies: Iterable[Policy] = ()) -> Para:
    """Return the offsets of a trap list, each with those of ``policies`` that have it."""
    slugs = [policy.slug for policy in policies]
    listed = join_lines(_trap(row, slugs) for row in rows)
    return Para((*listed, ".") if listed else "None.")


def _trap(row: TrapRow, slugs: list[str]) -> Pieces:
    named: Piece = Linked(row.register.label, f"/r/{row.register.slug}") if row.register else "-"
    who = [slug for slug, has in zip(slugs, row.listed, strict=False) if has]
    return (f"{row.offset} ", named, f" ({', '.join(who)})" if who else "")


def does_line(key: CellKey, view: PolicyView, knowledge: Knowledge) -> Pieces:
    """Return what a policy does with a cell, and where the evidence speaks against it."""
    ranges = view.parts if len(view.actions) > 1 else [("", a) for a in view.actions]
    actions = join_lines(
        (f"{msrs} " if msrs else "", Styled(word, f"p p-{word}")) for msrs, word in ranges
    )
    parts: list[Pieces] = [actions or ("no MSR to intercept",)]
    parts += [(f"an exit 402h here is taken for a {view.takes}",)] if view.reaches else []
    parts += [
        (Styled(mark_line(key, mark, knowledge), f"m m-{mark.kind.weight}"),) for mark in view.marks
    ]
    return join_lines(
        (*parts, *([(beyond,)] if (beyond := not_looked_at(view.policy)) else [])), "; "
    )


def does_section(key: CellKey, does: Iterable[PolicyView], knowledge: Knowledge) -> Section:
    """Return what hypervisors do with a cell, each with what its marks rest on."""
    parts: list[Passage] = []
    for view in does:
        at = f"/policy/{view.policy.slug}"
        lines = [line for mark in view.marks for line in evidence_lines(mark, knowledge)]
        name = (Linked(known_as(view.policy), at),)
        more: list[Line] = [f"This is {view.policy.name}.", *view.notes, *lines]
        field = Field(name, does_line(key, view, knowledge), more=more).holding(
            Para((full_address(at),), only="text"),
            Para((Sourced(view.policy.every_source),), "fine", only="html"),
        )
        parts.append(field)
    if parts:
        parts.append(Para(("What is marked, and why: ", full_address("/docs/policy"))))
    return Section("What hypervisors do", "policies").holding(*parts)
