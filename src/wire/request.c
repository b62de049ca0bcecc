/*
 * wire/request.c
 *	  Requests, encoded and decoded side by side.
 */
#include "wire/request.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/writer.h"

static const char *const curve_names[] = {"p256", "secp256k1"};

const char *
evw_curve_name(EvwCurve curve)
{
	return curve_names[curve];
}

static bool
is_slug(EvwBytes text, size_t max, bool underscore)
{
	if (text.len == 0 || text.len > max)
		return false;
	for (size_t i = 0; i < text.len; i++)
	{
		uint8_t byte = text.data[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
			  byte == '-' || (underscore && byte == '_')))
			return false;
	}
	return true;
}

bool
evw_app_name_valid(EvwBytes name)
{
	return is_slug(name, EVW_APP_MAX, true);
}

bool
evw_role_valid(EvwBytes role)
{
	return is_slug(role, EVW_ROLE_MAX, false);
}

/* Keys of a request header, in the order that they are written. */
enum
{
	KEY_APP,
	KEY_CURVE,
	KEY_FORMAT,
	KEY_ROLE,
	KEY_PER_KEY,
	KEY_DEADLINE,
	KEY_TRACE,
	KEY_CREDENTIAL,
	KEY_LABEL,
	KEY_ALL
};

static const char *const request_keys[] = {"app",	"curve",	  "format",
										   "role",	"per_key",	  "deadline_ms",
										   "trace", "credential", "label",
										   "all",	NULL};

static void
write_text_field(EvwBuf *buf, int key, EvwBytes text)
{
	if (text.len == 0)
		return;
	evw_write_str(buf, request_keys[key]);
	evw_write_str_bytes(buf, text);
}

static void
write_number_field(EvwBuf *buf, int key, uint32_t number)
{
	if (number == 0)
		return;
	evw_write_str(buf, request_keys[key]);
	evw_write_uint(buf, number);
}

void
evw_request_begin(EvwBuf *buf, EvwVerb verb, uint64_t id, const EvwRequestHeader *header,
				  uint32_t n_columns)
{
	bool has_curve = header->curve != EVW_CURVE_P256;
	int pairs = (header->app.len > 0) + has_curve + (header->format.len > 0) +
				(header->role.len > 0) + (header->values_per_key > 0) +
				(header->deadline_ms > 0) + (header->trace.len > 0) +
				(header->credential.len > 0) + (header->label.len > 0) + header->all;

	evw_message_begin(buf, verb, id, n_columns);
	evw_write_map(buf, (uint32_t) pairs);
	write_text_field(buf, KEY_APP, header->app);
	if (has_curve)
	{
		evw_write_str(buf, request_keys[KEY_CURVE]);
		evw_write_str(buf, evw_curve_name(header->curve));
	}
	write_text_field(buf, KEY_FORMAT, header->format);
	write_text_field(buf, KEY_ROLE, header->role);
	write_number_field(buf, KEY_PER_KEY, header->values_per_key);
	write_number_field(buf, KEY_DEADLINE, header->deadline_ms);
	if (header->trace.len > 0)
	{
		evw_write_str(buf, request_keys[KEY_TRACE]);
		evw_write_bin(buf, header->trace);
	}
	write_text_field(buf, KEY_CREDENTIAL, header->credential);
	write_text_field(buf, KEY_LABEL, header->label);
	write_number_field(buf, KEY_ALL, header->all);
}

void
evw_request_encode_plain(EvwBuf *buf, EvwVerb verb, uint64_t id,
						 const EvwRequestHeader *header)
{
	evw_request_begin(buf, verb, id, header, 0);
	evw_frame_end(buf);
}

void
evw_cancel_encode(EvwBuf *buf, uint64_t id)
{
	EvwRequestHeader none = {0};

	evw_request_encode_plain(buf, EVW_VERB_CANCEL, id, &none);
}

static bool
read_curve(EvwReader *reader, EvwCurve *curve)
{
	EvwBytes name = evw_read_str(reader);

	for (int i = 0; i < 2; i++)
		if (evw_bytes_equal(name, curve_names[i]))
		{
			*curve = (EvwCurve) i;
			return true;
		}
	return false;
}

/* One field; false if its value is not what the field allows. */
static bool
read_field(EvwReader *reader, int key, EvwRequestHeader *header)
{
	switch (key)
	{
		case KEY_APP:
			header->app = evw_read_str(reader);
			return evw_app_name_valid(header->app);
		case KEY_CURVE:
			return read_curve(reader, &header->curve);
		case KEY_FORMAT:
			header->format = evw_read_str(reader);
			return header->format.len == 4;
		case KEY_ROLE:
			header->role = evw_read_str(reader);
			return evw_role_valid(header->role);
		case KEY_PER_KEY:
			header->values_per_key = evw_read_uint_max(reader, EVW_VALUES_MAX);
			return true;
		case KEY_DEADLINE:
			header->deadline_ms = evw_read_uint_max(reader, EVW_DEADLINE_MAX_MS);
			return header->deadline_ms > 0;
		case KEY_TRACE:
			header->trace = evw_read_bin(reader);
			return header->trace.len == EVW_TRACE_LEN;
		case KEY_CREDENTIAL:
			header->credential = evw_read_str(reader);
			return header->credential.len <= EVW_CREDENTIAL_MAX;
		case KEY_LABEL:
			header->label = evw_read_str(reader);
			return header->label.len <= EVW_LABEL_MAX;
		default:
			header->all = evw_read_uint_max(reader, 1) == 1;
			return true;
	}
}

static EvwStatus
decode_header(EvwBytes bytes, EvwRequestHeader *header)
{
	EvwHeaderKeys keys;
	int key;

	evw_header_open(&keys, bytes, request_keys);
	while ((key = evw_header_next(&keys)) >= 0)
		if (!read_field(&keys.reader, key, header))
			return EVW_BAD_HEADER;
	return keys.reader.status == EVW_OK ? EVW_OK : EVW_BAD_HEADER;
}

/* Of contexts there is one a value, or one for all of them. */
static bool
is_right_number(const EvwColumn *contexts, uint32_t count)
{
	uint32_t n_contexts = evw_column_count(contexts);

	return contexts->bytes.data == NULL || n_contexts == 1 || n_contexts == count;
}

static EvwStatus
decode_columns(EvwMessage *message, EvwRequest *request)
{
	EvwStatus status = evw_message_column(message, &request->values);
	uint32_t count = evw_column_count(&request->values);

	if (status != EVW_OK)
		return status;
	request->datatypes = evw_message_bin(message);
	if (message->columns.status != EVW_OK)
		return EVW_BAD_COLUMNS;
	if (request->datatypes.data != NULL && request->datatypes.len != count)
		return EVW_BAD_COLUMNS;
	status = evw_message_column(message, &request->contexts);
	if (status != EVW_OK)
		return status;
	if (!is_right_number(&request->contexts, count))
		return EVW_BAD_COLUMNS;
	return message->n_columns == 0 ? EVW_OK : EVW_BAD_COLUMNS;
}

EvwStatus
evw_request_decode(EvwMessage *message, EvwRequest *request)
{
	EvwStatus status;

	*request = (EvwRequest){.verb = (EvwVerb) message->type, .id = message->id};
	if (message->id == 0)
		return EVW_BAD_ID;
	status = decode_header(message->header, &request->header);
	if (status != EVW_OK)
		return status;
	return decode_columns(message, request);
}
