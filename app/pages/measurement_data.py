"""Measurements as JSON data, their receipts, and their notes as harmless HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from app.core.facts import Listed, Measurement
from app.core.measuring import Effect
from app.core.words import State
from app.intake.submitting import Checked, Receipt
from app.pens.place import Place
from app.pens.tables import Table, column_names

# Of the list as rows.
COLUMNS = column_names(
    "id state family cpu microcode hypervisor tool measured_at observations url answered"
)


def notes_html(notes: str) -> Markup:
    """Return a stranger's Markdown as harmless HTML; links get no credit and no referrer."""
    if not notes:
        return Markup()
    import nh3  # noqa: PLC0415 - few measurements have notes, and it weighs megabytes
    from markdown_it import MarkdownIt  # noqa: PLC0415

    html = MarkdownIt("js-default", {"html": False}).render(notes)
    tags = {"p", "a", "code", "pre", "em", "strong", "ul", "ol", "li", "blockquote", "br"}
    safe = nh3.clean(
        html,
        tags=tags,
        attributes={"a": {"href"}},
        url_schemes={"https", "mailto"},
        link_rel="nofollow ugc noreferrer",
    )
    return Markup(safe)  # noqa: S704 - cleaned on the line above


def receipt(m: Measurement | Listed, place: Place) -> dict[str, Any]:
    """Return a measurement's state as JSON data."""
    return {
        "id": m.slug,
        "digest": m.digest,
        "state": str(m.state),
        "reason": m.reason,
        "decided_at": "" if m.state is State.PENDING else m.decided_at,
        "received_at": m.received_at,
        "url": f"{place.site}/m/{m.slug}",
        "raw": f"{place.site}/m/{m.slug}.raw",
    }


def receipt_with_secret(taken: Receipt, place: Place) -> dict[str, Any]:
    """Return what a submitter is told: the receipt, and once the secret to withdraw it."""
    told = receipt(taken.measurement, place)
    if taken.secret:
        told |= {
            "withdrawal_secret": taken.secret,
            "withdrawal_note": "Shown once. POST secret=... to withdrawal_url takes it back.",
            "withdrawal_url": f"{told['url']}/withdraw",
        }
    return told


def receipt_text(taken: Receipt, place: Place) -> str:
    """Return the same for a terminal, one fact a line."""
    told = receipt_with_secret(taken, place)
    return "".join(f"{key}: {value}\n" for key, value in told.items() if value)


def listed_measurement(m: Listed, place: Place) -> dict[str, Any]:
    """Return a measurement as a line of the list."""
    return receipt(m, place) | {
        "family": m.family,
        "cpu": m.cpu.brand or m.cpu.signature,
        "microcode": m.cpu.microcode,
        "hypervisor": m.hypervisor,
        "tool": m.tool,
        "measured_at": m.measured_at,
        "observations": m.observations,
        "answered": m.answered,
    }


def list_table(found: Iterable[Listed], place: Place) -> Table:
    """Return measurements as a table."""
    return Table(COLUMNS, tuple(list_rows(found, place)))


def list_rows(found: Iterable[Listed], place: Place) -> Iterator[tuple[str, ...]]:
    """Return measurements as rows of text."""
    rows = (listed_measurement(m, place) for m in found)
    return (tuple(str(row[name]) for name in COLUMNS) for row in rows)


def checked_out(checked: Checked) -> dict[str, Any]:
    """Return the effect of a checked document as JSON data."""
    return {
        "valid": True,
        "id": checked.measurement.slug,
        "digest": checked.measurement.digest,
        "family": checked.measurement.family,
        "answered": checked.measurement.answered,
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
