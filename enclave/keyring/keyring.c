/*
 * keyring/keyring.c
 *	  The snapshot: apps sorted by name, key versions newest first.
 */
#include "keyring/keyring.h"

#include "base/secret.h"
#include "crypto/hkdf.h"

#include <stdatomic.h>
#include <stdio.h>
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
free_index(const E3IndexKey *index)
{
	e3_secret_free(index->secret, E3_INDEX_SECRET_LEN);
	e3_secret_free(index->key, E3_INDEX_KEY_LEN);
}

static void
free_app(const E3App *app)
{
	for (uint32_t i = 0; i < app->n_versions; i++)
		e3_key_version_free(&app->versions[i]);
	for (uint32_t i = 0; i < app->n_indexes; i++)
		free_index(&app->indexes[i]);
	free(app->versions);
	free(app->indexes);
}

static void
free_keyring(E3Keyring *keyring)
{
	for (uint32_t i = 0; i < keyring->n_apps; i++)
		free_app(&keyring->apps[i]);
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
same_index(const E3IndexKey *a, const E3IndexKey *b)
{
	return a->version == b->version && a->bytes == b->bytes &&
		   memcmp(a->secret, b->secret, E3_INDEX_SECRET_LEN) == 0;
}

static bool
same_app(const E3App *a, const E3App *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_versions != b->n_versions ||
		a->n_indexes != b->n_indexes)
		return false;
	for (uint32_t i = 0; i < a->n_versions; i++)
		if (!same_version(&a->versions[i], &b->versions[i]))
			return false;
	for (uint32_t i = 0; i < a->n_indexes; i++)
		if (!same_index(&a->indexes[i], &b->indexes[i]))
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

/* Versions of keys and of index keys begin with their number. */
static uint32_t
number_at(const void *list, uint32_t at, size_t size)
{
	uint32_t number;

	memcpy(&number, (const uint8_t *) list + at * size, sizeof(number));
	return number;
}

/* Where a number is, or would have to be, in a list whose newest comes first. */
static uint32_t
place_of(const void *list, uint32_t count, size_t size, uint32_t number)
{
	uint32_t at = 0;

	while (at < count && number_at(list, at, size) > number)
		at++;
	return at;
}

/*
 * The list with the item in its place, or NULL; a number that is there already is an
 * error.
 */
static EvwStatus
insert(void *list, uint32_t count, uint32_t max, const void *item, size_t size,
	   void **longer)
{
	uint32_t number = number_at(item, 0, size);
	uint32_t at = place_of(list, count, size, number);
	uint8_t *place;

	if (count == max)
		return EVW_KEYRING_FULL;
	if (number == 0 || (at < count && number_at(list, at, size) == number))
		return EVW_KEYRING_FORMAT;
	*longer = realloc(list, (count + 1) * size);
	if (*longer == NULL)
		return EVW_OUT_OF_MEMORY;
	place = (uint8_t *) *longer + at * size;
	memmove(place + size, place, (count - at) * size);
	memcpy(place, item, size);
	return EVW_OK;
}

static EvwStatus
insert_version(E3App *app, const E3KeyVersion *version)
{
	void *longer;
	EvwStatus status = insert(app->versions, app->n_versions, EVW_KEY_VERSIONS_MAX,
							  version, sizeof(*version), &longer);

	if (status != EVW_OK)
		return status;
	app->versions = longer;
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

/* NULL if there is no such app. */
static E3App *
app_named(E3Keyring *keyring, EvwBytes name)
{
	bool found;
	uint32_t index = search(keyring, name, &found);

	return found ? &keyring->apps[index] : NULL;
}

static EvwStatus
insert_index(E3App *app, const E3IndexKey *index)
{
	void *longer;
	EvwStatus status;

	if (app == NULL)
		return EVW_UNKNOWN_APP;
	if (index->bytes < E3_INDEX_BYTES_MIN || index->bytes > E3_INDEX_BYTES_MAX)
		return EVW_KEYRING_FORMAT;
	status = insert(app->indexes, app->n_indexes, EVW_INDEX_VERSIONS_MAX, index,
					sizeof(*index), &longer);
	if (status != EVW_OK)
		return status;
	app->indexes = longer;
	app->n_indexes++;
	return EVW_OK;
}

/* No two apps and versions have a key in common, not even where a secret was copied. */
static EvwStatus
derive_key(EvwBytes name, E3IndexKey *index)
{
	char purpose[sizeof("evcrypt blind index  ") + EVW_APP_MAX + 10];
	const EvwBytes secret = {index->secret, E3_INDEX_SECRET_LEN};

	if (!evw_app_name_valid(name))
		return EVW_UNKNOWN_APP;
	index->key = e3_secret_alloc(E3_INDEX_KEY_LEN);
	if (index->key == NULL)
		return EVW_OUT_OF_MEMORY;
	(void) snprintf(purpose, sizeof(purpose), "evcrypt blind index %.*s %u",
					(int) name.len, (const char *) name.data, index->version);
	return e3_hkdf(secret, purpose, index->key, E3_INDEX_KEY_LEN);
}

EvwStatus
e3_keyring_add_index(E3Keyring *keyring, EvwBytes name, const E3IndexKey *index)
{
	E3IndexKey added = *index;
	EvwStatus status = derive_key(name, &added);

	if (status == EVW_OK)
		status = insert_index(app_named(keyring, name), &added);
	if (status != EVW_OK)
		free_index(&added);
	return status;
}

/* The place of a version that may go; 0, that of the newest, if none may. */
static uint32_t
retiring(const void *list, uint32_t count, size_t size, uint32_t number)
{
	uint32_t at = place_of(list, count, size, number);

	return at < count && number_at(list, at, size) == number ? at : 0;
}

bool
e3_keyring_retire(E3Keyring *keyring, EvwBytes name, uint32_t version)
{
	E3App *app = app_named(keyring, name);
	uint32_t at = app != NULL ? retiring(app->versions, app->n_versions,
										 sizeof(*app->versions), version)
							  : 0;

	if (at == 0)
		return false;
	e3_key_version_free(&app->versions[at]);
	app->n_versions--;
	memmove(app->versions + at, app->versions + at + 1,
			(app->n_versions - at) * sizeof(*app->versions));
	return true;
}

bool
e3_keyring_retire_index(E3Keyring *keyring, EvwBytes name, uint32_t version)
{
	E3App *app = app_named(keyring, name);
	uint32_t at = app != NULL ? retiring(app->indexes, app->n_indexes,
										 sizeof(*app->indexes), version)
							  : 0;

	if (at == 0)
		return false;
	free_index(&app->indexes[at]);
	app->n_indexes--;
	memmove(app->indexes + at, app->indexes + at + 1,
			(app->n_indexes - at) * sizeof(*app->indexes));
	return true;
}
