/*
 * ctl/bench_run.h
 *	  What runs a plan; shared by the files of e3ctl bench only.
 */
#ifndef E3_BENCH_RUN_H
#define E3_BENCH_RUN_H

#include "ctl/bench.h"
#include "ctl/client.h"

/* Frame prefix, array, type, and an id of full width. */
#define E3_BENCH_HEAD_LEN (EVW_FRAME_PREFIX + 1 + 1 + 9)

/* A request that is sent again and again. */
typedef struct E3BenchRequest
{
	EvwBuf frame; /* the id in it is not the one to send */
	EvwBuf plain; /* bytes of its values, before encryption */
	uint32_t values;
} E3BenchRequest;

/*
 * Makes the request of a class.  For DECRYPT the values are encrypted first, by
 * E3, through this client; others leave it alone.
 */
extern E3ClientResult e3_bench_request_make(E3BenchRequest *request,
											const E3BenchPlan *plan, uint32_t class,
											E3Client *client) EVW_MUST_USE;
extern void e3_bench_request_free(E3BenchRequest *request);

typedef struct E3BenchFlight
{
	uint64_t id; /* 0: free */
	uint64_t due_ns;
	uint32_t class;
} E3BenchFlight;

typedef struct E3BenchConn
{
	E3Transport transport; /* its fd is -1: lost, or not there yet */
	uint32_t in_flight;
	uint32_t in_flight_max;
	uint64_t next_id;
	E3BenchFlight flights[EVW_INFLIGHT_MAX];
	/* The frame that is being sent; NULL: none. */
	const E3BenchRequest *sending;
	uint8_t head[E3_BENCH_HEAD_LEN];
	size_t sent;
	bool wants_write; /* is epoll asked for that? */
	EvwBuf in;		  /* what has come and was not understood yet */
} E3BenchConn;

/* Takes an open client's connection over. */
extern void e3_bench_conn_init(E3BenchConn *conn, E3Client *client, uint32_t in_flight);
extern void e3_bench_conn_close(E3BenchConn *conn);
extern bool e3_bench_conn_has_room(const E3BenchConn *conn);

/* Begins to send a request, for which there is room; false: the connection has ended. */
extern bool e3_bench_conn_send(E3BenchConn *conn, const E3BenchRequest *request,
							   uint32_t class, uint64_t due_ns) EVW_MUST_USE;

/* Goes on with what is being sent. */
extern bool e3_bench_conn_write(E3BenchConn *conn) EVW_MUST_USE;

/* Reads what has come to conn->in; false: the connection has ended. */
extern bool e3_bench_conn_read(E3BenchConn *conn) EVW_MUST_USE;

/* The next whole frame's body in conn->in, from *at on; false if there is none. */
extern bool e3_bench_conn_next(const E3BenchConn *conn, size_t *at, EvwBytes *body);

/* The first bytes of conn->in have been used. */
extern void e3_bench_conn_used(E3BenchConn *conn, size_t len);

/* Counts one reply; false if it breaks the protocol. */
extern bool e3_bench_answer(E3BenchCounts *counts, const E3BenchPlan *plan,
							const E3BenchRequest *requests, E3BenchConn *conn,
							EvwBytes body, uint64_t now_ns) EVW_MUST_USE;

/*
 * Runs the plan over connected connections, until its end, a signal, or the loss
 * of all of them.  False if there is no epoll set to be had.
 */
extern bool e3_bench_run(const E3BenchPlan *plan, const E3BenchRequest *requests,
						 E3BenchConn *conns, E3BenchCounts *counts) EVW_MUST_USE;

#endif /* E3_BENCH_RUN_H */
