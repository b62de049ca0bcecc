/*
 * cli/attest.h
 *	  evcrypt attest verify: its options.
 */
#ifndef EVC_CLI_ATTEST_H
#define EVC_CLI_ATTEST_H

#include <stddef.h>

#include "attest/verify.h"

typedef struct EvcAttestOptions
{
	const char *file;
	bool json;
	/* What the options say, and what it is where they say nothing. */
	EvcExpectations expect;
	uint8_t nonce[EVC_FIELD_MAX];
	uint8_t binding[EVC_FIELD_MAX];
} EvcAttestOptions;

/*
 * Reads what follows "attest", the word "verify" first.  False: the trouble is in
 * "trouble".  "expect" points into "options".
 */
extern bool evc_read_attest_options(EvcAttestOptions *options, char *trouble,
									size_t trouble_size, int argc, char **argv);

#endif /* EVC_CLI_ATTEST_H */
