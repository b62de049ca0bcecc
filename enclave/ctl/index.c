/*
 * ctl/index.c
 *	  index add, rotate, retire, list: versions of the keys of blind indexes.
 */
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "ctl/change.h"
#include "ctl/versions.h"

#include <stdio.h>
#include <stdlib.h>

/* Half of an HMAC: no two values of a table collide, and an index stays small. */
#define BYTES_DEFAULT 16

/* How much of an HMAC is kept: what --bytes says, else "bytes" stays. */
static int
read_bytes(const E3Ctl *ctl, uint32_t *bytes)
{
	uint64_t wide;
	const char *end;

	if (ctl->bytes == NULL)
		return EXIT_SUCCESS;
	if (!e3_parse_digits(ctl->bytes, 10, &wide, &end) || *end != '\0' ||
		wide < E3_INDEX_BYTES_MIN || wide > E3_INDEX_BYTES_MAX)
		return e3_ctl_fail("--bytes must be a whole number from %d to %d",
						   E3_INDEX_BYTES_MIN, E3_INDEX_BYTES_MAX);
	*bytes = (uint32_t) wide;
	return EXIT_SUCCESS;
}

static int
add_key(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app, uint32_t number,
		uint32_t bytes)
{
	E3IndexKey index = {.version = number,
						.bytes = bytes,
						.created_us = e3_clock_unix_us()};
	EvwStatus status;

	if (read_bytes(ctl, &index.bytes) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	index.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN);
	if (index.secret == NULL)
		return e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, EVW_OUT_OF_MEMORY);
	status = e3_random(index.secret, E3_INDEX_SECRET_LEN);
	if (status == EVW_OK)
		status = e3_keyring_add_index(keyring, e3_versions_name(app), &index);
	else
		e3_secret_free(index.secret, E3_INDEX_SECRET_LEN);
	if (status != EVW_OK)
		return e3_ctl_fail("%s: %s", ctl->args[0], evw_status_message(status));
	return EXIT_SUCCESS;
}

static int
add_first(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app)
{
	if (app->n_indexes > 0)
		return e3_ctl_fail("%s: has an index key already; see index rotate",
						   ctl->args[0]);
	return add_key(ctl, keyring, app, 1, BYTES_DEFAULT);
}

int
e3_ctl_index_add(E3Ctl *ctl)
{
	return e3_change_app(ctl, add_first);
}

static int
add_newer(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app)
{
	uint32_t number;

	if (app->n_indexes == 0)
		return e3_ctl_fail("%s: has no index key; see index add", ctl->args[0]);
	if (app->n_indexes == EVW_INDEX_VERSIONS_MAX)
		return e3_ctl_fail("%s: has %d versions of its index key, as many as it can; "
						   "see index retire",
						   ctl->args[0], EVW_INDEX_VERSIONS_MAX);
	if (e3_versions_next(ctl, app->indexes[0].version, &number) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return add_key(ctl, keyring, app, number, app->indexes[0].bytes);
}

int
e3_ctl_index_rotate(E3Ctl *ctl)
{
	return e3_change_app(ctl, add_newer);
}

static bool
has_version(const E3App *app, uint32_t number)
{
	for (uint32_t i = 0; i < app->n_indexes; i++)
		if (app->indexes[i].version == number)
			return true;
	return false;
}

static int
retire(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app)
{
	uint32_t number;

	if (e3_versions_read(ctl->args[1], &number) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (!has_version(app, number))
		return e3_ctl_fail("%s: no index key version %u", ctl->args[0], number);
	if (app->indexes[0].version == number)
		return e3_ctl_fail("%s: index key version %u is the newest; rotate first",
						   ctl->args[0], number);
	if (ctl->force == NULL)
		return e3_ctl_fail("%s: no look-up will find what was indexed under version %u; "
						   "index it anew, then retire the version with --force",
						   ctl->args[0], number);
	if (!e3_keyring_retire_index(keyring, e3_versions_name(app), number))
		return e3_ctl_fail("%s", evw_status_message(EVW_INTERNAL));
	return EXIT_SUCCESS;
}

int
e3_ctl_index_retire(E3Ctl *ctl)
{
	return e3_change_app(ctl, retire);
}
