"""Why AVIC is kept off: every reason, one of them, a mask decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from app.core import inhibits
from app.core.facts import Grounded, InhibitReason, Setting
from app.core.inhibits import Bits
from app.core.knowledge import Knowledge
from app.curation.seed import body_of
from app.errors import NotFound
from app.pages.kinds.kind import Address, PageKind
from app.pages.listing import list_sources
from app.pens.lines import Line, Linked, Pieces, Sourced, Styled, join_lines
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Passage, Record, Section, Sheet, Tabular
from app.pens.tables import Table

TITLE = "Why KVM keeps AVIC off, reason by reason"
LEAD = (
    "That AVIC is enabled does not say that a guest has it now: KVM inhibits it while any of "
    "these reasons holds. What sets each, what clears it, and what to tell the hypervisor."
)
MASKS = (
    "A reason has another bit in another kernel, so the mask of a trace needs its version: ",
    Linked("what 0x200 is", "/inhibit/0x200", told=True),
)
OTHER_KERNELS = (
    "What other kernels have at these bits was not read; from 6.11 on they print the names behind "
    "the mask."
)
QUIET = "No event tells of it, so it never stands in a trace."
LINES = "Lines are those of the first source behind them, in arch/x86/kvm."
COLUMNS = ("reason", "kernel", "bit", "line", "heeded", "url")
MASK_COLUMNS = ("kernel", "bit", "reason", "url")
ACTIVE = (Linked("is AVIC active, and if not, why not?", "/docs/active", told=True),)


class InhibitsPage(PageKind):
    """Every reason, with its bit in each kernel that was read."""

    pattern = "/inhibit"
    promise = "why a kernel keeps AVIC off"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of reasons."""
        knowledge = asked.knowledge
        reasons = knowledge.inhibits.values()
        return Page.of(
            Sheet(TITLE, self.pattern).holding(
                Para(LEAD, "lead"),
                Field("See", ACTIVE),
                Section("Bit by kernel", "bits").holding(_bits_table(knowledge), Para(MASKS)),
                Section("What to tell the hypervisor").holding(*map(_listed, reasons)),
            ),
            table=lambda place: Table(COLUMNS, tuple(_rows(reasons, knowledge, place.site))),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "inhibits": [_body(reason, knowledge) for reason in reasons],
            },
        )


class InhibitPage(PageKind):
    """One reason by any of its names, or a mask of reasons decoded by kernel."""

    pattern = "/inhibit/{name}"
    promise = "one of them by any of its names, or a mask such as 0x200"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return a reason or a mask. Raises NotFound with the nearest names."""
        knowledge, name = asked.knowledge, asked.parts["name"]
        if (mask := inhibits.mask_of(name)) is not None:
            return Page.of(
                _mask_sheet(mask, knowledge),
                table=lambda place: Table(
                    MASK_COLUMNS, tuple(_mask_rows(mask, knowledge, place.site))
                ),
                data=lambda _: {"data_version": asked.snapshot.name, **_mask_body(mask, knowledge)},
            )
        reason = reason_named(knowledge, name)
        return Page.of(
            _sheet(reason, knowledge),
            title=f"{reason.name}: {reason.text}",
            table=lambda place: Table(COLUMNS, tuple(_rows((reason,), knowledge, place.site))),
            data=lambda _: {"data_version": asked.snapshot.name, **_body(reason, knowledge)},
        )


def reason_named(knowledge: Knowledge, name: str) -> InhibitReason:
    """Return a reason by any of its names; raises NotFound that names the nearest."""
    if found := inhibits.find_reason(knowledge, name):
        return found
    known = knowledge.inhibits
    near = get_close_matches(name.lower(), known, 3, 0.3) or list(known)
    raise NotFound(
        f"No kernel that was read has a reason {name!r} to keep AVIC off.",
        hints=tuple(f"/inhibit/{slug}" for slug in near),
    )


def _bits_table(knowledge: Knowledge) -> Tabular:
    groups = inhibits.group_by_bits(knowledge)
    rows: list[list[Line]] = []
    for reason in knowledge.inhibits.values():
        found = [bits.bit(reason) for bits in groups]
        name = (Linked(reason.name, f"/inhibit/{reason.slug}"),)
        rows.append([name, *(_bit(one.bit, one.heeded) if one else "-" for one in found)])
    widths = (20, *(16 for _ in groups))
    heads = ("reason", *(bits.name for bits in groups))
    return Tabular("Bit by kernel", [heads], rows, widths, "bits")


def _bit(bit: int, heeded: str) -> str:
    return f"{bit} ({1 << bit:#x})" + ("" if heeded else ", not AVIC's")


def _listed(reason: InhibitReason) -> Record:
    return Record(reason.name, id=reason.slug, href=f"/inhibit/{reason.slug}", level=3).holding(
        Para(reason.text),
        *(Field(s.hypervisor, _code(s.flag)) for s in reason.settings if s.flag),
    )


def _code(text: str) -> Pieces:
    return (Styled(text, tag="code"),)


def _sheet(reason: InhibitReason, knowledge: Knowledge) -> Sheet:
    known = (knowledge.errata[slug] for slug in reason.errata if slug in knowledge.errata)
    errata = ((Linked(found.title, f"/errata/{found.slug}", told=True),) for found in known)
    trees = (
        bits.trees[-1].source for bits in inhibits.group_by_bits(knowledge) if bits.bit(reason)
    )
    return Sheet(
        f"{reason.name}: why KVM keeps AVIC off",
        f"/inhibit/{reason.slug}",
        up=(Linked("Inhibits", "/inhibit"), reason.name),
    ).holding(
        Para(reason.text, "lead"),
        Field("In the kernel", f"APICV_INHIBIT_REASON_{reason.name}"),
        Field("Also", ", ".join(reason.names)),
        Field("In a trace", "" if reason.traced else QUIET),
        Field("Errata", join_lines(errata)),
        Field("See", ACTIVE),
        Section("What sets it", "sets").holding(*map(_item, reason.sets)),
        Section("What clears it", "clears").holding(*map(_item, reason.clears), Para(LINES)),
        Section("What to set", "settings").holding(*map(_setting, reason.settings)),
        Section("Where it was seen", "seen").holding(*map(_item, reason.seen)),
        Section("Bit by kernel", "bits").holding(*_bit_lines(reason, knowledge)),
        list_sources((*reason.every_source, *trees), knowledge),
    )


def _item(said: Grounded) -> Item:
    return Item((f"{said.text} ({_ground(said)}) ", Sourced(said.sources)))


def _ground(said: Grounded) -> str:
    return f"{said.ground.label}: {said.at}" if said.at else said.ground.label


def _setting(said: Setting) -> Item:
    told = (f"{said.text} ({_ground(said)}) ", Sourced(said.sources))
    if not said.flag:
        return Item((f"{said.hypervisor}: ", *told))
    return Item((f"{said.hypervisor}: ", *_code(said.flag), " ")).holding(Para(told))


def _bit_lines(reason: InhibitReason, knowledge: Knowledge) -> Iterator[Passage]:
    for bits, found in inhibits.every_bit(reason, knowledge):
        for tree in bits.trees:
            if found is None:
                yield Item((f"{tree.version} does not have it ", Sourced((tree.source,))))
                continue
            mine = next(i for i in tree.inhibits if i.name == found.name)
            heeds = f"AVIC heeds it: {mine.heeded}" if mine.heeded else "AVIC does not heed it"
            name = "" if mine.name == reason.name else f" as {mine.name}"
            at = f"{tree.version}: bit {mine.bit}, {1 << mine.bit:#x}{name}; {mine.at}. {heeds} "
            yield Item((at, Sourced((tree.source,))))


def _mask_sheet(mask: int, knowledge: Knowledge) -> Sheet:
    groups = inhibits.group_by_bits(knowledge)
    return Sheet(
        f"inhibits={mask:#x}, decoded by kernel",
        f"/inhibit/{mask:#x}",
        up=(Linked("Inhibits", "/inhibit"), f"{mask:#x}"),
    ).holding(
        Para("Which reasons keep AVIC off where a trace prints this mask.", "lead"),
        (Section(f"Linux {b.name}").holding(_set_bits(mask, b, knowledge)) for b in groups),
        Para(OTHER_KERNELS),
        list_sources((tree.source for bits in groups for tree in bits.trees), knowledge),
    )


def _set_bits(mask: int, bits: Bits, knowledge: Knowledge) -> Iterator[Passage]:
    for bit, name in bits.decode(mask):
        reason = inhibits.find_reason(knowledge, name) if name else None
        if reason is None:
            yield Item(f"bit {bit}: no reason there")
        else:
            link = Linked(reason.name, f"/inhibit/{reason.slug}")
            yield Item((f"bit {bit}: ", link)).holding(Para(reason.text))
    if not mask:
        yield Item("none: no reason holds")


def _body(reason: InhibitReason, knowledge: Knowledge) -> dict[str, object]:
    read = [
        {"kernel": tree.version, "bit": found.bit, "line": found.at, "heeded": found.heeded}
        for bits in inhibits.group_by_bits(knowledge)
        for tree in bits.trees
        for found in tree.inhibits
        if found.name in (reason.name, *reason.names)
    ]
    return {**body_of(reason), "bits": read}


def _mask_body(mask: int, knowledge: Knowledge) -> dict[str, object]:
    kernels = [
        {
            "kernels": [tree.version for tree in bits.trees],
            "bits": [{"bit": bit, "name": name} for bit, name in bits.decode(mask)],
        }
        for bits in inhibits.group_by_bits(knowledge)
    ]
    return {"mask": f"{mask:#x}", "decoded": kernels}


def _mask_rows(mask: int, knowledge: Knowledge, site: str) -> Iterator[tuple[str, ...]]:
    for tree in inhibits.trees_read(knowledge):
        for bit, name in Bits((tree,)).decode(mask):
            found = inhibits.find_reason(knowledge, name)
            yield tree.version, str(bit), name, f"{site}/inhibit/{found.slug}" if found else ""


def _rows(
    reasons: Iterable[InhibitReason], knowledge: Knowledge, site: str
) -> Iterator[tuple[str, ...]]:
    for reason in reasons:
        for tree in inhibits.trees_read(knowledge):
            for found in tree.inhibits:
                if found.name in (reason.name, *reason.names):
                    url = f"{site}/inhibit/{reason.slug}"
                    said = (str(found.bit), found.at, found.heeded)
                    yield (reason.name, tree.version, *said, url)


KINDS: tuple[PageKind, ...] = (InhibitsPage(), InhibitPage())
