/*
 * ctl/app.c
 *	  app add, app import.
 */
#include "base/clock.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the file, or fresh where there is none; NULL after a message. */
static E3KeyPair *
make_pair(const char *path, EvwCurve curve)
{
	E3KeyPair *pair;

	if (path != NULL)
		return e3_keyfile_read(path, curve);
	pair = e3_key_pair_generate(curve);
	if (pair == NULL)
		(void) e3_ctl_fail("%s", evw_status_message(EVW_CRYPTO_FAILED));
	return pair;
}

static int
make_version(const E3Ctl *ctl, E3KeyVersion *version)
{
	*version = (E3KeyVersion){.version = 1, .created_us = e3_clock_unix_us()};
	version->pairs[EVW_CURVE_P256] = make_pair(ctl->p256_file, EVW_CURVE_P256);
	if (version->pairs[EVW_CURVE_P256] != NULL)
		version->pairs[EVW_CURVE_SECP256K1] =
			make_pair(ctl->secp256k1_file, EVW_CURVE_SECP256K1);
	if (version->pairs[EVW_CURVE_SECP256K1] != NULL)
		return EXIT_SUCCESS;
	e3_key_version_free(version);
	return EXIT_FAILURE;
}

static int
add_app(const E3Ctl *ctl, EvwBytes name, E3Keyring *keyring)
{
	E3KeyVersion version;
	EvwStatus status;

	if (e3_keyring_find(keyring, name) != NULL)
		return e3_ctl_fail("%s: %s", ctl->args[0], evw_status_message(EVW_APP_EXISTS));
	if (make_version(ctl, &version) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	status = e3_keyring_add(keyring, name, &version);
	if (status != EVW_OK)
		return e3_ctl_fail("%s: %s", ctl->args[0], evw_status_message(status));
	return EXIT_SUCCESS;
}

int
e3_ctl_app_import(E3Ctl *ctl)
{
	EvwBytes name = {(const uint8_t *) ctl->args[0], strlen(ctl->args[0])};
	E3Change change;
	int status;

	if (!evw_app_name_valid(name))
		return e3_ctl_fail("%s", evw_status_message(EVW_APP_NAME));
	status = e3_change_lock(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = e3_change_load(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = add_app(ctl, name, change.keyring);
	if (status == EXIT_SUCCESS)
		status = e3_change_commit(ctl, &change);
	e3_change_end(&change);
	return status;
}

/* Adding is importing with nothing given. */
int
e3_ctl_app_add(E3Ctl *ctl)
{
	return e3_ctl_app_import(ctl);
}
