"""The closed vocabularies: the words that data, URLs, pages and the CLI share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How the guest reaches its local APIC."""

    AVIC = "avic"
    X2AVIC = "x2avic"

    @property
    def label(self) -> str:
        """``AVIC`` or ``x2AVIC``, as the manual writes them."""
        return "AVIC" if self is Mode.AVIC else "x2AVIC"

    @property
    def way(self) -> str:
        """What the guest executes: an MMIO or an MSR access."""
        return "MMIO" if self is Mode.AVIC else "MSR"


class Access(StrEnum):
    """The direction of an access."""

    READ = "read"
    WRITE = "write"


class Behaviour(StrEnum):
    """What an access did, or is said to do."""

    ALLOWED = "allowed"
    ACCELERATED = "accelerated"
    VMEXIT_TRAP = "vmexit-trap"
    VMEXIT_FAULT = "vmexit-fault"
    VMEXIT_IPI = "vmexit-ipi"
    VMEXIT_MSR = "vmexit-msr"
    VMEXIT_NPF = "vmexit-npf"
    GP = "gp"
    PF = "pf"
    IGNORED = "ignored"
    COMPLETED = "completed"
    ABSENT = "absent"
    UNDEFINED = "undefined"

    @property
    def label(self) -> str:
        """A few ASCII words for a table or a sentence."""
        return _BEHAVIOURS[self].label

    @property
    def short(self) -> str:
        """At most eight ASCII characters, for narrow columns."""
        return _BEHAVIOURS[self].short

    @property
    def meaning(self) -> str:
        """One sentence for the legend."""
        return _BEHAVIOURS[self].meaning


class Verdict(StrEnum):
    """The judgement on (cell, family), worst first where order matters."""

    DISPUTED = "disputed"
    CONTRADICTS = "contradicts"
    SETTLES = "settles"
    EXPLAINED = "explained"
    AGREES = "agrees"
    CONSISTENT = "consistent"
    MASKED = "masked"
    UNMEASURED = "unmeasured"

    @property
    def mark(self) -> str:
        """One glyph, so that a verdict never depends on colour."""
        return _VERDICTS[self].mark

    @property
    def meaning(self) -> str:
        """One sentence for the legend."""
        return _VERDICTS[self].meaning

    @property
    def disagrees(self) -> bool:
        """Whether silicon was seen to differ from Table 15-22 taken literally."""
        return self in DISAGREEING


class ClaimKind(StrEnum):
    """Where in the documents a claim stands; the order is the manual's priority."""

    ACCESS_CHECK = "access-check"
    PRODUCT = "product"
    NOTE = "note"
    TABLE = "table"


class Strength(StrEnum):
    """Whether the document says it in so many words."""

    EXPLICIT = "explicit"
    IMPLIED = "implied"


class Evidence(StrEnum):
    """How an observation is known, strongest first."""

    MEASURED = "measured"
    OBSERVED = "observed"
    STATED = "stated"

    @property
    def meaning(self) -> str:
        """One sentence for the legend."""
        return _EVIDENCE[self]


class Scope(StrEnum):
    """Whether a report names this cell or a group that contains it."""

    CELL = "cell"
    GROUP = "group"


class Action(StrEnum):
    """What a hypervisor does with an access before hardware can."""

    PASS = "pass"  # noqa: S105 - a word of the policy vocabulary, not a secret
    INTERCEPT = "intercept"
    CONDITIONAL = "conditional"


class State(StrEnum):
    """What review has made of a measurement."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def next(self) -> tuple[State, ...]:
        """The states that a decision may lead to; a withdrawal is final."""
        return _NEXT[self]


class TokenScope(StrEnum):
    """What the holder of a token may do."""

    SUBMIT = "submit"
    TRUSTED = "trusted"
    REVIEW = "review"


class DifferenceState(StrEnum):
    """The life of a ledger entry."""

    SEEN = "seen"
    REPRODUCED = "reproduced"
    REPORTED = "reported"
    DOCUMENTED = "documented"
    RETRACTED = "retracted"


class Reading(StrEnum):
    """How far a source was read by whoever entered it."""

    WHOLE = "whole"
    EXCERPT = "excerpt"
    TITLE = "title"
    SECONDARY = "secondary"
    CITED = "cited"


class SourceKind(StrEnum):
    """What kind of thing a source is."""

    DOCUMENT = "document"
    COMMIT = "commit"
    MAIL = "mail"
    CODE = "code"
    DATA = "data"
    PAGE = "page"


class ErratumKind(StrEnum):
    """What an erratum entry records."""

    ERRATUM = "erratum"
    HARDWARE = "hardware"
    RULE = "rule"
    FIRMWARE = "firmware"
    MANUAL_GAP = "manual-gap"


class ErratumGrade(StrEnum):
    """How much of the erratum was seen: its text, its title only, or software's word."""

    TEXT = "text"
    TITLE = "title"
    SOFTWARE = "software"


class AnnotationKind(StrEnum):
    """What an annotation is for."""

    QUESTION = "question"
    TENSION = "tension"
    REMARK = "remark"


@dataclass(frozen=True)
class _BehaviourWords:
    label: str
    short: str
    meaning: str


@dataclass(frozen=True)
class _VerdictWords:
    mark: str
    meaning: str


_B = _BehaviourWords
_BEHAVIOURS = {
    Behaviour.ALLOWED: _B("allowed", "allowed", "Completes against the vAPIC backing page."),
    Behaviour.ACCELERATED: _B(
        "accelerated", "accel", "Completes, and hardware performs the side effect. No #VMEXIT."
    ),
    Behaviour.VMEXIT_TRAP: _B(
        "#VMEXIT (trap)", "trap", "Exit 402h right after the access has completed."
    ),
    Behaviour.VMEXIT_FAULT: _B("#VMEXIT (fault)", "fault", "Exit 402h before the access."),
    Behaviour.VMEXIT_IPI: _B(
        "#VMEXIT (incomplete IPI)", "ipi", "Exit 401h: an IPI that hardware cannot finish."
    ),
    Behaviour.VMEXIT_MSR: _B(
        "#VMEXIT (MSR)", "msr", "Exit 7Ch: the MSR permission map intercepts the access."
    ),
    Behaviour.VMEXIT_NPF: _B("#VMEXIT (NPF)", "npf", "Exit 400h: a nested page fault."),
    Behaviour.GP: _B("#GP, no #VMEXIT", "#GP", "#GP(0) in the guest; the hypervisor sees no exit."),
    Behaviour.PF: _B("#PF", "#PF", "A page fault in the guest."),
    Behaviour.IGNORED: _B("ignored", "ignored", "Completes without effect."),
    Behaviour.COMPLETED: _B(
        "completed", "done", "The guest saw it complete; nobody watched for exits."
    ),
    Behaviour.ABSENT: _B("absent", "-", "The cell does not exist in that mode."),
    Behaviour.UNDEFINED: _B("undefined", "undef", "The manual says that it is undefined."),
}

_V = _VerdictWords
_VERDICTS = {
    Verdict.AGREES: _V(
        "=",
        "Every accepted, unmasked observation matches Table 15-22 taken literally, "
        "and no ranking claim says otherwise.",
    ),
    Verdict.EXPLAINED: _V(
        "\N{SECTION SIGN}",
        "Differs from Table 15-22 taken literally and matches a claim that ranks above it: "
        "the table is wrong, the manual is not.",
    ),
    Verdict.CONTRADICTS: _V("\N{NOT EQUAL TO}", "Matches no claim of the manual."),
    Verdict.SETTLES: _V(
        "\N{LEFTWARDS ARROW}",
        "The manual is silent or ambiguous; the observation is the only answer.",
    ),
    Verdict.DISPUTED: _V(
        "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}",
        "Accepted observations of one family disagree under the same condition.",
    ),
    Verdict.CONSISTENT: _V(
        "~", "Only partial evidence (the guest saw it complete), none of it against a claim."
    ),
    Verdict.MASKED: _V(
        "\N{MULTIPLICATION SIGN}", "Only observations that the hypervisor's own intercept masked."
    ),
    Verdict.UNMEASURED: _V("\N{MIDDLE DOT}", "No observation."),
}

_EVIDENCE = {
    Evidence.MEASURED: "Itemised, in a measurement document with its machine and raw bytes.",
    Evidence.OBSERVED: "A public report says that somebody ran it and saw this.",
    Evidence.STATED: "A maintainer or the vendor says so; the experiment is not described.",
}

_NEXT = {
    State.PENDING: (State.ACCEPTED, State.REJECTED, State.WITHDRAWN),
    State.ACCEPTED: (State.REJECTED, State.WITHDRAWN),
    State.REJECTED: (State.ACCEPTED, State.WITHDRAWN),
    State.WITHDRAWN: (),
}

DISAGREEING = frozenset({Verdict.DISPUTED, Verdict.CONTRADICTS, Verdict.SETTLES, Verdict.EXPLAINED})
