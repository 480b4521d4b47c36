"""Why a kernel keeps AVIC off: what sets and clears each reason, and the settings that avoid it."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.facts.base import BaseFact, SourceId
from app.core.words import Word


class Ground(Word):
    """What a statement about software rests on."""

    label: str

    CODE = "code", "read in the source"
    DOCUMENTED = "documented", "documented"
    OBSERVED = "observed", "seen by somebody"
    INFERENCE = "inference", "inference"


@dataclass(frozen=True, kw_only=True)
class Grounded(BaseFact):
    """A statement about a reason, what it rests on, and the lines where that was read."""

    text: str
    ground: Ground
    sources: tuple[SourceId, ...]
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class Setting(Grounded):
    """What to tell a hypervisor so that a reason does not hold.

    Without ``flag`` there is nothing to tell, and ``text`` says why.
    """

    hypervisor: str
    flag: str = ""


@dataclass(frozen=True, kw_only=True)
class InhibitReason(BaseFact):
    """A reason of ``enum kvm_apicv_inhibit`` for which AVIC is kept off.

    ``name`` is that of the newest kernel that was read, ``names`` are those of others. Which bit
    it is in which kernel is read from source, and stands with the policies. A reason that is not
    ``traced`` changes without an event ``kvm_apicv_inhibit_changed``.
    """

    slug: str
    name: str
    text: str
    sets: tuple[Grounded, ...]
    clears: tuple[Grounded, ...]
    settings: tuple[Setting, ...] = ()
    seen: tuple[Grounded, ...] = ()
    names: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()
    traced: bool = True

    @property
    def every_source(self) -> tuple[SourceId, ...]:
        """What it rests on, each source once."""
        parts = (*self.sets, *self.clears, *self.settings, *self.seen)
        return tuple(dict.fromkeys(name for part in parts for name in part.sources))
