"""What facts must say about each other before the site may show them."""

from __future__ import annotations

from dataclasses import dataclass

from app.core import facts
from app.core.knowledge import Knowledge
from app.curation import lint_facts, lint_registers, lint_reports

RULES = (*lint_facts.RULES, *lint_registers.RULES, *lint_reports.RULES)


@dataclass(frozen=True)
class LintFinding:
    """One broken rule: in which fact, where inside it, what was found and expected."""

    fact: facts.Fact
    place: facts.FactPath
    found: str
    expected: str


def lint(knowledge: Knowledge) -> tuple[LintFinding, ...]:
    """Return every broken rule of a whole seed, in the order of kinds and keys."""
    return tuple(
        LintFinding(fact, *broken)
        for entries in knowledge.by_kind.values()
        for fact in entries.values()
        for kind, rule in RULES
        if isinstance(fact, kind)
        for broken in rule(knowledge, fact)
    )
