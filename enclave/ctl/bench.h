/*
 * ctl/bench.h
 *	  e3ctl bench: load on a running E3, and how long its answers take.
 *
 *	  words -> plan -> requests (frames made once) -> connections -> counts -> report
 *
 * One thread and an epoll set.  Frames are sent again and again, with only the id
 * changed; what is in flight is bounded, and so is memory.
 */
#ifndef E3_BENCH_H
#define E3_BENCH_H

#include "base/latency.h"
#include "config.h"
#include "wire/limits.h"
#include "wire/message.h"
#include "wire/request.h"

#define E3_BENCH_CLASSES_MAX 8
#define E3_BENCH_CONNECTIONS_MAX 1024
#define E3_BENCH_RATE_MAX 1000000
#define E3_BENCH_CAUSE_MAX 200

/* X(field, "--name"): the options, as words. */
#define E3_BENCH_OPTIONS(X)                                                              \
	X(endpoint, "--endpoint")                                                            \
	X(cert, "--cert")                                                                    \
	X(key, "--key")                                                                      \
	X(ca, "--ca")                                                                        \
	X(socket, "--socket")                                                                \
	X(connections, "--connections")                                                      \
	X(mix, "--mix")                                                                      \
	X(rate, "--rate")                                                                    \
	X(in_flight, "--in-flight")                                                          \
	X(verb, "--verb")                                                                    \
	X(value_bytes, "--value-bytes")                                                      \
	X(per_key, "--per-key")                                                              \
	X(app, "--app")                                                                      \
	X(curve, "--curve")                                                                  \
	X(duration, "--duration")                                                            \
	X(seed, "--seed")

typedef struct E3BenchWords
{
#define E3_BENCH_WORD(field, name) const char *field;
	E3_BENCH_OPTIONS(E3_BENCH_WORD)
#undef E3_BENCH_WORD
	const char *json; /* given or not */
} E3BenchWords;

/* Requests of one size. */
typedef struct E3BenchClass
{
	uint32_t share; /* in proportion to the others' */
	uint32_t values;
} E3BenchClass;

typedef struct E3BenchPlan
{
	const char *socket;	  /* NULL: the configuration's, or the endpoint */
	EvwEndpoint endpoint; /* of TLS, if it is given */
	E3TlsFiles files;	  /* a client's */
	uint32_t connections;
	uint32_t n_classes;
	E3BenchClass classes[E3_BENCH_CLASSES_MAX];
	uint32_t rate_from; /* requests a second at the beginning; 0: closed loop */
	uint32_t rate_to;	/* and at the end */
	uint32_t in_flight; /* most of a connection */
	EvwVerb verb;
	uint32_t value_bytes;
	EvwRequestHeader header;
	uint32_t seconds;
	uint64_t seed;
	bool json;
} E3BenchPlan;

/* False, and why not, if a word is not understood or they do not fit together. */
extern bool e3_bench_plan(const E3BenchWords *words, E3BenchPlan *plan,
						  char cause[E3_BENCH_CAUSE_MAX]) EVW_MUST_USE;

extern const char *e3_bench_verb_name(EvwVerb verb);

/*
 * When request n (0, 1, ...) of an open loop is due: nanoseconds from the
 * beginning.  The rate goes from "from" to "to" in a straight line; UINT64_MAX if
 * it never is.
 */
extern uint64_t e3_bench_due_ns(const E3BenchPlan *plan, uint64_t n);

/* Pseudorandom numbers for a seed: the same everywhere (splitmix64). */
extern uint64_t e3_bench_random(uint64_t *seed);

/* The class of the next request. */
extern uint32_t e3_bench_pick(const E3BenchPlan *plan, uint64_t *seed);

/* What became of the requests of one class. */
typedef struct E3BenchTally
{
	uint64_t sent;
	uint64_t answered; /* by a RESULT that is right */
	uint64_t refused;  /* by ERROR or CANCELLED */
	uint64_t wrong;	   /* by a RESULT that is not right */
	uint64_t lost;	   /* not at all: the connection ended, or the time was over */
	uint64_t unsent;   /* due, but there was no room before the end */
	uint64_t e3_ns;	   /* of all answered */
	uint64_t cache_hits;
	E3Latency latency; /* of the answered, and what the unsent have waited */
} E3BenchTally;

#define E3_BENCH_ERRORS_MAX 16

typedef struct E3BenchError
{
	uint32_t code;
	uint64_t count;
} E3BenchError;

typedef struct E3BenchCounts
{
	E3BenchTally classes[E3_BENCH_CLASSES_MAX];
	E3BenchError
		errors[E3_BENCH_ERRORS_MAX]; /* by code; the last one is for all others */
	uint32_t n_errors;
	uint32_t connections_lost;
	uint64_t elapsed_ns; /* until the last answer */
} E3BenchCounts;

extern void e3_bench_count_error(E3BenchCounts *counts, uint32_t code);

/* Prints a table, or JSON. */
extern void e3_bench_report(const E3BenchPlan *plan, const E3BenchCounts *counts);

#endif /* E3_BENCH_H */
