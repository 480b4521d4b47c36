/* IPIs to a second processor: each message type, destination and shorthand. */
#include "probe.h"

enum to { TO_ITS_ID, TO_ITS_LOGICAL_ID, TO_NOBODY };
enum { ABSENT_ID = 0xFE };

struct message { u8 why; u8 to; u32 command; };

/* To the second processor while it runs; what arrives there is its vector or an NMI. */
static const struct message messages[] = {
    { WHY_TO_RUNNING, TO_ITS_ID, VEC_AP },
    { WHY_LOGICAL, TO_ITS_LOGICAL_ID, ICR_LOGICAL | VEC_AP },
    { WHY_LOWEST, TO_ITS_LOGICAL_ID, ICR_LOGICAL | ICR_LOWEST | VEC_AP },
    { WHY_OTHERS, TO_NOBODY, ICR_OTHERS | VEC_AP },
    { WHY_ALL, TO_NOBODY, ICR_ALL | VEC_AP },
    { WHY_LEVEL, TO_ITS_ID, ICR_LEVEL | ICR_ASSERT | VEC_AP },
    { WHY_REMOTE_READ, TO_ITS_ID, ICR_REMOTE_READ | VEC_AP },
    { WHY_EXTERNAL, TO_ITS_ID, ICR_EXTERNAL | VEC_AP },
    { WHY_NMI, TO_ITS_ID, ICR_NMI },
};

static u64 destination(enum to to)
{
    u32 id = ap_apic_id;
    if (to == TO_NOBODY)
        return 0;
    if (to == TO_ITS_LOGICAL_ID)    /* of a cluster in x2APIC mode (APM volume 2, 16.14) */
        return in_x2apic ? id >> 4 << 16 | 1u << id % 16 : AP_LOGICAL;
    return id;
}

/* What could be seen of a message at its target so far. */
static u32 seen(u8 why)
{
    return why == WHY_NMI ? ap_nmis : why == WHY_STARTUP ? ap_starts : ap_arrived;
}

static void send(u64 target, u32 command, u8 why)
{
    struct slot slot = slot_of(row_named("icr"), 0);
    struct record r;
    u32 before = seen(why), own = arrived[VEC_AP];
    u64 begin, patience = 1000000000;   /* cycles: half a second */
    int seeable = why != WHY_ABSENT_TARGET && why != WHY_REMOTE_READ && why != WHY_EXTERNAL &&
                  why != WHY_SMI && why != WHY_INIT;
    if (!in_x2apic)
        quiet_write(ICRH, target << 24);
    if (touch_write(&r, &slot, in_x2apic ? target << 32 | command : command, why) && seeable) {
        begin = clock_cycles();
        while (seen(why) == before && clock_cycles() - begin < patience)
            __asm__ volatile("pause");
        r.effect = seen(why) != before;
    }
    r.read_back = quiet_read(ICR);
    r.has_read_back = YES;
    emit(&r);
    if (r.effect == YES && why != WHY_NMI && why != WHY_STARTUP)
        emit_irqs(r.seq, VEC_AP, seen(why) - before);
    if (why == WHY_ALL) {
        take_interrupt(VEC_AP);
        if (arrived[VEC_AP] != own) {
            emit_irqs(r.seq, VEC_AP, arrived[VEC_AP] - own);
            quiet_write(EOI, 0);
        }
    }
}

static void to_second_processor(void)
{
    for (repetition = 0; repetition < options.repeat; repetition++) {
        second_processor_runs();
        for (u32 i = 0; i < sizeof messages / sizeof *messages; i++)
            send(destination(messages[i].to), messages[i].command, messages[i].why);
        second_processor_halts();
        send(ap_apic_id, VEC_AP, WHY_TO_HALTED);
    }
    stop_second_processor();
    /* From here on it only starts, and stops at once (ap.S). */
    for (repetition = 0; repetition < options.repeat; repetition++) {
        send(ap_apic_id, ICR_ASSERT | ICR_INIT, WHY_INIT);
        wait_cycles(10000000);
        send(ap_apic_id, ICR_ASSERT | ICR_STARTUP | STARTUP_PAGE, WHY_STARTUP);
    }
}

/* A vector below 16 may stay pending for ever, so it comes last. */
static void low_vector(void)
{
    struct slot slot = slot_of(row_named("icr"), 0);
    for (repetition = 0; repetition < options.repeat; repetition++)
        write_and_take(&slot, ICR_SELF | VEC_LOW, WHY_LOW_VECTOR);
}

void run_messages(void)
{
    if (!is_chosen("icr"))
        return;
    human("IPIs to a second processor");
    if (start_second_processor())
        to_second_processor();
    else
        emit_skip("second-processor", "none answered: run the guest with two");
    if (!options.disruptive)
        emit_skip("absent-target", "some kernels log a warning for it; the word disruptive "
                  "asks for it");
    for (repetition = 0; options.disruptive && repetition < options.repeat; repetition++) {
        send(ABSENT_ID, VEC_AP, WHY_ABSENT_TARGET);
        send(ABSENT_ID, ICR_SMI, WHY_SMI);
    }
    low_vector();
    repetition = 0;
    reset_state();
}
