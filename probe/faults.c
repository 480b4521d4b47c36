/* The interrupt table, and what happens on a fault or an interrupt. */
#include "probe.h"

enum { VEC_NMI = 2, VEC_GP = 13, VEC_PF = 14, FIRST_INTERRUPT = 32 };

#define ABSENT        0x10000000u   /* an address that no page maps, for the self-test */

struct gate { u16 low, selector, type, middle; u32 high, reserved; };

extern const u8 stubs[256][8];      /* boot.S */
extern const u8 stack_top[], ap_stack_top[];

struct fault fault;
volatile u32 fixup;
volatile u32 arrived[256];

static struct gate idt[256] __attribute__((aligned(16)));

void faults_init(void)
{
    for (u32 i = 0; i < 256; i++) {
        u64 address = (u64)stubs[i];
        idt[i] = (struct gate){ (u16)address, 0x08, 0x8E00, (u16)(address >> 16), 0, 0 };
    }
    load_idt();
}

void load_idt(void)
{
    struct { u16 limit; const void *base; } __attribute__((packed)) pointer = {
        sizeof idt - 1, idt
    };
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

/* Only the boot processor measures; the other has a stack of its own (boot.S). */
static int on_second_processor(const struct frame *frame)
{
    return (u64)frame < (u64)ap_stack_top && (u64)frame >= (u64)stack_top;
}

/*
 * Called by every stub. A #GP or #PF of an access goes on at `fixup`; any other exception is
 * a bug of the guest. Interrupts are only counted: their EOI is itself something to measure,
 * and is written afterwards. The second processor alone writes its own.
 */
void trap(struct frame *frame)
{
    u32 vector = (u32)frame->vector;
    if (on_second_processor(frame) && (vector >= FIRST_INTERRUPT || vector == VEC_NMI)) {
        ap_took(vector);
        return;
    }
    if (vector >= FIRST_INTERRUPT || vector == VEC_LOW) {
        arrived[vector]++;
        return;
    }
    if ((vector != VEC_GP && vector != VEC_PF) || !fixup || on_second_processor(frame))
        panic("an exception that no access expects, at", (u32)frame->rip);
    fault.vector = vector;
    fault.error = (u32)frame->error;
    fault.address = 0;
    if (vector == VEC_PF)
        __asm__ volatile("mov %%cr2, %0" : "=r"(fault.address));
    frame->rip = fixup;
    fixup = 0;
}

/* One #PF (a page that is absent) and one #GP (a selector beyond the GDT), on purpose. */
void self_test(void)
{
    u32 pf, gp, value;
    fault.vector = 0;
    __asm__ volatile("movl $1f, %1; movl (%2), %0; 1:"
                     : "=r"(value), "=m"(fixup) : "r"((u64)ABSENT) : "memory");
    pf = fault.vector == VEC_PF && fault.address == ABSENT;
    fault.vector = 0;
    __asm__ volatile("movl $1f, %0; mov %1, %%fs; 1:"
                     : "=m"(fixup) : "r"(0xFFF8) : "memory");
    gp = fault.vector == VEC_GP;
    json_self_test(pf, gp);
    if (!pf || !gp)
        leave(EXIT_SELF_TEST);
    fixup = 0;
    fault.vector = 0;
}

/*
 * Let interrupts in until `vector` has arrived or it has had its time; 1 when it came. They stay
 * on meanwhile: a KVM that emulates STI may not look for what is pending before CLI otherwise.
 */
u32 take_interrupt(u32 vector)
{
    const u64 patience = 4000000;   /* cycles: a millisecond or two */
    u32 before = arrived[vector];
    u64 begin = clock_cycles();
    __asm__ volatile("sti" : : : "memory");
    while (arrived[vector] == before && clock_cycles() - begin < patience)
        __asm__ volatile("pause");
    __asm__ volatile("cli" : : : "memory");
    return arrived[vector] - before;
}
