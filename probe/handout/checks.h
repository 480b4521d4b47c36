@HEAD@
#ifndef VAPIC_CHECKS_H
#define VAPIC_CHECKS_H

#define VAPIC_EXPECT	"@EXPECT@"
#define VAPIC_VERSION	"@VERSION@"
#define VAPIC_SITE	"@SITE@"

/* What a check expects of the guest's view: the vector of an exception, 0 where it completes. */
enum { VAPIC_ANY = -1, VAPIC_COMPLETED = 0, VAPIC_GP = 13 };
enum { VAPIC_READ, VAPIC_WRITE };
/* What has to be in service before it, or arrives behind it. */
enum { VAPIC_PLAIN, VAPIC_EDGE, VAPIC_LEVEL, VAPIC_ARRIVES };
enum { VAPIC_VECTOR = 0xE1, VAPIC_LEVEL_VECTOR = 0xE2 };

struct vapic_check {
	unsigned int msr;
	int access;
	unsigned long long value;
	int expected;
	int state;
	const char *reg, *why, *condition, *link;
};

/* MSR, access, value, expected, state, register, why, condition, link */
static const struct vapic_check vapic_checks[] = {
@ROWS@};

#define VAPIC_COUNT	(sizeof(vapic_checks) / sizeof(vapic_checks[0]))

/* What became of one: value is what was read, then what a write left behind. */
struct vapic_result {
	int made, vector, has_then, effect;
	unsigned long long value, then;
};

/*
 * What the harness gives: quiet accesses, the one that is checked, and a moment in which
 * interrupts are let in. They return the vector of an exception, 0 without one. The harness
 * counts arrivals, and its handler of interrupts writes EOI unless vapic_hold is set.
 */
static int vapic_get(unsigned int msr, unsigned long long *value);
static int vapic_put(unsigned int msr, unsigned long long value);
static int vapic_touch(unsigned int number, unsigned long long *value);
static void vapic_let_in(unsigned int before);
static volatile unsigned int vapic_arrived, vapic_hold;

static inline unsigned int vapic_bit(unsigned int bank, unsigned int vector)
{
	unsigned long long bits = 0;

	vapic_get(bank + vector / 32, &bits);
	return bits >> vector % 32 & 1;
}

/* The state that each check begins from: nothing in service, masked, stopped, no error. */
static inline void vapic_reset(void)
{
	unsigned long long bits;
	unsigned int bank, lvt, tries;

	for (bank = 0x810; bank < 0x818; bank++)
		for (tries = 0; tries < 32; tries++) {
			bits = 0;
			if (vapic_get(bank, &bits) || !bits)
				break;
			vapic_put(0x80B, 0);
		}
	vapic_put(0x808, 0);
	vapic_put(0x80F, 0x1FF);
	for (lvt = 0x832; lvt <= 0x837; lvt++)
		vapic_put(lvt, 0x10000);
	vapic_put(0x838, 0);
	vapic_put(0x83E, 0);
	vapic_put(0x828, 0);
}

/* Bring a vector into service by an IPI to this processor; 1 when that worked. */
static inline int vapic_serve(unsigned int vector, unsigned int trigger)
{
	unsigned int before = vapic_arrived;

	vapic_hold = 1;
	vapic_put(0x830, 0x40000 | trigger | vector);
	vapic_let_in(before);
	vapic_hold = 0;
	return vapic_bit(0x810, vector) && vapic_bit(0x818, vector) == !!trigger;
}

static inline void vapic_after_write(const struct vapic_check *check, struct vapic_result *result,
				     unsigned long long old, unsigned int before)
{
	if (check->state == VAPIC_ARRIVES && !result->vector) {
		vapic_let_in(before);
		result->effect = vapic_arrived != before;
	}
	if (check->state == VAPIC_EDGE)
		result->effect = !vapic_bit(0x810, VAPIC_VECTOR);
	if (check->state == VAPIC_LEVEL)
		result->effect = !vapic_bit(0x810, VAPIC_LEVEL_VECTOR);
	result->has_then = !vapic_get(check->msr, &result->then);
	/* ICR is what sends: it is not written again. */
	if (result->has_then && result->then != old && check->msr != 0x830)
		vapic_put(check->msr, old);
}

static inline void vapic_run(unsigned int number, struct vapic_result *result)
{
	const struct vapic_check *check = &vapic_checks[number];
	unsigned long long old = 0;
	unsigned int before;

	result->made = 1;
	result->effect = -1;
	result->has_then = 0;
	result->then = 0;
	vapic_reset();
	if (check->state == VAPIC_EDGE)
		result->made = vapic_serve(VAPIC_VECTOR, 0);
	if (check->state == VAPIC_LEVEL)
		result->made = vapic_serve(VAPIC_LEVEL_VECTOR, 0xC000);
	if (!result->made)
		return;
	if (check->access == VAPIC_WRITE)
		vapic_get(check->msr, &old);
	before = vapic_arrived;
	result->value = check->value;
	result->vector = vapic_touch(number, &result->value);
	if (check->access == VAPIC_WRITE)
		vapic_after_write(check, result, old, before);
}

/* ---- One line a check; the last one counts them, with the CRC-32 of all before it ---- */

static unsigned int vapic_crc = 0xFFFFFFFF, vapic_passed, vapic_failed, vapic_skipped;
static char vapic_text[320];

static inline void vapic_sum(void)
{
	const char *at;
	int bit;

	for (at = vapic_text; ; at++) {
		vapic_crc ^= (unsigned char)(*at ? *at : '\n');
		for (bit = 0; bit < 8; bit++)
			vapic_crc = vapic_crc >> 1 ^ (vapic_crc & 1 ? 0xEDB88320 : 0);
		if (!*at)
			return;
	}
}

static inline const char *vapic_word(int vector)
{
	switch (vector) {
	case VAPIC_ANY: return "any";
	case VAPIC_COMPLETED: return "completed";
	case VAPIC_GP: return "#GP";
	case 14: return "#PF";
	default: return "another exception";
	}
}

static inline const char *vapic_begin(void)
{
	snprintf(vapic_text, sizeof(vapic_text), "vapic begin: %u checks, expect %s, data %s, %s",
		 (unsigned int)VAPIC_COUNT, VAPIC_EXPECT, VAPIC_VERSION, VAPIC_SITE);
	vapic_sum();
	return vapic_text;
}

/* The text of a result; what became of it is 1 for passed, 0 for failed, -1 for skipped. */
static inline int vapic_line(unsigned int number, const struct vapic_result *result)
{
	const struct vapic_check *check = &vapic_checks[number];
	int skip = !result->made || check->expected == VAPIC_ANY;
	int passed = result->vector == check->expected, write = check->access == VAPIC_WRITE;
	char value[24] = "", then[32] = "";
	const char *effect = result->effect < 0 ? "" : result->effect ? ", effect" : ", no effect";

	if (write)
		snprintf(value, sizeof(value), " 0x%llx", check->value);
	if (result->made && !write && !result->vector)
		snprintf(then, sizeof(then), " 0x%llx", result->value);
	if (result->made && write && result->has_then)
		snprintf(then, sizeof(then), ", then 0x%llx", result->then);
	snprintf(vapic_text, sizeof(vapic_text),
		 "vapic %04u: %s 0x%x %s %s%s: expected %s, got %s%s%s", number + 1,
		 write ? "WRMSR" : "RDMSR", check->msr, check->reg, check->why, value,
		 vapic_word(check->expected), result->made ? vapic_word(result->vector) : "not made",
		 then, effect);
	vapic_sum();
	*(skip ? &vapic_skipped : passed ? &vapic_passed : &vapic_failed) += 1;
	return skip ? -1 : passed;
}

static inline const char *vapic_end(void)
{
	snprintf(vapic_text, sizeof(vapic_text),
		 "vapic end: %u checks, %u passed, %u failed, %u skipped, crc 0x%x",
		 (unsigned int)VAPIC_COUNT, vapic_passed, vapic_failed, vapic_skipped, ~vapic_crc);
	return vapic_text;
}

#endif
