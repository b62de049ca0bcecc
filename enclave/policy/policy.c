/*
 * policy/policy.c
 *	  Snapshots of a policy: loaded, shared, looked up, released.
 */
#include "policy/policy.h"

#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/parse.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A public key takes some 200 bytes. */
#define KEY_FILE_MAX 8192

/* The policy comes first, so that they are one to everybody else. */
typedef struct Shared
{
	E3Policy policy;
	atomic_uint references;
} Shared;

struct E3PolicyHolder
{
	pthread_mutex_t mutex;
	E3Policy *current;
};

E3Policy *
e3_policy_new(void)
{
	static atomic_uint_fast64_t serial;
	Shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	shared->policy.serial = atomic_fetch_add(&serial, 1) + 1;
	atomic_init(&shared->references, 1);
	return &shared->policy;
}

void
e3_policy_log(const E3Policy *policy)
{
	if (policy != NULL)
		e3_log(E3_LOG_INFO, "policy_loaded", "rules=%u", policy->n_rules);
	else
		e3_log(E3_LOG_WARNING, "policy_none", "apps=all");
}

E3Policy *
e3_policy_retain(E3Policy *policy)
{
	if (policy != NULL)
		atomic_fetch_add(&((Shared *) policy)->references, 1);
	return policy;
}

void
e3_policy_release(E3Policy *policy)
{
	if (policy == NULL || atomic_fetch_sub(&((Shared *) policy)->references, 1) != 1)
		return;
	for (uint32_t i = 0; i < policy->n_rules; i++)
	{
		free(policy->rules[i].peers.list);
		free(policy->rules[i].apps.list);
		free(policy->rules[i].roles.list);
		free(policy->rules[i].credentials.list);
	}
	for (uint32_t i = 0; i < policy->n_issuers; i++)
		for (uint32_t j = 0; j < policy->issuers[i].n_keys; j++)
			e3_token_key_free(policy->issuers[i].keys[j]);
	for (uint32_t i = 0; i < policy->n_quotas; i++)
		free(policy->quotas[i].peers.list);
	free(policy->rules);
	free(policy->issuers);
	free(policy->quotas);
	free(policy);
}

bool
e3_peers_have(const E3Peers *peers, const E3Identity *peer)
{
	for (uint32_t i = 0; !peers->any && i < peers->count; i++)
		if (e3_identity_equal(&peers->list[i], peer))
			return true;
	return peers->any;
}

bool
e3_words_have(const E3Words *words, EvwBytes word)
{
	if (words->any || (words->none && word.len == 0))
		return true;
	for (uint32_t i = 0; i < words->count; i++)
		if (evw_bytes_equal(word, words->list[i]))
			return true;
	return false;
}

/* ---- from a file ---- */

static const char *
describe(E3FileResult result)
{
	switch (result)
	{
		case E3_FILE_MISSING:
			return strerror(ENOENT);
		case E3_FILE_IO:
			return strerror(errno);
		case E3_FILE_SHARED:
			return "may be written by others, or is not a regular file";
		case E3_FILE_TOO_LONG:
			return "file is too long";
		default:
			return "out of memory";
	}
}

static EvwStatus
fail_file(E3FileResult result, const char *path, unsigned line, const char *file,
		  E3PolicyError *error)
{
	if (line > 0)
		(void) snprintf(error->text, sizeof(error->text), "%s:%u: %.200s: %s", path, line,
						file, describe(result));
	else
		(void) snprintf(error->text, sizeof(error->text), "%s: %s", path,
						describe(result));
	return result == E3_FILE_NO_MEMORY ? EVW_OUT_OF_MEMORY : EVW_CONFIG;
}

static EvwStatus
load_key(const char *path, E3Issuer *issuer, uint32_t number, E3PolicyError *error)
{
	const char *file = issuer->key_files[number];
	EvwBuf pem;
	E3FileResult result;

	e3_buf_init(&pem);
	result = e3_file_read(file, E3_FILE_TRUSTED, KEY_FILE_MAX, &pem);
	if (result == E3_FILE_OK)
		issuer->keys[number] = e3_token_key_new((EvwBytes){pem.data, pem.len});
	e3_buf_release(&pem);
	if (result != E3_FILE_OK)
		return fail_file(result, path, issuer->line, file, error);
	if (issuer->keys[number] != NULL)
		return EVW_OK;
	(void) snprintf(error->text, sizeof(error->text),
					"%s:%u: %.200s: is not a public key on P-256 in PEM", path,
					issuer->line, file);
	return EVW_CONFIG;
}

static EvwStatus
load_keys(const char *path, E3Policy *policy, E3PolicyError *error)
{
	for (uint32_t i = 0; i < policy->n_issuers; i++)
		for (uint32_t j = 0; j < policy->issuers[i].n_keys; j++)
		{
			EvwStatus status = load_key(path, &policy->issuers[i], j, error);

			if (status != EVW_OK)
				return status;
		}
	return EVW_OK;
}

EvwStatus
e3_policy_load(const char *path, E3Policy **policy, E3PolicyError *error)
{
	EvwBuf file;
	E3FileResult result;
	EvwStatus status;

	*policy = NULL;
	e3_buf_init(&file);
	result = e3_file_read(path, E3_FILE_TRUSTED, E3_POLICY_FILE_MAX, &file);
	if (result == E3_FILE_OK)
		status = e3_policy_parse((const char *) file.data, file.len, path, policy, error);
	else
		status = fail_file(result, path, 0, NULL, error);
	e3_buf_release(&file);
	if (status == EVW_OK)
		status = load_keys(path, *policy, error);
	if (status == EVW_OK)
		return EVW_OK;
	e3_policy_release(*policy);
	*policy = NULL;
	return status;
}

/* ---- the current one ---- */

E3PolicyHolder *
e3_policy_holder_new(E3Policy *first)
{
	E3PolicyHolder *holder = calloc(1, sizeof(*holder));

	if (holder != NULL && pthread_mutex_init(&holder->mutex, NULL) == 0)
	{
		holder->current = first;
		return holder;
	}
	free(holder);
	e3_policy_release(first);
	return NULL;
}

void
e3_policy_swap(E3PolicyHolder *holder, E3Policy *next)
{
	E3Policy *previous;

	(void) pthread_mutex_lock(&holder->mutex);
	previous = holder->current;
	holder->current = next;
	(void) pthread_mutex_unlock(&holder->mutex);
	e3_policy_release(previous);
}

E3Policy *
e3_policy_acquire(E3PolicyHolder *holder)
{
	E3Policy *policy;

	(void) pthread_mutex_lock(&holder->mutex);
	policy = e3_policy_retain(holder->current);
	(void) pthread_mutex_unlock(&holder->mutex);
	return policy;
}

void
e3_policy_holder_free(E3PolicyHolder *holder)
{
	if (holder == NULL)
		return;
	e3_policy_release(holder->current);
	(void) pthread_mutex_destroy(&holder->mutex);
	free(holder);
}
