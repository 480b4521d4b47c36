"""What somebody measured: one machine, one configuration, many observations.

The shape follows format 1 of the measurement document. Names are canonical here: a
register is its slug, hexadecimal is lower case with ``0x``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.facts.base import BaseFact
from app.core.words import Access, Behaviour, Mode, State


@dataclass(frozen=True, kw_only=True)
class Cpu(BaseFact):
    """The processor as CPUID reports it; ``microcode`` is hexadecimal."""

    vendor: str
    family: int
    model: int
    stepping: int
    microcode: str = ""
    brand: str = ""

    @property
    def signature(self) -> str:
        """``19h/11h step 1``."""
        return f"{self.family:02X}h/{self.model:02X}h step {self.stepping}"


@dataclass(frozen=True, kw_only=True)
class Exit(BaseFact):
    """The exit that was seen: VMCB fields as hexadecimal, ``rip`` is ``at`` or ``after``."""

    code: str
    info1: str = ""
    info2: str = ""
    rip: str = ""


@dataclass(frozen=True, kw_only=True)
class Sighting(BaseFact):
    """One observation of a measurement; ``register`` is a slug."""

    register: str
    mode: Mode
    access: Access
    outcome: Behaviour
    member: int | None = None
    condition: str = ""
    value: str = ""
    read_back: str = ""
    exit: Exit | None = None
    intercepted: bool = False
    count: int = 1
    note: str = ""

    @property
    def cell(self) -> str:
        """The cell as its pattern."""
        return f"{self.register}/{self.mode}/{self.access}"

    @property
    def named(self) -> str:
        """The cell, with the member of a vector register."""
        member = "" if self.member is None else f"#{self.member}"
        return f"{self.register}{member}/{self.mode}/{self.access}"


@dataclass(frozen=True, kw_only=True)
class Listed(BaseFact):
    """The line of a measurement in lists: as in ``Measurement``, but ``observations`` counts."""

    slug: str
    digest: str
    state: State
    reason: str
    decided_at: str
    decided_by: str
    received_at: str
    tool: str
    measured_at: str
    family: str
    cpu: Cpu
    hypervisor: str
    guest: str = ""
    submitter: str = ""
    observations: int


@dataclass(frozen=True, kw_only=True)
class Measurement(BaseFact):
    """One submitted document with the state that review gave it.

    ``slug`` is the first 12 hex digits of ``digest``, the SHA-256 of the bytes as they
    came. ``features`` maps names to ``True`` or ``False``; a name that is absent was not
    reported. Times are RFC 3339. ``family`` is the slug that CPUID maps to.
    ``exits_watched`` is false where only the guest looked.
    """

    slug: str
    digest: str
    state: State
    reason: str
    decided_at: str
    decided_by: str
    received_at: str
    tool: str
    measured_at: str
    family: str
    cpu: Cpu
    hypervisor: str
    accelerator: str = ""
    parameters: tuple[str, ...] = ()
    features: dict[str, bool] = field(default_factory=dict)
    guest: str = ""
    command: str = ""
    observations: tuple[Sighting, ...] = ()
    links: tuple[str, ...] = ()
    submitter: str = ""
    contact: str = ""
    notes: str = ""
    signed_by: str = ""
    exits_watched: bool = True

    @property
    def accepted(self) -> bool:
        """Whether its observations count."""
        return self.state is State.ACCEPTED

    @property
    def listed(self) -> Listed:
        """Its line in lists."""
        mine = {name: getattr(self, name) for name in Listed.__dataclass_fields__}
        return Listed(**mine | {"observations": len(self.observations)})

    @property
    def kernel(self) -> str:
        """The hypervisor's name and version."""
        return self.hypervisor


@dataclass(frozen=True, kw_only=True)
class SigningKey(BaseFact):
    """A known OpenSSH key, so that a signature shows a name.

    ``fingerprint`` is what ``ssh-keygen -l`` prints: ``SHA256:`` and 43 characters.
    """

    slug: str
    fingerprint: str
    name: str
    text: str = ""
