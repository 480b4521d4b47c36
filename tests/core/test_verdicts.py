import pytest

from app.core.facts import SideEffect
from app.core.verdicts import judge, judge_observation
from app.core.words import Scope, Verdict
from tests.core import shapes
from tests.core.shapes import (
    ACCELERATED,
    ALLOWED,
    CONDITIONS,
    DFR_READ,
    EOI,
    EOI_READ,
    EXT_LVT_READ,
    FAULT,
    ICR,
    ICR_AVIC,
    ID,
    ISR,
    LVT,
    SELF_IPI,
    SELF_IPI_AVIC,
    TPR,
    TRAP,
    check,
)
from tests.factories import make_claim, make_observation

SILENT = ()
LEFT = SideEffect(text="a bit stays set")
OWN_PRODUCT = (*TRAP, shapes.product("gp", "zen-4"))
OTHER_PRODUCT = (*TRAP, shapes.product("gp", "zen-5"))
UNSURE = (*ALLOWED, shapes.question("accelerated"))
ONLY_UNSURE = (shapes.question("accelerated"),)
IMPLIED_CASE = (make_claim("allowed", "edge"), shapes.check("level", "implied"))
NOTE_AGREES = (*ALLOWED, shapes.note("allowed"))


def case(name, claims, outcome, condition="", **changes):
    """Return one row of a table: the claims of a cell and one observation of it."""
    return pytest.param(claims, make_observation(outcome, condition, **changes), id=name)


def verdict_of(claims, seen):
    """Return the verdict of one observation, which is also that of its family."""
    finding = judge_observation(claims, seen, CONDITIONS)
    judgement = judge(claims, (seen,), seen.family, CONDITIONS)
    assert judgement.verdict is finding.verdict
    return finding.verdict


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("allowed as the table says", ALLOWED, "allowed"),
        case("accelerated as the table says", ACCELERATED, "accelerated"),
        case("a trap as the table says", TRAP, "vmexit-trap"),
        case("a fault as the table says", FAULT, "vmexit-fault"),
        case("a report of a whole group", ALLOWED, "allowed", scope=Scope.GROUP),
        case("a condition that no claim knows", ALLOWED, "allowed", "edge"),
        case("the edge branch, stated", EOI, "accelerated", "edge"),
        case("the edge branch, not stated", EOI, "accelerated"),
        case("the level branch, not stated", EOI, "vmexit-trap"),
        case("a feature bit, stated", EXT_LVT_READ, "allowed", "extlvt"),
        case("no feature bit, stated", EXT_LVT_READ, "vmexit-fault", "no-extlvt"),
        case("a feature bit, not stated", EXT_LVT_READ, "allowed"),
        case("no feature bit, not stated", EXT_LVT_READ, "vmexit-fault"),
        case("below a check that may apply", TPR, "accelerated"),
        case("below a check that does not apply", TPR, "accelerated", "zero"),
        case("below a check, a case of another axis", TPR, "accelerated", "edge"),
        case("a condition wider than the check's", LVT, "vmexit-trap", "non-zero"),
        case("a simple IPI", ICR, "accelerated", "simple-ipi"),
        case("a simple IPI, nested", ICR, "accelerated", "self-ipi"),
        case("an IPI of which nothing is stated", ICR, "accelerated"),
        case("BUSY where nothing checks it", ICR_AVIC, "accelerated", "busy-set"),
        case("a note that repeats the table", NOTE_AGREES, "allowed"),
        case("another family's product manual", OTHER_PRODUCT, "vmexit-trap"),
    ],
)
def test_what_table_15_22_says_agrees(claims, seen):
    assert verdict_of(claims, seen) is Verdict.AGREES


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("a write of a read-only register", ID, "gp"),
        case("a check that is only implied", ISR, "gp"),
        case("a read of a write-only register", EOI_READ, "gp"),
        case("reserved bits, stated", TPR, "gp", "reserved-bits"),
        case("reserved bits, not stated", TPR, "gp"),
        case("reserved bits, nested", LVT, "gp", "bit-18-set"),
        case("reserved bits, the outer case", LVT, "gp", "non-zero"),
        case("reserved bits, nested twice", EOI, "gp", "busy-set"),
        case("a check, a case of another axis", EOI, "gp", "level"),
        case("a note above the table", SELF_IPI, "accelerated"),
        case("an IPI to a stopped target", ICR, "vmexit-ipi", "target-not-running"),
        case("an IPI to a stopped target, nested", ICR, "vmexit-ipi", "stale-is-running"),
        case("an incomplete IPI, the outer case", ICR, "vmexit-ipi", "incomplete"),
        case("an incomplete IPI, not stated", ICR, "vmexit-ipi"),
        case("a note inside an open question", ICR, "vmexit-ipi", "invalid-vector"),
        case("its own family's product manual", OWN_PRODUCT, "gp"),
    ],
)
def test_what_another_rule_says_instead_of_the_table_is_explained(claims, seen):
    assert verdict_of(claims, seen) is Verdict.EXPLAINED


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("a note", SELF_IPI_AVIC, "absent"),
        case("an access check", (check(),), "gp"),
        case("a register that x2APIC lacks", DFR_READ, "gp"),
    ],
)
def test_where_the_table_prints_nothing_it_neither_agrees_nor_differs(claims, seen):
    found = verdict_of(claims, seen)
    assert found is Verdict.NOT_PRINTED
    assert not found.disagrees


@pytest.mark.parametrize(
    ("verdict", "claims", "seen"),
    [
        ("side-effect", ICR_AVIC, make_observation("accelerated", "busy-set", side_effect=LEFT)),
        ("side-effect", ALLOWED, make_observation("allowed", side_effect=LEFT)),
        ("side-effect", LVT, make_observation("gp", "reserved-bits", side_effect=LEFT)),
        ("contradicts", ALLOWED, make_observation("gp", side_effect=LEFT)),
        ("masked", ALLOWED, make_observation("allowed", side_effect=LEFT, intercepted=True)),
    ],
)
def test_what_leaves_something_wrong_behind_never_agrees(verdict, claims, seen):
    assert Verdict(verdict) is verdict_of(claims, seen)


@pytest.mark.parametrize(
    ("verdict", "outcome", "condition"),
    [
        ("consistent", "vmexit-trap", "level"),
        ("consistent", "vmexit-fault", "level"),
        ("contradicts", "ignored", "edge"),
    ],
)
def test_a_report_that_takes_its_word_from_the_manual_settles_nothing(verdict, outcome, condition):
    seen = make_observation(outcome, condition, restates=True)
    assert Verdict(verdict) is verdict_of(EOI, seen)


def test_nor_does_it_where_the_revision_in_question_says_nothing():
    assert Verdict.CONSISTENT is verdict_of((), make_observation("vmexit-trap", restates=True))


def test_a_report_that_restates_the_manual_disputes_nothing():
    heard = (
        make_observation("vmexit-trap", "level", id="a", restates=True),
        make_observation("vmexit-fault", "level", id="b"),
    )
    assert Verdict.SETTLES is judge(EOI, heard, "zen-4", CONDITIONS).verdict


def test_an_open_question_of_a_lower_rank_excuses_nothing_that_a_check_forbids():
    seen = make_observation("vmexit-ipi", "reserved-bits")
    assert Verdict.CONTRADICTS is verdict_of(ICR, seen)


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("a trap where it is allowed", ALLOWED, "vmexit-trap"),
        case("a fault where a trap is due", TRAP, "vmexit-fault"),
        case("#GP where nothing checks", ALLOWED, "gp"),
        case("a page fault", ALLOWED, "pf"),
        case("ignored where it is accelerated", ACCELERATED, "ignored"),
        case("the table against an explicit check", ID, "vmexit-trap"),
        case("neither the table nor the check", ID, "accelerated"),
        case("a report of a whole group", ID, "vmexit-trap", scope=Scope.GROUP),
        case("the table against a note", SELF_IPI, "allowed"),
        case("#GP in the case that passes the check", TPR, "gp", "zero"),
        case("accelerated in the case that is checked", TPR, "accelerated", "reserved-bits"),
        case("a trap in a nested case of the check", LVT, "vmexit-trap", "bit-18-set"),
        case("no branch, nothing stated", TPR, "vmexit-trap"),
        case("the level branch on an edge", EOI, "vmexit-trap", "edge"),
        case("the edge branch on a level", EOI, "accelerated", "level"),
        case("a feature bit that is not there", EXT_LVT_READ, "allowed", "no-extlvt"),
        case("the simple branch of an advanced IPI", ICR, "accelerated", "advanced"),
        case("the table inside a narrower note", ICR, "vmexit-trap", "invalid-vector"),
        case("neither answer of an open question", UNSURE, "vmexit-trap"),
        case("another family's product manual", OTHER_PRODUCT, "gp"),
        case("complete, where #GP is explicit", ID, "completed"),
        case("complete, in the case that is checked", EOI, "completed", "non-zero"),
        case("complete, nested in that case", LVT, "completed", "bit-18-set"),
    ],
)
def test_what_no_ruling_claim_allows_contradicts(claims, seen):
    assert verdict_of(claims, seen) is Verdict.CONTRADICTS


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("the manual is silent", SILENT, "vmexit-trap"),
        case("the manual has only a question", ONLY_UNSURE, "accelerated"),
        case("only a question, answered otherwise", ONLY_UNSURE, "vmexit-trap"),
        case("an implied check, the table holds", ISR, "vmexit-fault"),
        case("an implied check, nothing holds", ISR, "ignored"),
        case("an implied check, the guest completes", EOI_READ, "completed"),
        case("an implied check in the stated case", IMPLIED_CASE, "allowed", "level"),
        case("the table's answer to a question", UNSURE, "allowed"),
        case("the other answer to a question", UNSURE, "accelerated"),
        case("a trap of a level EOI", EOI, "vmexit-trap", "level"),
        case("a fault of a level EOI", EOI, "vmexit-fault", "level"),
        case("a trap of an advanced IPI", ICR, "vmexit-trap", "advanced"),
        case("an exit 401h of an advanced IPI", ICR_AVIC, "vmexit-ipi", "advanced"),
    ],
)
def test_what_the_manual_leaves_open_is_settled(claims, seen):
    assert verdict_of(claims, seen) is Verdict.SETTLES


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("allowed", ALLOWED, "completed"),
        case("a trap cannot be seen by the guest", TRAP, "completed"),
        case("nor can a fault", FAULT, "completed"),
        case("a branch, stated", EOI, "completed", "level"),
        case("a branch, not stated", EXT_LVT_READ, "completed"),
        case("below a check that may apply", TPR, "completed"),
        case("below a check that does not", TPR, "completed", "zero"),
        case("an open question", UNSURE, "completed"),
        case("above another family's product", OTHER_PRODUCT, "completed"),
        case("a #GP that the guest alone saw", ID, "gp", unwatched=True),
        case("the same where the manual is silent", SILENT, "gp", unwatched=True),
    ],
)
def test_partial_evidence_that_breaks_no_rule_is_consistent(claims, seen):
    assert verdict_of(claims, seen) is Verdict.CONSISTENT


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        case("as the table says", ALLOWED, "allowed", intercepted=True),
        case("against the table", ALLOWED, "gp", intercepted=True),
        case("partial", TPR, "completed", intercepted=True),
        case("an open question", UNSURE, "accelerated", intercepted=True),
        case("a silent manual", SILENT, "gp", intercepted=True),
        case("a whole group", ID, "gp", intercepted=True, scope=Scope.GROUP),
        case("the permission map, flagged", ID, "vmexit-msr", intercepted=True),
        case("the permission map, unflagged", ID, "vmexit-msr"),
        case("the permission map, nothing claimed", SILENT, "vmexit-msr"),
        case("a #GP that nobody tells from the hypervisor's", ALLOWED, "gp", unwatched=True),
        case("the same where an exit is ruled", TRAP, "gp", unwatched=True),
    ],
)
def test_what_the_hypervisor_intercepted_is_masked(claims, seen):
    assert verdict_of(claims, seen) is Verdict.MASKED


@pytest.mark.parametrize("claims", [SILENT, ALLOWED, ID, EOI, ICR, UNSURE, OWN_PRODUCT])
@pytest.mark.parametrize("seen", [(), (make_observation(family="zen-5"),)], ids=["none", "other"])
def test_a_family_without_reports_is_unmeasured(claims, seen):
    assert judge(claims, seen, "zen-4", CONDITIONS).verdict is Verdict.UNMEASURED


@pytest.mark.parametrize(
    ("stated", "claims", "seen"),
    [
        pytest.param(True, ALLOWED, make_observation(), id="no claim has a condition"),
        pytest.param(True, EOI, make_observation("accelerated", "edge"), id="the report says"),
        pytest.param(False, EOI, make_observation("accelerated"), id="a branch of two"),
        pytest.param(False, TPR, make_observation("gp"), id="the case that is checked"),
        pytest.param(False, EXT_LVT_READ, make_observation(), id="a feature bit"),
    ],
)
def test_a_branch_matched_without_its_condition_is_marked(stated, claims, seen):
    assert stated is judge_observation(claims, seen, CONDITIONS).condition_stated


@pytest.mark.parametrize(
    ("expected", "claims", "seen"),
    [
        pytest.param(ALLOWED, ALLOWED, make_observation(), id="the table"),
        pytest.param((ID[1],), ID, make_observation("gp"), id="the check"),
        pytest.param((ID[0],), ID, make_observation("vmexit-trap"), id="an overruled claim"),
        pytest.param((), ID, make_observation("ignored"), id="none"),
        pytest.param((EOI[0],), EOI, make_observation("accelerated"), id="a branch"),
        pytest.param((), EOI, make_observation("accelerated", "level"), id="not that branch"),
        pytest.param(UNSURE[1:], UNSURE, make_observation("accelerated"), id="a question"),
        pytest.param(ALLOWED, ALLOWED, make_observation("completed"), id="partial: what rules"),
        pytest.param((), ALLOWED, make_observation(intercepted=True), id="masked: nothing"),
    ],
)
def test_a_finding_names_the_claims_that_it_bears_out(expected, claims, seen):
    assert expected == judge_observation(claims, seen, CONDITIONS).matched
