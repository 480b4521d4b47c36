/*
 * The measured accesses: of the page in four widths, and by MSR. Each is exactly
 *
 *     BEGIN marker; RDTSC; the access; RDTSC; END marker
 *
 * with interrupts off, in assembly so that no compiler can put anything in between. The
 * addresses of the access and of the instruction behind it are exported (touch_sites): a
 * trace names the instruction pointer of an exit, and "at" or "behind" the access is what
 * tells a fault from a trap (APM volume 2, 15.29.3.1).
 *
 * void touch_...(struct touch *t): t->address is a linear address or an MSR number, t->lo
 * and t->hi the value, t->begin and t->end the markers, t->cycles the time between them.
 */
#define ADDRESS 0
#define LO      4
#define HI      8
#define BEGIN   12
#define END     16
#define CYCLES  20

#define MARKER_PORT  0x7E0
#define MARKER_LEAF  0x7E0A91C0

    .macro mark field
    movl \field(%rsi), %eax
    cmpl $0, marker_by_cpuid
    jne 1f
    movl $MARKER_PORT, %edx
    outl %eax, %dx
    jmp 2f
1:  movl %eax, %ecx                     /* KVM's kvm_cpuid event prints EAX and ECX */
    movl $MARKER_LEAF, %eax
    cpuid
2:
    .endm

    /* LFENCE keeps the two readings of the clock on their sides of the access. */
    .macro clock_on
    lfence
    rdtsc
    movl %eax, %edi
    lfence
    .endm

    .macro clock_off
    lfence
    rdtsc
    subl %edi, %eax
    movl %eax, CYCLES(%rsi)
    .endm

    /* Where the handler of #GP and #PF goes on: behind the access. */
    .macro enter next
    push %rbx
    mov %rdi, %rsi
    movl $\next, fixup
    mark BEGIN
    .endm

    .macro leave_touch
    clock_off
    mark END
    movl $0, fixup
    pop %rbx
    ret
    .endm

    .text
    .globl touch_mmio_read8, touch_mmio_read16, touch_mmio_read32, touch_mmio_read64
    .globl touch_mmio_write8, touch_mmio_write16, touch_mmio_write32, touch_mmio_write64
    .globl touch_rdmsr, touch_wrmsr, touch_sites

    /* A read of the page; `load` is the access, always into RAX, which held 0. */
    .macro page_read name, load:vararg
touch_mmio_read\name:
    enter mmio_read\name\()_next
    movl ADDRESS(%rsi), %ebx
    clock_on
    xorl %eax, %eax
mmio_read\name:
    \load
mmio_read\name\()_next:
    movq %rax, LO(%rsi)
    leave_touch
    .endm

    .macro page_write name, store:vararg
touch_mmio_write\name:
    enter mmio_write\name\()_next
    movl ADDRESS(%rsi), %ebx
    movq LO(%rsi), %rcx
    clock_on
mmio_write\name:
    \store
mmio_write\name\()_next:
    leave_touch
    .endm

    page_read 32, movl (%rbx), %eax
    page_read 8, movb (%rbx), %al
    page_read 16, movw (%rbx), %ax
    page_read 64, movq (%rbx), %rax
    page_write 32, movl %ecx, (%rbx)
    page_write 8, movb %cl, (%rbx)
    page_write 16, movw %cx, (%rbx)
    page_write 64, movq %rcx, (%rbx)

touch_rdmsr:
    enter rdmsr_next
    movl ADDRESS(%rsi), %ecx
    clock_on
rdmsr_site:
    rdmsr
rdmsr_next:
    movl %eax, LO(%rsi)
    movl %edx, HI(%rsi)
    leave_touch

touch_wrmsr:
    enter wrmsr_next
    movl ADDRESS(%rsi), %ecx
    clock_on
    movl LO(%rsi), %eax
    movl HI(%rsi), %edx
wrmsr_site:
    wrmsr
wrmsr_next:
    leave_touch

    .section .rodata
    .align 4
touch_sites:                            /* in the order of the words in events.c */
    .long mmio_read32, mmio_read32_next, mmio_write32, mmio_write32_next
    .long rdmsr_site, rdmsr_next, wrmsr_site, wrmsr_next
    .long mmio_read8, mmio_read8_next, mmio_write8, mmio_write8_next
    .long mmio_read16, mmio_read16_next, mmio_write16, mmio_write16_next
    .long mmio_read64, mmio_read64_next, mmio_write64, mmio_write64_next
