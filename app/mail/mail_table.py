"""What is pasted into a mail of several cells: one table, shared footnotes, one address."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.core.assumptions import PolicyView
from app.core.cells import CellKey
from app.core.facts import Claim, Register
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.core.words import Access, Behaviour, Mode
from app.mail import mail_phrases as phrases
from app.mail.mail_phrases import Manual, Speech
from app.pages.policy_phrases import chosen, mark_line
from app.pens.mail_lines import Lines
from app.pens.place import Place

WITH_PRINTED = 2
NAME = 8
LEGEND = {
    Behaviour.ALLOWED: "completes in the vAPIC backing page, no #VMEXIT",
    Behaviour.ACCELERATED: "completes, and hardware acts on it, no #VMEXIT",
    Behaviour.VMEXIT_TRAP: "#VMEXIT 402h after the access",
    Behaviour.VMEXIT_FAULT: "#VMEXIT 402h before the access",
    Behaviour.VMEXIT_IPI: "#VMEXIT 401h, incomplete IPI",
    Behaviour.GP: "in the guest, no #VMEXIT",
    Behaviour.ABSENT: "does not exist",
}
Way = tuple[Mode, Access]


@dataclass(frozen=True)
class Rows:
    """The cells of a selection, their registers in order, and how they are spoken of.

    ``sentences`` say what a filter took away and which revision of the manual it is;
    ``path`` is the canonical address; ``policies`` are spoken of in the footnotes.
    """

    subject: str
    sentences: tuple[str, ...]
    cells: Mapping[CellKey, CellView]
    order: tuple[str, ...]
    path: str
    policies: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Way, ...]:
        """The modes and accesses that any of the cells has."""
        ways = {(key.mode, key.access) for key in self.cells}
        return tuple((m, a) for m in Mode for a in Access if (m, a) in ways)

    @property
    def with_printed(self) -> bool:
        """Whether the printed table has room beside what rules."""
        return len(self.columns) <= WITH_PRINTED


class Notes:
    """Footnotes in the order of first use; cells with the same reasons share one.

    ``silent`` once a cell had nothing to note, ``gaps`` once one was not selected.
    """

    def __init__(
        self, manual: Manual, *, with_table: bool = False, policies: tuple[str, ...] = ()
    ) -> None:
        self._manual = manual
        self._policies = policies
        self._speech = manual.speech
        self._with_table = with_table
        self.numbers: dict[tuple[str, ...], int] = {}
        self.silent = False
        self.gaps = False

    def mark(self, view: CellView) -> str:
        """Return `` [1]``, or nothing where the table holds and nobody measured."""
        lines = tuple(self._lines(view))
        if not lines:
            self.silent = True
            return ""
        return f" [{self.numbers.setdefault(lines, len(self.numbers) + 1)}]"

    def _lines(self, view: CellView) -> Iterator[str]:
        claims = phrases.differing(view)
        if claims and self._with_table:
            yield f"Table 15-22 says {words(view.table, self._speech, '; ')}"
        for claim in claims:
            yield self._because(claim)
        for claim in phrases.questions(view):
            yield f"open: {self._because(claim)}"
        for claim in phrases.products(view):
            label, place, model = phrases.product(claim, self._manual)
            when = self._speech.when(claim.condition, claim.bits)
            yield f"{claim.behaviour.short}{when}: {label} {place}; {model} only"
        for judgement in view.measured:
            name = self._manual.knowledge.families[judgement.family].name
            for text in phrases.sightings(judgement, self._speech):
                yield f"{name}: {text}"
        for text in phrases.side_effects(view, self._manual.knowledge):
            yield f"side effect, {text}"
        for shown in chosen(view, self._policies):
            yield from policy_lines(view, shown, self._manual.knowledge)

    def _because(self, claim: Claim) -> str:
        when = self._speech.when(claim.condition, claim.bits)
        return f"{claim.behaviour.short}{when}: {self._manual.cite(claim)}"


def policy_lines(view: CellView, shown: PolicyView, knowledge: Knowledge) -> Iterator[str]:
    """Yield what one policy does with a cell, and where the evidence says otherwise."""
    taken = f"takes an exit 402h for a {shown.takes}" if shown.reaches else ""
    does = "; ".join(part for part in (shown.summary if shown.actions else "", taken) if part)
    if does:
        yield f"{shown.policy.name}: {does}"
    for mark in shown.marks:
        yield f"{shown.policy.name} {mark_line(view.key, mark, knowledge)}"


def words(claims: Iterable[Claim], speech: Speech, joint: str) -> str:
    """``accel edge; trap level``: the short words of narrow columns."""
    tag = speech.conditions.tag
    found = (f"{c.behaviour.short} {tag(c.condition)}".strip() for c in claims)
    return joint.join(dict.fromkeys(found)) or "nothing"


def selection_block(rows: Rows, knowledge: Knowledge, place: Place) -> str:
    """Return a selection: a row per register, a column per mode and access."""
    manual = Manual.of(rows.cells.values(), knowledge)
    out = Lines()
    out.lead(rows.subject)
    out.leads(rows.sentences)
    out.blank()
    if not rows.cells:
        out.para("No cell passes this selection.")
        out.last([manual.name], place.pin(rows.path))
        return out.render()
    notes = Notes(manual, with_table=not rows.with_printed, policies=rows.policies)
    grid = [_row(rows, knowledge.registers[slug], manual, notes) for slug in rows.order]
    head, spans = _head(rows)
    out.table([head, *grid], spans)
    _endnotes(out, rows.cells.values(), notes, manual)
    out.last(_ending(rows.cells.values(), manual), place.pin(rows.path))
    return out.render()


def register_block(views: tuple[CellView, ...], knowledge: Knowledge, place: Place) -> str:
    """Return one register, whose cells ``views`` are: a row per mode and access."""
    register = views[0].register
    manual = Manual.of(views, knowledge)
    speech = manual.speech
    notes = Notes(manual)
    grid = [
        (
            phrases.way(view.key.mode, view.key.access),
            words(view.table, speech, ";\n"),
            words(view.effective, speech, ";\n") + notes.mark(view),
        )
        for view in views
    ]
    out = Lines()
    out.lead(register_title(register))
    out.blank()
    out.table([("Access", "Table 15-22", "What rules"), *grid])
    _endnotes(out, views, notes, manual)
    out.last(_ending(views, manual), place.pin(f"/r/{register.slug}"))
    return out.render()


def register_title(register: Register) -> str:
    """``LDR, Logical Destination Register: 0D0h, MSR 80Dh``."""
    name = register.name
    if register.abbreviation != "-":
        name = f"{register.abbreviation}, {name}"
    offsets, msrs = ", ".join(register.offsets), ", ".join(register.msrs)
    where = "; ".join(part for part in (offsets, f"MSR {msrs}" if msrs else "") if part)
    return f"{name}: {where}" if where else name


def _row(rows: Rows, register: Register, manual: Manual, notes: Notes) -> tuple[str, ...]:
    keys = [CellKey(register.slug, *way) for way in rows.columns]
    views = [rows.cells.get(key) for key in keys]
    modes = {key.mode for key in keys}
    found = [register.abbreviation if register.abbreviation != "-" else register.slug[:NAME]]
    # Both modes fill the line: the h goes first.
    bare = "" if len(keys) > WITH_PRINTED else "h"
    for mode, spans in ((Mode.AVIC, register.offsets), (Mode.X2AVIC, register.msrs)):
        found += ["\n".join(spans).replace("h", bare) or "-"] if mode in modes else []
    if rows.with_printed:
        found += [words(v.table, manual.speech, ";\n") if v else "." for v in views]
    notes.gaps |= not all(views)
    for view in views:
        said = words(view.effective, manual.speech, ";\n") + notes.mark(view) if view else "."
        found.append(said)
    return tuple(found)


def _head(rows: Rows) -> tuple[list[str], list[tuple[str, int]]]:
    modes = list(dict.fromkeys(mode for mode, _ in rows.columns))
    fixed = ["Register"]
    fixed += ["Offset"] if Mode.AVIC in modes else []
    fixed += ["MSR"] if Mode.X2AVIC in modes else []
    ways = [phrases.way(*column) for column in rows.columns]
    bare = [way.split()[1] for way in ways]
    above = [("", len(fixed))]
    if rows.with_printed:
        own = ways if len(modes) > 1 else bare
        above += [("Table 15-22", len(ways)), ("What rules", len(ways))]
        return [*fixed, *own, *own], above
    above += [(mode.label, sum(m is mode for m, _ in rows.columns)) for mode in modes]
    return [*fixed, *bare], above


def _endnotes(out: Lines, views: Collection[CellView], notes: Notes, manual: Manual) -> None:
    """Add the footnotes, and what the short words of the table mean."""
    out.blank()
    for lines, number in notes.numbers.items():
        out.note(f"[{number}]", lines)
    out.blank()
    claims = [c for v in views for c in (*v.table, *v.effective, *phrases.questions(v))]
    claims += [c for v in views for c in phrases.products(v)]
    used = {c.behaviour for c in claims}
    seen = [o.condition for v in views for o in v.observations]
    legend = [(b.short, text) for b, text in LEGEND.items() if b in used]
    if notes.gaps:
        legend.append((".", "not selected"))
    if notes.silent:
        legend.insert(0, ("no [n]", "as Table 15-22 says, and no report on any CPU family"))
    out.fields(legend + manual.speech.legend([*(c.condition for c in claims), *seen]))


def _ending(views: Collection[CellView], manual: Manual) -> list[str]:
    pages = phrases.pages_of(" ".join(f"p.{c.page}" for v in views for c in v.table))
    table = f"Table 15-22, p.{pages}" if pages else ""
    steps = (step for v in views for step in v.chain if step.name == "access-check" and step.claims)
    first = dict.fromkeys(step.cites for step in steps)
    order = "".join(f"access checks come first: {cites}" for cites in first)
    return [manual.name, "; ".join(part for part in (table, order) if part)]
