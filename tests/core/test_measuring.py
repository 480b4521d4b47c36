"""From a measurement to observations, and to what they change."""

from dataclasses import replace

import pytest

from app.core.facts import Exit
from app.core.measuring import effects, family_of_cpu, observations_of, source_of
from app.core.numbers import Span, parse_hex
from app.core.views import view_cells
from app.core.words import Behaviour, Evidence, SourceKind, Verdict
from tests.core.machines import AMD, HYGON, INTEL, cpu_of, make_measurement, saw
from tests.factories import knowing


@pytest.fixture(scope="module")
def seen_effects(knowledge, views):
    """Return the effects of a measurement on the seed, each as what a page shows of it."""

    def run(measurement):
        return [
            (str(e.key), str(e.before.verdict), str(e.after.verdict), e.added, e.masked)
            for e in effects(knowledge, views, measurement)
        ]

    return run


@pytest.mark.parametrize(
    ("family", "vendor", "cpuid", "models"),
    [
        ("excavator", AMD, 0x15, [0x60, 0x65, 0x70]),
        ("", AMD, 0x15, [0x00, 0x38, 0x5F, 0x61, 0x71]),
        ("zen-1", AMD, 0x17, [0x00, 0x01, 0x08, 0x2F, 0x50, 0x5F]),
        ("zen-2", AMD, 0x17, [0x30, 0x31, 0x4F, 0x60, 0x7F, 0x90, 0x91, 0xA0, 0xAF]),
        ("", AMD, 0x17, [0x80, 0x84, 0x92, 0x9F, 0xB0, 0xFF]),
        ("zen-3", AMD, 0x19, [0x00, 0x01, 0x0F, 0x20, 0x21, 0x5F]),
        ("zen-4", AMD, 0x19, [0x10, 0x11, 0x1F, 0x60, 0x61, 0xAF]),
        ("", AMD, 0x19, [0xB0, 0xFF]),
        ("zen-5", AMD, 0x1A, [0x00, 0x02, 0x11, 0x2F, 0x40, 0x44, 0x4F, 0x60, 0x7F]),
        ("", AMD, 0x1A, [0x30, 0x3F, 0x50, 0x5F, 0x80, 0xFF]),
        ("hygon-18h", HYGON, 0x18, [0x00, 0x01, 0x02, 0xFF]),
        ("", AMD, 0x1B, [0x00]),
        ("", AMD, 0x10E, [0xFF]),
        ("", INTEL, 0x06, [0x00, 0xCF]),
        ("", INTEL, 0x19, [0x11]),
        ("", "authenticamd", 0x19, [0x11]),
        ("", "", 0x19, [0x11]),
    ],
)
def test_cpuid_maps_to_a_family(family, vendor, cpuid, models, knowledge):
    found = {m: family_of_cpu(cpu_of(vendor, cpuid, m), knowledge.families) for m in models}
    assert dict.fromkeys(models, family) == found


def test_every_range_of_the_seed_maps_to_the_family_that_names_it(knowledge):
    for slug, family in knowledge.families.items():
        vendor = HYGON if slug.startswith("hygon") else AMD
        for found in family.cpuid:
            span = Span.parse(found.models)
            for model in (span.first, span.last):
                cpu = cpu_of(vendor, parse_hex(found.family), model)
                assert slug == family_of_cpu(cpu, knowledge.families), found


def test_a_measurement_is_the_source_of_its_observations():
    measurement = make_measurement(saw("tpr/avic/read", "allowed"), submitter="A tester")
    source = source_of(measurement)
    assert ("m-0123456789ab", SourceKind.DATA, "/m/0123456789ab") == (
        source.id, source.kind, source.url
    )  # fmt: skip
    assert ("A tester", "2026-11-20") == (source.author, source.date)
    assert {(source.id,)} == {seen.sources for seen in observations_of(measurement)}


def test_an_observation_says_where_it_comes_from_and_what_it_met():
    one = saw("eoi/x2avic/write", "vmexit-trap", "level", exit=Exit(code="0x402", rip="after"))
    other = saw("isr/x2avic/read", "allowed", member=3, intercepted=True, note="A note.")
    first, second = observations_of(make_measurement(one, other))
    assert ("m-0123456789ab-0", "m-0123456789ab-1") == (first.id, second.id)
    assert "m-0123456789ab" == first.report == second.report
    assert (("eoi/x2avic/write",), "level", "0x402", "after", "") == (
        first.cells, first.condition, first.exit, first.rip, first.member
    )  # fmt: skip
    assert (("isr/x2avic/read",), "3", True, "A note.") == (
        second.cells, second.member, second.intercepted, second.text
    )  # fmt: skip
    assert (Evidence.MEASURED, "zen-4", "0xa101148", "anonymous", "2026-11-20") == (
        first.evidence, first.family, first.microcode, first.reporter, first.date
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("unmeasured", "agrees", saw("apr/avic/read", "vmexit-fault")),
        ("unmeasured", "explained", saw("apr/x2avic/write", "gp")),
        ("unmeasured", "contradicts", saw("apr/avic/read", "allowed")),
        ("unmeasured", "consistent", saw("version/avic/read", "completed")),
        ("unmeasured", "agrees", saw("eoi/avic/write", "accelerated", "edge")),
        ("unmeasured", "settles", saw("eoi/avic/write", "vmexit-trap", "level")),
    ],
)
def test_an_observation_changes_the_verdict_of_its_cell(before, after, seen, seen_effects):
    measurement = make_measurement(seen, family="zen-5")
    assert [(str(seen.cell), before, after, 1, 0)] == seen_effects(measurement)


@pytest.mark.parametrize(
    "seen",
    [
        saw("apr/x2avic/read", "gp", intercepted=True),
        saw("apr/x2avic/read", "vmexit-msr", intercepted=True),
        saw("apr/x2avic/read", "vmexit-msr"),
    ],
)
def test_an_intercepted_access_is_counted_as_masked_and_changes_nothing_else(seen, seen_effects):
    measurement = make_measurement(seen, family="zen-5")
    assert [(str(seen.cell), "unmeasured", "masked", 1, 1)] == seen_effects(measurement)


def test_a_masked_access_beside_one_that_is_not_changes_no_verdict(seen_effects):
    clear = saw("apr/avic/read", "vmexit-fault")
    measurement = make_measurement(clear, replace(clear, intercepted=True), family="zen-5")
    assert [(str(clear.cell), "unmeasured", "agrees", 2, 1)] == seen_effects(measurement)


def test_two_reports_that_disagree_make_a_dispute(seen_effects):
    one = saw("apr/avic/read", "vmexit-fault")
    measurement = make_measurement(one, replace(one, outcome=Behaviour.ALLOWED), family="zen-5")
    assert [(str(one.cell), "unmeasured", "disputed", 2, 0)] == seen_effects(measurement)


def test_effects_stand_in_the_order_of_the_table_and_only_where_something_was_seen(
    knowledge, seen_effects
):
    order = [str(key) for key in knowledge.cells]
    seen = ("unlisted/avic/read", "isr/avic/read", "id/x2avic/read", "id/avic/read")
    found = [key for key, *_ in seen_effects(make_measurement(*(saw(s, "allowed") for s in seen)))]
    assert sorted(seen, key=order.index) == found


def test_members_of_a_vector_register_count_for_its_cell(seen_effects):
    seen = [saw("isr/avic/read", "allowed", member=n) for n in range(8)]
    measurement = make_measurement(*seen, family="zen-5")
    assert [("isr/avic/read", "unmeasured", "agrees", 8, 0)] == seen_effects(measurement)


def test_an_observation_changes_nothing_for_other_families(knowledge, views):
    measurement = make_measurement(saw("apr/avic/read", "allowed"), family="zen-5")
    (effect,) = effects(knowledge, views, measurement)
    assert "zen-5" == effect.before.family == effect.after.family
    assert effect.changes
    other = view_cells(knowing(knowledge, observations_of(measurement)))[effect.key]
    assert Verdict.CONTRADICTS is other.judgements["zen-5"].verdict
    rest = {f: j for f, j in other.judgements.items() if f != "zen-5"}
    assert {f: j for f, j in views[effect.key].judgements.items() if f != "zen-5"} == rest


def test_what_counts_already_is_not_counted_twice(knowledge, views):
    measurement = make_measurement(
        saw("apr/avic/read", "allowed"), saw("ldr/x2avic/write", "gp"), family="zen-5"
    )
    pending = effects(knowledge, views, measurement)
    accepted = effects(
        knowledge, view_cells(knowing(knowledge, observations_of(measurement))), measurement
    )
    assert pending == accepted
    assert [1, 1] == [effect.after.reports - effect.before.reports for effect in accepted]


def test_the_effect_is_what_the_table_shows_once_it_is_accepted(knowledge, views):
    measurement = make_measurement(
        saw("apr/avic/read", "allowed"),
        saw("eoi/x2avic/write", "accelerated", "edge"),
        saw("ppr/x2avic/write", "gp", intercepted=True),
    )
    then = view_cells(knowing(knowledge, observations_of(measurement)))
    for effect in effects(knowledge, views, measurement):
        assert views[effect.key].judgements["zen-4"] == effect.before
        assert then[effect.key].judgements["zen-4"] == effect.after


def test_no_observation_changes_nothing(seen_effects):
    assert [] == seen_effects(make_measurement())
