"""The parts of the JSON that the API, the ``.json`` twins and exports share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from app.core.words import Behaviour, ClaimKind, Evidence, Mode, Scope, Strength, Verdict


class Out(BaseModel):
    """Base of everything that leaves as JSON."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, fact: object, **given: Any) -> Self:
        """Return a fact as JSON shows it: its fields of these names, but for what is given."""
        same = {n: getattr(fact, n) for n in cls.model_fields if n not in given}
        return cls(**same, **given)


class ManualOut(Out):
    """The revision of the manual that was read: the one that every answer shows.

    Keys under ``/api/v1`` stay: the rest once told of revisions that nobody read.
    """

    revision: str
    inference: bool
    read: list[str]
    silent: list[Mode]
    note: str


class HoldsOut(Out):
    """The revision in which a claim of the manual was read, and the first that says so.

    ``since`` is inference, ``because`` what it rests on; empty where nobody knows, like ``until``.
    """

    read: str
    since: str
    until: str
    inference: bool
    because: str


class ClaimOut(Out):
    """What one place in one revision of a document says about the cell."""

    kind: ClaimKind
    strength: Strength
    behaviour: Behaviour
    condition: str
    document: str
    revision: str
    section: str
    table: str
    page: str
    family: str
    models: str
    qualifier: str
    question: str
    bits: str
    text: str
    inference: str
    holds: HoldsOut | None


class EffectiveOut(Out):
    """One branch of what rules the cell, in the order of the checks."""

    condition: str
    behaviour: Behaviour
    kind: ClaimKind


class MoreOut(Out):
    """How many observations are counted and not named one by one, and the list of whose they are.

    The list has pages of fifty; ``next`` in its JSON is the one behind it.
    """

    observations: int
    url: str


class FamilyVerdict(Out):
    """The judgement on the cell for one family; ``more`` where observations are not named."""

    verdict: Verdict
    behaviours: list[Behaviour]
    reports: int
    machines: int
    masked: int
    evidence: Evidence | None
    scope: Scope | None
    more: MoreOut | None = Field(None, exclude_if=lambda more: more is None)


class ObservationOut(Out):
    """What one access did, as one report says.

    Of measurements alike the newest eight are named, in a list the newest eight of the cell;
    ``more`` of a family counts and links the others.
    """

    id: str
    family: str
    cpu: str
    outcome: Behaviour
    condition: str
    evidence: Evidence
    scope: Scope
    hedge: str
    exit: str
    intercepted: bool
    reporter: str
    date: str
    text: str
    member: str
    restates: bool
    side_effect: str
    inference: str
    sources: list[str]


class RegisterOut(Out):
    """A row of Table 15-22."""

    slug: str
    name: str
    abbreviation: str
    macro: str
    offsets: list[str]
    msrs: list[str]
    vector: bool
    x2apic_access: str
    url: str
    cells: list[str]


class RegisterList(Out):
    """Registers of one data version."""

    data_version: str
    registers: list[RegisterOut]


class FactList(Out):
    """Facts of one kind, with the keys of the seed, at one data version."""

    data_version: str
    families: list[dict[str, Any]] | None = None
    errata: list[dict[str, Any]] | None = None
    differences: list[dict[str, Any]] | None = None
    unfiled: list[dict[str, Any]] | None = None


class ErrorDetail(Out):
    """What went wrong; one shape at every door."""

    code: str
    message: str
    hints: list[str]


class ProblemOut(Out):
    """One problem of what was sent: where, what stands there, what should."""

    pointer: str
    found: str
    expected: str
    hint: str


class ErrorOut(Out):
    """The body of every JSON error; ``problems`` only where something was sent."""

    error: ErrorDetail
    problems: list[ProblemOut] | None = None


def error_out(code: str, message: str, hints: Iterable[str]) -> dict[str, Any]:
    """Return the body of a JSON error."""
    detail = ErrorDetail(code=code, message=message, hints=list(hints))
    return ErrorOut(error=detail).model_dump(mode="json", exclude_none=True)
