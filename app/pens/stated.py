"""How pages say which revision of the manual they show, and what is inference about it."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from app.core.editions import AsStated, Held, Manual, labels
from app.core.facts import Claim, Revision
from app.core.knowledge import Knowledge
from app.core.words import Mode
from app.pens.plain import Plain
from app.pens.tables import Table


class ManualOut(BaseModel):
    """The revision of the manual that an answer shows.

    ``inference`` when nobody here read it: ``note`` says then what it rests on.
    """

    model_config = ConfigDict(frozen=True)

    revision: str
    inference: bool
    read: list[str]
    silent: list[Mode]
    note: str


class HoldsOut(BaseModel):
    """The revisions for which a claim of the manual is taken to hold.

    Read in ``read``; everything else is inference, and ``because`` is what it rests on.
    """

    model_config = ConfigDict(frozen=True)

    read: str
    since: str
    until: str
    inference: bool
    because: str


def heading(stated: AsStated) -> str:
    """``As APM revision 3.38 stated it``; an inference says that it is one."""
    return f"As APM revision {stated.revision} stated it" + (
        ", by inference" if stated.inference else ""
    )


def note(stated: AsStated) -> str:
    """Return what stands behind a revision that was not read; empty for one that was."""
    if not stated.inference:
        return ""
    read = " and ".join(stated.read)
    newer = "; ".join(f"{r.revision}: {reason(r)}" for r in stated.later)
    parts = [
        f"Of the manual only revision {read} was read here; {stated.revision} was not compared.",
        f"It is taken to state what {read} states"
        + (f", without what the list of revisions has as newer ({newer})." if newer else "."),
    ]
    if stated.silent:
        silent = " and ".join(mode.label for mode in stated.silent)
        parts.append(f"So it says nothing of {silent}, and an observation there settles.")
    if stated.listed.revision != stated.revision:
        parts.append(
            f"{stated.revision} is not in the list of revisions; the last one there before it "
            f"is {stated.listed.revision}."
        )
    parts.append("Only what the manual states, and the verdicts, follow the revision.")
    return " ".join(parts)


def reason(revision: Revision) -> str:
    """Return the first sentence of what a revision changed, without its stop."""
    return revision.change.partition(". ")[0].rstrip(".")


def address(path: str, stated: AsStated | str | None) -> str:
    """Return a path that asks for the same revision; unchanged for the newest.

    ``stated`` is the revision, or the query that asks for it.
    """
    query = stated.query if isinstance(stated, AsStated) else stated
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


def newest(path: str) -> str:
    """Return a path that asks for the newest revision: the same without ``apm``."""
    bare, _, query = path.partition("?")
    rest = "&".join(part for part in query.split("&") if part and not part.startswith("apm="))
    return f"{bare}?{rest}" if rest else bare


def field(out: Plain, stated: AsStated | None, today: str, site: str) -> None:
    """Add which revision a text page shows; nothing for the newest, which is at ``today``."""
    if not stated or not stated.asked:
        return
    out.field("Manual", f"{heading(stated)}. {note(stated)}".rstrip())
    out.field(f"In {stated.newest}", today)
    out.field("What changed", f"{site}/docs/apm/{stated.revision}..{stated.newest}")
    out.field("Its revisions", f"{site}/docs/apm")


def marked(table: Table, stated: AsStated | None) -> Table:
    """Return a table whose rows name the revision; as it is for the newest."""
    if not stated or not stated.asked:
        return table
    which = f"{stated.document.number} rev {stated.revision}"
    which += ", inference" if stated.inference else ""
    urls = [i for i, name in enumerate(table.columns) if name == "url"]
    rows = [
        (*(address(cell, stated) if i in urls else cell for i, cell in enumerate(row)), which)
        for row in table.rows
    ]
    return Table((*table.columns, "as_stated_by"), tuple(rows))


def choices(knowledge: Knowledge, chosen: str) -> dict[str, str]:
    """Return the revisions that a form offers: those of the list but the newest, and ``chosen``."""
    manual = Manual.of(knowledge)
    listed = {revision.revision for revision in manual.document.revisions} - {manual.newest}
    return {k: v for k, v in labels(knowledge).items() if k in listed or k == chosen}


def manual_out(stated: AsStated | None) -> ManualOut | None:
    """Return the revision that an answer shows, as JSON."""
    if stated is None:
        return None
    return ManualOut(
        revision=stated.revision,
        inference=stated.inference,
        read=list(stated.read),
        silent=list(stated.silent),
        note=note(stated),
    )


def holds_out(held: Held | None) -> HoldsOut | None:
    """Return for which revisions a claim holds, as JSON; None for other documents' claims."""
    if held is None:
        return None
    return HoldsOut(
        read=held.read,
        since=held.since.revision,
        until=held.until.revision if held.until else "",
        inference=held.since.revision != held.read,
        because=_because(held),
    )


def ranges(claims: Iterable[Claim], mode: Mode, knowledge: Knowledge) -> tuple[str, ...]:
    """Return in sentences for which revisions the claims of a cell are taken to hold."""
    manual = Manual.of(knowledge)
    kinds: dict[Held | None, list[str]] = {}
    for claim in claims:
        kinds.setdefault(manual.held(claim, mode), []).append(claim.kind)
    read = dict.fromkeys(held.read for held in kinds if held)
    if not read:
        return ()
    seen = " and ".join(read)
    lines = [
        f"Read in revision {seen} only. That others say the same is inference: none was compared."
    ]
    for held, names in kinds.items():
        which = ", ".join(dict.fromkeys(names))
        lines.append(
            f"{which}: {_because(held)}."
            if held
            else f"{which}: of another document, whose revisions are its own."
        )
    return tuple(lines)


def _because(held: Held) -> str:
    earlier = " or earlier" if held.oldest else ""
    text = f"taken to hold since {held.since.revision}{earlier} ({reason(held.since)})"
    if held.until:
        text += f", until {held.until.revision}"
    if held.place:
        text += f"; the rule itself stands there since {held.place.revision} ({reason(held.place)})"
    return text
