#define X2APIC_MSR(r) (APIC_BASE_MSR + ((r) >> 4))
enum lvts { LVT_TIMER, LVT_CMCI };
