r"""The measurement document, format 1: the typed model that the JSON Schema is made from.

Stable for ever: what is accepted today stays accepted. Unknown keys are refused by name,
``x-`` keys are kept in the raw bytes and ignored here. 64-bit values are hex strings,
since JSON readers lose what does not fit a double. There are no sentinels: a key without
a value is left out, never null.

Model and schema take the same documents, so patterns keep to what every dialect of regular
expressions reads alike (no ``\d`` and ``\s``), and 1.0 is the whole number 1.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from app.core.emulator_words import Emulator
from app.core.words import Access, Behaviour, Mode, Sight

MAX_OBSERVATIONS = 4096

T = TypeVar("T")


def _whole(value: object) -> object:
    """JSON has one kind of number: 1.0 and 1e0 are the integer 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _given(value: object) -> object:
    if value is None:
        raise PydanticCustomError("null", "null")
    return value


def _day_exists(text: str) -> str:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise PydanticCustomError("no_such_day", "no such day") from None
    return text


WHOLE = BeforeValidator(_whole)
# An optional key: it may be left out, and is not null.
Maybe = Annotated[T | None, BeforeValidator(_given)]
# Control characters, line separators, and what turns the direction of a line around.
_UNSEEN = r"\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
ShortLine = Annotated[
    str, Field(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f{_UNSEEN}]*$")
]
LongLine = Annotated[
    str, Field(min_length=1, max_length=2000, pattern=rf"^[^\x00-\x1f{_UNSEEN}]*$")
]
LongText = Annotated[
    str, Field(max_length=20000, pattern=rf"^[^\x00-\x08\x0b\x0c\x0e-\x1f{_UNSEEN}]*$")
]
Hex = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{1,16}$", examples=["0x100000000"])]
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}=[!-~]{0,100}$")]
# The characters of a URI (RFC 3986), and those of a Message-ID (RFC 5322) without the slash
# and the colon, so that no other scheme can pass for one.
_URI = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"
_WORD = r"[A-Za-z0-9.!#$%&'*+=?^_`{|}~-]"
LinkText = Annotated[
    str,
    Field(
        max_length=500,
        pattern=rf"^(https://[A-Za-z0-9]{_URI}*|{_WORD}+@{_WORD}+)$",
        examples=["https://lore.kernel.org/all/20260508000000.1-user@example.org/"],
    ),
]
_DATE = r"[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_NUMBER = "(0|[1-9][0-9]{0,2})"
_RELEASE = rf"{_NUMBER}(\.{_NUMBER}){{1,2}}(-rc[0-9]{{1,2}})?"
_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"
MomentText = Annotated[
    str,
    Field(
        pattern=rf"^{_DATE}T{_HOUR}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_HOUR})$",
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-22T10:13:27+01:00"],
    ),
    AfterValidator(_day_exists),
]
# What an access may be reported to have done: a behaviour that somebody can see.
OUTCOMES = tuple(behaviour for behaviour in Behaviour if behaviour.sight is not Sight.NOBODY)
if TYPE_CHECKING:
    Outcome = str
else:
    Outcome = Literal[tuple(str(behaviour) for behaviour in OUTCOMES)]
Byte = Annotated[int, Field(strict=True, ge=0, le=255), WHOLE]


def _allow_private_keys(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {"^x-": {}}


class DocumentObject(BaseModel):
    """Base of every object of the document."""

    model_config = ConfigDict(
        # When the first document comes: most that start are never sent one.
        defer_build=True,
        extra="forbid",
        frozen=True,
        json_schema_extra=_allow_private_keys,
        str_strip_whitespace=False,
    )


class Tool(DocumentObject):
    """What wrote the document."""

    name: ShortLine
    version: ShortLine


class CpuPart(DocumentObject):
    """The processor, as CPUID reports it (family and model with their extended parts)."""

    vendor: ShortLine = Field(examples=["AuthenticAMD"])
    family: Annotated[int, Field(strict=True, ge=0, le=0x10E), WHOLE] = Field(examples=[26])
    model: Byte = Field(examples=[2])
    stepping: Annotated[int, Field(strict=True, ge=0, le=15), WHOLE] = Field(examples=[1])
    microcode: Maybe[Hex] = None
    brand: Maybe[ShortLine] = None


class Features(DocumentObject):
    """Feature bits; leave out what was not read."""

    avic: Maybe[StrictBool] = None
    x2avic: Maybe[StrictBool] = None
    avic_extlvt: Maybe[StrictBool] = None
    x2avic_ext: Maybe[StrictBool] = None


class Hypervisor(DocumentObject):
    """What ran the guest, and how it was set up."""

    name: ShortLine = Field(examples=["KVM"])
    version: ShortLine = Field(examples=["7.2.0"])
    parameters: Annotated[list[Parameter], Field(max_length=100)] = Field(
        default_factory=list, examples=[["kvm_amd.avic=1"]]
    )
    accelerator: Maybe[Literal["kvm", "xen", "hyper-v", "bhyve", "tcg", "other"]] = None


class HostPart(DocumentObject):
    """The machine below the hypervisor, by its own CPUID."""

    virtual: Maybe[StrictBool] = None
    svm_edx: Maybe[Hex] = Field(default=None, examples=["0x1c3bcff"])
    branch: Maybe[ShortLine] = Field(default=None, examples=["6.18"])


class EmulationPart(DocumentObject):
    """What answered where no AVIC did; ``flavour`` is the kernel module, or what tells it apart."""

    name: Emulator
    version: Annotated[str, Field(pattern=rf"^{_RELEASE}([-+~ ][ -~]{{0,80}})?$")] = Field(
        examples=["6.12.117+deb13-cloud-amd64"]
    )
    flavour: Maybe[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,8}$")]] = Field(
        default=None, examples=["kvm_amd"]
    )


class Guest(DocumentObject):
    """What made the accesses, and the command line that repeats it."""

    name: ShortLine
    version: Maybe[ShortLine] = None
    command: LongLine


class ExitPart(DocumentObject):
    """The exit that was seen."""

    code: Hex = Field(examples=["0x402"])
    info1: Maybe[Hex] = None
    info2: Maybe[Hex] = None
    rip: Maybe[Literal["at", "after"]] = None


class ObservationPart(DocumentObject):
    """What one access did."""

    register_: ShortLine = Field(alias="register", examples=["ldr", "APIC_LDR", "0x80d"])
    mode: Mode
    access: Access
    outcome: Outcome
    member: Maybe[Byte] = None
    condition: Maybe[ShortLine] = None
    value: Maybe[Hex] = None
    read_back: Maybe[Hex] = None
    exit: Maybe[ExitPart] = None
    intercepted: StrictBool = False
    count: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000), WHOLE] = 1
    note: Maybe[LongText] = None


class Submitter(DocumentObject):
    """Who sends it; ``withhold`` keeps ``contact`` off the page (not out of the raw bytes)."""

    name: ShortLine
    contact: Maybe[ShortLine] = None
    withhold: StrictBool = False


class DocumentPart(DocumentObject):
    """A measurement: one machine, one configuration, many observations."""

    format: Annotated[int, Field(strict=True, ge=1, le=1), WHOLE]
    tool: Tool
    measured_at: MomentText
    cpu: CpuPart
    features: Features = Field(default_factory=Features)
    hypervisor: Hypervisor
    host: Maybe[HostPart] = None
    emulation: Maybe[EmulationPart] = None
    guest: Guest
    exits_watched: StrictBool = True
    observations: Annotated[list[ObservationPart], Field(min_length=1, max_length=MAX_OBSERVATIONS)]
    links: Annotated[list[LinkText], Field(max_length=50)] = Field(default_factory=list)
    submitter: Maybe[Submitter] = None
    notes: Maybe[LongText] = None


class Untitled(GenerateJsonSchema):
    """A schema without titles, which would repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        """No titles on fields."""
        return False


class _Schema(Untitled):
    """A schema without null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def json_schema(site: str = "") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of format 1."""
    schema = DocumentPart.model_json_schema(by_alias=True, schema_generator=_Schema)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{site}/schema/measurement-1.json",
    }
    return head | schema | {"title": "vAPIC measurement, format 1"}
