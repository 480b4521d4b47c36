"""What a guest sees under a filter: the cells by their cases, and the figures of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from app.core import filtering
from app.core.cells import CellKey
from app.core.filtering import Control, Filter, Key
from app.core.guest import Case, Viewpoint
from app.core.guest_words import Sameness
from app.core.hypervisors import Version, versions_of
from app.core.knowledge import Knowledge
from app.core.names import resolve
from app.core.views import CellView
from app.core.words import Access, Evidence, Mode, Scope
from app.errors import NotFound
from app.store.snapshots import Snapshot

RAN = frozenset(str(grade) for grade in Evidence if grade.ran)


@dataclass(frozen=True)
class GuestLine:
    """The cases of a cell that all halves treat alike; ``whole`` where it has no other."""

    cell: CellView
    cases: tuple[Case, ...]
    whole: bool

    @property
    def case(self) -> Case:
        """The first of them, which shows what all of them do."""
        return self.cases[0]

    @property
    def grades(self) -> tuple[str, ...]:
        """The grades of the evidence on silicon, each once."""
        return tuple(dict.fromkeys(c.silicon.grade for c in self.cases if c.silicon.grade))

    @property
    def seen(self) -> bool:
        """Whether somebody ran any of the cases on silicon."""
        return not RAN.isdisjoint(self.grades)

    @property
    def scopes(self) -> set[Scope]:
        """How narrowly the reports of those who ran it name the cell."""
        seen = (one for case in self.cases for one in case.silicon.observations)
        return {one.scope for one in seen if one.evidence.ran}


GuestFilter: TypeAlias = Filter[GuestLine, None]
GuestVocabulary: TypeAlias = filtering.Vocabulary[GuestLine, None]


@dataclass(frozen=True)
class Figures:
    """How many cells of a mode are the same in every case, and how many are not in some case.

    ``ran`` is how many somebody ran on silicon, ``grouped`` of them by reports on a group alone,
    and ``seen`` how many of those that differ do so by a case that somebody ran.
    """

    mode: Mode
    cells: Mapping[Sameness, int]
    total: int
    ran: int
    grouped: int
    seen: int


@dataclass(frozen=True)
class GuestView:
    """The lines that a filter admits, and the figures of all lines with its CPU and versions."""

    wanted: GuestFilter
    vocabulary: GuestVocabulary
    versions: tuple[Version, ...]
    lines: tuple[GuestLine, ...]
    figures: tuple[Figures, ...]

    @property
    def path(self) -> str:
        """Its address."""
        return self.wanted.at("/guest")

    @property
    def family(self) -> str:
        """The slug of the CPU family that is asked for, empty for any."""
        return self.wanted.text("family")

    @property
    def groups(self) -> Mapping[tuple[Mode, Access], tuple[GuestLine, ...]]:
        """The lines by mode and access, x2AVIC first: there an MSR can be intercepted."""
        sides = ((mode, access) for mode in (Mode.X2AVIC, Mode.AVIC) for access in Access)
        found: dict[tuple[Mode, Access], list[GuestLine]] = {side: [] for side in sides}
        for line in self.lines:
            found[line.cell.key.mode, line.cell.key.access].append(line)
        return {side: tuple(lines) for side, lines in found.items() if lines}

    @property
    def sentence(self) -> str:
        """The filter in one sentence."""
        cells = len({line.cell.key for line in self.lines})
        total = sum(figures.total for figures in self.figures)
        return self.vocabulary.sentence(self.wanted, f"{cells} of {total} cells", join=", ")


def keys_of(snapshot: Snapshot) -> tuple[Key[GuestLine, None], ...]:
    """Return the keys of the filter; the versions are those that a measurement or a policy has."""
    names = {slug: version.name for slug, version in _versions(snapshot).items()}
    short = {slug: version.short for slug, version in _versions(snapshot).items()}
    return (
        Key("cell", lambda known: _groups(known) | {str(key): str(key) for key in snapshot.cells},
            lambda _, line, __: _names(line.cell.key), "that are {}"),
        Key("mode", lambda _: {str(m): m.label for m in Mode},
            lambda _, line, __: (line.cell.key.mode,), "under {}",
            control=Control("select", "Mode", "both")),
        Key("access", lambda _: {str(a): str(a) for a in Access},
            lambda _, line, __: (line.cell.key.access,), "by {}",
            control=Control("select", "Access", "both")),
        Key("only", lambda _: ONLY,
            lambda _, line, __: (line.case.same,), "{}", most=1,
            control=Control("select", "Only", "all cells")),
        # These two choose what is held against each other, and narrow nothing.
        Key("family", lambda known: {f.slug: f.name for f in known.families.values()},
            words=", on {}", most=1, control=Control("select", "CPU", "any")),
        Key("hypervisor", lambda _: names, words=_under, most=2,
            control=Control("boxes", "Hypervisor", short=short)),
    )  # fmt: skip


def _groups(known: Knowledge) -> dict[str, str]:
    """Return what names several cells: a register, or one in one mode."""
    every = {slug: register.label for slug, register in known.registers.items()}
    return every | {
        f"{slug}/{mode}": f"{label} {mode.label}" for slug, label in every.items() for mode in Mode
    }


def _names(key: CellKey) -> tuple[str, ...]:
    return key.register, f"{key.register}/{key.mode}", str(key)


def _canonical(word: str, known: Knowledge) -> str:
    """Return a cell or a group of cells by its register's slug, whatever that is called."""
    register, slash, rest = word.strip().partition("/")
    with suppress(NotFound):
        register = resolve(register, known.registers).register.slug
    return f"{register}{slash}{rest}"


ONLY = {
    "differs": "where it differs",
    "not-known": "where it is not known",
    "same": "where it is the same",
}


def _under(wanted: GuestFilter, vocabulary: GuestVocabulary) -> str:
    names = vocabulary.words(wanted, "hypervisor")
    return f", under {names.replace(' or ', ' and ')}" if names else ""


def _versions(snapshot: Snapshot) -> Mapping[str, Version]:
    return versions_of(snapshot.knowledge, snapshot.emulations.values())


def shown_versions(snapshot: Snapshot, asked: tuple[str, ...] = ()) -> tuple[Version, ...]:
    """Return the versions that are asked for, else every one that was measured and can have AVIC.

    That is those of a hypervisor with a policy on record; with none measured, the policies.
    """
    known = _versions(snapshot)
    if asked:
        return tuple(known[slug] for slug in asked)
    usual = [v for v in known.values() if v.hypervisor in snapshot.knowledge.hypervisors]
    return tuple(v for v in usual if v.apic) or tuple(usual)


def guest_view(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> GuestView:
    """Return what a guest sees under a filter. Raises InvalidFilter."""
    vocabulary = filtering.Vocabulary(keys_of(snapshot), snapshot.knowledge)
    wanted = vocabulary.read(
        (key, ",".join(_canonical(word, snapshot.knowledge) for word in text.split(",")))
        if key == "cell"
        else (key, text)
        for key, text in pairs
    )
    versions = shown_versions(snapshot, wanted["hypervisor"])
    guest = Viewpoint(snapshot.knowledge, versions, wanted.text("family"))
    lines = [line for cell in snapshot.cells.values() for line in lines_of(guest.cases(cell))]
    return GuestView(
        wanted,
        vocabulary,
        versions,
        tuple(line for line in lines if wanted.admits(line, None)),
        tuple(_figures(lines, mode) for mode in (Mode.X2AVIC, Mode.AVIC)),
    )


def lines_on(snapshot: Snapshot, cell: CellView) -> tuple[GuestLine, ...]:
    """Return what a guest sees of one cell, on any CPU and under the usual versions."""
    return lines_of(Viewpoint(snapshot.knowledge, shown_versions(snapshot)).cases(cell))


def lines_of(cases: Iterable[Case]) -> tuple[GuestLine, ...]:
    """Return the cases of one cell as lines: those together that all halves treat alike."""
    found: dict[object, list[Case]] = {}
    for case in cases:
        found.setdefault(case.shown, []).append(case)
    return tuple(GuestLine(c[0].cell, tuple(c), len(found) == 1) for c in found.values())


def _figures(lines: Iterable[GuestLine], mode: Mode) -> Figures:
    by_cell: dict[object, list[GuestLine]] = {}
    for line in lines:
        if line.cell.key.mode is mode:
            by_cell.setdefault(line.cell.key, []).append(line)
    met = [{line.case.same for line in mine} for mine in by_cell.values()]
    cells = {word: sum(word in words for words in met) for word in Sameness}
    cells[Sameness.SAME] = met.count({Sameness.SAME})
    scopes = [{scope for line in mine for scope in line.scopes} for mine in by_cell.values()]
    ran = [each for each in scopes if each]
    seen = sum(
        any(line.seen and line.case.same is Sameness.DIFFERS for line in mine)
        for mine in by_cell.values()
    )
    return Figures(mode, cells, len(by_cell), len(ran), ran.count({Scope.GROUP}), seen)
