"""What a test expects: the manual's rules, or what was seen on a family or an emulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from app.core.emulated import EmulatedApic
from app.core.rulings import Conditions
from app.core.words import Behaviour, Verdict
from app.errors import NotFound
from app.export.handout.checks import SINGLE, Check, Expected, by_manual, checks_of, seen_as
from app.pens.place import Place
from app.probing import probe_document
from app.store.snapshots import Snapshot

MANUAL = "manual"
RULES = "the manual's own order of checks (24593, 15.29.10)"
NOT_SEEN = "not seen"


@dataclass(frozen=True)
class CheckRow:
    """A check, what is expected of it, what the manual expects, and the pinned link."""

    check: Check
    expected: Expected
    manual: Expected
    link: str

    @property
    def differs(self) -> bool:
        """Whether what is expected is known not to be what the manual gives."""
        outcomes = (self.expected.outcome, self.manual.outcome)
        return None not in outcomes and len(set(outcomes)) > 1


@dataclass(frozen=True)
class Handout:
    """A whole test: ``expect`` is the word of the option, ``title`` says what it means."""

    expect: str
    title: str
    place: Place
    rows: tuple[CheckRow, ...]


def handout_of(snapshot: Snapshot, place: Place, expect: str) -> Handout:
    """Return the test that expects what a word says.

    ``manual``, the slug of a family, or that of an emulation, of which a beginning will do where
    only one has it. Raises NotFound for another word.
    """

    def manual(check: Check) -> Expected:
        return by_manual(check, snapshot.cells[check.key].claims, snapshot.knowledge.conditions)

    title, expected = RULES, manual
    if expect != MANUAL:
        subject = _find_subject(snapshot, expect)
        expect, title = subject.slug, f"what was seen on {subject.name}, and nothing else"
        expected = partial(subject.showed, conditions=snapshot.knowledge.conditions)
    rows = (
        CheckRow(one, expected(one), manual(one), place.pin(one.key.url))
        for one in checks_of(snapshot.knowledge.registers.values())
    )
    return Handout(expect, title, place, tuple(rows))


@dataclass(frozen=True)
class Heard:
    """What a report, or an observation of a document, says of accesses to one cell."""

    outcome: Behaviour
    condition: str
    member: str
    value: str
    note: str
    told: str

    def speaks_of(self, check: Check, conditions: Conditions) -> bool:
        """Whether it is of the very access: under this condition, of this member or of all.

        A zero that is written is a plain access; where the condition is one of the value, the
        value or its bits must be those of the check.
        """
        plain = not self.condition and check.why in PLAIN
        if self.member not in ("", str(check.member)):
            return False
        if plain or self.condition != check.condition:
            return plain
        axis = conditions.get(self.condition)
        bits = probe_document.bits_in(self.note)
        # One bit that has a word of its own is that of the check, whichever vector is beside it.
        single = check.why in SINGLE.values()
        if axis is None or axis.axis != "value" or single or not (bits or self.value):
            return True
        value = check.value or 0
        return bool(bits & value) if bits else int(self.value, 16) == value


# Accesses of which a report states no condition.
PLAIN = ("initial", "zero", "pattern")


@dataclass(frozen=True)
class _Subject:
    """A family or an emulation, and how to find what was seen of a check on it."""

    slug: str
    name: str
    heard_of: Callable[[Check], Iterable[Heard]]

    def showed(self, check: Check, conditions: Conditions) -> Expected:
        """Return what a check is to expect: what was seen, where it was seen and is one thing."""
        heard = [one for one in self.heard_of(check) if one.speaks_of(check, conditions)]
        outcomes = {seen_as(one.outcome) for one in heard}
        if len(outcomes) > 1:
            return Expected(None, f"both were seen on {self.name}")
        return Expected(outcomes.pop(), heard[0].told) if heard else Expected(None, NOT_SEEN)


def _find_subject(snapshot: Snapshot, word: str) -> _Subject:
    """Return the family or emulation that a word names; raises NotFound with what is near."""
    families, emulations = snapshot.knowledge.families, snapshot.emulations
    begun = [slug for slug in emulations if slug.startswith((f"{word}-", f"{word}."))]
    slug = begun[0] if len(begun) == 1 else word
    if slug in emulations:
        emulated = emulations[slug]
        return _Subject(slug, emulated.emulation.title, partial(_heard_in_emulation, emulated))
    if slug in families:
        return _Subject(slug, families[slug].name, partial(_heard_on_family, snapshot, slug))
    known = (MANUAL, *families, *emulations)
    near = tuple(begun) or tuple(get_close_matches(slug, known, n=1)) or known
    raise NotFound(f"There is nothing to expect by the name {slug!r}.", hints=near)


def _heard_on_family(snapshot: Snapshot, slug: str, check: Check) -> Iterator[Heard]:
    judgement = snapshot.cells[check.key].judgements.get(slug)
    for finding in judgement.findings if judgement else ():
        seen = finding.observation
        if finding.verdict is not Verdict.MASKED:
            told = f"{seen.evidence} on {slug}: {seen.id}"
            yield Heard(seen.outcome, seen.condition, seen.member, "", seen.text, told)


def _heard_in_emulation(emulated: EmulatedApic, check: Check) -> Iterator[Heard]:
    for name, seen in emulated.by_cell.get(check.key, ()):
        member = "" if seen.member is None else str(seen.member)
        told = f"measured on {emulated.slug}: /m/{name}"
        yield Heard(seen.outcome, seen.condition, member, seen.value, seen.note, told)
