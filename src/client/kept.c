/*
 * client/kept.c
 *	  The connections that this backend keeps: one an endpoint, made when it is used.
 *
 * Choosing has three rounds, each of which ends it if something was found: what is
 * not avoided; what is avoided but may be tried; and the others, when their time has
 * come.  So each endpoint is tried once before a request fails.
 */
#include "postgres.h"

#include "client/kept.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "client/attest.h"
#include "client/backoff.h"
#include "client/connect.h"
#include "client/mux.h"
#include "client/report.h"

typedef struct Kept
{
	EvcEndpoint endpoint;
	EvcConn conn;
	EvcBackoff backoff;
	EvcTrouble trouble; /* why it failed last; its detail is not kept */
} Kept;

/* One choice being made. */
typedef struct Choice
{
	Kept *order[EVC_ENDPOINTS_MAX]; /* those not tried yet */
	int n_left;
	int64 deadline;
	EvcTrouble *trouble; /* of the last one tried */
} Choice;

static Kept all_kept[EVC_ENDPOINTS_MAX];
static int n_kept;
static char *kept_endpoints; /* evcrypt.endpoints when they were set up */

static void
close_all(void)
{
	for (int i = 0; i < n_kept; i++)
		evc_conn_close(&all_kept[i].conn);
}

static void
close_at_exit(int code, Datum arg)
{
	close_all();
}

static void
set_up(void)
{
	static bool registered = false;
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count = evc_guc_endpoints(endpoints);
	char *copy = MemoryContextStrdup(TopMemoryContext, evc_endpoints);

	close_all();
	if (kept_endpoints != NULL)
		pfree(kept_endpoints);
	kept_endpoints = copy;
	n_kept = count;
	for (int i = 0; i < count; i++)
		all_kept[i] = (Kept){.endpoint = endpoints[i], .conn = EVC_CONN_CLOSED};
	if (!registered)
		before_shmem_exit(close_at_exit, (Datum) 0);
	registered = true;
}

static uint32
load_of(const Kept *kept)
{
	const EvcConn *conn = &kept->conn;

	return conn->sock == PGINVALID_SOCKET ? 0 : conn->n_flights + conn->n_abandoned;
}

/* Is this one to be used before that one, which stands before it? */
static bool
goes_before(const Kept *kept, const Kept *other, const EvcErrand *errand)
{
	if (&other->conn == errand->last || &kept->conn == errand->last)
		return &other->conn == errand->last;
	return errand->large && load_of(kept) < load_of(other);
}

/* Among equals large requests begin somewhere else each time. */
static void
put_in_order(Choice *choice, const EvcErrand *errand)
{
	static uint32 turn = 0;
	uint32 first = errand->large ? MyProcPid + turn++ : 0;

	for (int i = 0; i < n_kept; i++)
	{
		Kept *kept = &all_kept[(first + i) % n_kept];
		int at = choice->n_left++;

		for (; at > 0 && goes_before(kept, choice->order[at - 1], errand); at--)
			choice->order[at] = choice->order[at - 1];
		choice->order[at] = kept;
	}
}

/* It was this backend that could not, not the endpoint. */
static bool
is_our_own(const EvcTrouble *trouble)
{
	return trouble->kind == EVC_TROUBLE_MEMORY ||
		   (trouble->kind == EVC_TROUBLE_CONNECT &&
			(trouble->errnum == EMFILE || trouble->errnum == ENFILE));
}

static void
note_failure(Kept *kept, const EvcTrouble *trouble, int64 took_us)
{
	kept->trouble = *trouble;
	kept->trouble.detail = NULL;
	if (!is_our_own(trouble))
		evc_backoff_failed(&kept->backoff, took_us);
}

static void
strike_out(Choice *choice, int at)
{
	choice->n_left--;
	memmove(&choice->order[at], &choice->order[at + 1],
			(choice->n_left - at) * sizeof(Kept *));
}

/* Can a request be sent on it as it is? */
static bool
is_ready(EvcConn *conn, EvcTrouble *trouble)
{
	return evc_conn_usable(conn) && evc_mux_settle(conn) &&
		   evc_attest_renew(conn, trouble);
}

/* The connection, made anew if need be; an equal part of what time is left is for it. */
static EvcConn *
try_one(Choice *choice, int at)
{
	Kept *kept = choice->order[at];
	EvcConn *conn = &kept->conn;
	int64 start = evc_now_us();
	int64 part = (choice->deadline - start) / choice->n_left;

	strike_out(choice, at);
	if (is_ready(conn, choice->trouble))
		return conn;
	evc_conn_close(conn);
	if (evc_connect(conn, &kept->endpoint, start + part, choice->trouble))
	{
		evc_backoff_clear(&kept->backoff);
		return conn;
	}
	note_failure(kept, choice->trouble, evc_now_us() - start);
	return NULL;
}

/* Its E3 takes no more requests, but still has some of ours. */
static bool
is_drained_by_others(const Kept *kept)
{
	return n_kept > 1 && kept->conn.sock != PGINVALID_SOCKET && kept->conn.leaving &&
		   kept->conn.n_flights > 0;
}

/* Tries those that may be at this time, in order. */
static EvcConn *
try_ready(Choice *choice, bool avoid)
{
	int at = 0;

	while (at < choice->n_left)
	{
		const Kept *kept = choice->order[at];
		const EvcBackoff *backoff = &kept->backoff;
		bool rests = backoff->pause_us > 0 &&
					 evc_now_us() < (avoid ? backoff->avoid_until : backoff->retry_at);
		EvcConn *conn;

		if ((rests && !evc_conn_usable(&kept->conn)) || is_drained_by_others(kept))
		{
			at++;
			continue;
		}
		conn = try_one(choice, at);
		if (conn != NULL)
			return conn;
	}
	return NULL;
}

/* Waits until the first of those left may be tried, and tries it. */
static EvcConn *
try_in_time(Choice *choice)
{
	int first = 0;
	const Kept *kept;

	for (int i = 1; i < choice->n_left; i++)
		if (choice->order[i]->backoff.retry_at < choice->order[first]->backoff.retry_at)
			first = i;
	kept = choice->order[first];
	*choice->trouble = kept->trouble;
	if (kept->backoff.retry_at >= choice->deadline)
	{
		evc_wait_until(choice->deadline);
		choice->n_left = 0;
		return NULL;
	}
	evc_wait_until(kept->backoff.retry_at);
	return try_one(choice, first);
}

static const char *
list_causes(void)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < n_kept; i++)
		appendStringInfo(&text, "%s%s: %s", i > 0 ? "; " : "", all_kept[i].endpoint.text,
						 evc_trouble_cause(&all_kept[i].trouble));
	appendStringInfoChar(&text, '.');
	return text.data;
}

EvcConn *
evc_kept_choose(const EvcErrand *errand, EvcTrouble *trouble)
{
	Choice choice = {.trouble = trouble};
	EvcConn *conn;

	if (kept_endpoints == NULL || strcmp(kept_endpoints, evc_endpoints) != 0)
		set_up();
	conn = &all_kept[0].conn;
	if ((n_kept == 1 || !errand->large) && conn != errand->last &&
		is_ready(conn, trouble))
		return conn;
	choice.deadline = evc_deadline_after(evc_connect_timeout);
	put_in_order(&choice, errand);
	conn = try_ready(&choice, true);
	if (conn == NULL)
		conn = try_ready(&choice, false);
	while (conn == NULL && choice.n_left > 0)
		conn = try_in_time(&choice);
	if (conn == NULL)
		trouble->detail = list_causes();
	return conn;
}

void
evc_kept_suspect(const EvcConn *conn, const EvcTrouble *trouble)
{
	for (int i = 0; i < n_kept; i++)
		if (&all_kept[i].conn == conn)
			note_failure(&all_kept[i], trouble, 0);
}

bool
evc_kept_several(void)
{
	return n_kept > 1;
}

void
evc_kept_clean(void)
{
	for (int i = 0; i < n_kept; i++)
		if (!all_kept[i].conn.trusted)
			evc_conn_close(&all_kept[i].conn);
}
