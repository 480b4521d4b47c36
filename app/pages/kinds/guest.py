"""What a guest sees with and without interception: silicon, the emulation, whether they agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from app.core.cells import access_method
from app.core.guest import Half
from app.core.guest_words import Sameness, Sees
from app.core.hypervisors import Version, name_versions
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.words import Mode
from app.pages import guest_text
from app.pages.guest_view import Figures, GuestLine, GuestView, guest_view
from app.pages.kinds.kind import Address, PageKind
from app.pens.lines import CELLS_AT, Line, Linked, Piece, Pieces, Styled, full_address, join_lines
from app.pens.page import Page
from app.pens.parts import Field, Included, Para, Passage, Section, Sheet, Tabular
from app.pens.place import PIN
from app.pens.plain import line_text
from app.pens.tables import Table

TITLE = "What the guest sees, with and without interception"
LEAD = (
    "Let through, silicon answers: as it was seen to, else as the manual's own order gives. "
    "Intercepted, the hypervisor's emulated local APIC answers, as it was measured. Values that "
    "are read are not compared."
)
NOBODY = "Nobody has measured an emulation yet, so that it is not known of any cell."
# Of the columns in text, without and with columns for versions, of which there are two at most.
WIDTHS, NARROW, WIDTH = (10, 14, 20, 18, 9), (8, 10, 12, 12, 9), 9
SAME, DIFFERS, NOT_KNOWN = Sameness.SAME, Sameness.DIFFERS, Sameness.NOT_KNOWN


class GuestPage(PageKind):
    """What a guest sees of each cell; the query is a filter."""

    pattern = "/guest"
    promise = "what a guest sees with and without interception; the filter is the query"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return what a guest sees under a filter. Raises InvalidFilter."""
        view, knowledge = guest_view(asked.snapshot, asked.pairs), asked.knowledge
        return Page.of(
            guest_sheet(view, knowledge, asked.snapshot.name),
            view={"view": view, "chips": view.vocabulary.chips(view.wanted)},
            table=lambda place: _table(view, place.site),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "answer": [line_text(said).strip() for said in guest_headline(view, knowledge)],
                "pinned": place.pin(view.path),
                "family": view.family,
                "figures": {
                    str(figures.mode): {str(same): n for same, n in figures.cells.items()}
                    for figures in view.figures
                },
                "cases": [
                    guest_text.case_data(case, place.site)
                    for line in view.lines
                    for case in line.cases
                ],
            },
        )


def _table(view: GuestView, site: str) -> Table:
    rows = (guest_text.case_rows(line, view.family, site) for line in view.lines)
    return Table(guest_text.COLUMNS, tuple(chain.from_iterable(rows)))


def guest_sheet(view: GuestView, knowledge: Knowledge, version: str) -> Sheet:
    """Return what a guest sees under a filter, at a data version, as a page."""
    cite = f"{view.path}&{PIN}={version}"
    asked = bool(view.wanted["cell"])
    headline = guest_headline(view, knowledge)
    # Of many cases none is the headline.
    first = "also" if asked and len(headline) > 1 else "sentence"
    return Sheet(TITLE, view.path).holding(
        Para(headline[0], first, above=asked),
        *(Para(said, "also", above=asked) for said in headline[1:]),
        Para(LEAD, "lead"),
        Included("guest/_filters.html"),
        Field("Shown", view.sentence if view.wanted.chosen and not asked else ""),
        Field("To cite", (full_address(cite),) if asked else ""),
        *(_cells(view, knowledge) if asked else _tables(view, knowledge)),
        Para("" if asked else CELLS_AT, only="text", above=True),
        Para("" if view.lines else "No cell passes this filter.", "empty"),
    )


def guest_headline(view: GuestView, knowledge: Knowledge) -> tuple[Pieces, ...]:
    """Answer in figures whether it is the same, and say what of that is not known: by mode.

    Of cells that are asked for by name, the answer is theirs: a paragraph a case.
    """
    if not any(version.apic for version in view.versions):
        return ((NOBODY,),)
    on = f" on {knowledge.families[view.family].name}" if view.family else ""
    if view.wanted["cell"]:
        return tuple(_answers(view, on, knowledge))
    names = name_versions(version for version in view.versions if version.apic)
    asked = f"Is it the same to a guest{on} with and without interception, by {names}?"
    first, *others = (tuple(_counted(view, found)) for found in view.figures if found.total)
    return ((asked, " ", *first), *others)


def _counted(view: GuestView, found: Figures) -> Iterator[Piece]:
    """Yield the figures of a mode, each with what it counts at its link."""

    def linked(word: Sameness) -> Linked:
        wanted = view.wanted.only("family", "hypervisor").but(
            mode=(str(found.mode),), only=(str(word),)
        )
        return Linked(str(found.cells[word]), wanted.at("/guest"))

    avic = "Under AVIC there is no MSR to intercept, but it may be on or off: yes for "
    yield avic if found.mode is Mode.AVIC else "Yes for "
    yield f"{found.cells[SAME]} of {found.total} {found.mode.label} cells in every case, no for "
    yield from (linked(DIFFERS), " in some case, not known for ", linked(NOT_KNOWN))
    yield " in some case. "
    grouped = f" ({found.grouped} as a group)" if found.grouped else ""
    yield (
        f"Somebody ran {found.ran} of them{grouped} on silicon, {found.seen} of those that "
        "differ; what the others do there is only said, above all by the manual."
    )


def _answers(view: GuestView, on: str, knowledge: Knowledge) -> Iterator[Pieces]:
    """Yield both halves of each case that is asked for, and whether they are the same."""
    for lines in _by_cell(view):
        key = lines[0].cell.key
        name, told = f"{lines[0].cell.register.label} {key.mode.label} {key.access}{on}: ", ""
        for line in lines:
            when = ", ".join(guest_text.condition_tags(line, knowledge.conditions))
            begins = {"": "", guest_text.OTHERWISE: "Otherwise: "}.get(when, f"When {when}: ")
            yield (f"{name}{begins}{guest_text.halves_line(line, told)}.",)
            # The versions of all cases are the same, and named once.
            name, told = "", name_versions(half.version for half in line.case.halves)


def _cells(view: GuestView, knowledge: Knowledge) -> Iterator[Passage]:
    """Yield both halves of each cell, in full."""
    for lines in _by_cell(view):
        key = lines[0].cell.key
        heading = f"{lines[0].cell.register.label} {key.mode.label} {key.access}"
        yield Section(f"{heading} ({lines[0].cell.where})").holding(
            Field("Cell", (full_address(key.url),)),
            *guest_text.both_halves(lines, knowledge, view.family),
        )


def _by_cell(view: GuestView) -> list[list[GuestLine]]:
    found: dict[object, list[GuestLine]] = {}
    for line in view.lines:
        found.setdefault(line.cell.key, []).append(line)
    return list(found.values())


def _tables(view: GuestView, knowledge: Knowledge) -> Iterator[Passage]:
    shown = view.versions if view.wanted["hypervisor"] else ()
    widths = (*NARROW, *[WIDTH] * len(shown)) if shown else WIDTHS
    conditions = knowledge.conditions
    silicon = f"Silicon, {knowledge.families[view.family].name}" if view.family else "Silicon"
    heads = ("Register", "When", silicon, "Emulated", "Same?", *(v.short for v in shown))
    for (mode, access), lines in view.groups.items():
        rows = [_row(line, conditions, versions=bool(shown)) for line in lines]
        yield Section(f"{mode.label} {access} ({access_method(mode, access)})").holding(
            Tabular(f"{mode.label} {access}", [heads], rows, widths, "guest")
        )


def _row(line: GuestLine, conditions: Conditions, *, versions: bool) -> tuple[Line, ...]:
    case = line.case
    under = (_under(half) for half in case.halves) if versions else ()
    return (
        (Linked(line.cell.register.label, f"{line.cell.key.url}#guest"),),
        # Text has a line for each.
        join_lines(
            ((tag,) for tag in guest_text.condition_tags(line, conditions)),
            Styled(", ", told=",\n"),
        ),
        (
            *guest_text.narrow_sees(case.silicon.sees, "not known"),
            *(
                piece
                for word in ", ".join(guest_text.silicon_grades(line)).split(", ")
                for piece in (", ", Styled(word, "fine"))
            ),
        ),
        _emulated(case.halves),
        (Styled(case.same.label, f"same-{case.same}"),),
        *under,
    )


def _emulated(halves: tuple[Half, ...]) -> Line:
    """Return what the emulations showed: once, where all showed the same."""
    found: dict[tuple[Sees, ...], list[Version]] = {}
    for half in halves:
        found.setdefault(half.sees, []).append(half.version)
    said = {sees: guest_text.narrow_sees(sees, "not measured") for sees in found}
    if len(found) == 1:
        return said[halves[0].sees]
    each = (
        (*said[sees], ": ", Styled(name_versions(mine), "fine")) for sees, mine in found.items()
    )
    return join_lines(each, "; ")


def _under(half: Half) -> Line:
    """Return what the guest sees under one version, and who answers."""
    if not half.guest:
        return "not known"
    who = f"{half.who.short}, inferred" if half.inferred else half.who.short
    return (*guest_text.narrow_sees(half.guest, ""), " ", Styled(who, "fine"))


KINDS: tuple[PageKind, ...] = (GuestPage(),)
