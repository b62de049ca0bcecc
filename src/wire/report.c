/*
 * wire/report.c
 *	  RESULTs of HEALTH, STATS and KEYS, encoded and decoded side by side.
 */
#include "wire/report.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/writer.h"

#include <string.h>

enum
{
	KEY_VERSION,
	KEY_BACKEND,
	KEY_UPTIME,
	KEY_UNIX,
	KEY_QUEUED,
	KEY_RUNNING,
	KEY_KEY_VERSIONS,
	KEY_INDEX_VERSIONS,
	KEY_ISOLATION,
	KEY_ISOLATION_MISSING,
	N_HEALTH_KEYS
};

static const char *const health_keys[] =
	{"version", "backend",		"uptime_ms",	  "unix_us",   "queued",
	 "running", "key_versions", "index_versions", "isolation", "isolation_missing",
	 NULL};

static void
write_number(EvwBuf *buf, const char *key, uint64_t number)
{
	evw_write_str(buf, key);
	evw_write_uint(buf, number);
}

static void
write_versions(EvwBuf *buf, const char *key, const uint32_t *versions, uint32_t count)
{
	evw_write_str(buf, key);
	evw_write_array(buf, count);
	for (uint32_t i = 0; i < count; i++)
		evw_write_uint(buf, versions[i]);
}

void
evw_health_encode(EvwBuf *buf, uint64_t id, const EvwHealth *health)
{
	evw_message_begin(buf, EVW_VERB_RESULT, id, 0);
	evw_write_map(buf, N_HEALTH_KEYS);
	evw_write_str(buf, health_keys[KEY_VERSION]);
	evw_write_str_bytes(buf, health->version);
	evw_write_str(buf, health_keys[KEY_BACKEND]);
	evw_write_str_bytes(buf, health->backend);
	write_number(buf, health_keys[KEY_UPTIME], health->uptime_ms);
	write_number(buf, health_keys[KEY_UNIX], health->unix_us);
	write_number(buf, health_keys[KEY_QUEUED], health->queued);
	write_number(buf, health_keys[KEY_RUNNING], health->running);
	write_versions(buf, health_keys[KEY_KEY_VERSIONS], health->key_versions,
				   health->n_key_versions);
	write_versions(buf, health_keys[KEY_INDEX_VERSIONS], health->index_versions,
				   health->n_index_versions);
	evw_write_str(buf, health_keys[KEY_ISOLATION]);
	evw_write_str_bytes(buf, health->isolation);
	evw_write_str(buf, health_keys[KEY_ISOLATION_MISSING]);
	evw_write_str_bytes(buf, health->isolation_missing);
	evw_frame_end(buf);
}

/* At most "max" are kept. */
static void
read_versions(EvwReader *reader, uint32_t *versions, uint32_t max, uint32_t *count)
{
	uint32_t listed = evw_read_array(reader);

	for (uint32_t i = 0; i < listed && reader->status == EVW_OK; i++)
	{
		uint32_t version = evw_read_uint_max(reader, UINT32_MAX);

		if (*count < max)
			versions[(*count)++] = version;
	}
}

EvwStatus
evw_health_decode(const EvwMessage *message, EvwHealth *health)
{
	EvwHeaderKeys keys;
	int key;

	memset(health, 0, sizeof(*health));
	evw_header_open(&keys, message->header, health_keys);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		EvwReader *reader = &keys.reader;

		if (key == KEY_VERSION)
			health->version = evw_read_str(reader);
		else if (key == KEY_BACKEND)
			health->backend = evw_read_str(reader);
		else if (key == KEY_UPTIME)
			health->uptime_ms = evw_read_uint(reader);
		else if (key == KEY_UNIX)
			health->unix_us = evw_read_uint(reader);
		else if (key == KEY_QUEUED)
			health->queued = evw_read_uint_max(reader, UINT32_MAX);
		else if (key == KEY_RUNNING)
			health->running = evw_read_uint_max(reader, UINT32_MAX);
		else if (key == KEY_KEY_VERSIONS)
			read_versions(reader, health->key_versions, EVW_KEY_VERSIONS_MAX,
						  &health->n_key_versions);
		else if (key == KEY_ISOLATION)
			health->isolation = evw_read_str(reader);
		else if (key == KEY_ISOLATION_MISSING)
			health->isolation_missing = evw_read_str(reader);
		else
			read_versions(reader, health->index_versions, EVW_INDEX_VERSIONS_MAX,
						  &health->n_index_versions);
	}
	return keys.reader.status;
}

void
evw_stats_encode(EvwBuf *buf, uint64_t id, const EvwCounter *counters, uint32_t count)
{
	evw_message_begin(buf, EVW_VERB_RESULT, id, 0);
	evw_write_map(buf, count);
	for (uint32_t i = 0; i < count; i++)
		write_number(buf, counters[i].name, counters[i].value);
	evw_frame_end(buf);
}

EvwStatus
evw_stats_find(const EvwMessage *message, const char *name, uint64_t *value)
{
	const char *const known[] = {name, NULL};
	EvwHeaderKeys keys;
	bool found = false;

	*value = 0;
	evw_header_open(&keys, message->header, known);
	while (evw_header_next(&keys) >= 0)
	{
		*value = evw_read_uint(&keys.reader);
		found = true;
	}
	if (keys.reader.status != EVW_OK)
		return keys.reader.status;
	return found ? EVW_OK : EVW_MALFORMED;
}

void
evw_keys_encode(EvwBuf *buf, uint64_t id, const EvwPublicKeys *keys, uint32_t count,
				const EvwIndexKey *indexes, uint32_t n_indexes)
{
	evw_message_begin(buf, EVW_VERB_RESULT, id, 0);
	evw_write_map(buf, 2);
	evw_write_str(buf, "keys");
	evw_write_array(buf, count);
	for (uint32_t i = 0; i < count; i++)
	{
		evw_write_array(buf, 3);
		evw_write_uint(buf, keys[i].version);
		evw_write_bin(buf, (EvwBytes){keys[i].p256, EVW_POINT_LEN});
		evw_write_bin(buf, (EvwBytes){keys[i].secp256k1, EVW_POINT_LEN});
	}
	evw_write_str(buf, "index_keys");
	evw_write_array(buf, n_indexes);
	for (uint32_t i = 0; i < n_indexes; i++)
	{
		evw_write_array(buf, 2);
		evw_write_uint(buf, indexes[i].version);
		evw_write_uint(buf, indexes[i].bytes);
	}
	evw_frame_end(buf);
}

static void
read_point(EvwReader *reader, uint8_t *point)
{
	EvwBytes bytes = evw_read_bin(reader);

	if (bytes.len == EVW_POINT_LEN)
		memcpy(point, bytes.data, EVW_POINT_LEN);
	else if (reader->status == EVW_OK)
		reader->status = EVW_MALFORMED;
}

static void
read_public_keys(EvwReader *reader, EvwPublicKeys *keys)
{
	uint32_t fields = evw_read_array(reader);

	if (reader->status == EVW_OK && fields != 3)
		reader->status = EVW_MALFORMED;
	keys->version = evw_read_uint_max(reader, UINT32_MAX);
	read_point(reader, keys->p256);
	read_point(reader, keys->secp256k1);
}

EvwStatus
evw_keys_decode(const EvwMessage *message, EvwPublicKeys *keys, uint32_t max,
				uint32_t *count)
{
	static const char *const known[] = {"keys", NULL};
	EvwHeaderKeys header;
	EvwReader *reader = &header.reader;

	*count = 0;
	evw_header_open(&header, message->header, known);
	while (evw_header_next(&header) >= 0)
	{
		uint32_t listed = evw_read_array(reader);

		for (uint32_t i = 0; i < listed && reader->status == EVW_OK; i++)
		{
			EvwPublicKeys one;

			read_public_keys(reader, &one);
			if (reader->status == EVW_OK && *count < max)
				keys[(*count)++] = one;
		}
	}
	return reader->status;
}
