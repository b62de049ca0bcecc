/*
 * wire/attest.c
 *	  ATTEST and its RESULT, encoded and decoded side by side, and what binds evidence.
 */
#include "wire/attest.h"

#include "wire/frame.h"
#include "wire/writer.h"

#include <string.h>

static const char binding_label[] = "evcrypt attest 1";

static bool
is_name(EvwBytes name)
{
	if (name.len == 0 || name.len > EVW_EVIDENCE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
	{
		uint8_t byte = name.data[i];

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
			return false;
	}
	return true;
}

void
evw_attest_encode(EvwBuf *buf, uint64_t id, const EvwAttest *attest)
{
	evw_message_begin(buf, EVW_VERB_ATTEST, id, 0);
	evw_write_map(buf, 2);
	evw_write_str(buf, "evidence");
	evw_write_str_bytes(buf, attest->evidence);
	evw_write_str(buf, "nonce");
	evw_write_bin(buf, attest->nonce);
	evw_frame_end(buf);
}

EvwStatus
evw_attest_decode(const EvwMessage *message, EvwAttest *attest)
{
	static const char *const known[] = {"evidence", "nonce", NULL};
	EvwHeaderKeys keys;
	int key;

	*attest = (EvwAttest){0};
	evw_header_open(&keys, message->header, known);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		if (key == 0)
			attest->evidence = evw_read_str(&keys.reader);
		else
			attest->nonce = evw_read_bin(&keys.reader);
	}
	if (keys.reader.status != EVW_OK || !is_name(attest->evidence) ||
		attest->nonce.len < EVW_NONCE_MIN || attest->nonce.len > EVW_NONCE_MAX)
		return EVW_BAD_HEADER;
	return message->n_columns == 0 ? EVW_OK : EVW_BAD_COLUMNS;
}

void
evw_evidence_encode(EvwBuf *buf, uint64_t id, const EvwEvidence *evidence)
{
	evw_message_begin(buf, EVW_VERB_RESULT, id, 1);
	evw_write_map(buf, 1);
	evw_write_str(buf, "evidence");
	evw_write_str_bytes(buf, evidence->evidence);
	evw_write_bin(buf, evidence->document);
	evw_frame_end(buf);
}

EvwStatus
evw_evidence_decode(EvwMessage *message, EvwEvidence *evidence)
{
	static const char *const known[] = {"evidence", NULL};
	EvwHeaderKeys keys;

	*evidence = (EvwEvidence){0};
	evw_header_open(&keys, message->header, known);
	while (evw_header_next(&keys) >= 0)
		evidence->evidence = evw_read_str(&keys.reader);
	if (keys.reader.status != EVW_OK || !is_name(evidence->evidence))
		return EVW_BAD_HEADER;
	evidence->document = evw_message_bin(message);
	if (message->columns.status != EVW_OK || message->n_columns != 0 ||
		evidence->document.len == 0 || evidence->document.len > EVW_EVIDENCE_MAX)
		return EVW_BAD_COLUMNS;
	return EVW_OK;
}

static void
append_field(EvwBuf *buf, EvwBytes field)
{
	uint8_t length[4];

	evw_put_be32(length, (uint32_t) field.len);
	evw_buf_append(buf, length, sizeof(length));
	evw_buf_append(buf, field.data, field.len);
}

void
evw_binding_encode(EvwBuf *buf, const EvwBinding *binding)
{
	const EvwBytes fields[] = {binding->exporter, binding->nonce, binding->client_hello,
							   binding->server_hello};
	const size_t most[] = {EVW_EXPORTER_LEN, EVW_NONCE_MAX,
						   EVW_FRAME_PREFIX + EVW_HELLO_FRAME_MAX,
						   EVW_FRAME_PREFIX + EVW_HELLO_FRAME_MAX};

	evw_buf_append(buf, binding_label, strlen(binding_label));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
	{
		if (fields[i].len > most[i] && buf->status == EVW_OK)
			buf->status = EVW_NO_SPACE;
		append_field(buf, fields[i]);
	}
}
