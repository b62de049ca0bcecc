/*
 * unit/evstring_test.c
 *	  The text form of a ciphertext: each thing that can be wrong with it by
 *	  its name, and every good one back byte for byte.
 */
#include "wire_help.h"

#include "wire/evstring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parts of a good string. */
#define IV "AAAAAAAAAAAAAAAA"
#define EPK "AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc"
#define CT "n24rEkFWMLPq6Ey8O9z7fWQTVdLQ0jUerumq" /* 27 bytes, 36 characters */
#define CT16 "AAAAAAAAAAAAAAAAAAAAAA"			  /* 16 bytes, 22 characters */

/* Parses, and if that succeeds, writes: the text must be the same again. */
static EvwStatus
parse_len(const char *text, size_t len)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, len});
	uint8_t *out = malloc(evw_evstring_envelope_cap(len));
	size_t out_len;
	EvwStatus status = evw_evstring_parse((const char *) exact.data, len, out, &out_len);

	if (status == EVW_OK)
	{
		EvwEnvelope envelope;
		char *back;

		assert_true(out_len <= evw_evstring_envelope_cap(len));
		assert_status(evw_envelope_parse((EvwBytes){out, out_len}, &envelope), EVW_OK);
		assert_int_equal(evw_evstring_len(&envelope), len);
		back = malloc(len);
		evw_evstring_write(back, &envelope);
		assert_memory_equal(back, text, len);
		free(back);
	}
	free(out);
	help_release(exact);
	return status;
}

static EvwStatus
parse(const char *text)
{
	return parse_len(text, strlen(text));
}

typedef struct Case
{
	const char *text;
	EvwStatus status;
} Case;

static void
assert_cases(const Case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parse(cases[i].text) != cases[i].status)
			fail_msg("%s: %s instead of %s", cases[i].text,
					 evw_status_name(parse(cases[i].text)),
					 evw_status_name(cases[i].status));
}

#define ASSERT_CASES(cases) assert_cases(cases, sizeof(cases) / sizeof(cases[0]))

static void
what_is_no_ciphertext_at_all(void **state)
{
	static const Case cases[] = {
		{"", EVW_TEXT_NO_PREFIX},
		{"e", EVW_TEXT_NO_PREFIX},
		{"ev", EVW_TEXT_NO_PREFIX},
		{"hello world", EVW_TEXT_NO_PREFIX},
		{"EV:QkTC:" IV ":" EPK ":" CT ":$", EVW_TEXT_NO_PREFIX},
		{"Ev:QkTC:" IV ":" EPK ":" CT ":$", EVW_TEXT_NO_PREFIX},
		{" ev:QkTC:" IV ":" EPK ":" CT ":$", EVW_TEXT_NO_PREFIX},
		{"\xd0\xb5v:QkTC:" IV ":" EPK ":" CT ":$", EVW_TEXT_NO_PREFIX},
		{"ev:debug:" IV ":" EPK ":" CT ":$", EVW_TEXT_DEBUG},
		{"ev:debug:QkTC:number:" IV ":" EPK ":" CT ":$", EVW_TEXT_DEBUG},
		{"ev:debug:", EVW_TEXT_DEBUG},
		{"ev:key:1:secretsecret:abcdef:123456", EVW_TEXT_API_KEY},
		{"ev:key:", EVW_TEXT_API_KEY},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
what_ends_wrong(void **state)
{
	static const Case cases[] = {
		{"ev:", EVW_TEXT_NO_TERMINATOR},
		{"ev:$", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT, EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT "$", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":$ ", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":$\n", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":$\r\n", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":$x", EVW_TEXT_NO_TERMINATOR},
		{"ev:QkTC:" IV ":" EPK ":" CT ":$$", EVW_TEXT_NO_TERMINATOR},
		{"ev:debug", EVW_TEXT_NO_TERMINATOR},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
what_has_wrong_segments(void **state)
{
	static const Case cases[] = {
		{"ev::$", EVW_TEXT_SEGMENTS},
		{"ev:QkTC:$", EVW_TEXT_SEGMENTS},
		{"ev:" EPK ":" CT ":$", EVW_TEXT_SEGMENTS},
		{"ev:QkTC:string:x:" IV ":" EPK ":" CT ":$", EVW_TEXT_SEGMENTS},
		{"ev::::::::::::::$", EVW_TEXT_SEGMENTS},
		{"ev:QkTC:" IV ":" EPK ":" CT "::$", EVW_TEXT_DATATYPE},
		{"ev:QkTC::" IV ":" EPK ":" CT ":$", EVW_TEXT_DATATYPE},
		{"ev::" IV ":" EPK ":" CT ":$", EVW_TEXT_DATATYPE},
		{"ev:qktc:" IV ":" EPK ":" CT ":$", EVW_TEXT_VERSION},
		{"ev:QkTD:" IV ":" EPK ":" CT ":$", EVW_TEXT_VERSION},
		{"ev:QkTC :string:" IV ":" EPK ":" CT ":$", EVW_TEXT_VERSION},
		{"ev::string:" IV ":" EPK ":" CT ":$", EVW_TEXT_VERSION},
		{"ev:string:QkTC:" IV ":" EPK ":" CT ":$", EVW_TEXT_VERSION},
		{"ev:QkTC:Number:" IV ":" EPK ":" CT ":$", EVW_TEXT_DATATYPE},
		{"ev:QkTC:text:" IV ":" EPK ":" CT ":$", EVW_TEXT_DATATYPE},
		{"ev:numbers:" IV ":" EPK ":" CT ":$", EVW_TEXT_DATATYPE},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
what_has_a_wrong_iv(void **state)
{
	static const Case cases[] = {
		{"ev:QkTC::" EPK ":" CT ":$", EVW_TEXT_IV_LENGTH},
		{"ev:QkTC:AAAAAAAAAAAAAAA:" EPK ":" CT ":$", EVW_TEXT_IV_LENGTH},
		{"ev:QkTC:AAAAAAAAAAAAAAAAAA:" EPK ":" CT ":$", EVW_TEXT_IV_LENGTH},
		{"ev:QkTC:AAAAAAAAAAAAAA==:" EPK ":" CT ":$", EVW_TEXT_BASE64},
		{"ev:QkTC:AAAAAAAAAAAAAAA-:" EPK ":" CT ":$", EVW_TEXT_BASE64},
		{"ev:QkTC:AAAAAAAA AAAAAAA:" EPK ":" CT ":$", EVW_TEXT_BASE64},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
what_has_a_wrong_point(void **state)
{
	static const Case cases[] = {
		{"ev:QkTC:" IV "::" CT ":$", EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":AjJg:" CT ":$", EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":" EPK "AAAA:" CT ":$", EVW_TEXT_POINT},
		/* First bytes 00, 01, 04, 05, 06, 07. */
		{"ev:QkTC:" IV ":ADJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":ATJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":BDJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":BTJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":BjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":BzJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_POINT},
		{"ev:QkTC:" IV ":AzJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:" CT ":$", EVW_OK},
		{"ev:QkTC:" IV ":AjJgkGTcV2sPlny5gUvdlkRB1I_xsORnM8pMUJFqnrrc:" CT ":$",
		 EVW_TEXT_BASE64},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
what_has_a_wrong_last_segment(void **state)
{
	static const Case cases[] = {
		{"ev:QkTC:" IV ":" EPK "::$", EVW_TEXT_SHORT},
		{"ev:QkTC:" IV ":" EPK ":AAAA:$", EVW_TEXT_SHORT},
		{"ev:QkTC:" IV ":" EPK ":AAAAAAAAAAAAAAAAAAAA:$", EVW_TEXT_SHORT},
		{"ev:QkTC:" IV ":" EPK ":AAAAAAAAAAAAAAAAAAAAA:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 ":$", EVW_OK},
		{"ev:QkTC:" IV ":" EPK ":AAAAAAAAAAAAAAAAAAAAAB:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "\n:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "-_:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 " A:$", EVW_TEXT_BASE64},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
padding_is_right_or_absent(void **state)
{
	static const Case cases[] = {
		{"ev:QkTC:" IV ":" EPK ":" CT16 "==:$", EVW_OK},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "A=:$", EVW_OK},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "AA:$", EVW_OK},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "=:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "===:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "AA=:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "AA==:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "AA====:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":" CT16 "=A:$", EVW_TEXT_BASE64},
		{"ev:QkTC:" IV ":" EPK ":====:$", EVW_TEXT_BASE64},
	};

	(void) state;
	ASSERT_CASES(cases);
}

static void
every_form_of_the_grammar(void **state)
{
	static const char *const versions[] = {"",		"RFVC:", "T1JL:", "Tk9D:", "QlJV:",
										   "TENZ:", "S0lS:", "QkTC:", "RVZS:", "RVZL:"};
	static const char *const datatypes[] = {"", "string:", "number:", "boolean:"};
	static const char *const ends[] = {CT16, CT16 "==", CT16 "A", CT16 "A=", CT};

	(void) state;
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++)
		for (size_t d = 0; d < sizeof(datatypes) / sizeof(datatypes[0]); d++)
			for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++)
			{
				char text[256];

				snprintf(text, sizeof(text), "ev:%s%s%s:%s:%s:$", versions[v],
						 datatypes[d], IV, EPK, ends[e]);
				assert_status(parse(text), EVW_OK);
			}
}

/* A vector cut at every length, with and without the terminator. */
static void
assert_cuts_are_refused(const char *text)
{
	size_t len = strlen(text);
	const char *sealed = strrchr(text, ':');

	while (sealed[-1] != ':')
		sealed--;
	for (size_t cut = 0; cut < len; cut++)
	{
		char ended[1024];
		EvwStatus status = parse_len(text, cut);
		size_t chars =
			cut > (size_t) (sealed - text) ? cut - (size_t) (sealed - text) : 0;

		assert_status(status, cut < 3 ? EVW_TEXT_NO_PREFIX : EVW_TEXT_NO_TERMINATOR);
		snprintf(ended, sizeof(ended), "%.*s:$", (int) cut, text);
		status = parse(ended);
		/* A shorter ciphertext is one too; only its tag tells. */
		if (status == EVW_OK)
			assert_true(chars >= 22 && chars % 4 != 1);
		else
			assert_string_not_equal(evw_status_name(status), "UNKNOWN");
	}
}

static void
vectors_cut_anywhere(void **state)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	size_t i;
	json_t *vector;

	(void) state;
	json_array_foreach(json_object_get(vectors, "ciphertexts"), i, vector)
		assert_cuts_are_refused(help_field(vector, "string"));
	assert_true(i >= 20);
	json_decref(vectors);
}

/* Refused, or another ciphertext; parse_len checks that it reads back. */
static void
vectors_with_any_bit_flipped(void **state)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	size_t i;
	json_t *vector;
	int accepted = 0;
	int refused = 0;

	(void) state;
	json_array_foreach(json_object_get(vectors, "ciphertexts"), i, vector)
	{
		char text[1024];
		size_t len = strlen(help_field(vector, "string"));

		memcpy(text, help_field(vector, "string"), len);
		for (size_t bit = 0; bit < 8 * len; bit++)
		{
			text[bit / 8] ^= (char) (1 << bit % 8);
			if (parse_len(text, len) == EVW_OK)
				accepted++;
			else
				refused++;
			text[bit / 8] ^= (char) (1 << bit % 8);
		}
	}
	assert_true(accepted > 1000 && refused > 1000);
	json_decref(vectors);
}

static void
vectors_are_their_envelopes(void **state)
{
	json_t *vectors = help_vectors("ciphertexts.json");
	size_t i;
	json_t *vector;

	(void) state;
	json_array_foreach(json_object_get(vectors, "ciphertexts"), i, vector)
	{
		const char *text = help_field(vector, "string");
		EvwBytes shall = help_unhex(help_field(vector, "envelope"));
		uint8_t out[1024];
		size_t out_len;

		assert_status(parse(text), EVW_OK);
		assert_status(evw_evstring_parse(text, strlen(text), out, &out_len), EVW_OK);
		assert_bytes_equal((EvwBytes){out, out_len}, shall);
		help_release(shall);
	}
	assert_true(i >= 20);
	json_decref(vectors);
}

/* A hint of an envelope is not in its text. */
static void
the_hint_is_not_in_the_text(void **state)
{
	EvwBytes bytes = wire_sample_envelope();
	EvwEnvelope envelope;
	uint8_t back[256];
	char text[512];
	size_t len;
	size_t back_len;

	(void) state;
	memcpy((uint8_t *) bytes.data + 2, "hint", 4);
	assert_status(evw_envelope_parse(bytes, &envelope), EVW_OK);
	assert_true(evw_hint_known(envelope.hint));
	len = evw_evstring_len(&envelope);
	evw_evstring_write(text, &envelope);
	assert_status(evw_evstring_parse(text, len, back, &back_len), EVW_OK);
	assert_int_equal(back_len, bytes.len);
	assert_memory_equal(back + 2, "\0\0\0\0", 4);
	assert_memory_equal(back + 6, bytes.data + 6, bytes.len - 6);
	help_release(bytes);
}

/* A text whose last segment has this many characters. */
static EvwStatus
parse_sealed_of(size_t chars)
{
	static const char head[] = "ev:QkTC:boolean:" IV ":" EPK ":";
	size_t head_len = sizeof(head) - 1;
	size_t len = head_len + chars + 2;
	char *text = malloc(len);
	EvwStatus status;

	memcpy(text, head, head_len);
	memset(text + head_len, 'A', chars);
	memcpy(text + head_len + chars, ":$", 2);
	status = parse_len(text, len);
	free(text);
	return status;
}

static void
lengths_at_the_limit(void **state)
{
	const size_t sealed = EVW_ENVELOPE_MAX - EVW_ENVELOPE_HEAD;
	const size_t chars = sealed / 3 * 4 + (sealed % 3 == 0 ? 0 : sealed % 3 + 1);

	(void) state;
	assert_status(parse_sealed_of(chars), EVW_OK);
	assert_status(parse_sealed_of(chars + 2), EVW_TEXT_TOO_LONG);
	assert_status(parse_sealed_of(chars + 400), EVW_TEXT_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_ciphertext_at_all),
		cmocka_unit_test(what_ends_wrong),
		cmocka_unit_test(what_has_wrong_segments),
		cmocka_unit_test(what_has_a_wrong_iv),
		cmocka_unit_test(what_has_a_wrong_point),
		cmocka_unit_test(what_has_a_wrong_last_segment),
		cmocka_unit_test(padding_is_right_or_absent),
		cmocka_unit_test(every_form_of_the_grammar),
		cmocka_unit_test(vectors_cut_anywhere),
		cmocka_unit_test(vectors_with_any_bit_flipped),
		cmocka_unit_test(vectors_are_their_envelopes),
		cmocka_unit_test(the_hint_is_not_in_the_text),
		cmocka_unit_test(lengths_at_the_limit),
	};

	return cmocka_run_group_tests_name("evstring", tests, NULL, NULL);
}
