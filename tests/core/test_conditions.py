from itertools import product

import pytest

from app.core.rulings import Conditions
from tests.core.shapes import CONDITIONS


@pytest.mark.parametrize(
    ("covers", "outer", "inner"),
    [
        (True, "edge", "edge"),
        (True, "non-zero", "reserved-bits"),
        (True, "reserved-bits", "bit-18-set"),
        (True, "non-zero", "bit-18-set"),
        (True, "incomplete", "stale-is-running"),
        (True, "no-such-condition", "no-such-condition"),
        (False, "bit-18-set", "reserved-bits"),
        (False, "reserved-bits", "non-zero"),
        (False, "edge", "level"),
        (False, "busy-set", "bit-18-set"),
        (False, "edge", "zero"),
        (False, "edge", ""),
        (False, "edge", "no-such-condition"),
        (False, "no-such-condition", "edge"),
    ],
)
def test_a_condition_covers_itself_and_what_lies_within_it(covers, outer, inner):
    assert covers is CONDITIONS.covers(outer, inner)


@pytest.mark.parametrize(
    ("excludes", "one", "other"),
    [
        (True, "edge", "level"),
        (True, "zero", "non-zero"),
        (True, "zero", "bit-18-set"),
        (True, "busy-set", "bit-18-set"),
        (True, "simple-ipi", "advanced"),
        (True, "simple-ipi", "invalid-vector"),
        (True, "self-ipi", "invalid-vector"),
        (True, "extlvt", "no-extlvt"),
        (True, "invalid-target", "stale-is-running"),
        (False, "edge", "edge"),
        (False, "reserved-bits", "bit-18-set"),
        (False, "non-zero", "bit-18-set"),
        (False, "simple-ipi", "self-ipi"),
        (False, "incomplete", "stale-is-running"),
        (False, "edge", "reserved-bits"),
        (False, "level", "no-extlvt"),
        (False, "edge", ""),
        (False, "", ""),
        (False, "edge", "no-such-condition"),
    ],
)
def test_conditions_exclude_each_other_on_one_axis_unless_nested(excludes, one, other):
    assert excludes is CONDITIONS.excludes(one, other)
    assert excludes is CONDITIONS.excludes(other, one)


def test_over_the_seed_no_condition_excludes_what_it_covers(knowledge):
    seed = Conditions(knowledge.conditions)
    pairs = list(product(knowledge.conditions, repeat=2))
    assert not [(a, b) for a, b in pairs if seed.covers(a, b) and seed.excludes(a, b)]


def test_over_the_seed_what_excludes_an_outer_condition_excludes_the_inner_one(knowledge):
    seed = Conditions(knowledge.conditions)
    triples = product(knowledge.conditions, repeat=3)
    assert not [
        (outer, inner, other)
        for outer, inner, other in triples
        if seed.covers(outer, inner)
        and seed.excludes(outer, other)
        and not seed.excludes(inner, other)
    ]


def test_an_unknown_condition_is_shown_by_its_slug(knowledge):
    seed = Conditions(knowledge.conditions)
    known = knowledge.conditions["extlvt"]
    assert (known.text, known.tag) == (seed.text("extlvt"), seed.tag("extlvt"))
    assert {seed.text("no-such-condition"), seed.tag("no-such-condition")} == {"no-such-condition"}
