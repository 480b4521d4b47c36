/* Accesses: measured ones between markers, and quiet ones that prepare and clean up. */
#include "probe.h"

/* The marker, one 32-bit value. */
enum {
    MARK_OUTSIDE = 1 << 27,     /* an MSR outside 800h-8FFh */
    MARK_X2APIC = 1 << 26,      /* the processor is in x2APIC mode */
    MARK_MSR = 1 << 25,
    MARK_WRITE = 1 << 24
};
#define MARK_BEGIN 0xB0000000u
#define MARK_END   0xE0000000u
#define MARK_OVER  0xFFFFFFFFu  /* nothing behind it is measured */
enum { MARKER_PORT = 0x7E0, MARKER_LEAF = 0x7E0A91C0 };

u8 in_x2apic;
u32 marker_by_cpuid;
u32 sequence, repetition, quiet_faults;

typedef void touching(struct touch *t);
extern touching touch_rdmsr, touch_wrmsr;
extern touching touch_mmio_read8, touch_mmio_read16, touch_mmio_read32, touch_mmio_read64;
extern touching touch_mmio_write8, touch_mmio_write16, touch_mmio_write32, touch_mmio_write64;

static touching *touching_of(const struct slot *slot, u32 width, int write)
{
    if (slot->msr)
        return write ? touch_wrmsr : touch_rdmsr;
    switch (width) {
    case 1: return write ? touch_mmio_write8 : touch_mmio_read8;
    case 2: return write ? touch_mmio_write16 : touch_mmio_read16;
    case 8: return write ? touch_mmio_write64 : touch_mmio_read64;
    default: return write ? touch_mmio_write32 : touch_mmio_read32;
    }
}

static u32 marker_of(const struct slot *slot, int write)
{
    u32 index = slot->msr ? slot->reg & 0xFF : slot->reg >> 4;
    u32 outside = slot->msr && (slot->reg < 0x800 || slot->reg > 0x8FF);
    return (outside ? MARK_OUTSIDE : 0) | (in_x2apic ? MARK_X2APIC : 0) |
           (slot->msr ? MARK_MSR : 0) | (write ? MARK_WRITE : 0) |
           index << 16 | (sequence & 0xFFFF);
}

/*
 * One measured access. ESR is cleared before and read after it, outside the markers: an
 * access to a reserved location sets a bit there (APM volume 2, chapter 16) that the next
 * access must not inherit. ESR is written before it is read, which is what loads it.
 */
static int touch(struct record *r, const struct slot *slot, int write, u64 value, u8 why)
{
    struct touch t = { .lo = (u32)value, .hi = (u32)(value >> 32) };
    u32 width = slot->msr ? 8 : slot->width ? slot->width : 4;
    t.address = slot->msr ? slot->reg : APIC_PAGE + slot->reg;
    t.begin = MARK_BEGIN | marker_of(slot, write);
    t.end = MARK_END | marker_of(slot, write);
    *r = (struct record){ .kind = KIND_ACCESS, .why = why, .write = (u8)write,
        .msr = slot->msr, .x2apic = in_x2apic, .member = slot->member, .rep = (u16)repetition,
        .has_member = slot->row && (slot->row->flags & VECTOR), .reg = slot->reg,
        .width = (u8)width, .seq = sequence++, .effect = UNKNOWN, .slug = slot->row ? slot->row->slug : "apic-base" };
    quiet_write(ESR, 0);
    fault.vector = fault.error = 0;
    touching_of(slot, width, write)(&t);
    r->fault = (u8)fault.vector;
    r->err = fault.error;
    r->cycles = t.cycles;
    r->value = write ? value : (u64)t.hi << 32 | t.lo;
    return !r->fault;
}

/* ESR can be read only when the mode is settled: an APIC_BASE write may have changed it. */
static void note_esr(struct record *r)
{
    quiet_write(ESR, 0);
    r->esr = (u16)quiet_read(ESR);
}

/* Read; 1 when it did not fault. */
int touch_read(struct record *r, const struct slot *slot, u8 why)
{
    int fine = touch(r, slot, NO, 0, why);
    note_esr(r);
    return fine;
}

/* Write; 1 when it did not fault. */
int touch_write(struct record *r, const struct slot *slot, u64 value, u8 why)
{
    int fine = touch(r, slot, YES, value, why);
    if (fine && slot->msr && slot->reg == APIC_BASE)
        in_x2apic = (value & (APIC_BASE_EN | APIC_BASE_EXTD)) == (APIC_BASE_EN | APIC_BASE_EXTD);
    note_esr(r);
    return fine;
}

void mark_end_of_measuring(void)
{
    u32 value = MARKER_LEAF, count = MARK_OVER;
    outl(MARKER_PORT, MARK_OVER);
    if (marker_by_cpuid)
        __asm__ volatile("cpuid" : "+a"(value), "+c"(count) : : "ebx", "edx");
}

/* RDMSR outside the markers; 0, and counted, if it faults. */
u64 quiet_rdmsr(u32 msr)
{
    u32 lo = 0, hi = 0;
    fault.vector = 0;
    __asm__ volatile("movl $1f, %2; rdmsr; 1: movl $0, %2"
                     : "+a"(lo), "+d"(hi), "=m"(fixup) : "c"(msr) : "memory");
    if (fault.vector)
        quiet_faults++;
    return (u64)hi << 32 | lo;
}

/* WRMSR outside the markers; a fault is counted. */
void quiet_wrmsr(u32 msr, u64 value)
{
    fault.vector = 0;
    __asm__ volatile("movl $1f, %0; wrmsr; 1: movl $0, %0"
                     : "=m"(fixup)
                     : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
    if (fault.vector)
        quiet_faults++;
}

/* Read a register outside the markers, in the mode of the processor. */
u64 quiet_read(u32 index)
{
    if (in_x2apic)
        return quiet_rdmsr(0x800 + index);
    return *on_page(index);
}

/* Write a register outside the markers, in the mode of the processor. */
void quiet_write(u32 index, u64 value)
{
    if (in_x2apic)
        quiet_wrmsr(0x800 + index, value);
    else
        *on_page(index) = (u32)value;
}

/* An IPI outside the markers; `target` is an APIC ID and counts without a shorthand. */
void send_ipi(u32 target, u32 command)
{
    if (in_x2apic) {
        quiet_write(ICR, (u64)target << 32 | command);
        return;
    }
    quiet_write(ICRH, target << 24);
    quiet_write(ICR, command);
}

/*
 * The state that each register is measured from: APIC on, nothing masked by priority, every
 * local interrupt masked, timer stopped, no error. Interrupts that are still in service end.
 */
void reset_state(void)
{
    for (u32 bank = 1; bank < 8; bank++)
        for (u32 bits = (u32)quiet_read(ISR + bank), tries = 0; bits && tries < 32; tries++) {
            quiet_write(EOI, 0);
            bits = (u32)quiet_read(ISR + bank);
        }
    quiet_write(TPR, 0);
    quiet_write(SVR, SVR_ON);
    for (u32 index = LVT_TIMER; index <= LVT_ERROR; index++)
        quiet_write(index, LVT_MASKED);
    quiet_write(TIMER_INITIAL, 0);
    quiet_write(TIMER_DIVIDE, 0);
    if (!in_x2apic)
        quiet_write(ICRH, 0);
    quiet_write(ESR, 0);
}
