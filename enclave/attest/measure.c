/*
 * attest/measure.c
 *	  SHA-384 of the program, its configuration and its policy.
 */
#include "attest/measure.h"

#include "base/file.h"
#include "base/secret.h"

#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "/proc/self/exe"
#define FILE_MAX (64u << 20)

static bool
measure_file(const char *path, uint8_t pcr[E3_PCR_LEN], char cause[E3_ATTEST_CAUSE_MAX])
{
	EvwBuf file;
	E3FileResult result = E3_FILE_OK;
	bool good;

	e3_buf_init(&file);
	if (path[0] != '\0')
		result = e3_file_read(path, E3_FILE_ANY, FILE_MAX, &file);
	good = result == E3_FILE_OK &&
		   EVP_Digest(file.data, file.len, pcr, NULL, EVP_sha384(), NULL) == 1;
	e3_buf_release(&file);
	if (!good)
		(void) snprintf(cause, E3_ATTEST_CAUSE_MAX, "%s: cannot be measured: %s", path,
						result == E3_FILE_IO		? strerror(errno)
						: result == E3_FILE_MISSING ? strerror(ENOENT)
													: "too long, or out of memory");
	return good;
}

bool
e3_measure(const char *config, const char *policy, E3Measurements *measurements,
		   char cause[E3_ATTEST_CAUSE_MAX])
{
	return measure_file(PROGRAM, measurements->pcrs[E3_PCR_PROGRAM], cause) &&
		   measure_file(config, measurements->pcrs[E3_PCR_CONFIG], cause) &&
		   measure_file(policy, measurements->pcrs[E3_PCR_POLICY], cause);
}
