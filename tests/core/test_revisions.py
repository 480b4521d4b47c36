"""Which revisions of the manual there are, which was read, and what the linter asks of them."""

import pytest

from app.core.facts import Document, Revision
from app.core.revisions import manual_of, read_through, revision_read
from app.core.words import Access, Mode
from app.curation.lint import lint
from app.errors import NotFound
from app.pages.api import manual_out
from tests.factories import make_claim, make_knowledge, make_register, make_source

LISTED = ("3.26", "3.37", "3.39", "3.42", "3.44")
AVIC, X2AVIC = (Mode.AVIC,), (Mode.X2AVIC,)


def manual(names=LISTED, modes=(("3.26", AVIC), ("3.39", X2AVIC))):
    """Return a manual whose revisions begin to document the modes."""
    begins = dict(modes)
    revisions = tuple(
        Revision(revision=name, change=f"Revision {name} is new.", source="apm-3.44",
                 modes=begins.get(name, ()))
        for name in names
    )  # fmt: skip
    return Document(
        slug="apm", number="24593", title="M", publisher="AMD", pages=800, revisions=revisions
    )


PPR = Document(
    slug="ppr", number="57896", title="P", publisher="AMD", pages=800,
    revisions=(Revision(revision="1.00", change="All.", source="ppr"),),
)  # fmt: skip


def world(*claims, facts=()):
    """Return a world in which TPR has these claims and the manual was read in 3.44."""
    return make_knowledge(
        manual(),
        PPR,
        make_source(document="apm"),
        make_source("ppr", document="ppr", revision="1.00"),
        make_register(claims=claims),
        *facts,
    )


TABLE = make_claim("vmexit-trap")


def test_the_revision_that_pages_show_is_the_newest_that_was_read():
    newer = make_source("apm-3.45", document="apm", revision="3.45", read="cited")
    known = world(TABLE, facts=(manual((*LISTED, "3.45")), newer))

    assert "3.45" == manual_of(known).revisions[-1].revision
    assert {"3.44": "apm-3.44"} == {name: s.id for name, s in read_through(known).items()}
    assert "3.44" == revision_read(known) == manual_out(known).revision


def test_without_the_manual_no_revision_was_read():
    known = make_knowledge()

    assert ("", None) == (revision_read(known), manual_out(known))
    with pytest.raises(NotFound):
        manual_of(known)


def revised(*names):
    """Return facts that give the manual these revisions."""
    return (manual(names, ()),)


@pytest.mark.parametrize(
    ("place", "found", "claim", "facts"),
    [
        (("claims", 0, "since"), "'3.38'", make_claim(since="3.38"), ()),
        (("claims", 0, "since"), "'1.00'", make_claim(since="1.00"), ()),
        (("claims", 0, "source"), "'3.44'", make_claim(since="3.26"), revised("3.26", "3.37")),
        (("claims", 0, "since"), "'3.46'", make_claim(since="3.46"), revised("3.44", "3.46")),
        (("revisions", 1, "revision"), "'3.37' after '3.39'", TABLE, revised("3.39", "3.37")),
        (("revisions", 1, "revision"), "'3.39' twice", TABLE, revised("3.39", "3.39")),
        (("revisions", 0, "revision"), "'three'", TABLE, revised("three")),
        (("revisions", 0, "modes"), "'avic' in more than one revision", TABLE,
         (manual(modes=(("3.26", AVIC), ("3.37", AVIC))),)),
        (None, None, make_claim(since="3.37"), ()),
        (None, None, make_claim(since="1.00", source="ppr"), ()),
    ],
)  # fmt: skip
def test_the_linter_holds_revisions_against_the_list(place, found, claim, facts):
    read = make_claim(modes=(Mode.AVIC, Mode.X2AVIC), access=Access.READ)
    problems = lint(world(claim, read, facts=facts))
    heard = [(p.place, p.found) for p in problems if p.place[0] in ("claims", "revisions")]

    assert ([(place, found)] if place else []) == heard[:1]
