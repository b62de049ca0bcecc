/*
 * net/work.c
 *	  Requests in flight, and the connections that wait for them.
 */
#include "net/work.h"

#include "base/clock.h"
#include "base/secret.h"

#include <stdlib.h>

E3Work *
e3_work_new(E3Conn *conn, EvwBuf *body)
{
	E3Work *work = calloc(1, sizeof(E3Work));

	if (work == NULL)
	{
		e3_buf_release(body);
		return NULL;
	}
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
	conn->work_bytes += work->call.body.len;
	return work;
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
	conn->work_bytes -= work->call.body.len;
	conn->active_ns = e3_clock_ns();
	work->conn = NULL;
	work->prev = NULL;
	work->next = NULL;
}

void
e3_work_end(E3Work *work)
{
	unlink_work(work);
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
e3_work_cancel(E3Work *work)
{
	atomic_store_explicit(&work->call.cancelled, true, memory_order_relaxed);
}

void
e3_works_abandon(E3Conn *conn)
{
	while (conn->works != NULL)
	{
		E3Work *work = conn->works;

		e3_work_cancel(work);
		unlink_work(work);
	}
}
