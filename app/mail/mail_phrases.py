"""The phrases of mail blocks: places in documents, and evidence in its short form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, groupby

from app.core import cells
from app.core.citations import cite_claim
from app.core.facts import Claim, Observation, Register
from app.core.judgements import Finding, Judgement
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.rulings import unprinted_claims
from app.core.views import CellView
from app.core.words import Access, Behaviour, Evidence, Mode, Scope, Strength, Verdict

# What a verdict adds to an outcome; the others are plain from the lines above them.
REMARKS = {
    Verdict.CONTRADICTS: "against the manual",
    Verdict.SETTLES: "where the manual leaves it open",
    Verdict.MASKED: "intercepted by the hypervisor, which hides AVIC",
}
OUTCOMES = {
    Behaviour.COMPLETED: "completed, exits not watched",
    Behaviour.ABSENT: "does not exist in this mode",
}
NOBODY = "no report on any CPU family"
PLACES = re.compile(r"Table \d+-\d+|\b1[56]\.\d+(?:\.\d+)*")
PAGES = re.compile(r"p\.(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Speech:
    """How a block speaks: of its document, which is named once at its end, and of conditions.

    ``source`` is what most of its claims cite; a condition is said in full, or by its tag if
    it is among ``tagged``.
    """

    knowledge: Knowledge
    source: str
    tagged: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, views: Iterable[CellView], knowledge: Knowledge) -> Speech:
        """Cite the source of most claims, of the table's own if there are any; tag everything."""
        claims = list(chain.from_iterable(view.table or view.claims for view in views))
        if not claims:
            # The manual is silent here, and still the one that was looked at.
            claims = [c for r in knowledge.registers.values() for c in r.claims]
        counted = Counter(claim.source for claim in claims).most_common(1)
        return cls(knowledge, counted[0][0] if counted else "", tuple(knowledge.conditions))

    @classmethod
    def of_cell(cls, view: CellView, knowledge: Knowledge) -> Speech:
        """Tag the conditions of a cell if its block says any of them more than once."""
        claims = (*view.table, *unprinted_claims(view.claims), *view.open, *products(view))
        seen = dict.fromkeys((o.family, o.outcome, o.condition) for o in view.observations)
        counted = Counter([c.condition for c in claims] + [condition for *_, condition in seen])
        often = any(times > 1 for slug, times in counted.items() if slug)
        tagged = tuple(filter(None, counted)) if often else ()
        return cls(knowledge, cls.of_table([view], knowledge).source, tagged)

    @property
    def manual(self) -> str:
        """``AMD64 Architecture Programmer's Manual vol. 2 (24593) rev 3.44``."""
        source = self.knowledge.sources.get(self.source)
        document = self.knowledge.documents.get(source.document) if source else None
        if not source or not document:
            return "vAPIC Explorer"
        title = document.title.partition(":")[0].replace("Volume", "vol.")
        return f"{title} ({document.number}) rev {source.revision}"

    def cite(self, claim: Claim) -> str:
        """Return a claim's place; another document is named with it."""
        full = cite_claim(claim, self.knowledge.sources, self.knowledge.documents)
        place = full.partition(", ")[2] if claim.source == self.source else full
        return f"implied by {place}" if claim.strength is Strength.IMPLIED else place

    def when(self, condition: str, bits: str = "") -> str:
        """`` when bit 12 ... is 1``, `` if reserved (63:10)``, empty without condition."""
        # Bits in several runs get room to wrap.
        where = f" ({bits.replace(',', ', ')})" if bits else ""
        if not condition:
            return where
        if condition in self.tagged:
            return f" if {self.knowledge.conditions.tag(condition)}{where}"
        return f" when {self.knowledge.conditions.text(condition)}{where}"

    def legend(self, used: Iterable[str]) -> list[tuple[str, str]]:
        """Return tag and meaning of the tagged conditions among ``used``, in their order."""
        known = self.knowledge.conditions
        wanted = (known.get(slug) for slug in dict.fromkeys(used) if slug in self.tagged)
        return [(c.tag, c.text) for c in wanted if c]


def products(view: CellView) -> tuple[Claim, ...]:
    """Return what the manuals of single models say."""
    return tuple(c for c in view.claims if c.family)


def side_effects(view: CellView, knowledge: Knowledge) -> tuple[str, ...]:
    """Return what an access leaves behind: ``wrong: bit 12 ... stays set (Zen 4, observed)``."""
    return tuple(
        f"wrong: {seen.side_effect.text} ({knowledge.families[seen.family].name}, {seen.evidence})"
        for seen in view.side_effects
        if seen.side_effect
    )


def product_words(claim: Claim, speech: Speech) -> tuple[str, str, str]:
    """``AMD 57896``, ``inferred from rev 3.00, p.176``, ``Zen 5 model 44h``."""
    knowledge = speech.knowledge
    name = knowledge.families[claim.family].name
    model = f"{name} model {claim.models}" if claim.models else name
    number, _, place = speech.cite(claim).partition(" ")
    document = knowledge.documents.get(knowledge.sources[claim.source].document)
    place = f"inferred from {place}" if claim.inference else place
    return f"{document.publisher if document else ''} {number}".strip(), place, model


def outcome_words(behaviour: Behaviour, when: str) -> str:
    """A behaviour's label with its condition: ``#GP, no #VMEXIT, if non-zero``."""
    label = OUTCOMES.get(behaviour, behaviour.label)
    # Without the comma the condition would be that of the last words alone.
    return f"{label},{when}" if when and "," in label else f"{label}{when}"


def register_words(register: Register) -> str:
    """``LDR, Logical Destination Register``; the name alone where there is no abbreviation."""
    if register.abbreviation == "-":
        return register.name
    return f"{register.abbreviation}, {register.name}"


def mode_and_access(mode: Mode, access: Access) -> str:
    """``x2AVIC WRMSR``, ``AVIC read``."""
    return f"{mode.label} {access if mode is Mode.AVIC else cells.access_method(mode, access)}"


def sightings(judgement: Judgement, speech: Speech) -> tuple[str, ...]:
    """Return one phrase per outcome and condition that one family showed."""
    sides: dict[object, list[Finding]] = {}
    for found in judgement.findings:
        seen = found.observation
        masked = found.verdict is Verdict.MASKED
        sides.setdefault((seen.outcome, seen.condition, masked), []).append(found)
    phrases = []
    for side in sides.values():
        stated = all(f.condition_stated for f in side)
        parts = [sighting([f.observation for f in side], speech, stated=stated)]
        parts += [text for v, text in REMARKS.items() if any(f.verdict is v for f in side)]
        parts += [Verdict.DISPUTED.label] if judgement.verdict is Verdict.DISPUTED else []
        phrases.append("; ".join(parts))
    return tuple(phrases)


def sighting(seen: list[Observation], speech: Speech, *, stated: bool = True) -> str:
    """``#GP, no #VMEXIT (2 reports, 1 machine, measured)``; all of ``seen`` agree.

    Each grade of evidence is counted by itself. ``stated`` is false where the cell is
    conditional and a report does not say which case.
    """
    grades: dict[str, Evidence] = {}
    for grade in reversed(Evidence):
        # A report counts once, with the strongest of its parts.
        grades |= {o.report or o.id: grade for o in seen if o.evidence is grade}
    behind = "; ".join(
        _graded([o for o in seen if grades[o.report or o.id] is grade], grade)
        for grade in Evidence
        if grade in grades.values()
    )
    behind += "" if stated else ", condition not stated"
    return f"{outcome_words(seen[0].outcome, speech.when(seen[0].condition))} ({behind})"


def _graded(seen: list[Observation], grade: Evidence) -> str:
    counts = (
        (len({o.report or o.id for o in seen}), "report"),
        (len({o.machine for o in seen if o.machine}), "machine"),
        (len({o.microcode for o in seen if o.microcode}), "microcode"),
    )
    parts = [count_noun(n, what) for n, what in counts if n]
    parts.append(str(grade))
    if members := sorted({o.member for o in seen if o.member}, key=lambda m: (len(m), m)):
        parts.append(f"member{'s' if len(members) > 1 else ''} {', '.join(members)}")
    if all(o.scope is Scope.GROUP for o in seen):
        parts.append("for a group of registers")
    parts += [f'hedged "{hedge}"' for hedge in dict.fromkeys(o.hedge for o in seen if o.hedge)]
    if all(o.restates for o in seen):
        parts.append("the word is the manual's")
    if any(o.inference for o in seen):
        parts.append("inference in part")
    return ", ".join(parts)


def places_named(text: str) -> str:
    """Return the tables, sections and pages that a text of ours names, each once.

    The prose of the ledger cites as it goes; a block cites at its end.
    """
    places = sorted(dict.fromkeys(PLACES.findall(text)), key=lambda place: place[0] != "T")
    pages = pages_of(text)
    return ", ".join((*places, *([f"p.{pages}"] if pages else [])))


def pages_of(text: str) -> str:
    """Return the pages of ``p.566-568, p.583`` in order, runs joined: ``566-568, 583``."""
    named = [(int(first), int(last or first)) for first, last in PAGES.findall(text)]
    numbers = sorted({number for first, last in named for number in range(first, last + 1)})
    # Within a run a number and its place in the list grow alike.
    runs = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ends = [(run[0][1], run[-1][1]) for run in ([*pairs] for _, pairs in runs)]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)
