from itertools import product

import pytest

from tests.core.shapes import CONDITIONS

WITHIN = {
    "simple-ipi": {"self-ipi"},
    "advanced": {"level-ipi", "invalid-vector"},
    "incomplete": {"invalid-target", "bad-backing-page", "target-not-running", "stale-is-running"},
    "target-not-running": {"stale-is-running"},
    "non-zero": {"reserved-bits", "busy-set", "bit-18-set"},
    "reserved-bits": {"busy-set", "bit-18-set"},
}
SLUGS = [*CONDITIONS, "", "no-such-condition"]


@pytest.mark.parametrize("outer", SLUGS[:-2])
def test_a_condition_covers_itself_and_what_lies_within_it(outer):
    covered = {inner for inner in SLUGS if CONDITIONS.covers(outer, inner)}
    assert {outer} | WITHIN.get(outer, set()) == covered


def test_an_unknown_condition_covers_itself_alone():
    covered = [slug for slug in SLUGS if CONDITIONS.covers("no-such-condition", slug)]
    assert ["no-such-condition"] == covered


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("edge", {"level"}),
        ("zero", {"non-zero", *WITHIN["non-zero"]}),
        ("busy-set", {"zero", "bit-18-set"}),
        ("self-ipi", {"advanced", *WITHIN["advanced"]}),
        ("extlvt", {"no-extlvt"}),
        ("invalid-target", {"bad-backing-page", "target-not-running", "stale-is-running"}),
        ("incomplete", set()),
        ("", set()),
        ("no-such-condition", set()),
    ],
)
def test_conditions_exclude_each_other_on_one_axis_unless_nested(one, others):
    assert others == {other for other in SLUGS if CONDITIONS.excludes(one, other)}
    assert others == {other for other in SLUGS if CONDITIONS.excludes(other, one)}


def test_over_the_seed_no_condition_excludes_what_it_covers(knowledge):
    seed = knowledge.conditions
    pairs = list(product(knowledge.conditions, repeat=2))
    assert not [(a, b) for a, b in pairs if seed.covers(a, b) and seed.excludes(a, b)]


def test_over_the_seed_what_excludes_an_outer_condition_excludes_the_inner_one(knowledge):
    seed = knowledge.conditions
    triples = product(knowledge.conditions, repeat=3)
    assert not [
        (outer, inner, other)
        for outer, inner, other in triples
        if seed.covers(outer, inner)
        and seed.excludes(outer, other)
        and not seed.excludes(inner, other)
    ]


def test_an_unknown_condition_is_shown_by_its_slug(knowledge):
    seed = knowledge.conditions
    known = knowledge.conditions["extlvt"]
    assert (known.text, known.tag) == (seed.text("extlvt"), seed.tag("extlvt"))
    assert {seed.text("no-such-condition"), seed.tag("no-such-condition")} == {"no-such-condition"}
