/*
 * Lines, and where they go: the serial port, or memory that the host reads afterwards. A line
 * that begins with {"event": is JSON and counts in the checksum; every other line is for
 * whoever reads the log.
 */
#include "probe.h"

enum { COM1 = 0x3F8, LINE_CONTROL = 3, FIFO_CONTROL = 2, LINE_STATUS = 5 };
enum { FIFO_EMPTY = 0x20, FIFO_BYTES = 16 };
enum { EXIT_PORT = 0xF4 };
#define CRC32_POLYNOMIAL 0xEDB88320u    /* reflected, as zlib and Ethernet use it */

/*
 * The log in memory, from 16 MiB to the end of the 64 MiB that boot.S maps: the length of the
 * text so far and the CRC-32 of the JSON lines in it, so that what a guest left that never ended
 * can be read, too.
 */
struct log { char magic[8]; u32 length, crc; char text[]; };
enum { LOG_ROOM = (48 << 20) - sizeof(struct log) };
static struct log *const in_memory = (struct log *)(16ul << 20);

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

void memory_init(void)
{
    *in_memory = (struct log){ "VAPICLOG", 0, 0 };
    options.memory = YES;
}

/* No exit at all. */
static void keep_line(void)
{
    if (in_memory->length + length > LOG_ROOM)
        leave(EXIT_PANIC);
    memcpy(in_memory->text + in_memory->length, line, length);
    in_memory->length += length;
    in_memory->crc = ~crc;
    length = 0;
}

/* Sixteen bytes at a time, and under KVM each byte is an exit of the virtual machine. */
static void send(void)
{
    const char *at = line;
    if (options.memory)
        keep_line();
    while (length) {
        u64 count = length < FIFO_BYTES ? length : FIFO_BYTES;
        length -= (u32)count;
        while (!(inb(COM1 + LINE_STATUS) & FIFO_EMPTY))
            ;
        __asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(COM1) : "memory");
    }
}

void put(const char *text)
{
    u64 count = 0;
    while (text[count])
        count++;
    if (count > sizeof line - 1 - length)
        count = sizeof line - 1 - length;
    memcpy(line + length, text, count);
    length += (u32)count;
}

void put_hex(u64 value, u32 digits)
{
    char text[19] = "0x";
    text[2 + digits] = 0;
    for (u32 i = 1 + digits; i > 1; i--, value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
    put(text);
}

void put_dec(u32 value)
{
    char digits[11], *at = digits + 10;
    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    put(at);
}

void send_human(void)
{
    put("\n");
    send();
}

void send_json(void)
{
    put("\n");
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
