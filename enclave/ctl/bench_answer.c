/*
 * ctl/bench_answer.c
 *	  What a reply says, and whether it is right.
 */
#include "ctl/bench_run.h"

#include "wire/reply.h"

#include <string.h>

void
e3_bench_count_error(E3BenchCounts *counts, uint32_t code)
{
	uint32_t i = 0;

	while (i < counts->n_errors && counts->errors[i].code != code)
		i++;
	if (i == E3_BENCH_ERRORS_MAX)
		i--;
	else if (i == counts->n_errors)
		counts->errors[counts->n_errors++] = (E3BenchError){.code = code};
	counts->errors[i].count++;
}

static bool
all_good(EvwBytes statuses)
{
	for (size_t i = 0; i < statuses.len; i++)
		if (statuses.data[i] != 0)
			return false;
	return true;
}

/* Ciphertexts differ each time, but there is one for each value. */
static bool
is_right(const E3BenchPlan *plan, const E3BenchRequest *request, const EvwResult *result)
{
	EvwBytes bytes = result->values.bytes;

	if (evw_column_count(&result->values) != request->values ||
		!all_good(result->statuses))
		return false;
	if (plan->verb == EVW_VERB_ENCRYPT)
		return bytes.len >=
			   request->plain.len + (size_t) request->values * EVW_ENVELOPE_MIN;
	return bytes.len == request->plain.len &&
		   (bytes.len == 0 || memcmp(bytes.data, request->plain.data, bytes.len) == 0);
}

static void
count_result(E3BenchTally *tally, const E3BenchPlan *plan, const E3BenchRequest *request,
			 EvwMessage *message, uint64_t took_ns)
{
	EvwResult result = {0};

	if (plan->verb != EVW_VERB_HEALTH && (evw_result_decode(message, &result) != EVW_OK ||
										  !is_right(plan, request, &result)))
	{
		tally->wrong++;
		return;
	}
	tally->answered++;
	tally->e3_ns += result.header.e3_ns;
	tally->cache_hits += result.header.cache_hits;
	e3_latency_add(&tally->latency, took_ns);
}

/* Takes the flight with this id down; false if there is none. */
static bool
land(E3BenchConn *conn, uint64_t id, E3BenchFlight *flight)
{
	E3BenchFlight *slot = &conn->flights[id % EVW_INFLIGHT_MAX];

	if (id == 0 || slot->id != id)
		return false;
	*flight = *slot;
	slot->id = 0;
	conn->in_flight--;
	return true;
}

bool
e3_bench_answer(E3BenchCounts *counts, const E3BenchPlan *plan,
				const E3BenchRequest *requests, E3BenchConn *conn, EvwBytes body,
				uint64_t now_ns)
{
	EvwErrorHeader error = {.code = EVW_CANCELLED};
	E3BenchFlight flight;
	E3BenchTally *tally;
	EvwMessage message;

	if (evw_message_split(body, &message) != EVW_OK ||
		(message.type == EVW_VERB_ERROR && evw_error_decode(&message, &error) != EVW_OK))
		return false;
	if (!land(conn, message.id, &flight))
	{
		/* Of the connection: it says why it ends. */
		if (message.type == EVW_VERB_ERROR)
			e3_bench_count_error(counts, error.code);
		return false;
	}
	tally = &counts->classes[flight.class];
	if (message.type == EVW_VERB_RESULT)
		count_result(tally, plan, &requests[flight.class], &message,
					 now_ns - flight.due_ns);
	else
	{
		tally->refused++;
		e3_bench_count_error(counts, error.code);
	}
	return true;
}
