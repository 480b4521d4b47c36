"""Two data versions without a database: between them, one fact of LDR changed."""

from dataclasses import replace

import pytest

from app.core.knowledge import Knowledge
from app.core.words import Behaviour
from app.errors import NotFound
from app.mail import citing, quotes_text, quoting
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT

SITE = "https://vapic.example.org"
CELL = "/r/ldr/x2avic/write"
THEN, NOW = "2026-11-22.1", "2026-11-23.1"


def quote(text, depth=1, mark="> "):
    """Quote a text as mail programs do."""
    return "".join(f"{mark * depth}{line}\n" for line in text.splitlines())


def snapshot_of(knowledge, name):
    bare = offline_snapshot(knowledge, SEEDED_AT)
    return replace(bare, version=replace(bare.version, name=name))


@pytest.fixture(scope="session")
def then(knowledge):
    """The real seed."""
    return snapshot_of(knowledge, THEN)


@pytest.fixture(scope="session")
def now(knowledge):
    """The same, where Table 15-22 says a fault for LDR instead of a trap."""
    ldr = knowledge.registers["ldr"]
    claims = tuple(
        replace(c, behaviour=Behaviour.VMEXIT_FAULT)
        if c.behaviour is Behaviour.VMEXIT_TRAP and not c.family
        else c
        for c in ldr.claims
    )
    assert claims != ldr.claims
    facts = [f for kind in knowledge.by_kind.values() for f in kind.values() if f is not ldr]
    edited = replace(ldr, claims=claims)
    return snapshot_of(Knowledge.of([*facts, edited]), NOW)


@pytest.fixture(scope="session")
def block_of(then):
    """The block of an address, as it was then."""
    return lambda address=CELL: citing.find_citation(then, address, SITE).block()


@pytest.fixture(scope="session")
def hold(then, now):
    """Hold a mail against the site, today's version being ``then`` unless told otherwise."""
    versions = {THEN: then, NOW: now, "2026-11-22": then, "2026-11-23": now}

    def at(name):
        if name not in versions:
            raise NotFound(f"There is no data version {name!r}.")
        return versions[name]

    def hold(mail, live=THEN, sites=(SITE,)):
        raw = mail if isinstance(mail, bytes) else mail.encode()
        return quoting.check_mail(raw, versions[live], at, sites)

    return hold


def told(checked):
    """How many blocks a mail has, and everything that became of its links and lines."""
    blocks = [link for link in checked.links if link.block]
    return len(blocks), {str(s) for s in quotes_text.standings(checked.links)}


@pytest.fixture(scope="session")
def standings(hold):
    """The same, as (line, what became of it) of every line of a block."""

    def standings(mail, live=THEN):
        lines = [line for link in hold(mail, live).links for line in link.block]
        return [(line.line, str(line.standing)) for line in lines]

    return standings
