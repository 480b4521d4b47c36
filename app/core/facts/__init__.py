"""The facts that the seed holds, one frozen class per kind.

These classes are the seed's format: a YAML entry has exactly these keys. The base
class forbids unknown ones (the attribute is data, so nothing is imported here). Texts are
our own words; ``source`` and ``sources`` name entries of kind ``source``. Hexadecimal
stays text in the manual's notation (``0D0h``, ``100h-170h``); ``CellPattern`` is what
``app.core.cells.expand`` reads.
"""

from __future__ import annotations

from app.core.facts.base import FactPath
from app.core.facts.documents import Claim, Condition, Document, Group, Register, Revision, Source
from app.core.facts.inhibits import Ground, Grounded, InhibitReason, Setting
from app.core.facts.ledger import Affected, Annotation, Difference, Erratum, Event
from app.core.facts.measurements import (
    SILICON,
    Cpu,
    Emulation,
    Exit,
    Listed,
    Measurement,
    Sighting,
    SigningKey,
)
from app.core.facts.policies import (
    Inhibit,
    MsrPolicy,
    Policy,
    PolicyRange,
    PolicyReading,
    ReadMsr,
    ReadTrap,
)
from app.core.facts.silicon import Family, FeatureReading, Observation, SideEffect

Fact = (
    Source
    | Document
    | Condition
    | Group
    | Register
    | Family
    | Observation
    | Erratum
    | Policy
    | InhibitReason
    | Difference
    | Annotation
    | Measurement
    | SigningKey
)
