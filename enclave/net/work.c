/*
 * net/work.c
 *	  Requests in flight, and the connections that wait for them.
 */
#include "net/work.h"

#include "base/clock.h"
#include "base/discard.h"
#include "base/secret.h"
#include "rpc/metadata.h"

#include <stdlib.h>

E3Work *
e3_work_new(E3Conn *conn, E3Flow *flow, EvwBuf *body)
{
	E3Work *work = calloc(1, sizeof(E3Work));

	if (work == NULL)
	{
		e3_buf_release(body);
		return NULL;
	}
	e3_job_init(&work->job, flow);
	e3_call_init(&work->call);
	work->call.body = *body;
	e3_buf_init(body);
	work->conn = conn;
	if (conn == NULL)
		return work;
	work->next = conn->works;
	if (work->next != NULL)
		work->next->prev = work;
	conn->works = work;
	conn->n_works++;
	return work;
}

/* Of one value under every index key, with lengths. */
#define INDEXES_MAX ((size_t) EVW_INDEX_VERSIONS_MAX * (1 + E3_INDEX_BYTES_MAX))

/* The reply's size is known before the work is done, and somebody must hold it. */
static size_t
reply_bytes(const E3Call *call)
{
	size_t bytes = call->body.len;

	size_t count = evw_column_count(&call->request.values);

	if (call->request.verb == EVW_VERB_ATTEST)
		bytes += EVW_EVIDENCE_MAX;
	if (call->request.verb == EVW_VERB_ENCRYPT)
		bytes += count * (EVW_ENVELOPE_MIN + E3_METADATA_ENCODED_MAX);
	/* Metadata may be new, or longer than they were. */
	if (call->request.verb == EVW_VERB_REENCRYPT)
		bytes += count * E3_METADATA_ENCODED_MAX;
	if (call->request.verb == EVW_VERB_BLIND_INDEX)
		bytes += count * (call->request.header.all ? INDEXES_MAX : E3_INDEX_BYTES_MAX);
	bytes = bytes < EVW_FRAME_MAX ? bytes : EVW_FRAME_MAX;
	/* Plaintexts and the reply, side by side. */
	return call->request.verb == EVW_VERB_REENCRYPT ? 2 * bytes : bytes;
}

size_t
e3_work_weigh(const E3Work *work)
{
	return sizeof(E3Work) + work->call.body.cap + reply_bytes(&work->call);
}

/*
 * Values alone count: evidence may have to wait for a device, whatever its size.  If it
 * takes long all the same, by a key agreement for each value, it is sliced.
 */
static bool
is_brief(const E3Call *call, size_t brief_bytes)
{
	return evw_column_count(&call->request.values) > 0 && call->body.len <= brief_bytes;
}

uint32_t
e3_work_submit(E3Work *work, E3Pool *pool, size_t brief_bytes)
{
	work->held = e3_work_weigh(work);
	work->job.is_brief = is_brief(&work->call, brief_bytes);
	work->pool = pool;
	if (work->conn != NULL)
		work->conn->work_bytes += work->held;
	return e3_pool_submit(pool, &work->job);
}

/* The flag may come late, when the worker has finished: then nobody looks at it. */
uint32_t
e3_work_tell(E3Work *work, E3JobEvent event)
{
	uint32_t effects = e3_pool_tell(work->pool, &work->job, event);

	if (effects & E3_DO_STOP)
	{
		atomic_store_explicit(&work->call.cancelled, true, memory_order_relaxed);
		work->stopped_ns = e3_clock_ns();
	}
	return effects;
}

/* Nobody waits for this work any more. */
static void
unlink_work(E3Work *work)
{
	E3Conn *conn = work->conn;

	if (conn == NULL)
		return;
	if (work->next != NULL)
		work->next->prev = work->prev;
	if (work->prev != NULL)
		work->prev->next = work->next;
	else
		conn->works = work->next;
	conn->n_works--;
	conn->work_bytes -= work->held;
	conn->active_ns = e3_clock_ns();
	work->conn = NULL;
	work->prev = NULL;
	work->next = NULL;
}

void
e3_work_end(E3Work *work)
{
	unlink_work(work);
	e3_buf_discard(&work->call.body);
	e3_buf_discard(&work->call.reply);
	e3_call_release(&work->call);
	free(work);
}

E3Work *
e3_work_find(const E3Conn *conn, uint64_t id)
{
	for (E3Work *work = conn->works; work != NULL; work = work->next)
		if (work->call.request.id == id)
			return work;
	return NULL;
}

void
e3_works_abandon(E3Conn *conn)
{
	while (conn->works != NULL)
	{
		E3Work *work = conn->works;

		unlink_work(work);
		if (!(e3_work_tell(work, E3_JOB_LEAVE) & E3_DO_END))
			continue;
		conn->owner->stats->requests_cancelled++;
		e3_work_end(work);
	}
}
