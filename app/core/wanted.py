"""What nobody has measured yet, and what it would take: a pure function of what is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from app.core.cells import CellKey
from app.core.choices import read_choices
from app.core.facts import Family, FeatureReading, Policy
from app.core.kernels import NOT_KNOWN, unknown_branches
from app.core.knowledge import Knowledge, action_of
from app.core.measuring import NOT_STATED
from app.core.views import CellViews
from app.core.words import Action, Mode, Verdict

# Why a cell is wanted; the order is that of the page.
REASONS = {
    Verdict.DISPUTED: "Reports disagree: another machine, with its microcode and condition, "
    "may tell why.",
    Verdict.MASKED: "The hypervisor took every access that was reported: hardware has not been "
    "heard.",
    Verdict.CONSISTENT: "The guest saw the access complete, but nobody watched for exits.",
    Verdict.UNMEASURED: "Nobody has reported it.",
}
FEATURES = {
    Mode.AVIC: ("AVIC (CPUID Fn8000_000A_EDX[13])",),
    Mode.X2AVIC: ("AVIC (CPUID Fn8000_000A_EDX[13])", "x2AVIC (CPUID Fn8000_000A_EDX[18])"),
}
# Those of KVM, as their names say.
PARAMETERS = ("kvm_amd.avic=1",)
FORCED = "kvm_amd.force_avic=1"
# What its versions are versions of, where that is not the hypervisor itself.
VERSIONED = {"KVM": "Kernel"}
# What a report must hold so that its cell counts as measured.
RECORD = (
    "the outcome: one word of /docs/words",
    "the exit code, if there was an exit: 0x402, 0x401, 0x400 or 0x7c, with info1 and info2",
    (
        "rip: whether the exit came at the instruction (a fault) or after it (a trap), by "
        "comparing addresses; the words in KVM's tracepoint are a look-up by offset"
    ),
    "intercepted: true wherever the hypervisor's own intercept was on",
)
NO_FAMILY: Mapping[str, Family] = MappingProxyType({})
_PARTLY = re.compile(r"0 in (\d+)")


@dataclass(frozen=True)
class Need:
    """What a machine must have to settle a cell, apart from being of the family.

    ``forced`` names the parts that most dumps show without AVIC: there the parameter
    FORCED is needed too. ``versions`` says of each hypervisor which of its versions let the
    access reach hardware, and what they are versions of; empty under AVIC, where no MSR is
    involved.
    """

    mode: Mode
    forced: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...] = PARAMETERS

    @property
    def features(self) -> tuple[str, ...]:
        """The bits of CPUID that must be set."""
        return FEATURES[self.mode]

    @property
    def kernel(self) -> str:
        """``versions`` in one line, a sentence for each hypervisor."""
        return ". ".join(told for _, told in self.versions)


@dataclass(frozen=True)
class Want:
    """One cell that a family still lacks; ``conditions`` are the cases that differ in it."""

    key: CellKey
    family: str
    why: Verdict
    need: Need
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Wants of one family that one set-up settles."""

    family: str
    why: Verdict
    need: Need
    wants: tuple[Want, ...]


def list_wants(
    knowledge: Knowledge,
    cells: CellViews,
    families: Iterable[str] = (),
    narrowed: Mapping[str, Family] = NO_FAMILY,
) -> tuple[Want, ...]:
    """Return what is wanted of ``families``, of all without any, in the order of the table.

    ``narrowed`` are families by slug, with the dumps of one model alone.

    Nothing is wanted of a CPU that nobody named, of a cell that its mode does not have, or
    under x2AVIC of a family none of whose dumps reports x2AVIC.
    """
    chosen = tuple(families) or tuple(knowledge.families)
    found = []
    for slug, whole in knowledge.families.items():
        family = narrowed.get(slug, whole)
        for key, view in cells.items() if slug in chosen and slug != NOT_STATED else ():
            verdict = view.judgements[slug].verdict
            if verdict in REASONS and exists_on(knowledge, family, key):
                differ = dict.fromkeys(c.condition for c in view.claims if c.condition and c.ranks)
                need = need_of(knowledge, key, family)
                found.append(Want(key, slug, verdict, need, tuple(differ)))
    return tuple(found)


def families_without_reports(knowledge: Knowledge, cells: CellViews) -> tuple[str, ...]:
    """Return the families of which nothing was reported at all, in their order."""
    heard = {j.family for view in cells.values() for j in view.measured}
    return tuple(family for family in knowledge.families if family not in heard)


def batches(wants: Iterable[Want]) -> tuple[Batch, ...]:
    """Group wants by family, reason and need; families stay in the order they come in."""
    by_family: dict[str, list[Want]] = {}
    for want in wants:
        by_family.setdefault(want.family, []).append(want)
    found = []
    for family, mine in by_family.items():
        needs = dict.fromkeys(want.need for want in mine)
        for why, mode, need in product(REASONS, Mode, needs):
            alike = tuple(w for w in mine if (w.why, w.need) == (why, need))
            if alike and need.mode is mode:
                found.append(Batch(family, why, need, alike))
    return tuple(found)


def count_by_reason(wants: Iterable[Want]) -> dict[Verdict, int]:
    """Count wants by reason, in the order of the page; reasons that never occur are left out."""
    counted = Counter(want.why for want in wants)
    return {why: counted[why] for why in REASONS if counted[why]}


def read_families(
    pairs: Iterable[tuple[str, str]], families: Mapping[str, Family]
) -> tuple[str, ...]:
    """Read the filter of the page from decoded query pairs.

    Raises InvalidFilter naming every unknown key and value with the nearest valid one.
    """
    return read_choices(pairs, {"family": {f.slug: f.name for f in families.values()}})["family"]


def can_have(family: Family, mode: Mode) -> bool:
    """Whether a family may have a mode: unread dumps leave it open, dumps without it do not."""
    if mode is Mode.AVIC or not family.readings:
        return True
    return any(reading.x2avic != "0" for reading in family.readings)


def exists_on(knowledge: Knowledge, family: Family, key: CellKey) -> bool:
    """Whether a cell exists on a family, as far as is known."""
    return knowledge.exists(key) and can_have(family, key.mode)


def need_of(knowledge: Knowledge, key: CellKey, family: Family) -> Need:
    """Return what it takes to settle a cell on a family."""
    forced = (r for r in family.readings if _needs_force(r, key.mode))
    known = knowledge.hypervisors if key.mode is Mode.X2AVIC else {}
    return Need(
        key.mode,
        tuple(f"{r.cpuid} ({r.name})" if r.name else r.cpuid for r in forced),
        tuple(
            (VERSIONED.get(name, "Hypervisor"), _versions(knowledge, key, name, mine))
            for name, mine in known.items()
        ),
    )


def _versions(knowledge: Knowledge, key: CellKey, name: str, mine: tuple[Policy, ...]) -> str:
    """Return which versions of a hypervisor let an access through."""
    does = {p.slug: {action_of(e, key) for e in knowledge.actions(key, p)} for p in mine}
    whole = [p for p in mine if does[p.slug] == {Action.PASS}]
    partly = [p for p in mine if Action.PASS in does[p.slug]]
    patched = f"a {name} patched to let the access through"
    if len(whole) == len(mine):
        return f"any {name} with x2AVIC: every version on record lets the access through"
    if not partly:
        return f"{patched}: no version on record is sure to"
    named = " or ".join(policy.name for policy in whole or partly)
    others = f"; other stable branches are {NOT_KNOWN}" * bool(unknown_branches(knowledge, name))
    if mine[-1] in whole:
        return f"{named}, which lets the access through{others}"
    if whole:
        return f"{named}; or {patched}: {mine[-1].name} intercepts it{others}"
    return f"{named}, for some of the MSRs (see the cell); {patched} for the others{others}"


def _needs_force(reading: FeatureReading, mode: Mode) -> bool:
    """Whether AVIC=0 is common: in half of a part's dumps, or more, and the mode is there."""
    partly = _PARTLY.search(reading.avic)
    without = reading.dumps if reading.avic == "0" else int(partly[1]) if partly else 0
    return 2 * without >= reading.dumps and (mode is Mode.AVIC or reading.x2avic == "1")
