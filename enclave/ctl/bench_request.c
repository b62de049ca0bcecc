/*
 * ctl/bench_request.c
 *	  The frames that e3ctl bench sends, made before it begins.
 */
#include "ctl/bench_run.h"

#include "base/clock.h"
#include "base/secret.h"
#include "wire/frame.h"
#include "wire/reply.h"
#include "wire/writer.h"

/* msgpack-c gives the largest number its full width: room for any other. */
#define ANY_ID UINT64_MAX

/* Encrypting what is to be decrypted may take a key agreement for each value. */
#define PREPARE_NS (UINT64_C(600) * 1000000000)

/* Printable characters, so that they would do as text. */
static void
write_plain(EvwBuf *plain, size_t len, uint64_t seed)
{
	uint8_t *out = evw_buf_extend(plain, len);

	for (size_t i = 0; out != NULL && i < len; i++)
		out[i] = (uint8_t) (' ' + e3_bench_random(&seed) % 95);
}

static void
write_lengths(EvwBuf *frame, uint32_t values, uint32_t length)
{
	size_t mark = evw_write_bin_begin(frame);
	uint8_t *out = evw_buf_extend(frame, (size_t) 4 * values);

	for (uint32_t i = 0; out != NULL && i < values; i++)
		evw_put_le32(out + (size_t) 4 * i, length);
	evw_write_bin_end(frame, mark);
}

static void
write_request(EvwBuf *frame, EvwVerb verb, const E3BenchPlan *plan,
			  const E3BenchRequest *request)
{
	evw_request_begin(frame, verb, ANY_ID, &plan->header, 2);
	evw_write_bin(frame, (EvwBytes){request->plain.data, request->plain.len});
	write_lengths(frame, request->values, plan->value_bytes);
	evw_frame_end(frame);
}

/* Has the values encrypted, and makes the request that decrypts them. */
static E3ClientResult
make_decrypt(E3BenchRequest *request, const E3BenchPlan *plan, E3Client *client)
{
	EvwMessage message;
	EvwResult result;
	E3ClientResult asked;

	e3_buf_release(&client->out);
	write_request(&client->out, EVW_VERB_ENCRYPT, plan, request);
	client->deadline_ns = e3_clock_ns() + PREPARE_NS;
	asked = e3_client_ask(client, ANY_ID, &message);
	if (asked != E3_CLIENT_OK)
		return asked;
	if (evw_result_decode(&message, &result) != EVW_OK ||
		evw_column_count(&result.values) != request->values)
		return e3_client_fail(client, "E3's answer is not understood");
	evw_request_begin(&request->frame, EVW_VERB_DECRYPT, ANY_ID, &plan->header, 2);
	evw_write_bin(&request->frame, result.values.bytes);
	evw_write_bin(&request->frame, result.values.lengths);
	evw_frame_end(&request->frame);
	return E3_CLIENT_OK;
}

E3ClientResult
e3_bench_request_make(E3BenchRequest *request, const E3BenchPlan *plan, uint32_t class,
					  E3Client *client)
{
	E3ClientResult result = E3_CLIENT_OK;

	*request = (E3BenchRequest){.values = plan->classes[class].values};
	e3_buf_init(&request->frame);
	e3_buf_init(&request->plain);
	write_plain(&request->plain, (size_t) request->values * plan->value_bytes,
				plan->seed + class);
	if (plan->verb == EVW_VERB_HEALTH)
		evw_request_encode_plain(&request->frame, plan->verb, ANY_ID, &plan->header);
	else if (plan->verb == EVW_VERB_DECRYPT)
		result = make_decrypt(request, plan, client);
	else
		write_request(&request->frame, plan->verb, plan, request);
	if (result == E3_CLIENT_OK &&
		(request->frame.status != EVW_OK || request->plain.status != EVW_OK))
		return e3_client_fail(client, "no memory for the requests");
	return result;
}

void
e3_bench_request_free(E3BenchRequest *request)
{
	e3_buf_release(&request->frame);
	e3_buf_release(&request->plain);
}
