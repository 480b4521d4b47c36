"""The first sentences of pages, which a page and its text twin share."""

from __future__ import annotations

from collections.abc import Iterable

from app.pens.lines import Line, Linked, Styled, joined, told

SOURCES = "Where every fact comes from, and how far each source was read by whoever entered it."
ON_THE_TABLE = "On the table as a whole"
ERRATA = (
    "AMD's numbered errata about AVIC, x2AVIC and the local APIC, and the quirks that only "
    "software documents. Each says how far it was read; where only the title was seen, nothing "
    "is filled in."
)
COVERAGE = "Which family has which evidence. Nothing is inferred from one family to another."
DIFFERENCES = (
    "Every disagreement between Table 15-22 and the truth, numbered so that it can be cited. A "
    "number is never used again: what was taken back stays, marked as retracted, with the reason."
)
CHANGES = "What became public, and when. Every data version keeps what it held."
MEASUREMENTS = "What people measured and sent, newest first."
NO_MEASUREMENT = "Nobody has sent one yet. If you own an AMD machine, be the first."
NONE_PASSES = "No measurement passes this filter."
EXPORT = (
    "A name with a hash never means other bytes; the name without version and hash, such as "
    "/export/vapic.json, leads to the newest."
)
POLICY_COLUMNS = (
    "pass, intercept: what the hypervisor does with RDMSR and WRMSR while x2AVIC is active. 402h: "
    "what it takes that exit for."
)
POLICIES = (
    "What a hypervisor version lets through to AVIC and x2AVIC, what it intercepts, and for which "
    "kind of exit it takes a 402h: beside what silicon does."
)
WANTED = (
    "Cells that nobody has measured on a family, or whose reports do not settle them, and what it "
    "takes to do so."
)
NOT_WANTED = (
    "cells that a mode does not have, and x2AVIC on families none of whose public dumps reports it."
)
CORRECTED_KEY = (
    "open: the manual says this too, or leaves it open. seen: on silicon only. Conditions stand "
    "behind the behaviour; checks are in their order."
)
# Goes on with the families of which nothing was reported at all.
NOTHING_YET = "Nothing yet for"
UNHEARD = "Nobody has published a measurement on this family yet; every cell is unmeasured."


def corrected(revision: str) -> str:
    """Return what the corrected table is held against."""
    return (
        "AVIC and x2AVIC in columns of their own, against the printed table of revision "
        f"{revision}."
    )


def nothing_yet(families: Iterable[str]) -> Line:
    """Return the one line of the families of which nothing was reported at all."""
    listed = joined((Linked(family, f"/c/{family}"),) for family in families)
    made = (Styled("", told=": "), Linked("", "/c/FAMILY", told=True))
    return (f"{NOTHING_YET} ", *listed, *made) if listed else ""


CELLS_AT = ("A cell stands at ", told("/r/REGISTER/MODE/ACCESS"), ", by any name of the register.")


def cells_at(site: str) -> str:
    """Return how the address of any cell is made, for pages that name cells in columns."""
    return f"A cell stands at {site}/r/REGISTER/MODE/ACCESS, by any name of the register."
