#ifndef _ASM_X86_APICDEF_H
#define _ASM_X86_APICDEF_H
#define APIC_ID 0x20
#define APIC_TASKPRI 0x80
#define APIC_EOI 0xB0
#define APIC_LDR 0xD0
#define APIC_ISR 0x100 /* eight of them */
#define APIC_ISR_NR 0x8
#define APIC_LVTCMCI 0x2f0
#define APIC_ICR 0x300
#define APIC_TMCCT 0x390
#define APIC_SELF_IPI 0x3F0
#define APIC_BASE_MSR 0x800
#endif
