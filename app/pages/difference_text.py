"""The ledger and its differences as text, and the words that all their formats share."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.citations import address_of, cite_source, commit_form
from app.core.facts import Difference, Event, Source
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, Unfiled, columns_of, document_of, documented_in
from app.core.ledger_filter import UNFILED as UNFILED_STATE
from app.core.ledger_filter import LedgerView
from app.core.rulings import Branch
from app.core.words import DifferenceState, SourceKind
from app.pens import leads, phrases
from app.pens.place import Place, head
from app.pens.plain import COLUMNS, Plain

WIDTH = 12
TITLE = "Differences: where Table 15-22 and the truth disagree"
NONE_PASSES = "No difference passes this filter."
UNFILED = (
    "Cells whose rules or verdicts disagree with Table 15-22, and that no difference covers. They "
    "have no number yet; `vapic difference draft` begins an entry."
)
ON_ITS_CELLS = (
    "A cell may have other differences too: a verdict is about the cell, not always about this one."
)


def state_words(difference: Difference, knowledge: Knowledge) -> str:
    """``documented in 24593 rev 3.44``: the furthest that its life has come to."""
    revisions = documented_in(difference, knowledge)
    if difference.state is DifferenceState.DOCUMENTED and revisions:
        return f"documented in {' and '.join(revisions)}"
    return str(difference.state)


def reached_words(difference: Difference, knowledge: Knowledge) -> str:
    """``seen 2022-07-25, documented 2026-03 (24593 rev 3.44)``: every state with its first date."""
    return ", ".join(f"{e.state} {e.date}{_where(e, knowledge)}" for e in difference.reached)


def _where(event: Event, knowledge: Knowledge) -> str:
    document = document_of(event, knowledge)
    return f" ({document.number} rev {event.revision})" if document else ""


def event_words(event: Event, knowledge: Knowledge) -> str:
    """``documented in 24593 rev 3.44``; other states alone."""
    document = document_of(event, knowledge)
    if event.state is DifferenceState.DOCUMENTED and document:
        return f"documented in {document.number} rev {event.revision}"
    return str(event.state)


def evidence_words(entry: LedgerEntry) -> str:
    """``1 report, observed; 2 measurements on its cells, 1 machine``."""
    grades = dict.fromkeys(str(seen.evidence) for seen in entry.named)
    parts = [_count(entry.reports, "report") + ", " + " and ".join(grades)] if entry.named else []
    if entry.measured:
        parts.append(f"{_count(entry.measurements, 'measurement')} on its cells")
    text = "; ".join(parts) or "no report"
    return f"{text}, {_count(entry.machines, 'machine')}" if entry.machines else text


def cells_words(keys: Iterable[CellKey]) -> str:
    """``x2avic write: id, ldr; x2avic read: eoi``: slugs that make addresses."""
    return "; ".join(
        f"{mode} {access}: {', '.join(key.register for key in found)}"
        for (mode, access), found in columns_of(keys).items()
    )


def branch_words(branches: Iterable[Branch]) -> str:
    """``gp [reserved-bits] | vmexit-trap``: behaviours with their conditions."""
    words = (f"{word} [{when}]" if when else str(word) for word, when in branches)
    return " | ".join(words) or "nothing"


def beside_words(group: Unfiled, knowledge: Knowledge) -> str:
    """``D-1 for Zen 4``: which entries name the same cells, for other families."""
    return "; ".join(
        f"D-{d.number} for {', '.join(knowledge.families[f].name for f in d.families)}"
        for d in group.beside
        if d.families
    )


def differences_text(view: LedgerView, knowledge: Knowledge, place: Place) -> str:
    """Return the ledger under a filter: every disagreement with its life in one line."""
    out = Plain()
    out.title(TITLE)
    head(out, place, view.path)
    out.blank()
    out.para(leads.DIFFERENCES)
    out.para(f"What the states mean: {place.site}/docs/ledger")
    out.para(leads.cells_at(place.site))
    out.blank()
    out.para(view.sentence)
    counted = (f"{number} {state}" for state, number, _ in view.counts if number)
    out.para(f"The whole ledger: {', '.join(counted)}.")
    if not view.entries and view.wanted["state"] != (UNFILED_STATE,):
        out.para(NONE_PASSES)
    for entry in view.entries:
        _row(out, entry, knowledge, place)
    if view.asks_for_unfiled:
        active = view.wanted.active
        unfiled_part(out, view.unfiled, knowledge, place, none=no_unfiled(active))
    return out.render()


def _row(out: Plain, entry: LedgerEntry, knowledge: Knowledge, place: Place) -> None:
    d = entry.difference
    out.blank()
    out.para(f"D-{d.number} {'[retracted] ' if d.retraction else ''}{d.title}", 0, 4)
    if d.retraction:
        _field(out, "retracted", _retracted(d.retraction))
    else:
        _field(out, "state", state_words(d, knowledge))
    _field(out, "reached", reached_words(d, knowledge))
    _field(out, "table says", d.table_says)
    _field(out, "instead", d.instead)
    _field(out, "cells", cells_words(entry.keys))
    _field(out, "families", ", ".join(knowledge.families[f].name for f in d.families))
    _field(out, "evidence", evidence_words(entry))
    if entry.threads:
        dates = list(dict.fromkeys(s.date for s in entry.threads if s.date))
        told = f", {' to '.join(dates[:: len(dates) - 1 or 1])}" if dates else ""
        _field(out, "threads", f"{_count(len(entry.threads), 'mail')}{told}")
    for thread in entry.threads:
        _field(out, "mail", f"{thread.date or 'undated'} {thread.author}")
        _link(out, thread, place)
    for commit in entry.commits:
        _field(out, "commit", commit_form(commit).removeprefix("commit "))
    _field(out, "URL", f"{place.site}/d/{d.number}")


def no_unfiled(filtered: bool) -> str:  # noqa: FBT001 - a template passes what it has
    """Return what is said where no disagreement is without a number."""
    if filtered:
        return "None here."
    return "None: every cell that disagrees is covered by a difference that stands."


def unfiled_part(
    out: Plain, groups: tuple[Unfiled, ...], knowledge: Knowledge, place: Place, none: str = ""
) -> None:
    """Add the disagreements that no entry covers; ``none`` is said where there is none."""
    out.heading("Unfiled")
    out.para(UNFILED if groups else none or no_unfiled(False))
    for group in groups:
        out.blank()
        out.item(cells_words(group.keys))
        _field(out, "table says", branch_words(group.table))
        _field(out, "rules", branch_words(group.rules))
        for seen in group.seen:
            words = f"{seen.verdict}: {', '.join(seen.behaviours)}"
            out.field(knowledge.families[seen.family].name, words, width=WIDTH + 4, indent=2)
        _field(out, "beside", beside_words(group, knowledge))
        for key in group.keys:
            out.para(f"{place.site}{key.url}", 2)


def difference_text(entry: LedgerEntry, knowledge: Knowledge, place: Place) -> str:
    """Return one difference with its life and everything behind it."""
    d = entry.difference
    out = Plain()
    out.title(f"D-{d.number}: {'[retracted] ' if d.retraction else ''}{d.title}")
    head(out, place, f"/d/{d.number}")
    if d.retraction:
        out.field("Retracted", _retracted(d.retraction))
    out.field("State", state_words(d, knowledge))
    out.field("Reached", reached_words(d, knowledge))
    out.field("Table says", d.table_says)
    out.field("Instead", d.instead)
    out.field("Families", ", ".join(knowledge.families[f].name for f in d.families))
    out.field("Evidence", evidence_words(entry))
    out.blank()
    out.para(d.text)
    if d.inference:
        out.blank()
        out.para(f"Inference: {d.inference}")
    out.heading("Life")
    for event in d.life:
        told = f"{event_words(event, knowledge)}: {event.text} [{', '.join(event.sources)}]"
        out.field(event.date, told, width=12)
    out.heading("Cells")
    for key in entry.keys:
        out.item(f"{place.site}{key.url}")
    _evidence(out, entry, knowledge)
    if d.errata:
        out.heading("Errata and quirks")
        for slug in d.errata:
            out.item(f"{knowledge.errata[slug].title}: {place.site}/errata/{slug}")
    _listed(out, "List threads", entry.threads, place)
    _listed(out, "Commits", entry.commits, place)
    _listed(out, "Other sources", others(entry), place)
    return out.render()


def _evidence(out: Plain, entry: LedgerEntry, knowledge: Knowledge) -> None:
    if entry.named:
        out.heading("Reports that it rests on")
    for seen in entry.named:
        told = f"{seen.outcome}, {phrases.grade(seen)}: {seen.text}"
        behind = f"CPU: {seen.cpu}. {phrases.reported(seen)}."
        out.item(f"{told} {behind} [{', '.join(seen.sources)}]")
    if entry.judged:
        out.heading("Verdicts on its cells")
        out.para(ON_ITS_CELLS)
    for key, judgement in entry.judged:
        seen_words = ", ".join(judgement.behaviours) or "nothing unmasked"
        family = knowledge.families[judgement.family].name
        counted = phrases.evidence(judgement)
        behind = f"{counted} [{', '.join(judgement.sources)}]"
        out.item(f"{key}, {family}: {judgement.verdict}: {seen_words}; {behind}")


def others(entry: LedgerEntry) -> tuple[Source, ...]:
    """Return the sources of an entry that are neither mails nor commits."""
    apart = (SourceKind.MAIL, SourceKind.COMMIT)
    return tuple(source for source in entry.sources if source.kind not in apart)


def _listed(out: Plain, title: str, sources: Iterable[Source], place: Place) -> None:
    listed = tuple(sources)
    if not listed:
        return
    out.heading(title)
    for source in listed:
        out.item(f"[{source.id}] {_cited(source)}")
        _link(out, source, place)


def _cited(source: Source) -> str:
    if source.kind is not SourceKind.COMMIT:
        return cite_source(source)
    parts = (commit_form(source), source.author, source.date, source.read.label)
    return ", ".join(part for part in parts if part)


def _link(out: Plain, source: Source, place: Place) -> None:
    """Add where a source is read; our own list where its address is too long for a line."""
    address = place.absolute(address_of(source))
    if not address or len(address) > COLUMNS:
        address = f"{place.site}/docs/sources#{source.id}"
    out.address(address)


def _field(out: Plain, label: str, value: str) -> None:
    out.field(label, value, width=WIDTH, indent=2)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _retracted(event: Event) -> str:
    """``2026-11-26: No disagreement ... [apm-3.44]``: when, why, and what that rests on."""
    return f"{event.date}: {event.text} [{', '.join(event.sources)}]"
