/*
 * The serial port, and lines on it. A line that begins with {"event": is JSON and counts in
 * the checksum; every other line is for whoever reads the log.
 */
#include "probe.h"

enum { COM1 = 0x3F8, LINE_CONTROL = 3, FIFO_CONTROL = 2, LINE_STATUS = 5 };
enum { FIFO_EMPTY = 0x20, FIFO_BYTES = 16 };
enum { EXIT_PORT = 0xF4 };
#define CRC32_POLYNOMIAL 0xEDB88320u    /* reflected, as zlib and Ethernet use it */

static char line[1024];
static u32 length;
static u32 crc = 0xFFFFFFFF;
static u32 crc_table[256];
static u32 json_lines;

void serial_init(void)
{
    outb(COM1 + 1, 0);                  /* no interrupts */
    outb(COM1 + LINE_CONTROL, 3);       /* 8 bits, no parity */
    outb(COM1 + FIFO_CONTROL, 7);       /* FIFOs on and empty */
    for (u32 i = 0; i < 256; i++) {
        u32 value = i;
        for (u32 bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ CRC32_POLYNOMIAL : value >> 1;
        crc_table[i] = value;
    }
}

/* Sixteen bytes at a time: each I/O instruction is an exit of the virtual machine. */
static void send(void)
{
    const char *at = line;
    while (length) {
        u64 count = length < FIFO_BYTES ? length : FIFO_BYTES;
        length -= (u32)count;
        while (!(inb(COM1 + LINE_STATUS) & FIFO_EMPTY))
            ;
        __asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(COM1) : "memory");
    }
}

static void put_char(char c)
{
    if (length < sizeof line - 1)
        line[length++] = c;
}

void put(const char *text)
{
    while (*text)
        put_char(*text++);
}

void put_hex(u64 value, u32 digits)
{
    put("0x");
    while (digits--)
        put_char("0123456789abcdef"[value >> digits * 4 & 15]);
}

void put_dec(u32 value)
{
    char digits[10];
    u32 n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        put_char(digits[--n]);
}

void send_human(void)
{
    put_char('\n');
    send();
}

void send_json(void)
{
    put_char('\n');
    for (u32 i = 0; i < length; i++)
        crc = crc_table[(crc ^ (u8)line[i]) & 0xFF] ^ crc >> 8;
    json_lines++;
    send();
}

void put_checksum(void)
{
    put("{\"event\":\"checksum\",\"crc32\":\"");
    put_hex(~crc, 8);
    put("\",\"lines\":");
    put_dec(json_lines);
    put("}");
    send_human();                       /* it does not count itself */
}

void human(const char *text)
{
    put("# ");
    put(text);
    send_human();
}

/* Progress: [ 3/34] tpr */
void human_row(u32 number, const char *slug)
{
    put(number < 10 ? "# [ " : "# [");
    put_dec(number);
    put("/");
    put_dec(row_count);
    put("] ");
    put(slug);
    send_human();
}

/* End the virtual machine, by QEMU's isa-debug-exit; stop where there is none. */
void leave(u32 code)
{
    outl(EXIT_PORT, code);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void panic(const char *what, u32 value)
{
    length = 0;
    print_kept();
    put("{\"event\":\"panic\",\"what\":\"");
    put(what);
    put("\",\"value\":\"");
    put_hex(value, 8);
    put("\"}");
    send_json();
    put_checksum();
    leave(EXIT_PANIC);
}
