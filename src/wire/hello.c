/*
 * wire/hello.c
 *	  HELLO in both directions.
 */
#include "wire/hello.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/writer.h"

void
evw_client_hello_encode(EvwBuf *buf, const EvwClientHello *hello)
{
	evw_message_begin(buf, EVW_VERB_HELLO, 0, 0);
	evw_write_map(buf, 3);
	evw_write_str(buf, "version_min");
	evw_write_uint(buf, hello->version_min);
	evw_write_str(buf, "version_max");
	evw_write_uint(buf, hello->version_max);
	evw_write_str(buf, "client");
	evw_write_str_bytes(buf, hello->client);
	evw_frame_end(buf);
}

EvwStatus
evw_client_hello_decode(const EvwMessage *message, EvwClientHello *hello)
{
	static const char *const known[] = {"version_min", "version_max", "client", NULL};
	EvwHeaderKeys keys;
	int key;

	*hello = (EvwClientHello){0};
	evw_header_open(&keys, message->header, known);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		if (key == 0)
			hello->version_min = evw_read_uint_max(&keys.reader, UINT16_MAX);
		else if (key == 1)
			hello->version_max = evw_read_uint_max(&keys.reader, UINT16_MAX);
		else
			hello->client = evw_read_str(&keys.reader);
	}
	if (keys.reader.status != EVW_OK)
		return EVW_BAD_HEADER;
	if (message->id != 0 || message->n_columns != 0 || hello->version_min == 0 ||
		hello->version_max < hello->version_min || hello->client.len > EVW_LABEL_MAX)
		return EVW_BAD_HEADER;
	return EVW_OK;
}

static void
write_names(EvwBuf *buf, const char *key, const char *const *names)
{
	uint32_t count = 0;

	while (names[count] != NULL)
		count++;
	evw_write_str(buf, key);
	evw_write_array(buf, count);
	for (uint32_t i = 0; i < count; i++)
		evw_write_str(buf, names[i]);
}

/* The numbers of E3's HELLO: key, field.  One list for both directions. */
#define SERVER_HELLO_NUMBERS(X)                                                          \
	X("version", version)                                                                \
	X("frame_max", frame_max)                                                            \
	X("plaintext_max", plaintext_max)                                                    \
	X("values_max", values_max)                                                          \
	X("inflight_max", inflight_max)                                                      \
	X("depth_max", depth_max)                                                            \
	X("idle_ms", idle_ms)

void
evw_server_hello_encode(EvwBuf *buf, const EvwServerHello *hello,
						const char *const *suites, const char *const *evidence)
{
	evw_message_begin(buf, EVW_VERB_HELLO, 0, 0);
	evw_write_map(buf, 10);
#define WRITE_NUMBER(key, field)                                                         \
	evw_write_str(buf, key);                                                             \
	evw_write_uint(buf, hello->field);
	SERVER_HELLO_NUMBERS(WRITE_NUMBER)
#undef WRITE_NUMBER
	evw_write_str(buf, "features");
	evw_write_uint(buf, hello->features);
	write_names(buf, "suites", suites);
	write_names(buf, "evidence", evidence);
	evw_frame_end(buf);
}

EvwStatus
evw_server_hello_decode(const EvwMessage *message, EvwServerHello *hello)
{
#define KNOWN_NUMBER(key, field) key,
	static const char *const known[] = {SERVER_HELLO_NUMBERS(KNOWN_NUMBER) "features",
										NULL};
#undef KNOWN_NUMBER
#define NUMBER_FIELD(key, field) &hello->field,
	uint32_t *const fields[] = {SERVER_HELLO_NUMBERS(NUMBER_FIELD)};
#undef NUMBER_FIELD
	const int n_numbers = (int) (sizeof(fields) / sizeof(fields[0]));
	EvwHeaderKeys keys;
	int key;

	*hello = (EvwServerHello){0};
	evw_header_open(&keys, message->header, known);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		if (key < n_numbers)
			*fields[key] = evw_read_uint_max(&keys.reader, UINT32_MAX);
		else
			hello->features = evw_read_uint(&keys.reader);
	}
	if (keys.reader.status != EVW_OK)
		return keys.reader.status;
	return hello->version != 0 && hello->frame_max != 0 ? EVW_OK : EVW_BAD_HEADER;
}
