"""What an emulation answered is held against the manual's rules as a guest sees them."""

import pytest

from app.core.cells import CellKey
from app.core.emulated import EmulatedApic, count_verdicts, emulated_answers
from app.core.emulator_words import Emulator, Following
from app.core.facts import Emulation, Sighting
from app.core.views import view_cells
from app.core.words import Access, Behaviour, Mode
from tests.intake.documents import measured
from tests.intake.good import GOOD


@pytest.fixture(scope="module")
def cells(knowledge):
    return view_cells(knowledge)


def sighting(cell, outcome, **more):
    register, mode, access = cell.split("/")
    return Sighting(register=register, mode=Mode(mode), access=Access(access),
                    outcome=Behaviour(outcome), **more)  # fmt: skip


# Cell, what the guest saw, the verdict; the condition and the values where there are any.
ANSWERS = [
    ("tpr/x2avic/write", "completed", "follows", {"value": "0x20", "read_back": "0x20"}),
    ("tpr/x2avic/write", "gp", "stricter", {"value": "0x20"}),
    ("tpr/x2avic/write", "completed", "laxer", {"condition": "reserved-bits"}),
    ("tpr/x2avic/write", "gp", "follows", {"condition": "reserved-bits"}),
    ("tpr/x2avic/write", "completed", "other-value", {"value": "0x20", "read_back": "0x0"}),
    ("tpr/avic/write", "completed", "follows", {"condition": "reserved-bits"}),
    # Which message it is the value says; what it names is kept.
    (
        "icr/x2avic/write",
        "completed",
        "other-value",
        {"condition": "simple-ipi", "value": "0x1000000e5", "read_back": "0xe5"},
    ),
    (
        "icr/x2avic/write",
        "completed",
        "follows",
        {"condition": "simple-ipi", "value": "0x1000000e5", "read_back": "0x1000000e5"},
    ),
    (
        "icr/x2avic/write",
        "completed",
        "follows",
        {"condition": "level-ipi", "value": "0x10000c0e5", "read_back": "0xc0e5"},
    ),
    # What makes it a fault lies within another condition.
    ("lvt-timer/x2avic/write", "completed", "laxer", {"condition": "bit-18-set"}),
    ("icr/x2avic/write", "completed", "laxer", {"condition": "busy-set", "value": "0x500e0"}),
    # The value says what the condition does not.
    ("eoi/x2avic/write", "completed", "laxer", {"value": "0x1"}),
    ("eoi/x2avic/write", "gp", "follows", {"condition": "edge", "value": "0x1"}),
    ("eoi/x2avic/write", "completed", "follows", {"value": "0x0"}),
    ("eoi/x2avic/write", "gp", "stricter", {"condition": "edge", "value": "0x0"}),
    # After an exit the hypervisor answers, and a legal access completes.
    ("apr/x2avic/read", "gp", "stricter", {}),
    ("apr/x2avic/read", "completed", "follows", {}),
    ("dfr/x2avic/read", "gp", "follows", {}),
    ("dfr/x2avic/read", "completed", "laxer", {}),
    ("tpr/avic/read", "pf", "stricter", {}),
    # A register that keeps nothing reads back what it likes.
    ("remote-read/avic/write", "completed", "follows", {"value": "0x1", "read_back": "0x0"}),
    ("self-ipi/avic/read", "completed", "open", {}),
]


@pytest.mark.parametrize("row", ANSWERS, ids=str)
def test_an_answer_is_judged_by_what_the_manual_lets_a_guest_see(cells, knowledge, row):
    cell, outcome, expected, more = row
    seen = sighting(cell, outcome, **more)
    key = CellKey(seen.register, seen.mode, seen.access)
    (answer,) = emulated_answers(cells[key], [("m", seen)], knowledge.conditions)

    assert expected == answer.following
    assert (outcome, ("m",), 1) == (answer.outcome, answer.documents, answer.items)


def test_answers_that_no_rule_tells_apart_are_one_and_count_what_stands_behind_them(
    cells, knowledge
):
    key = CellKey("tpr", Mode.X2AVIC, Access.WRITE)
    reserved = sighting("tpr/x2avic/write", "completed", condition="reserved-bits", count=3)
    plain = sighting("tpr/x2avic/write", "completed")
    seen = [("one", reserved), ("one", plain), ("other", reserved)]
    answers = emulated_answers(cells[key], seen, knowledge.conditions)

    assert [(2, 6, ("one", "other")), (1, 1, ("one",))] == [
        (answer.items, answer.times, answer.documents) for answer in answers
    ]
    assert {Following.LAXER: 2, Following.FOLLOWS: 1} == count_verdicts(answers)


def test_an_emulation_knows_what_its_documents_say_of_a_cell(cells, knowledge):
    document = measured(GOOD["an emulation"], knowledge)
    apic = EmulatedApic(document.emulation, (document,), 1)
    conditions = knowledge.conditions
    told = {str(key): [str(a.following) for a in apic.answers(cells[key], conditions)]
            for key in cells if key in apic.by_cell}  # fmt: skip

    assert {"tpr/x2avic/write": ["laxer"], "apr/x2avic/read": ["stricter"]} == told
    assert "/e/kvm-6.12.0-amd" == apic.path


@pytest.mark.parametrize(
    ("name", "version", "flavour", "vendor", "slug"),
    [
        ("kvm", "6.18.44-fc-v669", "kvm_pvm", "AuthenticAMD", "kvm-6.18.44-pvm-amd"),
        ("kvm", "6.12.117+deb13-cloud-amd64", "kvm_amd", "AuthenticAMD", "kvm-6.12.117-amd"),
        ("kvm", "7.2-rc3", "kvm_intel", "HygonGenuine", "kvm-7.2-rc3-intel-hygon"),
        ("qemu", "10.0.2 (Debian 1:10.0.2)", "", "Unheard Of", "qemu-10.0.2-other"),
    ],
)
def test_an_emulation_has_a_name_for_ever(name, version, flavour, vendor, slug):
    told = Emulation(name=Emulator(name), version=version, flavour=flavour, vendor=vendor)

    assert slug == told.slug


def test_the_longest_name_fits_where_it_is_stored():
    longest = Emulation(name=Emulator.BHYVE, version="999.999.999-rc99", flavour="a" * 9,
                        vendor="HygonGenuine")  # fmt: skip

    assert len(f"e/{longest.slug}") == 40
