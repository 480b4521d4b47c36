"""The closed vocabularies: the words that data, URLs, pages and the CLI share."""

from __future__ import annotations

from enum import StrEnum
from inspect import get_annotations
from typing import Self


class Word(StrEnum):
    """A closed vocabulary whose members carry their own words, so that none can lack them.

    A subclass annotates its words; a member is its slug and value, and then each of them in order.
    """

    def __new__(cls, slug: str, *words: object) -> Self:
        """Build a member; raises TypeError at import if it has a word too few or too many."""
        if len(words) != len(names := tuple(get_annotations(cls))):
            raise TypeError(f"{cls.__name__} {slug}: {len(words)} words, expected {names}")
        member = str.__new__(cls, slug)
        member._value_ = slug
        for name, word in zip(names, words, strict=True):
            setattr(member, name, word)
        return member

    __hash__ = str.__hash__  # That of Enum is a call in Python.


# What holds of a cell once every statement of the manual has its rank (15.29.10), in one name.
OWN_ORDER = "By the manual's own order"


class Mode(Word):
    """How the guest reaches its local APIC."""

    label: str  # As the manual writes it.
    way: str  # What the guest executes.

    AVIC = "avic", "AVIC", "MMIO"
    X2AVIC = "x2avic", "x2AVIC", "MSR"


class Access(Word):
    """The direction of an access."""

    READ = "read"
    WRITE = "write"


class Sight(StrEnum):
    """Who can see a behaviour: a guest that only watches itself, a host, or no observer at all."""

    GUEST = "guest"
    HOST = "host"
    NOBODY = "nobody"


_G, _H, _N = Sight


class Behaviour(Word):
    """What an access did, or is said to do.

    ``label`` is a few ASCII words for a table or a sentence, ``short`` at most eight characters
    for narrow columns, ``meaning`` one sentence for the legend; ``sight`` says who can see it.
    """

    label: str
    short: str
    sight: Sight
    meaning: str

    # fmt: off
    ALLOWED = ("allowed", "allowed", "allowed", _H, "Completes against the vAPIC backing page.")
    ACCELERATED = ("accelerated", "accelerated", "accel", _H,
                   "Completes, and hardware performs the side effect. No #VMEXIT.")
    VMEXIT_TRAP = ("vmexit-trap", "#VMEXIT (trap)", "trap", _H,
                   "Exit 402h right after the access has completed.")
    VMEXIT_FAULT = ("vmexit-fault", "#VMEXIT (fault)", "fault", _H, "Exit 402h before the access.")
    VMEXIT_IPI = ("vmexit-ipi", "#VMEXIT (incomplete IPI)", "ipi", _H,
                  "Exit 401h: an IPI that hardware cannot finish.")
    VMEXIT_MSR = ("vmexit-msr", "#VMEXIT (MSR)", "msr", _H,
                  "Exit 7Ch: the MSR permission map intercepts the access.")
    VMEXIT_NPF = ("vmexit-npf", "#VMEXIT (NPF)", "npf", _H, "Exit 400h: a nested page fault.")
    GP = ("gp", "#GP, no #VMEXIT", "#GP", _G, "#GP(0) in the guest; the hypervisor sees no exit.")
    PF = ("pf", "#PF", "#PF", _G, "A page fault in the guest.")
    IGNORED = ("ignored", "ignored", "ignored", _H, "Completes without effect.")
    COMPLETED = ("completed", "completed", "done", _H,
                 "The guest saw it complete; nobody watched for exits.")
    ABSENT = ("absent", "absent", "-", _N, "The cell does not exist in that mode.")
    UNDEFINED = ("undefined", "undefined", "undef", _N, "The manual says that it is undefined.")
    # fmt: on


class Verdict(Word):
    """The judgement on (cell, family), worst first where order matters.

    ``label`` is for readers, the slug for addresses and data; ``mark`` is one glyph, so that it
    never depends on colour, and ``code`` the same in ASCII; ``disagrees`` whether silicon was seen
    to differ from Table 15-22.
    """

    label: str
    mark: str
    code: str
    disagrees: bool
    meaning: str

    # fmt: off
    DISPUTED = ("disputed", "reports disagree", "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}", "<>",
                True, "Accepted observations of one family disagree under the same condition.")
    CONTRADICTS = ("contradicts", "contradicts the manual", "\N{NOT EQUAL TO}", "!=", True,
                   "Matches no claim of the manual.")
    SIDE_EFFECT = ("side-effect", "wrong side effect", "\N{DAGGER}", "*", True,
                   "Completes as the manual says and leaves something wrong behind.")
    SETTLES = ("settles", "manual silent or unclear", "\N{LEFTWARDS ARROW}", "<-", True,
               "The manual is silent or ambiguous; the observation is the only answer.")
    EXPLAINED = ("explained", "table wrong or incomplete", "\N{SECTION SIGN}", "^", True,
                 "Not as Table 15-22 prints it, but as the manual says where it ranks first.")
    NOT_PRINTED = ("not-printed", "table silent", "\N{EN DASH}", "-", False,
                   "Table 15-22 prints nothing here; matches what the manual says elsewhere.")
    AGREES = ("agrees", "as printed", "=", "=", False,
              "All that was seen is what Table 15-22 prints, and nothing before it differs.")
    CONSISTENT = ("consistent", "seen in part", "~", "~", False,
                  "Only the guest looked, or the report takes its word from the manual.")
    MASKED = ("masked", "hidden by interception", "\N{MULTIPLICATION SIGN}", "x", False,
              "The hypervisor intercepted every access itself, which hides what AVIC does.")
    UNMEASURED = ("unmeasured", "not measured", "\N{MIDDLE DOT}", ".", False, "No observation.")
    # fmt: on


class Printed(Word):
    """What Table 15-22 prints of a cell, held against the manual's own order, strongest first.

    ``label`` is a few words for a sentence, ``short`` for a filter, ``mark`` one character before
    a cell, so that it never depends on colour; ``differs`` whether print has to be changed.
    """

    label: str
    short: str
    mark: str
    differs: bool
    meaning: str

    # fmt: off
    WRONG = ("wrong", "wrong in print", "wrong", "!", True,
             "A printed word that an ordinary, well-formed access never meets.")
    INCOMPLETE = ("incomplete", "incomplete in print", "incomplete", "+", True,
                  "What is printed holds, but lacks a condition.")
    NOT_PRINTED = ("not-printed", "not printed", "silent", "-", False,
                   "The table makes no statement here: neither agreement nor difference.")
    AS_PRINTED = ("as-printed", "right in print", "right", "", False,
                  "By the manual's own order the cell is what is printed.")
    # fmt: on


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


class Evidence(Word):
    """How an observation is known, strongest first.

    ``ran`` whether it is known that somebody made the access; ``meaning`` is one sentence for the
    legend.
    """

    ran: bool
    meaning: str

    # fmt: off
    MEASURED = ("measured", True,
                "Itemised, in a measurement document with its machine and raw bytes.")
    OBSERVED = "observed", True, "A public report says that somebody ran it and saw this."
    STATED = ("stated", False,
              "A maintainer or the vendor says so; the experiment is not described.")
    # fmt: on


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


class DifferenceState(Word):
    """The life of a ledger entry."""

    label: str  # What readers are told.
    meaning: str  # One sentence for the documentation.

    SEEN = "seen", "seen", "Somebody saw it, or ran into it."
    REPRODUCED = "reproduced", "reproduced", "Somebody saw it again, elsewhere."
    # fmt: off
    REPORTED = ("reported", "reported", "Somebody said so: on a list, in a commit, to the vendor.")
    DOCUMENTED = ("documented", "stated elsewhere",
                  "The vendor states it elsewhere than in the table, in the revision named.")
    MENDED = ("mended", "mended", "The table itself reads right in the revision that is named.")
    RETRACTED = "retracted", "retracted", "It was taken back, for the reason beside it."
    # fmt: on


class Reading(Word):
    """How far a source was read by whoever entered it."""

    label: str  # Behind a source that is cited.
    WHOLE = "whole", "read whole"
    EXCERPT = "excerpt", "read in part"
    TITLE = "title", "only the title was seen"
    SECONDARY = "secondary", "read through another's rendering"
    CITED = "cited", "cited by another source, not read"


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
    UNKNOWN = "unknown"  # No source says what it is of.


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


_NEXT = {
    State.PENDING: (State.ACCEPTED, State.REJECTED, State.WITHDRAWN),
    State.ACCEPTED: (State.REJECTED, State.WITHDRAWN),
    State.REJECTED: (State.ACCEPTED, State.WITHDRAWN),
    State.WITHDRAWN: (),
}
