import pytest

from app.core.cells import CellKey
from app.core.chains import ACCESS_CHECK, TABLE, X2APIC_CHECKS, chain_of_checks
from app.core.rulings import (
    branch_set,
    claims_met,
    claims_on,
    effective_claims,
    judge_print,
    printed_claims,
)
from app.core.words import Access, ClaimKind, Mode, Printed
from tests.core import shapes
from tests.core.shapes import (
    ALLOWED,
    CONDITIONS,
    DFR_READ,
    EOI,
    EOI_READ,
    EXT_LVT_READ,
    ICR,
    ICR_AVIC,
    ID,
    ISR,
    LVT,
    SELF_IPI,
    SELF_IPI_AVIC,
    TPR,
    TRAP,
)
from tests.factories import make_claim

CELL = CellKey("tpr", Mode.X2AVIC, Access.WRITE)
ICR_STOPS = ("vmexit-ipi invalid-target", "vmexit-ipi bad-backing-page",
             "vmexit-ipi target-not-running")  # fmt: skip
ICR_TYPES = ("vmexit-ipi level-ipi", "vmexit-ipi invalid-vector")
ICR_RULES = (*ICR_TYPES, *ICR_STOPS, "accelerated simple-ipi", "vmexit-trap advanced")
ICR_NOTED = (*ICR_RULES[:-1], *ICR_RULES[-2:])
PRODUCT = (*TRAP, shapes.product("gp", "zen-5"))
PRODUCT_CASE = (*TRAP, shapes.product("gp", "zen-5", "reserved-bits"))
ONLY_QUESTION = (shapes.question("accelerated"),)
NOTE_CASE = (*TRAP, shapes.note("ignored", "edge"))


def spelled(claims):
    """Return claims as ``behaviour condition``."""
    return tuple(f"{claim.behaviour} {claim.condition}".strip() for claim in claims)


@pytest.mark.parametrize(
    ("shape", "cell"),
    [
        (ID, "id/x2avic/write"),
        (ISR, "isr/x2avic/write"),
        (EOI_READ, "eoi/x2avic/read"),
        (DFR_READ, "dfr/x2avic/read"),
        (TPR, "tpr/x2avic/write"),
        (LVT, "lvt-timer/x2avic/write"),
        (EOI, "eoi/x2avic/write"),
        (ICR, "icr/x2avic/write"),
        (ICR_AVIC, "icr/avic/write"),
        (SELF_IPI, "self-ipi/x2avic/write"),
        (SELF_IPI_AVIC, "self-ipi/avic/write"),
        (EXT_LVT_READ, "ext-lvt/x2avic/read"),
    ],
)
def test_the_shapes_of_these_tests_are_those_of_the_seed(shape, cell, views):
    found = next(view.claims for key, view in views.items() if str(key) == cell)
    general = [claim for claim in found if claim.kind is not ClaimKind.PRODUCT]
    assert sorted(_traits(shape)) == sorted(_traits(general))


def _traits(claims):
    return [(c.behaviour, c.condition, c.kind, c.strength, c.ranks) for c in claims]


def test_the_conditions_of_these_tests_nest_as_in_the_seed(knowledge):
    seed = {c.slug: (c.axis, c.within) for c in knowledge.conditions.values()}
    mine = {c.slug: (c.axis, c.within) for c in CONDITIONS.values()}
    assert mine.items() <= seed.items()


@pytest.mark.parametrize(
    ("rules", "claims"),
    [
        pytest.param((), (), id="nothing is claimed"),
        pytest.param(("allowed",), ALLOWED, id="the table alone"),
        pytest.param(("gp",), ID, id="RO write: the check ends the search"),
        pytest.param(("gp",), ISR, id="RO write: an implied check ends it too"),
        pytest.param(("gp",), EOI_READ, id="WO read"),
        pytest.param(("gp reserved-bits", "accelerated"), TPR, id="TPR: the check, then the table"),
        pytest.param(("gp non-zero", "accelerated edge", "vmexit-trap level"), EOI,
                     id="EOI write: never the open question"),
        pytest.param(("gp reserved-bits", *ICR_NOTED), ICR, id="ICR: check, notes, table"),
        pytest.param(ICR_RULES, ICR_AVIC, id="ICR by MMIO: no check"),
        pytest.param(("gp reserved-bits", "accelerated"), SELF_IPI,
                     id="Self IPI: the note hides the table"),
        pytest.param(("absent",), SELF_IPI_AVIC, id="Self IPI has no MMIO slot"),
        pytest.param(("ignored edge", "vmexit-trap"), NOTE_CASE, id="a note for one case"),
        pytest.param(("vmexit-trap",), PRODUCT, id="no family, no product manual"),
        pytest.param((), ONLY_QUESTION, id="an open question alone"),
    ],
)  # fmt: skip
def test_what_rules_a_cell_stands_in_the_order_of_the_checks(rules, claims):
    assert rules == spelled(effective_claims(claims))


@pytest.mark.parametrize(
    ("rules", "claims", "family"),
    [
        (("gp",), PRODUCT, "zen-5"),
        (("vmexit-trap",), PRODUCT, "zen-4"),
        (("gp reserved-bits", "vmexit-trap"), PRODUCT_CASE, "zen-5"),
        (("vmexit-trap",), PRODUCT_CASE, "not-stated"),
    ],
)
def test_a_product_manual_rules_its_own_family_only(rules, claims, family):
    assert rules == spelled(effective_claims(claims, family))
    assert rules == spelled(claims_met(claims, "", CONDITIONS, family))


@pytest.mark.parametrize(
    ("rules", "claims", "stated"),
    [
        pytest.param(("gp",), ID, "", id="RO write"),
        pytest.param(("gp",), ID, "reserved-bits", id="RO write, any case"),
        pytest.param(("gp reserved-bits", "accelerated"), TPR, "", id="TPR, not stated"),
        pytest.param(("gp reserved-bits",), TPR, "reserved-bits", id="TPR, checked"),
        pytest.param(("gp reserved-bits",), TPR, "busy-set", id="TPR, nested in the check"),
        pytest.param(("gp reserved-bits", "accelerated"), TPR, "non-zero", id="TPR, wider"),
        pytest.param(("accelerated",), TPR, "zero", id="TPR, not checked"),
        pytest.param(("gp reserved-bits", "accelerated"), TPR, "edge", id="TPR, another axis"),
        pytest.param(("gp non-zero", "accelerated edge", "vmexit-trap level"), EOI, "",
                     id="EOI, not stated"),
        pytest.param(("gp non-zero", "accelerated edge"), EOI, "edge", id="EOI, edge"),
        pytest.param(("gp non-zero", "vmexit-trap level"), EOI, "level", id="EOI, level"),
        pytest.param(("gp non-zero",), EOI, "reserved-bits", id="EOI, nested in the check"),
        pytest.param(("accelerated edge", "vmexit-trap level"), EOI, "zero", id="EOI, zero"),
        pytest.param((*ICR_STOPS, "accelerated simple-ipi"), ICR_AVIC, "self-ipi",
                     id="ICR, nested in a branch of the table"),
        pytest.param(("vmexit-ipi invalid-vector", *ICR_STOPS), ICR_AVIC, "invalid-vector",
                     id="ICR, a note that holds for certain ends the search"),
        pytest.param(ICR_RULES, ICR_AVIC, "incomplete", id="ICR, wider than two notes"),
        pytest.param((*ICR_TYPES, "vmexit-ipi target-not-running"), ICR_AVIC,
                     "stale-is-running", id="ICR, nested in a note"),
        pytest.param(("gp reserved-bits",), ICR, "busy-set", id="ICR, checked"),
        pytest.param(("gp reserved-bits", "accelerated"), SELF_IPI, "", id="Self IPI"),
        pytest.param(("accelerated",), SELF_IPI, "zero", id="Self IPI, not checked"),
        pytest.param(("allowed extlvt",), EXT_LVT_READ, "extlvt", id="a feature bit"),
        pytest.param((), ONLY_QUESTION, "", id="an open question alone"),
    ],
)  # fmt: skip
def test_an_access_can_meet_the_claims_that_its_condition_leaves(rules, claims, stated):
    assert rules == spelled(claims_met(claims, stated, CONDITIONS))


@pytest.mark.parametrize("claims", [ALLOWED, ID, ISR, TPR, EOI, ICR, SELF_IPI, EXT_LVT_READ])
def test_with_nothing_stated_an_access_can_meet_whatever_rules_the_cell(claims):
    assert effective_claims(claims) == claims_met(claims, "", CONDITIONS)


@pytest.mark.parametrize(
    ("word", "claims"),
    [
        ("not-printed", ()),
        ("not-printed", SELF_IPI_AVIC),
        ("not-printed", (shapes.check(),)),
        ("as-printed", ALLOWED),
        ("as-printed", EXT_LVT_READ),
        ("as-printed", PRODUCT),
        ("as-printed", (*ALLOWED, shapes.note("allowed"))),
        ("as-printed", (*ALLOWED, shapes.question("gp"))),
        pytest.param("wrong", ID, id="a flat #GP"),
        pytest.param("wrong", EOI_READ, id="a flat #GP that is only implied"),
        pytest.param("wrong", (*shapes.EOI_BRANCHES, shapes.note("vmexit-fault", "level")),
                     id="one branch is taken whole"),
        pytest.param("incomplete", TPR, id="a condition is missing"),
        pytest.param("incomplete", EOI, id="a condition is missing beside branches"),
        pytest.param("incomplete", ICR_AVIC, id="exits within a branch are missing"),
        pytest.param("incomplete", SELF_IPI, id="accelerated refines allowed"),
    ],
)  # fmt: skip
def test_what_the_table_prints_is_held_against_what_rules(word, claims):
    assert Printed(word) is judge_print(claims, CONDITIONS)


@pytest.mark.parametrize(
    ("branches", "condition"),
    [
        pytest.param({"vmexit-ipi"}, "level-ipi", id="the documented one"),
        pytest.param({"vmexit-ipi"}, "invalid-vector", id="another documented one"),
        pytest.param({"vmexit-ipi", "vmexit-trap"}, "advanced", id="the rest keeps the print"),
    ],
)
def test_an_exit_of_one_condition_replaces_the_print_for_that_condition_only(branches, condition):
    ruling = claims_met(ICR_AVIC, condition, CONDITIONS)
    certain_or_possible = {str(claim.behaviour) for claim in ruling}
    assert branches == certain_or_possible


@pytest.mark.parametrize(
    ("last_two", "claims"),
    [
        pytest.param(("passes", "rules"), ALLOWED, id="only the table speaks"),
        pytest.param(("rules", "not-reached"), ID, id="RO write"),
        pytest.param(("rules", "not-reached"), ISR, id="RO write, implied"),
        pytest.param(("rules-when", "rules-otherwise"), TPR, id="TPR"),
        pytest.param(("rules-when", "rules-otherwise"), EOI, id="EOI"),
        pytest.param(("rules-when", "rules-otherwise"), ICR, id="ICR"),
        pytest.param(("rules-when", "rules-otherwise"), SELF_IPI, id="Self IPI"),
        pytest.param(("passes", "rules"), EXT_LVT_READ, id="a table with branches"),
        pytest.param(("passes", "passes"), ONLY_QUESTION, id="an open question alone"),
        pytest.param(("passes", "passes"), (), id="nothing"),
    ],
)
def test_the_chain_says_which_check_wins(last_two, claims):
    steps = chain_of_checks(claims, CELL, CONDITIONS)
    outcomes = ("passes", "passes", *last_two)
    assert tuple(zip(X2APIC_CHECKS, outcomes, strict=True)) == tuple(
        (step.check, step.outcome) for step in steps
    )


def test_the_chain_shows_notes_and_table_together_and_no_open_question():
    steps = {step.check: step for step in chain_of_checks(ICR, CELL, CONDITIONS)}
    assert set(steps[TABLE].claims) == {c for c in ICR[:-1] if c.ranks}
    assert steps[ACCESS_CHECK].claims == (ICR[-1],)


def test_there_is_no_chain_under_avic():
    assert not chain_of_checks(ICR_AVIC, CellKey("icr", Mode.AVIC, Access.WRITE), CONDITIONS)


def test_claims_on_a_cell_are_its_own_with_the_highest_priority_first():
    read = make_claim(access=Access.READ)
    avic = make_claim("accelerated", modes=(Mode.AVIC,))
    note = shapes.note("ignored")
    register = (read, TRAP[0], avic, note, shapes.check())
    assert claims_on(register, CELL) == (shapes.check(), note, TRAP[0])
    here = CellKey("tpr", Mode.AVIC, Access.READ)
    assert claims_on(register, here) == (read,)


def test_the_table_taken_literally_is_its_claims_alone():
    assert printed_claims(ICR) == ICR[:2]
    assert branch_set(printed_claims(ICR)) == {
        ("accelerated", "simple-ipi"),
        ("vmexit-trap", "advanced"),
    }
