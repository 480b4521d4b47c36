/*
 * Start of the second processor.
 *
 * A STARTUP IPI with vector 08h starts it in real mode at 0800h:0000h (APM volume 2, chapter
 * 16, on interprocessor interrupts), so these bytes are copied to 8000h. QEMU puts its
 * multiboot information at 9000h and above, and by then it has been read.
 */
#include "modes.h"

    .text
    .globl ap_start, ap_end
    .code16
ap_start:
    cli
    cld
    lgdtl %cs:(ap_gdt - ap_start)
    to_long_mode
    ljmpl $0x08, $ap_long_mode
    .align 4
ap_gdt:
    .word 23                            /* the three descriptors of boot.S */
    .long gdt
ap_end:

    .code64
ap_long_mode:
    load_data_segments
    lock incl ap_starts
    mov $1, %eax                        /* one processor takes part, all others stop here */
    lock xchg %eax, ap_taken
    test %eax, %eax
    jnz 1f
    mov $ap_stack_top, %esp
    call ap_main
1:  cli
    hlt
    jmp 1b

    .data
    .align 4
ap_taken:
    .long 0
    .globl ap_starts
ap_starts:
    .long 0
