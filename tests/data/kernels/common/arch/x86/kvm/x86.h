enum msr_ways { MSR_TYPE_R = BIT(0), MSR_TYPE_W = BIT(1), MSR_TYPE_RW = MSR_TYPE_R | MSR_TYPE_W };
