/*
 * ctl/list.c
 *	  app list, app export: what may be shown of the keyring.
 */
#include "ctl/ctl.h"
#include "keyring/store.h"
#include "wire/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Base64 of a point, unpadded, and a NUL. */
#define POINT_TEXT_LEN (EVW_POINT_LEN / 3 * 4 + 1)

static E3Keyring *
load_keyring(const E3Ctl *ctl)
{
	const E3Kek kek = {ctl->config.passphrase_file};
	E3Keyring *keyring;
	EvwStatus status = e3_store_load(ctl->config.keyring, &kek, &keyring);

	if (status != EVW_OK)
		(void) e3_ctl_fail_file(ctl->config.keyring, status);
	return keyring;
}

static void
format_time(uint64_t unix_us, char *text, size_t size)
{
	time_t seconds = (time_t) (unix_us / 1000000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	(void) strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

int
e3_ctl_app_list(E3Ctl *ctl)
{
	E3Keyring *keyring = load_keyring(ctl);

	if (keyring == NULL)
		return EXIT_FAILURE;
	for (uint32_t i = 0; i < e3_keyring_count(keyring); i++)
	{
		const E3App *app = e3_keyring_app(keyring, i);
		char created[32];

		format_time(app->versions[0].created_us, created, sizeof(created));
		printf("%s\t%u\t%s\n", app->name, app->versions[0].version, created);
	}
	e3_keyring_release(keyring);
	return EXIT_SUCCESS;
}

static void
print_public(const E3KeyVersion *version, EvwCurve curve)
{
	const uint8_t *point = e3_key_pair_public(version->pairs[curve]);
	char text[POINT_TEXT_LEN] = "";

	evw_base64_encode(text, (EvwBytes){point, EVW_POINT_LEN});
	printf(", \"%s\": {\"hex\": \"", evw_curve_name(curve));
	for (int i = 0; i < EVW_POINT_LEN; i++)
		printf("%02x", point[i]);
	printf("\", \"base64\": \"%s\"}", text);
}

/* Names are slugs, so nothing in here needs escaping. */
static void
print_app(const E3App *app)
{
	printf("{\"app\": \"%s\", \"versions\": [", app->name);
	for (uint32_t i = 0; i < app->n_versions; i++)
	{
		const E3KeyVersion *version = &app->versions[i];
		char created[32];

		format_time(version->created_us, created, sizeof(created));
		printf("%s{\"version\": %u, \"created\": \"%s\"", i > 0 ? ", " : "",
			   version->version, created);
		print_public(version, EVW_CURVE_P256);
		print_public(version, EVW_CURVE_SECP256K1);
		printf("}");
	}
	printf("]}\n");
}

int
e3_ctl_app_export(E3Ctl *ctl)
{
	EvwBytes name = {(const uint8_t *) ctl->args[0], strlen(ctl->args[0])};
	E3Keyring *keyring = load_keyring(ctl);
	const E3App *app;
	int status = EXIT_SUCCESS;

	if (keyring == NULL)
		return EXIT_FAILURE;
	app = e3_keyring_find(keyring, name);
	if (app != NULL)
		print_app(app);
	else
		status = e3_ctl_fail("%s: no app of this name", ctl->args[0]);
	e3_keyring_release(keyring);
	return status;
}
