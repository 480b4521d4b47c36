"""What is wanted as a page: one command, registers against families, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from app.core import names, wanted
from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.wanted import FORCED, REASONS, RECORD, Want
from app.core.words import Access, Mode, Verdict
from app.errors import NotFound
from app.pages.listing import families_line
from app.pens import phrases
from app.pens.lines import CELLS_AT, SITE, Line, Linked, Styled, join_lines
from app.pens.parts import Field, Item, Para, Passage, Section, Tabular

LEAD = (
    "Cells that nobody has measured on a family, or whose reports do not settle them, and what it "
    "takes to do so."
)
NOT_WANTED = (
    "cells that a mode does not have, and x2AVIC on families none of whose public dumps reports it."
)
GUEST = {
    Mode.AVIC: "in xAPIC mode: loads and stores to the APIC page",
    Mode.X2AVIC: "in x2APIC mode: RDMSR and WRMSR",
}
# On one line each, so that both can be pasted at once.
FETCH = ("curl -fO ", SITE, "/vapic-probe.pyz &&")
MEASURE = "sudo python3 vapic-probe.pyz --output measured.json"
COMMAND = (*FETCH, " ", MEASURE)
BARE = (
    "On the host itself, bare metal, with KVM, QEMU and Python 3.11. It measures all that the host "
    "lets through, in both modes, and sends nothing."
)
COLUMNS = {
    "Read, write": {Access.READ, Access.WRITE},
    "Read only": {Access.READ},
    "Write only": {Access.WRITE},
}
# The accesses of a row of the matrix, and what says that they were reported already.
LETTERS = {Access.READ: "R", Access.WRITE: "W"}
REPORTED = "*"
KEY = "R, W: the read, the write. " + REPORTED + ": it was reported, and is not settled."
KERNELS = (
    "Under x2AVIC the hypervisor may take an MSR access for itself; then nobody hears of the "
    "hardware. Under AVIC there is no MSR involved."
)
NAME, COLUMN, MOST = 15, 14, 4
NOTHING = "Nothing is wanted here: every cell is measured, or there is no such machine."
PROSE = ("/docs/measure", "/docs/format", "/docs/upload")


def wanted_sections(wants: Sequence[Want], knowledge: Knowledge) -> Iterator[Passage]:
    """Yield all that a page of wants says below its head."""
    if wants:
        yield Section("One command", "measure").holding(*_command())
    unsettled = Section("Reported, and not settled")
    for want in (w for w in wants if w.why is not Verdict.UNMEASURED):
        link = Linked(knowledge.name_of(want.key), want.key.url)
        on = f" on {knowledge.families[want.family].name}: {REASONS[want.why]}"
        unsettled.holding(Item((link, on)))
    yield unsettled
    yield Section("What is wanted").holding(*([*_matrix(wants, knowledge)] if wants else []))
    for family, mine in groupby(wants, lambda w: w.family):
        yield Section(f"{knowledge.families[family].name}: what it takes", family).holding(
            *_family(tuple(mine))
        )
    if any(want.need.versions for want in wants):
        yield Section("Which version lets it through").holding(*_versions(wants, knowledge))
    if wants:
        yield Section("With other tools").holding(*_by_hand())
    yield Para("" if wants else NOTHING, "empty", above=True)


def _command() -> Iterator[Passage]:
    yield Para(FETCH, "command", margin=4)
    yield Para(MEASURE, "command", margin=4)
    by_step = (" Step by step: ", Linked("/docs/measure", "/docs/measure"))
    sending = (". Send measured.json at ", Linked("/upload", "/upload"), ".")
    yield Para((BARE, *by_step, *sending))


def _matrix(wants: Sequence[Want], knowledge: Knowledge) -> Iterator[Passage]:
    """Yield tables of so many columns that a text page holds them; a column is family and mode."""
    columns = list(dict.fromkeys((w.family, w.need.mode) for w in wants))
    marks = {(w.family, w.key): _letter(w) for w in wants}
    yield Para(KEY if wants else "")
    yield Para(CELLS_AT if wants else "", only="text")
    for first in range(0, len(columns), MOST):
        some = columns[first : first + MOST]
        heads: list[Line] = [
            "Register",
            *(
                (Linked(knowledge.families[family].name, wanted_path((family,))), f" {mode.label}")
                for family, mode in some
            ),
        ]
        rows: list[tuple[Line, ...]] = []
        for slug, register in knowledge.registers.items():
            keys = ([(f, CellKey(slug, mode, access)) for access in Access] for f, mode in some)
            found = [join_lines(((marks[k],) for k in each if k in marks), " ") for each in keys]
            if any(found):
                rows.append((register.label, *found))
        label = ", ".join(f"{knowledge.families[f].name} {mode.label}" for f, mode in some)
        widths = (NAME, *(COLUMN for _ in some))
        yield Tabular(f"Wanted: {label}", [heads], rows, widths, "wanted", above=True)


def _letter(want: Want) -> Linked:
    """Return the access that is wanted, leading to its cell."""
    reported = REPORTED * (want.why is not Verdict.UNMEASURED)
    return Linked(f"{LETTERS[want.key.access]}{reported}", want.key.url)


def _family(wants: Sequence[Want]) -> Iterator[Passage]:
    """Yield what it takes on one family."""
    needs = [want.need for want in wants]
    parts = ", ".join(dict.fromkeys(part for need in needs for part in need.forced))
    bits = dict.fromkeys(bit for need in needs for bit in need.features)
    conditions = dict.fromkeys(c for want in wants for c in want.conditions)
    stated = f"to be stated where they hold: {', '.join(conditions)}"
    yield Field("Now", count_wants(wants))
    yield Field("CPU reports", ", ".join(bits))
    yield Field("Parameters", " ".join(needs[0].parameters))
    yield Field(
        "As well", parts and f"{FORCED}, where CPUID shows AVIC 0, as in a public dump of {parts}"
    )
    yield Field("Conditions", stated if conditions else "")


def _versions(wants: Iterable[Want], knowledge: Knowledge) -> Iterator[Passage]:
    """Yield which versions let accesses through, each answer once, with its accesses."""
    found: dict[tuple[str, str], dict[str, set[Access]]] = {}
    for want, one in ((w, one) for w in wants for one in w.need.versions):
        found.setdefault(one, {}).setdefault(want.key.register, set()).add(want.key.access)
    yield Para(KERNELS)
    for (label, told), rows in sorted(found.items(), key=lambda item: item[0][0]):
        item = Item(f"{label}: {told}")
        for column, accesses in COLUMNS.items():
            mine = (r.label for r in knowledge.registers.values() if rows.get(r.slug) == accesses)
            item.holding(Field(column, ", ".join(mine)))
        yield item


def _by_hand() -> Iterator[Passage]:
    measure, form, upload = (Linked(path, path) for path in PROSE)
    yield from (Field(mode.label, guest) for mode, guest in GUEST.items())
    yield Para("Any guest whose exits are recorded will do. An observation must say:")
    for text in RECORD:
        said, path, rest = text.partition("/docs/words")
        yield Item((said, Linked(path, path), rest) if path else said)
    where = ("How others measure is in ", measure, ", the keys are in ", form)
    yield Para((*where, ", the way of a document in ", upload, "."), above=True)


def wanted_path(families: Iterable[str]) -> str:
    """Return the page's path for a filter."""
    chosen = ",".join(families)
    return f"/wanted?family={chosen}" if chosen else "/wanted"


def cpu_path(vendor: str, family: int, model: int, knowledge: Knowledge) -> str:
    """Return the page of what is wanted of a CPU; any vendor's without one. Raises NotFound."""
    cpuid = f"{family:02X}h/{model:02X}h"
    slug = names.family_of(cpuid, knowledge.families)
    ranges = knowledge.families[slug].cpuid if slug else ()
    if not any(vendor in ("", r.vendor) for r in ranges):
        raise NotFound(f"No family here has the CPU {vendor} {cpuid}.", hints=("/c",))
    return f"/wanted/{cpuid}"


def count_wants(wants: Iterable[Want]) -> str:
    """``3 whose reports disagree, 64 not measured``."""
    tally = wanted.count_by_reason(wants).items()
    return (
        ", ".join(f"{number} {phrases.counted_verdict(why)}" for why, number in tally) or "nothing"
    )


def nothing_yet(families: Iterable[str], knowledge: Knowledge) -> Line:
    """Return the one line of the families of which nothing was reported at all."""
    listed = families_line(families, knowledge)
    made = (Styled("", told=": "), Linked("", "/c/FAMILY", told=True))
    return ("Nothing yet for ", *listed, *made) if listed else ""
