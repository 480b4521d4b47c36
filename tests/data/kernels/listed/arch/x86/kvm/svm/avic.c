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
bool avic_check_apicv_inhibit_reasons(enum kvm_apicv_inhibit reason)
{
	ulong heeded = BIT(APICV_INHIBIT_REASON_DISABLED) |
		       BIT(APICV_INHIBIT_REASON_ABSENT);

	return heeded & BIT(reason);
}
