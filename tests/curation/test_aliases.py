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


# How each source spells registers, as its headers have them: slug or slug and member, and name.
SPELLINGS = {
    "kernel": """
        id=APIC_ID version=APIC_LVR tpr=APIC_TASKPRI apr=APIC_ARBPRI ppr=APIC_PROCPRI
        eoi=APIC_EOI remote-read=APIC_RRR ldr=APIC_LDR dfr=APIC_DFR svr=APIC_SPIV isr=APIC_ISR
        tmr=APIC_TMR irr=APIC_IRR esr=APIC_ESR icr=APIC_ICR icrh=APIC_ICR2 lvt-timer=APIC_LVTT
        lvt-thermal=APIC_LVTTHMR lvt-perf=APIC_LVTPC lvt-lint0=APIC_LVT0 lvt-lint1=APIC_LVT1
        lvt-error=APIC_LVTERR timer-initial=APIC_TMICT timer-current=APIC_TMCCT
        timer-divide=APIC_TDCR self-ipi=APIC_SELF_IPI ext-feature=APIC_EFEAT
        ext-control=APIC_ECTRL ext-lvt=APIC_EILVTn ext-lvt#1=APIC_EILVTn(1)
    """,
    "FreeBSD": """
        id=LAPIC_ID version=LAPIC_VERSION tpr=LAPIC_TPR apr=LAPIC_APR ppr=LAPIC_PPR
        eoi=LAPIC_EOI ldr=LAPIC_LDR dfr=LAPIC_DFR svr=LAPIC_SVR isr#0=LAPIC_ISR0
        tmr#7=LAPIC_TMR7 irr#2=LAPIC_IRR2 esr=LAPIC_ESR unlisted=LAPIC_LVT_CMCI icr=LAPIC_ICR_LO
        icrh=LAPIC_ICR_HI lvt-timer=LAPIC_LVT_TIMER lvt-thermal=LAPIC_LVT_THERMAL
        lvt-perf=LAPIC_LVT_PCINT lvt-lint0=LAPIC_LVT_LINT0 lvt-lint1=LAPIC_LVT_LINT1
        lvt-error=LAPIC_LVT_ERROR timer-initial=LAPIC_ICR_TIMER timer-current=LAPIC_CCR_TIMER
        timer-divide=LAPIC_DCR_TIMER self-ipi=LAPIC_SELF_IPI ext-feature=LAPIC_EXT_FEATURES
        ext-control=LAPIC_EXT_CTRL seoi=LAPIC_EXT_SEOI ier#0=LAPIC_EXT_IER0
        ext-lvt#0=LAPIC_EXT_LVT0
    """,
    "FreeBSD struct": """
        lvt-perf=lvt_pcint timer-initial=icr_timer timer-current=ccr_timer
        timer-divide=dcr_timer icr=icr_lo icrh=icr_hi lvt-perf=APIC_LVT_PMC
    """,
    "bhyve": """
        id=APIC_OFFSET_ID version=APIC_OFFSET_VER tpr=APIC_OFFSET_TPR apr=APIC_OFFSET_APR
        ppr=APIC_OFFSET_PPR eoi=APIC_OFFSET_EOI remote-read=APIC_OFFSET_RRR ldr=APIC_OFFSET_LDR
        dfr=APIC_OFFSET_DFR svr=APIC_OFFSET_SVR isr#0=APIC_OFFSET_ISR0 esr=APIC_OFFSET_ESR
        unlisted=APIC_OFFSET_CMCI_LVT icr=APIC_OFFSET_ICR_LOW icrh=APIC_OFFSET_ICR_HI
        lvt-timer=APIC_OFFSET_TIMER_LVT lvt-thermal=APIC_OFFSET_THERM_LVT
        lvt-perf=APIC_OFFSET_PERF_LVT lvt-lint0=APIC_OFFSET_LINT0_LVT
        lvt-lint1=APIC_OFFSET_LINT1_LVT lvt-error=APIC_OFFSET_ERROR_LVT
        timer-initial=APIC_OFFSET_TIMER_ICR timer-current=APIC_OFFSET_TIMER_CCR
        timer-divide=APIC_OFFSET_TIMER_DCR self-ipi=APIC_OFFSET_SELF_IPI
    """,
    "EDK2": """
        id=XAPIC_ID_OFFSET version=XAPIC_VERSION_OFFSET eoi=XAPIC_EOI_OFFSET
        dfr=XAPIC_ICR_DFR_OFFSET svr=XAPIC_SPURIOUS_VECTOR_OFFSET icr=XAPIC_ICR_LOW_OFFSET
        icrh=XAPIC_ICR_HIGH_OFFSET lvt-timer=XAPIC_LVT_TIMER_OFFSET
        lvt-lint0=XAPIC_LVT_LINT0_OFFSET lvt-lint1=XAPIC_LVT_LINT1_OFFSET
        timer-initial=XAPIC_TIMER_INIT_COUNT_OFFSET
        timer-current=XAPIC_TIMER_CURRENT_COUNT_OFFSET
        timer-divide=XAPIC_TIMER_DIVIDE_CONFIGURATION_OFFSET icr=X2APIC_MSR_ICR_ADDRESS
        svr=LOCAL_APIC_SVR version=LOCAL_APIC_VERSION icr=LOCAL_APIC_ICR_LOW
        icrh=LOCAL_APIC_ICR_HIGH lvt-timer=LOCAL_APIC_LVT_TIMER timer-divide=LOCAL_APIC_DCR
    """,
    "SDM": """
        id=IA32_X2APIC_APICID version=IA32_X2APIC_VERSION tpr=IA32_X2APIC_TPR
        ppr=IA32_X2APIC_PPR eoi=IA32_X2APIC_EOI ldr=IA32_X2APIC_LDR svr=IA32_X2APIC_SIVR
        isr#0=IA32_X2APIC_ISR0 tmr#3=IA32_X2APIC_TMR3 irr#7=IA32_X2APIC_IRR7 esr=IA32_X2APIC_ESR
        unlisted=IA32_X2APIC_LVT_CMCI icr=IA32_X2APIC_ICR lvt-timer=IA32_X2APIC_LVT_TIMER
        lvt-thermal=IA32_X2APIC_LVT_THERMAL lvt-perf=IA32_X2APIC_LVT_PMI
        lvt-lint0=IA32_X2APIC_LVT_LINT0 lvt-lint1=IA32_X2APIC_LVT_LINT1
        lvt-error=IA32_X2APIC_LVT_ERROR timer-initial=IA32_X2APIC_INIT_COUNT
        timer-current=IA32_X2APIC_CUR_COUNT timer-divide=IA32_X2APIC_DIV_CONF
        self-ipi=IA32_X2APIC_SELF_IPI icr=MSR_IA32_X2APIC_ICR
    """,
    "coreboot": """
        id=LAPIC_ID version=LAPIC_LVR tpr=LAPIC_TASKPRI apr=LAPIC_ARBID remote-read=LAPIC_RRR
        svr=LAPIC_SVR svr=LAPIC_SPIV esr=LAPIC_ESR icr=LAPIC_ICR icrh=LAPIC_ICR2
        lvt-timer=LAPIC_LVTT lvt-perf=LAPIC_LVTPC lvt-lint0=LAPIC_LVT0 lvt-lint1=LAPIC_LVT1
        lvt-error=LAPIC_LVTERR timer-initial=LAPIC_TMICT timer-current=LAPIC_TMCCT
        timer-divide=LAPIC_TDCR
    """,
    "VirtualBox": """
        id=XAPIC_OFF_ID version=XAPIC_OFF_VERSION tpr=XAPIC_OFF_TPR apr=XAPIC_OFF_APR
        ppr=XAPIC_OFF_PPR eoi=XAPIC_OFF_EOI remote-read=XAPIC_OFF_RRD ldr=XAPIC_OFF_LDR
        dfr=XAPIC_OFF_DFR svr=XAPIC_OFF_SVR isr#0=XAPIC_OFF_ISR0 esr=XAPIC_OFF_ESR
        unlisted=XAPIC_OFF_LVT_CMCI icr=XAPIC_OFF_ICR_LO icrh=XAPIC_OFF_ICR_HI
        lvt-timer=XAPIC_OFF_LVT_TIMER lvt-thermal=XAPIC_OFF_LVT_THERMAL
        lvt-perf=XAPIC_OFF_LVT_PERF lvt-lint0=XAPIC_OFF_LVT_LINT0 lvt-lint1=XAPIC_OFF_LVT_LINT1
        lvt-error=XAPIC_OFF_LVT_ERROR timer-initial=XAPIC_OFF_TIMER_ICR
        timer-current=XAPIC_OFF_TIMER_CCR timer-divide=XAPIC_OFF_TIMER_DCR
        self-ipi=X2APIC_OFF_SELF_IPI
    """,
    "Zircon": """
        icr=kLocalApicIcr_31_0 icrh=kLocalApicIcr_63_32 lvt-timer=kLocalApicLvtTimer
        lvt-perf=kLocalApicLvtPerfmon eoi=kLocalApicEoi
    """,
    "Hyper-V": """
        svr=LocalApicSpurious icr=LocalApicIcrLow icrh=LocalApicIcrHigh
        lvt-timer=LocalApicLvtTimer lvt-perf=LocalApicLvtPerfmon lvt-lint0=LocalApicLvtLint0
        timer-current=LocalApicCurrentCount timer-initial=LocalApicInitialCount
        timer-divide=LocalApicDivider ldr=LocalApicLdr icr=HV_X64_MSR_ICR eoi=HV_X64_MSR_EOI
        tpr=HV_X64_MSR_TPR
    """,
    "nanos": """
        id=APIC_APICID version=APIC_APICVER tpr=APIC_TASKPRIOR svr=APIC_SPURIOUS
        lvt-timer=APIC_LVT_TMR lvt-perf=APIC_LVT_PERF lvt-error=APIC_LVT_ERR
        timer-initial=APIC_TMRINITCNT timer-current=APIC_TMRCURRCNT timer-divide=APIC_TMRDIV
    """,
    "others": """
        lvt-error=APIC_LVTE timer-initial=APIC_TICR timer-current=LAPIC_TCCR
        timer-divide=APIC_TDCR remote-read=LAPIC_RRD unlisted=LAPIC_CMCI version=APIC_VER
    """,
}
WHOSE = {
    "/r/lvt-timer": "APIC Timer|APIC timer LVT|Local APIC Timer|local APIC timer|"
    "APIC timer interrupt|LAPIC timer",
    "/r/timer-initial": "APIC Timer Initial Count|APIC Timer Initial Count Register|"
    "APIC timer init count",
    "/r/timer-current": "APIC Timer Current Count|APIC Timer Current Count Register",
    "/r/timer-divide": "APIC Timer Divide Configuration|APIC timer divisor",
    "/r/lvt-perf": "xen:APIC_LVTPC|Xen APIC_LVTPC|kvm:APIC_LVTPC|"
    "linux:APIC_LVTPC|Xen's APIC_LVTPC|bhyve:APIC_OFFSET_PERF_LVT|"
    "FreeBSD LAPIC_LVT_PCINT|freebsd:LAPIC_LVT_PCINT|"
    "vbox:XAPIC_OFF_LVT_PERF|LVT PC|APIC LVTPC|apic-lvtpc|"
    "edk2:XAPIC_LVT_PERF|asm/apicdef.h:APIC_LVTPC|APIC::LVTPC|"
    "apic.lvtpc|vlapic LVTPC|vlapic_lvtpc",
    "/r/icr": "xen:APIC_ICR|APIC ICR|APIC Interrupt Command Register|"
    "local APIC ICR|vlapic->icr_lo|edk2:XAPIC_ICR_LOW_OFFSET|"
    "coreboot LAPIC_ICR|kvm APIC_ICR|QEMU APIC_ICR",
    "/r/self-ipi": "x2APIC self IPI|xen:APIC_SELF_IPI",
    "/r/svr": "xen:APIC_SPIV|APIC Spurious Interrupt Vector Register",
}


def found(name, knowledge):
    return aliases.find_register(name, knowledge.registers, knowledge.annotations).path


@pytest.mark.parametrize("source", SPELLINGS)
def test_registers_are_known_as_each_source_spells_them(source, knowledge):
    said = [one.split("=") for one in SPELLINGS[source].split()]
    wanted, got = {}, {}
    for slug, name in said:
        path = "/r/unlisted#note-lvt-cmci" if slug == "unlisted" else f"/r/{slug}"
        for way in (name, name.lower(), name.replace("_", " "), f"xen:{name}"):
            wanted[way], got[way] = path, found(way, knowledge)

    assert wanted == got


@pytest.mark.parametrize("path", WHOSE)
def test_a_name_may_say_whose_it_is(path, knowledge):
    names = WHOSE[path].split("|")

    assert dict.fromkeys(names, path) == {name: found(name, knowledge) for name in names}


@pytest.mark.parametrize(
    "name", ["xen version", "kvm id", "linux timer", "qemu:", "kvm_exit", "x.h"]
)
def test_what_only_begins_with_a_project_is_no_register(name, knowledge):
    with pytest.raises(NotFound):
        found(name, knowledge)


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
