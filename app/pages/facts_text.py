"""Facts and their changes in plain words, from nothing but the facts themselves.

What a feed or the page of a data version says of a change must read the same for ever, so
no other fact is asked for a name or a title.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from app.core.knowledge import KINDS
from app.pens.changed import count_changes, differing_fields
from app.pens.plain import Plain
from app.pens.tables import column_names
from app.store.queries import Change

# What is longer than this is counted; the page of its data version links the rest.
MOST_CHANGES = 60
# What tells the entries of a list apart, by the names of their fields.
TELLING = column_names(
    "register mode modes access kind condition date state revision cpuid family msrs"
)


# A label, what stands behind it, and by how many columns both are indented.
FieldLine = tuple[str, str, int]


def changes_lines(out: Plain, changes: Sequence[Change]) -> None:
    """Add every change with its fields; a long list is counted by kind."""
    if len(changes) > MOST_CHANGES:
        out.blank()
        for line in count_changes(changes):
            out.item(line)
        return
    for change in changes:
        out.blank()
        out.para(f"{change.kind} {change.key} {change.action}", 0, 2)
        for label, value, indent in _fields(change):
            out.field(label, value, indent=indent)


def _fields(change: Change) -> Iterator[FieldLine]:
    """Return of a changed fact the fields that differ, of any other all of them."""
    before, after = change.before or {}, change.after or {}
    order = [field.name for field in fields(KINDS[change.kind])]
    names = [name for name in differing_fields(before, after) if name not in ("id", "slug")]
    for name in sorted(names, key=lambda n: order.index(n) if n in order else len(order)):
        if change.action == "changed":
            yield from _differing(_label(name), before.get(name), after.get(name))
        else:
            yield from _whole(_label(name), after.get(name, before.get(name)))


def _label(name: str) -> str:
    return name.replace("_", " ")


def _whole(label: str, value: Any) -> Iterator[FieldLine]:
    if _is_records(value) and len(value) <= MOST_CHANGES:
        yield from ((f"{label} {n}", _words(entry), 2) for n, entry in enumerate(value, 1))
    else:
        yield label, f"{len(value)} of them" if _is_records(value) else _words(value), 2


def _differing(label: str, old: Any, new: Any) -> Iterator[FieldLine]:
    """Return what a field was and is; of a list of records only those that differ."""
    if not (_is_records(old or new) and _is_records(new or old)):
        yield from _was_and_is(label, old, new, 2)
        return
    gone = [entry for entry in old or () if entry not in (new or ())]
    come = [entry for entry in new or () if entry not in (old or ())]
    if len(gone) != len(come):
        yield from ((f"{label} was", _words(entry), 2) for entry in gone)
        yield from ((f"{label} is", _words(entry), 2) for entry in come)
        return
    for was, now in zip(gone, come, strict=True):
        names = differing_fields(was, now)
        alike = {n: now[n] for n in TELLING if n in now and n not in names}
        yield label, _words(alike) or "one of them", 2
        for name in names:
            yield from _was_and_is(_label(name), was.get(name), now.get(name), 4)


def _was_and_is(label: str, was: Any, now: Any, indent: int) -> Iterator[FieldLine]:
    yield f"{label} was", _words(was) or "(nothing)", indent
    yield f"{label} is", _words(now) or "(nothing)", indent


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return "; ".join(f"{_label(name)} {_words(part)}" for name, part in value.items())
        case list():
            return ", ".join(_words(part) for part in value)
        case _:
            return str(value)
