"""The shapes of the JSON that the API, the ``.json`` twins and exports share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.words import (
    Access,
    Behaviour,
    ClaimKind,
    Evidence,
    Mode,
    Printed,
    Scope,
    Strength,
    Verdict,
)
from app.pages.policy_tables import AssumedOut


class Out(BaseModel):
    """Base of everything that leaves as JSON."""

    model_config = ConfigDict(frozen=True)


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


class FamilyVerdict(Out):
    """The judgement on the cell for one family."""

    verdict: Verdict
    behaviours: list[Behaviour]
    reports: int
    machines: int
    masked: int
    evidence: Evidence | None
    scope: Scope | None


class ObservationOut(Out):
    """What one access did, as one report says."""

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


class CellOut(Out):
    """A cell: register x mode x access."""

    register_: str = Field(serialization_alias="register")
    mode: Mode
    access: Access
    url: str
    claims: list[ClaimOut]
    table: list[EffectiveOut]
    effective: list[EffectiveOut]
    printed: Printed
    rules_differ: bool
    verdict: Verdict
    families: dict[str, FamilyVerdict]
    observations: list[ObservationOut]
    policies: dict[str, str]
    assumed: dict[str, AssumedOut]
    errata: list[str]
    differences: list[str]
    annotations: list[str]


class OneCell(CellOut):
    """A cell by itself, with the revision of the manual that it is held against."""

    apm: ManualOut | None


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


class CellList(Out):
    """Cells of one data version, held against the revision of the manual that was read."""

    data_version: str
    apm: ManualOut | None
    cells: list[CellOut]


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
