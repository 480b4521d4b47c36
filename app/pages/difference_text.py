"""The ledger and its differences as sheets, and the words that all their formats share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.cells import CellKey
from app.core.citations import address_of, cite_source, commit_form
from app.core.facts import Difference, Event, Source
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, cells_by_column, revision_of, said_in
from app.core.ledger_filter import UNFILED as UNFILED_STATE
from app.core.ledger_filter import LedgerView
from app.core.numbers import count_noun
from app.core.words import DifferenceState, SourceKind
from app.pages.listing import families_line, list_cells, list_errata
from app.pens import phrases
from app.pens.lines import CELLS_AT, Line, Linked, Pieces, Sourced, Styled, full_address, join_lines
from app.pens.parts import (
    Fetched,
    Field,
    Included,
    Item,
    Para,
    Passage,
    Record,
    Section,
    Sheet,
    Together,
)
from app.pens.plain import line_text

WIDTH = 12
TITLE = "Differences of Table 15-22 from the rest of the manual and from silicon"
LEAD = (
    "Every disagreement of Table 15-22 with the rest of the manual or with silicon, numbered so "
    "that it can be cited. A number is never used again: what was taken back stays, marked as "
    "retracted, with the reason."
)
NONE_PASSES = "No difference passes this filter."
UNFILED = (
    "Cells whose rules or verdicts disagree with Table 15-22, and that no difference covers. They "
    "have no number yet; `vapic difference draft` begins an entry."
)
NONE_HERE = "None here."
NONE_UNFILED = "None: every cell that disagrees is covered by a difference that stands."
ON_ITS_CELLS = (
    "A cell may have other differences too: a verdict is about the cell, not always about this one."
)


def reached_words(difference: Difference, knowledge: Knowledge) -> str:
    """``seen 2022-07-25, stated elsewhere 2026-03 (24593 rev 3.44)``: states, first dates."""
    reached = ((event, revision_of(event, knowledge)) for event in difference.reached)
    return ", ".join(
        f"{e.state.label} {e.date}{f' ({where})' if where else ''}" for e, where in reached
    )


def event_words(event: Event, knowledge: Knowledge) -> str:
    """``stated elsewhere in the manual, 24593 rev 3.44``; other states alone."""
    return _state_words(event.state, [said_in(event, knowledge)])


def _state_words(state: DifferenceState, places: Iterable[str]) -> str:
    where = " and in ".join(dict.fromkeys(filter(None, places)))
    return f"{state.label} in {where}" if where else state.label


def evidence_words(entry: LedgerEntry) -> str:
    """``1 report, observed; 2 measurements on its cells, 1 machine``."""
    grades = dict.fromkeys(str(seen.evidence) for seen in entry.named)
    parts = (
        [count_noun(entry.reports, "report") + ", " + " and ".join(grades)] if entry.named else []
    )
    if entry.measured:
        parts.append(
            f"{entry.at_least}{count_noun(entry.measurements, 'measurement')} on its cells"
        )
    text = "; ".join(parts) or "no report"
    machines = f"{entry.at_least}{count_noun(entry.machines, 'machine')}"
    return f"{text}, {machines}" if entry.machines else text


def cells_line(keys: Iterable[CellKey], knowledge: Knowledge) -> Pieces:
    """``x2AVIC write: ID, LDR; x2AVIC read: EOI``: names that make addresses."""
    label = {slug: register.label for slug, register in knowledge.registers.items()}
    columns = (
        (
            f"{mode.label} {access}: ",
            *join_lines((Linked(label[key.register], key.url),) for key in found),
        )
        for (mode, access), found in cells_by_column(keys).items()
    )
    return join_lines(columns, "; ")


def _title(d: Difference) -> Pieces:
    """A title; struck out once the difference was taken back."""
    return (Styled(d.title, "", "del", f"[retracted] {d.title}") if d.retraction else d.title,)


def _facts(entry: LedgerEntry, knowledge: Knowledge) -> dict[str, Line]:
    """Return the labels of an entry in the list and on its page, with what stands behind them."""
    d = entry.difference
    state = _state_words(d.state, (said_in(e, knowledge) for e in d.life if e.state is d.state))
    return {
        "retracted": _retracted(d.retraction),
        # The furthest that its life has come to.
        "state": (Styled(state, f"tag state-{d.state}"),),
        "reached": reached_words(d, knowledge),
        "table says": d.table_says,
        "instead": d.instead,
        "families": families_line(d.families, knowledge),
        "evidence": evidence_words(entry),
    }


def _retracted(event: Event | None) -> Line:
    """``2026-11-26: No disagreement ... [apm-3.44]``: when, why, and what that rests on."""
    return (f"{event.date}: {event.text} ", Sourced(event.sources)) if event else ""


def ledger_sheet(view: LedgerView, knowledge: Knowledge) -> Sheet:
    """Return the ledger under a filter: every disagreement with its life in one line."""
    counted = [
        (Linked(f"{number} {state}", narrowed.at("/d")),)
        for state, number, narrowed in view.counts
        if number
    ]
    results = [
        Para(view.sentence, "sentence"),
        Included("differences/_chips.html"),
        Para(("The whole ledger: ", *join_lines(counted), ".")),
    ]
    if not view.entries and view.wanted["state"] != (UNFILED_STATE,):
        results.append(Para(NONE_PASSES, "empty"))
    results += [_row(entry, knowledge) for entry in view.entries]
    if view.asks_for_unfiled:
        results.append(Section("Unfiled", "unfiled").holding(*_unfiled(view, knowledge)))
    meaning = Linked("the life of a difference", "/docs/ledger", told=True)
    return Sheet(TITLE, view.path).holding(
        Para(LEAD, "lead"),
        Para(("What the states mean: ", meaning)),
        Para(CELLS_AT, only="text"),
        Included("differences/_filters.html"),
        Together("results").holding(*results),
    )


def _row(entry: LedgerEntry, knowledge: Knowledge) -> Record:
    d = entry.difference
    row = Record((f"{d.label} ", *_title(d)), id=f"d-{d.number}", href=d.path, width=WIDTH)
    return row.holding(*_row_fields(entry, knowledge))


def _row_fields(entry: LedgerEntry, knowledge: Knowledge) -> Iterator[Passage]:
    for label, line in _facts(entry, knowledge).items():
        if label == "families":
            yield Field("cells", cells_line(entry.keys, knowledge), WIDTH)
        if label != "state" or not entry.difference.retraction:
            yield Field(label, line, WIDTH)
    if entry.threads:
        dates = list(dict.fromkeys(s.date for s in entry.threads if s.date))
        span = f", {' to '.join(dates[:: len(dates) - 1 or 1])}" if dates else ""
        yield Field("threads", f"{count_noun(len(entry.threads), 'mail')}{span}", WIDTH)
    for thread in entry.threads:
        address = _address(thread)
        sent = Linked(thread.date or "undated", address)
        yield Field("mail", (sent, f" {thread.author}"), WIDTH)
        yield Fetched(address, _ours(thread), only="text")
    for commit in entry.commits:
        form = commit_form(commit).removeprefix("commit ")
        yield Field("commit", (Linked(form, _address(commit)),), WIDTH)


def _unfiled(view: LedgerView, knowledge: Knowledge) -> Iterator[Passage]:
    """Yield the disagreements that no entry covers."""
    if not view.unfiled:
        yield Para(NONE_HERE if view.wanted.active else NONE_UNFILED)
        return
    yield Para(UNFILED)
    for group in view.unfiled:
        seen = (
            Field(
                families_line((one.family,), knowledge),
                (one.verdict, ": ", *join_lines((behaviour,) for behaviour in one.behaviours)),
            )
            for one in group.seen
        )
        beside = (
            (Linked(d.label, d.path), " for ", *families_line(d.families, knowledge))
            for d in group.beside
            if d.families
        )
        yield Record(cells_line(group.keys, knowledge), mark="- ", level=3).holding(
            Field("table says", phrases.branch_line(group.table), WIDTH),
            Field("rules", phrases.branch_line(group.rules), WIDTH),
            *seen,
            Field("beside", join_lines(beside, "; "), WIDTH),
            *(Para((full_address(key.url),), only="text") for key in group.keys),
        )


def difference_sheet(entry: LedgerEntry, knowledge: Knowledge) -> Sheet:
    """Return one difference with its life and everything behind it."""
    d = entry.difference
    title = (f"{d.label}: ", *_title(d))
    apart = (SourceKind.MAIL, SourceKind.COMMIT)
    return Sheet(
        line_text(title), d.path, up=(Linked("Differences", "/d"), d.label), shown=title
    ).holding(
        *(Field(label.capitalize(), line) for label, line in _facts(entry, knowledge).items()),
        Included("macros/paste.html"),
        Para(d.text, "prose-width"),
        Para(d.inference and f"Inference: {d.inference}", "inference"),
        Section("Life").holding(_event(event, knowledge) for event in d.life),
        list_cells(entry.keys, knowledge),
        *_evidence(entry, knowledge),
        Section("Errata and quirks").holding(
            *list_errata(knowledge.errata[slug] for slug in d.errata),
        ),
        _listed("List threads", entry.threads),
        _listed("Commits", entry.commits),
        _listed("Other sources", (s for s in entry.sources if s.kind not in apart)),
    )


def _event(event: Event, knowledge: Knowledge) -> Field:
    state = Styled(event_words(event, knowledge), f"tag state-{event.state}")
    return Field(event.date, (state, f": {event.text} ", Sourced(event.sources)), width=12)


def _evidence(entry: LedgerEntry, knowledge: Knowledge) -> Iterator[Section]:
    reports = Section("Reports that it rests on")
    for seen in entry.named:
        told = f", {seen.graded}: {seen.text} CPU: {seen.cpu}. {seen.reported}. "
        reports.holding(Item((seen.outcome, told, Sourced(seen.sources))))
    yield reports
    verdicts = []
    for key, judgement in entry.judged:
        family = knowledge.families[judgement.family].name
        where = (Linked(knowledge.name_of(key), key.url), f" on {family}: ")
        said = (*phrases.verdict_line(judgement), " ", Sourced(judgement.sources))
        verdicts.append(Item((*where, *said)))
    if verdicts:
        yield Section("Verdicts on its cells").holding(Para(ON_ITS_CELLS), *verdicts)


def _listed(title: str, sources: Iterable[Source]) -> Section:
    return Section(title).holding(
        Item((Sourced((source.id,)), f" {_cited(source)}")).holding(
            Fetched(_address(source), _ours(source))
        )
        for source in sources
    )


def _cited(source: Source) -> str:
    if source.kind is not SourceKind.COMMIT:
        return cite_source(source)
    parts = (commit_form(source), source.author, source.date, source.read.label)
    return ", ".join(part for part in parts if part)


def _address(source: Source) -> str:
    """Return where a source is read: our own list, where no address is known."""
    return address_of(source) or _ours(source)


def _ours(source: Source) -> str:
    return f"/docs/sources#{source.id}"
