/*
 * A processor with an x2APIC that does what truth.h, the table of an exported test, expects: a
 * process in which RDMSR, WRMSR, STI and CLI fault, and are carried out here. With VAPIC_TRACE
 * it writes what a host traces of it: nothing exits but the markers, and writes of SVR, as a trap.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <ucontext.h>
#include "standin.h"
#include "truth.h"

enum { LENGTH = 2, GP = 13, EVENT = 1000000 };

static uint64_t held[256];
static void (*handlers[256])(isr_regs_t *regs);
static unsigned int in_service, of_level, pending, pending_level, vector, tests, failed, skipped;
static unsigned long long ticks;
static FILE *trace;

static void event(const char *format, ...)
{
	va_list parts;

	if (!trace)
		return;
	fprintf(trace, "       CPU 0/KVM-2101   [003] %llu.%06llu: ", 512 + ++ticks / EVENT, ticks % EVENT);
	va_start(parts, format);
	vfprintf(trace, format, parts);
	va_end(parts);
	fputc('\n', trace);
}

static void left(const char *reason, unsigned long rip, unsigned long long info)
{
	event("kvm_exit: vcpu 0 reason %s rip 0x%lx info1 0x%016llx info2 0x%016llx intr_info "
	      "0x00000000 error_code 0x00000000", reason, rip, info, 0ULL);
}

static int expected(u32 msr, int access, uint64_t value)
{
	for (unsigned int i = 0; i < VAPIC_COUNT; i++)
		if (vapic_checks[i].msr == msr && vapic_checks[i].access == access &&
		    (access == VAPIC_READ || vapic_checks[i].value == value))
			return vapic_checks[i].expected == VAPIC_GP ? GP : 0;
	return 0;
}

static uint64_t bits(unsigned int bank, unsigned int set)
{
	return set && set / 32 == bank ? 1u << set % 32 : 0;
}

int rdmsr_safe(u32 msr, uint64_t *value)
{
	vector = expected(msr, VAPIC_READ, 0);
	if (!vector)
		*value = msr >> 3 == 0x810 >> 3 ? bits(msr & 7, in_service) :
			 msr >> 3 == 0x818 >> 3 ? bits(msr & 7, of_level) : held[msr & 0xFF];
	return vector;
}

int wrmsr_safe(u32 msr, uint64_t value)
{
	vector = expected(msr, VAPIC_WRITE, value);
	if (vector)
		return vector;
	held[msr & 0xFF] = value;
	if (msr == 0x80B)
		in_service = 0;
	if (msr == 0x83F || (msr == 0x830 && value & 0x40000)) {
		pending = value & 0xFF;
		pending_level = value & 0x8000 ? pending : 0;
	}
	return 0;
}

void wrmsr(u32 msr, uint64_t value)
{
	wrmsr_safe(msr, value);
}

static void let_in(void)
{
	isr_regs_t regs = { 0 };

	if (!pending)
		return;
	in_service = pending;
	of_level = pending_level;
	pending = 0;
	handlers[in_service](&regs);
}

static void carry_out(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const unsigned char *at = (const unsigned char *)regs[REG_RIP];
	uint64_t value = (uint64_t)(u32)regs[REG_RDX] << 32 | (u32)regs[REG_RAX];
	u32 msr = (u32)regs[REG_RCX];

	(void)number, (void)info;
	if (*at == 0xFB || *at == 0xFA) {
		regs[REG_RIP] += 1;
		if (*at == 0xFB)
			let_in();
		return;
	}
	if (at[0] != 0x0F || (at[1] != 0x32 && at[1] != 0x30))
		abort();
	regs[REG_RIP] += LENGTH;
	if (at[1] == 0x30) {
		if (!wrmsr_safe(msr, value) && msr == 0x80F)
			left("avic_unaccelerated_access", regs[REG_RIP], 0x1000000F0);
	} else if (!rdmsr_safe(msr, &value)) {
		regs[REG_RAX] = (u32)value;
		regs[REG_RDX] = value >> 32;
	}
}

unsigned int exception_vector(void)
{
	return vector;
}

unsigned long long rdtsc(void)
{
	return __builtin_ia32_rdtsc();
}

struct cpuid cpuid(u32 leaf)
{
	static const union { char text[13]; u32 words[3]; } name = { "AuthenticAMD" }, kvm = { "KVMKVMKVM" };

	if (leaf == 0)
		return (struct cpuid){ 1, name.words[0], name.words[2], name.words[1] };
	if (leaf == 1)
		return (struct cpuid){ 0xA10F11, 0, 1u << 31, 0 };
	return (struct cpuid){ leaf, kvm.words[0], kvm.words[1], kvm.words[2] };
}

void outl(uint32_t value, unsigned long port)
{
	left("io", 0x400100, port);
	event("kvm_pio: pio_write at 0x%lx size 4 count 1 val 0x%x ", port, value);
}

/* The first that the test asks for: from here on what faults is carried out. */
int enable_x2apic(void)
{
	return true;
}

void mask_pic_interrupts(void)
{
}

void handle_irq(unsigned int number, void (*handler)(isr_regs_t *regs))
{
	handlers[number] = handler;
}

static void told(const char *word, const char *format, va_list parts)
{
	tests++;
	printf("%s: ", word);
	vprintf(format, parts);
	putchar('\n');
}

bool report(bool pass, const char *format, ...)
{
	va_list parts;

	va_start(parts, format);
	told(pass ? "PASS" : "FAIL", format, parts);
	va_end(parts);
	failed += !pass;
	return pass;
}

void report_skip(const char *format, ...)
{
	va_list parts;

	va_start(parts, format);
	told("SKIP", format, parts);
	va_end(parts);
	skipped++;
}

int report_summary(void)
{
	printf("SUMMARY: %u tests, %u unexpected failures, %u skipped\n", tests, failed, skipped);
	return failed > 0;
}

static __attribute__((constructor)) void begin(void)
{
	struct sigaction action = { .sa_sigaction = carry_out, .sa_flags = SA_SIGINFO };
	const char *path = getenv("VAPIC_TRACE");

	sigaction(SIGSEGV, &action, NULL);
	trace = path ? fopen(path, "w") : NULL;
}
