/*
 * unit/e3_help.c
 *	  Arena, folders, foreign vectors.
 */
#include "e3_help.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/library.h"

#define NIST_DEFAULT "/usr/lib/python3/dist-packages/cryptography_vectors"

char help_dir[PATH_MAX];

int
help_arena(void **state)
{
	(void) state;
	return e3_secret_init(1 << 20) == EVW_OK ? 0 : -1;
}

bool
help_choose(const char *aead, const char *agreement)
{
	char cause[E3_LIBRARY_TEXT_MAX];
	EvwStatus status;

	assert_int_equal(help_arena(NULL), 0);
	status = e3_library_choose(aead, agreement, cause);
	if (status == EVW_CONFIG)
	{
		print_message("skipped: %s\n", cause);
		return false;
	}
	assert_status(status, EVW_OK);
	print_message("libraries: %s\n", e3_library_names());
	return true;
}

int
help_run_array_with_aeads(const struct CMUnitTest *tests, size_t count,
						  CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
	static const char *const aeads[] = {"openssl", "ipsec-mb"};
	int failed = 0;

	for (int i = 0; i < 2; i++)
		if (help_choose(aeads[i], "openssl"))
			failed += _cmocka_run_group_tests(aeads[i], tests, count, set_up, tear_down);
	return failed;
}

/* ---- folders ---- */

/* What all folders are in, and who has made it. */
static char base[PATH_MAX];
static pid_t maker;

static int
remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void) info;
	(void) kind;
	(void) at;
	return remove(path);
}

/* Not in a child, which an assertion that fails there lets go on to the end of main. */
static void
remove_base(void)
{
	if (getpid() != maker || nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0)
		return;
	perror(base);
	_exit(EXIT_FAILURE);
}

static void
make_base(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/e3unit.XXXXXX", parent != NULL ? parent : "/tmp");
	if (mkdtemp(base) == NULL)
		fail_msg("%s cannot be made", base);
	maker = getpid();
	assert_int_equal(atexit(remove_base), 0);
}

void
help_make_dir(char dir[PATH_MAX])
{
	if (maker == 0)
		make_base();
	snprintf(dir, PATH_MAX, "%s/XXXXXX", base);
	assert_non_null(mkdtemp(dir));
}

int
help_arena_and_dir(void **state)
{
	help_make_dir(help_dir);
	return help_arena(state);
}

const char *
help_path(const char *dir, const char *name, int slot)
{
	static char paths[4][PATH_MAX + 64];

	snprintf(paths[slot], sizeof(paths[slot]), "%s/%s", dir, name);
	return paths[slot];
}

void
help_write_file(const char *path, const char *text, size_t len, int mode)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, (mode_t) mode), 0);
}

size_t
help_hex_to(const char *hex, uint8_t *out, size_t max)
{
	EvwBytes bytes = help_unhex(hex);

	assert_true(bytes.len <= max);
	if (bytes.len > 0)
		memcpy(out, bytes.data, bytes.len);
	help_release(bytes);
	return bytes.len;
}

E3KeyPair *
help_pair(EvwCurve curve, const char *hex)
{
	uint8_t private_key[E3_PRIVATE_LEN];
	E3KeyPair *pair;

	assert_int_equal(help_hex_to(hex, private_key, sizeof(private_key)), E3_PRIVATE_LEN);
	assert_status(e3_key_pair_from_private(curve, private_key, &pair), EVW_OK);
	return pair;
}

EvwStatus
help_agree(E3Scratch *scratch, const E3KeyPair *pair, const uint8_t epk[EVW_POINT_LEN],
		   E3Agreement *agreement)
{
	const E3KeyPair *pairs[] = {pair, pair, pair, pair, pair};
	const uint8_t *epks[] = {epk, epk, epk, epk, epk};
	EvwStatus alone = e3_agree_with(scratch, pair, epk, agreement);
	E3Agreement agreements[5];
	EvwStatus statuses[5];

	e3_agree_with_many(scratch, 5, pairs, epks, agreements, statuses);
	for (int i = 0; i < 5; i++)
	{
		assert_status(statuses[i], alone);
		assert_memory_equal(&agreements[i], agreement, sizeof(*agreement));
	}
	return alone;
}

json_t *
help_wycheproof(const char *name)
{
	const char *dir = getenv("EVCRYPT_VECTORS");
	char path[PATH_MAX];
	json_error_t error;
	json_t *vectors;

	if (dir == NULL || *dir == '\0')
	{
		print_message("skipped: EVCRYPT_VECTORS is not set, so there is no %s\n", name);
		skip();
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	vectors = json_load_file(path, 0, &error);
	if (vectors == NULL)
		fail_msg("%s: %s", path, error.text);
	return vectors;
}

const char *
help_nist_dir(void)
{
	const char *dir = getenv("EVCRYPT_NIST");

	return dir != NULL ? dir : NIST_DEFAULT;
}

FILE *
help_nist(const char *name)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", help_nist_dir(), name);
	file = fopen(path, "r");
	if (file == NULL && getenv("EVCRYPT_NIST") != NULL)
		fail_msg("%s cannot be opened", path);
	if (file == NULL)
	{
		print_message("skipped: no %s; it comes with python3-cryptography-vectors\n",
					  path);
		skip();
	}
	return file;
}

static void
keep_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	assert_true(len < size);
	memcpy(out, text, len + 1);
}

/* A run of headings replaces the run before; in a case they stay. */
static void
add_heading(NistCase *nist, char *line, bool *in_run)
{
	if (!*in_run)
		nist->n_headings = 0;
	*in_run = true;
	assert_true(nist->n_headings < NIST_FIELDS_MAX);
	line[strcspn(line, "]")] = '\0';
	keep_text(nist->headings[nist->n_headings++], sizeof(nist->headings[0]), line + 1);
}

static void
add_field(NistCase *nist, char *line)
{
	char *equals = strstr(line, " =");
	const char *value = "";

	assert_true(nist->n_fields < NIST_FIELDS_MAX);
	if (equals != NULL)
	{
		*equals = '\0';
		value = equals + 2 + strspn(equals + 2, " ");
	}
	keep_text(nist->names[nist->n_fields], sizeof(nist->names[0]), line);
	keep_text(nist->values[nist->n_fields], sizeof(nist->values[0]), value);
	nist->n_fields++;
}

bool
help_nist_next(FILE *file, NistCase *nist)
{
	char line[4096];
	bool in_run = false;

	nist->n_fields = 0;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '[')
			add_heading(nist, line, &in_run);
		/* Lines that begin with a tab are steps on the way to the answer. */
		else if (line[0] != '\0' && line[0] != '#' && line[0] != '\t')
			add_field(nist, line);
		else if (line[0] == '\0' && nist->n_fields > 0)
			return true;
	}
	return nist->n_fields > 0;
}

const char *
help_nist_field(const NistCase *nist, const char *name)
{
	for (int i = 0; i < nist->n_fields; i++)
		if (strcmp(nist->names[i], name) == 0)
			return nist->values[i];
	return NULL;
}

bool
help_nist_has(const NistCase *nist, const char *heading)
{
	for (int i = 0; i < nist->n_headings; i++)
		if (strcmp(nist->headings[i], heading) == 0)
			return true;
	return false;
}
