"""What somebody measured: one machine, one configuration, many observations.

The shape follows format 1 of the measurement document. Names are canonical here: a
register is its slug, hexadecimal is lower case with ``0x``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.core.cells import CellKey
from app.core.emulator_words import Emulator
from app.core.facts.base import BaseFact
from app.core.words import Access, Behaviour, Mode, State

# A version's release; what follows is the packager's.
RELEASE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}(-rc[0-9]{1,2})?(?![0-9.])")
SILICON = "silicon"
# By the vendor that CPUID names: in the name of an emulation.
VENDORS = {"AuthenticAMD": "amd", "GenuineIntel": "intel", "HygonGenuine": "hygon"}


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
class Emulation(BaseFact):
    """What answered where no AVIC did: an emulated local APIC.

    ``version`` is the whole of it (``6.12.117+deb13-cloud-amd64``), ``flavour`` the module or kind
    of it (``kvm_pvm``), ``vendor`` the CPUID vendor that the guest sees.
    """

    name: Emulator
    version: str
    vendor: str
    flavour: str = ""

    @property
    def slug(self) -> str:
        """``kvm-6.18.44-pvm-amd``: name, release, flavour, vendor; the name of its page."""
        kind = self.flavour.removeprefix(f"{self.name}_")
        parts = (self.name, self.release, kind, VENDORS.get(self.vendor, "other"))
        return "-".join(dict.fromkeys(filter(None, parts)))

    @property
    def release(self) -> str:
        """``6.18.44``, ``7.2-rc3``: the version without what a packager adds."""
        found = RELEASE.match(self.version)
        return found[0] if found else self.version

    @property
    def title(self) -> str:
        """``KVM 6.18.44 (kvm_pvm, guest AuthenticAMD)``."""
        about = ", ".join(filter(None, (self.flavour, f"guest {self.vendor}")))
        return f"{self.name.label} {self.release} ({about})"


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
    def cell(self) -> CellKey:
        """The cell that was accessed."""
        return CellKey(self.register, self.mode, self.access)

    @property
    def named(self) -> str:
        """The cell, with the member of a vector register."""
        member = "" if self.member is None else f"#{self.member}"
        return f"{self.register}{member}/{self.mode}/{self.access}"


@dataclass(frozen=True, kw_only=True)
class Submitted(BaseFact):
    """What became of one submitted document, and what it was measured on."""

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


@dataclass(frozen=True, kw_only=True)
class Listed(Submitted):
    """The line of a measurement in lists: as in ``Measurement``, but ``observations`` counts."""

    guest: str = ""
    submitter: str = ""
    emulation: Emulation | None = None
    observations: int

    @property
    def answered(self) -> str:
        """What answered: ``silicon``, or the slug of an emulation."""
        return self.emulation.slug if self.emulation else SILICON


@dataclass(frozen=True, kw_only=True)
class Measurement(Submitted):
    """One submitted document with the state that review gave it.

    ``slug`` is the first 12 hex digits of ``digest``, the SHA-256 of the bytes as they
    came. ``features`` maps names to ``True`` or ``False``; a name that is absent was not
    reported. Times are RFC 3339. ``family`` is the slug that CPUID maps to; empty where an
    ``emulation`` answered, which is no evidence about any. ``exits_watched`` is false where only
    the guest looked.
    """

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
    emulation: Emulation | None = None

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
    def answered(self) -> str:
        """What answered: ``silicon``, or the slug of an emulation."""
        return self.emulation.slug if self.emulation else SILICON


@dataclass(frozen=True, kw_only=True)
class SigningKey(BaseFact):
    """A known OpenSSH key, so that a signature shows a name.

    ``fingerprint`` is what ``ssh-keygen -l`` prints: ``SHA256:`` and 43 characters.
    """

    slug: str
    fingerprint: str
    name: str
    text: str = ""
