"""Which pages a change of one fact touches: a pure function of what was known before and after.

Strict on purpose: a page is touched when what it says of its subject changed. The name of a
family on a cell's page, or a source that a policy cites, is not about the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace

from app.core import facts
from app.core.cells import CellKey, cells_of
from app.core.knowledge import Knowledge, action_of

NONE: frozenset[str] = frozenset()
# Fields that hold the key of another fact, by the kind of that fact.
REFERENCES = {"source": ("source", "sources"), "condition": ("condition",)}
# What a citation says of a document; its revisions have pages of their own.
CITED = ("number", "title", "publisher")


@dataclass(frozen=True)
class Touched:
    """What a change touches; ``registers`` are those whose own page changes."""

    cells: frozenset[CellKey] = frozenset()
    registers: frozenset[str] = NONE
    families: frozenset[str] = NONE
    differences: frozenset[str] = NONE
    errata: frozenset[str] = NONE

    def __or__(self, other: Touched) -> Touched:
        return Touched(*(getattr(self, f.name) | getattr(other, f.name) for f in fields(self)))

    def __xor__(self, other: Touched) -> Touched:
        return Touched(*(getattr(self, f.name) ^ getattr(other, f.name) for f in fields(self)))

    @property
    def paths(self) -> frozenset[str]:
        """The addresses of the pages that are touched, a register's with any of its cells."""
        registers = self.registers | {key.register for key in self.cells}
        return frozenset(
            {key.url for key in self.cells}
            | {f"/r/{slug}" for slug in registers}
            | {f"/c/{slug}" for slug in self.families}
            | {f"/d/{slug}" for slug in self.differences}
            | {f"/errata/{slug}" for slug in self.errata}
        )


@dataclass(frozen=True)
class _Sides:
    """One fact in what was known before and after; None where it is not."""

    key: str
    before: Knowledge
    after: Knowledge
    old: facts.Fact | None = field(default=None)
    new: facts.Fact | None = field(default=None)

    @property
    def there(self) -> tuple[tuple[Knowledge, facts.Fact], ...]:
        pairs = ((self.before, self.old), (self.after, self.new))
        return tuple((known, fact) for known, fact in pairs if fact is not None)


def touched(kind: str, key: str, before: Knowledge, after: Knowledge) -> Touched:
    """Return what the change of one fact touches.

    ``before`` and ``after`` are everything that was public on either side of the change;
    the fact is in at least one of them.
    """
    old, new = before.by_kind[kind].get(key), after.by_kind[kind].get(key)
    sides = _Sides(key, before, after, old, new)
    return _RULES.get(kind, _anything)(sides)


def _anything(sides: _Sides) -> Touched:
    return _all(_own(fact, known) for known, fact in sides.there)


def _own(fact: facts.Fact, known: Knowledge) -> Touched:
    """Return the pages that show a fact whole."""
    found = Touched()
    match fact:
        case facts.Register():
            found = Touched(frozenset(cells_of(fact.slug)), frozenset({fact.slug}))
        case facts.Family():
            found = Touched(families=frozenset({fact.slug}))
        case facts.Erratum():
            found = Touched(errata=frozenset({fact.slug}))
        case facts.Difference():
            found = Touched(differences=frozenset({fact.slug}))
        case facts.Observation():
            # What it does to a family is told by the verdicts.
            citing = {d.slug for d in known.differences.values() if fact.id in d.observations}
            found = Touched(_cells(fact.spoils, known), differences=frozenset(citing))
        case facts.Annotation():
            cells = _cells(fact.cells, known)
            found = Touched(cells, frozenset(fact.registers), frozenset(fact.families))
    return found


def _listed(fact: facts.Fact | None, known: Knowledge) -> Touched:
    """Return the pages that list an erratum or a difference by its title."""
    match fact:
        case facts.Erratum():
            naming = {d.slug for d in known.differences.values() if fact.slug in d.errata}
            families = frozenset(part.family for part in fact.affected if part.family)
            cells = _cells(fact.cells, known)
            return Touched(cells, families=families, differences=frozenset(naming))
        case facts.Difference():
            return Touched(_cells(fact.cells, known))
    return Touched()


def _register(sides: _Sides) -> Touched:
    """A change of some claims touches their cells; any other change touches all four."""
    old, new = sides.old, sides.new
    if not (isinstance(old, facts.Register) and isinstance(new, facts.Register)):
        return _anything(sides)
    if _differing(old, new) - {"claims"}:
        return _anything(sides)
    return _claimed(new.slug, set(old.claims) ^ set(new.claims))


def _titled(sides: _Sides) -> Touched:
    """A new title touches every page that lists it; otherwise those that begin or cease to."""
    old, new = _listed(sides.old, sides.before), _listed(sides.new, sides.after)
    same = _label(sides.old) == _label(sides.new)
    return _anything(sides) | (old ^ new if same else old | new)


def _label(fact: facts.Fact | None) -> tuple[object, ...]:
    """Return what a list says of an erratum or a difference."""
    names = ("title", "state", "retraction")
    return tuple(getattr(fact, name, None) for name in names)


def _group(sides: _Sides) -> Touched:
    """Who joins or leaves a group matters through the facts that name the group."""
    found = Touched()
    for kind in ("observation", "erratum", "difference", "annotation"):
        before, after = sides.before.by_kind[kind], sides.after.by_kind[kind]
        for key in before.keys() & after.keys():
            patterns = _patterns(after[key])
            if any(part.startswith(f"@{sides.key}/") for part in patterns):
                moved = _cells(patterns, sides.before) ^ _cells(patterns, sides.after)
                own = _own(after[key], sides.after)
                found |= replace(own, cells=moved) if moved else Touched()
    return found


def _reference(kind: str) -> Callable[[_Sides], Touched]:
    names = REFERENCES[kind]

    def rule(sides: _Sides) -> Touched:
        if sides.old is None or sides.new is None:
            # Nothing mentions it yet, or any more: who does changes with it.
            return Touched()
        return _all(_mentioning(sides.key, names, known) for known, _ in sides.there)

    return rule


def _document(sides: _Sides) -> Touched:
    """What a citation says of a document."""
    old, new = sides.old, sides.new
    if old is None or new is None:
        return Touched()
    found = Touched()
    if _differing(old, new).intersection(CITED):
        cited = {s.id for s in sides.after.sources.values() if s.document == sides.key}
        for register in sides.after.registers.values():
            found |= _claimed(register.slug, (c for c in register.claims if c.source in cited))
    return found


def _policy(sides: _Sides) -> Touched:
    views = [_policy_views(sides.key, known) for known in (sides.before, sides.after)]
    keys = views[0].keys() | views[1].keys()
    return Touched(frozenset(k for k in keys if views[0].get(k) != views[1].get(k)))


def _policy_views(slug: str, known: Knowledge) -> dict[CellKey, tuple[object, ...]]:
    """Return what the page of each cell says of a policy, where it says anything."""
    policy = known.policies.get(slug)
    found: dict[CellKey, tuple[object, ...]] = {}
    if policy is None:
        return found
    for key in known.cells:
        actions, trapped = known.actions(key, policy), known.trapped(key, policy)
        if actions or trapped:
            says = tuple((entry.msrs, action_of(entry, key), entry.note) for entry in actions)
            found[key] = (policy.hypervisor, policy.releases, says, trapped)
    return found


def _mentioning(key: str, names: Iterable[str], known: Knowledge) -> Touched:
    """Return what the facts speak of that hold ``key`` in a field of one of these names."""
    found = Touched()
    for kind in ("observation", "erratum", "difference", "annotation", "family"):
        for fact in known.by_kind[kind].values():
            if _mentions(fact, key, names):
                found |= _own(fact, known)
    for register in known.registers.values():
        claims = (claim for claim in register.claims if _mentions(claim, key, names))
        found |= _claimed(register.slug, claims)
    return found


def _mentions(value: object, key: str, names: Iterable[str]) -> bool:
    """Whether a fact, or anything in it, holds ``key`` in a field of one of these names."""
    if isinstance(value, tuple):
        return any(_mentions(item, key, names) for item in value)
    if not is_dataclass(value):
        return False
    held = {f.name: getattr(value, f.name) for f in fields(value)}
    named = (part for name in names if (part := held.get(name)))
    if any(key == part or (isinstance(part, tuple) and key in part) for part in named):
        return True
    return any(_mentions(part, key, names) for part in held.values())


def _claimed(register: str, claims: Iterable[facts.Claim]) -> Touched:
    cells = {CellKey(register, mode, claim.access) for claim in claims for mode in claim.modes}
    return Touched(frozenset(cells))


def _patterns(fact: facts.Fact) -> tuple[str, ...]:
    return fact.spoils if isinstance(fact, facts.Observation) else getattr(fact, "cells", ())


def _cells(patterns: Iterable[str], known: Knowledge) -> frozenset[CellKey]:
    return frozenset(known.cells_named(patterns))


def _differing(old: facts.Fact, new: facts.Fact) -> set[str]:
    return {f.name for f in fields(new) if getattr(old, f.name) != getattr(new, f.name)}


def _all(found: Iterable[Touched]) -> Touched:
    whole = Touched()
    for part in found:
        whole |= part
    return whole


_RULES: dict[str, Callable[[_Sides], Touched]] = {
    "register": _register,
    "erratum": _titled,
    "difference": _titled,
    "group": _group,
    "source": _reference("source"),
    "condition": _reference("condition"),
    "document": _document,
    "policy": _policy,
}
