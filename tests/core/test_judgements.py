import pytest

from app.core.verdicts import judge
from app.core.words import Behaviour, Evidence, Scope, Verdict
from tests.core.shapes import ALLOWED, CONDITIONS, EOI, EXT_LVT_READ, ID, LVT, TPR, TRAP, note
from tests.factories import make_observation

TWO_NOTES = (*ALLOWED, note("ignored"), note("accelerated"))


def reports(*told):
    """Return observations with ids of their own: an outcome, or what differs from the default."""
    changes = [{"outcome": one} if isinstance(one, str) else one for one in told]
    return tuple(make_observation(**{"id": f"r-{n}", **c}) for n, c in enumerate(changes))


def seen(outcome, condition="", **changes):
    return {"outcome": outcome, "condition": condition, **changes}


def case(name, verdict, claims, *told):
    return pytest.param(Verdict(verdict), claims, reports(*told), id=name)


@pytest.mark.parametrize(
    ("expected", "claims", "told"),
    [
        case("no condition on either", "disputed", ALLOWED, "allowed", "vmexit-trap"),
        case("neither is what the manual says", "disputed", ID, "ignored", "vmexit-trap"),
        case("the same stated condition", "disputed", EOI,
             seen("accelerated", "edge"), seen("vmexit-trap", "edge")),
        case("one outside every branch", "disputed", EXT_LVT_READ, "allowed", "vmexit-trap"),
        case("two rules of one place", "disputed", TWO_NOTES, "ignored", "accelerated"),
        case("a third one agrees", "disputed", TRAP, "vmexit-trap", "gp", "vmexit-trap"),
        case("a whole group against one cell", "disputed", ID,
             seen("gp", scope=Scope.GROUP), "vmexit-trap"),
        case("stated against measured", "disputed", TRAP,
             seen("vmexit-fault", evidence=Evidence.STATED), "vmexit-trap"),
        case("partial against #GP where #GP rules", "disputed", ID, "completed", "gp"),
        case("partial against #GP where a trap rules", "disputed", TRAP, "completed", "gp"),
        case("partial against #GP, same condition", "disputed", LVT,
             seen("completed", "bit-18-set"), seen("gp", "bit-18-set")),
        case("within one report", "disputed", TRAP,
             seen("vmexit-trap", report="a"), seen("vmexit-fault", report="a")),
    ],
)  # fmt: skip
def test_reports_that_differ_under_the_same_condition_are_disputed(expected, claims, told):
    judgement = judge(claims, told, "zen-4", CONDITIONS)

    graded = {observation.evidence for observation in told}

    assert f", {' and '.join(grade for grade in Evidence if grade in graded)}" in judgement.behind
    # No side of it settles, explains or contradicts anything by itself.
    assert {expected} == {judgement.verdict, *map(judgement.word, judgement.findings)}


@pytest.mark.parametrize(
    ("expected", "claims", "told"),
    [
        case("twice the same", "agrees", TRAP, "vmexit-trap", "vmexit-trap"),
        case("two branches, both stated", "explained", EOI,
             seen("accelerated", "edge"), seen("gp", "non-zero")),
        case("two branches, neither stated", "agrees", EOI, "accelerated", "vmexit-trap"),
        case("two branches, one stated", "agrees", EOI,
             seen("accelerated", "edge"), "vmexit-trap"),
        case("the check and the table, neither stated", "explained", TPR, "accelerated", "gp"),
        case("the table and the check, neither stated", "explained", TPR, "gp", "accelerated"),
        case("a case and one nested in it", "contradicts", LVT,
             seen("gp", "reserved-bits"), seen("vmexit-trap", "bit-18-set")),
        case("one of them masked", "agrees", TRAP,
             "vmexit-trap", seen("gp", intercepted=True)),
        case("one of them at the permission map", "explained", ID, "gp", "vmexit-msr"),
        case("one of another family", "agrees", TRAP,
             "vmexit-trap", seen("gp", family="zen-5")),
        case("partial beside a trap", "agrees", TRAP, "completed", "vmexit-trap"),
        case("a trap beside partial", "agrees", TRAP, "vmexit-trap", "completed"),
        case("partial beside a contradiction", "contradicts", TRAP, "completed", "ignored"),
        case("partial under another condition", "explained", LVT,
             seen("completed", "zero"), seen("gp", "reserved-bits")),
    ],
)  # fmt: skip
def test_reports_that_can_both_be_true_are_not_disputed(expected, claims, told):
    assert expected is judge(claims, told, "zen-4", CONDITIONS).verdict


@pytest.mark.parametrize(
    ("expected", "claims", "told"),
    [
        case("contradicts before settles", "contradicts", EOI,
             seen("vmexit-trap", "level"), seen("vmexit-trap", "edge")),
        case("contradicts before explained", "contradicts", TPR,
             seen("gp", "reserved-bits"), seen("gp", "zero")),
        case("contradicts before agrees", "contradicts", TPR,
             seen("accelerated", "zero"), seen("accelerated", "reserved-bits")),
        case("contradicts by partial evidence alone", "contradicts", LVT,
             seen("completed", "bit-18-set"), seen("vmexit-trap", "zero")),
        case("settles before explained", "settles", EOI,
             seen("vmexit-trap", "level"), seen("gp", "non-zero")),
        case("settles before agrees", "settles", EOI,
             seen("vmexit-trap", "level"), seen("accelerated", "edge")),
        case("explained before agrees", "explained", TPR,
             seen("accelerated", "zero"), seen("gp", "reserved-bits")),
        case("agrees before consistent", "agrees", TPR,
             seen("accelerated", "zero"), seen("completed", "edge")),
        case("consistent before masked", "consistent", TRAP,
             "completed", seen("vmexit-trap", intercepted=True)),
        case("nothing but masked", "masked", ID,
             seen("gp", intercepted=True), "vmexit-msr"),
        case("nothing of its own", "unmeasured", TRAP,
             seen("gp", family="zen-5"), seen("gp", family="zen-5", intercepted=True)),
    ],
)  # fmt: skip
def test_a_family_has_the_most_severe_verdict_of_its_reports(expected, claims, told):
    assert expected is judge(claims, told, "zen-4", CONDITIONS).verdict


ONE_MACHINE = {"machine": "a"}
TWO_MICROCODES = (
    {**ONE_MACHINE, "microcode": "0xa101148"},
    {**ONE_MACHINE, "microcode": "0xa101154"},
)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ((0, 0, 0, 0, "0 reports"), ()),
        ((1, 0, 0, 0, "1 report"), ({},)),
        ((2, 0, 0, 0, "2 reports"), ({}, {})),
        ((1, 0, 0, 0, "1 report"), ({"report": "a"}, {"report": "a"})),
        ((2, 0, 0, 0, "2 reports"), ({"report": "a"}, {})),
        ((1, 1, 0, 0, "1 report, 1 machine"), (ONE_MACHINE,)),
        ((2, 1, 0, 0, "2 reports, 1 machine"), (ONE_MACHINE, ONE_MACHINE)),
        ((2, 1, 0, 0, "2 reports, 1 machine"), (ONE_MACHINE, {})),
        ((2, 2, 0, 0, "2 reports, 2 machines"), (ONE_MACHINE, {"machine": "b"})),
        ((2, 1, 2, 0, "2 reports, 1 machine, 2 microcodes"), TWO_MICROCODES),
        ((0, 0, 0, 1, "0 reports, 1 intercepted"), ({**ONE_MACHINE, "intercepted": True},)),
        ((1, 0, 0, 1, "1 report, 1 intercepted"), ({}, {"intercepted": True, "microcode": "0x1"})),
        ((1, 0, 0, 0, "1 report"), ({}, {"family": "zen-5", "machine": "c"})),
    ],
)
def test_counts_are_of_distinct_unmasked_reports_machines_and_microcodes(expected, told):
    found = judge(ALLOWED, reports(*told), "zen-4", CONDITIONS)
    counts = (found.reports, found.machines, found.microcodes, found.masked, found.counts)
    assert expected == counts


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ((None, None), ()),
        ((None, None), ({"intercepted": True},)),
        ((Evidence.STATED, Scope.GROUP), ({"evidence": Evidence.STATED, "scope": Scope.GROUP},)),
        ((Evidence.OBSERVED, Scope.CELL),
         ({"evidence": Evidence.STATED}, {"evidence": Evidence.OBSERVED})),
        ((Evidence.MEASURED, Scope.GROUP), ({"scope": Scope.GROUP}, {"scope": Scope.GROUP})),
        ((Evidence.MEASURED, Scope.CELL),
         ({"scope": Scope.GROUP}, {"evidence": Evidence.STATED})),
        ((Evidence.STATED, Scope.CELL),
         ({"evidence": Evidence.STATED}, {"intercepted": True})),
    ],
)  # fmt: skip
def test_the_strongest_unmasked_evidence_and_the_closest_scope_are_named(expected, told):
    found = judge(ALLOWED, reports(*told), "zen-4", CONDITIONS)
    assert expected == (found.evidence, found.scope)


def test_behaviours_stand_in_the_order_of_the_vocabulary_without_masked_ones():
    told = reports("gp", "vmexit-trap", "gp", "allowed", "vmexit-msr")
    expected = (Behaviour.ALLOWED, Behaviour.VMEXIT_TRAP, Behaviour.GP)
    assert expected == judge(ID, told, "zen-4", CONDITIONS).behaviours


def test_every_report_keeps_a_finding_of_its_own_oldest_first():
    told = reports(
        seen("gp", date="2026-05-06"),
        seen("vmexit-trap", date="2022-07-25"),
        seen("gp", date="2024-07-19", intercepted=True),
    )
    findings = judge(ID, told, "zen-4", CONDITIONS).findings
    expected = [("r-1", "contradicts"), ("r-2", "masked"), ("r-0", "explained")]
    assert expected == [(f.observation.id, f.verdict) for f in findings]


def test_each_source_is_named_once():
    told = reports({"sources": ("mail-1", "commit-1")}, {"sources": ("commit-1", "mail-2")})
    expected = ("mail-1", "commit-1", "mail-2")
    assert expected == judge(ALLOWED, told, "zen-4", CONDITIONS).sources
