/*
 * cli/walk_worker.c
 *	  A worker: its connection, what it is sent, and what comes of it.
 */
#include "cli/walk_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A statement is tried so often; the pauses double up to the longest. */
#define TRIES_MAX 40
#define PAUSE_FIRST_MS 50.0
#define PAUSE_MAX_MS 3000.0

/* What passes by itself: locks, conflicts, and an E3 that is away or busy. */
static const char *const passing[] = {"40001", "40P01", "55P03", "08001", "08006",
									  "EV001", "EV002", "EV003", "EV004", "53000"};

/* What is the fault of a row, and of no other: its value, key, context or checks. */
static const char *const of_a_row[] = {"22",	"23",	 "44",	  "54000",
									   "P0001", "EV011", "EV020", "EV021",
									   "EV022", "EV023", "EV024"};

static bool
is_one_of(const char *sqlstate, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(sqlstate, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(sqlstate, list)                                                        \
	is_one_of(sqlstate, list, sizeof(list) / sizeof((list)[0]))

bool
evc_worker_start(EvcWalk *walk, Worker *worker)
{
	worker->server = evc_job_connect(walk->job);
	return worker->server != NULL;
}

void
evc_worker_stop(Worker *worker)
{
	evc_bound_free(&worker->lower);
	evc_bound_free(&worker->upper);
	evc_bound_free(&worker->piece_lower);
	evc_bound_free(&worker->piece_upper);
	PQfinish(worker->server);
}

static bool
enter_snapshot(EvcWalk *walk, Worker *worker)
{
	EvcText sql = {0};
	PGresult *result;
	bool entered;

	evc_text_add(&sql,
				 "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
				 " SET TRANSACTION SNAPSHOT '%s'",
				 walk->snapshot);
	result = PQexec(worker->server, sql.bytes);
	entered = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!entered)
		evc_job_fail_server(walk->job, result, "share a snapshot");
	worker->in_snapshot = entered;
	free(sql.bytes);
	PQclear(result);
	return entered;
}

static void
leave_snapshot(Worker *worker)
{
	if (worker->in_snapshot)
		PQclear(PQexec(worker->server, "ROLLBACK"));
	worker->in_snapshot = false;
}

static bool
send_piece(EvcWalk *walk, Worker *worker)
{
	const char *values[2 * EVC_KEY_COLUMNS_MAX];
	const EvcBound *lower = &worker->piece_lower;
	const EvcBound *upper = &worker->piece_upper;
	EvcText sql = {0};
	int n;
	int sent;

	if (walk->snapshot != NULL && !worker->in_snapshot && !enter_snapshot(walk, worker))
		return false;
	evc_text_add(&sql, "%s", walk->head);
	n = evc_key_range(&sql, &walk->job->table.key, lower, upper);
	evc_text_add(&sql, "%s", walk->tail);
	for (int i = 0; i < lower->n; i++)
		values[i] = lower->values[i];
	for (int i = 0; i < upper->n; i++)
		values[lower->n + i] = upper->values[i];
	sent = PQsendQueryParams(worker->server, sql.bytes, n, NULL, values, NULL, NULL, 0);
	free(sql.bytes);
	worker->state = WORKER_BUSY;
	return sent == 1 || evc_job_fail(walk->job, NULL, "could not send a statement: %s",
									 evc_server_trouble(worker->server));
}

/* The next piece of so many rows; or the range is done. */
static bool
next_piece(EvcWalk *walk, Worker *worker, long long rows)
{
	worker->piece_rows = evc_range_next(walk->job, &worker->piece_lower, &worker->upper,
										rows, &worker->piece_upper);
	worker->tries = 0;
	if (worker->piece_rows > 0)
		return send_piece(walk, worker);
	worker->state = WORKER_RESTING;
	return worker->piece_rows == 0;
}

bool
evc_worker_begin(EvcWalk *walk, Worker *worker)
{
	evc_bound_copy(&worker->piece_lower, &worker->lower);
	evc_bound_copy(&worker->piece_upper, &worker->upper);
	worker->piece_rows = worker->rows;
	worker->tries = 0;
	return send_piece(walk, worker);
}

bool
evc_worker_again(EvcWalk *walk, Worker *worker)
{
	return send_piece(walk, worker);
}

static bool
is_at_end(const Worker *worker)
{
	for (int i = 0; i < worker->upper.n; i++)
		if (strcmp(worker->piece_upper.values[i], worker->upper.values[i]) != 0)
			return false;
	return true;
}

/* Pieces grow again behind what had to be passed over. */
static bool
go_on(EvcWalk *walk, Worker *worker)
{
	if (is_at_end(worker))
	{
		worker->state = WORKER_RESTING;
		return true;
	}
	evc_bound_copy(&worker->piece_lower, &worker->piece_upper);
	return next_piece(walk, worker, 2 * worker->piece_rows);
}

static void
count(EvcWalk *walk, const PGresult *result)
{
	if (PQresultStatus(result) == PGRES_COMMAND_OK)
	{
		walk->counts[0] += atoll(PQcmdTuples((PGresult *) result));
		return;
	}
	for (int i = 0; i < PQnfields(result) && i < EVC_WALK_COUNTS_MAX; i++)
		walk->counts[i] += atoll(PQgetvalue(result, 0, i));
}

static void
try_later(Worker *worker)
{
	double pause = PAUSE_FIRST_MS;

	for (int i = 0; i < worker->tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	worker->tries++;
	worker->again_ms = evc_now_ms() + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
	worker->state = WORKER_WAITING;
}

static bool
pass_over(EvcWalk *walk, Worker *worker, const PGresult *result)
{
	evc_job_row_failed(walk->job, &worker->piece_upper, result);
	if (walk->job->failures >= EVC_FAILURES_MAX)
		return evc_job_fail(walk->job, NULL, "too many rows fail");
	return go_on(walk, worker);
}

static bool
take_failure(EvcWalk *walk, Worker *worker, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	leave_snapshot(worker);
	if (sqlstate != NULL && PQstatus(worker->server) == CONNECTION_OK)
	{
		if (IS_ONE_OF(sqlstate, passing) && worker->tries < TRIES_MAX)
		{
			try_later(worker);
			return true;
		}
		if (IS_ONE_OF(sqlstate, of_a_row) && worker->piece_rows > 1)
			return next_piece(walk, worker, worker->piece_rows / 2);
		if (IS_ONE_OF(sqlstate, of_a_row))
			return pass_over(walk, worker, result);
	}
	return evc_job_fail_server(walk->job, result, "work on a range");
}

bool
evc_worker_read(EvcWalk *walk, Worker *worker)
{
	PGresult *result;
	PGresult *more;
	bool is_good;

	if (PQconsumeInput(worker->server) == 1 && PQisBusy(worker->server))
		return true;
	worker->state = WORKER_RESTING;
	result = PQgetResult(worker->server);
	while ((more = PQgetResult(worker->server)) != NULL)
		PQclear(more);
	is_good = PQresultStatus(result) == PGRES_COMMAND_OK ||
			  PQresultStatus(result) == PGRES_TUPLES_OK;
	if (is_good)
		count(walk, result);
	is_good = is_good ? go_on(walk, worker) : take_failure(walk, worker, result);
	PQclear(result);
	return is_good;
}
