"""Emulated local APICs: the list, and what one of them answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from app.core.emulated import EmulatedApic, count_verdicts
from app.core.emulator_words import Following
from app.core.facts import Difference, Emulation
from app.core.numbers import count_noun
from app.core.rulings import Conditions
from app.curation.seed import body_of
from app.errors import NotFound
from app.pages import emulation_text
from app.pages.kinds.kind import Address, PageKind
from app.pages.listing import list_sources
from app.pages.measurement_text import NO_EVIDENCE
from app.pens.lines import Line, Linked, Sourced, full_address, join_lines
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Passage, Record, Section, Sheet
from app.pens.tables import Table, column_names
from app.store.snapshots import Snapshot

LEAD = (
    "What software answers where no AVIC does, as a guest measured it: KVM's own local APIC with "
    f"AVIC off or behind an intercept, and QEMU's. It is {NO_EVIDENCE}."
)
NONE = "Nobody has measured one yet."
HELD = (
    "The rules are those of the manual as a guest sees them: a fault by the access checks of "
    "chapter 16, else that the access completes. A hypervisor is free to emulate another APIC; "
    "what differs is no defect by that alone."
)
# Keys of the JSON too.
COLUMNS = (
    *column_names("slug name version flavour guest_vendor measurements observations"),
    *map(str, Following),
)


class EmulationsPage(PageKind):
    """Every emulation that was measured."""

    pattern = "/e"
    promise = "emulated local APICs that were measured"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of emulations."""
        found = [_data(asked.snapshot, apic) for apic in asked.snapshot.emulations.values()]
        sheet = Sheet("Emulated local APICs", "/e").holding(
            Para(LEAD, "lead"),
            Para(("Beside silicon, case by case: ", full_address("/guest"))),
            Para("" if found else NONE, "empty"),
            *(_listed(asked.snapshot, apic) for apic in asked.snapshot.emulations.values()),
            Section("Differences of a kind").holding(
                Record(f"{d.label}: {d.title}", href=d.path).holding(
                    Field("the manual", d.table_says),
                    Field("instead", d.instead),
                    Field("seen in", _seen_in(asked.snapshot, d)),
                )
                for d in asked.knowledge.departures.values()
            ),
        )
        return Page.of(
            sheet,
            table=lambda place: _table(found, place.site),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "emulations": found,
                "differences": [body_of(d) for d in asked.knowledge.departures.values()],
            },
        )


def _table(found: Iterable[Mapping[str, object]], site: str) -> Table:
    rows = ((*(str(one.get(n, 0)) for n in COLUMNS), f"{site}/e/{one['slug']}") for one in found)
    return Table((*COLUMNS, "url"), tuple(rows))


class EmulationPage(PageKind):
    """What one emulation answered, against the manual's rules; or a difference, by its number."""

    pattern = "/e/{slug}"
    promise = "one of them: what it answered; E-1 is a numbered difference of one"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return what an emulation answered. Raises NotFound."""
        known, slug = asked.snapshot.emulations, asked.parts["slug"]
        if departure := asked.knowledge.departures.get(slug.lower()):
            return _departure_page(asked, departure)
        if slug not in known:
            raise NotFound(
                f"No measurement that counts is of an emulation {slug!r}.",
                hints=_near(asked.snapshot, slug),
            )
        apic, conditions = known[slug], asked.knowledge.conditions
        answers = emulation_text.answers_of(asked.snapshot, apic)
        up = (Linked("Emulations", "/e"), slug)
        sheet = Sheet(apic.emulation.title, apic.path, up=up).holding(
            Para(f"{LEAD} {HELD}", "lead"),
            *_about(apic),
            *_verdicts(answers, conditions),
        )
        return Page.of(
            sheet,
            table=lambda place: Table(
                emulation_text.COLUMNS,
                tuple(emulation_text.answer_row(one, place.site) for one in answers),
            ),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                **_data(asked.snapshot, apic),
                "answers": [emulation_text.answer_data(view.key, a) for view, a in answers],
            },
        )


def _near(snapshot: Snapshot, slug: str) -> tuple[str, ...]:
    """Return where to look for an emulation: one that was measured has measurements, withdrawn."""
    return (f"/m?answered={slug}",) * (slug in snapshot.records.answered) + ("/e",)


def _departure_page(asked: Address, d: Difference) -> Page:
    """Return one numbered difference between an emulation and the manual's rules."""
    heading = f"{d.label}: {d.title}"
    sheet = Sheet(heading, d.path, up=(Linked("Emulations", "/e"), d.label)).holding(
        Field("About", f"{d.emulator.label if d.emulator else ''}, an emulation: {NO_EVIDENCE}"),
        Field("The manual", d.table_says),
        Field("Instead", d.instead),
        Field("State", d.state.label),
        Field("Seen in", _seen_in(asked.snapshot, d)),
        Para(d.text),
        Para(f"Inference: {d.inference}" if d.inference else ""),
        Section("Life").holding(
            Item((f"{e.date} {e.state.label}: {e.text} ", Sourced(e.sources))) for e in d.life
        ),
        *_alike(asked.snapshot, d),
        list_sources(d.all_sources, asked.knowledge),
    )
    return Page.of(
        sheet,
        title=heading,
        table=lambda place: _departure_table(asked.snapshot, d, place.site),
        data=lambda _: {
            "data_version": asked.snapshot.name,
            **body_of(d),
            "seen_in": [
                {
                    "emulation": apic.slug,
                    "answers": [emulation_text.answer_data(v.key, a) for v, a in answers],
                }
                for apic, answers in _departing(asked.snapshot, d)
            ],
        },
    )


def _departure_table(snapshot: Snapshot, d: Difference, site: str) -> Table:
    rows = (
        (apic.slug, *emulation_text.answer_row(one, site))
        for apic, answers in _departing(snapshot, d)
        for one in answers
    )
    return Table(("emulation", *emulation_text.COLUMNS), tuple(rows))


def _alike(snapshot: Snapshot, d: Difference) -> Iterator[Section]:
    """Yield what shows a difference, once for all emulations that answered alike."""
    conditions, found = snapshot.knowledge.conditions, dict[object, list[str]]()
    shown: dict[object, list[Passage]] = {}
    for apic, answers in _departing(snapshot, d):
        fields = [emulation_text.answer_field(one, conditions) for one in answers]
        key = tuple((str(field.label), str(field.line)) for field in fields)
        found.setdefault(key, []).append(apic.emulation.title)
        shown[key] = [*fields]
    for alike, titles in found.items():
        heading = "; ".join(titles) if len(found) > 1 else "What it answered, alike in each of them"
        yield Section(heading).holding(*shown[alike])


def _departing(
    snapshot: Snapshot, d: Difference
) -> list[tuple[EmulatedApic, tuple[emulation_text.CellAnswer, ...]]]:
    """Return the emulations in which a difference was seen, with the answers that show it."""
    keys = frozenset(snapshot.knowledge.cells_named(d.cells))
    found = []
    for apic in snapshot.emulations.values():
        every = emulation_text.answers_of(snapshot, apic)
        mine = tuple((v, a) for v, a in every if v.key in keys and a.following is d.following)
        if apic.emulation.name is d.emulator and mine:
            found.append((apic, emulation_text.join_members(mine)))
    return found


def _seen_in(snapshot: Snapshot, d: Difference) -> Line:
    seen = [(Linked(apic.emulation.title, apic.path),) for apic, _ in _departing(snapshot, d)]
    return join_lines(seen, "; ") or "no emulation that is stored"


def _about(apic: EmulatedApic) -> list[Passage]:
    emulations = [m.emulation for m in apic.documents if m.emulation]

    def each(what: Callable[[Emulation], str]) -> str:
        # Documents of one name may differ in what a packager adds, or in how they call a module.
        return "; ".join(dict.fromkeys(filter(None, map(what, emulations))))

    documents = join_lines([(full_address(f"/m/{m.slug}"),) for m in apic.documents])
    return [
        Field("Whose", apic.emulation.name.meaning),
        Field("Version", each(lambda e: e.version)),
        Field("Flavour", each(lambda e: e.flavour)),
        Field("Guest's CPUID", each(lambda e: e.vendor)),
        Field("Measured", ", ".join(sorted({m.measured_at[:10] for m in apic.documents}))),
        Field("Measurements", documents),
    ]


def _verdicts(
    answers: tuple[emulation_text.CellAnswer, ...], conditions: Conditions
) -> list[Passage]:
    found = count_verdicts(answer for _, answer in answers)
    parts: list[Passage] = [
        Section("Against the manual's rules").holding(
            Field(word.label, f"{count_noun(number, 'observation')}. {word.meaning}", 20)
            for word, number in found.items()
        )
    ]
    for word in (w for w in Following if w.differs or w is Following.OPEN):
        mine = emulation_text.join_members(one for one in answers if one[1].following is word)
        heading = word.label[0].upper() + word.label[1:]
        parts.append(
            Section(heading).holding(emulation_text.answer_field(one, conditions) for one in mine)
        )
    return parts


def _listed(snapshot: Snapshot, apic: EmulatedApic) -> Record:
    answers = [answer for _, answer in emulation_text.answers_of(snapshot, apic)]
    return Record(apic.emulation.title, href=apic.path).holding(
        Field("measurements", str(apic.total)),
        Field("observations", str(sum(a.items for a in answers))),
        Field("the manual", emulation_text.counts_line(answers)),
    )


def _data(snapshot: Snapshot, apic: EmulatedApic) -> dict[str, object]:
    answers = [answer for _, answer in emulation_text.answers_of(snapshot, apic)]
    emulation = apic.emulation
    return {
        "slug": apic.slug,
        "name": str(emulation.name),
        "version": emulation.version,
        "flavour": emulation.flavour,
        "guest_vendor": emulation.vendor,
        "measurements": apic.total,
        "observations": sum(answer.items for answer in answers),
        **{str(word): number for word, number in count_verdicts(answers).items()},
    }


KINDS: tuple[PageKind, ...] = (EmulationsPage(), EmulationPage())
