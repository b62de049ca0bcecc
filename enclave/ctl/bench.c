/*
 * ctl/bench.c
 *	  e3ctl bench: from the command line to the report.
 */
#include "ctl/bench.h"

#include "ctl/bench_run.h"
#include "ctl/ctl.h"

#include <stdlib.h>

static int
fail_client(E3Client *client, const E3BenchPlan *plan, E3ClientResult result)
{
	if (result == E3_CLIENT_ABSENT)
		(void) e3_ctl_fail("E3 is not running: nobody listens at %s",
						   plan->socket != NULL ? plan->socket : plan->endpoint.text);
	else
		(void) e3_ctl_fail("%s", client->cause);
	e3_client_close(client);
	return EXIT_FAILURE;
}

static E3ClientResult
open_client(const E3BenchPlan *plan, E3TlsContext *tls, E3Client *client)
{
	const E3ClientTarget target = {plan->socket, &plan->endpoint, tls};

	return e3_client_open_target(client, &target);
}

static int
connect_all(const E3BenchPlan *plan, E3TlsContext *tls, E3BenchConn *conns)
{
	for (uint32_t i = 0; i < plan->connections; i++)
	{
		E3Client client;
		E3ClientResult result = open_client(plan, tls, &client);

		if (result != E3_CLIENT_OK)
			return fail_client(&client, plan, result);
		e3_bench_conn_init(&conns[i], &client, plan->in_flight);
		e3_client_close(&client);
	}
	return EXIT_SUCCESS;
}

static int
make_requests(const E3BenchPlan *plan, E3TlsContext *tls, E3BenchRequest *requests)
{
	E3Client client;
	E3ClientResult result = open_client(plan, tls, &client);

	for (uint32_t i = 0; result == E3_CLIENT_OK && i < plan->n_classes; i++)
		result = e3_bench_request_make(&requests[i], plan, i, &client);
	if (result != E3_CLIENT_OK)
		return fail_client(&client, plan, result);
	e3_client_close(&client);
	return EXIT_SUCCESS;
}

/* Refusals are an answer; a wrong one, or none, is a failure. */
static int
outcome(const E3BenchPlan *plan, const E3BenchCounts *counts)
{
	for (uint32_t i = 0; i < plan->n_classes; i++)
		if (counts->classes[i].wrong > 0 || counts->classes[i].lost > 0)
			return EXIT_FAILURE;
	return counts->connections_lost > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run(const E3BenchPlan *plan, E3TlsContext *tls, E3BenchRequest *requests,
	E3BenchConn *conns)
{
	static E3BenchCounts counts;
	int status = make_requests(plan, tls, requests);

	if (status == EXIT_SUCCESS)
		status = connect_all(plan, tls, conns);
	if (status != EXIT_SUCCESS)
		return status;
	if (!e3_bench_run(plan, requests, conns, &counts))
		return e3_ctl_fail("cannot wait for events");
	e3_bench_report(plan, &counts);
	return outcome(plan, &counts);
}

static int
run_all(const E3BenchPlan *plan, E3TlsContext *tls)
{
	E3BenchRequest requests[E3_BENCH_CLASSES_MAX] = {0};
	E3BenchConn *conns = calloc(plan->connections, sizeof(E3BenchConn));
	int status;

	if (conns == NULL)
		return e3_ctl_fail("out of memory");
	for (uint32_t i = 0; i < plan->connections; i++)
		conns[i].transport = e3_transport_plain(-1);
	status = run(plan, tls, requests, conns);
	for (uint32_t i = 0; i < plan->connections; i++)
		e3_bench_conn_close(&conns[i]);
	for (uint32_t i = 0; i < plan->n_classes; i++)
		e3_bench_request_free(&requests[i]);
	free(conns);
	return status;
}

static int
run_over_tls(const E3BenchPlan *plan)
{
	char cause[E3_TLS_CAUSE_MAX];
	E3TlsContext *tls = e3_tls_context_new_client(&plan->files, cause);
	int status;

	if (tls == NULL)
		return e3_ctl_fail("%s", cause);
	status = run_all(plan, tls);
	e3_tls_context_release(tls);
	return status;
}

int
e3_ctl_bench(E3Ctl *ctl)
{
	char cause[E3_BENCH_CAUSE_MAX];
	E3BenchPlan plan;

	if (!e3_bench_plan(&ctl->bench, &plan, cause))
	{
		(void) e3_ctl_fail("%s", cause);
		return E3_CTL_EXIT_USAGE;
	}
	if (ctl->bench.endpoint != NULL)
		return run_over_tls(&plan);
	if (plan.socket == NULL)
	{
		if (e3_ctl_load_config(ctl) != EXIT_SUCCESS)
			return EXIT_FAILURE;
		plan.socket = ctl->config.socket;
	}
	return run_all(&plan, NULL);
}
