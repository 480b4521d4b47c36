#define APIC_REG_MASK(reg) (1ull << ((reg) >> 4))
#define APIC_REGS_MASK(first, count) \
	(APIC_REG_MASK(first) * ((1ull << (count)) - 1))

static u64 readable(struct kvm_lapic *apic)
{
	u64 mask =
		APIC_REG_MASK(APIC_ID) |
		APIC_REG_MASK(APIC_TMCCT) |
		APIC_REGS_MASK(APIC_ISR, APIC_ISR_NR);

	if (kvm_lapic_lvt_supported(apic, LVT_CMCI))
		mask |= APIC_REG_MASK(APIC_LVTCMCI);
	if (!apic_x2apic_mode(apic))
		mask |= APIC_REG_MASK(APIC_LDR);
	return mask;
}

u64 kvm_x2apic_disable_read_intercept_reg_mask(struct kvm_vcpu *vcpu)
{
	if (WARN_ON_ONCE(!lapic_in_kernel(vcpu)))
		return 0;
	return readable(vcpu->arch.apic) & ~APIC_REG_MASK(APIC_TMCCT);
}
