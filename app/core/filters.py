"""The filter of the table: a query string, a value, a predicate and an English sentence.

The same words serve the form, the URL, the API and the CLI. Equal filters have equal
query strings: defaults left out, keys and values in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from urllib.parse import quote_plus

from app.core.cells import CellKey
from app.core.choices import read_choices
from app.core.knowledge import Knowledge
from app.core.views import WORST_FIRST, CellView
from app.core.words import Access, Behaviour, Evidence, Mode, Printed, Verdict
from app.errors import InvalidFilter

SORTS = {
    "order": "order of the manual",
    "name": "name",
    "msr": "MSR",
    "verdict": "verdict, worst first",
    "reports": "number of reports",
}
ONLY = {"disagreements": "only where something disagrees"}
PENDING = {"include": "pending measurements count too"}
ERRATUM_ANY = "any"
MANY = (
    "mode", "access", "family", "group", "behaviour", "printed", "verdict", "evidence", "erratum",
    "policy",
)  # fmt: skip
# The table has room for two policies beside each other.
POLICIES = 2
SINGLE = ("only", "pending", "q", "sort")
KEYS = (*MANY, *SINGLE)


@dataclass(frozen=True)
class CellFilter:
    """Which cells to show, and in which order; every field empty means all of them."""

    mode: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    behaviour: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    erratum: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    only: str = ""
    pending: str = ""
    q: str = ""
    sort: str = "order"

    def query(self) -> str:
        """Return the canonical query string, empty for the default view."""
        parts = [(key, ",".join(getattr(self, key))) for key in MANY]
        parts += [("only", self.only), ("pending", self.pending), ("q", self.q)]
        parts += [("sort", self.sort)] if self.sort != "order" else []
        return "&".join(f"{key}={quote_plus(value, safe=',')}" for key, value in parts if value)

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return replace(self, sort="order", policy=()) != CellFilter()

    def without(self, key: str, value: str = "") -> CellFilter:
        """Return the filter with one value, or a whole key, taken out."""
        if value and key in MANY:
            left = tuple(v for v in getattr(self, key) if v != value)
            return replace(self, **{key: left})  # type: ignore[arg-type]
        return replace(self, **{key: getattr(CellFilter(), key)})

    def admits(self, view: CellView, members: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether a cell passes. Values of one key are alternatives, keys add up."""
        return all(rule(self, view, members) for rule in _RULES)

    def families(self, every: Iterable[str]) -> tuple[str, ...]:
        """Return the families the view speaks of."""
        return self.family or tuple(every)


@dataclass(frozen=True)
class Vocabulary:
    """The valid values of each key, with their labels, in canonical order.

    ``hypervisors`` says by slug whose a policy is.
    """

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hypervisors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, knowledge: Knowledge) -> Vocabulary:
        """Take families, groups and errata from what is known, the rest from the glossary."""
        groups = {g.slug: g.name for g in knowledge.groups.values() if g.filter}
        errata = {e.slug: e.title for e in knowledge.errata.values() if e.cells}
        return cls(
            {
                "mode": {str(m): m.label for m in Mode},
                "access": {str(a): str(a) for a in Access},
                "family": {f.slug: f.name for f in knowledge.families.values()},
                "group": groups,
                "behaviour": {str(b): b.label for b in Behaviour},
                "printed": {str(p): p.label for p in Printed},
                "verdict": {str(v): str(v) for v in Verdict},
                "evidence": {str(e): str(e) for e in Evidence},
                "erratum": {ERRATUM_ANY: "any erratum", **errata},
                "policy": {p.slug: p.name for p in knowledge.policies.values()},
                "only": ONLY,
                "pending": PENDING,
                "sort": {k: v for name, v in SORTS.items() for k in (name, f"-{name}")},
            },
            {p.slug: p.hypervisor for p in knowledge.policies.values()},
        )


def parse(pairs: Iterable[tuple[str, str]], vocabulary: Vocabulary) -> CellFilter:
    """Read decoded query pairs.

    Raises InvalidFilter naming every unknown key and value with the nearest valid one.
    """
    chosen = read_choices(pairs, {key: vocabulary.values.get(key) for key in KEYS}, SINGLE)
    if len(chosen["policy"]) > POLICIES:
        found = ",".join(chosen["policy"][-POLICIES:])
        raise InvalidFilter("'policy' takes one value or two.", hints=(found,))
    return CellFilter(
        **{key: chosen[key] for key in MANY},  # type: ignore[arg-type]
        **{key: chosen[key][0] for key in SINGLE if chosen[key]},  # type: ignore[arg-type]
    )


Rule = Callable[[CellFilter, CellView, Mapping[str, tuple[str, ...]]], bool]


def _by_key(wanted: CellFilter, view: CellView, members: Mapping[str, tuple[str, ...]]) -> bool:
    key: CellKey = view.key
    grouped = not wanted.group or any(key.register in members[g] for g in wanted.group)
    return (
        (not wanted.mode or key.mode in wanted.mode)
        and (not wanted.access or key.access in wanted.access)
        and grouped
    )


def _by_judgement(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    """A family alone asks where it has evidence; with a verdict, where it has that verdict."""
    if wanted.verdict and not wanted.family:
        return view.verdict in wanted.verdict or any(
            j.verdict in wanted.verdict for j in view.measured
        )
    judged = [view.judgements[f] for f in wanted.families(view.judgements)]
    if wanted.verdict:
        return any(j.verdict in wanted.verdict for j in judged)
    return not wanted.family or any(j.findings for j in judged)


def _by_evidence(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    seen = {o.evidence for o in view.observations if not wanted.family or o.family in wanted.family}
    return not wanted.evidence or any(grade in wanted.evidence for grade in seen)


def _by_behaviour(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    words = {c.behaviour for c in (*view.table, *view.effective)}
    words |= {o.outcome for o in view.observations}
    return not wanted.behaviour or any(word in wanted.behaviour for word in words)


def _by_print(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    return not wanted.printed or view.printed in wanted.printed


def _by_erratum(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    slugs = {erratum.slug for erratum in view.errata}
    any_ = ERRATUM_ANY in wanted.erratum and bool(slugs)
    return not wanted.erratum or any_ or any(slug in wanted.erratum for slug in slugs)


def _by_disagreement(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    return not wanted.only or view.disagrees


def _by_text(wanted: CellFilter, view: CellView, _: Mapping[str, tuple[str, ...]]) -> bool:
    return all(word in haystack(view) for word in wanted.q.lower().split())


_RULES: tuple[Rule, ...] = (
    _by_key,
    _by_judgement,
    _by_evidence,
    _by_behaviour,
    _by_print,
    _by_erratum,
    _by_disagreement,
    _by_text,
)


def haystack(view: CellView) -> str:
    """Return the text that a search of the table looks through, in lower case."""
    r = view.register
    words = [r.slug, r.name, r.abbreviation, r.macro, *r.aliases, *r.offsets, *r.msrs]
    words += [part for o in view.observations for part in (o.text, o.reporter, o.cpu)]
    words += [part for e in view.errata for part in (e.slug, e.title)]
    words += [a.title for a in view.annotations]
    return " ".join(words).lower()


def sort_registers(views: Mapping[CellKey, CellView], sort: str) -> tuple[str, ...]:
    """Return the registers of ``views`` in the asked order; ties keep the manual's order."""
    rows: dict[str, list[CellView]] = {}
    for view in views.values():
        rows.setdefault(view.key.register, []).append(view)
    measure: Mapping[str, Callable[[list[CellView]], object]] = {
        "order": lambda cells: cells[0].register.order,
        "name": lambda cells: cells[0].register.name.lower(),
        "msr": lambda cells: min((s.first for s in cells[0].register.msr_spans), default=0xFFFF),
        "verdict": lambda cells: min(WORST_FIRST.index(c.verdict) for c in cells),
        "reports": lambda cells: -sum(c.reports for c in cells),
    }
    by_order = sorted(rows, key=lambda slug: rows[slug][0].register.order)
    key = measure[sort.removeprefix("-")]
    return tuple(
        sorted(by_order, key=lambda slug: key(rows[slug]), reverse=sort.startswith("-"))  # type: ignore[arg-type,return-value]
    )


def sentence(wanted: CellFilter, vocabulary: Vocabulary, shown: int, total: int) -> str:
    """Say the filter in one English sentence, with the counts."""
    values = vocabulary.values

    def words(key: str, join: str = " or ") -> str:
        return join.join(values[key][v] for v in getattr(wanted, key))

    subject = " ".join(part for part in (words("mode"), words("access")) if part)
    parts = [f"{shown} of {total} {subject + ' ' if subject else ''}cells"]
    if wanted.group:
        parts.append(f"of {words('group')}")
    if wanted.behaviour:
        parts.append(f"that say or show {words('behaviour')}")
    if wanted.printed:
        parts.append(f"that are {words('printed')}")
    if wanted.verdict or wanted.family:
        judged = f"judged {words('verdict')}" if wanted.verdict else "with evidence"
        parts.append(judged + (f" on {words('family')}" if wanted.family else ""))
    if wanted.evidence:
        parts.append(f"backed by {words('evidence')} reports")
    if wanted.erratum:
        parts.append(f"touched by {words('erratum')}")
    parts += [ONLY[wanted.only]] if wanted.only else []
    parts += ["with pending measurements"] if wanted.pending else []
    if wanted.q:
        parts.append(f'matching "{wanted.q}"')
    sort = wanted.sort.removeprefix("-")
    backwards = ", backwards" if wanted.sort.startswith("-") else ""
    ordered = f", by {SORTS[sort]}{backwards}" if wanted.sort != "order" else ""
    beside, *others = _beside(wanted, vocabulary)
    said = ", ".join(parts[:1]) + (" " + ", ".join(parts[1:]) if parts[1:] else "")
    return ". ".join((f"{said}{beside}{ordered}", *others)) + "."


def _beside(wanted: CellFilter, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Say which policies stand beside the cells, in a sentence for each hypervisor."""
    labels = vocabulary.values["policy"]
    grouped = groupby(wanted.policy, vocabulary.hypervisors.__getitem__)
    named = [" and of ".join(labels[slug] for slug in mine) for _, mine in grouped]
    first = f", with the policy of {named[0]}" if named else ""
    return (first, *(f"Beside it that of {other}" for other in named[1:]))


def chips(wanted: CellFilter, vocabulary: Vocabulary) -> tuple[tuple[str, str, CellFilter], ...]:
    """Return (key, label, the filter without it) for each value that is chosen."""
    found = []
    for key in MANY:
        found += [
            (key, vocabulary.values[key][value], wanted.without(key, value))
            for value in getattr(wanted, key)
        ]
    for key in ("only", "pending"):
        if value := getattr(wanted, key):
            found.append((key, vocabulary.values[key][value], wanted.without(key)))
    if wanted.q:
        found.append(("text", wanted.q, wanted.without("q")))
    if wanted.sort != "order":
        found.append(("sort", vocabulary.values["sort"][wanted.sort], wanted.without("sort")))
    return tuple(found)
