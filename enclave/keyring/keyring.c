/*
 * keyring/keyring.c
 *	  The snapshot: apps sorted by name, key versions newest first.
 */
#include "keyring/keyring.h"

#include "base/secret.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct E3Keyring
{
	atomic_uint references;
	uint64_t generation;
	uint32_t n_apps;
	uint32_t cap;
	E3App *apps;
	uint8_t *audit; /* E3_KEYRING_AUDIT_LEN in locked memory; NULL: none */
};

#define APPS_FIRST 16

E3Keyring *
e3_keyring_new(void)
{
	E3Keyring *keyring = calloc(1, sizeof(*keyring));

	if (keyring != NULL)
		atomic_init(&keyring->references, 1);
	return keyring;
}

E3Keyring *
e3_keyring_retain(E3Keyring *keyring)
{
	(void) atomic_fetch_add_explicit(&keyring->references, 1, memory_order_relaxed);
	return keyring;
}

void
e3_key_version_free(const E3KeyVersion *version)
{
	e3_key_pair_free(version->pairs[EVW_CURVE_P256]);
	e3_key_pair_free(version->pairs[EVW_CURVE_SECP256K1]);
}

static void
free_keyring(E3Keyring *keyring)
{
	for (uint32_t i = 0; i < keyring->n_apps; i++)
	{
		E3App *app = &keyring->apps[i];

		for (uint32_t j = 0; j < app->n_versions; j++)
			e3_key_version_free(&app->versions[j]);
		free(app->versions);
	}
	free(keyring->apps);
	e3_secret_free(keyring->audit, E3_KEYRING_AUDIT_LEN);
	free(keyring);
}

void
e3_keyring_release(E3Keyring *keyring)
{
	if (keyring == NULL)
		return;
	/* Whoever is last must see what the others did before they let go. */
	if (atomic_fetch_sub_explicit(&keyring->references, 1, memory_order_acq_rel) == 1)
		free_keyring(keyring);
}

uint64_t
e3_keyring_generation(const E3Keyring *keyring)
{
	return keyring->generation;
}

void
e3_keyring_set_generation(E3Keyring *keyring, uint64_t generation)
{
	keyring->generation = generation;
}

EvwBytes
e3_keyring_audit(const E3Keyring *keyring)
{
	return (EvwBytes){keyring->audit, keyring->audit != NULL ? E3_KEYRING_AUDIT_LEN : 0};
}

EvwStatus
e3_keyring_set_audit(E3Keyring *keyring, EvwBytes secret)
{
	if (secret.len != E3_KEYRING_AUDIT_LEN || keyring->audit != NULL)
		return EVW_KEYRING_FORMAT;
	keyring->audit = e3_secret_alloc(E3_KEYRING_AUDIT_LEN);
	if (keyring->audit == NULL)
		return EVW_OUT_OF_MEMORY;
	memcpy(keyring->audit, secret.data, secret.len);
	return EVW_OK;
}

static int
compare_name(EvwBytes name, const E3App *app)
{
	size_t len = strlen(app->name);
	int order = memcmp(name.data, app->name, name.len < len ? name.len : len);

	if (order != 0)
		return order;
	return name.len < len ? -1 : name.len > len;
}

/* Index of the first app that is not before "name"; *found if it is that one. */
static uint32_t
search(const E3Keyring *keyring, EvwBytes name, bool *found)
{
	uint32_t low = 0;
	uint32_t high = keyring->n_apps;

	*found = false;
	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;
		int order = compare_name(name, &keyring->apps[middle]);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const E3App *
e3_keyring_find(const E3Keyring *keyring, EvwBytes name)
{
	bool found;
	uint32_t index;

	if (name.len == 0)
		return NULL;
	index = search(keyring, name, &found);
	return found ? &keyring->apps[index] : NULL;
}

uint32_t
e3_keyring_count(const E3Keyring *keyring)
{
	return keyring->n_apps;
}

const E3App *
e3_keyring_app(const E3Keyring *keyring, uint32_t index)
{
	return &keyring->apps[index];
}

const E3KeyVersion *
e3_app_find_hint(const E3App *app, EvwCurve curve, const uint8_t *hint)
{
	for (uint32_t i = 0; i < app->n_versions; i++)
		if (memcmp(e3_key_pair_hint(app->versions[i].pairs[curve]), hint, EVW_HINT_LEN) ==
			0)
			return &app->versions[i];
	return NULL;
}

static bool
same_version(const E3KeyVersion *a, const E3KeyVersion *b)
{
	if (a->version != b->version)
		return false;
	for (int curve = 0; curve < 2; curve++)
		if (memcmp(e3_key_pair_public(a->pairs[curve]),
				   e3_key_pair_public(b->pairs[curve]), EVW_POINT_LEN) != 0)
			return false;
	return true;
}

static bool
same_app(const E3App *a, const E3App *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_versions != b->n_versions)
		return false;
	for (uint32_t i = 0; i < a->n_versions; i++)
		if (!same_version(&a->versions[i], &b->versions[i]))
			return false;
	return true;
}

bool
e3_keyring_equal(const E3Keyring *a, const E3Keyring *b)
{
	if (a->n_apps != b->n_apps)
		return false;
	for (uint32_t i = 0; i < a->n_apps; i++)
		if (!same_app(&a->apps[i], &b->apps[i]))
			return false;
	return true;
}

static bool
make_room(E3Keyring *keyring)
{
	uint32_t cap = keyring->cap == 0 ? APPS_FIRST : keyring->cap * 2;
	E3App *apps;

	if (keyring->n_apps < keyring->cap)
		return true;
	apps = realloc(keyring->apps, cap * sizeof(*apps));
	if (apps == NULL)
		return false;
	keyring->apps = apps;
	keyring->cap = cap;
	return true;
}

/* A new app at "index", as yet without versions. */
static EvwStatus
insert_app(E3Keyring *keyring, uint32_t index, EvwBytes name)
{
	E3App *app;

	if (keyring->n_apps == E3_APPS_MAX)
		return EVW_KEYRING_FULL;
	if (!make_room(keyring))
		return EVW_OUT_OF_MEMORY;
	app = &keyring->apps[index];
	memmove(app + 1, app, (keyring->n_apps - index) * sizeof(*app));
	memset(app, 0, sizeof(*app));
	memcpy(app->name, name.data, name.len);
	keyring->n_apps++;
	return EVW_OK;
}

static void
remove_app(E3Keyring *keyring, uint32_t index)
{
	E3App *app = &keyring->apps[index];

	keyring->n_apps--;
	memmove(app, app + 1, (keyring->n_apps - index) * sizeof(*app));
}

/* Keeps the newest first; a number that is there already is an error. */
static EvwStatus
insert_version(E3App *app, const E3KeyVersion *version)
{
	E3KeyVersion *versions;
	uint32_t at = 0;

	if (app->n_versions == EVW_KEY_VERSIONS_MAX)
		return EVW_KEYRING_FULL;
	while (at < app->n_versions && app->versions[at].version > version->version)
		at++;
	if (at < app->n_versions && app->versions[at].version == version->version)
		return EVW_KEYRING_FORMAT;
	versions = realloc(app->versions, (app->n_versions + 1) * sizeof(*versions));
	if (versions == NULL)
		return EVW_OUT_OF_MEMORY;
	memmove(versions + at + 1, versions + at, (app->n_versions - at) * sizeof(*versions));
	versions[at] = *version;
	app->versions = versions;
	app->n_versions++;
	return EVW_OK;
}

static EvwStatus
add_version(E3Keyring *keyring, EvwBytes name, const E3KeyVersion *version)
{
	EvwStatus status = EVW_OK;
	uint32_t index;
	bool found;

	if (!evw_app_name_valid(name))
		return EVW_APP_NAME;
	if (version->version == 0)
		return EVW_KEYRING_FORMAT;
	index = search(keyring, name, &found);
	if (!found)
		status = insert_app(keyring, index, name);
	if (status != EVW_OK)
		return status;
	status = insert_version(&keyring->apps[index], version);
	if (status != EVW_OK && !found)
		remove_app(keyring, index);
	return status;
}

EvwStatus
e3_keyring_add(E3Keyring *keyring, EvwBytes name, const E3KeyVersion *version)
{
	EvwStatus status = add_version(keyring, name, version);

	if (status != EVW_OK)
		e3_key_version_free(version);
	return status;
}
