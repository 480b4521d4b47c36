"""Measurements: the list, one, two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from app.core.facts import Listed, Measurement
from app.core.knowledge import Knowledge
from app.core.measuring import effects
from app.core.words import State
from app.curation.seed import body_of
from app.pages import measured, measurement_data, measurement_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.lines import Line, Linked, Styled
from app.pens.page import Page
from app.pens.parts import Field, Included, Item, Para, Section, Sheet, Tabular

NO_MEASUREMENT = "Nobody has sent one yet. If you own an AMD machine, be the first."
NONE_PASSES = "No measurement passes this filter."
# What is compared, and what either says of it.
SideRows = Sequence[Sequence[str]]


class MeasurementsPage(PageKind):
    """The list, newest first; the query is a filter."""

    pattern = "/m"
    promise = "measurements"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the measurements that the filter admits. Raises InvalidFilter."""
        listed = measured.list_measurements(asked.snapshot, asked.pairs)
        none = NONE_PASSES if listed.total else NO_MEASUREMENT
        older = (Linked("those behind it", listed.next, told=True, rel="next"),)
        share = f"{listed.emulated} of {listed.total} by emulations"
        answers = Linked("what they answered", "/e", told=True)
        by_emulations = (f"{share}, {measurement_text.NO_EVIDENCE}: ", answers)
        sheet = Sheet("Measurements", "/m").holding(
            Para("What people measured and sent, newest first.", "lead"),
            Field("Send one", (Linked("how, and where", "/upload", told=True),)),
            Field("The format", (Linked("of a document", "/docs/format", told=True),)),
            Included("measurements/_filters.html"),
            Field("Shown", listed.sentence),
            Field("Answered by", by_emulations if listed.emulated else ""),
            Para("" if listed.found else none, "empty"),
            *(_listed(m, asked.knowledge) for m in listed.found),
            Field("Older ones", older if listed.next else "", above=True),
        )
        return Page.of(
            sheet,
            path=listed.path,
            view={"listed": listed},
            table=lambda place: measurement_data.list_table(listed.found, place),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "measurements": [
                    measurement_data.listed_measurement(m, place) for m in listed.found
                ],
                **({"next": place.site + listed.next} if listed.next else {}),
            },
        )


def _listed(m: Listed, knowledge: Knowledge) -> Field:
    path = f"/m/{m.slug}"
    machine = f"{m.cpu.brand or m.cpu.vendor}, {m.cpu.signature} {m.cpu.microcode}".rstrip()
    family = "" if m.emulation else knowledge.families[m.family].name
    return Field((Linked(m.slug, path),), (Linked("", path, told=True),), above=True).holding(
        Field("state", measurement_text.state_line(m)),
        Field("guest's CPU" if m.emulation else "machine", machine),
        Field("measured", m.measured_at[:10]),
        Field("family", (Linked(family, f"/c/{m.family}"),) if family else ""),
        Field("answered by", measurement_text.emulation_line(m)),
        Field("hypervisor", m.hypervisor),
        Field("tool", m.tool),
        Field("observations", str(m.observations)),
    )


class MeasurementPage(PageKind):
    """One measurement: the receipt that lasts."""

    pattern = "/m/{slug}"
    promise = "one measurement"
    twins = "txt json"

    def find(self, asked: Address) -> Page:
        """Return a measurement with what it says and what it changed. Raises NotFound."""
        m = measured.find_measurement(asked.snapshot, asked.parts["slug"])
        knowledge = asked.knowledge
        after = measured.rows_before(len(m.observations), asked.pairs)
        rows = measured.rows_of(asked.snapshot, m, after, measured.ROWS)
        changed = cache(lambda: effects(knowledge, asked.snapshot.cells, m))
        about = () if rows.after else measurement_text.measurement_parts(m, changed(), knowledge)
        sheet = measurement_text.measurement_sheet(m, about, rows, knowledge)
        # Others come and go, so that no text may name them.
        others = measured.comparable_measurements(asked.snapshot, m)
        sheet.holding(
            Section("Compare", only="html").holding(_compared(m, other) for other in others),
            Included("measurements/_withdraw.html"),
        )
        return Page.of(
            sheet,
            path=sheet.path + (f"?{measured.AFTER}={rows.after}" if rows.after else ""),
            view={
                "m": m,
                "notes": measurement_data.notes_html(m.notes),
                # Search engines are to find no stranger's word that nobody read.
                "unlisted": m.state is not State.ACCEPTED,
            },
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **measurement_data.receipt(m, place),
                "document": body_of(m),
                "effects": measurement_data.effects_out(changed()),
            },
        )


def _compared(m: Measurement, other: Listed) -> Item:
    link = Linked(f"with {other.slug}", f"/m/{m.slug}/diff/{other.slug}")
    told = f": {other.cpu.brand or other.cpu.signature}, {other.hypervisor}, {other.state}"
    return Item((link, told))


class ComparisonPage(PageKind):
    """Two measurements side by side; what one did not observe is empty."""

    pattern = "/m/{slug}/diff/{other}"
    promise = "two measurements side by side"
    twins = "txt json"

    def find(self, asked: Address) -> Page:
        """Return what two measurements have in common, and where they part. Raises NotFound."""
        names = asked.parts.values()
        a, b = (measured.find_measurement(asked.snapshot, name) for name in names)
        known = [dict(measurement_text.machine_fields(m, asked.knowledge)) for m in (a, b)]
        labels = [name for name in known[0] | known[1] if name not in ("SHA-256", "Received at")]
        seen = [_outcomes(m) for m in (a, b)]
        sides = {
            "Circumstances": [[n, known[0].get(n, ""), known[1].get(n, "")] for n in labels],
            "Cells": [
                [n, seen[0].get(n, ""), seen[1].get(n, "")] for n in sorted(seen[0] | seen[1])
            ],
        }
        differing = sum(bool(x and y and x != y) for _, x, y in sides["Cells"])
        sentence = (
            f"{differing} of {len(sides['Cells'])} cells were observed by both with different "
            "outcomes. What differs is marked."
        )
        after = measured.rows_before(len(sides["Cells"]), asked.pairs)
        told = sides | {"Cells": _called(sides["Cells"], (a, b), asked.knowledge)}
        sheet = _side_by_side((a, b), sentence, told, after)
        return Page.of(
            sheet,
            path=sheet.path + (f"?{measured.AFTER}={after}" if after else ""),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "a": a.slug,
                "b": b.slug,
                **{heading.lower(): rows for heading, rows in sides.items()},
            },
        )


def _called(
    rows: SideRows, both: tuple[Measurement, Measurement], knowledge: Knowledge
) -> SideRows:
    """Return rows of cells, each called what readers call it."""
    names = {
        seen.named: measurement_text.sighting_name(seen, knowledge)
        for m in both
        for seen in m.observations
    }
    parted = [(name.partition(" "), found) for name, *found in rows]
    return [
        [f"{names[cell]} {condition}".rstrip(), *found] for (cell, _, condition), found in parted
    ]


def _side_by_side(
    both: tuple[Measurement, Measurement], sentence: str, sides: Mapping[str, SideRows], after: int
) -> Sheet:
    """Return two measurements as tables; of cells those behind the first ``after``."""
    a, b = (m.slug for m in both)
    path, cells = f"/m/{a}/diff/{b}", sides["Cells"]
    last = min(after + measured.ROWS, len(cells))
    more = (Linked("those behind it", f"{path}?{measured.AFTER}={last}", told=True, rel="next"),)
    heads: list[Line] = ["", "", *((Linked(slug, f"/m/{slug}"),) for slug in (a, b))]
    mark = (Styled("differs", "tag differs", told="!"),)

    def table(heading: str, found: SideRows, *widths: int) -> Tabular:
        rows = [(mark if x != y else "", n, x or "-", y or "-") for n, x, y in found]
        return Tabular(heading, [heads], rows, (1, *widths))

    title = (
        "Cells" if len(cells) <= measured.ROWS else f"Cells {after + 1} to {last} of {len(cells)}"
    )
    told = table("Circumstances", sides["Circumstances"], 19, 26, 26)
    parts = [
        Field("Begins at", (Linked("the whole", path, told=True),) if after else ""),
        Para(sentence, "lead"),
        *([] if after else [Section("Circumstances").holding(told)]),
        Section(title).holding(
            table("Cells", cells[after:last], 32, 20, 19),
            Field("More", more if last < len(cells) else "", above=True),
        ),
    ]
    up = (Linked(f"Measurement {a}", f"/m/{a}"), "diff")
    return Sheet(f"Measurements {a} and {b}", path, up=up).holding(*parts)


def _outcomes(m: Measurement) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for seen in m.observations:
        condition = f" [{seen.condition}]" if seen.condition else ""
        masked = " (intercepted)" if seen.intercepted else ""
        key = f"{seen.named}{condition}"
        found.setdefault(key, []).append(f"{seen.outcome}{masked}")
    return {key: ", ".join(words) for key, words in found.items()}


KINDS: tuple[PageKind, ...] = (MeasurementsPage(), MeasurementPage(), ComparisonPage())
