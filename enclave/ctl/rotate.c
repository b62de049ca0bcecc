/*
 * ctl/rotate.c
 *	  app rotate, app retire: versions of an app's keys.
 */
#include "base/clock.h"
#include "ctl/change.h"
#include "ctl/versions.h"

#include <stdio.h>
#include <stdlib.h>

static int
add_newer(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app)
{
	const EvwBytes name = e3_versions_name(app);
	E3KeyVersion version = {.created_us = e3_clock_unix_us()};
	EvwStatus status;

	if (app->n_versions == EVW_KEY_VERSIONS_MAX)
		return e3_ctl_fail("%s: has %d key versions, as many as it can; see app retire",
						   ctl->args[0], EVW_KEY_VERSIONS_MAX);
	if (e3_versions_next(ctl, app->versions[0].version, &version.version) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	for (int curve = 0; curve < 2; curve++)
	{
		version.pairs[curve] = e3_key_pair_generate((EvwCurve) curve);
		if (version.pairs[curve] != NULL)
			continue;
		e3_key_version_free(&version);
		return e3_ctl_fail("%s", evw_status_message(EVW_CRYPTO_FAILED));
	}
	status = e3_keyring_add(keyring, name, &version);
	if (status != EVW_OK)
		return e3_ctl_fail("%s: %s", ctl->args[0], evw_status_message(status));
	return EXIT_SUCCESS;
}

int
e3_ctl_app_rotate(E3Ctl *ctl)
{
	return e3_change_app(ctl, add_newer);
}

static const E3KeyVersion *
find_version(const E3App *app, uint32_t number)
{
	for (uint32_t i = 0; i < app->n_versions; i++)
		if (app->versions[i].version == number)
			return &app->versions[i];
	return NULL;
}

/* What would be lost is named, for whoever has mistaken the number. */
static int
warn(const E3Ctl *ctl, const E3KeyVersion *version)
{
	char p256[E3_KEY_ID_TEXT];
	char secp256k1[E3_KEY_ID_TEXT];

	e3_versions_key_id(version->pairs[EVW_CURVE_P256], p256);
	e3_versions_key_id(version->pairs[EVW_CURVE_SECP256K1], secp256k1);
	return e3_ctl_fail("%s: whatever is encrypted under key version %u (p256 %s, "
					   "secp256k1 %s), in backups as well, will never open again; "
					   "re-encrypt it, then retire the version with --force",
					   ctl->args[0], version->version, p256, secp256k1);
}

static int
retire(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app)
{
	uint32_t number;
	const E3KeyVersion *version;

	if (e3_versions_read(ctl->args[1], &number) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	version = find_version(app, number);
	if (version == NULL)
		return e3_ctl_fail("%s: no key version %u", ctl->args[0], number);
	if (version == &app->versions[0])
		return e3_ctl_fail("%s: key version %u is the newest, which is encrypted with; "
						   "rotate first",
						   ctl->args[0], number);
	if (ctl->force == NULL)
		return warn(ctl, version);
	if (!e3_keyring_retire(keyring, e3_versions_name(app), number))
		return e3_ctl_fail("%s", evw_status_message(EVW_INTERNAL));
	return EXIT_SUCCESS;
}

int
e3_ctl_app_retire(E3Ctl *ctl)
{
	return e3_change_app(ctl, retire);
}
