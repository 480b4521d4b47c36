"""What is pasted into a mail: one cell or one difference as a block.

A block carries its fact in text and ends with one pinned address, which leads to more.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.chains import ACCESS_CHECK
from app.core.facts import Claim, Difference, Observation
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, revision_of
from app.core.revisions import MANUAL
from app.core.rulings import branch_set, unprinted_claims
from app.core.views import CellView
from app.core.words import OWN_ORDER, ClaimKind, Mode, Printed, SourceKind
from app.mail import mail_phrases as phrases
from app.mail.mail_phrases import Speech
from app.pens.mail_lines import MailBlock
from app.pens.place import Place


def cell_block(view: CellView, knowledge: Knowledge, place: Place) -> str:
    """Return one cell: the table, what rules, what was seen per family, where it stands."""
    speech = Speech.of_cell(view, knowledge)
    printed = _said(view.table, speech) or ["says nothing (not printed)"]
    # The label names the table already.
    fields = _labelled("Table 15-22", (line.replace(", Table 15-22", "") for line in printed))
    fields += [("In print", str(view.printed))] if view.printed.differs else []
    fields += [*_ruling(view, speech), *_labelled("Open", _said(view.open, speech))]
    for claim in phrases.products(view):
        label, where, model = phrases.product_words(claim, speech)
        fields.append((label, f"{_outcome(claim, speech)} [{where}; {model} only]"))
    fields += _labelled("Side effect", phrases.side_effects(view, knowledge))
    for judgement in view.measured:
        name = knowledge.families[judgement.family].name
        fields += _labelled(name, phrases.sightings(judgement, speech))
    if not view.measured:
        fields.append(("Measured", phrases.NOBODY))
    out = MailBlock()
    out.lead(cell_title(view))
    out.blank()
    out.fields(fields)
    out.blank()
    out.fields(speech.legend(speech.tagged))
    out.last([speech.manual], place.pin(view.key.url))
    return out.render()


def cell_title(view: CellView) -> str:
    """``LDR, Logical Destination Register: WRMSR 80Dh under x2AVIC``."""
    register, key = view.register, view.key
    if key.mode is Mode.AVIC:
        where = f" of {', '.join(register.offsets)}" if register.offsets else ""
        return f"{phrases.register_words(register)}: MMIO {key.access}{where} under AVIC"
    return f"{phrases.register_words(register)}: {view.where} under x2AVIC"


def difference_block(entry: LedgerEntry, knowledge: Knowledge, place: Place) -> str:
    """Return one difference: the table, what instead, where, what was seen, its life."""
    difference = entry.difference
    sources = [knowledge.sources[name] for name in difference.all_sources]
    manuals = [s for s in sources if s.kind is SourceKind.DOCUMENT and s.document == MANUAL]
    speech = Speech(knowledge, next((s.id for s in manuals), ""))
    fields = [
        ("Table 15-22", difference.table_says),
        ("Instead", difference.instead),
        *_labelled("Cells", _cells(difference, knowledge)),
    ]
    seen = _seen(entry, speech)
    for family in knowledge.families.values():
        fields += _labelled(family.name, seen.get(family.slug, ()))
    if not seen:
        fields.append(("Measured", "no report of such an access"))
    fields.append(("State", _life(difference, knowledge)))
    places = phrases.places_named(f"{difference.table_says} {difference.text}")
    out = MailBlock()
    out.lead(f"{difference.label}: {difference.title}")
    out.blank()
    out.fields(fields)
    out.last([speech.manual, places], place.pin(difference.path))
    return out.render()


def _labelled(label: str, lines: Iterable[str]) -> list[tuple[str, str]]:
    return [("" if i else label, line) for i, line in enumerate(lines)]


def _outcome(claim: Claim, speech: Speech) -> str:
    return phrases.outcome_words(claim.behaviour, speech.when(claim.condition, claim.bits))


def _said(claims: Iterable[Claim], speech: Speech) -> list[str]:
    return [f"{_outcome(claim, speech)} [{speech.cite(claim)}]" for claim in claims]


def _ruling(view: CellView, speech: Speech) -> list[tuple[str, str]]:
    """Say what rules; what the table says too is not repeated where it is all still there."""
    if view.printed is Printed.AS_PRINTED:
        return [(OWN_ORDER, "the same")]
    if not view.effective:
        return [(OWN_ORDER, "nothing that it states")]
    rest = branch_set(view.table) <= branch_set(view.effective) and bool(view.table)
    claims = unprinted_claims(view.claims) if rest else view.effective
    lines = _said(claims, speech)
    lines += ["otherwise as Table 15-22 says"] if rest else []
    checked = any(c.kind is ClaimKind.ACCESS_CHECK for c in claims)
    lines += [
        f"{step.check.title} comes first [{step.check.cites}]"
        for step in view.chain(speech.knowledge.conditions)
        if checked and step.check is ACCESS_CHECK
    ]
    return _labelled(OWN_ORDER, dict.fromkeys(lines))


def _cells(difference: Difference, knowledge: Knowledge) -> tuple[str, ...]:
    """Return ``x2AVIC WRMSR of LDR, EOI``, one line per mode and access."""
    ways: dict[str, list[str]] = {}
    for key in knowledge.cells_named(difference.cells):
        way = phrases.mode_and_access(key.mode, key.access)
        ways.setdefault(way, []).append(knowledge.registers[key.register].label)
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


def _seen(entry: LedgerEntry, speech: Speech) -> dict[str, list[str]]:
    """Return by family what its reports saw, then what was measured on its cells."""
    seen: list[tuple[CellKey | None, Observation]] = [(None, one) for one in entry.named]
    seen += [(key, finding.observation) for key, finding in entry.measured]
    alike: dict[tuple[object, ...], list[tuple[CellKey | None, Observation]]] = {}
    for key, one in seen:
        same = (key is None, one.family, one.outcome, one.condition)
        alike.setdefault(same, []).append((key, one))
    found: dict[str, list[str]] = {}
    for (named, *_), pairs in alike.items():
        text = phrases.sighting([one for _, one in pairs], speech)
        if not named and len(entry.keys) > 1:
            text += f", on {len({key for key, _ in pairs})} of its {len(entry.keys)} cells"
        found.setdefault(pairs[0][1].family, []).append(text)
    return found


def _life(difference: Difference, knowledge: Knowledge) -> str:
    """``seen 2026-05-06, stated elsewhere 2026-03 in 24593 rev 3.44``; why it was retracted."""
    if gone := difference.retraction:
        return f"RETRACTED {gone.date}: {gone.text}"
    states = []
    for event in difference.reached:
        revision = revision_of(event, knowledge)
        states.append(f"{event.state.label} {event.date}{f' in {revision}' if revision else ''}")
    return ", ".join(states)
