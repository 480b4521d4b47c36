/* Registers that act: EOI, ICR and SELF_IPI; and the switch of modes, APIC_BASE. */
#include "probe.h"

void emit_irqs(u32 seq, u32 vector, u32 count)
{
    struct record r = { .kind = KIND_IRQS, .seq = seq, .reg = (u16)vector, .value = count };
    emit(&r);
}

static u32 bit_of(u32 first, u32 vector)
{
    return (u32)quiet_read(first + vector / 32) >> vector % 32 & 1;
}

static void read_initial(const struct slot *slot)
{
    struct record r;
    touch_read(&r, slot, WHY_INITIAL);
    emit(&r);
}

/*
 * Make `vector` in service by an IPI to this processor, and end it by a measured EOI. The
 * ISR bit says afterwards whether hardware acted. A level-triggered IPI sets the TMR bit in
 * KVM and in QEMU, which is all that makes an EOI level-triggered (APM volume 2, 15.29.3.1);
 * where it does not, there is nothing to measure without an I/O APIC.
 */
static void end_in_service(const struct slot *slot, u32 vector, u32 trigger, u8 why)
{
    struct record r;
    u32 level = trigger != 0;
    send_ipi(0, ICR_SELF | trigger | vector);
    if (!take_interrupt(vector) || !bit_of(ISR, vector) || bit_of(TMR, vector) != level) {
        emit_skip(level ? "eoi-level" : "eoi-edge",
                  level ? "a level-triggered IPI to itself sets no TMR bit here"
                        : "an IPI to itself did not come into service");
        return;
    }
    touch_write(&r, slot, 0, why);
    r.effect = !bit_of(ISR, vector);
    emit(&r);
    if (!r.effect)
        quiet_write(EOI, 0);
}

/*
 * Whether what answers is an APIC: an interrupt to itself does not come from memory, which is
 * what the page is where KVM is made to use AVIC under an emulator that has none.
 */
void test_apic(void)
{
    u32 came;
    send_ipi(0, ICR_SELF | VEC_ICR);
    came = take_interrupt(VEC_ICR);
    if (came)
        quiet_write(EOI, 0);
    json_apic_test(came);
}

void run_eoi(const struct slot *slot)
{
    struct record r;
    read_initial(slot);
    touch_write(&r, slot, 0, WHY_EOI_NONE);
    emit(&r);
    touch_write(&r, slot, 1, WHY_NONZERO);
    emit(&r);
    end_in_service(slot, VEC_EDGE, 0, WHY_EOI_EDGE);
    end_in_service(slot, VEC_LEVEL, ICR_LEVEL | ICR_ASSERT, WHY_EOI_LEVEL);
}

/* Write what sends `vector` to this processor; the effect is its arrival. */
void write_and_take(const struct slot *slot, u64 value, u8 why)
{
    struct record r;
    u32 vector = value & 0xFF, count = 0;
    if (touch_write(&r, slot, value, why)) {
        count = take_interrupt(vector);
        r.effect = count != 0;
    }
    if (slot->row->plan == PLAN_ICR) {
        r.read_back = quiet_read(ICR);
        r.has_read_back = YES;
    }
    emit(&r);
    if (count) {
        emit_irqs(r.seq, vector, count);
        quiet_write(EOI, 0);
    }
}

u64 own_id(void)
{
    u32 id = (u32)quiet_read(ID);
    return in_x2apic ? id : id >> 24;
}

/* Physical destination, no shorthand: this processor by its own ID. */
static void send_to_own_id(const struct slot *slot)
{
    if (in_x2apic)
        write_and_take(slot, own_id() << 32 | VEC_ICR, WHY_SELF_PHYSICAL);
    else {
        quiet_write(ICRH, own_id() << 24);
        write_and_take(slot, VEC_ICR, WHY_SELF_PHYSICAL);
        quiet_write(ICRH, 0);
    }
}

/*
 * Bit 12 is the delivery status: read-only in xAPIC mode, reserved in x2APIC mode. There, KVM
 * relies on the processor to refuse reserved bits and warns on the host where it does not, so
 * those are on demand, one at a time.
 */
void run_icr(const struct slot *slot)
{
    u64 reserved = slot->row->reserved;
    read_initial(slot);
    write_and_take(slot, ICR_SELF | VEC_ICR, WHY_SELF_FIXED);
    send_to_own_id(slot);
    write_and_take(slot, ICR_SELF | ICR_LEVEL | ICR_ASSERT | VEC_ICR, WHY_SELF_LEVEL);
    if (!in_x2apic) {
        write_and_take(slot, ICR_SELF | ICR_BUSY | VEC_ICR, WHY_BUSY);
        write_and_take(slot, ICR_SELF | VEC_ICR | (reserved & ~(u64)ICR_BUSY & 0xFFFFFFFF),
                       WHY_RESERVED_BITS);
    } else if (options.disruptive) {
        for (u64 bit = 1; bit; bit <<= 1)
            if (reserved & bit)
                write_and_take(slot, ICR_SELF | bit | VEC_ICR,
                               bit == ICR_BUSY ? WHY_BUSY : WHY_RESERVED_BITS);
    } else if (repetition == 0)
        emit_skip("icr-reserved-bits", "KVM warns on the host if the processor takes "
                  "them; the word disruptive asks for it");
}

void run_self_ipi(const struct slot *slot)
{
    read_initial(slot);
    write_and_take(slot, VEC_SELF_IPI, WHY_SELF_IPI);
    for (u64 bit = 1; bit; bit <<= 1)
        if (slot->row->reserved & bit)
            write_and_take(slot, bit | VEC_SELF_IPI, WHY_RESERVED_BITS);
}

/* ---- The mode ---- */

static int write_base(u64 value, u8 why)
{
    const struct slot slot = { .reg = APIC_BASE, .msr = YES };
    struct record r;
    int fine = touch_write(&r, &slot, value, why);
    if (fine) {
        r.read_back = quiet_rdmsr(APIC_BASE);
        r.has_read_back = YES;
    }
    emit(&r);
    return fine;
}

/*
 * APIC_BASE, last of all. EXTD without EN, and EXTD cleared with EN kept, are transitions that
 * the manual refuses (APM volume 2, chapter 16). Where one is taken, the APIC may be off or in
 * the other mode, so nothing is measured behind it.
 */
void run_apic_base(void)
{
    const struct slot slot = { .reg = APIC_BASE, .msr = YES };
    struct record r;
    u64 old, refused;
    human("APIC_BASE");
    for (repetition = 0; repetition < options.repeat; repetition++) {
        touch_read(&r, &slot, WHY_INITIAL);
        emit(&r);
        old = r.value;
        write_base(old, WHY_OWN_VALUE);
        refused = in_x2apic ? old & ~(u64)APIC_BASE_EXTD
                            : (old & ~(u64)APIC_BASE_EN) | APIC_BASE_EXTD;
        if (write_base(refused, WHY_APIC_BASE)) {
            emit_skip("apic-base", "a transition that the manual refuses was taken");
            return;
        }
    }
}

/* EN and EXTD: x2APIC mode. The one access in xAPIC mode of this boot. */
void enter_x2apic(void)
{
    u64 base = quiet_rdmsr(APIC_BASE);
    human("to x2APIC mode");
    if (!write_base(base | APIC_BASE_EN | APIC_BASE_EXTD, WHY_APIC_BASE))
        panic("APIC_BASE refused x2APIC mode", (u32)base);
}
