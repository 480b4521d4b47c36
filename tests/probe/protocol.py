"""What each JSON line of the guest may hold: nothing more, nothing of another kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Hex = Annotated[str, Field(pattern=r"^0x[0-9a-f]+$")]
Hex8 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{8}$")]
Pair = Annotated[list[Hex8], Field(min_length=2, max_length=2)]
Count = Annotated[int, Field(ge=0)]
Apic = Literal["xapic", "x2apic"]
Why = Literal[
    *("initial", "pattern", "own-value", "reserved-bits", "busy", "bit18", "nonzero", "zero"),
    *("eoi-none", "eoi-edge", "eoi-level", "self-fixed", "self-ipi", "to-running", "to-halted"),
    *("absent-target", "apic-base", "other-mode", "self-physical", "self-level", "low-vector"),
    *("logical", "lowest", "others", "all", "level", "nmi", "init", "startup", "remote-read"),
    *("external", "smi", "width", "offset", "disable", "disabled", "unmasked", "counting"),
]


class Line(BaseModel):
    """Base: unknown keys and other types are faults."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Sites(Line):
    """The instructions of the accesses, and what follows each."""

    mmio_read: Pair = Field(alias="mmio-read")
    mmio_write: Pair = Field(alias="mmio-write")
    rdmsr: Pair
    wrmsr: Pair
    mmio_read_8: Pair = Field(alias="mmio-read-8")
    mmio_write_8: Pair = Field(alias="mmio-write-8")
    mmio_read_16: Pair = Field(alias="mmio-read-16")
    mmio_write_16: Pair = Field(alias="mmio-write-16")
    mmio_read_64: Pair = Field(alias="mmio-read-64")
    mmio_write_64: Pair = Field(alias="mmio-write-64")


class Start(Line):
    """Who measures."""

    event: Literal["start"]
    schema_: Literal[1] = Field(alias="schema")
    tool: Literal["vapic-probe"]
    version: str
    apic: Apic
    measured_at: str = Field(pattern=r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    vendor: str
    brand: str
    cpuid1_eax: Hex8
    hypervisor: str
    svm_edx: Hex8 | None = None
    marker: Literal["port", "cpuid"]
    repeat: int = Field(ge=1)
    insns: Sites


class SelfTest(Line):
    """Both faults were seen, or an interrupt came; two lines."""

    event: Literal["selftest"]
    pf: Literal[1] | None = None
    gp: Literal[1] | None = None
    ipi: Literal[0, 1] | None = None


class Access(Line):
    """One access."""

    event: Literal["access"]
    seq: Count
    rep: Count
    apic: Apic
    op: Literal["read", "write"]
    via: Literal["mmio", "msr"]
    reg: Hex
    slug: str
    member: Count | None = None
    width: Literal[8, 16, 32, 64]
    value: Hex | None
    read_back: Hex | None = None
    fault: Literal["#GP", "#PF"] | None
    err: Hex
    esr: Hex
    cycles: Count
    why: Why
    effect: bool | None = None


class Irqs(Line):
    """Interrupts that an access caused."""

    event: Literal["irqs"]
    seq: Count
    vector: Hex
    count: int = Field(ge=1)


class Skip(Line):
    """What was left out."""

    event: Literal["skip"]
    what: str
    why: str


class Panic(Line):
    """Why there is no more."""

    event: Literal["panic"]
    what: str
    value: Hex8


class End(Line):
    """How many accesses there were."""

    event: Literal["end"]
    accesses: Count
    quiet_faults: Count


class Checksum(Line):
    """CRC-32 of all lines before."""

    event: Literal["checksum"]
    crc32: Hex8
    lines: Count


Event = Annotated[
    Start | SelfTest | Access | Irqs | Skip | Panic | End | Checksum, Field(discriminator="event")
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
