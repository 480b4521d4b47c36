static void avic_set_x2apic_msr_interception(struct vcpu_svm *svm, bool intercept)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;
	u64 rd_regs;
	int i;

	rd_regs = kvm_x2apic_disable_read_intercept_reg_mask(vcpu);
	for_each_set_bit(i, (unsigned long *)&rd_regs, BITS_PER_TYPE(rd_regs))
		svm_set_intercept_for_msr(vcpu, APIC_BASE_MSR + i,
					  MSR_TYPE_R, intercept);
	svm_set_intercept_for_msr(vcpu, X2APIC_MSR(APIC_EOI), MSR_TYPE_W, intercept);
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
