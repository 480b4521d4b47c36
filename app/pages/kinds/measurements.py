"""Measurements: the list, one, two side by side."""

from __future__ import annotations

from app.curation.seed import body_of
from app.pages import measured, measurement_data, measurement_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.page import Page


class MeasurementsPage(PageKind):
    """The list; the query is a filter."""

    pattern = "/m"
    promise = "measurements"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the measurements that the filter admits. Raises InvalidFilter."""
        listed = measured.list_measurements(asked.snapshot, asked.pairs)
        return Page(
            path=listed.path,
            title="Measurements",
            template="measurements/index.html",
            view={"listed": listed},
            text=lambda place: measurement_text.list_text(
                listed.found,
                listed.sentence,
                listed.total,
                asked.knowledge,
                place,
                more=listed.next,
            ),
            table=lambda place: measurement_text.list_table(listed.found, place.site),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "measurements": [measurement_data.summary(m, place) for m in listed.found],
                **({"next": place.site + listed.next} if listed.next else {}),
            },
        )


class MeasurementPage(PageKind):
    """One measurement: the receipt that lasts."""

    pattern = "/m/{slug}"
    promise = "one measurement"
    twins = "txt json"

    def find(self, asked: Address) -> Page:
        """Return a measurement with what it says and what it changed. Raises NotFound."""
        m = measured.find_measurement(asked.snapshot, asked.parts["slug"])
        rows = measured.rows_of(asked.snapshot, m)
        effects = measured.effects_of(asked.snapshot, m)
        knowledge = asked.knowledge
        return Page(
            path=f"/m/{m.slug}",
            title=f"Measurement {m.slug}",
            template="measurements/show.html",
            view={
                "m": m,
                "rows": rows,
                "effects": effects,
                "identity": measurement_text.identity(m, knowledge),
                "since": measurement_text.since_line(m),
                "notes": measurement_data.notes_html(m.notes),
                "others": measured.others(asked.snapshot, m),
                "secret": "",
            },
            text=lambda place: measurement_text.measurement_text(
                m, rows, effects, knowledge, place
            ),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **measurement_data.receipt(m, place),
                "document": body_of("measurement", m),
                "effects": measurement_data.effects_out(effects),
            },
        )


class ComparisonPage(PageKind):
    """Two measurements side by side."""

    pattern = "/m/{slug}/diff/{other}"
    promise = "two measurements side by side"
    twins = "txt json"

    def find(self, asked: Address) -> Page:
        """Return what two measurements have in common, and where they part. Raises NotFound."""
        a, b = (
            measured.find_measurement(asked.snapshot, asked.parts[n]) for n in ("slug", "other")
        )
        comparison = measurement_text.compare(a, b, asked.knowledge)
        return Page(
            path=f"/m/{a.slug}/diff/{b.slug}",
            title=f"Measurements {a.slug} and {b.slug}",
            template="measurements/diff.html",
            view={"a": a, "b": b, "comparison": comparison},
            text=lambda place: measurement_text.comparison_text(a, b, comparison, place),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "a": a.slug,
                "b": b.slug,
                "circumstances": [list(row) for row in comparison.circumstances],
                "cells": [list(row) for row in comparison.cells],
            },
        )


KINDS: tuple[PageKind, ...] = (MeasurementsPage(), MeasurementPage(), ComparisonPage())
