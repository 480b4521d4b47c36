/* Accesses that no register asks for: other widths and offsets, the other mode's way, an APIC
 * that software has disabled, and local interrupts that are let in. */
#include "probe.h"

static const struct { u8 width, offset, why; } shapes[] = {
    { 1, 0, WHY_WIDTH }, { 2, 0, WHY_WIDTH }, { 8, 0, WHY_WIDTH },
    { 4, 4, WHY_OFFSET }, { 4, 8, WHY_OFFSET }, { 4, 12, WHY_OFFSET },
};

/* A write by any way; what the register holds then is read by the usual one, and restored. */
static void write_and_restore(const struct slot *slot, u32 index, u64 value, u8 why)
{
    struct record r;
    u64 old = quiet_read(index);
    touch_write(&r, slot, value, why);
    r.read_back = quiet_read(index);
    r.has_read_back = YES;
    if (r.read_back != old)
        quiet_write(index, old);
    emit(&r);
}

static void read_only(const struct slot *slot, u8 why)
{
    struct record r;
    touch_read(&r, slot, why);
    emit(&r);
}

/* Rows that these accesses are made for, each from the same state and as often as asked for. */
static void each_row(void (*of_row)(const struct row *row))
{
    for (u32 i = 0; i < row_count; i++)
        if (rows[i].flags & NAMED && is_chosen(rows[i].slug))
            for (repetition = 0; repetition < options.repeat; repetition++) {
                reset_state();
                of_row(&rows[i]);
            }
    repetition = 0;
    reset_state();
}

static void shapes_of(const struct row *row)
{
    struct slot slot = slot_of(row, 0);
    u32 index = slot.reg >> 4;
    if (slot.reg == NONE)
        return;
    for (u32 i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        slot.width = shapes[i].width;
        slot.reg = (u16)((index << 4) + shapes[i].offset);
        read_only(&slot, shapes[i].why);
        if (row->plan == PLAN_VALUE)
            write_and_restore(&slot, index, row->value, shapes[i].why);
    }
}

/* Only the page has widths and offsets. */
void run_shapes(void)
{
    if (in_x2apic)
        return;
    human("other widths and offsets");
    each_row(shapes_of);
}

/* A register by the way of the other mode: MSR in xAPIC mode, page in x2APIC mode. */
static void other_way_of(const struct row *row)
{
    struct slot slot = { .row = row, .msr = !in_x2apic };
    slot.reg = in_x2apic ? row->offset : row->msr;
    if (slot.reg == NONE)
        return;
    read_only(&slot, WHY_OTHER_MODE);
    if (row->plan == PLAN_VALUE && !(in_x2apic && row->flags & X2APIC_ABSENT))
        write_and_restore(&slot, row->msr - 0x800u, row->value, WHY_OTHER_MODE);
}

void run_other_way(void)
{
    human(in_x2apic ? "the page in x2APIC mode" : "MSRs in xAPIC mode");
    each_row(other_way_of);
}

static void write_named(const char *slug, u64 value, u8 why)
{
    struct slot slot = slot_of(row_named(slug), 0);
    u32 index = slot.msr ? slot.reg - 0x800u : slot.reg >> 4;
    struct record r;
    touch_write(&r, &slot, value, why);
    r.read_back = quiet_read(index);
    r.has_read_back = YES;
    emit(&r);
}

/* SVR[8] clear: registers still answer, LVTs stay masked, no fixed interrupt is taken. */
void run_disabled(void)
{
    struct slot icr = slot_of(row_named("icr"), 0);
    if (!is_chosen("svr"))
        return;
    human("an APIC that software has disabled");
    for (repetition = 0; repetition < options.repeat; repetition++) {
        reset_state();
        write_named("svr", SVR_OFF, WHY_DISABLE);
        write_named("tpr", 0x20, WHY_DISABLED);
        write_named("lvt-timer", VEC_LVT, WHY_DISABLED);
        quiet_write(TPR, 0);
        write_and_take(&icr, ICR_SELF | VEC_ICR, WHY_DISABLED);
    }
    repetition = 0;
    reset_state();
}

/* Every LVT unmasked, with a vector that is counted; the timer also counts down to it. */
void run_unmasked(void)
{
    struct slot timer = slot_of(row_named("timer-initial"), 0);
    struct record r;
    human("local interrupts unmasked");
    for (u32 i = 0; i < row_count; i++) {
        u32 index = rows[i].offset >> 4;
        if (index < LVT_TIMER || index > LVT_ERROR || !is_chosen(rows[i].slug))
            continue;
        for (repetition = 0; repetition < options.repeat; repetition++) {
            reset_state();
            write_named(rows[i].slug, VEC_LVT, WHY_UNMASKED);
            if (index != LVT_TIMER)
                continue;
            touch_write(&r, &timer, 0x1000, WHY_COUNTING);
            /* The timer is the host's: on a busy one it may be late. */
            r.effect = NO;
            for (u32 tries = 0; !r.effect && tries < 50; tries++)
                r.effect = take_interrupt(VEC_LVT) != 0;
            emit(&r);
            if (r.effect) {
                emit_irqs(r.seq, VEC_LVT, 1);
                quiet_write(EOI, 0);
            }
        }
    }
    repetition = 0;
    reset_state();
}
