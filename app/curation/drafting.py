"""A draft of a difference as YAML: what the facts say is filled in, the rest is marked."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.measuring import source_of
from app.core.rulings import Conditions, said
from app.core.views import CellView
from app.core.words import Access, Behaviour
from app.curation.draft import Draft, Moment

WIDTH = 95
WRITE = "# WRITE: "
HEAD = """\
# Save as seed/differences/d-{number:02}.yaml. What follows from the facts of data version
# {version} is filled in: check it. What stands below a line with WRITE is for a
# person: `vapic lint` refuses the file until it is written. Then take the comments out.
"""


def draft_yaml(draft: Draft, number: int, *, version: str, site: str) -> str:
    """Return the draft as the text of a seed file."""
    lines = [HEAD.format(number=number, version=version).rstrip(), *_besides(draft)]
    lines += [f"number: {number}"]
    lines += _write("title", "one line: the mode, the register, and what happens.")
    lines += _list("cells", _patterns(v.key for v in draft.views))
    lines += [f"table_says: {_quoted(_said(draft, changed=False))}"]
    lines += [f"instead: {_quoted(_said(draft, changed=True))}"]
    lines += _write(
        "text",
        "what the table says, what rules or was seen instead, each with its page or",
        "report, and what is not known. Own sentences, and nothing that no source says.",
    )
    lines += _list("families", draft.families) if draft.families else []
    lines += _list("observations", [seen.id for seen in draft.own]) if draft.own else []
    lines += ["life:"]
    for moment in draft.life:
        lines += _event(moment)
    lines += _list("sources", draft.sources)
    return "\n".join([*lines, *_measurements(draft, site)]) + "\n"


def _besides(draft: Draft) -> list[str]:
    """Point to entries that may be the same disagreement."""
    found = []
    for d in draft.beside:
        names = ", ".join(draft.knowledge.families[f].name for f in d.families) or "every family"
        text = (
            f"D-{d.number} names one of the cells, for {names}: {d.title}. If this is the same "
            "disagreement, add the event (and the family, if it names any) there, and file nothing."
        )
        found += textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")
    return found


def _write(name: str, asked: str, *more: str) -> list[str]:
    """Return a field that only a person can fill, below what is asked for."""
    return [WRITE + asked, *(f"# {line}" for line in more), f'{name}: ""']


def _event(moment: Moment) -> list[str]:
    lines = [] if moment.date else [f"  {WRITE}the day, YYYY-MM-DD or shorter."]
    date = moment.date or '""'
    lines += [f"  - date: {date}", f"    state: {moment.state}"]
    lines += [f'    revision: "{moment.revision}"'] if moment.revision else []
    lines += [f"    {WRITE}what happened, and who says so.", '    text: ""']
    if not moment.sources:
        lines.append(f"    {WRITE}the id of at least one entry of seed/sources.")
    return [*lines, *(f"    {line}" for line in _list("sources", moment.sources))]


def _measurements(draft: Draft, site: str) -> list[str]:
    """Return sources for measurements as comments: they belong into a file of their own."""
    if not draft.measurements:
        return []
    lines = ["# The measurements are no sources of the seed yet: put this into seed/sources."]
    for slug in draft.measurements:
        source = source_of(draft.knowledge.measurements[slug])
        lines += [
            f"# - id: measurement-{slug}",
            f"#   kind: {source.kind}",
            f"#   title: {_quoted(source.title)}",
            *([f"#   author: {_quoted(source.author)}"] if source.author else []),
            f"#   date: {source.date}",
            f"#   url: {site}{source.url}",
            f"#   read: {source.read}",
        ]
    return lines


def _patterns(keys: Iterable[CellKey]) -> list[str]:
    """Return cells as the seed spells them, ``ldr/x2avic/*`` for both accesses."""
    found: dict[str, set[Access]] = {}
    for key in keys:
        found.setdefault(f"{key.register}/{key.mode}", set()).add(key.access)
    return [f"{at}/{'*' if len(a) == len(Access) else a.pop()}" for at, a in found.items()]


def _said(draft: Draft, *, changed: bool) -> str:
    """Return what the table says of the cells, or what is so instead, in the words of the seed."""
    words: dict[Access, dict[str, list[str]]] = {}
    for view in draft.views:
        text = _instead(draft, view) if changed else _printed(draft, view)
        registers = words.setdefault(view.key.access, {}).setdefault(text, [])
        registers.append(view.register.abbreviation.replace("-", "") or view.register.slug)
    parts = {}
    for access, by_text in words.items():
        told = [f"{t} ({', '.join(r)})" if len(by_text) > 1 else t for t, r in by_text.items()]
        parts[access] = ", ".join(told)
    if len(set(parts.values())) == 1:
        both = " on read and write" if len(parts) > 1 else ""
        return next(iter(parts.values())) + both
    return "; ".join(f"{access}: {text}" for access, text in parts.items())


def _printed(draft: Draft, view: CellView) -> str:
    said_ = ((c.behaviour, c.condition) for c in view.table)
    return _branches(draft, said_) or "nothing"


def _instead(draft: Draft, view: CellView) -> str:
    """What rules and is not printed, and what reports of the families saw otherwise."""
    printed = said(view.table)
    rules = [(c.behaviour, c.condition) for c in view.effective] if view.rules_differ else []
    seen = [
        (f.observation.outcome, f.observation.condition)
        for judgement in view.measured
        for f in judgement.findings
        if judgement.family in draft.families and f.verdict.disagrees
    ]
    return _branches(draft, (b for b in (*rules, *seen) if b not in printed))


def _branches(draft: Draft, branches: Iterable[tuple[Behaviour, str]]) -> str:
    tag = Conditions(draft.knowledge.conditions).tag
    told = (f"{word.label} ({tag(when)})" if when else word.label for word, when in branches)
    return " or ".join(dict.fromkeys(told))


def _list(name: str, values: Iterable[str]) -> list[str]:
    listed = list(values)
    line = f"{name}: [{', '.join(listed)}]"
    return [line] if len(line) <= WIDTH else [f"{name}:", *(f"  - {value}" for value in listed)]


def _quoted(text: str) -> str:
    """Return text in double quotes; what JSON escapes, YAML reads back."""
    return json.dumps(text)
