"""Facts for tests, each sound by itself; name only what the case is about."""

from collections.abc import Iterable

from app.core.facts import (
    Claim,
    Condition,
    Difference,
    Document,
    Event,
    Fact,
    Family,
    Observation,
    Register,
    Revision,
    Source,
)
from app.core.knowledge import Knowledge
from app.core.words import (
    Access,
    Behaviour,
    ClaimKind,
    DifferenceState,
    Evidence,
    Mode,
    Reading,
    SourceKind,
    Strength,
)


def make_claim(
    behaviour="allowed", condition="", kind="table", strength="explicit", **changes
) -> Claim:
    """Return what Table 15-22 says of a write in both modes, unless told otherwise."""
    defaults = {"modes": tuple(Mode), "access": Access.WRITE, "source": "apm-3.44", "page": "567"}
    return Claim(
        behaviour=Behaviour(behaviour),
        condition=condition,
        kind=ClaimKind(kind),
        strength=Strength(strength),
        **defaults | changes,
    )


def make_observation(outcome="allowed", condition="", **changes) -> Observation:
    """Return a measured write of TPR under x2AVIC on Zen 4."""
    defaults = {
        "id": "report-1",
        "family": "zen-4",
        "cpu": "EPYC 9654",
        "evidence": Evidence.MEASURED,
        "cells": ("tpr/x2avic/write",),
        "reporter": "A reporter",
        "date": "2026-05-06",
        "text": "The guest wrote the register, and the host watched its exits.",
        "sources": ("mail-1",),
    }
    return Observation(outcome=Behaviour(outcome), condition=condition, **defaults | changes)


def make_condition(slug="edge", axis="trigger", within="", **changes) -> Condition:
    """Return a condition; those of one axis exclude each other."""
    defaults = {"text": f"the access is {slug}", "tag": slug[:10]}
    return Condition(slug=slug, axis=axis, within=within, **defaults | changes)


def make_register(slug="tpr", claims=None, **changes) -> Register:
    """Return a register of one slot; without ``claims`` the table allows everything."""
    defaults = {
        "order": 3,
        "name": "Task Priority Register",
        "abbreviation": slug.upper(),
        "access": "RW",
        "offsets": ("080h",),
        "msrs": ("808h",),
    }
    if claims is None:
        claims = tuple(make_claim(access=access) for access in Access)
    return Register(slug=slug, claims=tuple(claims), **defaults | changes)


def make_family(slug="zen-4", order=1, **changes) -> Family:
    """Return a family of which nothing but its name is known."""
    defaults = {"name": slug.replace("-", " ").title(), "text": "A microarchitecture."}
    return Family(slug=slug, order=order, **defaults | changes)


def make_source(name="apm-3.44", **changes) -> Source:
    """Return a page of the vendor's manual."""
    defaults = {
        "kind": SourceKind.DOCUMENT,
        "title": "The manual",
        "read": Reading.WHOLE,
        "document": "apm2",
        "revision": "3.44",
    }
    return Source(id=name, **defaults | changes)


def make_event(state="seen", date="2026-05-06", **changes) -> Event:
    """Return one moment in a life; what is documented stands in ``make_knowledge``'s manual."""
    documented = state in ("documented", "mended")
    defaults = {
        "text": "It happened.",
        "sources": ("apm-3.44",) if documented else ("mail-1",),
        "revision": "3.44" if documented else "",
    }
    return Event(state=DifferenceState(state), date=date, **defaults | changes)


def make_difference(number=1, *states, **changes) -> Difference:
    """Return a difference on a write of TPR under x2AVIC, its events a month apart."""
    life = tuple(make_event(s, f"2026-{n:02}") for n, s in enumerate(states or ("seen",), 1))
    defaults = {
        "title": "TPR does not do it",
        "cells": ("tpr/x2avic/write",),
        "table_says": "allowed",
        "instead": "#GP",
        "text": "The table says one thing, and another is so.",
        "life": life,
        "sources": ("apm-3.44",),
    }
    return Difference(number=number, **defaults | changes)


def make_knowledge(*facts: Fact) -> Knowledge:
    """Return a small world: one register, two families, one manual, one mail, and ``facts``.

    A fact with the key of one that is already there takes its place.
    """
    revision = Revision(revision="3.44", change="The table.", source="apm-3.44", date="2026-03")
    manual = Document(
        slug="apm2",
        number="24593",
        title="The manual",
        publisher="AMD",
        pages=812,
        revisions=(revision,),
    )
    mail = make_source(
        "mail-1", kind=SourceKind.MAIL, message_id="1@example.org", document="", revision=""
    )
    world = (
        make_source(),
        manual,
        mail,
        make_condition(),
        make_family(),
        make_family("not-stated", 2, name="CPU not stated"),
        make_register(),
    )
    return Knowledge.of((*world, *facts))


def knowing(knowledge: Knowledge, more: Iterable[Fact]) -> Knowledge:
    """Return what is known with some facts more."""
    known = (fact for kind in knowledge.by_kind.values() for fact in kind.values())
    return Knowledge.of((*known, *more))
