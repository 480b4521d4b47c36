@HEAD@
#include <stdio.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "apic.h"
#include "vapic_checks.h"

enum { PASSED = 0, FAILED = 1, SKIPPED = 4, PATIENCE = 4000000 };

/* ---- In the guest ---- */

static void on_interrupt(struct ex_regs *regs)
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
	/* Trees differ in the name of the type. */
	typeof(rdmsr(0)) read = 0;
	int vector = rdmsr_safe(msr, &read);

	if (!vector)
		*value = read;
	return vector;
}

static int vapic_put(unsigned int msr, unsigned long long value)
{
	return wrmsr_safe(msr, value);
}

static int vapic_touch(unsigned int number, unsigned long long *value)
{
	const struct vapic_check *check = &vapic_checks[number];

	return check->access == VAPIC_WRITE ? vapic_put(check->msr, *value) :
					      vapic_get(check->msr, value);
}

static void guest_code(void)
{
	struct vapic_result result = {};
	unsigned int i;

	asm volatile("cli" : : : "memory");
	x2apic_enable();
	for (i = 0; i < VAPIC_COUNT; i++) {
		vapic_run(i, &result);
		GUEST_SYNC_ARGS(i, (unsigned long)result.value, (unsigned long)result.then,
				(unsigned long)(result.made | result.has_then << 1 |
						(result.effect + 1) << 2),
				(unsigned long)result.vector);
	}
	GUEST_DONE();
}

/* ---- On the host ---- */

static void tell(unsigned int number, const struct ucall *uc)
{
	struct vapic_result result = {
		.made = uc->args[4] & 1,
		.has_then = uc->args[4] >> 1 & 1,
		.effect = (int)(uc->args[4] >> 2) - 1,
		.vector = (int)uc->args[5],
		.value = uc->args[2],
		.then = uc->args[3],
	};
	int how = vapic_line(number, &result);

	printf("%s %u - %s%s\n", how ? "ok" : "not ok", number + 1, vapic_text,
	       how < 0 ? " # SKIP" : "");
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	unsigned int i;

	printf("TAP version 13\n1..%u\n", (unsigned int)VAPIC_COUNT);
	printf("# %s\n", vapic_begin());
	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	vm_install_exception_handler(vm, VAPIC_VECTOR, on_interrupt);
	vm_install_exception_handler(vm, VAPIC_LEVEL_VECTOR, on_interrupt);
	for (i = 0; ; i++) {
		vcpu_run(vcpu);
		switch (get_ucall(vcpu, &uc)) {
		case UCALL_SYNC:
			tell(i, &uc);
			continue;
		case UCALL_ABORT:
			REPORT_GUEST_ASSERT(uc);
			break;
		default:
			break;
		}
		break;
	}
	TEST_ASSERT(i == VAPIC_COUNT, "The guest ended after %u checks", i);
	printf("# %s\n", vapic_end());
	kvm_vm_free(vm);
	return vapic_failed ? FAILED : vapic_passed ? PASSED : SKIPPED;
}
