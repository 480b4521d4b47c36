"""Policies as tables, side by side, and as a key of the filter."""

import pytest

from app.core.facts import MsrPolicy
from app.core.filters import vocabulary_of
from app.core.policy_rows import pairs, policy_table
from app.core.views import view_cells
from app.core.words import Action
from app.errors import InvalidFilter
from tests.core.policies import make_policy
from tests.factories import make_knowledge


def test_side_by_side_says_what_changed_in_the_order_asked_for(knowledge, views):
    old, new = knowledge.policies["kvm-6.0"], knowledge.policies["kvm-7.2"]
    table = policy_table((old, new), knowledge, views)
    back = policy_table((new, old), knowledge, views)
    rows = {(str(r.span), r.register.slug): r for r in table.msrs}

    assert ("/policy/kvm-6.0..kvm-7.2", "/policy/kvm-7.2..kvm-6.0") == (table.path, back.path)
    assert rows["80Dh", "ldr"].differs
    assert not rows["830h", "icr"].differs
    assert [e.write for e in rows["80Dh", "ldr"].entries] == ["pass", "intercept"]
    assert [tuple(reversed(r.entries)) for r in table.msrs] == [r.entries for r in back.msrs]
    assert {*table.only(differing=True).msrs, *table.only(differing=False).msrs} == set(table.msrs)
    assert () == table.only(differing=True).traps
    assert 0x100 == sum(r.span.last - r.span.first + 1 for r in table.msrs)


def test_msrs_that_one_policy_does_not_mention_are_not_stated():
    whole = make_policy()
    part = make_policy("intercept", "kvm-2.0", 2,
                       msrs=(MsrPolicy(msrs="809h", read=Action.PASS, write=Action.PASS),),
                       traps=("080h",))  # fmt: skip
    world = make_knowledge(whole, part)
    table = policy_table((whole, part), world, view_cells(world))

    (row,) = [r for r in table.msrs if r.register.slug == "tpr"]
    assert None is row.entries[1]
    assert row.differs
    assert [(False, True)] == [t.listed for t in table.traps]
    assert table.only(differing=True).traps == table.traps


def test_pairs_are_of_one_hypervisor_and_the_older_one_is_first():
    every = [
        make_policy(slug=f"{name.lower()}-{n}.0", order=n, hypervisor=name)
        for n in (1, 2, 3)
        for name in ("KVM", "Bhyve")
    ]
    world = make_knowledge(*every)
    one, two, three = (f"bhyve-{n}.0" for n in (1, 2, 3))

    assert ["bhyve"] * 3 + ["kvm"] * 3 == [slug.partition("-")[0] for slug in world.policies]
    assert {(one, two), (two, three), ("kvm-1.0", "kvm-2.0"), ("kvm-2.0", "kvm-3.0")} == set(
        pairs(world)
    )
    assert ((one, two), (two, three)) == pairs(world, world.policies[two])
    assert ((two, one),) == pairs(world, world.policies[one], world.policies[two])


def test_the_filter_takes_two_policies_at_most_and_narrows_nothing(knowledge, views):
    three = [make_policy(slug=f"kvm-{n}.0", order=n) for n in (1, 2, 3)]
    words = vocabulary_of(make_knowledge(*three))
    wanted = words.read([("policy", "kvm-2.0,kvm-1.0")])

    assert "policy=kvm-1.0,kvm-2.0" == wanted.query()
    assert not wanted.active
    assert all(wanted.admits(view, knowledge.members) for view in views.values())
    with pytest.raises(InvalidFilter, match="one value or two"):
        words.read([("policy", "kvm-1.0,kvm-2.0,kvm-3.0")])
