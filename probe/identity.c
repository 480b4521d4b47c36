/* Who measures and when: CPUID, and the clock that the firmware keeps. */
#include "probe.h"

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };
enum { CMOS_STATUS_A = 0x0A, CMOS_STATUS_B = 0x0B, CMOS_CENTURY = 0x32 };
enum { UPDATING = 0x80, BINARY = 0x04, HOUR_24 = 0x02, PM = 0x80 };

/* CPUID bits (APM volume 3, appendix E). */
enum { HYPERVISOR_PRESENT = 1u << 31 };

/* Text of registers that CPUID returns, without what would break a line of JSON. */
static void put_text(const u32 *words, u32 count)
{
    char text[49];
    u32 n = 0, first = 0;
    for (u32 i = 0; i < count * 4; i++) {
        char c = (char)(words[i / 4] >> i % 4 * 8);
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            continue;
        text[n++] = c;
    }
    while (n && text[n - 1] == ' ')
        n--;
    text[n] = 0;
    while (text[first] == ' ')
        first++;
    put(text + first);
}

static void put_brand(u32 last_extended)
{
    u32 words[12];
    put(",\"brand\":\"");
    if (last_extended >= 0x80000004) {
        for (u32 i = 0; i < 3; i++)
            cpuid(0x80000002 + i, words + 4 * i);
        put_text(words, 12);
    }
    put("\"");
}

/* ,"vendor": ... ,"svm_edx": of the processor that this guest sees. */
void put_processor(void)
{
    u32 r[4], last_extended;
    cpuid(0, r);
    put(",\"vendor\":\"");
    put_text((const u32[]){ r[1], r[3], r[2] }, 3);
    put("\"");
    cpuid(0x80000000, r);
    last_extended = r[0];
    put_brand(last_extended);
    cpuid(1, r);
    put(",\"cpuid1_eax\":\"");
    put_hex(r[0], 8);
    put("\",\"hypervisor\":\"");
    if (r[2] & HYPERVISOR_PRESENT) {
        cpuid(0x40000000, r);
        put_text(r + 1, 3);
    }
    put("\"");
    if (last_extended < 0x8000000A)
        return;
    cpuid(0x8000000A, r);
    put(",\"svm_edx\":\"");
    put_hex(r[3], 8);
    put("\"");
}

static u8 cmos(u8 index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static u32 decimal(u8 value, u8 status)
{
    return status & BINARY ? value : (u32)(value >> 4) * 10 + (value & 15);
}

/* Seconds, minutes, hours, day, month, year, century; 0 when there is no clock. */
static int read_clock(u32 out[7])
{
    static const u8 index[7] = { 0, 2, 4, 7, 8, 9, CMOS_CENTURY };
    u8 raw[7], again[7], status;
    u32 tries = 0, moved;
    do {
        moved = 0;
        for (u32 wait = 0; cmos(CMOS_STATUS_A) & UPDATING && wait < 100000; wait++)
            ;
        for (u32 i = 0; i < 7; i++)
            raw[i] = cmos(index[i]);
        for (u32 i = 0; i < 7; i++) {
            again[i] = cmos(index[i]);
            moved |= raw[i] != again[i];
        }
    } while (moved && ++tries < 10);
    status = cmos(CMOS_STATUS_B);
    for (u32 i = 0; i < 7; i++)
        out[i] = decimal(i == 2 ? raw[i] & 0x7F : raw[i], status);
    if (!(status & HOUR_24))
        out[2] = out[2] % 12 + (raw[2] & PM ? 12 : 0);
    return !moved && out[0] < 60 && out[1] < 60 && out[2] < 24 && out[3] >= 1 && out[3] <= 31 &&
           out[4] >= 1 && out[4] <= 12 && out[5] < 100 && out[6] >= 20 && out[6] < 30;
}

static void put_two(u32 value, const char *behind)
{
    if (value < 10)
        put("0");
    put_dec(value);
    put(behind);
}

/* ,"measured_at": in UTC, as QEMU sets the clock; left out where there is none. */
void put_clock(void)
{
    u32 now[7];
    if (!read_clock(now))
        return;
    put(",\"measured_at\":\"");
    put_two(now[6], "");
    put_two(now[5], "-");
    put_two(now[4], "-");
    put_two(now[3], "T");
    put_two(now[2], ":");
    put_two(now[1], ":");
    put_two(now[0], "Z\"");
}
