/*
 * unit/rpc_malleable_test.c
 *	  What of a ciphertext can be changed so that it opens all the same: of each
 *	  version a list, which is complete and has nothing in it that is not so.
 *
 * What is not content stands apart: whether the text form names "string", and whether
 * it is padded.  Nothing that depends on them is ever decrypted.
 */
#include "rpc_help.h"

#include "wire/evstring.h"

#include <stdlib.h>
#include <string.h>

#define AT_FLAGS 1
#define AT_POINT (2 + EVW_HINT_LEN)
#define FLAG_DATATYPE 0x03
#define FLAGS_OF_TEXT 0x0c
#define SIGN 0x01

typedef enum Place
{
	DATATYPE = 1, /* another, or none */
	SIGN_OF_KEY = 2,
	VERSION = 4, /* another tag */
	CONTENT = 8	 /* all else */
} Place;

/* As FORMAT has it. */
static const struct
{
	EvwTag tag;
	unsigned places; /* that a flipped bit may be in */
	EvwTag as;		 /* other tag that it opens under; 0: none */
} malleable[] = {
	{EVW_TAG_NONE, DATATYPE | SIGN_OF_KEY, EVW_TAG_RFVC},
	{EVW_TAG_RFVC, DATATYPE | SIGN_OF_KEY, EVW_TAG_NONE},
	{EVW_TAG_T1JL, DATATYPE | SIGN_OF_KEY, 0},
	{EVW_TAG_TK9D, DATATYPE, 0},
	{EVW_TAG_QLJV, DATATYPE, 0},
	{EVW_TAG_TENZ, DATATYPE | VERSION, EVW_TAG_TK9D},
	{EVW_TAG_S0LS, 0, 0},
	{EVW_TAG_QKTC, 0, 0},
	{EVW_TAG_RVZS, 0, 0},
	{EVW_TAG_RVZL, 0, 0},
};

#define N_TAGS (sizeof(malleable) / sizeof(malleable[0]))

/* In which places two envelopes differ. */
static unsigned
differences(EvwBytes a, EvwBytes b)
{
	unsigned places = 0;

	if (a.len != b.len)
		return CONTENT;
	for (size_t i = 0; i < a.len; i++)
	{
		uint8_t change = a.data[i] ^ b.data[i];

		if (i == AT_FLAGS)
			change &= (uint8_t) ~FLAGS_OF_TEXT;
		if (change == 0)
			continue;
		if (i == 0)
			places |= VERSION;
		else if (i == AT_FLAGS && (change & ~FLAG_DATATYPE) == 0)
			places |= DATATYPE;
		else if (i == AT_POINT && change == SIGN)
			places |= SIGN_OF_KEY;
		else
			places |= CONTENT;
	}
	return places;
}

/* With the context if it is a version that has one. */
static EvwStatus
open_it(RpcFixture *fixture, EvwBytes envelope, const json_t *vector)
{
	const json_t *text = json_object_get(vector, "context");
	EvwBytes context = BYTES("");
	const EvwTagInfo *info = envelope.len > 0 ? evw_tag_info(envelope.data[0]) : NULL;

	if (json_is_string(text))
		context = (EvwBytes){(const uint8_t *) json_string_value(text),
							 json_string_length(text)};
	return rpc_decrypt_bound(fixture, "old", envelope,
							 info != NULL && info->aad == EVW_AAD_CONTEXT ? &context
																		  : NULL,
							 NULL);
}

static size_t
row_of(EvwTag tag)
{
	for (size_t i = 0; i < N_TAGS; i++)
		if (malleable[i].tag == tag)
			return i;
	fail();
	return 0;
}

/* Flips each bit of an envelope; returns in which places one did not matter. */
static unsigned
flip_envelope(RpcFixture *fixture, const json_t *vector)
{
	EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
	EvwBytes changed = help_exact(envelope);
	uint8_t *bytes = (uint8_t *) changed.data;
	unsigned places = 0;

	assert_status(open_it(fixture, envelope, vector), EVW_OK);
	for (size_t bit = 0; bit < envelope.len * 8; bit++)
	{
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (open_it(fixture, changed, vector) == EVW_OK)
			places |= differences(envelope, changed);
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	help_release(changed);
	help_release(envelope);
	return places;
}

/* The same of the text form. */
static unsigned
flip_text(RpcFixture *fixture, const json_t *vector)
{
	EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
	const char *string = help_field(vector, "string");
	size_t len = strlen(string);
	uint8_t *parsed = malloc(evw_evstring_envelope_cap(len));
	char *text = strdup(string);
	unsigned places = 0;

	for (size_t bit = 0; bit < len * 8; bit++)
	{
		size_t parsed_len;

		text[bit / 8] ^= (char) (1 << bit % 8);
		if (evw_evstring_parse(text, len, parsed, &parsed_len) == EVW_OK)
		{
			EvwBytes changed = help_exact((EvwBytes){parsed, parsed_len});

			if (open_it(fixture, changed, vector) == EVW_OK)
				places |= differences(envelope, changed);
			help_release(changed);
		}
		text[bit / 8] ^= (char) (1 << bit % 8);
	}
	free(text);
	free(parsed);
	help_release(envelope);
	return places;
}

static void
flipped_bits_open_in_listed_places_only(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	unsigned found[N_TAGS] = {0};
	size_t index;
	json_t *vector;

	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		size_t row = row_of((EvwTag) envelope.data[0]);
		unsigned in_text = flip_text(fixture, vector);

		found[row] |= flip_envelope(fixture, vector);
		assert_int_equal(in_text & ~malleable[row].places, 0);
		help_release(envelope);
	}
	for (size_t i = 0; i < N_TAGS; i++)
	{
		print_message("%-4s: %s%s%s%s\n", evw_tag_info(malleable[i].tag)->name,
					  found[i] == 0 ? "nothing" : "",
					  found[i] & DATATYPE ? "datatype " : "",
					  found[i] & SIGN_OF_KEY ? "sign of the ephemeral key " : "",
					  found[i] & VERSION ? "tag" : "");
		assert_int_equal(found[i], malleable[i].places);
	}
}

static void
tags_are_exchanged_as_listed_only(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;

	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		uint8_t *bytes = (uint8_t *) envelope.data;
		uint8_t tag = bytes[0];

		for (uint8_t other = EVW_TAG_NONE; other <= EVW_TAG_RVZL; other++)
		{
			bool opens = other == tag || other == malleable[row_of(tag)].as;

			bytes[0] = other;
			assert_int_equal(open_it(fixture, envelope, vector) == EVW_OK, opens);
		}
		help_release(envelope);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flipped_bits_open_in_listed_places_only),
		cmocka_unit_test(tags_are_exchanged_as_listed_only),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
