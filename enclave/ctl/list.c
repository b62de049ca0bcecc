/*
 * ctl/list.c
 *	  app list, app export, index list: what may be shown of the keyring.
 */
#include "ctl/versions.h"
#include "keyring/store.h"
#include "wire/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Base64 of a point, unpadded, and a NUL. */
#define POINT_TEXT_LEN (EVW_POINT_LEN / 3 * 4 + 1)

static E3Keyring *
load_keyring(const E3Ctl *ctl)
{
	E3Keyring *keyring;
	EvwStatus status = e3_store_load(ctl->config.keyring, &ctl->kek, &keyring);

	if (status != EVW_OK)
		(void) e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, status);
	return keyring;
}

static void
print_versions(const E3App *app)
{
	for (uint32_t i = 0; i < app->n_versions; i++)
	{
		const E3KeyVersion *version = &app->versions[i];
		char created[E3_TIME_TEXT];
		char p256[E3_KEY_ID_TEXT];
		char secp256k1[E3_KEY_ID_TEXT];

		e3_versions_time(version->created_us, created);
		e3_versions_key_id(version->pairs[EVW_CURVE_P256], p256);
		e3_versions_key_id(version->pairs[EVW_CURVE_SECP256K1], secp256k1);
		printf("%s\t%u\t%s\t%s\t%s\n", app->name, version->version, created, p256,
			   secp256k1);
	}
}

static void
print_indexes(const E3App *app)
{
	for (uint32_t i = 0; i < app->n_indexes; i++)
	{
		const E3IndexKey *index = &app->indexes[i];
		char created[E3_TIME_TEXT];

		e3_versions_time(index->created_us, created);
		printf("%s\t%u\t%s\t%u\n", app->name, index->version, created, index->bytes);
	}
}

static int
print_apps(const E3Ctl *ctl, void (*print)(const E3App *app))
{
	E3Keyring *keyring = load_keyring(ctl);

	if (keyring == NULL)
		return EXIT_FAILURE;
	for (uint32_t i = 0; i < e3_keyring_count(keyring); i++)
		print(e3_keyring_app(keyring, i));
	e3_keyring_release(keyring);
	return EXIT_SUCCESS;
}

int
e3_ctl_app_list(E3Ctl *ctl)
{
	return print_apps(ctl, print_versions);
}

int
e3_ctl_index_list(E3Ctl *ctl)
{
	return print_apps(ctl, print_indexes);
}

static void
print_public(const E3KeyVersion *version, EvwCurve curve)
{
	const uint8_t *point = e3_key_pair_public(version->pairs[curve]);
	char id[E3_KEY_ID_TEXT];
	char text[POINT_TEXT_LEN] = "";

	e3_versions_key_id(version->pairs[curve], id);
	evw_base64_encode(text, (EvwBytes){point, EVW_POINT_LEN});
	printf(", \"%s\": {\"id\": \"%s\", \"hex\": \"", evw_curve_name(curve), id);
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
		char created[E3_TIME_TEXT];

		e3_versions_time(version->created_us, created);
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
