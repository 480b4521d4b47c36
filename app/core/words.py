"""The closed vocabularies: the words that data, URLs, pages and the CLI share."""

from __future__ import annotations

from enum import StrEnum
from inspect import get_annotations
from typing import Self


class Word(StrEnum):
    """A closed vocabulary whose members carry their own words, so that none can lack them.

    A subclass annotates its words, and each member is a tuple: the slug, which is its value, and
    one word for each annotation, in their order.
    """

    def __new__(cls, slug: str, *words: object) -> Self:
        """Build a member; raises TypeError at import if it has a word too few or too many."""
        names = tuple(get_annotations(cls))
        if len(words) != len(names):
            raise TypeError(f"{cls.__name__} {slug}: {len(words)} words, expected {names}")
        member = str.__new__(cls, slug)
        member._value_ = slug
        for name, word in zip(names, words, strict=True):
            setattr(member, name, word)
        return member


class Mode(Word):
    """How the guest reaches its local APIC."""

    label: str  # As the manual writes it.
    way: str  # What the guest executes.

    AVIC = "avic", "AVIC", "MMIO"
    X2AVIC = "x2avic", "x2AVIC", "MSR"


class Access(StrEnum):
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

    ``mark`` is one glyph, so that a verdict never depends on colour, and ``code`` the same in
    ASCII; ``meaning`` one sentence for the legend; ``disagrees`` whether silicon was seen to
    differ from Table 15-22.
    """

    mark: str
    code: str
    disagrees: bool
    meaning: str

    # fmt: off
    DISPUTED = ("disputed", "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}", "<>", True,
                "Accepted observations of one family disagree under the same condition.")
    CONTRADICTS = ("contradicts", "\N{NOT EQUAL TO}", "!=", True, "Matches no claim of the manual.")
    SIDE_EFFECT = ("side-effect", "\N{DAGGER}", "*", True,
                   "Completes as documented and leaves something wrong behind.")
    SETTLES = ("settles", "\N{LEFTWARDS ARROW}", "<-", True,
               "The manual is silent or ambiguous; the observation is the only answer.")
    EXPLAINED = ("explained", "\N{SECTION SIGN}", "^", True,
                 ("Differs from Table 15-22 taken literally and matches a claim that ranks above "
                  "it: the table is wrong or incomplete, the manual is not."))
    NOT_PRINTED = ("not-printed", "\N{EN DASH}", "-", False,
                   "Table 15-22 prints nothing here; matches what the manual says elsewhere.")
    AGREES = ("agrees", "=", "=", False,
              ("Every accepted, unmasked observation matches Table 15-22 taken literally, "
               "and no ranking claim says otherwise."))
    CONSISTENT = ("consistent", "~", "~", False,
                  ("Only partial evidence (the guest saw it complete, or the report takes its "
                   "word from the manual), none of it against a claim."))
    MASKED = ("masked", "\N{MULTIPLICATION SIGN}", "x", False,
              "Only observations that the hypervisor's own intercept masked.")
    UNMEASURED = ("unmeasured", "\N{MIDDLE DOT}", ".", False, "No observation.")
    # fmt: on


class Printed(Word):
    """What Table 15-22 prints of a cell, held against what rules it, strongest change first.

    ``label`` is a few words for a sentence, ``short`` for a filter, ``mark`` one character before
    a cell, so that it never depends on colour; ``differs`` whether print has to be changed,
    ``meaning`` one sentence for the legend.
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
                  "What rules the cell is what is printed.")
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

    meaning: str  # One sentence for the documentation.

    SEEN = "seen", "Somebody saw it, or ran into it."
    REPRODUCED = "reproduced", "Somebody saw it again, elsewhere."
    REPORTED = "reported", "Somebody said so in public: on a list, in a commit, to the vendor."
    DOCUMENTED = "documented", "A document of the vendor says it, in the revision that is named."
    RETRACTED = "retracted", "It was taken back, for the reason that stands beside it."


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


def plural(kind: str) -> str:
    """Return a kind of fact in the plural."""
    return {"family": "families", "policy": "policies", "erratum": "errata"}.get(kind, f"{kind}s")
