/* Every register, slot by slot: what is read and what is written. */
#include "probe.h"
#include "registers.h"

const u32 row_count = sizeof rows / sizeof *rows;

const struct row *row_named(const char *slug)
{
    for (u32 i = 0; i < row_count; i++)
        if (same(rows[i].slug, slug))
            return &rows[i];
    return 0;
}

/* A row's slot in the mode of the processor; reg is NONE where the mode has none. */
struct slot slot_of(const struct row *row, u32 number)
{
    struct slot slot = { .row = row, .member = (u8)number, .msr = in_x2apic };
    u16 first = in_x2apic ? row->msr : row->offset;
    slot.reg = first == NONE ? NONE : (u16)(first + number * (in_x2apic ? 1 : 0x10));
    return slot;
}

/* A write, the value read back if reading works, and the old value restored. */
static void write_slot(const struct slot *slot, u64 value, u8 why, int readable, u64 old)
{
    struct record r;
    u32 index = slot->msr ? slot->reg - 0x800u : slot->reg >> 4;
    int fine = touch_write(&r, slot, value, why);
    if (readable) {
        r.read_back = quiet_read(index);
        r.has_read_back = YES;
    }
    if (fine && index == TPR)
        r.effect = (quiet_read(PPR) & 0xFF) == (value & 0xFF);
    if (fine && readable && value != old)
        quiet_write(index, old);
    emit(&r);
}

/* The value that the row's plan writes, and why. */
static u64 planned(const struct row *row, int readable, u64 old, u8 *why)
{
    *why = WHY_ZERO;
    if (in_x2apic && row->flags & X2APIC_ABSENT)
        return 0;
    if (row->plan == PLAN_OWN) {
        *why = WHY_OWN_VALUE;
        return readable ? old : row->value;
    }
    if (row->plan == PLAN_VALUE) {
        *why = WHY_PATTERN;
        return row->value;
    }
    return 0;
}

/*
 * Bits that the manual reserves: is the check made, and before AVIC's filter? One at a time in
 * x2APIC mode, where each must be refused; the page drops them, all at once.
 */
static void write_reserved(const struct slot *slot, u64 base, u64 old)
{
    u64 reserved = slot->row->reserved;
    if (!in_x2apic && (u32)reserved)
        write_slot(slot, base | (u32)reserved, WHY_RESERVED_BITS, YES, old);
    if (!in_x2apic || slot->row->flags & X2APIC_ABSENT)
        return;
    for (u64 bit = 1; bit; bit <<= 1)
        if (reserved & bit)
            write_slot(slot, base | bit, WHY_RESERVED_BITS, YES, old);
}

/* In x2APIC mode these registers are read-only or absent: a write is refused and changes nothing. */
static int left_out(const struct row *row)
{
    return row->flags & DISRUPTIVE && !in_x2apic && !options.disruptive;
}

static void run_slot(const struct slot *slot)
{
    const struct row *row = slot->row;
    struct record r;
    u8 why;
    int readable = touch_read(&r, slot, WHY_INITIAL);
    u64 old = r.value, value;
    emit(&r);
    if (left_out(row))
        return;
    value = planned(row, readable, old, &why);
    write_slot(slot, value, why, readable, old);
    if (row->plan == PLAN_ESR)
        write_slot(slot, 1, WHY_NONZERO, readable, old);
    if (readable)
        write_reserved(slot, value, old);
    if (row->offset >> 4 == LVT_TIMER)
        write_slot(slot, LVT_MASKED | LVT_TSC_DEADLINE | VEC_ICR, WHY_BIT18, readable, old);
}

static void run_row(const struct row *row)
{
    for (u32 i = 0; i < row->slots; i++) {
        struct slot slot = slot_of(row, i);
        if (slot.reg == NONE)
            return;
        if (row->plan == PLAN_EOI)
            run_eoi(&slot);
        else if (row->plan == PLAN_ICR)
            run_icr(&slot);
        else if (row->plan == PLAN_SELF_IPI)
            run_self_ipi(&slot);
        else
            run_slot(&slot);
    }
}

/* Each row `repeat` times, from the same state each time. */
void sweep(void)
{
    for (u32 i = 0; i < row_count; i++) {
        if (!is_chosen(rows[i].slug))
            continue;
        human_row(i + 1, rows[i].slug);
        if (left_out(&rows[i]))
            emit_skip(rows[i].slug, "writing it may inhibit AVIC for the whole virtual "
                      "machine; the word disruptive asks for it");
        for (repetition = 0; repetition < options.repeat; repetition++) {
            reset_state();
            run_row(&rows[i]);
        }
    }
    repetition = 0;
    reset_state();
}
