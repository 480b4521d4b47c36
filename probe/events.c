/* The events of the protocol: what each JSON line holds. README.md describes them. */
#include "probe.h"

enum { MAX_RECORDS = 140000 };

extern const u32 touch_sites[20];   /* touch.S */

static struct record kept[MAX_RECORDS];
static u32 kept_count;
static u32 accesses;

static const char *const whys[] = {
    [WHY_INITIAL] = "initial", [WHY_PATTERN] = "pattern", [WHY_OWN_VALUE] = "own-value",
    [WHY_RESERVED_BITS] = "reserved-bits", [WHY_BUSY] = "busy", [WHY_BIT18] = "bit18",
    [WHY_NONZERO] = "nonzero", [WHY_ZERO] = "zero", [WHY_EOI_NONE] = "eoi-none",
    [WHY_EOI_EDGE] = "eoi-edge", [WHY_EOI_LEVEL] = "eoi-level",
    [WHY_SELF_FIXED] = "self-fixed", [WHY_SELF_IPI] = "self-ipi",
    [WHY_TO_RUNNING] = "to-running", [WHY_TO_HALTED] = "to-halted",
    [WHY_ABSENT_TARGET] = "absent-target", [WHY_APIC_BASE] = "apic-base",
    [WHY_OTHER_MODE] = "other-mode", [WHY_WIDTH] = "width", [WHY_OFFSET] = "offset",
    [WHY_SELF_PHYSICAL] = "self-physical", [WHY_SELF_LEVEL] = "self-level",
    [WHY_LOW_VECTOR] = "low-vector", [WHY_LOGICAL] = "logical", [WHY_LOWEST] = "lowest",
    [WHY_OTHERS] = "others", [WHY_ALL] = "all", [WHY_LEVEL] = "level", [WHY_NMI] = "nmi",
    [WHY_INIT] = "init", [WHY_STARTUP] = "startup", [WHY_REMOTE_READ] = "remote-read",
    [WHY_EXTERNAL] = "external", [WHY_SMI] = "smi", [WHY_DISABLE] = "disable",
    [WHY_DISABLED] = "disabled", [WHY_UNMASKED] = "unmasked", [WHY_COUNTING] = "counting",
};

/* ,"key":"text" */
static void field(const char *key, const char *text)
{
    put(",\"");
    put(key);
    put("\":\"");
    put(text);
    put("\"");
}

/* ,"key":"0x..." */
static void field_hex(const char *key, u64 value, u32 digits)
{
    put(",\"");
    put(key);
    put("\":\"");
    put_hex(value, digits);
    put("\"");
}

/* ,"key":123 */
static void field_dec(const char *key, u32 value)
{
    put(",\"");
    put(key);
    put("\":");
    put_dec(value);
}

/* The instructions of the accesses: [its address, the address behind it]. */
static void put_sites(void)
{
    static const char *const names[] = {
        "mmio-read", "mmio-write", "rdmsr", "wrmsr", "mmio-read-8", "mmio-write-8",
        "mmio-read-16", "mmio-write-16", "mmio-read-64", "mmio-write-64",
    };
    put(",\"insns\":{");
    for (u32 i = 0; i < sizeof names / sizeof *names; i++) {
        put(i ? ",\"" : "\"");
        put(names[i]);
        put("\":[\"");
        put_hex(touch_sites[2 * i], 8);
        put("\",\"");
        put_hex(touch_sites[2 * i + 1], 8);
        put("\"]");
    }
    put("}");
}

void json_start(void)
{
    put("{\"event\":\"start\",\"schema\":1,\"tool\":\"vapic-probe\"");
    field("version", VERSION);
    field("apic", options.x2apic ? "x2apic" : "xapic");
    put_clock();
    put_processor();
    field("marker", options.marker_cpuid ? "cpuid" : "port");
    field_dec("repeat", options.repeat);
    put_sites();
    put("}");
    send_json();
}

void json_self_test(u32 pf, u32 gp)
{
    put("{\"event\":\"selftest\"");
    field_dec("pf", pf);
    field_dec("gp", gp);
    put("}");
    send_json();
}

void json_apic_test(u32 ipi)
{
    put("{\"event\":\"selftest\"");
    field_dec("ipi", ipi);
    put("}");
    send_json();
}

static void put_outcome(const struct record *r, u32 digits)
{
    if (r->fault && !r->write)
        put(",\"value\":null");
    else
        field_hex("value", r->value, digits);
    if (r->has_read_back)
        field_hex("read_back", r->read_back, digits);
    if (r->fault)
        field("fault", r->fault == 14 ? "#PF" : "#GP");
    else
        put(",\"fault\":null");
    field_hex("err", r->err, 4);
    field_hex("esr", r->esr, 2);
    field_dec("cycles", r->cycles);
    field("why", whys[r->why]);
    if (r->effect != UNKNOWN)
        put(r->effect ? ",\"effect\":true" : ",\"effect\":false");
}

static void print_access(const struct record *r)
{
    put("{\"event\":\"access\"");
    field_dec("seq", r->seq);
    field_dec("rep", r->rep);
    field("apic", r->x2apic ? "x2apic" : "xapic");
    field("op", r->write ? "write" : "read");
    field("via", r->msr ? "msr" : "mmio");
    field_hex("reg", r->reg, 3);
    field("slug", r->slug);
    if (r->has_member)
        field_dec("member", r->member);
    field_dec("width", r->width * 8u);
    put_outcome(r, r->width * 2u);
    put("}");
    send_json();
}

/* Print one result; `text` and `slug` are the words of a skip or a note. */
void print_record(const struct record *r)
{
    if (r->kind == KIND_ACCESS) {
        print_access(r);
        return;
    }
    if (r->kind == KIND_IRQS) {
        put("{\"event\":\"irqs\"");
        field_dec("seq", r->seq);
        field_hex("vector", r->reg, 2);
        field_dec("count", (u32)r->value);
    } else {
        put(r->kind == KIND_SKIP ? "{\"event\":\"skip\"" : "{\"event\":\"note\"");
        field("what", r->slug);
        field("why", r->text);
    }
    put("}");
    send_json();
}

/* A result: printed at once, or kept so that nothing is sent while measuring. */
void emit(const struct record *r)
{
    accesses += r->kind == KIND_ACCESS;
    if (options.lines)
        print_record(r);
    else if (kept_count < MAX_RECORDS)
        kept[kept_count++] = *r;
    else
        panic("too many results to keep; use fewer repeats, or the word lines", kept_count);
}

void emit_skip(const char *what, const char *why)
{
    struct record r = { .kind = KIND_SKIP, .slug = what, .text = why };
    emit(&r);
}

/* What was kept, once: also before a panic, whose cause may be the last access. */
void print_kept(void)
{
    u32 count = kept_count;
    const char *slug = 0;
    kept_count = 0;
    for (u32 i = 0; i < count; i++) {
        if (kept[i].kind == KIND_ACCESS && kept[i].slug != slug)
            human(slug = kept[i].slug);
        print_record(&kept[i]);
    }
}

/* End of measuring: print what was kept, the count and the checksum, and leave. */
void finish(void)
{
    mark_end_of_measuring();
    print_kept();
    put("{\"event\":\"end\"");
    field_dec("accesses", accesses);
    field_dec("quiet_faults", quiet_faults);
    put("}");
    send_json();
    put_checksum();
    human("finished");
    leave(EXIT_DONE);
}
