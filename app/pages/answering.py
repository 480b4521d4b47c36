"""Who answers an access, as a column of a table or a band of a picture: the list is data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from app.core.emulated import EmulatedApic
from app.core.emulator_words import Following
from app.core.facts import Family
from app.core.knowledge import Knowledge
from app.core.measuring import NOT_STATED
from app.core.rulings import Conditions
from app.core.views import CellView
from app.core.wanted import exists_on
from app.core.words import Behaviour, Evidence, Verdict


@dataclass(frozen=True)
class CellState:
    """What is known of one cell in one column; ``findings`` is whether that is anything.

    ``code`` is the mark of its verdict in ASCII, ``behind`` what stands behind it.
    """

    verdict: Verdict | Following
    code: str
    behaviours: tuple[Behaviour, ...] = ()
    evidence: Evidence | None = None
    behind: str = ""
    findings: bool = False


@dataclass(frozen=True)
class Answering:
    """A CPU family, or an emulation: no evidence about silicon, and ``emulated``.

    ``judged`` is what is known of a cell on it, None where there is no such thing; ``short`` is
    its name in a narrow column, ``href`` its page, ``wanted`` the page of what is wanted of it.
    """

    slug: str
    name: str
    short: str
    href: str
    judged: Callable[[CellView], CellState | None]
    wanted: str = ""
    emulated: bool = False

    def seen(self, view: CellView) -> str:
        """What was seen of a cell, in the short words and codes of a column of text."""
        it = self.judged(view)
        if it is None:
            return ""
        said = it.evidence and not it.evidence.ran
        code = f"({it.code})" if said else it.code
        return f"{code} {'/'.join(b.short for b in it.behaviours)}".strip()


def family_columns(knowledge: Knowledge, families: Iterable[str]) -> tuple[Answering, ...]:
    """Return the columns: each family of ``families``, in the order of what is known."""
    asked = {*families}
    return tuple(_family(f, knowledge) for f in knowledge.families.values() if f.slug in asked)


def emulation_columns(
    knowledge: Knowledge, emulations: Iterable[EmulatedApic]
) -> tuple[Answering, ...]:
    """Return a column for each emulation, judged by what a guest can see of the manual's order."""
    return tuple(
        Answering(
            apic.slug,
            apic.emulation.title,
            _short(apic),
            apic.path,
            partial(_answered, apic, knowledge.conditions),
            emulated=True,
        )
        for apic in emulations
    )


def _short(apic: EmulatedApic) -> str:
    """``KVM 6.18.44-pvm``: its slug as it is read, the vendor only where that is not AMD."""
    told = apic.slug.removeprefix(f"{apic.emulation.name}-").removesuffix("-amd")
    return f"{apic.emulation.name.label} {told}"


def _family(family: Family, knowledge: Knowledge) -> Answering:
    def judged(view: CellView) -> CellState | None:
        it = view.judgements[family.slug]
        if not it.findings and not exists_on(knowledge, family, view.key):
            return None
        seen = bool(it.findings)
        return CellState(it.verdict, it.verdict.code, it.behaviours, it.evidence, it.behind, seen)

    if family.slug == NOT_STATED:
        return Answering(family.slug, family.name, "?", f"/c/{family.slug}", judged)
    wanted = f"/wanted?family={family.slug}"
    return Answering(family.slug, family.name, family.name, f"/c/{family.slug}", judged, wanted)


def _answered(apic: EmulatedApic, conditions: Conditions, view: CellView) -> CellState:
    """Return the strongest of what an emulation answered; all that it did is on its page."""
    answers = apic.answers(view, conditions)
    if not answers:
        return CellState(Verdict.UNMEASURED, Verdict.UNMEASURED.code)
    word = min((a.following for a in answers), key=list(Following).index)
    mine = [a for a in answers if a.following is word]
    outcomes = {a.outcome for a in mine}
    return CellState(
        word,
        word.mark,
        tuple(b for b in Behaviour if b in outcomes),
        Evidence.MEASURED,
        f"seen {sum(a.times for a in mine)} times",
        findings=True,
    )
