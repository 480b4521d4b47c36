/* What an exported test asks of kvm-unit-tests; machine.c answers. */
#ifndef STANDIN_H
#define STANDIN_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef uint32_t u32;
typedef struct { unsigned long rip; } isr_regs_t;
struct cpuid { u32 a, b, c, d; };

/* A fault goes on behind the instruction, where the label stands. */
#define ASM_TRY(catch) ""

int rdmsr_safe(u32 msr, uint64_t *value);
int wrmsr_safe(u32 msr, uint64_t value);
void wrmsr(u32 msr, uint64_t value);
unsigned int exception_vector(void);
unsigned long long rdtsc(void);
struct cpuid cpuid(u32 leaf);
void outl(uint32_t value, unsigned long port);
int enable_x2apic(void);
void mask_pic_interrupts(void);
void handle_irq(unsigned int vector, void (*handler)(isr_regs_t *regs));
bool report(bool pass, const char *format, ...);
void report_skip(const char *format, ...);
int report_summary(void);
#endif
