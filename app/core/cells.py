"""What a cell is, and how one is spelled: ``ldr/x2avic/write``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from app.core.words import Access, Behaviour, Mode


@dataclass(frozen=True, order=True)
class CellKey:
    """Register slug x mode x access; its ``str`` is the tail of the cell's URL."""

    register: str
    mode: Mode
    access: Access

    @classmethod
    def of(cls, register: str, mode: str, access: str) -> CellKey:
        """Return the key of three slugs; raises ValueError for a mode or an access that is none."""
        return cls(register, Mode(mode), Access(access))

    @classmethod
    def parse(cls, text: str) -> CellKey:
        """Read ``ldr/x2avic/write``; raises ValueError."""
        return cls.of(*text.split("/"))

    def __str__(self) -> str:
        return f"{self.register}/{self.mode}/{self.access}"

    def named(self, register: str) -> str:
        """Return what readers call it, with the name of its register: ``LDR x2AVIC write``."""
        return f"{register} {self.mode.label} {self.access}"

    @property
    def url(self) -> str:
        """The permalink's path."""
        return f"/r/{self}"


def access_method(mode: Mode, access: Access) -> str:
    """Return what a guest gets at a cell by: ``MMIO``, ``RDMSR``, ``WRMSR``."""
    if mode is Mode.AVIC:
        return "MMIO"
    return "RDMSR" if access is Access.READ else "WRMSR"


def cells_of(register: str) -> tuple[CellKey, ...]:
    """Return a register's four cells: AVIC read and write, x2AVIC read and write."""
    return tuple(CellKey(register, mode, access) for mode, access in product(Mode, Access))


def expand(pattern: str, groups: dict[str, tuple[str, ...]]) -> tuple[CellKey, ...]:
    """Return the cells that ``register/mode/access`` names.

    ``*`` stands for both modes or both accesses; ``@group`` for the registers of a
    group. Raises ValueError with what was wrong.
    """
    parts = pattern.split("/")
    if len(parts) != len(("register", "mode", "access")):
        raise ValueError(f"{pattern!r} is not register/mode/access")
    name, mode, access = parts
    if name.startswith("@") and name[1:] not in groups:
        raise ValueError(f"{name!r} is not a group")
    registers = groups[name[1:]] if name.startswith("@") else (name,)
    modes = tuple(Mode) if mode == "*" else (Mode(mode),)
    accesses = tuple(Access) if access == "*" else (Access(access),)
    return tuple(CellKey(*key) for key in product(registers, modes, accesses))


# A #GP answers an MSR access, a nested page fault an MMIO one; the other way round is a typo.
IMPOSSIBLE = {
    Mode.AVIC: {Behaviour.GP, Behaviour.VMEXIT_MSR},
    Mode.X2AVIC: {Behaviour.VMEXIT_NPF, Behaviour.PF},
}
