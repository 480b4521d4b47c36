/* The second processor: started once, then a target of IPIs that runs or is halted. */
#include "probe.h"

enum { TRAMPOLINE = STARTUP_PAGE << 12 };
enum { FW_CFG_SELECT = 0x510, FW_CFG_DATA = 0x511, FW_CFG_SIGNATURE = 0, FW_CFG_CPUS = 5 };
enum command { RUN, HALT, STOP };

extern const u8 ap_start[], ap_end[];

volatile u32 ap_apic_id, ap_arrived, ap_nmis;

static volatile u32 ready, command, obeyed;

/* A busy host may not let a virtual processor run for a while: a second or two. */
static const u64 patience = 4000000000u;

void wait_cycles(u64 cycles)
{
    u64 begin = clock_cycles();
    while (clock_cycles() - begin < cycles)
        __asm__ volatile("pause");
}

/* On the second processor, where nothing is measured: no fix-up, no count. */
static u32 ap_read(u32 index)
{
    u32 lo, hi;
    if (!in_x2apic)
        return *on_page(index);
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0x800 + index));
    return lo;
}

static void ap_write(u32 index, u32 value)
{
    if (!in_x2apic)
        *on_page(index) = value;
    else
        __asm__ volatile("wrmsr" : : "c"(0x800 + index), "a"(value), "d"(0));
}

/*
 * Not before the boot processor is out of its access (fixup, touch.S): where a trace does not
 * tell processors apart, as QEMU's own, this EOI would count as part of that access.
 */
static void ap_end_of_interrupt(void)
{
    while (fixup)
        __asm__ volatile("pause");
    ap_write(EOI, 0);
}

/* An interrupt on the second processor: counted, and ended here. */
void ap_took(u32 vector)
{
    if (vector < 32)
        ap_nmis++;
    else {
        ap_arrived++;
        ap_end_of_interrupt();
    }
}

/* First C code of the second processor (ap.S); does not return. */
void ap_main(void)
{
    u32 lo, hi;
    load_idt();
    if (in_x2apic) {
        __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(APIC_BASE));
        lo |= APIC_BASE_EN | APIC_BASE_EXTD;
        __asm__ volatile("wrmsr" : : "c"(APIC_BASE), "a"(lo), "d"(hi));
    }
    ap_write(SVR, SVR_ON);
    if (!in_x2apic)
        ap_write(LDR, AP_LOGICAL << 24);
    ap_apic_id = in_x2apic ? ap_read(ID) : ap_read(ID) >> 24;
    ready = YES;
    for (;;) {
        u32 now = command;
        obeyed = now;
        if (now == STOP)
            __asm__ volatile("cli; hlt");
        else if (now == HALT)
            __asm__ volatile("sti; hlt; cli" : : : "memory");
        else {
            __asm__ volatile("sti" : : : "memory");
            while (command == RUN)
                __asm__ volatile("pause");
            __asm__ volatile("cli" : : : "memory");
        }
    }
}

/* QEMU says how many processors there are, without ACPI tables; 0 where it is not QEMU. */
static u32 processor_count(void)
{
    static const char signature[] = "QEMU";
    outw(FW_CFG_SELECT, FW_CFG_SIGNATURE);
    for (u32 i = 0; i < 4; i++)
        if (inb(FW_CFG_DATA) != (u8)signature[i])
            return 0;
    outw(FW_CFG_SELECT, FW_CFG_CPUS);
    u32 low = inb(FW_CFG_DATA);
    return low | (u32)inb(FW_CFG_DATA) << 8;
}

/*
 * INIT, then STARTUP up to twice, to all others, which needs no knowledge of their IDs; the
 * first one to arrive takes part. 1 when one did.
 */
int start_second_processor(void)
{
    u8 *to = (u8 *)(u64)TRAMPOLINE;
    u64 begin;
    if (processor_count() == 1)
        return NO;
    for (u32 i = 0; i < (u32)(ap_end - ap_start); i++)
        to[i] = ap_start[i];
    command = RUN;
    obeyed = STOP;
    send_ipi(0, ICR_OTHERS | ICR_ASSERT | ICR_INIT);
    wait_cycles(10000000);
    for (u32 i = 0; i < 2 && !ready; i++) {
        send_ipi(0, ICR_OTHERS | ICR_ASSERT | ICR_STARTUP | STARTUP_PAGE);
        begin = clock_cycles();
        while (!ready && clock_cycles() - begin < patience / 2)
            __asm__ volatile("pause");
    }
    return ready;
}

static void order(enum command wanted)
{
    u64 begin = clock_cycles();
    command = wanted;
    if (obeyed == HALT)
        send_ipi(ap_apic_id, VEC_AP);
    while (obeyed != wanted)
        if (clock_cycles() - begin > patience)
            panic("the second processor no longer answers", obeyed);
}

/* Back when it runs, with interrupts on. */
void second_processor_runs(void)
{
    order(RUN);
}

/*
 * Back when it has been in HLT for some milliseconds: a hypervisor may poll for a while
 * (KVM: halt_poll_ns) before it takes the virtual processor off its core.
 */
void second_processor_halts(void)
{
    order(HALT);
    wait_cycles(10000000);
}

void stop_second_processor(void)
{
    order(STOP);
}
