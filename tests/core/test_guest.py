"""What a guest sees: silicon and emulation side by side, each with its evidence, never mixed."""

import pytest

from app.core.cells import CellKey
from app.core.emulated import EmulatedApic
from app.core.guest import Viewpoint
from app.core.hypervisors import versions_of
from app.core.views import view_cells
from app.core.words import Access, Mode
from tests.intake.bad.table import EMULATED, changed, written
from tests.intake.documents import measured


@pytest.fixture(scope="module")
def cells(knowledge):
    return view_cells(knowledge)


def versions(knowledge, version, *observations):
    """Every version of which something is known, one of them as these accesses show it."""
    document = changed(EMULATED, {
        "/hypervisor/version": version, "/emulation/version": version,
        "/observations": list(observations),
    })  # fmt: skip
    one = measured(written(document), knowledge)
    return versions_of(knowledge, [EmulatedApic(one.emulation, (one,), 1)])


def seen(cell, outcome, **more):
    register, mode, access = cell.split("/")
    return {"register": register, "mode": mode, "access": access, "outcome": outcome, **more}


def case_of(knowledge, cells, version, cell, observations, *, family="", condition=""):
    """The case of a cell under one version, and its half of the emulation."""
    found = versions(knowledge, version, *observations)
    chosen = found[f"kvm-{'.'.join(version.split('.')[:2])}"]
    register, mode, access = cell.split("/")
    key = CellKey(register, Mode(mode), Access(access))
    cases = {
        case.condition: case for case in Viewpoint(knowledge, (chosen,), family).cases(cells[key])
    }
    return cases[condition], cases[condition].halves[0]


RESERVED = {"condition": "reserved-bits"}
# Cell, version, family, condition, what the emulation showed; then what silicon shows and by which
# grade, who answers, whether that is inferred, what the guest sees, and whether it is the same.
CASES = [
    ("ldr/x2avic/write", "7.2.13", "zen-4", "", ["gp"],
     "gp", "observed", "emulation", False, "gp", "same"),
    # Nobody looked at the branch, and one policy lets through what the other intercepts.
    ("ldr/x2avic/write", "6.12.118", "zen-4", "", ["gp"],
     "gp", "observed", "not-known", False, "gp", "same"),
    ("ldr/x2avic/write", "6.12.118", "zen-4", "", ["completed"],
     "gp", "observed", "not-known", False, "", "differs"),
    # On a family that nobody saw, only what the manual implies is left.
    ("ldr/x2avic/write", "7.2.13", "zen-5", "", ["gp"],
     "gp", "implied", "emulation", False, "gp", "same"),
    ("tpr/x2avic/write", "7.2.13", "", "reserved-bits", ["gp", "completed"],
     "gp", "documented", "silicon", False, "gp", "differs"),
    # Every policy on record lets it through.
    ("tpr/x2avic/write", "6.12.118", "", "", ["completed"],
     "completes", "documented", "silicon", True, "completes", "same"),
    # An access that exits first is emulated in any case.
    ("apr/x2avic/read", "7.2.13", "zen-4", "", ["gp"],
     "exits", "documented", "emulation", False, "gp", "same"),
    ("tmr/x2avic/read", "7.2.13", "", "", [],
     "completes", "documented", "silicon", False, "completes", "not-known"),
    # What lies in the processor alone, an emulation does not know.
    ("ext-lvt/x2avic/read", "7.2.13", "", "extlvt", ["gp"],
     "completes", "documented", "emulation", False, "gp", "differs"),
    ("tpr/avic/write", "7.2.13", "", "reserved-bits", ["completed"],
     "completes", "documented", "silicon", False, "completes", "same"),
]  # fmt: skip


@pytest.mark.parametrize("row", CASES, ids=str)
def test_both_halves_of_a_case_are_told_apart_and_held_against_each_other(cells, knowledge, row):
    cell, version, family, condition, outcomes, sees, grade, who, inferred, guest, same = row
    stated = {} if condition in ("", "extlvt") else {"condition": condition}
    shown = [seen(cell, outcome, **stated) for outcome in outcomes]
    other = [] if shown else [seen("id/x2avic/read", "completed")]
    case, half = case_of(
        knowledge, cells, version, cell, [*shown, *other], family=family, condition=condition
    )

    assert (sees, grade) == (" ".join(case.silicon.sees), case.silicon.grade)
    assert (who, inferred, guest, same) == (
        half.who, half.inferred, " ".join(half.guest), half.same
    )  # fmt: skip
    assert {("completes" if word == "completed" else word) for word in outcomes} == {*half.sees}


def test_what_emulations_show_changes_nothing_of_silicon(cells, knowledge):
    known = versions(knowledge, "7.2.13", seen("tpr/x2avic/write", "gp", **RESERVED))
    for cell in cells.values():
        alone = {c.condition: c.silicon for c in Viewpoint(knowledge, ()).cases(cell)}
        beside = Viewpoint(knowledge, tuple(known.values())).cases(cell)

        assert alone == {c.condition: c.silicon for c in beside if c.condition in alone}


def test_a_report_without_a_condition_is_none_of_a_case_that_another_rule_decides(cells, knowledge):
    key = CellKey("icr", Mode.X2AVIC, Access.WRITE)
    cases = {c.condition: c.silicon for c in Viewpoint(knowledge, (), "zen-4").cases(cells[key])}

    assert "observed" == cases["simple-ipi"].grade
    assert {"documented"} == {cases[name].grade for name in ("invalid-target", "reserved-bits")}


def test_no_machine_of_a_family_without_x2avic_has_such_a_cell(cells, knowledge):
    key = CellKey("ldr", Mode.X2AVIC, Access.WRITE)

    assert () == Viewpoint(knowledge, (), "zen-1").cases(cells[key])
    assert () == Viewpoint(knowledge, ()).cases(cells[CellKey("self-ipi", Mode.AVIC, Access.READ)])


def test_a_version_is_known_by_its_series_and_the_newest_release_stands_for_it(knowledge):
    known = versions(knowledge, "6.12.118", seen("ldr/x2avic/write", "gp"))

    assert ["kvm-6.0", "kvm-6.12", "kvm-7.2"] == [*known]
    assert ("KVM 6.12.118", "KVM 6.12") == (known["kvm-6.12"].name, known["kvm-6.12"].short)
    assert "nobody looked at 6.12.y" in str(known["kvm-6.12"].policy)
    assert (None, "kvm-7.2") == (known["kvm-7.2"].apic, str(known["kvm-7.2"].policy))
