"""Which pages a change of one fact touches: a pure function of what was known before and after.

Strict on purpose: a page is touched when what it says of its subject changed. The name of a
family on a cell's page, or a source that a policy cites, is not about the cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace

from app.core import facts
from app.core.cells import CellKey, cells_of
from app.core.knowledge import Knowledge, action_of

NONE: frozenset[str] = frozenset()
# Fields that hold the key of another fact, by the kind of that fact.
REFERENCES = {"source": ("source", "sources"), "condition": ("condition",)}
# What a citation says of a document; its revisions have pages of their own.
CITED = {"number", "title", "publisher"}


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


def touched(kind: str, key: str, before: Knowledge, after: Knowledge) -> Touched:
    """Return what the change of one fact touches.

    ``before`` and ``after`` are everything that was public on either side of the change;
    the fact is in at least one of them.
    """
    old, new = before.by_kind[kind].get(key), after.by_kind[kind].get(key)
    match kind:
        case "group":
            return _group(key, before, after)
        case "policy":
            views = _policy_views(key, before), _policy_views(key, after)
            keys = views[0].keys() | views[1].keys()
            return Touched(frozenset(k for k in keys if views[0].get(k) != views[1].get(k)))
        case "source" | "condition" | "document":
            return _cited(kind, key, before, after)
    if isinstance(new, facts.Register) and old and _differing(old, new) <= {"claims"}:
        # A change of some claims touches their cells; any other change touches all four.
        return Touched(_claimed(new, {*new.claims} ^ {*before.registers[key].claims}))
    # A new title touches every page that lists it; otherwise those that begin or cease to.
    was, lists = _listed(old, before), _listed(new, after)
    listed = was ^ lists if _label(old) == _label(new) else was | lists
    return _own(old, before) | _own(new, after) | listed


def _own(fact: facts.Fact | None, known: Knowledge) -> Touched:
    """Return the pages that show a fact whole; one about an emulation is on no page of these."""
    found = Touched()
    if isinstance(fact, facts.Difference) and fact.emulator:
        return found
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
            found = Touched(_cells(fact, known), differences=frozenset(citing))
        case facts.Annotation():
            cells = _cells(fact, known)
            found = Touched(cells, frozenset(fact.registers), frozenset(fact.families))
    return found


def _listed(fact: facts.Fact | None, known: Knowledge) -> Touched:
    """Return the pages that list an erratum or a difference by its title."""
    if isinstance(fact, facts.Difference) and fact.emulator:
        return Touched()
    match fact:
        case facts.Erratum():
            naming = {d.slug for d in known.differences.values() if fact.slug in d.errata}
            families = frozenset(part.family for part in fact.affected if part.family)
            return Touched(_cells(fact, known), families=families, differences=frozenset(naming))
        case facts.Difference():
            return Touched(_cells(fact, known))
    return Touched()


def _label(fact: facts.Fact | None) -> tuple[object, ...]:
    """Return what a list says of an erratum or a difference."""
    return tuple(getattr(fact, name, None) for name in ("title", "state", "retraction"))


def _group(slug: str, before: Knowledge, after: Knowledge) -> Touched:
    """Who joins or leaves a group matters through the facts that name the group."""
    found = Touched()
    for kind in ("observation", "erratum", "difference", "annotation"):
        for key in before.by_kind[kind].keys() & after.by_kind[kind].keys():
            fact = after.by_kind[kind][key]
            if any(part.startswith(f"@{slug}/") for part in _patterns(fact)):
                moved = _cells(fact, before) ^ _cells(fact, after)
                found |= replace(_own(fact, after), cells=moved) if moved else Touched()
    return found


def _cited(kind: str, key: str, before: Knowledge, after: Knowledge) -> Touched:
    """Return what the facts speak of that mention a source, a condition or a document."""
    old, new = before.by_kind[kind].get(key), after.by_kind[kind].get(key)
    if old is None or new is None:
        # Nothing mentions it yet, or any more: who does changes with it.
        return Touched()
    if kind != "document":
        names = REFERENCES[kind]
        return _mentioning(key, names, before) | _mentioning(key, names, after)
    found = Touched()
    if _differing(old, new) & CITED:
        cited = {source.id for source in after.sources.values() if source.document == key}
        for register in after.registers.values():
            claims = (claim for claim in register.claims if claim.source in cited)
            found |= Touched(_claimed(register, claims))
    return found


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
            found |= _own(fact, known) if _mentions(fact, key, names) else Touched()
    for register in known.registers.values():
        claims = (claim for claim in register.claims if _mentions(claim, key, names))
        found |= Touched(_claimed(register, claims))
    return found


def _mentions(value: object, key: str, names: Iterable[str]) -> bool:
    """Whether a fact, or anything in it, holds ``key`` in a field of one of these names."""
    if isinstance(value, tuple):
        return any(_mentions(item, key, names) for item in value)
    if not is_dataclass(value):
        return False
    held = {f.name: getattr(value, f.name) for f in fields(value)}
    named = (held[name] for name in names if name in held)
    if any(key in (part if isinstance(part, tuple) else (part,)) for part in named):
        return True
    return any(_mentions(part, key, names) for part in held.values())


def _claimed(register: facts.Register, claims: Iterable[facts.Claim]) -> frozenset[CellKey]:
    keys = ((claim, mode) for claim in claims for mode in claim.modes)
    return frozenset(CellKey(register.slug, mode, claim.access) for claim, mode in keys)


def _patterns(fact: facts.Fact) -> tuple[str, ...]:
    return fact.spoils if isinstance(fact, facts.Observation) else getattr(fact, "cells", ())


def _cells(fact: facts.Fact, known: Knowledge) -> frozenset[CellKey]:
    return frozenset(known.cells_named(_patterns(fact)))


def _differing(old: facts.Fact, new: facts.Fact) -> set[str]:
    return {f.name for f in fields(new) if getattr(old, f.name) != getattr(new, f.name)}
