"""The words for what a guest can tell of an access, and for who answered it."""

from __future__ import annotations

from app.core.words import Behaviour, Word


class Sees(Word):
    """What a guest can tell of an access.

    ``label`` is a few ASCII words, ``meaning`` one sentence for the documentation.
    """

    label: str
    meaning: str

    # fmt: off
    COMPLETES = "completes", "completes", "The access completes."
    OTHER_VALUE = ("other-value", "other value",
                   "The write completes, and another value than was written is read back.")
    IGNORED = "ignored", "ignored", "The write completes and has no effect."
    GP = "gp", "#GP", "A general protection fault."
    PF = "pf", "#PF", "A page fault."
    EXITS = ("exits", "exits first",
             ("The access exits before it is done, so that the hypervisor's emulation answers "
              "without an MSR intercept too."))
    # fmt: on


class Sameness(Word):
    """Whether a guest can tell the one that answers from the other.

    ``label`` is for pages, ``meaning`` one sentence.
    """

    label: str
    meaning: str

    # fmt: off
    DIFFERS = ("differs", "differs",
               "An emulation does what silicon does not; values that are read are not compared.")
    NOT_KNOWN = ("not-known", "not known",
                 "One half is not known, or not which of several cases an access meets.")
    SAME = "same", "same", "Both complete, or both fault alike."
    # fmt: on


class Answerer(Word):
    """Who answers an access under one version of a hypervisor.

    ``label`` is a few words for a page, ``short`` at most eleven characters.
    """

    label: str
    short: str

    # fmt: off
    SILICON = "silicon", "let through, silicon answers", "silicon"
    EMULATION = "emulation", "intercepted, its emulation answers", "emulated"
    EITHER = "either", "intercepted in part, either answers", "either"
    NOT_KNOWN = "not-known", "not known who answers", "either"
    # fmt: on


# What a guest sees of what silicon does; nothing where the word says nothing of it. An exit 401h
# comes after the write of ICR, as a trap does.
SEEN_AS = {
    Behaviour.ALLOWED: Sees.COMPLETES,
    Behaviour.ACCELERATED: Sees.COMPLETES,
    Behaviour.VMEXIT_TRAP: Sees.COMPLETES,
    Behaviour.VMEXIT_IPI: Sees.COMPLETES,
    Behaviour.COMPLETED: Sees.COMPLETES,
    Behaviour.IGNORED: Sees.IGNORED,
    Behaviour.GP: Sees.GP,
    Behaviour.PF: Sees.PF,
    Behaviour.VMEXIT_FAULT: Sees.EXITS,
    Behaviour.VMEXIT_NPF: Sees.EXITS,
}
