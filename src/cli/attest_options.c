/*
 * cli/attest_options.c
 *	  Reads the options of evcrypt attest verify.
 */
#include "cli/attest.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/root.h"

/* The last second of the year 9999. */
#define TIME_MAX INT64_C(253402300799)

enum
{
	OPTION_ROOT = 256,
	OPTION_AT,
	OPTION_PCR,
	OPTION_NONCE,
	OPTION_USER_DATA,
	OPTION_DEBUG_ALLOWED,
	OPTION_JSON
};

static const struct option known[] = {
	{"root", required_argument, NULL, OPTION_ROOT},
	{"at", required_argument, NULL, OPTION_AT},
	{"pcr", required_argument, NULL, OPTION_PCR},
	{"nonce", required_argument, NULL, OPTION_NONCE},
	{"user-data", required_argument, NULL, OPTION_USER_DATA},
	{"debug-allowed", no_argument, NULL, OPTION_DEBUG_ALLOWED},
	{"json", no_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

/* Seconds since 1970, or 2022-11-09T22:52:00Z. */
static const char *
take_time(EvcExpectations *expect, const char *text)
{
	struct tm parts = {0};
	char *end;

	errno = 0;
	expect->now = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
	{
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
		if (end == NULL || *end != '\0')
			return "is no time: it is 2022-11-09T22:52:00Z, or seconds since 1970";
		expect->now = (int64_t) timegm(&parts);
	}
	return expect->now >= 0 && expect->now <= TIME_MAX ? NULL : "is not before 10000";
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int) ((at - digits) % 16) : -1;
}

static const char *
take_hex(uint8_t space[EVC_FIELD_MAX], EvwBytes *bytes, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len % 2 != 0 || len / 2 > EVC_FIELD_MAX)
		return "is not 1 to 1024 bytes in hexadecimal";
	for (size_t i = 0; i < len; i += 2)
	{
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return "is not hexadecimal";
		space[i / 2] = (uint8_t) (high << 4 | low);
	}
	*bytes = (EvwBytes){space, len / 2};
	return NULL;
}

/* NULL, or what is wrong with the option's argument. */
static const char *
take_option(EvcAttestOptions *options, int option)
{
	EvcExpectations *expect = &options->expect;

	switch (option)
	{
		case OPTION_ROOT:
			return evc_root_read(optarg, expect->root);
		case OPTION_AT:
			return take_time(expect, optarg);
		case OPTION_PCR:
			return evc_pcr_policy_add(&expect->policy, optarg, strlen(optarg));
		case OPTION_NONCE:
			expect->unchecked &= ~EVC_UNCHECKED_NONCE;
			return take_hex(options->nonce, &expect->nonce, optarg);
		case OPTION_USER_DATA:
			expect->unchecked &= ~EVC_UNCHECKED_BINDING;
			return take_hex(options->binding, &expect->binding, optarg);
		case OPTION_DEBUG_ALLOWED:
			expect->debug_allowed = true;
			return NULL;
		default:
			options->json = true;
			return NULL;
	}
}

static bool
fail(char *trouble, size_t size, const char *word, const char *cause)
{
	snprintf(trouble, size, "%s: %s", word, cause);
	return false;
}

static void
set_defaults(EvcAttestOptions *options)
{
	*options = (EvcAttestOptions){
		.expect = {.root_given = true,
				   .now = (int64_t) time(NULL),
				   .skew_s = EVC_SKEW_DEFAULT,
				   .max_age_s = EVC_AGE_MAX,
				   .unchecked = EVC_UNCHECKED_NONCE | EVC_UNCHECKED_BINDING}};
	memcpy(options->expect.root, evc_root_nitro, sizeof(options->expect.root));
}

bool
evc_read_attest_options(EvcAttestOptions *options, char *trouble, size_t trouble_size,
						int argc, char **argv)
{
	int option;

	set_defaults(options);
	optind = 0;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
	{
		const char *cause;

		if (option == '?')
			return fail(trouble, trouble_size, "attest",
						"the options are not understood");
		cause = take_option(options, option);
		if (cause != NULL)
			return fail(trouble, trouble_size, optarg, cause);
	}
	if (argc - optind != 2 || strcmp(argv[optind], "verify") != 0)
		return fail(trouble, trouble_size, "attest",
					"what is wanted is \"verify\" and one file");
	options->file = argv[optind + 1];
	return true;
}
