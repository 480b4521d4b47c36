"""Where a policy and the evidence part: the table of cases, the laws, and the real seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.assumptions import MarkKind, view_policies
from app.core.cells import CellKey
from app.core.facts import MsrPolicy
from app.core.policy_rows import policy_table
from app.core.words import Access, Action, Behaviour, Evidence, Mode
from tests.core import shapes
from tests.core.policies import make_policy
from tests.factories import (
    make_claim,
    make_difference,
    make_knowledge,
    make_observation,
    make_register,
)

TPR = CellKey("tpr", Mode.X2AVIC, Access.WRITE)
MMIO = CellKey("tpr", Mode.AVIC, Access.WRITE)
NOTHING = make_claim("undefined")


def marks(policy, claims=(NOTHING,), seen=(), key=TPR, more=()):
    """Return the marks of a policy on a write of TPR, as (kind, basis)."""
    world = make_knowledge(make_register(claims=claims), policy, *seen, *more)
    here = tuple(c for c in claims if key.mode in c.modes and c.access is key.access)
    (view,) = view_policies(world, key, here, seen)
    return view.marks


def saw(*outcomes, **changes):
    """Return one report for each outcome."""
    return tuple(
        make_observation(outcome, id=f"r{n}", **changes) for n, outcome in enumerate(outcomes)
    )


SEEN = [
    # action, on the trap list, what was seen, the mark
    ("pass", False, "gp", "unseen-gp"),
    ("pass", True, "gp", "unseen-gp"),
    ("conditional", False, "gp", "unseen-gp"),
    ("intercept", False, "gp", ""),
    ("pass", False, "vmexit-fault", "faults-anyway"),
    ("pass", True, "vmexit-fault", "exit-kind"),
    ("pass", True, "vmexit-trap", ""),
    ("pass", False, "vmexit-trap", "exit-kind"),
    ("intercept", True, "vmexit-fault", ""),
    ("intercept", False, "vmexit-trap", ""),
    ("intercept", False, "accelerated", "needless-exit"),
    ("intercept", False, "allowed", "needless-exit"),
    ("pass", False, "accelerated", ""),
    ("intercept", False, "vmexit-msr", ""),
    ("intercept", False, "completed", ""),
    ("pass", False, "ignored", ""),
    ("pass", False, "vmexit-ipi", ""),
]


@pytest.mark.parametrize(("action", "listed", "outcome", "kind"), SEEN)
def test_what_was_seen_marks_what_the_policy_takes_it_for(action, listed, outcome, kind):
    policy = make_policy(action, traps=("080h",) if listed else ())
    found = marks(policy, seen=saw(outcome))

    assert [(kind, "measured")] * bool(kind) == [(m.kind, m.basis) for m in found]


@pytest.mark.parametrize(
    ("listed", "outcome", "kind"),
    [
        (True, "vmexit-fault", "exit-kind"),
        (True, "vmexit-trap", ""),
        (False, "vmexit-trap", "exit-kind"),
        (False, "vmexit-fault", ""),
        (False, "gp", ""),
        (False, "accelerated", ""),
    ],
)
def test_under_avic_only_the_kind_of_the_exit_can_part(listed, outcome, kind):
    policy = make_policy("intercept", traps=("080h",) if listed else ())
    found = marks(policy, seen=saw(outcome, cells=("tpr/avic/write",)), key=MMIO)

    assert [kind] * bool(kind) == [m.kind for m in found]


RULED = [
    # action, on the trap list, the claims, the mark: without observations the rules decide
    ("pass", True, shapes.ID, "unseen-gp"),
    ("pass", False, shapes.ISR, "unseen-gp"),
    ("intercept", False, shapes.ISR, ""),
    # A rule about reserved bits marks nothing.
    ("pass", True, shapes.LVT, ""),
    ("pass", False, shapes.TPR, ""),
    # A trap at an offset that is not on the list is a mark, whatever its condition.
    ("pass", False, shapes.LVT, "exit-kind"),
    ("pass", False, shapes.EOI, "exit-kind"),
    ("pass", True, shapes.EOI, ""),
    ("pass", False, shapes.FAULT, "faults-anyway"),
    ("pass", True, shapes.FAULT, "exit-kind"),
    # All that is legal completes, so the intercept is for nothing.
    ("intercept", False, shapes.TPR, "needless-exit"),
    ("intercept", False, shapes.SELF_IPI, "needless-exit"),
    ("intercept", False, shapes.ALLOWED, "needless-exit"),
    ("intercept", True, shapes.LVT, ""),
    ("intercept", True, shapes.EOI, ""),
    ("intercept", True, shapes.ICR, ""),
    # An open question of the manual never rules.
    ("pass", True, (*shapes.TRAP, shapes.question("vmexit-fault")), ""),
    # A product manual speaks for its own family.
    ("pass", True, (*shapes.TRAP, shapes.product("gp", "zen-5")), ""),
]


@pytest.mark.parametrize(("action", "listed", "claims", "kind"), RULED)
def test_where_nobody_looked_what_rules_the_cell_may_mark_it(action, listed, claims, kind):
    policy = make_policy(action, traps=("080h",) if listed else ())
    found = marks(policy, claims)

    assert [(kind, "documented")] * bool(kind) == [(m.kind, m.basis) for m in found]
    assert all(m.claims and not m.observations for m in found)


def test_an_observation_outranks_the_manual():
    assert () == marks(make_policy(), shapes.ID, saw("ignored"))
    (mark,) = marks(make_policy(traps=("080h",)), shapes.ID, saw("gp"))

    assert ("measured", ()) == (mark.basis, mark.claims)


def test_an_observation_of_one_case_leaves_the_rest_to_the_manual():
    (mark,) = marks(make_policy(traps=("080h",)), shapes.ID, saw("ignored", condition="edge"))

    assert "documented" == mark.basis


@pytest.mark.parametrize("seen", [saw("gp", intercepted=True), saw("vmexit-msr"), saw("completed")])
def test_a_masked_or_partial_observation_marks_nothing_and_hides_nothing(seen):
    (mark,) = marks(make_policy(traps=("080h",)), shapes.ID, seen)

    assert (MarkKind.UNSEEN_GP, "documented") == (mark.kind, mark.basis)


def test_a_mark_says_its_grade_families_conditions_and_disputes():
    seen = (
        make_observation("gp", "edge", id="a", family="zen-4", evidence=Evidence.STATED),
        make_observation("gp", "edge", id="b", family="zen-5", evidence=Evidence.OBSERVED),
    )
    (calm,) = marks(make_policy(), seen=seen)
    other = make_observation("ignored", "edge", id="c", family="zen-5")
    elsewhere = make_observation("ignored", "level", id="d", family="zen-5")
    (disputed,) = marks(make_policy(), seen=(*seen, other))

    assert ("observed", ("zen-4", "zen-5"), ("edge",)) == (
        calm.basis,
        calm.families,
        calm.conditions,
    )
    assert (False, True) == (calm.disputed, disputed.disputed)
    assert not marks(make_policy(), seen=(*seen, elsewhere))[0].disputed


def test_a_mark_names_the_ledger_entries_on_the_same_evidence():
    seen = saw("gp")
    ledger = (
        make_difference(1, observations=("r0",)),
        make_difference(2, observations=("elsewhere",)),
        make_difference(3),
        make_difference(4, families=("zen-4",)),
    )
    (told,) = marks(make_policy(), seen=seen, more=ledger)
    (ruled,) = marks(make_policy(), shapes.ID, more=ledger)

    assert ((1,), (3,)) == (told.differences, ruled.differences)


def test_a_member_marks_only_the_msrs_that_hold_it():
    split = (
        MsrPolicy(msrs="810h", read=Action.PASS, write=Action.PASS),
        MsrPolicy(msrs="811h-817h", read=Action.INTERCEPT, write=Action.INTERCEPT),
    )
    isr = make_register("isr", (NOTHING,), offsets=("100h-170h",), msrs=("810h-817h",), vector=True)
    key = CellKey("isr", Mode.X2AVIC, Access.WRITE)
    found = {}
    for member in ("0", "3", ""):
        seen = (make_observation("gp", cells=("isr/x2avic/write",), member=member),)
        world = make_knowledge(isr, make_policy(msrs=split), *seen)
        (view,) = view_policies(world, key, (NOTHING,), seen)
        found[member] = [m.msrs for m in view.marks]

    assert {"0": [("810h",)], "3": [], "": [("810h",)]} == found


def test_every_policy_takes_a_cell_of_its_own_msrs_only(views):
    spans = {
        key: {msrs for view in cell.policies for msrs, _ in view.parts}
        for key, cell in views.items()
    }

    assert {"809h"} == spans[CellKey("apr", Mode.X2AVIC, Access.READ)]
    assert {"810h", "811h-817h", "810h-817h"} == spans[CellKey("isr", Mode.X2AVIC, Access.READ)]
    assert set() == spans[MMIO]


@given(
    action=st.sampled_from(list(Action)),
    listed=st.booleans(),
    outcomes=st.lists(st.sampled_from(list(Behaviour)), max_size=3),
    claims=st.sampled_from([shapes.ID, shapes.TPR, shapes.EOI, shapes.FAULT, (NOTHING,)]),
    key=st.sampled_from([TPR, MMIO]),
)
def test_no_mark_is_without_evidence_and_order_never_matters(action, listed, outcomes, claims, key):
    policy = make_policy(str(action), traps=("080h",) if listed else ())
    seen = saw(*map(str, outcomes), cells=(f"tpr/{key.mode}/write",))
    found = marks(policy, claims, seen, key)

    assert all(m.observations or m.claims for m in found)
    assert not any(o.intercepted or o.partial for m in found for o in m.observations)
    assert {m.kind for m in found} == {m.kind for m in marks(policy, claims, seen[::-1], key)}
    assert len(found) == len({m.kind for m in found})


def test_the_real_policies_are_marked_where_the_sources_say_so(knowledge, views):
    found = {
        slug: [
            (str(row.mark.kind), str(row.key), row.mark.basis, row.mark.differences)
            for row in policy_table((knowledge.policies[slug],), knowledge, views).marks
        ]
        for slug in ("kvm-6.0", "kvm-7.2")
    }

    assert [
        ("unseen-gp", "icr/x2avic/write", "stated", (7,)),
        ("unseen-gp", "unlisted/x2avic/read", "documented", (10,)),
        ("exit-kind", "ext-lvt/avic/write", "documented", ()),
    ] == found["kvm-7.2"]
    old = found["kvm-6.0"]
    assert ("unseen-gp", "ldr/x2avic/write", "observed", (1,)) in old
    retracted = {n for n, d in knowledge.differences.items() if d.retraction}
    assert ("unseen-gp", "dfr/x2avic/write", "stated", ()) in old
    assert retracted
    assert not retracted & {str(n) for row in old for n in row[3]}, "they cite what stands"
    assert ("faults-anyway", "timer-current/x2avic/read", "stated", ()) in old
    assert ("needless-exit", "self-ipi/x2avic/write", "documented", (6,)) in old
    assert {"unseen-gp": 17, "exit-kind": 1, "faults-anyway": 2, "needless-exit": 5} == {
        str(kind): sum(row[0] == kind for row in old) for kind in MarkKind
    }
