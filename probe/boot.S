/*
 * Entry of the guest: multiboot header, page tables, long mode, interrupt stubs.
 *
 * QEMU's loader (-kernel) enters at `start` in 32-bit protected mode with paging and
 * interrupts off, EAX = 2BADB002h, EBX = address of the multiboot information. From there it
 * goes straight to long mode: a KVM may take 64-bit guests only, and then has 32-bit paging
 * nowhere.
 */
#include "modes.h"

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000002      /* tell us about memory; ELF headers say the rest */

/* Page-table entries (APM volume 2, chapter 5). */
#define PRESENT_WRITE   0x03
#define UNCACHED        0x18            /* PCD and PWT */
#define LARGE           0x80            /* a page of 2 MiB */
#define MAPPED          32              /* 64 MiB from 0: all memory */
#define APIC_2M         0xFEE00000      /* holds the APIC's page after reset */

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .globl start
    .code32
start:
    cli
    cld
    mov %eax, %ebp
    /* Four tables: the first two lead to the directory of 0-1 GiB and to that of 3-4 GiB. */
    mov $page_tables, %edi
    xor %eax, %eax
    mov $4096, %ecx
    rep stosl
    movl $page_tables + 0x1000 + PRESENT_WRITE, page_tables
    movl $page_tables + 0x2000 + PRESENT_WRITE, page_tables + 0x1000
    movl $page_tables + 0x3000 + PRESENT_WRITE, page_tables + 0x1000 + 3 * 8
    /* Memory, the APIC uncached, and the rest absent so that there is a #PF to see. */
    mov $PRESENT_WRITE + LARGE, %eax
1:  mov %eax, page_tables + 0x2000(, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $MAPPED, %ecx
    jne 1b
    movl $APIC_2M + PRESENT_WRITE + UNCACHED + LARGE, \
        page_tables + 0x3000 + (APIC_2M >> 21 & 511) * 8
    lgdt gdt_pointer
    to_long_mode
    ljmp $0x08, $long_mode

    .code64
long_mode:
    load_data_segments
    mov $stack_top, %esp
    mov %ebp, %edi
    mov %ebx, %esi
    call guest_main
2:  cli                                 /* guest_main does not return */
    hlt
    jmp 2b

/*
 * 256 stubs of 8 bytes: the vector, less 128 so that it fits one byte, and a jump. Vectors 8,
 * 10-14, 17, 21, 29 and 30 come with an error code (APM volume 2, Table 8-1); for the others
 * a zero is put in its place, so that one frame serves all.
 */
    .align 8
    .globl stubs
stubs:
    .set vector, 0
    .rept 256
    .align 8
    push $(vector - 128)
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
        vector == 21 || vector == 29 || vector == 30
    jmp enter_trap
    .else
    jmp enter_without_error
    .endif
    .set vector, vector + 1
    .endr

enter_without_error:
    push (%rsp)
    movq $0, 8(%rsp)
enter_trap:
    addq $128, (%rsp)
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    mov %rsp, %rdi                      /* struct frame *, see probe.h */
    cld
    call trap
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp                       /* vector and error code */
    iretq

    .data
    .align 8
    .globl gdt
gdt:
    .quad 0
    .quad 0x00AF9A000000FFFF            /* 08h: 64-bit code */
    .quad 0x00CF92000000FFFF            /* 10h: data */
    .globl gdt_pointer
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .bss
    .align 16
    .skip 16384
    .globl stack_top
stack_top:
    .skip 4096
    .globl ap_stack_top
ap_stack_top:
