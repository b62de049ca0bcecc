/*
 * fuzz/rpc_fuzz.c
 *	  Requests as a worker gets them: values, datatypes and contexts that nobody has
 *	  looked at.
 *
 * Every request is answered, with as many values as it had; what it encrypted opens
 * again, under its contexts alone.
 */
#include "fuzz.h"

#include "base/secret.h"
#include "crypto/library.h"
#include "rpc/rpc.h"
#include "wire/frame.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t private_key[E3_PRIVATE_LEN] = {1, 2, 3};
static E3RpcShared shared;
static E3RpcWorker worker;

static bool
nothing_waits(const void *scheduler)
{
	(void) scheduler;
	return false;
}

/* By which the samples of messages name their app. */
static const EvwBytes name = {(const uint8_t *) "demo", 4};

static void
add_index(E3Keyring *keyring, uint32_t number, uint32_t bytes)
{
	E3IndexKey index = {.version = number,
						.bytes = bytes,
						.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN)};

	FUZZ_CHECK(index.secret != NULL);
	FUZZ_CHECK(e3_keyring_add_index(keyring, name, &index) == EVW_OK);
}

/* One app with two index keys. */
static E3Keyring *
make_keyring(void)
{
	E3KeyVersion version = {.version = 1};
	E3Keyring *keyring = e3_keyring_new();

	for (int i = 0; i < 2; i++)
		FUZZ_CHECK(e3_key_pair_from_private((EvwCurve) i, private_key,
											&version.pairs[i]) == EVW_OK);
	FUZZ_CHECK(e3_keyring_add(keyring, name, &version) == EVW_OK);
	add_index(keyring, 1, E3_INDEX_BYTES_MAX);
	add_index(keyring, 2, E3_INDEX_BYTES_MIN);
	return keyring;
}

static void
set_up(void)
{
	char cause[E3_LIBRARY_TEXT_MAX];

	FUZZ_CHECK(e3_secret_init(1 << 20) == EVW_OK);
	FUZZ_CHECK(e3_library_choose("auto", "auto", cause) == EVW_OK);
	e3_log_set_level(E3_LOG_ERROR);
	shared.keyring = e3_keyring_holder_new(make_keyring());
	shared.derived = e3_derived_new(64, 32, e3_library_schedule_len());
	shared.request_keys = e3_request_keys_new(4);
	shared.policy = e3_policy_holder_new(NULL);
	shared.quotas = e3_quotas_new();
	worker.shared = &shared;
	worker.fresh_waits = nothing_waits;
	FUZZ_CHECK(e3_rpc_worker_open(&worker));
}

/* Does it, or returns false if it is no request for a worker. */
static bool
run(EvwBytes body, E3Call *call, EvwMessage *reply)
{
	EvwMessage message;

	e3_call_init(call);
	evw_buf_append(&call->body, body.data, body.len);
	if (evw_message_split((EvwBytes){call->body.data, call->body.len}, &message) !=
			EVW_OK ||
		evw_request_decode(&message, &call->request) != EVW_OK ||
		(call->request.verb != EVW_VERB_ENCRYPT &&
		 call->request.verb != EVW_VERB_DECRYPT &&
		 call->request.verb != EVW_VERB_REENCRYPT &&
		 call->request.verb != EVW_VERB_BLIND_INDEX))
		return false;
	while (!e3_rpc_run(&worker, call))
		;
	FUZZ_CHECK(evw_message_split((EvwBytes){call->reply.data + EVW_FRAME_PREFIX,
											call->reply.len - EVW_FRAME_PREFIX},
								 reply) == EVW_OK);
	FUZZ_CHECK(reply->type ==
			   (call->outcome == EVW_OK ? EVW_VERB_RESULT : EVW_VERB_ERROR));
	return true;
}

/* DECRYPT of these envelopes, with the columns of contexts as they came. */
static void
write_decrypt(EvwBuf *buf, const EvwRequestHeader *header, const EvwColumn *values,
			  const EvwColumn *contexts)
{
	bool bound = contexts->bytes.data != NULL;
	EvwRequestHeader plain = {.app = header->app};

	evw_request_begin(buf, EVW_VERB_DECRYPT, 1, &plain, bound ? 5 : 2);
	evw_write_bin(buf, values->bytes);
	evw_write_bin(buf, values->lengths);
	if (bound)
	{
		evw_write_nil(buf);
		evw_write_bin(buf, contexts->bytes);
		evw_write_bin(buf, contexts->lengths);
	}
	evw_frame_end(buf);
}

/* "values" were encrypted to this result. */
static void
open_again(const EvwRequest *request, const EvwColumn *values, const EvwResult *sealed)
{
	EvwMessage reply;
	EvwResult opened;
	EvwBuf buf;
	E3Call call;

	fuzz_buf_init(&buf);
	write_decrypt(&buf, &request->header, &sealed->values, &request->contexts);
	FUZZ_CHECK(run((EvwBytes){buf.data + EVW_FRAME_PREFIX, buf.len - EVW_FRAME_PREFIX},
				   &call, &reply));
	FUZZ_CHECK(evw_result_decode(&reply, &opened) == EVW_OK);
	FUZZ_CHECK(opened.statuses.data == NULL);
	FUZZ_CHECK(fuzz_same(opened.values.bytes, values->bytes));
	FUZZ_CHECK(fuzz_same(opened.values.lengths, values->lengths));
	e3_call_release(&call);
	free(buf.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EvwBytes body = {data, size};
	EvwMessage message;
	EvwRequest request;
	EvwMessage reply;
	EvwResult result;
	E3Call call;

	if (worker.scratch == NULL)
		set_up();
	/* Without it values whose keys are in the cache are opened together. */
	shared.key_mix = size % 2 == 0;
	if (run(body, &call, &reply) && call.outcome == EVW_OK)
	{
		/* The call has given its own up. */
		FUZZ_CHECK(evw_message_split(body, &message) == EVW_OK);
		FUZZ_CHECK(evw_request_decode(&message, &request) == EVW_OK);
		FUZZ_CHECK(evw_result_decode(&reply, &result) == EVW_OK);
		FUZZ_CHECK(evw_column_count(&result.values) == evw_column_count(&request.values));
		/* Then with keys in the cache, and then with their schedules there. */
		for (int i = 0; request.verb == EVW_VERB_ENCRYPT && i < 3; i++)
			open_again(&request, &request.values, &result);
	}
	e3_call_release(&call);
	return 0;
}
