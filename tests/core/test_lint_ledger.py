"""What the linter says of the ledger."""

import pytest

from app.curation.lint import lint
from tests.factories import make_difference, make_event, make_knowledge

SEEN = make_event("seen", "2026-05-06")


def faults(difference):
    """Return where a difference breaks a rule, and what was found."""
    found = lint(make_knowledge(difference))
    return [(f.place, f.found) for f in found if f.fact is difference]


@pytest.mark.parametrize(
    "life",
    [
        (SEEN,),
        (make_event("documented", "2026-03"), SEEN),
        (make_event("documented", "2026-05"), SEEN),
        (SEEN, make_event("documented", "2026")),
        (SEEN, make_event("mended", "2026-06")),
        (SEEN, make_event("retracted", "2026-05-06", text="It was the test's own fault.")),
    ],
)
def test_a_life_in_order_passes(life):
    assert [] == faults(make_difference(life=life))


@pytest.mark.parametrize(
    ("place", "found", "life"),
    [
        (("life", 0, "date"), "nothing", (make_event("seen", ""),)),
        (("life", 0, "text"), "nothing", (make_event("seen", text=""),)),
        (("life", 1, "text"), "nothing", (SEEN, make_event("retracted", text=""))),
        (("life", 1, "date"), "2026-04, after 2026-05-06", (SEEN, make_event("seen", "2026-04"))),
        (("life", 1), "an event after the retraction", (make_event("retracted"), SEEN)),
        (("life", 0, "revision"), "nothing", (make_event("documented", revision=""),)),
        (("life", 0, "revision"), "nothing", (make_event("mended", revision=""),)),
        (("life", 0, "revision"), "'3.45'", (make_event("documented", revision="3.45"),)),
        (
            ("life", 0, "revision"),
            "'3.44'",
            (make_event("documented", revision="3.44", sources=("mail-1",)),),
        ),
        (("life", 0, "revision"), "'3.44'", (make_event("seen", revision="3.44"),)),
    ],
)
def test_a_life_that_cannot_be_is_told_by_its_event(place, found, life):
    assert [(place, found)] == faults(make_difference(life=life))


@pytest.mark.parametrize("field", ["cells", "table_says", "instead"])
def test_an_entry_says_where_it_is_and_what_is_so(field):
    assert [((field,), "nothing")] == faults(make_difference(**{field: ""}))
