/* What the parts of the guest share. */
#ifndef PROBE_H
#define PROBE_H

#define VERSION "1.1"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum { NO = 0, YES = 1 };

/* Exit codes of QEMU's isa-debug-exit: its status is code * 2 + 1. */
enum { EXIT_DONE = 16, EXIT_SELF_TEST = 126, EXIT_PANIC = 127 };

/* ---- The register table, registers.h, generated from the seed ---- */

enum plan {
    PLAN_OWN,       /* write back what was read; `value` when it could not be read */
    PLAN_VALUE,     /* write `value`, then restore */
    PLAN_ZERO,      /* write 0, then restore */
    PLAN_ESR,       /* write 0; in x2APIC mode also 1 */
    PLAN_EOI,       /* with nothing, an edge and a level interrupt in service */
    PLAN_ICR,       /* IPIs to itself, see also messages.c */
    PLAN_SELF_IPI
};

enum row_flags {
    VECTOR = 1,         /* the slots are members of one register */
    DISRUPTIVE = 2,     /* written only on demand: may inhibit AVIC for the VM */
    X2APIC_ABSENT = 4,  /* reserved in x2APIC mode, where 0 is written */
    NAMED = 8           /* a register, and no run of reserved addresses */
};

enum { NONE = 0xFFFF };  /* no xAPIC offset, or no MSR */

struct row {
    const char *slug;
    u16 offset, msr;    /* of the first slot */
    u16 slots;
    u8 plan, flags;
    u32 value;
    u64 reserved;       /* the bits that the manual reserves; 31:0 in xAPIC mode */
};

extern const struct row rows[];
extern const u32 row_count;

/* Index of a register: xAPIC offset >> 4, which is also MSR - 800h (APM volume 2, 16.11.1). */
enum {
    ID = 0x02, TPR = 0x08, PPR = 0x0A, EOI = 0x0B, LDR = 0x0D, SVR = 0x0F, ISR = 0x10, TMR = 0x18,
    IRR = 0x20, ESR = 0x28, ICR = 0x30, ICRH = 0x31, LVT_TIMER = 0x32, LVT_ERROR = 0x37,
    TIMER_INITIAL = 0x38, TIMER_DIVIDE = 0x3E, SELF_IPI = 0x3F
};

/* APIC_BASE, MSR 1Bh (APM volume 2, chapter 16). */
enum { APIC_BASE = 0x1B, APIC_BASE_EXTD = 0x400, APIC_BASE_EN = 0x800 };

/* ICR fields (APM volume 2, chapter 16; in x2APIC mode 16.13). */
enum {
    ICR_BUSY = 1 << 12, ICR_RESERVED = 1 << 13, ICR_ASSERT = 1 << 14, ICR_LEVEL = 1 << 15,
    ICR_LOGICAL = 1 << 11, ICR_SELF = 1 << 18, ICR_ALL = 2 << 18, ICR_OTHERS = 3 << 18,
    ICR_LOWEST = 1 << 8, ICR_SMI = 2 << 8, ICR_REMOTE_READ = 3 << 8, ICR_NMI = 4 << 8,
    ICR_INIT = 5 << 8, ICR_STARTUP = 6 << 8, ICR_EXTERNAL = 7 << 8
};

enum { LVT_MASKED = 1 << 16, LVT_TSC_DEADLINE = 1 << 18, SVR_ON = 0x1FF, SVR_OFF = 0xFF };

/* Vectors of the guest's own interrupts. */
enum {
    VEC_LOW = 15,           /* below 16, and no exception either */
    VEC_ICR = 0xE0, VEC_LVT = 0xE1, VEC_SELF_IPI = 0xE2, VEC_EDGE = 0xE3, VEC_LEVEL = 0xE4, VEC_AP = 0xE5,
    VEC_SPURIOUS = 0xFF
};

/* ---- Options: words of the command line ---- */

struct options {
    u8 x2apic, marker_cpuid, lines, disruptive, memory;
    u32 repeat;
    const char *only;   /* slugs with commas between, or 0 for all */
};

extern struct options options;
void read_words(const char *line);
int is_chosen(const char *slug);

/* ---- Results ---- */

enum why {
    WHY_INITIAL, WHY_PATTERN, WHY_OWN_VALUE, WHY_RESERVED_BITS, WHY_BUSY, WHY_BIT18,
    WHY_NONZERO, WHY_ZERO, WHY_EOI_NONE, WHY_EOI_EDGE, WHY_EOI_LEVEL, WHY_SELF_FIXED,
    WHY_SELF_IPI, WHY_SELF_PHYSICAL, WHY_SELF_LEVEL, WHY_LOW_VECTOR, WHY_TO_RUNNING,
    WHY_TO_HALTED, WHY_LOGICAL, WHY_LOWEST, WHY_OTHERS, WHY_ALL, WHY_LEVEL, WHY_NMI, WHY_INIT,
    WHY_STARTUP, WHY_REMOTE_READ, WHY_EXTERNAL, WHY_SMI, WHY_ABSENT_TARGET, WHY_APIC_BASE,
    WHY_OTHER_MODE, WHY_WIDTH, WHY_OFFSET, WHY_DISABLE, WHY_DISABLED, WHY_UNMASKED, WHY_COUNTING
};

enum kind { KIND_ACCESS, KIND_IRQS, KIND_SKIP, KIND_NOTE };
enum { UNKNOWN = 2 };   /* of `effect`: the guest cannot see it */

struct record {
    u8 kind, why, write, msr;
    u8 x2apic, member, has_member, has_read_back;
    u8 fault, effect;   /* fault: 0, 13 or 14 */
    u8 width;           /* of the access, in bytes */
    u16 rep, reg, esr;
    u32 err, seq, cycles;
    u64 value, read_back;
    const char *slug, *text;
};

void serial_init(void);
void memory_init(void);
void human(const char *text);
void human_row(u32 number, const char *slug);
void json_start(void);
void json_self_test(u32 pf, u32 gp);
void json_apic_test(u32 ipi);
void emit(const struct record *r);
void emit_skip(const char *what, const char *why);
void finish(void) __attribute__((noreturn));
void panic(const char *what, u32 value) __attribute__((noreturn));
void leave(u32 code) __attribute__((noreturn));

/* Text and numbers into the line being made, and the line to the serial port. */
void put(const char *text);
void put_hex(u64 value, u32 digits);
void put_dec(u32 value);
void send_json(void);
void send_human(void);
void put_checksum(void);
void put_clock(void);
void put_processor(void);
void print_record(const struct record *r);
void print_kept(void);

/* ---- Faults and interrupts ---- */

struct frame {
    u64 r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;     /* what C may change */
    u64 vector, error, rip, cs, rflags, rsp, ss;
};

struct fault { u32 vector, error; u64 address; };

extern struct fault fault;          /* the last one that was caught */
extern volatile u32 fixup;          /* where to go on, 0 when a fault is unexpected */
extern volatile u32 arrived[256];   /* interrupts taken, by vector */

void faults_init(void);
void load_idt(void);
void self_test(void);
u32 take_interrupt(u32 vector);

/* ---- Accesses ---- */

#define APIC_PAGE 0xFEE00000u       /* after reset, and never moved */

struct touch { u32 address, lo, hi, begin, end, cycles; };

struct slot {
    const struct row *row;
    u16 reg;        /* xAPIC offset or MSR */
    u8 msr;         /* by MSR */
    u8 member;
    u8 width;       /* of an access to the page in bytes; 0 for the usual four */
};

extern u8 in_x2apic;            /* the mode the boot processor is in */
extern u32 marker_by_cpuid;
extern u32 sequence, repetition;
extern u32 quiet_faults;        /* faults of accesses outside the markers */

int touch_read(struct record *r, const struct slot *slot, u8 why);
int touch_write(struct record *r, const struct slot *slot, u64 value, u8 why);
void mark_end_of_measuring(void);
u64 quiet_read(u32 index);
void quiet_write(u32 index, u64 value);
u64 quiet_rdmsr(u32 msr);
void quiet_wrmsr(u32 msr, u64 value);
void send_ipi(u32 target, u32 command);
void reset_state(void);

/* ---- The sweep ---- */

void sweep(void);
struct slot slot_of(const struct row *row, u32 number);
const struct row *row_named(const char *slug);
void run_eoi(const struct slot *slot);
void run_icr(const struct slot *slot);
void run_self_ipi(const struct slot *slot);
void test_apic(void);
void run_apic_base(void);
void write_and_take(const struct slot *slot, u64 value, u8 why);
void emit_irqs(u32 seq, u32 vector, u32 count);
void wait_cycles(u64 cycles);
void run_messages(void);
void run_shapes(void);
void run_other_way(void);
void run_disabled(void);
void run_unmasked(void);
void enter_x2apic(void);

/* ---- The second processor ---- */

enum { STARTUP_PAGE = 8 };  /* where it starts: 8000h */
enum { AP_LOGICAL = 2 };    /* its logical ID in xAPIC mode; the boot processor has none */

int start_second_processor(void);
void stop_second_processor(void);
void second_processor_runs(void);
void second_processor_halts(void);
void ap_took(u32 vector);
u64 own_id(void);
extern volatile u32 ap_apic_id;
extern volatile u32 ap_arrived, ap_nmis, ap_starts;  /* what reached it */

/* ---- Instructions ---- */

static inline void outb(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void cpuid(u32 leaf, u32 out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(0));
}

static inline u64 clock_cycles(void)
{
    u32 lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (u64)hi << 32 | lo;
}

/* A register on the APIC's page. */
static inline volatile u32 *on_page(u32 index)
{
    return (volatile u32 *)(u64)(APIC_PAGE + (index << 4));
}

void *memcpy(void *to, const void *from, u64 count);
int same(const char *a, const char *b);

#endif
