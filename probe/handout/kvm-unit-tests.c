@HEAD@
#include "libcflat.h"
#include "apic.h"
#include "desc.h"
#include "isr.h"
#include "msr.h"
#include "processor.h"
#include "asm/io.h"
#include "vapic_checks.h"

/*
 * The marker around each access, for a trace of the host: 31:28 Bh begin or Eh end, 26 x2APIC
 * mode, 25 by MSR, 24 a write, 23:16 the MSR's last byte, 15:0 the number of the check. None
 * where mark is 0.
 */
enum { MARKER_PORT = 0x7E0, PATIENCE = 4000000 };
#define MARKER_BEGIN	0xB6000000u
#define MARKER_END	0xE6000000u
#define MARKER_OVER	0xFFFFFFFFu

/* Where the instructions stand; each is two bytes long. */
static unsigned long rdmsr_at, wrmsr_at;

static void on_interrupt(isr_regs_t *regs)
{
	vapic_arrived++;
	if (!vapic_hold)
		wrmsr(0x80B, 0);
}

static void vapic_let_in(unsigned int before)
{
	unsigned long long begin = rdtsc();

	asm volatile("sti" : : : "memory");
	while (vapic_arrived == before && rdtsc() - begin < PATIENCE)
		asm volatile("pause");
	asm volatile("cli" : : : "memory");
}

static int vapic_get(unsigned int msr, unsigned long long *value)
{
	uint64_t read = 0;
	int vector = rdmsr_safe(msr, &read);

	if (!vector)
		*value = read;
	return vector;
}

static int vapic_put(unsigned int msr, unsigned long long value)
{
	return wrmsr_safe(msr, value);
}

static int touch(int write, u32 msr, unsigned long long *value, u32 mark)
{
	u32 lo = *value, hi = *value >> 32;

	if (mark)
		outl(MARKER_BEGIN | mark, MARKER_PORT);
	if (write)
		asm volatile("lea 2f(%%rip), %0\n\t" ASM_TRY("1f") "2: wrmsr\n\t1:"
			     : "=&r"(wrmsr_at) : "a"(lo), "d"(hi), "c"(msr) : "memory");
	else
		asm volatile("lea 2f(%%rip), %0\n\t" ASM_TRY("1f") "2: rdmsr\n\t1:"
			     : "=&r"(rdmsr_at), "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	if (mark)
		outl(MARKER_END | mark, MARKER_PORT);
	*value = (unsigned long long)hi << 32 | lo;
	return exception_vector();
}

/* By way of a pointer, so that there is one copy of it and each instruction has one address. */
static int (*volatile touch_once)(int, u32, unsigned long long *, u32) = touch;

static int vapic_touch(unsigned int number, unsigned long long *value)
{
	const struct vapic_check *check = &vapic_checks[number];
	int write = check->access == VAPIC_WRITE;

	return touch_once(write, check->msr, value,
			  (u32)write << 24 | (check->msr & 0xFF) << 16 | ((number + 1) & 0xFFFF));
}

/* Twice each, outside the checks: they fetch the code and learn its addresses. */
static void find_places(void)
{
	unsigned long long value = 0;
	int i;

	for (i = 0; i < 2; i++) {
		touch_once(0, 0x803, &value, 0);
		value = 0;
		touch_once(1, 0x828, &value, 0);
	}
}

static void tell_machine(void)
{
	struct cpuid name = cpuid(0), hypervisor = cpuid(0x40000000);
	u32 vendor[] = { name.b, name.d, name.c, 0 };
	u32 under[] = { hypervisor.b, hypervisor.c, hypervisor.d, 0 };
	int is_guest = cpuid(1).c >> 31 & 1;

	snprintf(vapic_text, sizeof(vapic_text),
		 "vapic guest: %s 0x%x under %s, rdmsr at 0x%lx, wrmsr at 0x%lx",
		 (char *)vendor, cpuid(1).a, is_guest ? (char *)under : "nothing", rdmsr_at, wrmsr_at);
	vapic_sum();
	printf("%s\n", vapic_text);
}

int main(void)
{
	struct vapic_result result;
	unsigned int i;
	int how;

	asm volatile("cli" : : : "memory");
	if (!enable_x2apic()) {
		report_skip("vapic: no x2APIC mode here");
		return report_summary();
	}
	mask_pic_interrupts();
	handle_irq(VAPIC_VECTOR, on_interrupt);
	handle_irq(VAPIC_LEVEL_VECTOR, on_interrupt);
	printf("%s\n", vapic_begin());
	find_places();
	tell_machine();
	for (i = 0; i < VAPIC_COUNT; i++) {
		vapic_run(i, &result);
		how = vapic_line(i, &result);
		if (how < 0)
			report_skip("%s", vapic_text);
		else
			report(how, "%s", vapic_text);
	}
	outl(MARKER_OVER, MARKER_PORT);
	vapic_reset();
	printf("%s\n", vapic_end());
	return report_summary();
}
