/*
 * rpc/reload.c
 *	  RELOAD: read configuration, policy and keyring anew; on any doubt keep the old.
 *
 * Runs on a worker, because deriving the key-encryption key takes a while.  The
 * new configuration is handed back to the network thread, which owns it; of it,
 * only log level, access list and certificates change while E3 runs.
 */
#include "rpc/operations.h"

#include "base/log.h"
#include "keyring/audit_key.h"
#include "keyring/store.h"
#include "wire/report.h"

#include <pthread.h>
#include <stdlib.h>

/* Reloads one at a time, so that a slower one can't bring back older keys. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static EvwStatus
load_config(const char *path, E3Config **config)
{
	E3ConfigError error;
	EvwStatus status;

	*config = calloc(1, sizeof(E3Config));
	if (*config == NULL)
		return EVW_OUT_OF_MEMORY;
	status = e3_config_load(path, *config, &error);
	if (status == EVW_OK)
		return EVW_OK;
	e3_log(E3_LOG_ERROR, "config_refused", "cause=\"%s\"", error.text);
	free(*config);
	*config = NULL;
	return status;
}

/* Is there a policy that the new configuration drops?  Leaving out a line must not open
 * everything to everybody. */
static bool
drops_policy(const E3RpcShared *shared, const E3Config *config)
{
	E3Policy *current = e3_policy_acquire(shared->policy);
	bool drops = current != NULL && config->policy[0] == '\0';

	e3_policy_release(current);
	return drops;
}

/* *policy is NULL if the configuration names none. */
static EvwStatus
load_policy(const E3RpcShared *shared, const E3Config *config, E3Policy **policy)
{
	E3PolicyError error;
	EvwStatus status = EVW_OK;

	*policy = NULL;
	if (drops_policy(shared, config))
	{
		e3_log(E3_LOG_ERROR, "policy_refused",
			   "cause=\"%s names none any more: that takes a restart\"",
			   shared->config_path);
		return EVW_CONFIG;
	}
	if (config->policy[0] != '\0')
		status = e3_policy_load(config->policy, policy, &error);
	if (status == EVW_CONFIG)
		e3_log(E3_LOG_ERROR, "policy_refused", "cause=\"%s\"", error.text);
	return status;
}

/* A change counts the generation up, so the same number means the same keys. */
static bool
is_rollback(const E3Keyring *current, const E3Keyring *next)
{
	uint64_t served = e3_keyring_generation(current);
	uint64_t found = e3_keyring_generation(next);

	return found < served || (found == served && !e3_keyring_equal(current, next));
}

/* The audit's chain cannot go on under another key. */
static bool
is_other_audit(const E3RpcShared *shared, const E3Keyring *next)
{
	if (shared->audit == NULL ||
		e3_keyring_has_audit_key(next, e3_audit_key(shared->audit)))
		return false;
	e3_log(E3_LOG_ERROR, "keyring_refused",
		   "cause=\"the audit log was begun under the key of another keyring\"");
	return true;
}

static EvwStatus
load_keyring(E3RpcShared *shared, const E3Config *config)
{
	uint64_t generation;
	const E3Kek kek = {.passphrase_file = config->passphrase_file,
					   .custody = shared->custody};
	E3Keyring *current;
	E3Keyring *next;
	EvwStatus status;

	if (shared->custody != NULL &&
		e3_custody_kind(shared->custody) != config->custody.kind)
		return EVW_KEYRING_RESEALED;
	status = e3_store_load(config->keyring, &kek, &next);
	/* Under which it is now, nobody could ask any more. */
	if (status == EVW_CUSTODY)
		return EVW_KEYRING_RESEALED;
	if (status != EVW_OK)
		return status;
	current = e3_keyring_acquire(shared->keyring);
	if (is_rollback(current, next))
		status = EVW_KEYRING_ROLLBACK;
	else if (is_other_audit(shared, next))
		status = EVW_AUDIT_LOG;
	e3_keyring_release(current);
	if (status != EVW_OK)
	{
		e3_keyring_release(next);
		return status;
	}
	e3_log(E3_LOG_INFO, "keyring_loaded", "generation=%llu apps=%u",
		   (unsigned long long) e3_keyring_generation(next), e3_keyring_count(next));
	generation = e3_keyring_generation(next);
	e3_keyring_swap(shared->keyring, next);
	e3_derived_clear(shared->derived, generation);
	e3_request_keys_clear(shared->request_keys, generation);
	return EVW_OK;
}

/* What is served from now on is what evidence says. */
static EvwStatus
measure(const E3RpcShared *shared, const E3Config *config)
{
	const E3AttestSetup setup = e3_config_attest(config, shared->config_path);
	char cause[E3_ATTEST_CAUSE_MAX];
	EvwStatus status = e3_attester_measure(shared->attester, &setup, cause);

	if (status != EVW_OK)
		e3_log(E3_LOG_ERROR, "evidence_refused", "cause=\"%s\"", cause);
	return status;
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	E3Policy *policy = NULL;
	EvwStatus status;

	pthread_mutex_lock(&one_at_a_time);
	status = load_config(worker->shared->config_path, &call->reloaded);
	if (status == EVW_OK)
		status = load_policy(worker->shared, call->reloaded, &policy);
	if (status == EVW_OK)
		status = e3_tls_context_load(call->reloaded, &call->reloaded_tls);
	if (status == EVW_OK)
		status = load_keyring(worker->shared, call->reloaded);
	/* The last that may fail: evidence never says what does not come into force. */
	if (status == EVW_OK)
		status = measure(worker->shared, call->reloaded);
	if (status == EVW_OK)
	{
		e3_policy_log(policy);
		e3_policy_swap(worker->shared->policy, policy);
		if (worker->shared->audit != NULL)
			e3_audit_reopen(worker->shared->audit);
	}
	else
		e3_policy_release(policy);
	pthread_mutex_unlock(&one_at_a_time);
	if (status != EVW_OK)
	{
		e3_log(E3_LOG_ERROR, "reload_refused", "status=%s", evw_status_name(status));
		free(call->reloaded);
		call->reloaded = NULL;
		e3_tls_context_release(call->reloaded_tls);
		call->reloaded_tls = NULL;
		return status;
	}
	evw_stats_encode(&call->reply, call->request.id, NULL, 0);
	return call->reply.status;
}

const E3Operation e3_rpc_reload = {.begin = begin};
