"""A draft of a difference as YAML: what the facts say is filled in, the rest is marked."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from app.core.cells import CellKey
from app.core.facts import Claim, Event, Observation
from app.core.judgements import Finding
from app.core.knowledge import Knowledge
from app.core.ledger import disagreements_in, standing_differences
from app.core.rulings import Branch, branch_set, branches_of, is_firm, unprinted_claims
from app.core.views import CellView
from app.core.words import Access, DifferenceState, Evidence

LINE_WIDTH = 95
WRITE = "# WRITE: "
HEAD = """\
# Save as seed/differences/d-{number:02}.yaml. What follows from the facts of data version
# {version} is filled in: check it. What stands below a line with WRITE is for a
# person: `vapic lint` refuses the file until it is written. Then take the comments out.
"""


@dataclass(frozen=True)
class Draft:
    """What the facts say of cells that shall get an entry."""

    views: tuple[CellView, ...]
    knowledge: Knowledge

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families whose verdicts disagree and are uncovered; of all that disagree if none."""
        open_ = {seen.family for view in self.views for seen in disagreements_in(view)[1]}
        every = {j.family for v in self.views for j in v.measured if j.verdict.disagrees}
        return tuple(f for f in self.knowledge.families if f in (open_ or every))

    def findings(self, view: CellView) -> list[Finding]:
        """Return what reports of these families saw in a cell that differs from the table."""
        mine = (j for j in view.measured if j.family in self.families)
        return [f for judgement in mine for f in judgement.findings if f.verdict.disagrees]

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """The reports of these families that differ from the table, oldest first."""
        ids = {f.observation.id for view in self.views for f in self.findings(view)}
        return tuple(o for o in self.knowledge.observations.values() if o.id in ids)

    @property
    def changed(self) -> tuple[Claim, ...]:
        """The ruling claims that the table does not print."""
        found = (c for v in self.views if v.rules_differ for c in unprinted_claims(v.claims))
        return tuple(dict.fromkeys(found))

    @cached_property
    def measurements(self) -> tuple[str, ...]:
        """The slugs of the measurements among the reports, which the seed does not hold."""
        names = {seen.report for seen in self.observations}
        mine = [s for s in self.knowledge.sources.values() if s.id in names and s.id[:2] == "m-"]
        return tuple(s.id[2:] for s in sorted(mine, key=lambda s: (s.date, s.id)))

    @property
    def own(self) -> tuple[Observation, ...]:
        """The reports that the seed itself holds."""
        taken = {f"m-{slug}" for slug in self.measurements}
        return tuple(seen for seen in self.observations if seen.report not in taken)

    @property
    def life(self) -> tuple[Event, ...]:
        """Events that the facts suggest, by date; one to be written where there is none."""
        found: list[tuple[str, DifferenceState, tuple[str, ...], str]] = []
        # What a manual only implies, of one of the cells even, is not documented.
        for claim in self.changed if all(map(is_firm, self.changed)) else ():
            source = self.knowledge.sources[claim.source]
            revisions = self.knowledge.documents[source.document].revisions
            date = next((r.date for r in revisions if r.revision == source.revision), "")
            found.append((date, DifferenceState.DOCUMENTED, (source.id,), source.revision))
        for seen in self.own:
            heard = seen.evidence is Evidence.STATED
            state = DifferenceState.REPORTED if heard else DifferenceState.SEEN
            found.append((seen.date, state, seen.sources, ""))
        for slug in self.measurements:
            date = self.knowledge.sources[f"m-{slug}"].date
            found.append((date, DifferenceState.SEEN, (f"measurement-{slug}",), ""))
        found.sort(key=lambda moment: (not moment[0], moment[0]))
        return tuple(
            Event(date=date, state=state, text="", sources=sources, revision=revision)
            for date, state, sources, revision in dict.fromkeys(found)
            or [("", DifferenceState.SEEN, (), "")]
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source behind it, each once: documents, reports, measurements."""
        ids = [c.source for view in self.views for c in (*view.effective, *view.table)]
        ids += [name for seen in self.own for name in seen.sources]
        return tuple(dict.fromkeys([*ids, *(f"measurement-{s}" for s in self.measurements)]))


def draft_yaml(draft: Draft, number: int, *, version: str, site: str) -> str:
    """Return the draft as the text of a seed file."""
    lines = [HEAD.format(number=number, version=version).rstrip()]
    for d in standing_differences(draft.views):
        names = ", ".join(draft.knowledge.families[f].name for f in d.families) or "every family"
        text = (
            f"{d.label} names one of the cells, for {names}: {d.title}. If this is the same "
            "disagreement, add the event (and the family, if it names any) there, and file nothing."
        )
        lines += textwrap.wrap(text, LINE_WIDTH, initial_indent="# ", subsequent_indent="# ")
    lines += [f"number: {number}"]
    lines += _write("title", "one line: the mode, the register, and what happens.")
    lines += _list("cells", _patterns(v.key for v in draft.views))
    printed = [(v, _branches(draft, branches_of(v.table)) or "nothing") for v in draft.views]
    lines += [f"table_says: {_quoted(_told(printed))}"]
    lines += [f"instead: {_quoted(_told((v, _instead(draft, v)) for v in draft.views))}"]
    lines += _write(
        "text",
        "what the table says, what rules or was seen instead, each with its page or",
        "report, and what is not known. Own sentences, and nothing that no source says.",
    )
    lines += _list("families", draft.families) if draft.families else []
    lines += _list("observations", [seen.id for seen in draft.own]) if draft.own else []
    lines += ["life:"]
    for event in draft.life:
        lines += _event(event)
    lines += _list("sources", draft.sources)
    return "\n".join([*lines, *_measurements(draft, site)]) + "\n"


def _write(name: str, asked: str, *more: str) -> list[str]:
    """Return a field that only a person can fill, below what is asked for."""
    return [WRITE + asked, *(f"# {line}" for line in more), f'{name}: ""']


def _event(event: Event) -> list[str]:
    lines = [] if event.date else [f"  {WRITE}the day, YYYY-MM-DD or shorter."]
    date = event.date or '""'
    lines += [f"  - date: {date}", f"    state: {event.state}"]
    lines += [f'    revision: "{event.revision}"'] if event.revision else []
    lines += [f"    {WRITE}what happened, and who says so.", '    text: ""']
    if not event.sources:
        lines.append(f"    {WRITE}the id of at least one entry of seed/sources.")
    return [*lines, *(f"    {line}" for line in _list("sources", event.sources))]


def _measurements(draft: Draft, site: str) -> list[str]:
    """Return sources for measurements as comments: they belong into a file of their own."""
    lines = []
    if draft.measurements:
        lines = ["# The measurements are no sources of the seed yet: put this into seed/sources."]
    for slug in draft.measurements:
        source = draft.knowledge.sources[f"m-{slug}"]
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


def _told(said: Iterable[tuple[CellView, str]]) -> str:
    """Return what is said of each cell in one line, cells with the same words together."""
    words: dict[Access, dict[str, list[str]]] = {}
    for view, text in said:
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


def _instead(draft: Draft, view: CellView) -> str:
    """Return what rules and is not printed, and what reports of the families saw otherwise."""
    rules = branches_of(unprinted_claims(view.claims)) if view.rules_differ else ()
    seen = [(f.observation.outcome, f.observation.condition) for f in draft.findings(view)]
    return _branches(draft, [*rules, *(b for b in seen if b not in branch_set(view.table))])


def _branches(draft: Draft, branches: Iterable[Branch]) -> str:
    """Return branches in the words of the seed."""
    tag = draft.knowledge.conditions.tag
    told = (f"{word.label} ({tag(when)})" if when else word.label for word, when in branches)
    return " or ".join(dict.fromkeys(told))


def _list(name: str, values: Iterable[str]) -> list[str]:
    listed = list(values)
    line = f"{name}: [{', '.join(listed)}]"
    return (
        [line] if len(line) <= LINE_WIDTH else [f"{name}:", *(f"  - {value}" for value in listed)]
    )


def _quoted(text: str) -> str:
    """Return text in double quotes; what JSON escapes, YAML reads back."""
    return json.dumps(text)
