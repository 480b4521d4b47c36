"""Any name finds it: the table of names, and what it leads to."""

import re

import pytest

from app.core.names import fold
from app.curation import aliases
from app.errors import NotFound

REGISTERS = {
    "/r/lvt-lint0": "LINT0|LVT LINT0|IA32_X2APIC_LVT_LINT0|APIC_LVT0|lint0 lvt",
    "/r/lvt-lint1": "LINT1|Local Vector Table LINT1|LVT1|Local Interrupt 1 Vector Table Entry",
    "/r/lvt-timer": "LVT Timer|lvt_timer|APIC_LVTT|IA32_X2APIC_LVT_TIMER|Core::X86::Msr::LVTTimer",
    "/r/lvt-perf": "Perf Counter LVT|APIC_OFFSET_PERF_LVT|IA32_X2APIC_LVT_PMI|LVTPC|APIC_LVTPC",
    "/r/lvt-thermal": "Thermal LVT|APIC_LVTTHMR|APIC_OFFSET_THERM_LVT|IA32_X2APIC_LVT_THERMAL",
    "/r/self-ipi": "Self IPI|SELF_IPI|IA32_X2APIC_SELF_IPI|MSR 0x83f|Self IPI (x2APIC only)",
    "/r/self-ipi#note-self-ipi-3f0": "3F0h|0x3f0|0xfee003f0",
    "/r/unlisted#note-lvt-cmci": "LVTCMCI|APIC_LVTCMCI|IA32_X2APIC_LVT_CMCI|2F0h|0x82f",
    "/r/icr": "ICR_LOW|ICR LOW|Interrupt Command Register|MSR830|MSR 0x830|msr 830h|0xfee00300|"
    "FEE00300h|fee0_0300h|offset 0x300|x2APIC MSR 0x830|the ICR|IA32_X2APIC_ICR|"
    "APIC_BASE + 0x300|ICR (830h)",
    "/r/icrh": "ICR_HIGH|ICR2 (310h)|ICR2|APIC_ICR2|Interrupt Command Register High",
    "/r/svr": "SIVR|APIC_SPIV|IA32_X2APIC_SIVR|Spurious Interrupt Vector Register",
    "/r/tpr": "IA32_X2APIC_TPR|MSR_X2APIC_TPR|APIC_TASKPRI|Task Priority Register (TPR)",
    "/r/ext-lvt": "ExtLVT|EXT LVT|Extended LVT",
    "/r/ext-lvt#0": "APIC_EILVTn(0)|EILVT0|ExtLVT 0",
    "/r/isr#3": "IA32_X2APIC_ISR3|ISR 3|In-Service 3|0xfee00130",
    "/r/timer-initial": "IA32_X2APIC_INIT_COUNT|Initial Count Register|MSR_X2APIC_TMICT",
    "/r/timer-current": "XAPIC_OFF_TIMER_CCR|APIC_TMCCT",
    "/r/timer-divide": "IA32_X2APIC_DIV_CONF|Timer Divide Config|APIC_TDCR",
}
FAMILIES = {
    "zen-1": "Naples|znver1|Zen+|EPYC 7601|7551P|17h/01h|Picasso|Ryzen 7 1800X",
    "zen-2": "zen2|Rome|EPYC 7742|7702P|17h/31h|23/49|znver2|Ryzen 9 3950X",
    "zen-3": "Zen 3|Milan-X|AMD EPYC 7763 64-Core Processor|7713P|EPYC 7B13|19h/01h|Vermeer",
    "zen-4": "zen4|Zen4|zen_4|Genoa|9654|EPYC 9654|AMD EPYC(TM) 9654 96-Core Processor|19h/11h|"
    "25/17|family 25 model 17|Family 19h, Model 11h, Stepping 1|0x00a10f11|CPUID 00A10F11h|"
    "Family 19h Model 11h|0x19/0x11|znver4|StormPeak|storm peak|8700G",
    "zen-5": "Turin Dense|EPYC 9755|9965|znver5|1Ah/44h|0xb00f21|Granite Ridge|Ryzen 9 9950X3D",
    "hygon-18h": "Dhyana|18h/01h",
    "excavator": "Carrizo|bdver4|15h/60h",
}


@pytest.mark.parametrize("path", REGISTERS)
def test_any_spelling_finds_a_register(path, knowledge):
    names = REGISTERS[path].split("|")
    found = {n: aliases.find_register(n, knowledge.registers, knowledge.annotations).path
             for n in names}  # fmt: skip

    assert dict.fromkeys(names, path) == found


@pytest.mark.parametrize("slug", FAMILIES)
def test_any_name_of_a_part_finds_its_family(slug, knowledge):
    names = FAMILIES[slug].split("|")

    assert dict.fromkeys(names, slug) == {n: aliases.family_slug(n, knowledge) for n in names}


@pytest.mark.parametrize(
    "name",
    [
        "Zen",
        "Zen 9",
        "EPYC 1234",
        "99h/01h",
        "Skylake",
        "",
        "25",
        "model 17",
        "0x000806f8",
        "8ba621f",
        "Genoa=1",
    ],
)
def test_what_is_no_part_finds_none(name, knowledge):
    assert "" == aliases.family_slug(name, knowledge)


@pytest.mark.parametrize("name", ["LVT", "MSR C0000080", "LINT2", "IA32_X2APIC_NONE", "msr", ""])
def test_what_is_no_register_finds_none(name, knowledge):
    with pytest.raises(NotFound):
        aliases.find_register(name, knowledge.registers, knowledge.annotations)


def test_every_name_of_the_table_leads_to_one_address(knowledge):
    assert [] == list(aliases.problems(knowledge))
    names = [fold(name) for one in aliases.alias_entries() for name in one.names]
    assert all(names)


def test_a_name_that_clashes_and_an_address_that_is_none_are_problems(knowledge, monkeypatch):
    bad = (
        aliases.Called("/r/icr", ("TPR", "9654")),
        aliases.Called("/r/none", ("nothing",)),
        aliases.Called("/r/tpr#note-none", ("nothing",)),
        aliases.Called("/c/zen-4", ("x",), pattern="9[0-9]{2}4"),
    )
    monkeypatch.setattr(aliases, "alias_entries", lambda: bad)
    found = [str(problem) for problem in aliases.problems(knowledge)]

    assert 5 == len(found)
    for part in ("'TPR'", "'9654'", "/r/none", "#note-none", "does not lead to /r/none"):
        assert any(part in problem for problem in found), part


def test_products_are_patterns_that_can_be_read():
    assert all(re.compile(one.pattern) for one in aliases.alias_entries())
