from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.core import wanted
from app.core.cells import CellKey
from app.core.facts import FeatureReading, MsrPolicy, Policy
from app.core.views import view_cells
from app.core.words import Access, Action, Mode, Verdict
from app.pages import wanted_text
from app.pages.wanted_feed import times_of
from tests.core.policies import make_range
from tests.factories import make_claim, make_family, make_knowledge, make_observation, make_register

TPR_WRITE = CellKey("tpr", Mode.X2AVIC, Access.WRITE)


def reading(cpuid="19h/11h", dumps=1, avic="1", x2avic="1", name=""):
    return FeatureReading(
        cpuid=cpuid, steppings="1", name=name, dumps=dumps, edx="-", avic=avic, x2avic=x2avic,
        extlvt="1", x2avic_ext="0", hv_in_use_wr_allowed="0", source="apm-3.44",
    )  # fmt: skip


def policy(order, ranges, *msrs):
    entries = tuple(MsrPolicy(msrs=m, read=Action(r), write=Action(w)) for m, r, w in msrs)
    return Policy(
        slug=f"kvm-{order}", order=order, hypervisor="KVM", ranges=ranges, text="-",
        sources=("apm-3.44",), msrs=entries, trap_offsets=(),
    )  # fmt: skip


def wants_of(*facts, families=()):
    knowledge = make_knowledge(*facts)
    return wanted.list_wants(knowledge, view_cells(knowledge), families)


def reasons(*facts):
    return {w.why for w in wants_of(*facts) if w.key == TPR_WRITE and w.family == "zen-4"}


def test_every_cell_of_a_named_family_is_wanted_while_nobody_measured_it():
    assert [("zen-4", str(k)) for k in make_knowledge().cells] == [
        (w.family, str(w.key)) for w in wants_of()
    ]
    assert {Verdict.UNMEASURED} == {w.why for w in wants_of()}


def test_nothing_is_wanted_of_a_cpu_that_nobody_named():
    assert () == wants_of(families=("not-stated",))


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([], {Verdict.UNMEASURED}),
        ([make_observation("allowed")], set()),
        ([make_observation("allowed", intercepted=True)], {Verdict.MASKED}),
        ([make_observation("completed")], {Verdict.CONSISTENT}),
        ([make_observation("allowed"), make_observation("gp", id="report-2")], {Verdict.DISPUTED}),
        ([make_observation("gp")], set()),
    ],
)
def test_a_cell_is_wanted_until_an_unmasked_undisputed_report_settles_it(observations, expected):
    assert expected == reasons(*observations)


def test_a_cell_that_its_mode_does_not_have_is_not_wanted():
    claims = [make_claim(access=access) for access in Access]
    absent = make_claim("absent", kind="note", modes=(Mode.AVIC,))
    found = wants_of(make_register(claims=[*claims, absent]))

    assert CellKey("tpr", Mode.AVIC, Access.WRITE) not in {w.key for w in found}
    assert TPR_WRITE in {w.key for w in found}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((), True),
        ((reading(x2avic="0"),), False),
        ((reading(x2avic="0"), reading(x2avic="1 in 1, 0 in 3")), True),
        ((reading(x2avic="1"),), True),
    ],
)
def test_x2avic_is_wanted_unless_no_dump_of_the_family_reports_it(readings, expected):
    found = wants_of(make_family(readings=readings))

    assert expected == any(w.key.mode is Mode.X2AVIC for w in found)
    assert any(w.key.mode is Mode.AVIC for w in found)


@pytest.mark.parametrize(
    ("part", "avic", "x2avic"),
    [
        (reading(avic="1"), (), ()),
        (reading(avic="0", name="Milan"), ("19h/11h (Milan)",), ("19h/11h (Milan)",)),
        (reading(avic="0", x2avic="0"), ("19h/11h",), ()),
        (reading(dumps=4, avic="1 in 1, 0 in 3", x2avic="1 in 1, 0 in 3"), ("19h/11h",), ()),
        (reading(dumps=4, avic="1 in 3, 0 in 1"), (), ()),
    ],
)
def test_avic_is_forced_only_on_parts_most_of_whose_dumps_lack_it(part, avic, x2avic):
    knowledge = make_knowledge()
    family = make_family(readings=(part,))
    needs = [wanted.need_of(knowledge, CellKey("tpr", mode, Access.WRITE), family) for mode in Mode]

    assert [avic, x2avic] == [need.forced for need in needs]
    assert {("kvm_amd.avic=1",)} == {need.parameters for need in needs}


OLD = (make_range(first="6.0", last="7.1"), make_range("6.18.y", last="6.18.38"))
NEW = (make_range("6.18.y", "6.18.39"), make_range(first="7.2"))
OLD_PASSES = policy(1, OLD, ("808h", "pass", "pass"))
OLD_STOPS = policy(1, OLD, ("808h", "intercept", "intercept"))
NEW_STOPS_WRITES = policy(2, NEW, ("808h", "pass", "intercept"))
NEW_PASSES = policy(2, NEW, ("808h", "pass", "pass"))
IN_OLD = "KVM mainline 6.0 to 7.1, 6.18.y up to 6.18.38"
IN_NEW = "KVM 6.18.39 and later of 6.18.y, 7.2 and later"
PATCHED = "a KVM patched to let the access through"


@pytest.mark.parametrize(
    ("policies", "key", "expected"),
    [
        ([OLD_PASSES, NEW_STOPS_WRITES], CellKey("tpr", Mode.AVIC, Access.WRITE), ""),
        ([], TPR_WRITE, ""),
        (
            [OLD_PASSES, NEW_STOPS_WRITES],
            TPR_WRITE,
            f"{IN_OLD}; or {PATCHED}: {IN_NEW} intercepts it; other stable branches are not known",
        ),
        (
            [OLD_PASSES, NEW_STOPS_WRITES],
            CellKey("tpr", Mode.X2AVIC, Access.READ),
            "any KVM with x2AVIC: every version on record lets the access through",
        ),
        (
            [OLD_STOPS, NEW_PASSES],
            TPR_WRITE,
            f"{IN_NEW}, which lets the access through; other stable branches are not known",
        ),
        ([OLD_STOPS, NEW_STOPS_WRITES], TPR_WRITE, f"{PATCHED}: no version on record is sure to"),
        (
            [policy(1, NEW, ("800h-808h", "pass", "pass"), ("808h-80Fh", "pass", "intercept"))],
            TPR_WRITE,
            f"{IN_NEW}, for some of the MSRs (see the cell); {PATCHED} for the others",
        ),
    ],
)
def test_the_kernel_follows_from_the_policies_on_record(policies, key, expected):
    told = (("Kernel", expected),) if expected else ()

    assert told == wanted.need_of(make_knowledge(*policies), key, make_family()).versions


def test_each_hypervisor_is_asked_for_its_own_versions_under_its_own_word():
    other = replace(OLD_PASSES, slug="bhyve-1", hypervisor="Bhyve")
    need = wanted.need_of(make_knowledge(OLD_STOPS, NEW_PASSES, other), TPR_WRITE, make_family())
    told = (
        "any Bhyve with x2AVIC: every version on record lets the access through",
        f"{IN_NEW}, which lets the access through; other stable branches are not known",
    )

    assert tuple(zip(("Hypervisor", "Kernel"), told, strict=True)) == need.versions
    assert ". ".join(told) == need.kernel


def test_batches_keep_every_want_once_and_disputes_first():
    disputed = [make_observation("allowed"), make_observation("gp", id="report-2")]
    wants = wants_of(*disputed, make_family("zen-5", 2), OLD_PASSES, NEW_STOPS_WRITES)
    batches = wanted.batches(wants)

    assert Counter(wants) == Counter(w for batch in batches for w in batch.wants)
    assert [
        ("zen-4", "disputed", "x2avic"),
        ("zen-4", "unmeasured", "avic"),
        ("zen-4", "unmeasured", "x2avic"),
        ("zen-5", "unmeasured", "avic"),
        ("zen-5", "unmeasured", "x2avic"),
        ("zen-5", "unmeasured", "x2avic"),
    ] == [(b.family, b.why, b.need.mode) for b in batches]
    wanted_of_tpr = [(w.key.register, w.key.access) for w in batches[1].wants]
    assert [("tpr", Access.READ), ("tpr", Access.WRITE)] == wanted_of_tpr
    assert {Verdict.DISPUTED: 1, Verdict.UNMEASURED: 7} == wanted.count_by_reason(wants)
    assert "1 whose reports disagree, 7 not measured" == wanted_text.count_wants(wants)


def test_a_want_names_the_conditions_on_which_its_cell_depends():
    claims = [make_claim(), make_claim("gp", "edge", "access-check"), make_claim(access="read")]
    claims += [make_claim("vmexit-trap", "level", "note", question="open")]
    found = {w.key: w.conditions for w in wants_of(make_register(claims=claims))}

    assert ("edge",) == found[TPR_WRITE]


def test_the_real_seed_makes_a_short_page_of_all_its_wants(knowledge, views):
    wants = wanted.list_wants(knowledge, views)
    batches = wanted.batches(wants)

    assert len(wants) > 500
    assert len(batches) < 30
    assert not any(w.family == "not-stated" for w in wants)
    assert not any(w.key.register == "self-ipi" and w.key.mode is Mode.AVIC for w in wants)
    assert {"zen-4", "zen-5"} == {w.family for w in wants if w.key.mode is Mode.X2AVIC}
    assert {"19h/01h (Milan)"} == {p for b in batches if b.family == "zen-3" for p in b.need.forced}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], ()),
        ([("family", "zen-5,zen-4")], ("zen-4", "zen-5")),
        ([("family", "zen-5"), ("family", ""), ("utm_source", "mail")], ("zen-5",)),
    ],
)
def test_the_filter_is_read_in_the_order_of_the_families(knowledge, pairs, expected):
    assert expected == wanted.read_families(pairs, knowledge.families)


def change(before, after):
    return SimpleNamespace(kind="observation", before=before, after=after)


def body(**changes):
    told = {"family": "zen-4", "cells": ["tpr/x2avic/write"], "outcome": "gp", "text": "-"}
    return told | changes


def test_a_want_changes_when_evidence_on_its_cell_comes_or_goes_and_at_no_other_time():
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 7)]
    history = [
        (days[5], [SimpleNamespace(kind="family", before=None, after={})]),
        (days[4], [change(body(), body(text="Better said."))]),
        (days[3], [change(body(), None)]),
        (days[2], [change(None, body(family="zen-5"))]),
        (days[1], [change(None, body())]),
        (days[0], []),
    ]
    avic = CellKey("tpr", Mode.AVIC, Access.WRITE)
    measured = {("zen-5", avic): days[1]}
    times = times_of(history, measured, make_knowledge(make_family("zen-5", 2)))
    want = next(w for w in wants_of() if w.key == TPR_WRITE)

    assert days[3] == times.of(want)
    assert days[2] == times.of(replace(want, family="zen-5"))
    assert days[0] == times.of(replace(want, key=avic))
    assert days[1] == times.of(replace(want, key=avic, family="zen-5"))
    assert [days[3], days[2], days[0]] == [
        times.latest(f) for f in (["zen-4", "zen-5"], ["zen-5"], ["zen-3"])
    ]
