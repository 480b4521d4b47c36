/* What an exported test asks of the kernel's KVM selftests: to be compiled, not to be run. */
#ifndef STANDIN_H
#define STANDIN_H
#include <stdint.h>

struct ex_regs { uint64_t rip; };
struct kvm_vcpu;
struct kvm_vm;
struct ucall { uint64_t cmd, args[7]; };
enum { UCALL_NONE, UCALL_SYNC, UCALL_ABORT, UCALL_DONE };

uint64_t rdtsc(void);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t value);
uint8_t rdmsr_safe(uint32_t msr, uint64_t *value);
uint8_t wrmsr_safe(uint32_t msr, uint64_t value);
void x2apic_enable(void);
void ucall(uint64_t cmd, int count, ...);
#define GUEST_SYNC_ARGS(stage, a, b, c, d) ucall(UCALL_SYNC, 6, "hello", stage, a, b, c, d)
#define GUEST_DONE() ucall(UCALL_DONE, 0)

struct kvm_vm *vm_create_with_one_vcpu(struct kvm_vcpu **vcpu, void *guest);
void vm_install_exception_handler(struct kvm_vm *vm, int vector, void (*handler)(struct ex_regs *));
void vcpu_run(struct kvm_vcpu *vcpu);
uint64_t get_ucall(struct kvm_vcpu *vcpu, struct ucall *uc);
void kvm_vm_free(struct kvm_vm *vm);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define REPORT_GUEST_ASSERT(uc) fail("%s", (const char *)(uintptr_t)(uc).args[0])
#define TEST_ASSERT(holds, ...) do { if (!(holds)) fail(__VA_ARGS__); } while (0)
#endif
