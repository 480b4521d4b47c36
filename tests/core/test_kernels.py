"""Which policy a kernel has, by its release, and what is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.facts import PolicyRange
from app.core.kernels import policy_of, unknown_branches
from app.core.releases import Release
from app.curation.lint import lint
from tests.core.policies import make_policy, make_range
from tests.factories import make_knowledge

TABLE = {
    "kvm-6.0": (
        "6.0.0", "6.9.0", "6.18.0", "6.18.1", "6.18.3-generic", "6.18.38", "6.18.38-1-amd64",
        "6.18.38-rc1", "6.18.1-rc1", "6.17.0-rc3", "7.1-rc5", "7.1.0", "7.1.3", "v7.1.3",
        "Linux KVM 7.1.3", "6.1.4", "6.1.176-1", "6.12.30-1-amd64", "6.12.117+deb13-cloud-amd64",
        "6.12.34+rpt-rpi-v8",
    ),
    "kvm-7.2": (
        "6.18.39", "6.18.40", "6.18.40-rc1", "6.18.40-1-amd64", "7.1.4", "7.1.99",
        "7.1.5-300.fc44.x86_64", "7.2", "7.2.0", "7.2.1", "7.2.0-rc1", "Linux KVM 7.2.0-rc1",
        "7.2.0-0.rc1.20260701gitabcdef12345.1.fc45", "7.2.0-rc3+", "7.2.0-5-generic", "7.10",
        "7.10-rc1", "8.0", "10.0.3", "(Linux) 7.2",
    ),
    "nobody looked at": (
        "6.1.177", "6.6.90", "6.12.118", "6.12.120-1-amd64", "6.17.3", "6.19.2", "7.0.11",
    ),
    "no source says on which side": ("6.18.39-rc1", "7.1.4-rc2"),
    "may be any release of": ("6.0", "6.12", "6.18", "7.1"),
    "is not stated": (
        "7.1.0+", "7.1.0-rc7+", "6.18.38+", "6.8.0-60-generic", "6.12.0-55.9.1.el10_0.x86_64",
        "7.1.0-13456-g0123456789ab", "7.1.0-rc3-next-20260520", "7.1.3-dirty", "7.1.0-arch1-1",
    ),
    "reaches back": ("5.19", "5.14.0-570.el9.x86_64", "6.0-rc1", "4.18.0", "2.6.32.71"),
    "no release is named": ("", "next", "nonsense", "7", "v", "2026"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "release"), [(said, text) for said, texts in TABLE.items() for text in texts]
)
def test_a_release_has_the_policy_that_its_branch_says(expected, release, knowledge):
    answer = policy_of(knowledge, "KVM", release)

    assert expected in str(answer)
    assert bool(answer.policy) != bool(answer.reason)
    assert str(answer) == expected or str(answer).startswith("not known: ")


@pytest.mark.parametrize(
    ("hypervisor", "expected"),
    [
        ("KVM", "kvm-7.2"),
        ("kvm", "kvm-7.2"),
        ("Linux KVM 7.2.1", "kvm-7.2"),
        ("KVM 7.2.1 (QEMU 9.2)", "kvm-7.2"),
        ("QEMU/KVM", "not known: beside QEMU the version may be QEMU's own"),
        ("Xen", "not known: no policy of this hypervisor is on record"),
        ("Hyper-V 10.0", "not known: no policy of this hypervisor is on record"),
        ("kvmtool", "not known: no policy of this hypervisor is on record"),
        ("", "not known: no policy of this hypervisor is on record"),
    ],
)
def test_a_policy_is_that_of_the_hypervisor_that_is_named(hypervisor, expected, knowledge):
    assert expected == str(policy_of(knowledge, hypervisor, "7.2.1"))


def test_of_two_hypervisors_that_are_named_none_is_taken():
    world = make_knowledge(make_policy(), make_policy(slug="bhyve-1.0", hypervisor="Bhyve"))
    ones = [str(policy_of(world, name, "1.3.0")) for name in ("KVM", "bhyve", "Bhyve under KVM")]

    assert ["kvm-1.0", "bhyve-1.0", "not known: more than one hypervisor is named"] == ones


def test_what_releases_have_a_policy_is_said_from_its_ranges_in_their_order(knowledge):
    old, new = knowledge.policies.values()

    assert (
        "mainline 6.0 to 7.1, 6.1.y up to 6.1.176, 6.12.y up to 6.12.117, 6.18.y up to 6.18.38, "
        "7.1.y up to 7.1.3"
    ) == old.releases
    assert "6.18.39 and later of 6.18.y, 7.1.4 and later of 7.1.y, 7.2 and later" == new.releases
    assert "v1" == make_policy(ranges=(), versions="v1").releases


@pytest.mark.parametrize(
    ("range_", "words"),
    [
        (make_range("6.12.y"), "all of 6.12.y"),
        (make_range("6.12.y", "6.12.3", "6.12.9"), "6.12.3 to 6.12.9 of 6.12.y"),
    ],
)
def test_a_range_with_two_ends_or_none_says_so(range_, words):
    assert words == range_.words


@pytest.mark.parametrize("branch", ["6.18", "stable", "6.18.x", "", "mainline"])
def test_a_range_of_no_branch_or_of_mainline_without_a_beginning_is_refused(branch):
    with pytest.raises(ValueError, match=r"stable branch|first release"):
        PolicyRange(branch=branch, sources=("mail-1",))


def test_unknown_branches_are_named_and_those_between_the_ends_of_mainline_are_counted_in(
    knowledge,
):
    open_ended = make_knowledge(make_policy(ranges=(make_range(first="1.0"),)))
    closed = make_knowledge(make_policy(ranges=(make_range(first="1.0", last="1.4"),)))

    assert (
        "6.1.y after 6.1.176, 6.6.y, 6.12.y after 6.12.117, and every stable branch from 6.0.y to "
        "7.1.y that is not named" == unknown_branches(knowledge, "KVM")
    )
    assert "" == unknown_branches(open_ended, "KVM")
    assert "every stable branch from 1.0.y to 1.4.y that is not named" == unknown_branches(
        closed, "KVM"
    )


NUMBERS = st.integers(0, 40)
RELEASES = st.builds(Release, st.integers(5, 8), NUMBERS, NUMBERS)


@given(RELEASES)
def test_a_release_is_read_as_it_is_written(release):
    assert release == Release.parse(str(release)) == Release.find(f"Linux KVM {release}-1-amd64")


@given(st.text())
def test_any_text_has_an_answer_with_a_policy_or_a_reason(knowledge, text):
    answer = policy_of(knowledge, "KVM", text)

    assert bool(answer.policy) != bool(answer.reason)


@given(RELEASES)
def test_no_release_lies_in_ranges_of_two_policies(knowledge, release):
    branch = release.branch if release.patch else "mainline"
    held = [
        policy.slug
        for policy in knowledge.policies.values()
        for range_ in policy.ranges
        if range_.branch == branch and release in range_
    ]
    answer = policy_of(knowledge, "KVM", f"{release}" if release.patch else f"{release}.0")

    assert len(held) <= 1
    assert not held or [answer.policy.slug] == held


@given(st.integers(6, 8), NUMBERS, NUMBERS, NUMBERS)
def test_within_a_branch_a_later_release_never_has_an_older_policy(
    knowledge, major, minor, one, two
):
    first, last = sorted((one, two))
    older, newer = (
        policy_of(knowledge, "KVM", f"{major}.{minor}.{n}").policy for n in (first, last)
    )

    assert None in (older, newer) or older.order <= newer.order


@given(st.data())
def test_the_linter_finds_exactly_the_policies_that_share_a_release(data):
    ends = st.integers(1, 6)
    ranges = [sorted(data.draw(st.tuples(ends, ends))) for _ in range(2)]
    policies = [
        make_policy(
            slug=f"kvm-{n}.0", order=n, ranges=(make_range("6.1.y", f"6.1.{a}", f"6.1.{b}"),)
        )
        for n, (a, b) in enumerate(ranges)
    ]
    found = [f for f in lint(make_knowledge(*policies)) if "overlaps" in f.found]
    (a, b), (c, d) = ranges

    assert bool(found) == bool(set(range(a, b + 1)) & set(range(c, d + 1)))
