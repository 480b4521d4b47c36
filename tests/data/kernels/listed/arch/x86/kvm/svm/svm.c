#define X2APIC_MSR(x) (APIC_BASE_MSR + (x >> 4))
static const struct msrs_let { u32 index; bool always; } lets[MOST] = {
#ifdef CONFIG_X86_64
	{ .index = 0xc0000081, .always = true },
#endif
	{ .index = X2APIC_MSR(APIC_ID), .always = false },
	{ .index = X2APIC_MSR(APIC_ISR), .always = false },
};

void set_msr_interception(struct kvm_vcpu *vcpu, u32 *msrpm, u32 msr,
			  int read, int write)
{
	do_what_is_not_read(vcpu);
}

void svm_set_x2apic_msr_interception(struct vcpu_svm *svm, bool intercept)
{
	int i;

	if (intercept == svm->x2avic_msrs_intercepted)
		return;
	if (avic_mode != AVIC_MODE_X2)
		return;
	for (i = 0; i < MOST; i++) {
		int index = lets[i].index;

		if ((index < APIC_BASE_MSR) || (index > APIC_BASE_MSR + 0xff))
			continue;
		set_msr_interception(&svm->vcpu, svm->msrpm, index, !intercept, !intercept);
	}
	svm->x2avic_msrs_intercepted = intercept;
}
