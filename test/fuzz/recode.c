/*
 * fuzz/recode.c
 *	  Decodes a message of any kind and encodes what was understood.
 */
#include "recode.h"

#include "wire/attest.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/reply.h"
#include "wire/report.h"
#include "wire/request.h"
#include "wire/writer.h"

static EvwStatus
recode_client_hello(EvwMessage *message, EvwBuf *buf)
{
	EvwClientHello hello;
	EvwStatus status = evw_client_hello_decode(message, &hello);

	if (status == EVW_OK)
		evw_client_hello_encode(buf, &hello);
	return status;
}

static EvwStatus
recode_server_hello(EvwMessage *message, EvwBuf *buf)
{
	static const char *const none[] = {NULL};
	EvwServerHello hello;
	EvwStatus status = evw_server_hello_decode(message, &hello);

	if (status == EVW_OK)
		evw_server_hello_encode(buf, &hello, none, none);
	return status;
}

static void
write_bin_or_nil(EvwBuf *buf, EvwBytes bytes)
{
	if (bytes.data == NULL)
		evw_write_nil(buf);
	else
		evw_write_bin(buf, bytes);
}

static EvwStatus
recode_request(EvwMessage *message, EvwBuf *buf)
{
	EvwRequest request;
	EvwStatus status = evw_request_decode(message, &request);

	if (status != EVW_OK)
		return status;
	evw_request_begin(buf, request.verb, request.id, &request.header, 5);
	write_bin_or_nil(buf, request.values.bytes);
	write_bin_or_nil(buf, request.values.lengths);
	write_bin_or_nil(buf, request.datatypes);
	write_bin_or_nil(buf, request.contexts.bytes);
	write_bin_or_nil(buf, request.contexts.lengths);
	evw_frame_end(buf);
	return EVW_OK;
}

static EvwStatus
recode_result(EvwMessage *message, EvwBuf *buf)
{
	uint64_t id = message->id;
	EvwResult result;
	EvwResultMark mark;
	EvwStatus status = evw_result_decode(message, &result);

	if (status != EVW_OK)
		return status;
	mark = evw_result_begin(buf, id, result.header.key_version);
	write_bin_or_nil(buf, result.values.bytes);
	write_bin_or_nil(buf, result.values.lengths);
	write_bin_or_nil(buf, result.statuses);
	evw_result_end(buf, mark, result.header.e3_ns, result.header.cache_hits);
	return EVW_OK;
}

static EvwStatus
recode_error(EvwMessage *message, EvwBuf *buf)
{
	EvwErrorHeader header;
	EvwStatus status = evw_error_decode(message, &header);

	if (status == EVW_OK)
		evw_error_encode(buf, message->id, &header);
	return status;
}

static EvwStatus
recode_cancelled(EvwMessage *message, EvwBuf *buf)
{
	uint32_t done;
	EvwStatus status = evw_cancelled_decode(message, &done);

	if (status == EVW_OK)
		evw_cancelled_encode(buf, message->id, done);
	return status;
}

static EvwStatus
recode_health(EvwMessage *message, EvwBuf *buf)
{
	EvwHealth health;
	EvwStatus status = evw_health_decode(message, &health);

	if (status == EVW_OK)
		evw_health_encode(buf, message->id, &health);
	return status;
}

static EvwStatus
recode_stats(EvwMessage *message, EvwBuf *buf)
{
	EvwCounter counter = {"requests", 0};
	EvwStatus status = evw_stats_find(message, counter.name, &counter.value);

	if (status == EVW_OK)
		evw_stats_encode(buf, message->id, &counter, 1);
	return status;
}

static EvwStatus
recode_keys(EvwMessage *message, EvwBuf *buf)
{
	EvwPublicKeys keys[EVW_KEY_VERSIONS_MAX];
	uint32_t count;
	EvwStatus status = evw_keys_decode(message, keys, EVW_KEY_VERSIONS_MAX, &count);

	if (status == EVW_OK)
		evw_keys_encode(buf, message->id, keys, count, NULL, 0);
	return status;
}

static EvwStatus
recode_attest(EvwMessage *message, EvwBuf *buf)
{
	EvwAttest attest;
	EvwStatus status = evw_attest_decode(message, &attest);

	if (status == EVW_OK)
		evw_attest_encode(buf, message->id, &attest);
	return status;
}

static EvwStatus
recode_evidence(EvwMessage *message, EvwBuf *buf)
{
	EvwEvidence evidence;
	EvwStatus status = evw_evidence_decode(message, &evidence);

	if (status == EVW_OK)
		evw_evidence_encode(buf, message->id, &evidence);
	return status;
}

EvwStatus
recode(RecodeKind kind, EvwMessage message, EvwBuf *buf)
{
	static EvwStatus (*const recoders[N_RECODE_KINDS])(EvwMessage *, EvwBuf *) = {
		[RECODE_CLIENT_HELLO] = recode_client_hello,
		[RECODE_SERVER_HELLO] = recode_server_hello,
		[RECODE_REQUEST] = recode_request,
		[RECODE_RESULT] = recode_result,
		[RECODE_ERROR] = recode_error,
		[RECODE_CANCELLED] = recode_cancelled,
		[RECODE_HEALTH] = recode_health,
		[RECODE_STATS] = recode_stats,
		[RECODE_KEYS] = recode_keys,
		[RECODE_ATTEST] = recode_attest,
		[RECODE_EVIDENCE] = recode_evidence,
	};

	return recoders[kind](&message, buf);
}
