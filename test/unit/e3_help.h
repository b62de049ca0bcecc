/*
 * unit/e3_help.h
 *	  What the unit tests of E3's lower rooms share: the locked arena, a folder
 *	  to write in, and foreign vectors.
 */
#ifndef E3_HELP_H
#define E3_HELP_H

#include "wire_help.h"

#include <limits.h>
#include <stdio.h>

#include "crypto/agree.h"

/* cmocka group set-up: the locked arena. */
extern int help_arena(void **state);

/*
 * Chooses libraries for the scratches made from now on, as the configuration
 * does; says which.  Where this build or machine has not got them, says so and
 * returns false.
 */
extern bool help_choose(const char *aead, const char *agreement);

/* Runs a group of tests with each library for AES-GCM that there is; how many failed. */
#define help_run_with_aeads(tests, set_up, tear_down)                                    \
	help_run_array_with_aeads(tests, sizeof(tests) / sizeof((tests)[0]), set_up,         \
							  tear_down)
extern int help_run_array_with_aeads(const struct CMUnitTest *tests, size_t count,
									 CMFixtureFunction set_up,
									 CMFixtureFunction tear_down);

/*
 * A new folder.  It goes with all that is in it when the program ends, however its
 * tests have ended: cmocka calls no tear-down after a set-up that failed.
 */
extern void help_make_dir(char dir[PATH_MAX]);

/* cmocka group set-up: the locked arena, and a folder, which is help_dir. */
extern char help_dir[PATH_MAX];
extern int help_arena_and_dir(void **state);

/* dir/name in a static buffer of its own for every "slot" (0 to 3). */
extern const char *help_path(const char *dir, const char *name, int slot);

/* Makes or replaces a file with this text and these permissions. */
extern void help_write_file(const char *path, const char *text, size_t len, int mode);

/* The bytes of a hex string, at most "max"; returns how many. */
extern size_t help_hex_to(const char *hex, uint8_t *out, size_t max);

/* A pair from 64 hex digits. */
extern E3KeyPair *help_pair(EvwCurve curve, const char *hex);

/*
 * e3_agree_with, alone and as several at once, which some libraries do by other
 * code: all must have the same outcome.
 */
extern EvwStatus help_agree(E3Scratch *scratch, const E3KeyPair *pair,
							const uint8_t epk[EVW_POINT_LEN], E3Agreement *agreement);

/*
 * A file of Wycheproof in $EVCRYPT_VECTORS; where that is not set, says so and
 * skips the test.
 */
extern json_t *help_wycheproof(const char *name);

/*
 * A NIST response file below $EVCRYPT_NIST or where Debian's
 * python3-cryptography-vectors is; skips the test where it is not.
 */
extern FILE *help_nist(const char *name);

/* Where that is, there or not. */
extern const char *help_nist_dir(void);

#define NIST_FIELDS_MAX 24

/* "[name = value]" headings in force, and "name = value" lines of one case. */
typedef struct NistCase
{
	int n_headings;
	int n_fields;
	char headings[NIST_FIELDS_MAX][96];
	char names[NIST_FIELDS_MAX][32];
	char values[NIST_FIELDS_MAX][1024];
} NistCase;

/* The next case, or false at the end.  Zero it before the first call. */
extern bool help_nist_next(FILE *file, NistCase *nist);

/* Value of a field; NULL if there is none. */
extern const char *help_nist_field(const NistCase *nist, const char *name);

/* Is this heading in force, e.g. "IVlen = 96"? */
extern bool help_nist_has(const NistCase *nist, const char *heading);

#endif /* E3_HELP_H */
