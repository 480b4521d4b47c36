# A guest that is its own firmware, 64 KiB below 1 MiB and again below 4 GiB: the PIC asks for an
# interrupt while the processor takes none, so that KVM waits for an IRQ window. The last byte
# says what comes then:
#   0  nothing: the window never comes
#   1  the window, at once, and so with every tick of the PIT, 18 times a second
#   2  the window, once: from then on the local APIC's timer ticks, and the PIC is silent
# Memory has a stack and nothing else: the tables are in the ROM, so their accessed bits are set.
.equ BASE, 0xf0000
.equ TIMER, 0x40
.text
.code16
start:
	cli
	lgdtl %cs:gdtr - start
	mov $1, %eax
	mov %eax, %cr0
	ljmpl $8, $BASE + flat - start
	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long BASE + gdt - start
idtr:	.word 256 * 8 - 1
	.long BASE + idt - start

.code32
flat:	mov $16, %eax
	mov %eax, %ds
	mov %eax, %ss
	mov $0x7000, %esp
	lidt BASE + idtr - start
	# The PIC: edges, vector 20h, alone, no automatic EOI; IRQ 0 and no other (BL is its mask).
	mov $0x11, %al
	out %al, $0x20
	mov $0x20, %al
	out %al, $0x21
	mov $4, %al
	out %al, $0x21
	mov $1, %al
	out %al, $0x21
	mov $0xfe, %bl
	mov %bl, %al
	out %al, $0x21
	# The PIT: channel 0, again and again, as slow as it gets.
	mov $0x34, %al
	out %al, $0x43
	mov $0, %al
	out %al, $0x40
	out %al, $0x40
	# LINT0 is masked, and with AVIC on what is written to the local APIC does not come to KVM. So
	# it is off, which lets the PIC through, and is set up while KVM waits for a window: AVIC is
	# inhibited then.
	mov $0x1b, %ecx
	mov $0xfee00100, %eax
	mov $0, %edx
	wrmsr
	call tick
	mov $0xfee00900, %eax
	wrmsr
	movl $0x1ff, 0xfee000f0
	movl $0x700, 0xfee00350
again:	sti
	nop
	nop
	cli
	call tick
	mov BASE + 0xffff, %al
	cmp $1, %al
	je again
	ja timer
hang:	pause
	jmp hang

timer:	# Periodic, divided by 128. The guest sleeps: KVM counts on a processor that would wake it.
	movl $0x20000 | TIMER, 0xfee00320
	movl $0xa, 0xfee003e0
	movl $250000, 0xfee00380
	mov $0xff, %bl
	mov $100000, %ecx
	sti
1:	loop 1b
	cli
2:	hlt
	jmp 2b

tick:	# Until the PIC's IRR has the request.
	mov $0x0a, %al
	out %al, $0x20
1:	in $0x20, %al
	test $1, %al
	jz 1b
	ret

pic:	push %eax
	mov %bl, %al
	out %al, $0x21
	mov $0x20, %al
	out %al, $0x20
	pop %eax
	iret

local:	movl $0, 0xfee000b0
	iret

	# Gates of interrupts: only these two come.
.macro gate to
	.word \to - start, 8, 0x8e00, BASE >> 16
.endm
	.balign 8
idt:	.fill 0x20, 8, 0
	gate pic
	.fill 0x1f, 8, 0
	gate local
	.fill 256 - 0x41, 8, 0
	.org 0xfff0
	.code16
	ljmp $BASE >> 4, $0
	.org 0x10000
