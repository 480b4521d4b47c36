"""Facts and their changes in plain words, from nothing but the facts themselves.

What a feed or the page of a data version says of a change must read the same for ever, so
no other fact is asked for a name or a title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from app.core.knowledge import KINDS
from app.pages.changes_text import differing, plural
from app.pens.plain import Plain

# What is longer than this is counted; the page of its data version links the rest.
LISTED = 60
# What tells the entries of a list apart, by the names of their fields.
TELLING = ("register", "mode", "modes", "access", "kind", "condition", "date", "state",
           "revision", "cpuid", "family", "msrs")  # fmt: skip


def changes_lines(out: Plain, changes: Iterable[Any]) -> None:
    """Add every change with its fields; a long list is counted by kind.

    ``changes`` have ``action``, ``kind``, ``key``, ``before`` and ``after``.
    """
    every = tuple(changes)
    if len(every) > LISTED:
        out.blank()
        for line in counted(every):
            out.item(line)
        return
    for change in every:
        out.blank()
        change_lines(out, change)


def counted(changes: Iterable[Any]) -> tuple[str, ...]:
    """Return ``3 observations added`` for each kind and action."""
    found = Counter((c.action, c.kind) for c in changes)
    return tuple(f"{n} {plural(kind, n)} {action}" for (action, kind), n in found.items())


def change_lines(out: Plain, change: Any) -> None:
    """Add one change: of a changed fact the fields that differ, of any other all of them."""
    out.para(f"{change.kind} {change.key} {change.action}", 0, 2)
    before, after = change.before or {}, change.after or {}
    names = _in_order(change.kind, differing(before, after))
    names = [name for name in names if name not in ("id", "slug")]
    for name in names:
        if change.action == "changed":
            _differing(out, _label(name), before.get(name), after.get(name))
        else:
            _value(out, _label(name), after.get(name, before.get(name)))


def _in_order(kind: str, names: Iterable[str]) -> list[str]:
    order = [field.name for field in fields(KINDS[kind])]
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def _label(name: str) -> str:
    return name.replace("_", " ")


def _value(out: Plain, label: str, value: Any) -> None:
    if _is_records(value) and len(value) > LISTED:
        out.field(label, f"{len(value)} of them", indent=2)
    elif _is_records(value):
        for number, entry in enumerate(value, 1):
            out.field(f"{label} {number}", _words(entry), indent=2)
    else:
        out.field(label, _words(value), indent=2)


def _differing(out: Plain, label: str, old: Any, new: Any) -> None:
    """Add what a field was and is; of a list of records only those that differ."""
    if _is_records(old or new) and _is_records(new or old):
        gone = [entry for entry in old or () if entry not in (new or ())]
        come = [entry for entry in new or () if entry not in (old or ())]
        if len(gone) == len(come):
            for was, now in zip(gone, come, strict=True):
                _record(out, label, was, now)
            return
        for word, entries in (("was", gone), ("is", come)):
            for entry in entries:
                out.field(f"{label} {word}", _words(entry), indent=2)
        return
    out.field(f"{label} was", _words(old) or "(nothing)", indent=2)
    out.field(f"{label} is", _words(new) or "(nothing)", indent=2)


def _record(out: Plain, label: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    names = differing(was, now)
    alike = {n: now[n] for n in TELLING if n in now and n not in names}
    out.field(label, _words(alike) or "one of them", indent=2)
    for name in names:
        out.field(f"{_label(name)} was", _words(was.get(name)) or "(nothing)", indent=4)
        out.field(f"{_label(name)} is", _words(now.get(name)) or "(nothing)", indent=4)


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
