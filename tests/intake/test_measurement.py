"""Measurement documents: the good ones, the bad ones, and what is kept."""

import hashlib
import json
from dataclasses import asdict

import pytest

from app.core.facts import Cpu, Exit, Sighting
from app.core.faults import Fault
from app.core.words import Access, Behaviour, Mode, State
from app.intake import faults, format1
from app.intake.measurement import most_kinds, parse
from tests.intake.bad import BAD
from tests.intake.documents import MINIMAL, RECEIVED, document, measured, observing, refused
from tests.intake.good import GOOD

FULL = GOOD["every key"]


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_document_gives_exactly_its_faults(bad, knowledge):
    assert bad.faults == refused(bad.raw, knowledge)


def test_there_are_many_bad_documents_of_different_names_and_with_faults():
    names = {bad.name for bad in BAD if bad.faults}
    assert len(names) == len(BAD)
    assert 320 <= len([name for name in names if not name.startswith("several-")])
    assert 6 <= len([name for name in names if name.startswith("several-")])


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_a_good_document_is_read_and_kept(raw, knowledge):
    found = measured(raw, knowledge)
    assert hashlib.sha256(raw).hexdigest() == found.digest == parse(raw).digest
    assert found.digest[:12] == found.slug == parse(raw).slug
    assert len(json.loads(raw)["observations"]) == len(found.observations)
    assert {s.register for s in found.observations} <= set(knowledge.registers)
    assert (found.family in knowledge.families) is (found.emulation is None)


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_the_canonical_json_of_a_document_is_the_same_document(raw):
    document = parse(raw).document
    canonical = document.model_dump_json(by_alias=True, exclude_unset=True).encode()
    assert document == parse(canonical).document
    assert document == parse(json.dumps(json.loads(canonical), sort_keys=True).encode()).document


def test_two_documents_have_every_key_of_the_format():
    def keys(model, prefix=""):
        for name, field in model.model_fields.items():
            key = field.alias or name
            yield f"{prefix}/{key}"
            if key in faults.PARTS:
                yield from keys(faults.PARTS[key], f"{prefix}/{key}")

    def given_keys(value, prefix=""):
        for item in value if isinstance(value, list) else ():
            yield from given_keys(item, prefix)
        for key, item in value.items() if isinstance(value, dict) else ():
            yield f"{prefix}/{key}"
            yield from given_keys(item, f"{prefix}/{key}")

    some = [given_keys(json.loads(GOOD[name])) for name in ("every key", "an emulation")]
    assert set(keys(format1.DocumentPart)) == set().union(*some)


def test_what_a_document_says_is_kept_in_canonical_words(knowledge):
    found = measured(FULL, knowledge)
    cpu = Cpu(
        vendor="AuthenticAMD",
        family=26,
        model=2,
        stepping=1,
        microcode="0xb002147",
        brand="AMD EPYC 9655 96-Core Processor",
    )
    assert (cpu, "zen-5") == (found.cpu, found.family)
    assert (State.PENDING, RECEIVED, RECEIVED, "", "") == (
        found.state, found.received_at, found.decided_at, found.decided_by, found.reason
    )  # fmt: skip
    assert "2026-02-28T23:59:59.123456789-08:00" == found.measured_at
    assert ("example-tool 2.0-rc1", "KVM 7.2.0", "kvm") == (
        found.tool, found.hypervisor, found.accelerator
    )  # fmt: skip
    assert ("kvm_amd.avic=1", "kvm_amd.npt=1", "mitigations=") == found.parameters
    assert {"avic": True, "x2avic": True, "avic_extlvt": True, "x2avic_ext": False} == (
        found.features
    )
    assert ("example-guest 0.9", "example-guest --all --repeat 3") == (found.guest, found.command)
    assert ("Jürgen Example", "") == (found.submitter, found.contact), "the contact is withheld"
    assert 3 == len(found.links)
    assert found.notes.endswith("an umlaut: ü.")


def test_what_an_observation_says_is_kept_in_canonical_words(knowledge):
    assert (
        Sighting(
            register="ext-lvt",
            mode=Mode.AVIC,
            access=Access.WRITE,
            outcome=Behaviour.VMEXIT_TRAP,
            member=1,
            condition="extlvt",
            value="0x00000000000100ff",
            read_back="0x100ff",
            exit=Exit(code="0x402", info1="0x100000510", info2="0x0", rip="after"),
            count=3,
            note="Every key of an observation.\nOn two lines.",
        ),
    ) == measured(FULL, knowledge).observations


def test_what_a_document_leaves_out_stays_out(knowledge):
    found = measured(GOOD["minimal"], knowledge)
    assert {} == found.features
    assert ("", "", "", (), ()) == (
        found.submitter, found.contact, found.accelerator, found.parameters, found.links
    )  # fmt: skip
    (seen,) = found.observations
    assert (
        Sighting(register="ldr", mode=Mode.X2AVIC, access=Access.WRITE, outcome=Behaviour.GP)
        == seen
    )


@pytest.mark.parametrize(
    ("contact", "submitter"),
    [
        ("a@example.org", {"name": "A", "contact": "a@example.org"}),
        ("a@example.org", {"name": "A", "contact": "a@example.org", "withhold": False}),
        ("", {"name": "A", "contact": "a@example.org", "withhold": True}),
        ("", {"name": "A"}),
    ],
)
def test_a_contact_is_shown_unless_it_is_withheld(contact, submitter, knowledge):
    assert contact == measured(document(submitter=submitter), knowledge).contact


@pytest.mark.parametrize(
    ("cell", "name", "member"),
    [
        (("ldr", None), "APIC_LDR", None),
        (("isr", None), "isr", None),
        (("isr", 0), "isr", 0),
        (("isr", 3), "ISR3", None),
        (("isr", 3), "0x130", 3),
        (("isr", 7), "817h", None),
        (("ext-lvt", 3), "APIC_EILVTn", 3),
    ],
)
def test_a_register_may_have_any_of_its_names(cell, name, member, knowledge):
    changes = {"register": name} | ({} if member is None else {"member": member})
    (seen,) = measured(observing(changes), knowledge).observations
    assert cell == (seen.register, seen.member)


@pytest.mark.parametrize(
    "key", ["/x-a", "/tool/x-a", "/cpu/x-a", "/observations/0/x-a", "/observations/0/exit/x-"]
)
def test_private_keys_change_the_digest_and_nothing_else(key, knowledge):
    value = json.loads(observing({"exit": {"code": "0x402"}}))
    plain = measured(json.dumps(value).encode(), knowledge)
    *steps, last = key.strip("/").split("/")
    place = value
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = {"format": 2, "any": [None, "thing"]}
    private = measured(json.dumps(value).encode(), knowledge)
    assert plain.digest != private.digest
    differing = {k for k, v in asdict(plain).items() if v != asdict(private)[k]}
    assert {"digest", "slug"} == differing


def test_the_digest_is_that_of_the_bytes_however_they_are_written(knowledge):
    spaced = json.dumps(MINIMAL, indent=3).encode()
    packed = json.dumps(MINIMAL, separators=(",", ":")).encode()
    one, other = parse(spaced), parse(packed)
    assert one.document == other.document
    assert one.digest != other.digest
    assert hashlib.sha256(spaced).hexdigest() == measured(spaced, knowledge).digest


def test_4096_observations_are_taken_and_one_more_is_not(knowledge):
    most = observing(*({"value": hex(n)} for n in range(format1.MAX_OBSERVATIONS)))
    assert format1.MAX_OBSERVATIONS == len(measured(most, knowledge).observations)
    too_many = observing(*[{}] * (format1.MAX_OBSERVATIONS + 1))
    fault = Fault("/observations", "a list of 4097", "at most 4096 items")
    assert (fault,) == refused(too_many, knowledge)


def test_equal_observations_are_one_with_their_counts_added_up(knowledge):
    raw = observing(*[{}] * 4093, {"count": 10**9}, *[{"register": "0B0h"}] * 2)
    seen = [(one.register, one.count) for one in measured(raw, knowledge).observations]
    assert [("ldr", 4093 + 10**9), ("eoi", 2)] == seen
    assert 4096 == len(parse(raw).document.observations)


def test_two_addresses_of_one_row_stay_two(knowledge):
    two = measured(observing({"register": "0x800"}, {"register": "0x801"}), knowledge)
    assert ["unlisted", "unlisted"] == [one.register for one in two.observations]


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "allowed"}, {"mode": "avic"}, {"access": "read"}, {"register": "tpr"},
        {"condition": "edge"}, {"value": "0x2"}, {"read_back": "0x1"}, {"intercepted": True},
        {"note": "Another boot."}, {"exit": {"code": "0x402"}},
    ],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
def test_observations_that_differ_in_anything_but_their_count_stay_two(more, knowledge):
    assert 2 == len(measured(observing({}, more), knowledge).observations)


def conditions(number, **more):
    return [more | {"condition": f"case {n}"} for n in range(number)]


def test_of_one_cell_no_more_is_taken_than_the_words_can_tell_apart(knowledge):
    most = most_kinds(knowledge)
    assert 462 == most
    isr = {"register": "isr", "outcome": "allowed"}
    taken = [*conditions(most), *conditions(most, **isr), *conditions(most, **isr, member=3)]
    assert len(taken) == len(measured(observing(*taken, *taken), knowledge).observations)

    places = len(taken), len(taken) + 2
    more = [{}, {"value": "0x2"}, {"register": "0x813", "outcome": "allowed"}]
    expected = f"at most {most}: words tell no more apart"
    assert refused(observing(*taken, *more), knowledge) == tuple(
        Fault(f"/observations/{i}", f"more than {most} different observations of {cell}", expected)
        for i, cell in zip(places, ("ldr/x2avic/write", "isr#3/x2avic/write"), strict=True)
    )
