from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.verdicts import judge, judge_observation
from app.core.words import Behaviour, Evidence, Scope, Strength, Verdict
from tests.core.shapes import CONDITIONS, product, question
from tests.factories import make_claim, make_observation

FAMILY, OTHER = "zen-4", "zen-5"
WORST_FIRST = list(Verdict)

behaviours = st.sampled_from(Behaviour)
conditions = st.sampled_from(["", *CONDITIONS])
families = st.sampled_from([FAMILY, OTHER])
names = st.sampled_from(["", "a", "b"])

claims = st.lists(
    st.one_of(
        st.builds(
            make_claim,
            behaviours,
            conditions,
            st.sampled_from(["table", "note", "access-check"]),
            st.sampled_from(Strength),
        ),
        st.builds(product, behaviours, families, conditions),
        st.builds(question, behaviours, conditions),
    ),
    max_size=6,
).map(tuple)


def observations_of(family):
    """Return a strategy for one observation."""
    return st.builds(
        make_observation,
        behaviours,
        conditions,
        family=family,
        intercepted=st.booleans(),
        evidence=st.sampled_from(Evidence),
        scope=st.sampled_from(Scope),
        date=st.sampled_from(["", "2022", "2024-07-19"]),
        report=names,
        machine=names,
        microcode=names,
    )


def numbered(told, prefix="o"):
    """Give every observation an id of its own, as the seed and the database do."""
    return tuple(replace(one, id=f"{prefix}-{n}") for n, one in enumerate(told))


reports = st.lists(observations_of(families), max_size=6).map(numbered)
own = st.lists(observations_of(st.just(FAMILY)), min_size=1, max_size=6).map(numbered)
law = settings(deadline=None)


def judged(claims, told):
    return judge(claims, told, FAMILY, CONDITIONS)


@law
@given(claims, reports, st.data())
def test_the_order_of_observations_never_matters(claims, told, data):
    shuffled = data.draw(st.permutations(told))
    assert judged(claims, told) == judged(claims, shuffled)


@law
@given(claims, reports, st.data())
def test_the_order_of_claims_never_changes_a_verdict(claims, told, data):
    shuffled = tuple(data.draw(st.permutations(claims)))
    assert judged(claims, told).verdict is judged(shuffled, told).verdict


@law
@given(claims, reports, observations_of(st.just(FAMILY)))
def test_a_masked_observation_changes_nothing_but_unmeasured_to_masked(claims, told, masked):
    before = judged(claims, told)
    after = judged(claims, (*told, replace(masked, id="masked", intercepted=True)))
    unmeasured = before.verdict is Verdict.UNMEASURED
    assert after.verdict is (Verdict.MASKED if unmeasured else before.verdict)
    assert replace(before, verdict=after.verdict, findings=after.findings) == replace(
        after, masked=after.masked - 1
    )


@law
@given(claims, reports, st.lists(observations_of(st.just(OTHER)), max_size=4))
def test_observations_of_another_family_never_change_a_judgement(claims, told, others):
    assert judged(claims, told) == judged(claims, (*told, *numbered(others, "other")))


@law
@given(claims, st.lists(observations_of(st.just(OTHER)), max_size=4).map(numbered))
def test_a_family_without_reports_is_unmeasured(claims, told):
    found = judged(claims, told)
    assert found.verdict is Verdict.UNMEASURED
    assert found.counts == judged((), ()).counts


@law
@given(claims, own, st.data())
def test_an_observation_repeated_under_its_report_changes_nothing(claims, told, data):
    one = data.draw(st.sampled_from(told))
    again = replace(one, id="again", report=one.report or one.id)
    before, after = judged(claims, told), judged(claims, (*told, again))
    assert before.verdict is after.verdict
    assert before.reports == after.reports


@law
@given(claims, reports)
def test_every_verdict_is_of_the_vocabulary_and_has_its_reason(claims, told):
    found = judged(claims, told)
    reasons = {f.verdict for f in found.findings}
    assert {*reasons, found.verdict} <= set(Verdict)
    assert found.verdict in ({*reasons, Verdict.DISPUTED} if reasons else {Verdict.UNMEASURED})


@law
@given(claims, own)
def test_masked_is_said_only_where_every_report_is_masked(claims, told):
    unheard = all(o.intercepted or o.outcome is Behaviour.VMEXIT_MSR for o in told)
    assert unheard is (judged(claims, told).verdict is Verdict.MASKED)


@law
@given(claims, own)
def test_disputed_takes_two_outcomes_under_one_condition(claims, told):
    if judged(claims, told).verdict is Verdict.DISPUTED:
        heard = [f.observation for f in judged(claims, told).findings if f.verdict != "masked"]
        assert any(
            a.condition == b.condition and a.outcome is not b.outcome for a in heard for b in heard
        )


@law
@given(claims, reports, observations_of(st.just(FAMILY)))
def test_another_report_never_makes_a_verdict_milder(claims, told, another):
    before = judged(claims, told).verdict
    after = judged(claims, (*told, replace(another, id="another"))).verdict
    assert WORST_FIRST.index(after) <= WORST_FIRST.index(before)


@law
@given(claims, reports, behaviours, conditions)
def test_the_product_manual_of_another_family_never_changes_a_verdict(
    claims, told, behaviour, condition
):
    more = (*claims, product(behaviour, OTHER, condition))
    assert judged(claims, told).verdict is judged(more, told).verdict


@law
@given(claims, own)
def test_each_observation_is_judged_alone_before_the_family_is(claims, told):
    expected = {o.id: judge_observation(claims, o, CONDITIONS) for o in told}
    assert expected == {f.observation.id: f for f in judged(claims, told).findings}


@law
@given(claims, reports)
def test_judging_twice_gives_the_same(claims, told):
    assert judged(claims, told) == judged(claims, tuple(replace(o) for o in told))
