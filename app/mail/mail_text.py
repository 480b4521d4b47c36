"""What is pasted into a mail: one cell or one difference as a block, trailers, commits.

A block carries its fact in text and ends with one pinned address, which leads to more.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.citations import commit_form, has_subject
from app.core.facts import Claim, Difference, Event, Observation, Source
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, document_of
from app.core.revisions import MANUAL
from app.core.rulings import Conditions, said
from app.core.views import CellView
from app.core.words import ClaimKind, Mode, Printed, SourceKind
from app.mail import mail_phrases as phrases
from app.mail.mail_phrases import Manual, Speech
from app.pens.mail_lines import Lines
from app.pens.place import Place

DIGITS = 12


def cell_block(view: CellView, knowledge: Knowledge, place: Place) -> str:
    """Return one cell: the table, what rules, what was seen per family, where it stands."""
    manual = Manual.of([view], knowledge)
    speech = Speech.of(view, knowledge)
    fields = [*_printed(view, manual, speech), *_ruling(view, manual, speech)]
    fields += _others(view, manual, speech)
    for judgement in view.measured:
        name = knowledge.families[judgement.family].name
        fields += _labelled(name, phrases.sightings(judgement, speech))
    if not view.measured:
        fields.append(("Measured", phrases.NOBODY))
    out = Lines()
    out.lead(cell_title(view))
    out.blank()
    out.fields(fields)
    out.blank()
    out.fields(speech.legend(speech.tagged))
    out.last([manual.name], place.pin(view.key.url))
    return out.render()


def cell_title(view: CellView) -> str:
    """``LDR, Logical Destination Register: WRMSR 80Dh under x2AVIC``."""
    register, key = view.register, view.key
    name = register.name
    if register.abbreviation != "-":
        name = f"{register.abbreviation}, {name}"
    if key.mode is Mode.AVIC:
        where = f" of {', '.join(register.offsets)}" if register.offsets else ""
        return f"{name}: MMIO {key.access}{where} under AVIC"
    instruction = phrases.way(key.mode, key.access).split()[1]
    return f"{name}: {instruction} {', '.join(register.msrs)} under x2AVIC"


def difference_block(entry: LedgerEntry, knowledge: Knowledge, place: Place) -> str:
    """Return one difference: the table, what instead, where, what was seen, its life."""
    difference = entry.difference
    fields = [
        ("Table 15-22", difference.table_says),
        ("Instead", difference.instead),
        *_labelled("Cells", _cells(difference, knowledge)),
    ]
    seen = _seen(entry, knowledge)
    for family in knowledge.families.values():
        fields += _labelled(family.name, seen.get(family.slug, ()))
    if not seen:
        fields.append(("Measured", "no report of such an access"))
    fields += _labelled("State", _life(difference, knowledge))
    manual = Manual(_document(difference, knowledge), knowledge)
    places = phrases.places_of(f"{difference.table_says} {difference.text}")
    out = Lines()
    out.lead(f"D-{difference.number}: {difference.title}")
    out.blank()
    out.fields(fields)
    out.last([manual.name, places], place.pin(f"/d/{difference.number}"))
    return out.render()


def trailer(url: str, number: int = 0) -> str:
    """``Link: https://... # [1]``: never wrapped, as trailers are not."""
    return f"Link: {url} # [{number}]" if number else f"Link: {url}"


def commit_lines(sources: Iterable[Source]) -> tuple[str, ...]:
    """``commit 5a7c7d148e48 ("KVM: selftests: ...")``, as the kernel cites its commits.

    Only commits whose subject is recorded whole.
    """
    commits = (s for s in sources if s.kind is SourceKind.COMMIT and has_subject(s))
    return tuple(dict.fromkeys(map(commit_form, commits)))


def unnamed_commits(sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the hashes, 12 digits, of the commits that ``commit_lines`` leaves out."""
    commits = (s for s in sources if s.kind is SourceKind.COMMIT and not has_subject(s))
    return tuple(dict.fromkeys(s.commit[:DIGITS] for s in commits))


def _labelled(label: str, lines: Iterable[str]) -> list[tuple[str, str]]:
    return [("" if i else label, line) for i, line in enumerate(lines)]


def _said(claims: Iterable[Claim], manual: Manual, speech: Speech) -> list[str]:
    return [
        f"{phrases.outcome(c.behaviour, speech.when(c.condition, c.bits))} [{manual.cite(c)}]"
        for c in claims
    ]


def _printed(view: CellView, manual: Manual, speech: Speech) -> list[tuple[str, str]]:
    lines = _said(view.table, manual, speech) or ["says nothing (not printed)"]
    # The label names the table already.
    return _labelled("Table 15-22", (line.replace(", Table 15-22", "") for line in lines))


def _ruling(view: CellView, manual: Manual, speech: Speech) -> list[tuple[str, str]]:
    """Say what rules; what the table says too is not repeated where it is all still there."""
    if view.printed is Printed.AS_PRINTED:
        return [("What rules", "the same")]
    if not view.effective:
        return [("What rules", "nothing that is documented")]
    rest = said(view.table) <= said(view.effective) and bool(view.table)
    claims = phrases.differing(view) if rest else view.effective
    lines = _said(claims, manual, speech)
    lines += ["otherwise as Table 15-22 says"] if rest else []
    checked = any(c.kind is ClaimKind.ACCESS_CHECK for c in claims)
    lines += [
        f"{step.title} comes first [{step.cites}]"
        for step in view.chain
        if checked and step.name == "access-check"
    ]
    return _labelled("What rules", dict.fromkeys(lines))


def _others(view: CellView, manual: Manual, speech: Speech) -> list[tuple[str, str]]:
    """Return what does not rule but must be said: open questions, manuals of one model."""
    found = _labelled("Open", _said(phrases.questions(view), manual, speech))
    for claim in phrases.products(view):
        label, place, model = phrases.product(claim, manual)
        when = speech.when(claim.condition, claim.bits)
        found.append((label, f"{phrases.outcome(claim.behaviour, when)} [{place}; {model} only]"))
    return found + _labelled("Side effect", phrases.side_effects(view, manual.knowledge))


def _cells(difference: Difference, knowledge: Knowledge) -> tuple[str, ...]:
    """Return ``x2AVIC WRMSR of LDR, EOI``, one line per mode and access."""
    ways: dict[str, list[str]] = {}
    for key in knowledge.cells_named(difference.cells):
        name = phrases.label(knowledge.registers[key.register])
        ways.setdefault(phrases.way(key.mode, key.access), []).append(name)
    merged: dict[str, list[str]] = {}
    for way, names in ways.items():
        merged.setdefault(", ".join(names), []).append(way)
    return tuple(f"{_and(ways_)} of {names}" for names, ways_ in merged.items())


def _and(ways: list[str]) -> str:
    """``x2AVIC RDMSR and WRMSR``: a mode that is said once is not said again."""
    parts: list[str] = []
    last = ""
    for way in ways:
        mode, _, access = way.partition(" ")
        parts.append(access if mode == last else way)
        last = mode
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts)  # noqa: PLR2004


def _seen(entry: LedgerEntry, knowledge: Knowledge) -> dict[str, list[str]]:
    """Return by family what its reports saw, then what was measured on its cells."""
    speech = Speech(Conditions(knowledge.conditions), ())
    named: dict[tuple[str, ...], list[Observation]] = {}
    for seen in entry.named:
        named.setdefault((seen.family, seen.outcome, seen.condition), []).append(seen)
    measured: dict[tuple[str, ...], list[tuple[CellKey, Observation]]] = {}
    for key, finding in entry.measured:
        seen = finding.observation
        same = (seen.family, seen.outcome, seen.condition)
        measured.setdefault(same, []).append((key, seen))
    found: dict[str, list[str]] = {}
    for (family, *_), reports in named.items():
        found.setdefault(family, []).append(phrases.sighting(reports, speech))
    for (family, *_), pairs in measured.items():
        where = f"on {len({key for key, _ in pairs})} of its {len(entry.keys)} cells"
        text = phrases.sighting([seen for _, seen in pairs], speech)
        found.setdefault(family, []).append(f"{text}, {where if len(entry.keys) > 1 else ''}")
    return {family: [text.removesuffix(", ") for text in texts] for family, texts in found.items()}


def _life(difference: Difference, knowledge: Knowledge) -> list[str]:
    """Return the states it reached; a retraction is worth nothing without its reason."""
    if gone := difference.retraction:
        return [f"RETRACTED {gone.date}: {gone.text}"]
    return [", ".join(_event(event, knowledge) for event in difference.reached)]


def _event(event: Event, knowledge: Knowledge) -> str:
    """``documented 2026-03 in 24593 rev 3.44``, ``seen 2026-05-06``."""
    document = document_of(event, knowledge)
    where = f" in {document.number} rev {event.revision}" if document else ""
    return f"{event.state} {event.date}{where}"


def _document(difference: Difference, knowledge: Knowledge) -> str:
    """Return the manual among the sources of a difference."""
    kinds = (s for s in difference.all_sources if knowledge.sources[s].kind is SourceKind.DOCUMENT)
    return next((s for s in kinds if knowledge.sources[s].document == MANUAL), "")
