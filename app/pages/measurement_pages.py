"""The parts of the pages of measurements: what each of their formats shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from app.core.facts import Measurement
from app.core.measuring import Effect
from app.curation.seed import body_of
from app.intake.submitting import Checked, Receipt
from app.pages import measured, measurement_text
from app.pages.measured import MeasurementList
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot


def list_page(snapshot: Snapshot, listed: MeasurementList, place: Place) -> Page:
    """Return the list of measurements under a filter."""
    return Page(
        template="measurements/index.html",
        view={"listed": listed},
        text=lambda: measurement_text.list_text(
            listed.found, listed.sentence, listed.total, snapshot.knowledge, place
        ),
        table=lambda: measurement_text.list_table(listed.found, place.site),
        data=lambda: {
            "data_version": snapshot.name,
            "measurements": [summary(m, place) for m in listed.found],
        },
    )


def measurement_page(snapshot: Snapshot, m: Measurement, place: Place) -> Page:
    """Return one measurement: the receipt that lasts."""
    rows = measured.rows_of(snapshot, m)
    effects = measured.effects_of(snapshot, m)
    knowledge = snapshot.knowledge
    return Page(
        template="measurements/show.html",
        view={
            "m": m,
            "rows": rows,
            "effects": effects,
            "identity": measurement_text.identity(m, knowledge),
            "since": measurement_text.since_line(m),
            "notes": notes_html(m.notes),
            "others": _others(snapshot, m),
            "secret": "",
        },
        text=lambda: measurement_text.measurement_text(m, rows, effects, knowledge, place),
        data=lambda: {
            "data_version": snapshot.name,
            **receipt(m, place),
            "document": body_of("measurement", m),
            "effects": effects_out(effects),
        },
    )


def comparison_page(snapshot: Snapshot, a: Measurement, b: Measurement, place: Place) -> Page:
    """Return two measurements side by side."""
    comparison = measurement_text.compare(a, b, snapshot.knowledge)
    return Page(
        template="measurements/diff.html",
        view={"a": a, "b": b, "comparison": comparison},
        text=lambda: measurement_text.comparison_text(a, b, comparison, place),
        data=lambda: {
            "data_version": snapshot.name,
            "a": a.slug,
            "b": b.slug,
            "circumstances": [list(row) for row in comparison.circumstances],
            "cells": [list(row) for row in comparison.cells],
        },
    )


def notes_html(notes: str) -> Markup:
    """Return a stranger's Markdown as harmless HTML; links get no credit and no referrer."""
    html = MarkdownIt("js-default", {"html": False}).render(notes)
    tags = {"p", "a", "code", "pre", "em", "strong", "ul", "ol", "li", "blockquote", "br"}
    safe = nh3.clean(html, tags=tags, attributes={"a": {"href"}}, url_schemes={"https", "mailto"},
                     link_rel="nofollow ugc noreferrer")  # fmt: skip
    return Markup(safe)  # noqa: S704 - cleaned on the line above


def receipt(m: Measurement, place: Place) -> dict[str, Any]:
    """Return a measurement's state as JSON data."""
    return {
        "id": m.slug,
        "digest": m.digest,
        "state": str(m.state),
        "reason": m.reason,
        "decided_at": m.decided_at,
        "received_at": m.received_at,
        "url": f"{place.site}/m/{m.slug}",
        "raw": f"{place.site}/m/{m.slug}.raw",
    }


def answer(taken: Receipt, place: Place) -> dict[str, Any]:
    """Return what a submitter is told: the receipt, and once the secret to withdraw it."""
    secret = {"withdrawal_secret": taken.secret} if taken.secret else {}
    return receipt(taken.measurement, place) | secret


def receipt_text(taken: Receipt, place: Place) -> str:
    """Return the same for a terminal, one fact a line."""
    told = answer(taken, place)
    return "".join(f"{key}: {value}\n" for key, value in told.items() if value)


def summary(m: Measurement, place: Place) -> dict[str, Any]:
    """Return a measurement as a line of the list."""
    return receipt(m, place) | {
        "family": m.family,
        "cpu": m.cpu.brand or m.cpu.signature,
        "microcode": m.cpu.microcode,
        "hypervisor": m.hypervisor,
        "tool": m.tool,
        "measured_at": m.measured_at,
        "observations": len(m.observations),
    }


def checked_out(checked: Checked) -> dict[str, Any]:
    """Return the effect of a checked document as JSON data."""
    return {
        "valid": True,
        "id": checked.measurement.slug,
        "digest": checked.measurement.digest,
        "family": checked.measurement.family,
        "effects": effects_out(checked.effects),
        "oddities": [{"code": o.code, "text": o.text} for o in checked.oddities],
    }


def effects_out(effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """Return what observations do, cell by cell, as JSON data."""
    return [
        {
            "cell": str(e.key),
            "family": e.after.family,
            "before": str(e.before.verdict),
            "after": str(e.after.verdict),
            "observed": e.added,
            "masked": e.masked,
        }
        for e in effects
    ]


def _others(snapshot: Snapshot, m: Measurement) -> tuple[Measurement, ...]:
    """Other measurements of the same family, to compare with."""
    every = snapshot.knowledge.measurements.values()
    return tuple(o for o in every if o.slug != m.slug and o.family == m.family)[:20]
