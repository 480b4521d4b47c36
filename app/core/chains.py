"""The chain of checks of an MSR access under x2AVIC, for any access or for one that is chosen.

Sources: AMD64 APM vol. 2 (24593 rev 3.44), 15.29.10 (p.583) and 15.11 (p.518).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.assumptions import PolicyView
from app.core.cells import CellKey
from app.core.facts import Claim
from app.core.rulings import LEVELS, Conditions, claims_met, may_hold, must_hold
from app.core.words import Action, ClaimKind, Mode

# The value of a write that no check refuses.
VALID = "valid"
# The axis of the conditions that are about the value.
VALUE = "value"
OUTCOMES = {
    "rules": "rules this cell",
    "rules-when": "rules when its condition holds",
    "rules-otherwise": "rules otherwise",
    "passes": "passes",
    "not-reached": "not reached",
}


@dataclass(frozen=True, kw_only=True)
class AccessCheck:
    """One check of an access: what it asks, where the manual says so, what claims it makes."""

    title: str
    text: str
    cites: str
    kinds: frozenset[ClaimKind] = frozenset()


@dataclass(frozen=True)
class CheckStep:
    """A check in the chain of one cell, and whether it rules.

    ``outcome`` is ``rules`` (for every access that gets here), ``rules-when`` (under the
    conditions of its claims), ``rules-otherwise`` (what an earlier ``rules-when`` leaves),
    ``passes`` (nothing to say) or ``not-reached``.
    """

    check: AccessCheck
    claims: tuple[Claim, ...]
    outcome: str

    @property
    def told(self) -> str:
        """The outcome in words."""
        return OUTCOMES[self.outcome]


CPL = AccessCheck(
    title="CPL check",
    text="An MSR access outside CPL 0 raises #GP in the guest.",
    cites="15.11, p.518",
)
PERMISSION_MAP = AccessCheck(
    title="MSR permission map",
    text="If the hypervisor set this MSR's bit, exit 7Ch comes before anything that AVIC does.",
    cites="15.11, p.518; 15.29.10, p.583",
)
ACCESS_CHECK = AccessCheck(
    title="x2APIC access check",
    text="Chapter 16 decides whether the access is legal at all; #GP(0) in the guest, no #VMEXIT.",
    cites="15.29.10, p.583",
    kinds=LEVELS[0],
)
TABLE = AccessCheck(
    title="AVIC: Table 15-22",
    text="Allowed, accelerated, trap or fault.",
    cites="15.29.3.1, p.566-568; 15.29.10, p.583",
    kinds=LEVELS[1] | LEVELS[2],
)
# In the order in which they are made.
X2APIC_CHECKS = (CPL, PERMISSION_MAP, ACCESS_CHECK, TABLE)


@dataclass(frozen=True)
class Given:
    """What is chosen of an access: the hypervisor's policy, and what value is written.

    ``value`` is the condition that it meets, ``VALID`` where it meets none; empty for any.
    """

    policy: PolicyView | None = None
    value: str = ""

    def admits(self, claim: Claim, conditions: Conditions) -> bool:
        """Whether a claim may speak of such an access."""
        if self.value == VALID:
            return not _refuses(claim, conditions)
        return may_hold(claim, self.value, conditions)

    def mapped(self) -> str:
        """What the permission map does with it: an outcome of its step."""
        actions = self.policy.actions if self.policy else ()
        if actions == (Action.INTERCEPT,):
            return "rules"
        return "rules-when" if set(actions) - {Action.PASS} else "passes"


ANY = Given()


def offered_values(claims: Iterable[Claim], conditions: Conditions) -> Mapping[str, str]:
    """Return what can be chosen of the value of a write, with its words; empty if it is all one."""
    refused = {c.condition: conditions.text(c.condition) for c in claims if _refuses(c, conditions)}
    return refused and {VALID: "the value is valid", **refused}


def _refuses(claim: Claim, conditions: Conditions) -> bool:
    """Whether a claim is that of an access check of the value."""
    known = conditions.get(claim.condition)
    return bool(known and known.axis == VALUE and claim.kind in LEVELS[0])


def chain_of_checks(
    claims: tuple[Claim, ...], key: CellKey, conditions: Conditions, given: Given = ANY
) -> tuple[CheckStep, ...]:
    """Return the ordered checks of an MSR access under x2AVIC; empty under AVIC."""
    stated = "" if given.value == VALID else given.value
    met = tuple(c for c in claims if given.admits(c, conditions))
    ruling = claims_met(met, stated, conditions)
    steps: list[CheckStep] = []
    done = partly = False
    for check in X2APIC_CHECKS if key.mode is Mode.X2AVIC else ():
        here = tuple(c for c in met if c.kind in check.kinds and c.ranks)
        outcome = given.mapped() if check is PERMISSION_MAP else "passes"
        if done:
            outcome = "not-reached"
        elif here:
            always = any(must_hold(c, stated, conditions) for c in here if c in ruling)
            whole = "rules-otherwise" if partly else "rules"
            outcome = whole if always or check is TABLE else "rules-when"
        done = done or outcome in ("rules", "rules-otherwise")
        partly = partly or outcome == "rules-when"
        steps.append(CheckStep(check, here, outcome))
    return tuple(steps)
