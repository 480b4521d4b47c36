"""The chain of checks under what is chosen of an access: the hypervisor, and the value."""

import pytest

from app.core.cells import CellKey
from app.core.chains import VALID, Given, offered_values
from app.core.words import Access, Mode

PASSES, RULES, NEVER = "passes", "rules", "not-reached"
WHEN, ELSE = "rules-when", "rules-otherwise"


def key(register, access="write"):
    return CellKey(register, Mode.X2AVIC, Access(access))


@pytest.mark.parametrize(
    ("cell", "given", "outcomes"),
    [
        pytest.param(key("ldr"), ("", ""), (PASSES, RULES, NEVER), id="nothing chosen"),
        pytest.param(key("ldr"), ("kvm-6.0", ""), (PASSES, RULES, NEVER), id="let through"),
        pytest.param(key("ldr"), ("kvm-7.2", ""), (RULES, NEVER, NEVER), id="intercepted"),
        pytest.param(key("isr"), ("kvm-6.0", ""), (WHEN, ELSE, NEVER), id="some members are"),
        pytest.param(key("unlisted", "read"), ("kvm-7.2", ""), (WHEN, ELSE, NEVER), id="perhaps"),
        pytest.param(key("icr"), ("", ""), (PASSES, WHEN, ELSE), id="any value"),
        pytest.param(key("icr"), ("", VALID), (PASSES, PASSES, RULES), id="a valid one"),
        pytest.param(key("icr"), ("", "reserved-bits"), (PASSES, RULES, NEVER), id="not one"),
        pytest.param(key("eoi"), ("kvm-7.2", "non-zero"), (PASSES, RULES, NEVER), id="both"),
        pytest.param(key("svr"), ("kvm-7.2", VALID), (RULES, NEVER, NEVER), id="map first"),
    ],
)
def test_the_chain_is_that_of_the_access_that_is_chosen(cell, given, outcomes, knowledge, views):
    view, conditions, (policy, value) = views[cell], knowledge.conditions, given
    does = next((p for p in view.policies if p.policy.slug == policy), None)
    steps = view.chain(conditions, Given(does, value))

    assert outcomes == tuple(step.outcome for step in steps[1:])


def test_only_a_value_that_a_check_refuses_can_be_chosen(knowledge, views):
    conditions = knowledge.conditions
    found = {cell: tuple(offered_values(views[cell].claims, conditions)) for cell in views}

    assert (VALID, "reserved-bits") == found[key("icr")]
    assert (VALID, "non-zero") == found[key("eoi")]
    assert {()} == {v for k, v in found.items() if k.mode is Mode.AVIC or k.access is Access.READ}
