/* What both processors do on their way to long mode. For assembly only. */
#define CR4_PAE  0x20
#define EFER     0xC0000080
#define EFER_LME 0x100
#define CR0_PG_WP_PE 0x80010001

    /* CR4.PAE, CR3, EFER.LME, then CR0 at once: from real mode just as from protected mode. */
    .macro to_long_mode
    mov %cr4, %eax
    or $CR4_PAE, %eax
    mov %eax, %cr4
    mov $page_tables, %eax
    mov %eax, %cr3
    mov $EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    or $CR0_PG_WP_PE, %eax
    mov %eax, %cr0
    .endm

    .macro load_data_segments
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    .endm
