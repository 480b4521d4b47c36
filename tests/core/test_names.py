import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.names import members, resolve
from app.core.numbers import MSR_BASE, MSR_LAST, SLOT
from app.errors import NotFound

OFFSETS = range(0x000, 0x1000, 0x10)
MSRS = range(MSR_BASE, MSR_LAST + 1)
SPELLINGS = ("0x{:x}", "0X{:X}", "{:03X}h", "{:03x}H", "{:03x}", "{:X}")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/r/icr", "icr ICR Icr ICRL icrl APIC_ICR apic_icr"),
        ("/r/icr", "0x300 0X300 300h 300H 300 0300h 830h 830H 830 0x830"),
        ("/r/icrh", "icrh ICRH ICR2 icr2 APIC_ICR2 310h 831h"),
        ("/r/ldr", "ldr LDR APIC_LDR 0D0h d0 0xd0 80Dh 80d"),
        ("/r/tpr", "TPR APIC_TASKPRI taskpri 080h 80h 808h"),
        ("/r/version", "VER APIC_LVR lvr 30h 803h"),
        ("/r/self-ipi", "self-ipi SELF_IPI APIC_SELF_IPI self_ipi 83Fh"),
        ("/r/lvt-timer", "LVTT APIC_LVTT lvt-timer LVT_TIMER 0x320 832h"),
        ("/r/lvt-lint0", "LVT0 APIC_LVT0 350h 835h"),
        ("/r/remote-read", "RRR APIC_RRR remote_read 0C0h 80Ch"),
        ("/r/ext-feature", "EFEAT APIC_EFEAT EXT_FEATURE 400h 840h"),
        ("/r/isr", "isr ISR APIC_ISR"),
        ("/r/isr#0", "ISR0 isr#0 ISR[0] APIC_ISR0 100h 0x100 810h"),
        ("/r/isr#3", "ISR3 isr3 isr#3 ISR[3] isr[3] APIC_ISR3 0x130 130h 130 813h 813 0x813"),
        ("/r/isr#7", "ISR7 170h 817h"),
        ("/r/tmr#0", "TMR0 180h 818h"),
        ("/r/irr#7", "IRR7 270h 827h"),
        ("/r/ier#2", "IER2 4A0h 84Ah"),
        ("/r/ext-lvt", "EILVT APIC_EILVTn APIC_EILVTN apic_eilvt eilvtn ext-lvt"),
        ("/r/ext-lvt#1", "EILVT1 APIC_EILVT1 ext-lvt#1 510h 851h"),
        ("/r/reserved-540", "reserved 540h FF0h ff0 854h 8FFh 0x900"),
        ("/r/unlisted", "other 000h 0 10h 3F0h 800h 83Ah"),
        ("/r/icr", "MSR830 msr_830 0xfee00300 FEE00300h IA32_X2APIC_830 APIC[300h] RDMSR(0x830)"),
        ("/r/tpr", "IA32_X2APIC_TPR MSR_X2APIC_TPR lapic_tpr Task_Priority_Register"),
        ("/r/icr", "MSR0000_0830 APICx300 ICR[63:0] vlapic_icr XAPIC_OFF_ICR APIC_OFFSET_ICR"),
        ("/r/ldr", "APICxD0 VLAPIC_OFFSET_LDR vapic:LDR LDR[31:24]"),
        ("/r/isr#3", "IA32_X2APIC_ISR3 In-Service_Register_3 isr-3"),
        ("/r/ext-lvt#3", "APIC_EILVTn(3) EILVTn[3]"),
    ],
)
def test_any_name_finds_the_row(path, names, knowledge):
    found = {name: resolve(name, knowledge.registers).path for name in names.split()}
    assert dict.fromkeys(names.split(), path) == found


@pytest.mark.parametrize(
    ("hints", "name"),
    [
        (("icr",), "0x304"),
        (("icr",), "30Fh"),
        (("isr",), "134h"),
        (("tpr",), "84h"),
        (("reserved-540",), "FFFh"),
    ],
)
def test_an_address_inside_a_slot_is_refused_with_the_slot_it_lies_in(hints, name, knowledge):
    with pytest.raises(NotFound, match=r"[0-9A-F]{3}h lies inside the slot of .{3}h\.") as error:
        resolve(name, knowledge.registers)
    assert hints == error.value.hints


@pytest.mark.parametrize("name", ["0x1000", "1000h", "FFFFFFFFh", "C0000080h"])
def test_an_address_beyond_page_and_range_is_refused_with_examples(name, knowledge):
    with pytest.raises(NotFound, match=r"neither an xAPIC offset .* nor") as error:
        resolve(name, knowledge.registers)
    assert [resolve(hint, knowledge.registers).path for hint in error.value.hints] == ["/r/icr"] * 2


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        ("isr", "ISR8"),
        ("isr", "isr#"),
        ("isr", "isrr"),
        ("irr", "IRR10"),
        ("esr", "ESR0"),
        ("lvt-timer", "lvt-timr"),
        ("lvt-timer", "lvt"),
        ("ldr", "APIC_LDRR"),
        ("icr", "irc"),
        ("self-ipi", "selfipi"),
        ("ext-lvt", "APIC_EILVT4"),
        ("remote-read", "remoteread"),
    ],
)
def test_a_name_that_nearly_fits_is_refused_with_what_it_is_near(hint, name, knowledge):
    with pytest.raises(NotFound, match="No register is called") as error:
        resolve(name, knowledge.registers)
    assert hint in error.value.hints
    assert set(error.value.hints) <= set(knowledge.registers)


@pytest.mark.parametrize("name", ["nonsense", "", "-", "#", "0x", "h", "APIC_", "[3]", "a/b", "é"])
def test_a_name_that_is_near_nothing_is_refused(name, knowledge):
    with pytest.raises(NotFound, match="No register is called") as error:
        resolve(name, knowledge.registers)
    assert repr(name) in error.value.message


def test_every_name_of_every_register_resolves_to_it(knowledge):
    for register in knowledge.registers.values():
        macro = register.macro.removeprefix("APIC_")
        names = {register.slug, register.abbreviation, register.macro, macro, *register.aliases}
        for name in names - {"", "-"}:
            for spelled in (name, name.upper(), name.lower(), name.replace("-", "_")):
                assert register is resolve(spelled, knowledge.registers).register, spelled


def test_every_offset_of_the_page_resolves_to_the_register_that_holds_it(knowledge):
    for offset in (o for o in OFFSETS if o not in MSRS):
        for spelling in SPELLINGS:
            found = resolve(spelling.format(offset), knowledge.registers)
            assert any(offset in span for span in found.register.offset_spans)


def test_every_msr_of_the_range_resolves_to_the_register_that_holds_it(knowledge):
    for msr in MSRS:
        for spelling in SPELLINGS:
            found = resolve(spelling.format(msr), knowledge.registers)
            assert any(msr in span for span in found.register.msr_spans)


def test_an_offset_that_is_also_an_msr_number_is_read_as_the_msr(knowledge):
    for offset in (o for o in OFFSETS if o in MSRS):
        found = resolve(f"{offset:X}h", knowledge.registers)
        assert any(offset in span for span in found.register.msr_spans)


@pytest.mark.parametrize(
    ("count", "slug"), [(8, "isr"), (8, "tmr"), (8, "irr"), (8, "ier"), (4, "ext-lvt"), (1, "icr")]
)
def test_a_row_stands_for_as_many_registers_as_it_has_slots(count, slug, knowledge):
    assert count == members(knowledge.registers[slug])


def test_the_addresses_of_a_member_resolve_back_to_it(knowledge):
    for register in (r for r in knowledge.registers.values() if r.vector):
        for member in range(members(register)):
            offset = register.offset_spans[0].first + member * SLOT
            msr = register.msr_spans[0].first + member
            names = (f"{offset:x}h", f"{msr:x}h", f"{register.slug}#{member}")
            assert {(register.slug, member)} == {
                (found.register.slug, found.member)
                for found in (resolve(name, knowledge.registers) for name in names)
            }


def test_no_register_that_is_alone_in_its_row_has_members(knowledge):
    for msr in MSRS:
        found = resolve(f"{msr:X}h", knowledge.registers)
        assert found.register.vector is (found.member is not None)


@settings(deadline=None)
@given(data=st.data())
def test_any_text_resolves_or_is_refused_and_nothing_else(data, knowledge):
    name = data.draw(st.text(max_size=8) | st.from_regex(r"[0-9a-fA-Fxh#_]{1,6}", fullmatch=True))
    try:
        found = resolve(name, knowledge.registers)
    except NotFound as error:
        assert error.code == "not-found"  # noqa: PT017 - either outcome is right
    else:
        assert found.register is knowledge.registers[found.register.slug]
