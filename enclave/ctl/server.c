/*
 * ctl/server.c
 *	  Commands that ask a running E3: health, stats, reload.
 */
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/server.h"
#include "wire/report.h"

#include <stdio.h>
#include <stdlib.h>

/* Asks, and says on stderr what went wrong; the client stays open on success. */
static int
ask(const E3Ctl *ctl, EvwVerb verb, E3Client *client, EvwMessage *reply)
{
	E3ClientResult result = e3_client_open(client, ctl->config.socket);

	if (result == E3_CLIENT_OK)
		result = e3_client_call(client, verb, reply);
	if (result == E3_CLIENT_OK)
		return EXIT_SUCCESS;
	if (result == E3_CLIENT_ABSENT)
		(void) e3_ctl_fail("E3 is not running: nobody listens at %s", ctl->config.socket);
	else
		(void) e3_ctl_fail("%s", client->cause);
	e3_client_close(client);
	return EXIT_FAILURE;
}

int
e3_ctl_health(E3Ctl *ctl)
{
	EvwHealth health;
	EvwMessage reply;
	E3Client client;
	int status = EXIT_SUCCESS;

	if (ask(ctl, EVW_VERB_HEALTH, &client, &reply) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (evw_health_decode(&reply, &health) == EVW_OK)
		printf("version: %.*s\nbackend: %.*s\nuptime: %llu.%03u s\nqueued: %u\n"
			   "running: %u\nisolation: %.*s\nisolation_missing: %.*s\n",
			   (int) health.version.len, (const char *) health.version.data,
			   (int) health.backend.len, (const char *) health.backend.data,
			   (unsigned long long) (health.uptime_ms / 1000),
			   (unsigned) (health.uptime_ms % 1000), health.queued, health.running,
			   (int) health.isolation.len, (const char *) health.isolation.data,
			   (int) health.isolation_missing.len,
			   (const char *) health.isolation_missing.data);
	else
		status = e3_ctl_fail("E3's answer is not understood");
	e3_client_close(&client);
	return status;
}

static int
print_counters(EvwBytes header)
{
	EvwReader reader;
	uint32_t pairs;

	evw_reader_init(&reader, header);
	pairs = evw_read_map(&reader);
	for (uint32_t i = 0; i < pairs; i++)
	{
		EvwBytes name = evw_read_str(&reader);
		uint64_t value = evw_read_uint(&reader);

		if (reader.status != EVW_OK)
			return e3_ctl_fail("E3's answer is not understood");
		printf("%.*s: %llu\n", (int) name.len, (const char *) name.data,
			   (unsigned long long) value);
	}
	return EXIT_SUCCESS;
}

int
e3_ctl_stats(E3Ctl *ctl)
{
	EvwMessage reply;
	E3Client client;
	int status;

	if (ask(ctl, EVW_VERB_STATS, &client, &reply) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	status = print_counters(reply.header);
	e3_client_close(&client);
	return status;
}

int
e3_ctl_reload(E3Ctl *ctl)
{
	EvwMessage reply;
	E3Client client;

	if (ask(ctl, EVW_VERB_RELOAD, &client, &reply) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	e3_client_close(&client);
	return EXIT_SUCCESS;
}

int
e3_ctl_tell(const E3Ctl *ctl)
{
	EvwMessage reply;
	E3Client client;
	E3ClientResult result = e3_client_open(&client, ctl->config.socket);
	int status = EXIT_SUCCESS;

	if (result == E3_CLIENT_OK)
		result = e3_client_call(&client, EVW_VERB_RELOAD, &reply);
	if (result == E3_CLIENT_ABSENT)
		e3_ctl_note("E3 is not running; it will have the change when it starts");
	else if (result == E3_CLIENT_FAILED)
		status =
			e3_ctl_fail("the keyring is saved, but E3 did not take it: %s", client.cause);
	e3_client_close(&client);
	return status;
}
