/*
 * attest/pcr.c
 *	  Expected measurements.
 */
#include "attest/pcr.h"

#include <string.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* N of at most two digits, without a leading zero; -1 if it is none. */
static int
read_index(const char *text, size_t len)
{
	int index = 0;

	if (len == 0 || len > 2 || (len == 2 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		index = index * 10 + (text[i] - '0');
	}
	return index < EVC_PCRS_MAX ? index : -1;
}

static bool
read_value(uint8_t *value, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
	{
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		value[i / 2] = (uint8_t) (high << 4 | low);
	}
	return true;
}

const char *
evc_pcr_policy_add(EvcPcrPolicy *policy, const char *text, size_t len)
{
	const char *equals = len > 0 ? memchr(text, '=', len) : NULL;
	const char *hex = equals != NULL ? equals + 1 : text + len;
	size_t digits = (size_t) (text + len - hex);
	int index;

	if (equals == NULL)
		return "A measurement is the number of a PCR, \"=\" and its value.";
	index = read_index(text, (size_t) (equals - text));
	if (index < 0)
		return "The number of a PCR is 0 to 31.";
	if (policy->set & UINT32_C(1) << index)
		return "A PCR is there twice.";
	if (digits != 64 && digits != 96 && digits != 128)
		return "The value of a PCR is 32, 48 or 64 bytes in hexadecimal.";
	if (!read_value(policy->values[index], hex, digits))
		return "The value of a PCR is not hexadecimal.";
	policy->lengths[index] = (uint8_t) (digits / 2);
	policy->set |= UINT32_C(1) << index;
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *
evc_pcr_policy_read(EvcPcrPolicy *policy, const char *text)
{
	size_t left = strlen(text);

	*policy = (EvcPcrPolicy){0};
	if (left > EVC_PCR_TEXT_MAX)
		return "The list of measurements is longer than 8192 bytes.";
	if (strspn(text, " \t\n\r") == left)
		return NULL;
	for (;;)
	{
		size_t part = strcspn(text, ",");
		size_t len = part;
		const char *start = text;
		const char *trouble;

		while (len > 0 && is_blank(*start))
			start++, len--;
		while (len > 0 && is_blank(start[len - 1]))
			len--;
		trouble = evc_pcr_policy_add(policy, start, len);
		if (trouble != NULL)
			return trouble;
		if (text[part] == '\0')
			return NULL;
		text += part + 1;
	}
}

static bool
is_zero(EvwBytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] != 0)
			return false;
	return true;
}

EvcVerdict
evc_pcr_check_debug(const EvcDocument *document)
{
	for (int i = 0; i <= 2; i++)
	{
		if (document->pcrs[i].data == NULL)
			return EVC_VERDICT_PCR_MISSING;
		if (is_zero(document->pcrs[i]))
			return EVC_VERDICT_DEBUG;
	}
	return EVC_VERDICT_GOOD;
}

EvcVerdict
evc_pcr_check(const EvcPcrPolicy *policy, const EvcDocument *document)
{
	if (policy->set == 0)
		return EVC_VERDICT_POLICY_EMPTY;
	for (int i = 0; i < EVC_PCRS_MAX; i++)
	{
		EvwBytes value = document->pcrs[i];

		if (!(policy->set & UINT32_C(1) << i))
			continue;
		if (value.data == NULL)
			return EVC_VERDICT_PCR_MISSING;
		if (value.len != policy->lengths[i] ||
			memcmp(value.data, policy->values[i], value.len) != 0)
			return EVC_VERDICT_PCR_DIFFERS;
	}
	return EVC_VERDICT_GOOD;
}
