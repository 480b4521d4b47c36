"""From the bytes of a measurement document to what the explorer keeps of it.

``parse`` checks the form, ``to_measurement`` the meaning; both report every fault at once, and
``parse`` those of the meaning beside those of the form where it is told what is known.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pydantic import ValidationError

from app.core.emulator_words import Emulator
from app.core.facts import Cpu, Emulation, Exit, Measurement, Register, Sighting
from app.core.faults import MAX_FAULTS, BadDocument, Fault, describe
from app.core.knowledge import Knowledge
from app.core.measuring import NOT_STATED, family_of_cpu
from app.core.names import NamedRegister, members, resolve
from app.core.numbers import parse_hex
from app.core.words import Access, Behaviour, Mode, State
from app.errors import NotFound
from app.intake import format1
from app.intake.faults import fault_of
from app.intake.mending import mend_at
from app.intake.ordering import Order
from app.intake.recognised import of_another_kind, scan_known
from app.intake.serial_log import is_serial_log, read_log
from app.intake.strict_json import TWICE, steps

# What an emulator did says nothing about AVIC.
EMULATORS = frozenset({"tcg"})

NAME_IT = "where an emulated local APIC answered, `emulation` says which"

# What a guest alone can tell of an access.
GUESTS_VIEW = ("completed", "gp", "pf")


@dataclass(frozen=True)
class Parsed:
    """A document whose form is right, and the SHA-256 of its bytes in hexadecimal."""

    document: format1.DocumentPart
    digest: str
    order: Order = field(compare=False, repr=False)

    @property
    def slug(self) -> str:
        """The name of its page: the first 12 hex digits of the digest."""
        return self.digest[:12]


def parse(raw: bytes, knowledge: Knowledge | None = None) -> Parsed:
    """Read a document of format 1, or a guest's serial log, which stands for one.

    Raises BadDocument with every fault of the JSON text or the log, and of the form; with
    ``knowledge`` then those of the meaning too, as far as the rest can be read.
    """
    value, broken = (read_log(raw), ()) if is_serial_log(raw) else scan_known(raw)
    if not isinstance(value, dict):
        raise BadDocument(broken or (Fault("", describe(value), "an object"),))
    order, details = Order(value), []
    value = _without_private(value)
    if value and format1.DocumentPart.model_fields.keys().isdisjoint(value):
        raise BadDocument((*broken, of_another_kind(value)))
    try:
        document = format1.DocumentPart.model_validate(value)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda one: order.of(one["loc"]))
    if not broken and not details:
        return Parsed(document, hashlib.sha256(raw).hexdigest(), order)
    # What JSON itself forbids was replaced, so its place is told about already.
    told = {fault.pointer for fault in broken if fault.found != TWICE}
    faults = (fault_of(detail) for detail in details[:MAX_FAULTS])
    formal = tuple(fault for fault in faults if fault.pointer not in told)
    places = (*map(steps, told), *(detail["loc"] for detail in details))
    meant = _meant(mend_at(value, places), knowledge) if knowledge else ()
    more = len(details) > MAX_FAULTS
    raise BadDocument(order.sort((*broken, *formal, *meant)), more=more)


def _meant(value: dict[str, Any], knowledge: Knowledge) -> tuple[Fault, ...]:
    """Return the faults of the meaning of a document that was mended."""
    try:
        document = format1.DocumentPart.model_validate(value)
        _sightings(document, knowledge.registers, most_kinds(knowledge))
    except BadDocument as error:
        return error.faults
    except ValidationError:
        # Of what cannot be mended, the form is all there is to tell.
        return ()
    return ()


def to_measurement(parsed: Parsed, knowledge: Knowledge, received_at: str) -> Measurement:
    """Return what a document measured, in canonical names, as a pending measurement.

    Observations that are alike are one, with their counts added up. Raises BadDocument for
    registers and members that do not exist, for more observations of one cell than a machine can
    give, and for those that an emulator made, or a virtual host.
    """
    document = parsed.document
    who = document.submitter
    try:
        seen = _sightings(document, knowledge.registers, most_kinds(knowledge))
    except BadDocument as error:
        raise BadDocument(parsed.order.sort(error.faults)) from None
    cpu, emulation = _cpu(document.cpu), _emulation(document)
    return Measurement(
        slug=parsed.slug,
        digest=parsed.digest,
        state=State.PENDING,
        reason="",
        decided_at=received_at,
        decided_by="",
        received_at=received_at,
        tool=f"{document.tool.name} {document.tool.version}",
        measured_at=document.measured_at,
        family="" if emulation else family_of_cpu(cpu, knowledge.families) or NOT_STATED,
        cpu=cpu,
        hypervisor=f"{document.hypervisor.name} {document.hypervisor.version}",
        accelerator=document.hypervisor.accelerator or "",
        parameters=tuple(document.hypervisor.parameters),
        features=document.features.model_dump(exclude_none=True),
        guest=" ".join(filter(None, (document.guest.name, document.guest.version))),
        command=document.guest.command,
        observations=seen,
        links=tuple(document.links),
        submitter=who.name if who else "",
        contact=who.contact or "" if who and not who.withhold else "",
        notes=document.notes or "",
        exits_watched=document.exits_watched,
        emulation=emulation,
    )


def _emulation(document: format1.DocumentPart) -> Emulation | None:
    told = document.emulation
    if told is None:
        return None
    return Emulation(
        name=told.name, version=told.version, vendor=document.cpu.vendor, flavour=told.flavour or ""
    )


def _cpu(part: format1.CpuPart) -> Cpu:
    return Cpu(
        vendor=part.vendor,
        family=part.family,
        model=part.model,
        stepping=part.stepping,
        microcode=(part.microcode or "").lower(),
        brand=part.brand or "",
    )


def most_kinds(knowledge: Knowledge) -> int:
    """How many observations of one member of a cell the words can tell apart.

    Every outcome, under every condition and none, intercepted or not.
    """
    return len(format1.OUTCOMES) * (len(knowledge.conditions) + 1) * len((True, False))


def _sightings(
    document: format1.DocumentPart, registers: Mapping[str, Register], most: int
) -> tuple[Sighting, ...]:
    faults = list(_who_answered(document))
    # Documents name few registers many times, and a name that is unknown takes long to find out.
    find = cache(lambda name: _find(name, registers))
    unseen = (lambda *_: ()) if document.exits_watched else _unwatched_faults
    # By the name that stands there, too: a row may hold many addresses.
    seen: Counter[tuple[str, Sighting]] = Counter()
    kinds: dict[str, set[tuple[str, str, bool]]] = defaultdict(set)
    for i, part in enumerate(document.observations):
        found = find(part.register_)
        pointer = f"/observations/{i}"
        wrong = [*_name_faults(found, part.member, pointer), *unseen(part, pointer)]
        faults += wrong
        if not wrong and not isinstance(found, Fault):
            one = _sighting(part, found)
            seen[part.register_, one] += part.count
            mine, kind = kinds[one.named], (one.outcome, one.condition, one.intercepted)
            if kind not in mine and len(mine) == most:
                what = f"more than {most} different observations of {one.named}"
                faults.append(Fault(pointer, what, f"at most {most}: words tell no more apart"))
            mine.add(kind)
        if len(faults) > MAX_FAULTS:
            raise BadDocument(tuple(faults), more=True)
    if faults:
        raise BadDocument(tuple(faults))
    return tuple(replace(s, count=n) if n > 1 else s for (_, s), n in seen.items())


def _who_answered(document: format1.DocumentPart) -> Iterator[Fault]:
    """Yield what does not fit what answered: silicon, or the emulation that the document names."""
    if document.emulation is None:
        if document.hypervisor.accelerator in EMULATORS:
            expected = "hardware virtualization: an emulator's answers are not AVIC's"
            what = json.dumps(document.hypervisor.accelerator)
            yield Fault("/hypervisor/accelerator", what, expected, NAME_IT)
        if document.host and document.host.virtual:
            expected = (
                "bare metal: the hypervisor of a virtual host answers along with the processor"
            )
            yield Fault("/host/virtual", "true", expected, NAME_IT)
        return
    if document.emulation.name is Emulator.KVM and document.hypervisor.accelerator in EMULATORS:
        expected = "kvm, whose local APIC is said to have answered"
        yield Fault("/hypervisor/accelerator", json.dumps("tcg"), expected)
    if document.exits_watched:
        expected = "false: what an emulation answers is seen by the guest alone"
        yield Fault("/exits_watched", "true", expected)
    for i, part in enumerate(document.observations):
        if part.intercepted:
            expected = "false: an emulation answers every access"
            yield Fault(f"/observations/{i}/intercepted", "true", expected)


def _find(name: str, registers: Mapping[str, Register]) -> NamedRegister | Fault:
    try:
        return resolve(name, registers)
    except NotFound as error:
        hint = f"did you mean `{error.hints[0]}`?" if error.hints else ""
        with suppress(ValueError):
            parse_hex(name)
            # What is near an address is another row, and no typo.
            hint = error.message
        expected = "a slug, a macro, an offset or an MSR of the table"
        return Fault("", describe(name), expected, hint)


def _name_faults(found: NamedRegister | Fault, given: int | None, pointer: str) -> Iterator[Fault]:
    """Yield what is wrong with the register that an observation names, and its member."""
    place = f"{pointer}/member"
    if isinstance(found, Fault):
        yield replace(found, pointer=f"{pointer}/register")
    elif given is not None:
        register, last = found.register, members(found.register) - 1
        if not register.vector:
            yield Fault(place, str(given), f"no member: {register.slug} is not a vector register")
        elif given > last:
            yield Fault(place, str(given), f"a member of {register.slug}: 0 to {last}")
        elif found.member is not None and given != found.member:
            yield Fault(place, str(given), f"{found.member}, which the register's name says")


def _unwatched_faults(part: format1.ObservationPart, pointer: str) -> Iterator[Fault]:
    """Whoever did not watch for exits cannot tell of one, nor that there was none."""
    if part.outcome not in GUESTS_VIEW:
        expected = f"{', '.join(GUESTS_VIEW)}: `exits_watched` is false"
        yield Fault(f"{pointer}/outcome", describe(part.outcome), expected)
    if part.exit:
        expected = "no exit: `exits_watched` is false"
        yield Fault(f"{pointer}/exit", describe(part.exit.code), expected)


def _sighting(part: format1.ObservationPart, found: NamedRegister) -> Sighting:
    return Sighting(
        register=found.register.slug,
        mode=Mode(part.mode),
        access=Access(part.access),
        outcome=Behaviour(part.outcome),
        member=part.member if found.member is None else found.member,
        condition=part.condition or "",
        value=(part.value or "").lower(),
        read_back=(part.read_back or "").lower(),
        exit=Exit(**{key: (said or "").lower() for key, said in part.exit}) if part.exit else None,
        intercepted=part.intercepted,
        note=part.note or "",
    )


def _without_private(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_private(v) for k, v in value.items() if not k.startswith("x-")}
    if isinstance(value, list):
        return [_without_private(item) for item in value]
    return value
