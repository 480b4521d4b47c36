"""What looks odd about a measurement: each with a case that shows it and one that does not."""

from dataclasses import replace

import pytest

from app.core.cells import CellKey
from app.core.oddities import oddities
from app.core.words import Access, Behaviour, Mode
from tests.core.machines import AMD, INTEL, MILAN, ZEN_4, cpu_of, make_measurement, saw


def codes(measurement, knowledge):
    return [oddity.code for oddity in oddities(measurement, knowledge)]


PLAIN = saw("tpr/avic/read", "allowed")
ABSENT = "It observes AVIC on a part that reports AVIC=0."
LDR_WRITE = saw("ldr/x2avic/write", "gp")


def test_a_plain_measurement_has_nothing_odd(knowledge):
    features = {"avic": True, "x2avic": True, "avic_extlvt": True}
    assert [] == codes(make_measurement(PLAIN, features=features), knowledge)


@pytest.mark.parametrize(
    ("odd", "changes"),
    [
        (["unknown-cpu"], {"family": "not-stated", "cpu": cpu_of(INTEL, 6, 0xCF)}),
        (["unknown-cpu"], {"family": "not-stated", "cpu": cpu_of(AMD, 0x17, 0x84)}),
        (["avic-absent"], {"family": "zen-3", "cpu": MILAN}),
        ([], {"family": "zen-3", "cpu": MILAN, "parameters": ("kvm_amd.force_avic=1",)}),
        (["not-traced"], {"exits_watched": False}),
        ([], {}),
    ],
)
def test_a_cpu_that_no_family_has_is_odd(odd, changes, knowledge):
    assert odd == codes(make_measurement(PLAIN, **changes), knowledge)


@pytest.mark.parametrize(
    ("odd", "seen", "features"),
    [
        (["x2avic-absent", "feature-differs"], saw("tpr/x2avic/read", "allowed"), False),
        (["feature-differs"], PLAIN, False),
        ([], saw("tpr/x2avic/read", "allowed"), True),
        ([], saw("tpr/x2avic/read", "allowed"), None),
    ],
)
def test_x2avic_on_a_part_that_reports_none_is_odd(odd, seen, features, knowledge):
    reported = {} if features is None else {"x2avic": features}
    assert odd == codes(make_measurement(seen, features=reported), knowledge)


@pytest.mark.parametrize(
    ("texts", "cpu", "family", "features"),
    [
        (["It reports avic=1; dumps of 19h/01h show 0."], MILAN, "zen-3", {"avic": True}),
        (
            [ABSENT, "It reports avic=0; dumps of 19h/11h show 1."],
            ZEN_4,
            "zen-4",
            {"avic": False},
        ),
        ([ABSENT], MILAN, "zen-3", {"avic": False}),
        (["It observes AVIC; dumps of 19h/01h show AVIC=0."], MILAN, "zen-3", {}),
        ([ABSENT], cpu_of(AMD, 0x19, 0x1F), "zen-4", {"avic": False}),
    ],
)
def test_a_feature_that_differs_from_public_dumps_is_odd(texts, cpu, family, features, knowledge):
    measurement = make_measurement(PLAIN, cpu=cpu, family=family, features=features)
    assert texts == [oddity.text for oddity in oddities(measurement, knowledge)]


@pytest.mark.parametrize(
    ("odd", "seen"),
    [
        (["impossible-outcome"], saw("tpr/avic/read", "gp")),
        (["impossible-outcome"], saw("tpr/avic/read", "vmexit-msr")),
        (["impossible-outcome"], saw("tpr/x2avic/read", "vmexit-npf")),
        (["impossible-outcome"], saw("tpr/x2avic/read", "pf")),
        ([], saw("tpr/avic/read", "vmexit-npf")),
        ([], saw("tpr/avic/read", "pf")),
        ([], saw("tpr/x2avic/read", "gp")),
        ([], saw("tpr/x2avic/read", "vmexit-msr")),
    ],
)
def test_an_outcome_that_the_way_of_access_cannot_have_is_odd(odd, seen, knowledge):
    assert odd == codes(make_measurement(seen), knowledge)


@pytest.mark.parametrize(
    ("odd", "seen", "hypervisor"),
    [
        (["not-marked-intercepted"], LDR_WRITE, "KVM 7.2.0"),
        ([], LDR_WRITE, "KVM 7.1.3"),
        (["not-marked-intercepted"], LDR_WRITE, "KVM 7.1.9"),
        (["not-marked-intercepted"], LDR_WRITE, "KVM 6.18.39"),
        ([], LDR_WRITE, "KVM 6.12.99"),
        ([], LDR_WRITE, "Xen 4.19"),
        ([], LDR_WRITE, "KVM 5.19"),
        ([], replace(LDR_WRITE, intercepted=True), "KVM 7.2.0"),
        ([], saw("ldr/x2avic/write", "vmexit-msr"), "KVM 7.2.0"),
        ([], saw("ldr/x2avic/read", "allowed"), "KVM 7.2.0"),
        ([], saw("ldr/avic/write", "vmexit-trap"), "KVM 7.2.0"),
        (["not-marked-intercepted"], saw("isr/x2avic/read", "allowed", member=1), "KVM 6.18.3"),
        ([], saw("isr/x2avic/read", "allowed", member=0), "KVM 6.18.3"),
        ([], saw("isr/x2avic/read", "allowed"), "KVM 6.18.3"),
        ([], saw("isr/x2avic/read", "allowed", member=1), "KVM 7.2"),
    ],
)
def test_an_access_that_the_hypervisor_intercepts_and_that_does_not_say_so_is_odd(
    odd, seen, hypervisor, knowledge
):
    assert odd == codes(make_measurement(seen, hypervisor=hypervisor), knowledge)


def test_a_copy_of_the_table_is_odd_and_one_difference_makes_it_plausible(knowledge):
    keys = [CellKey(slug, Mode.AVIC, Access.READ) for slug in knowledge.registers]
    said = {
        key: next(
            c.behaviour
            for c in knowledge.registers[key.register].claims
            if Mode.AVIC in c.modes and c.access is Access.READ
        )
        for key in keys
        if knowledge.exists(key)
    }
    copied = [saw(str(key), outcome) for key, outcome in said.items()]
    whole = make_measurement(*copied, copied[0])
    assert len(knowledge.registers) == len(whole.observations)
    assert ["same-as-the-manual"] == codes(whole, knowledge)
    assert [] == codes(make_measurement(*copied), knowledge), "too few to tell"
    other = replace(copied[0], outcome=Behaviour.VMEXIT_NPF)
    assert [] == codes(make_measurement(*copied, other), knowledge)
