/*
 * keyring/payload.c
 *	  The keyring as MessagePack, written and read side by side.
 */
#include "keyring/payload.h"

#include "base/secret.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <string.h>

static void
write_private(EvwBuf *payload, const E3KeyPair *pair)
{
	uint8_t private_key[E3_PRIVATE_LEN];

	e3_key_pair_private(pair, private_key);
	evw_write_bin(payload, (EvwBytes){private_key, sizeof(private_key)});
	e3_wipe(private_key, sizeof(private_key));
}

static void
write_version(EvwBuf *payload, const E3KeyVersion *version)
{
	evw_write_map(payload, 4);
	evw_write_str(payload, "version");
	evw_write_uint(payload, version->version);
	evw_write_str(payload, "created_us");
	evw_write_uint(payload, version->created_us);
	evw_write_str(payload, "p256");
	write_private(payload, version->pairs[EVW_CURVE_P256]);
	evw_write_str(payload, "secp256k1");
	write_private(payload, version->pairs[EVW_CURVE_SECP256K1]);
}

static void
write_index(EvwBuf *payload, const E3IndexKey *index)
{
	evw_write_map(payload, 4);
	evw_write_str(payload, "version");
	evw_write_uint(payload, index->version);
	evw_write_str(payload, "created_us");
	evw_write_uint(payload, index->created_us);
	evw_write_str(payload, "bytes");
	evw_write_uint(payload, index->bytes);
	evw_write_str(payload, "secret");
	evw_write_bin(payload, (EvwBytes){index->secret, E3_INDEX_SECRET_LEN});
}

static void
write_app(EvwBuf *payload, const E3App *app)
{
	evw_write_map(payload, app->n_indexes > 0 ? 3 : 2);
	evw_write_str(payload, "name");
	evw_write_str(payload, app->name);
	evw_write_str(payload, "versions");
	evw_write_array(payload, app->n_versions);
	for (uint32_t i = 0; i < app->n_versions; i++)
		write_version(payload, &app->versions[i]);
	if (app->n_indexes == 0)
		return;
	evw_write_str(payload, "indexes");
	evw_write_array(payload, app->n_indexes);
	for (uint32_t i = 0; i < app->n_indexes; i++)
		write_index(payload, &app->indexes[i]);
}

void
e3_payload_write(EvwBuf *payload, const E3Keyring *keyring)
{
	uint32_t n_apps = e3_keyring_count(keyring);
	EvwBytes audit = e3_keyring_audit(keyring);

	evw_write_map(payload, audit.len > 0 ? 2 : 1);
	evw_write_str(payload, "apps");
	evw_write_array(payload, n_apps);
	for (uint32_t i = 0; i < n_apps; i++)
		write_app(payload, e3_keyring_app(keyring, i));
	if (audit.len == 0)
		return;
	evw_write_str(payload, "audit");
	evw_write_bin(payload, audit);
}

static void
expect(EvwReader *reader, bool good)
{
	if (!good && reader->status == EVW_OK)
		reader->status = EVW_MALFORMED;
}

static void
read_map_of(EvwReader *reader, uint32_t pairs)
{
	expect(reader, evw_read_map(reader) == pairs);
}

static void
read_key(EvwReader *reader, const char *key)
{
	EvwBytes text = evw_read_str(reader);

	expect(reader, reader->status == EVW_OK && evw_bytes_equal(text, key));
}

static EvwStatus
read_pair(EvwReader *reader, EvwCurve curve, E3KeyPair **pair)
{
	EvwBytes private_key;

	read_key(reader, evw_curve_name(curve));
	private_key = evw_read_bin(reader);
	expect(reader, private_key.len == E3_PRIVATE_LEN);
	if (reader->status != EVW_OK)
		return EVW_KEYRING_FORMAT;
	return e3_key_pair_from_private(curve, private_key.data, pair);
}

static EvwStatus
read_version(EvwReader *reader, E3KeyVersion *version)
{
	EvwStatus status;

	read_map_of(reader, 4);
	read_key(reader, "version");
	version->version = evw_read_uint_max(reader, UINT32_MAX);
	read_key(reader, "created_us");
	version->created_us = evw_read_uint(reader);
	status = read_pair(reader, EVW_CURVE_P256, &version->pairs[EVW_CURVE_P256]);
	if (status != EVW_OK)
		return status;
	status = read_pair(reader, EVW_CURVE_SECP256K1, &version->pairs[EVW_CURVE_SECP256K1]);
	if (status != EVW_OK)
		e3_key_version_free(version);
	return status;
}

static EvwStatus
read_versions(EvwReader *reader, E3Keyring *keyring, EvwBytes name)
{
	uint32_t count;

	read_key(reader, "versions");
	count = evw_read_array(reader);
	/* An app without a version, or one named twice, is not what we write. */
	if (reader->status != EVW_OK || count == 0 || e3_keyring_find(keyring, name) != NULL)
		return EVW_KEYRING_FORMAT;
	for (uint32_t i = 0; i < count; i++)
	{
		E3KeyVersion version = {0};
		EvwStatus status = read_version(reader, &version);

		if (status == EVW_OK)
			status = e3_keyring_add(keyring, name, &version);
		if (status != EVW_OK)
			return status;
	}
	return EVW_OK;
}

static EvwStatus
read_index(EvwReader *reader, E3IndexKey *index)
{
	EvwBytes secret;

	read_map_of(reader, 4);
	read_key(reader, "version");
	index->version = evw_read_uint_max(reader, UINT32_MAX);
	read_key(reader, "created_us");
	index->created_us = evw_read_uint(reader);
	read_key(reader, "bytes");
	index->bytes = evw_read_uint_max(reader, E3_INDEX_BYTES_MAX);
	read_key(reader, "secret");
	secret = evw_read_bin(reader);
	expect(reader, secret.len == E3_INDEX_SECRET_LEN);
	if (reader->status != EVW_OK)
		return EVW_KEYRING_FORMAT;
	index->secret = e3_secret_alloc(E3_INDEX_SECRET_LEN);
	if (index->secret == NULL)
		return EVW_OUT_OF_MEMORY;
	memcpy(index->secret, secret.data, E3_INDEX_SECRET_LEN);
	return EVW_OK;
}

static EvwStatus
read_indexes(EvwReader *reader, E3Keyring *keyring, EvwBytes name)
{
	uint32_t count;

	read_key(reader, "indexes");
	count = evw_read_array(reader);
	if (reader->status != EVW_OK || count == 0)
		return EVW_KEYRING_FORMAT;
	for (uint32_t i = 0; i < count; i++)
	{
		E3IndexKey index = {0};
		EvwStatus status = read_index(reader, &index);

		if (status == EVW_OK)
			status = e3_keyring_add_index(keyring, name, &index);
		if (status != EVW_OK)
			return status;
	}
	return EVW_OK;
}

static EvwStatus
read_app(EvwReader *reader, E3Keyring *keyring)
{
	uint32_t n_pairs = evw_read_map(reader);
	EvwBytes name;
	EvwStatus status;

	expect(reader, n_pairs == 2 || n_pairs == 3);
	read_key(reader, "name");
	name = evw_read_str(reader);
	status = read_versions(reader, keyring, name);
	if (status == EVW_OK && n_pairs == 3)
		status = read_indexes(reader, keyring, name);
	return status;
}

static EvwStatus
read_audit(EvwReader *reader, E3Keyring *keyring)
{
	EvwBytes secret;

	read_key(reader, "audit");
	secret = evw_read_bin(reader);
	if (reader->status != EVW_OK)
		return EVW_KEYRING_FORMAT;
	return e3_keyring_set_audit(keyring, secret);
}

/* What is wrong inside the file is the file's fault; what we lack is not. */
static EvwStatus
payload_status(EvwStatus status)
{
	return status == EVW_BAD_KEY || status == EVW_APP_NAME ? EVW_KEYRING_FORMAT : status;
}

EvwStatus
e3_payload_read(EvwBytes payload, E3Keyring *keyring)
{
	EvwReader reader;
	uint32_t n_pairs;
	uint32_t n_apps;

	evw_reader_init(&reader, payload);
	n_pairs = evw_read_map(&reader);
	expect(&reader, n_pairs == 1 || n_pairs == 2);
	read_key(&reader, "apps");
	n_apps = evw_read_array(&reader);
	for (uint32_t i = 0; i < n_apps; i++)
	{
		EvwStatus status = read_app(&reader, keyring);

		if (status != EVW_OK)
			return payload_status(status);
	}
	if (n_pairs == 2)
	{
		EvwStatus status = read_audit(&reader, keyring);

		if (status != EVW_OK)
			return status;
	}
	return evw_reader_finish(&reader) == EVW_OK ? EVW_OK : EVW_KEYRING_FORMAT;
}
