/*
 * unit/base64_test.c
 *	  Strict base64: what is refused, RFC 4648's examples, and OpenSSL's encoder.
 */
#include "wire_help.h"

#include "wire/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static bool
decodes(const char *text, size_t len)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, len});
	uint8_t *out = malloc(evw_base64_decoded_len(len));
	bool ok = evw_base64_decode(out, (const char *) exact.data, len);

	free(out);
	help_release(exact);
	return ok;
}

static bool
in_alphabet(int byte)
{
	return byte != '\0' && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
								  "0123456789+/",
								  byte) != NULL;
}

/* Each byte at each place of 8, 7 and 6 characters. */
static void
only_the_alphabet_is_read(void **state)
{
	(void) state;
	for (size_t len = 6; len <= 8; len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 256; byte++)
			{
				char text[] = "AAAAAAAA";
				bool last = at == len - 1 && len < 8;

				text[at] = (char) byte;
				if (!in_alphabet(byte))
					assert_false(decodes(text, len));
				else if (!last)
					assert_true(decodes(text, len));
			}
}

static void
unused_bits_are_zero(void **state)
{
	const char *alphabet =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void) state;
	for (int value = 0; value < 64; value++)
	{
		char two[2] = {'A', alphabet[value]};
		char three[3] = {'A', 'A', alphabet[value]};

		assert_int_equal(decodes(two, 2), value % 16 == 0);
		assert_int_equal(decodes(three, 3), value % 4 == 0);
	}
}

static void
other_forms_are_refused(void **state)
{
	static const char *const refused[] = {"A",	  "AAAAA",	"AA==", "AAA=",	 "====",
										  "AA-_", "AA\r\n", "AA A", "AAAA\n"};

	(void) state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(decodes(refused[i], strlen(refused[i])));
}

static void
examples_of_the_rfc(void **state)
{
	static const char *const examples[][2] = {
		{"", ""},			{"f", "Zg"},		  {"fo", "Zm8"},		  {"foo", "Zm9v"},
		{"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		EvwBytes plain = {(const uint8_t *) examples[i][0], strlen(examples[i][0])};
		char text[16];
		uint8_t back[16];
		size_t len = evw_base64_encoded_len(plain.len);

		evw_base64_encode(text, plain);
		assert_int_equal(len, strlen(examples[i][1]));
		assert_memory_equal(text, examples[i][1], len);
		assert_int_equal(evw_base64_decoded_len(len), plain.len);
		assert_true(evw_base64_decode(back, text, len));
		assert_memory_equal(back, plain.data, plain.len);
	}
}

/* Lengths 0 to 200 of bytes that use all 64 characters. */
static void
agrees_with_openssl(void **state)
{
	(void) state;
	for (size_t len = 0; len <= 200; len++)
	{
		uint8_t plain[200];
		uint8_t back[200];
		char ours[300];
		unsigned char theirs[300];
		size_t chars = evw_base64_encoded_len(len);

		for (size_t i = 0; i < len; i++)
			plain[i] = (uint8_t) (i * 197 + len);
		evw_base64_encode(ours, (EvwBytes){plain, len});
		EVP_EncodeBlock(theirs, plain, (int) len);
		assert_memory_equal(ours, theirs, chars);
		assert_int_equal(strcspn((char *) theirs, "="), chars);
		assert_true(evw_base64_decode(back, ours, chars));
		assert_memory_equal(back, plain, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_alphabet_is_read),
		cmocka_unit_test(unused_bits_are_zero),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(examples_of_the_rfc),
		cmocka_unit_test(agrees_with_openssl),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
