/* The command line: words, each of which must match exactly. */
#include "probe.h"

struct options options = { .repeat = 20 };

enum { MAX_REPEAT = 60 };

static char words[1024];

int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The rest of `word` when it begins with `prefix`, else 0. */
static const char *after(const char *word, const char *prefix)
{
    while (*prefix)
        if (*word++ != *prefix++)
            return 0;
    return word;
}

static u32 number(const char *digits)
{
    u32 value = 0;
    if (!*digits)
        panic("repeat= needs a number", 0);
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9' || value > MAX_REPEAT)
            panic("repeat= needs a number from 1 to 60", 0);
        value = value * 10 + (u32)(*digits - '0');
    }
    if (value < 1 || value > MAX_REPEAT)
        panic("repeat= needs a number from 1 to 60", value);
    return value;
}

/* Every slug of only= must exist: a typo would measure nothing. */
static void check_only(const char *list)
{
    static char slug[32];
    while (*list) {
        u32 n = 0;
        while (*list && *list != ',' && n < sizeof slug - 1)
            slug[n++] = *list++;
        slug[n] = 0;
        if (!row_named(slug) && !same(slug, "apic-base"))
            panic("only= names no register", 0);
        if (*list == ',')
            list++;
    }
}

static void read_word(const char *word)
{
    const char *rest;
    if (same(word, "apic=xapic"))
        options.x2apic = NO;
    else if (same(word, "apic=x2apic"))
        options.x2apic = YES;
    else if (same(word, "marker=port"))
        options.marker_cpuid = NO;
    else if (same(word, "marker=cpuid"))
        options.marker_cpuid = YES;
    else if (same(word, "late"))
        options.lines = NO;
    else if (same(word, "lines"))
        options.lines = YES;
    else if (same(word, "results=serial"))
        options.memory = NO;
    else if (same(word, "results=memory"))
        memory_init();
    else if (same(word, "disruptive"))
        options.disruptive = YES;
    else if ((rest = after(word, "repeat=")))
        options.repeat = number(rest);
    else if ((rest = after(word, "only="))) {
        check_only(rest);
        options.only = rest;
    } else
        panic("the command line has a word that the probe does not know", 0);
}

/*
 * Read the options. QEMU puts the path of the kernel first, and that path is not ours to
 * read: it may hold any word. Options begin behind the last "--", or else behind the first
 * word; "--" is for paths with spaces in them.
 */
void read_words(const char *line)
{
    char *list[64];
    u32 count = 0, first = 1, n = 0;
    while (line[n] && n < sizeof words - 1) {
        words[n] = line[n];
        n++;
    }
    words[n] = 0;
    if (line[n])
        panic("the command line is too long", n);
    for (char *at = words; *at;) {
        while (*at == ' ')
            *at++ = 0;
        if (!*at)
            break;
        if (count == sizeof list / sizeof *list)
            panic("the command line has too many words", count);
        list[count++] = at;
        while (*at && *at != ' ')
            at++;
    }
    for (u32 i = 0; i < count; i++)
        if (same(list[i], "--"))
            first = i + 1;
    for (u32 i = first; i < count; i++)
        read_word(list[i]);
}

int is_chosen(const char *slug)
{
    const char *list = options.only;
    if (!list)
        return YES;
    while (*list) {
        const char *rest = after(list, slug);
        if (rest && (!*rest || *rest == ','))
            return YES;
        while (*list && *list++ != ',')
            ;
    }
    return NO;
}
