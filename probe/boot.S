/*
 * Entry of the guest: multiboot header, flat segments, interrupt stubs.
 *
 * QEMU's loader (-kernel) enters at `start` in 32-bit protected mode with paging and
 * interrupts off, EAX = 2BADB002h, EBX = address of the multiboot information.
 */
#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000002      /* tell us about memory; ELF headers say the rest */

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .globl start
start:
    cli
    cld
    mov $stack_top, %esp
    lgdt gdt_pointer
    ljmp $0x08, $1f
1:  mov $0x10, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %fs
    mov %ecx, %gs
    mov %ecx, %ss
    push %ebx
    push %eax
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
    push (%esp)
    movl $0, 4(%esp)
enter_trap:
    addl $128, (%esp)
    pusha
    push %esp                           /* struct frame *, see probe.h */
    cld
    call trap
    add $4, %esp
    popa
    add $8, %esp                        /* vector and error code */
    iret

    .data
    .align 8
    .globl gdt
gdt:
    .quad 0
    .quad 0x00CF9A000000FFFF            /* 08h: code, base 0, 4 GiB */
    .quad 0x00CF92000000FFFF            /* 10h: data, base 0, 4 GiB */
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
