"""The filter of the table: its keys, its order and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from app.core import filtering
from app.core.filtering import Control, Filter, Key
from app.core.knowledge import Knowledge
from app.core.names import words_of
from app.core.views import WORST_FIRST, CellView
from app.core.words import Access, Behaviour, Evidence, Mode, Printed, Verdict

SORTS = {
    "order": "order of the manual",
    "name": "name",
    "msr": "MSR",
    "verdict": "verdict, worst first",
    "reports": "number of reports",
}
# What an order compares of the cells of a register.
MEASURES: Mapping[str, Callable[[Sequence[CellView]], int | str]] = {
    "order": lambda cells: cells[0].register.order,
    "name": lambda cells: cells[0].register.name.lower(),
    "msr": lambda cells: min((s.first for s in cells[0].register.msr_spans), default=0xFFFF),
    "verdict": lambda cells: min(WORST_FIRST.index(c.verdict) for c in cells),
    "reports": lambda cells: -sum(c.reports for c in cells),
}
ERRATUM_ANY = "any"
# The view with a column for each CPU: families are its columns, and narrow nothing.
CPUS = "cpu"
DISAGREEMENTS, WRONG = "disagreements", "wrong"
# What was seen and tells against the manual itself, not against its table alone.
AGAINST = frozenset({Verdict.CONTRADICTS, Verdict.SIDE_EFFECT})
# The registers of each group, by slug.
Members: TypeAlias = Mapping[str, tuple[str, ...]]
CellFilter: TypeAlias = Filter[CellView, Members]
CellVocabulary: TypeAlias = filtering.Vocabulary[CellView, Members]


def _families(wanted: CellFilter, view: CellView, _: Members) -> Iterable[str]:
    """A family alone asks where it has evidence; with a verdict, where it has that verdict."""
    known = (f for f in wanted["family"] if f in view.judgements)
    every = wanted["verdict"] or wanted["view"]
    return (f for f in known if every or view.judgements[f].findings)


def _verdicts(wanted: CellFilter, view: CellView, _: Members) -> Iterable[str]:
    if not wanted["family"]:
        return (view.verdict, *(j.verdict for j in view.measured))
    return (j.verdict for family, j in view.judgements.items() if family in wanted["family"])


def _evidence(wanted: CellFilter, view: CellView, _: Members) -> Iterable[str]:
    families = wanted["family"]
    return (o.evidence for o in view.observations if not families or o.family in families)


def _behaviours(_: CellFilter, view: CellView, __: Members) -> Iterable[str]:
    yield from (claim.behaviour for claim in (*view.table, *view.effective))
    yield from (seen.outcome for seen in view.observations)


def _errata(_: CellFilter, view: CellView, __: Members) -> Iterable[str]:
    return (*([ERRATUM_ANY] if view.errata else []), *(erratum.slug for erratum in view.errata))


def _only(wanted: CellFilter, view: CellView, _: Members) -> Iterable[str]:
    """Wrong on a family is what is wrong in print, and what was seen of it against the manual."""
    if view.disagrees:
        yield DISAGREEMENTS
    judged = (view.judgements[f] for f in wanted["family"] or view.judgements)
    against = any(found.verdict in AGAINST for j in judged for found in j.findings)
    if view.printed is Printed.WRONG or against:
        yield WRONG


def _columns(wanted: CellFilter, vocabulary: CellVocabulary) -> str:
    if not wanted["view"]:
        return ""
    families = vocabulary.words(wanted, "family").replace(" or ", " and ")
    return f", with a column for {families or 'each CPU'}"


def _judged(wanted: CellFilter, vocabulary: CellVocabulary) -> str:
    family = vocabulary.words(wanted, "family")
    verdict = " or ".join(f'"{Verdict(slug).label}"' for slug in wanted["verdict"])
    if wanted["view"] and not verdict:
        return ""
    judged = f"judged {verdict}" if verdict else "with evidence" if family else ""
    return judged + (f" on {family}" if family else "")


def _policies(wanted: CellFilter, vocabulary: CellVocabulary) -> list[str]:
    """Return the policies that stand beside the cells, by hypervisor."""
    known = vocabulary.knowledge.policies
    grouped = groupby(wanted["policy"], lambda slug: known[slug].hypervisor)
    return [" and of ".join(known[slug].name for slug in mine) for _, mine in grouped]


KEYS: tuple[Key[CellView, Members], ...] = (
    Key("view", lambda _: {CPUS: "CPUs as columns"}, words=_columns, most=1,
        api="cpu on a page: a column for each CPU, or each of family; narrows nothing"),
    Key("mode", lambda _: {str(m): m.label for m in Mode},
        lambda _, view, __: (view.key.mode,),
        control=Control("select", "Mode", "both"), api="avic or x2avic"),
    Key("access", lambda _: {str(a): str(a) for a in Access},
        lambda _, view, __: (view.key.access,),
        control=Control("select", "Access", "both"), api="read or write"),
    Key("family", lambda known: {f.slug: f.name for f in known.families.values()}, _families,
        reads=("verdict", "view"),
        control=Control("select", "CPU", "all"),
        api="slugs of families; with verdict, the verdict on these"),
    Key("group", lambda known: {g.slug: g.name for g in known.groups.values() if g.filter},
        lambda _, view, members: (g for g, r in members.items() if view.key.register in r),
        "of {}", control=Control("select", "Registers", "all", more=True),
        api="groups of registers"),
    Key("behaviour", lambda _: {str(b): b.label for b in Behaviour}, _behaviours,
        "that say or show {}", control=Control("select", "Behaviour", "any", more=True),
        api="printed, by the manual's own order, or seen"),
    Key("printed", lambda _: {str(p): p.label for p in Printed},
        lambda _, view, __: (view.printed,),
        "that are {}", control=Control("boxes", "Print", short={str(p): p.short for p in Printed}),
        api="what the table prints: wrong, incomplete, not-printed or as-printed"),
    Key("verdict", lambda _: {str(v): v.label for v in Verdict}, _verdicts, _judged,
        reads=("family",),
        control=Control("boxes", "Verdict", more=True), api="verdicts"),
    Key("evidence", lambda _: {str(e): str(e) for e in Evidence}, _evidence,
        "backed by {} reports", reads=("family",),
        control=Control("select", "Evidence", "any", more=True),
        api="measured, observed or stated"),
    Key("erratum", lambda known: {ERRATUM_ANY: "any erratum"}
        | {e.slug: e.title for e in known.errata.values() if e.cells}, _errata,
        "touched by {}", control=Control("select", "Erratum", "with or without", more=True),
        api="slugs of errata, or any"),
    # The table has room for two policies beside each other.
    Key("policy", lambda known: {p.slug: p.name for p in known.policies.values()},
        words=lambda *asked: "".join(f", with the policy of {p}" for p in _policies(*asked)[:1]),
        apart=lambda *asked: [f"Beside it that of {p}" for p in _policies(*asked)[1:]],
        most=2, control=Control("boxes", "Policy", more=True),
        api="slugs of policies, at most two: what they assume; narrows nothing"),
    Key("only", lambda _: {
            DISAGREEMENTS: "only where something disagrees",
            WRONG: "only where print or manual is wrong",
        }, _only, "{}", most=1, reads=("family",),
        control=Control("select", "Only", "all cells", more=True, short={
            DISAGREEMENTS: "where something disagrees",
            WRONG: "where print or manual is wrong",
        }),
        api="disagreements; or wrong: in print, or seen against the manual (on the families)"),
    # It lets more in, but a view with it is not the table as it stands.
    filtering.free_text(lambda view, _: haystack(view), api="words that must all occur"),
    filtering.ordering(SORTS, Control("select", "Order", SORTS["order"], more=True),
        api="order, name, msr, verdict or reports; with - in front backwards"),
)  # fmt: skip
WHOLE: CellFilter = Filter(KEYS)


def vocabulary_of(knowledge: Knowledge) -> CellVocabulary:
    """Return the valid words of the table's filter."""
    return filtering.Vocabulary(KEYS, knowledge)


def haystack(view: CellView) -> str:
    """Return the text that a search of the table looks through, in lower case."""
    words = [*words_of(view.register)]
    words += [part for o in view.observations for part in (o.text, o.reporter, o.cpu)]
    words += [part for e in view.errata for part in (e.slug, e.title)]
    words += [a.title for a in view.annotations]
    return " ".join(words).lower()


def sort_registers(rows: Mapping[str, Sequence[CellView]], sort: str) -> tuple[str, ...]:
    """Return the registers of ``rows`` in the asked order; ties keep the order of ``rows``."""
    measure = MEASURES[sort.removeprefix("-")]
    return tuple(sorted(rows, key=lambda slug: measure(rows[slug]), reverse=sort.startswith("-")))


def sentence(wanted: CellFilter, vocabulary: CellVocabulary, shown: int, total: int) -> str:
    """Say the filter in one English sentence, with the counts."""
    subject = (vocabulary.words(wanted, "mode"), vocabulary.words(wanted, "access"), "cells")
    head = f"{shown} of {total} {' '.join(filter(None, subject))}"
    return vocabulary.sentence(wanted, head, join=", ")
