"""Use case: the text twin of a page by its address, for every page that holds facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from app.core import wanted
from app.core.corrected import CorrectedCell, CorrectedTable
from app.core.knowledge import Knowledge
from app.errors import NotFound
from app.pages import (
    cell_text,
    corrected_text,
    difference_text,
    explore,
    family_text,
    ledger,
    ledger_text,
    measured,
    measurement_text,
    policies,
    policy_text,
    register_text,
    table_text,
    wanted_text,
)
from app.pens.place import Place
from app.store.snapshots import Snapshot

PIN = "at"


@dataclass(frozen=True)
class Twin:
    """A page of one snapshot: its canonical address, and what writes its text."""

    path: str
    write: Callable[[Place], str]


def twin(snapshot: Snapshot, address: str) -> Twin:
    """Return the page that an address names. Raises NotFound or InvalidFilter."""
    path, _, query = address.partition("?")
    asked = Asked(snapshot, tuple(p for p in parse_qsl(query, keep_blank_values=True)
                                  if p[0] != PIN))  # fmt: skip
    match path.strip("/").split("/"):
        case [""]:
            return _table(asked)
        case ["r", name, mode, access]:
            return _cell(asked, name, mode.lower(), access.lower())
        case [one] if one in LISTS:
            return LISTS[one](asked)
        case [kind, name] if kind in _SINGLES:
            return _SINGLES[kind](asked, name)
    raise NotFound(f"There is no page {address!r} whose versions can be compared.")


@dataclass(frozen=True)
class Asked:
    """A query on a snapshot, without its pin."""

    snapshot: Snapshot
    pairs: tuple[tuple[str, str], ...]

    @property
    def knowledge(self) -> Knowledge:
        """What is known."""
        return self.snapshot.knowledge

    @property
    def apm(self) -> str:
        """The revision of the manual that is asked for, empty for the newest one."""
        return explore.read_apm(self.snapshot, self.pairs)

    def under_apm(self, path: str) -> str:
        """Return a path with the revision of the manual that is asked for."""
        return f"{path}?apm={self.apm}" if self.apm else path


def _table(asked: Asked) -> Twin:
    view = explore.table(asked.snapshot, explore.read_filter(asked.snapshot, asked.pairs))
    shown = explore.shown(view)
    return Twin(view.path, lambda place: table_text.table_text(shown, asked.knowledge, place))


def _cell(asked: Asked, name: str, mode: str, access: str) -> Twin:
    register = explore.find_register(asked.snapshot, name).register
    view = explore.find_cell(asked.snapshot, register, mode, access, asked.apm)
    edition = explore.stated(asked.snapshot, asked.apm)
    return Twin(
        asked.under_apm(view.key.url),
        lambda place: cell_text.cell_text(view, asked.knowledge, place, edition),
    )


def _register(asked: Asked, name: str) -> Twin:
    register = explore.find_register(asked.snapshot, name).register
    cells = explore.register_cells(asked.snapshot, register, asked.apm)
    notes = explore.register_annotations(asked.snapshot, register)
    edition = explore.stated(asked.snapshot, asked.apm)
    return Twin(
        asked.under_apm(f"/r/{register.slug}"),
        lambda place: register_text.register_text(
            register, cells, notes, asked.knowledge, place, edition=edition
        ),
    )


def _corrected_table(asked: Asked) -> Twin:
    table = _without_numbers(explore.corrected(asked.snapshot, asked.apm))
    edition = explore.stated(asked.snapshot, asked.apm)

    def write(place: Place) -> str:
        text = corrected_text.corrected_text(table, asked.knowledge, place, edition)
        return text.replace("[0]", "[*]")

    return Twin(asked.under_apm("/corrected"), write)


def _coverage(asked: Asked) -> Twin:
    cells = asked.snapshot.cells
    return Twin("/c", lambda place: family_text.coverage_text(cells, asked.knowledge, place))


def _family(asked: Asked, slug: str) -> Twin:
    family, cells = explore.find_family(asked.snapshot, slug), asked.snapshot.cells
    return Twin(
        f"/c/{family.slug}",
        lambda place: family_text.family_text(family, cells, asked.knowledge, place),
    )


def _ledger(asked: Asked) -> Twin:
    wanted = ledger.read_filter(asked.snapshot, asked.pairs)
    view = ledger.view(asked.snapshot, wanted)
    query = wanted.query()
    return Twin(
        f"/d?{query}" if query else "/d",
        lambda place: difference_text.differences_text(view, asked.knowledge, place),
    )


def _difference(asked: Asked, number: str) -> Twin:
    found = explore.find_difference(asked.snapshot, number)
    entry = ledger.entry(asked.snapshot, found)
    return Twin(
        f"/d/{found.slug}",
        lambda place: difference_text.difference_text(entry, asked.knowledge, place),
    )


def _errata(asked: Asked) -> Twin:
    return Twin("/errata", lambda place: ledger_text.errata_text(asked.knowledge, place))


def _erratum(asked: Asked, slug: str) -> Twin:
    found = explore.find_erratum(asked.snapshot, slug)
    return Twin(
        f"/errata/{found.slug}",
        lambda place: ledger_text.erratum_text(found, asked.knowledge, place),
    )


def _sources(asked: Asked, slug: str) -> Twin:
    if slug != "sources":
        raise NotFound(f"/docs/{slug} is no page of data.", hints=("/docs/sources",))
    notes = explore.table_annotations(asked.snapshot)
    return Twin(
        "/docs/sources", lambda place: ledger_text.sources_text(asked.knowledge, notes, place)
    )


def _wanted(asked: Asked) -> Twin:
    families = wanted.read_families(asked.pairs, asked.knowledge.families)
    wants = wanted.list_wants(asked.knowledge, asked.snapshot.cells, families)
    return Twin(
        wanted_text.path_of(families),
        lambda place: wanted_text.wanted_text(wants, families, asked.knowledge, place),
    )


def _measurements(asked: Asked) -> Twin:
    listed = measured.list_measurements(asked.snapshot, asked.pairs)
    return Twin(
        f"/m?{listed.query}" if listed.query else "/m",
        lambda place: measurement_text.list_text(
            listed.found, listed.sentence, listed.total, asked.knowledge, place
        ),
    )


def _measurement(asked: Asked, slug: str) -> Twin:
    found = measured.find_measurement(asked.snapshot, slug)
    rows = measured.rows_of(asked.snapshot, found)
    effects = measured.effects_of(asked.snapshot, found)
    return Twin(
        f"/m/{found.slug}",
        lambda place: measurement_text.measurement_text(
            found, rows, effects, asked.knowledge, place
        ),
    )


def _policies(asked: Asked) -> Twin:
    tables = policies.every_policy(asked.snapshot)
    return Twin("/policy", lambda place: policy_text.policies_text(tables, asked.knowledge, place))


def _policy(asked: Asked, slug: str) -> Twin:
    table = policies.policy_view(asked.snapshot, slug)
    return Twin(table.path, lambda place: policy_text.policy_text(table, asked.knowledge, place))


LISTS: Mapping[str, Callable[[Asked], Twin]] = {
    "corrected": _corrected_table,
    "c": _coverage,
    "d": _ledger,
    "errata": _errata,
    "wanted": _wanted,
    "m": _measurements,
    "policy": _policies,
}
_SINGLES: Mapping[str, Callable[[Asked, str], Twin]] = {
    "r": _register,
    "c": _family,
    "d": _difference,
    "errata": _erratum,
    "docs": _sources,
    "m": _measurement,
    "policy": _policy,
}


def _without_numbers(table: CorrectedTable) -> CorrectedTable:
    """Return the corrected table without the numbers of its footnotes.

    One footnote more gives every later one another number, which changes nothing.
    """
    rows = tuple(
        replace(row, cells={at: _unnumbered(cell) for at, cell in row.cells.items()})
        for row in table.rows
    )
    return replace(table, rows=rows, footnotes=tuple(replace(n, number=0) for n in table.footnotes))


def _unnumbered(cell: CorrectedCell) -> CorrectedCell:
    return replace(cell, notes=tuple(0 for _ in cell.notes))
