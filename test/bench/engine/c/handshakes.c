/*
 * engine/c/handshakes.c
 *	  Makes new TLS connections by the clock: handshake, HELLO, its answer, and closes.
 *
 * usage: handshakes PORT RATE SECONDS CERTIFICATE KEY AUTHORITY
 * Prints how many a second there were, and microseconds from when one was due until it
 * had its HELLO: median and 99th percentile.
 */
#include "loop.h"

#include "base/clock.h"
#include "base/latency.h"
#include "ctl/client.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* Connections that are made at the same time. */
#define THREADS 8

#define NS UINT64_C(1000000000)

typedef struct Run
{
	EvwEndpoint endpoint;
	E3TlsContext *tls;
	uint64_t first_ns;
	uint64_t step_ns; /* of one thread */
	uint64_t end_ns;
} Run;

typedef struct Thread
{
	const Run *run;
	pthread_t thread;
	uint64_t due_ns;
} Thread;

/* Of all threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static E3Latency latency;

static void
wait_until(uint64_t at_ns)
{
	const struct timespec at = {(time_t) (at_ns / NS), (long) (at_ns % NS)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
		;
}

static void *
thread_main(void *arg)
{
	Thread *self = arg;
	const E3ClientTarget target = {NULL, &self->run->endpoint, self->run->tls};

	for (; self->due_ns < self->run->end_ns; self->due_ns += self->run->step_ns)
	{
		E3Client client;
		E3ClientResult result;

		wait_until(self->due_ns);
		result = e3_client_open_target(&client, &target);
		loop_need(result == E3_CLIENT_OK, client.cause);
		pthread_mutex_lock(&lock);
		e3_latency_add(&latency, e3_clock_ns() - self->due_ns);
		pthread_mutex_unlock(&lock);
		e3_client_close(&client);
	}
	return NULL;
}

static void
read_words(char **words, Run *run, double *rate, double *seconds)
{
	char cause[E3_TLS_CAUSE_MAX];
	char text[64];
	E3TlsFiles files = {.crl = ""};

	snprintf(text, sizeof(text), "127.0.0.1:%s", words[1]);
	loop_need(evw_endpoint_parse_host(&run->endpoint, text, strlen(text)) == NULL, text);
	*rate = strtod(words[2], NULL);
	*seconds = strtod(words[3], NULL);
	loop_need(*rate > 0 && *seconds > 0, "rate and seconds");
	snprintf(files.certificate, PATH_MAX, "%s", words[4]);
	snprintf(files.key, PATH_MAX, "%s", words[5]);
	snprintf(files.client_ca, PATH_MAX, "%s", words[6]);
	run->tls = e3_tls_context_new_client(&files, cause);
	loop_need(run->tls != NULL, cause);
}

int
main(int argc, char **argv)
{
	static Thread threads[THREADS];
	Run run = {0};
	double rate;
	double seconds;
	double took;

	loop_need(argc == 7, "usage: handshakes PORT RATE SECONDS CERTIFICATE KEY AUTHORITY");
	signal(SIGPIPE, SIG_IGN);
	read_words(argv, &run, &rate, &seconds);
	run.first_ns = e3_clock_ns();
	run.step_ns = (uint64_t) ((double) (NS * THREADS) / rate);
	run.end_ns = run.first_ns + (uint64_t) (seconds * (double) NS);
	for (int i = 0; i < THREADS; i++)
	{
		threads[i].run = &run;
		threads[i].due_ns = run.first_ns + (uint64_t) i * run.step_ns / THREADS;
		loop_need(pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]) == 0,
				  "pthread_create");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	took = (double) (e3_clock_ns() - run.first_ns) / (double) NS;
	printf("per_s %f\np50_us %f\np99_us %f\n", (double) latency.count / took,
		   (double) e3_latency_percentile(&latency, 5000) / 1000,
		   (double) e3_latency_percentile(&latency, 9900) / 1000);
	e3_tls_context_release(run.tls);
	return 0;
}
