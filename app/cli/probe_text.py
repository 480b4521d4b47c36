"""The result of a probe for the terminal: what was seen beside what the manual rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.views import CellViews
from app.core.words import Access, Mode, Verdict
from app.pages.measured import JudgedSighting
from app.pens import phrases
from app.pens.plain import Plain

# A register, a direction, then two columns for each mode that was measured.
NAME, ACCESS, COLUMN = 14, 5, {1: 26, 2: 12}
# More of one kind is counted, not printed.
MOST_UNEXPLAINED = 20
LEGEND = (
    "accel: accelerated; trap, fault: exit 402h after and at the instruction; ipi: exit 401h; "
    "msr: exit 7Ch; npf: exit 400h; done: completed, and nobody watched for exits. "
    "! contradicts the manual; (m) hidden by interception: the hypervisor asked for it."
)


def result_text(
    rows: Iterable[JudgedSighting],
    cells: CellViews,
    knowledge: Knowledge,
    *,
    judged: bool,
) -> str:
    """Return one line per register and direction, with the modes side by side.

    ``judged`` marks what contradicts the manual; an emulator contradicts nothing.
    """
    seen: dict[CellKey, dict[str, None]] = {}
    for row in rows:
        seen.setdefault(row.seen.cell, {})[_word(row, knowledge.conditions, judged=judged)] = None
    modes = [mode for mode in Mode if any(key.mode is mode for key in seen)]
    head = ["Register", "", *(word for mode in modes for word in (f"{mode.label}", "the manual"))]
    lines = []
    for slug in dict.fromkeys(key.register for key in seen):
        for access in Access:
            keys = [CellKey(slug, mode, access) for mode in modes]
            if any(key in seen for key in keys):
                line = [slug, str(access)]
                for key in keys:
                    ruling = phrases.short_branches(cells[key].effective, knowledge.conditions)
                    line += ["; ".join(seen.get(key, {})) or "-", ruling or "not said"]
                lines.append(line)
    widths = (NAME, ACCESS, *[COLUMN[max(1, len(modes))]] * (2 * len(modes)))
    out = Plain()
    out.grid([head, ["-" * width for width in widths], *lines], widths)
    out.blank()
    out.para(LEGEND)
    return out.render()


def account_text(accounts: Iterable[Mapping[str, Any]]) -> str:
    """Return what came to no observation, and why: the ``x-correlation`` of a document."""
    out = Plain()
    for account in accounts:
        told = [f"the whole run is discarded: {account['void']}"] if account["void"] else []
        told += [f"unexplained: {text}" for text in account["unexplained"][:MOST_UNEXPLAINED]]
        if more := len(account["unexplained"]) - MOST_UNEXPLAINED:
            told += [f"unexplained: {more} more, all in the document"] if more > 0 else []
        told += [f"discarded: {count} x {why}" for why, count in account["discarded"].items()]
        told += account["remarks"]
        if told:
            out.heading(f"Beside that, in {account['apic']} mode")
            for text in told:
                out.item(text)
    text = out.render()
    return f"\n{text}" if text.strip() else ""


def _word(row: JudgedSighting, conditions: Conditions, *, judged: bool) -> str:
    seen = row.seen
    masked = " (m)" if seen.intercepted else ""
    differs = " !" if judged and row.verdict is Verdict.CONTRADICTS else ""
    return f"{seen.outcome.short} {conditions.tag(seen.condition)}".strip() + masked + differs
