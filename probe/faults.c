/* Page tables, the interrupt table, and what happens on a fault or an interrupt. */
#include "probe.h"

enum { VEC_GP = 13, VEC_PF = 14, FIRST_INTERRUPT = 32 };

/* Page directory entries of 4 MiB pages (APM volume 2, chapter 5). */
enum {
    PDE_PRESENT = 1 << 0, PDE_WRITE = 1 << 1, PDE_WRITE_THROUGH = 1 << 3,
    PDE_CACHE_OFF = 1 << 4, PDE_4M = 1 << 7
};
enum { MAPPED = 4 };                /* 16 MiB from 0: the guest and its results */
#define APIC_PAGE_4M  0xFEC00000u   /* holds FEE00000h, the APIC's page after reset */
#define ABSENT        0x10000000u   /* an address that no page maps, for the self-test */

struct gate { u16 low, selector, type, high; };

extern const u8 stubs[256][8];      /* boot.S */
extern const u8 stack_top[], ap_stack_top[];
extern u32 page_directory[1024];    /* link.ld */

struct fault fault;
volatile u32 fixup;
volatile u32 arrived[256];

static struct gate idt[256] __attribute__((aligned(16)));

void faults_init(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 address = (u32)stubs[i];
        idt[i] = (struct gate){ (u16)address, 0x08, 0x8E00, (u16)(address >> 16) };
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

/* Map memory and the APIC, uncached; leave the rest absent so that there is a #PF to see. */
void paging_init(void)
{
    for (u32 i = 0; i < 1024; i++)
        page_directory[i] = i < MAPPED ? i << 22 | PDE_4M | PDE_WRITE | PDE_PRESENT : 0;
    page_directory[APIC_PAGE_4M >> 22] =
        APIC_PAGE_4M | PDE_4M | PDE_CACHE_OFF | PDE_WRITE_THROUGH | PDE_WRITE | PDE_PRESENT;
    paging_on();
}

/* CR4.PSE, CR3, then CR0.PG and CR0.WP: of each processor. */
void paging_on(void)
{
    u32 value;
    __asm__ volatile("mov %%cr4, %0; or $0x10, %0; mov %0, %%cr4" : "=&r"(value) : : "cc");
    __asm__ volatile("mov %0, %%cr3" : : "r"(page_directory) : "memory");
    __asm__ volatile("mov %%cr0, %0; or $0x80010000, %0; mov %0, %%cr0"
                     : "=&r"(value) : : "cc", "memory");
}

/* Only the boot processor measures; the other has a stack of its own (boot.S). */
static int on_second_processor(const struct frame *frame)
{
    return (u32)frame < (u32)ap_stack_top && (u32)frame >= (u32)stack_top;
}

/*
 * Called by every stub. A #GP or #PF of an access goes on at `fixup`; any other exception is
 * a bug of the guest. Interrupts are only counted: their EOI is itself something to measure,
 * and is written afterwards. The second processor alone writes its own.
 */
void trap(struct frame *frame)
{
    u32 vector = frame->vector;
    if (vector >= FIRST_INTERRUPT) {
        arrived[vector]++;
        if (vector == VEC_AP)
            ap_end_of_interrupt();
        return;
    }
    if ((vector != VEC_GP && vector != VEC_PF) || !fixup || on_second_processor(frame))
        panic("an exception that no access expects, at", frame->eip);
    fault.vector = vector;
    fault.error = frame->error;
    fault.address = 0;
    if (vector == VEC_PF)
        __asm__ volatile("mov %%cr2, %0" : "=r"(fault.address));
    frame->eip = fixup;
    fixup = 0;
}

/* One #PF (a page that is absent) and one #GP (a selector beyond the GDT), on purpose. */
void self_test(void)
{
    u32 pf, gp, value;
    fault.vector = 0;
    __asm__ volatile("movl $1f, %1; movl (%2), %0; 1:"
                     : "=r"(value), "=m"(fixup) : "r"(ABSENT) : "memory");
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

/* Let interrupts in until `vector` has arrived or it has had its time; 1 when it came. */
u32 take_interrupt(u32 vector)
{
    const u64 patience = 2000000;   /* cycles: about a millisecond */
    u32 before = arrived[vector];
    u64 begin = clock_cycles();
    do
        __asm__ volatile("sti; nop; nop; cli" : : : "memory");
    while (arrived[vector] == before && clock_cycles() - begin < patience);
    return arrived[vector] - before;
}
