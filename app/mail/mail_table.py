"""What is pasted into a mail of several cells: one table, shared footnotes, one address."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from app.core.assumptions import PolicyView
from app.core.cells import CellKey
from app.core.chains import ACCESS_CHECK
from app.core.facts import Claim, Register
from app.core.knowledge import Knowledge
from app.core.rulings import unprinted_claims
from app.core.views import CellView, CellViews
from app.core.words import OWN_ORDER, Access, Behaviour, Mode
from app.mail import mail_phrases as phrases
from app.mail.mail_phrases import Speech
from app.pages.policy_phrases import mark_line, policy_views
from app.pens.mail_lines import MailBlock
from app.pens.phrases import short_branches
from app.pens.place import Place

WITH_PRINTED = 2
NAME_WIDTH = 8
LEGEND = {
    Behaviour.ALLOWED: "completes in the vAPIC backing page, no #VMEXIT",
    Behaviour.ACCELERATED: "completes, and hardware acts on it, no #VMEXIT",
    Behaviour.VMEXIT_TRAP: "#VMEXIT 402h after the access",
    Behaviour.VMEXIT_FAULT: "#VMEXIT 402h before the access",
    Behaviour.VMEXIT_IPI: "#VMEXIT 401h, incomplete IPI",
    Behaviour.GP: "in the guest, no #VMEXIT",
    Behaviour.ABSENT: "does not exist",
}


@dataclass(frozen=True)
class SelectedRows:
    """The cells of a selection, their registers in order, and how they are spoken of.

    ``sentence`` says what a filter took away; ``path`` is the canonical address; ``policies``
    are spoken of in the footnotes.
    """

    subject: str
    sentence: str
    cells: CellViews
    order: tuple[str, ...]
    path: str
    policies: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[tuple[Mode, Access], ...]:
        """The modes and accesses that any of the cells has."""
        ways = {(key.mode, key.access) for key in self.cells}
        return tuple((m, a) for m in Mode for a in Access if (m, a) in ways)

    @property
    def with_printed(self) -> bool:
        """Whether the printed table has room beside what rules."""
        return len(self.columns) <= WITH_PRINTED


@dataclass
class Notes:
    """Footnotes in the order of first use; cells with the same reasons share one.

    ``silent`` once a cell had nothing to note, ``gaps`` once one was not selected.
    """

    speech: Speech
    with_table: bool = False
    policies: tuple[str, ...] = ()
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)
    silent: bool = False
    gaps: bool = False

    def ruling(self, view: CellView | None) -> str:
        """Return what rules a cell, with `` [1]`` if the table is wrong or somebody measured."""
        if view is None:
            self.gaps = True
            return "."
        words = self.words(view.effective)
        if lines := tuple(self._lines(view)):
            return f"{words} [{self.numbers.setdefault(lines, len(self.numbers) + 1)}]"
        self.silent = True
        return words

    def words(self, claims: Collection[Claim], join: str = ";\n") -> str:
        """``accel edge; trap level``: the short words of narrow columns."""
        return short_branches(claims, self.speech.knowledge.conditions, join) or "nothing"

    def _lines(self, view: CellView) -> Iterator[str]:
        knowledge = self.speech.knowledge
        claims = unprinted_claims(view.claims)
        if claims and self.with_table:
            yield f"Table 15-22 says {self.words(view.table, '; ')}"
        for claim in claims:
            yield f"{self._case(claim)}: {self.speech.cite(claim)}"
        for claim in view.open:
            yield f"open: {self._case(claim)}: {self.speech.cite(claim)}"
        for claim in phrases.products(view):
            label, place, model = phrases.product_words(claim, self.speech)
            yield f"{self._case(claim)}: {label} {place}; {model} only"
        for judgement in view.measured:
            name = knowledge.families[judgement.family].name
            for text in phrases.sightings(judgement, self.speech):
                yield f"{name}: {text}"
        for text in phrases.side_effects(view, knowledge):
            yield f"side effect, {text}"
        if view.printed.differs:
            yield view.printed.label
        for shown in policy_views(view, self.policies):
            yield from self._policy_lines(view, shown)

    def _policy_lines(self, view: CellView, shown: PolicyView) -> Iterator[str]:
        taken = f"takes an exit 402h for a {shown.takes}" if shown.reaches else ""
        does = [part for part in (shown.summary if shown.actions else "", taken) if part]
        if does:
            yield f"{shown.policy.name}: {'; '.join(does)}"
        for mark in shown.marks:
            yield f"{shown.policy.name} {mark_line(view.key, mark, self.speech.knowledge)}"

    def _case(self, claim: Claim) -> str:
        return f"{claim.behaviour.short}{self.speech.when(claim.condition, claim.bits)}"


def selection_block(rows: SelectedRows, knowledge: Knowledge, place: Place) -> str:
    """Return a selection: a row per register, a column per mode and access."""
    speech = Speech.of_table(rows.cells.values(), knowledge)
    out = MailBlock()
    out.lead(rows.subject)
    out.lead(rows.sentence)
    out.blank()
    if not rows.cells:
        out.para("No cell passes this selection.")
        out.last([speech.manual], place.pin(rows.path))
        return out.render()
    notes = Notes(speech, with_table=not rows.with_printed, policies=rows.policies)
    grid = [_row(rows, knowledge.registers[slug], notes) for slug in rows.order]
    head, spans = _head(rows)
    out.table([head, *grid], spans)
    return _ended(out, rows.cells.values(), notes, place.pin(rows.path))


def register_block(views: tuple[CellView, ...], knowledge: Knowledge, place: Place) -> str:
    """Return one register, whose cells ``views`` are: a row per mode and access."""
    register = views[0].register
    notes = Notes(Speech.of_table(views, knowledge))
    out = MailBlock()
    out.lead(register_title(register))
    out.blank()
    rows = [("Access", "Table 15-22", OWN_ORDER)]
    for view in views:
        access = phrases.mode_and_access(view.key.mode, view.key.access)
        rows.append((access, notes.words(view.table), notes.ruling(view)))
    out.table(rows)
    return _ended(out, views, notes, place.pin(f"/r/{register.slug}"))


def register_title(register: Register) -> str:
    """``LDR, Logical Destination Register: 0D0h; MSR 80Dh``."""
    offsets, msrs = ", ".join(register.offsets), ", ".join(register.msrs)
    where = "; ".join(part for part in (offsets, f"MSR {msrs}" if msrs else "") if part)
    return (
        f"{phrases.register_words(register)}: {where}"
        if where
        else phrases.register_words(register)
    )


def _row(rows: SelectedRows, register: Register, notes: Notes) -> Sequence[str]:
    keys = [CellKey(register.slug, *way) for way in rows.columns]
    views = [rows.cells.get(key) for key in keys]
    modes = {key.mode for key in keys}
    found = [register.abbreviation if register.abbreviation != "-" else register.slug[:NAME_WIDTH]]
    # Both modes fill the line: the h goes first.
    bare = "" if len(keys) > WITH_PRINTED else "h"
    for mode, spans in ((Mode.AVIC, register.offsets), (Mode.X2AVIC, register.msrs)):
        found += ["\n".join(spans).replace("h", bare) or "-"] if mode in modes else []
    if rows.with_printed:
        found += [notes.words(view.table) if view else "." for view in views]
    return [*found, *map(notes.ruling, views)]


def _head(rows: SelectedRows) -> tuple[list[str], list[tuple[str, int]]]:
    modes = list(dict.fromkeys(mode for mode, _ in rows.columns))
    fixed = ["Register"]
    fixed += ["Offset"] if Mode.AVIC in modes else []
    fixed += ["MSR"] if Mode.X2AVIC in modes else []
    ways = [phrases.mode_and_access(*column) for column in rows.columns]
    bare = [way.split()[1] for way in ways]
    above = [("", len(fixed))]
    if rows.with_printed:
        own = ways if len(modes) > 1 else bare
        above += [("Table 15-22", len(ways)), (OWN_ORDER, len(ways))]
        return [*fixed, *own, *own], above
    above += [(mode.label, sum(m is mode for m, _ in rows.columns)) for mode in modes]
    return [*fixed, *bare], above


def _ended(out: MailBlock, views: Collection[CellView], notes: Notes, url: str) -> str:
    """Return a block with its footnotes, what its short words mean, and what it cites."""
    out.blank()
    for lines, number in notes.numbers.items():
        out.note(f"[{number}]", lines)
    out.blank()
    claims = [c for v in views for c in (*v.table, *v.effective, *v.open)]
    claims += [c for v in views for c in phrases.products(v)]
    used = {c.behaviour for c in claims}
    seen = [o.condition for v in views for o in v.observations]
    legend = [(b.short, text) for b, text in LEGEND.items() if b in used]
    if notes.gaps:
        legend.append((".", "not selected"))
    if notes.silent:
        legend.insert(0, ("no [n]", "as Table 15-22 says, and no report on any CPU family"))
    out.fields(legend + notes.speech.legend([*(c.condition for c in claims), *seen]))
    pages = phrases.pages_of(" ".join(f"p.{c.page}" for v in views for c in v.table))
    checks = (step for v in views for step in v.chain(notes.speech.knowledge.conditions))
    steps = (step for step in checks if step.check is ACCESS_CHECK and step.claims)
    places = [f"Table 15-22, p.{pages}"] if pages else []
    places += dict.fromkeys(f"access checks come first: {step.check.cites}" for step in steps)
    out.last([notes.speech.manual, "; ".join(places)], url)
    return out.render()
