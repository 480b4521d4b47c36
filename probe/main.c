/* The order of things: one boot, one mode. */
#include "probe.h"

enum { MULTIBOOT_LOADED = 0x2BADB002, HAS_COMMAND_LINE = 1 << 2 };
enum { PIC1_DATA = 0x21, PIC2_DATA = 0xA1 };
enum { X2APIC_BIT = 1 << 21 };  /* CPUID Fn0000_0001_ECX (APM volume 3, appendix E) */

struct multiboot { u32 flags, lower, upper, boot_device, command_line; };

/* What gcc may call even without a library. */
void *memset(void *to, int value, u64 count)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, u64 count)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    return to;
}

static int has_x2apic(void)
{
    u32 r[4];
    cpuid(1, r);
    return (r[2] & X2APIC_BIT) != 0;
}

static void heading(void)
{
    put("# vapic-probe ");
    put(VERSION);
    put(": local-APIC accesses in ");
    put(options.x2apic ? "x2APIC" : "xAPIC");
    put(" mode, repeat=");
    put_dec(options.repeat);
    send_human();
    human(options.lines ? "results line by line" : "results follow when all is measured");
}

/* Called by boot.S with what the loader left. */
void guest_main(u32 magic, const struct multiboot *info)
{
    serial_init();
    if (magic != MULTIBOOT_LOADED)
        panic("not started by a multiboot loader", magic);
    faults_init();
    if (info->flags & HAS_COMMAND_LINE)
        read_words((const char *)(u64)info->command_line);
    heading();
    json_start();
    self_test();
    /* No ExtINT: a pending one inhibits AVIC. */
    outb(PIC1_DATA, 0xFF);
    outb(PIC2_DATA, 0xFF);
    marker_by_cpuid = options.marker_cpuid;
    reset_state();
    if (options.x2apic && !has_x2apic()) {
        emit_skip("x2apic", "CPUID Fn0000_0001_ECX[21] is 0: no x2APIC mode here");
        finish();
    }
    if (options.x2apic)
        enter_x2apic();
    test_apic();
    sweep();
    run_shapes();
    run_other_way();
    run_disabled();
    run_unmasked();
    run_messages();
    if (!has_x2apic())
        emit_skip("apic-base", "no x2APIC mode here, hence no transition");
    else if (is_chosen("apic-base"))
        run_apic_base();
    finish();
}
