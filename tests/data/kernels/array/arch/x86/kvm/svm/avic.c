static void avic_set_x2apic_msr_interception(struct vcpu_svm *svm, bool intercept)
{
	static const u32 lets[] = {
		X2APIC_MSR(APIC_ID),
		X2APIC_MSR(APIC_ISR),
	};
	int i;

	if (intercept == svm->x2avic_msrs_intercepted || !x2avic_enabled)
		return;
	for (i = 0; i < ARRAY_SIZE(lets); i++)
		svm_set_intercept_for_msr(&svm->vcpu, lets[i], MSR_TYPE_RW, intercept);
}
static bool is_avic_unaccelerated_access_trap(u32 offset)
{
	bool ret = false;

	switch (offset) {
	case APIC_ID:
	case APIC_EOI:
		ret = true;
		break;
	default:
		break;
	}
	return ret;
}
