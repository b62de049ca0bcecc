/*
 * policy/quota.c
 *	  How many values each peer may still decrypt, re-encrypt or index.
 */
#include "policy/quota.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_DAY (UINT64_C(86400) * NS_PER_S)
#define LISTS 256

typedef struct Account
{
	struct Account *next; /* in its list */
	E3Identity peer;
	unsigned rights;   /* that are counted together */
	double burst_left; /* values, at filled_ns */
	uint64_t filled_ns;
	uint64_t day_ns; /* when the day began */
	uint64_t day_used;
} Account;

struct E3Quotas
{
	pthread_mutex_t mutex;
	uint32_t count;
	Account *lists[LISTS];
};

E3Quotas *
e3_quotas_new(void)
{
	E3Quotas *quotas = calloc(1, sizeof(*quotas));

	if (quotas != NULL && pthread_mutex_init(&quotas->mutex, NULL) == 0)
		return quotas;
	free(quotas);
	return NULL;
}

void
e3_quotas_free(E3Quotas *quotas)
{
	if (quotas == NULL)
		return;
	for (int i = 0; i < LISTS; i++)
		while (quotas->lists[i] != NULL)
		{
			Account *account = quotas->lists[i];

			quotas->lists[i] = account->next;
			free(account);
		}
	(void) pthread_mutex_destroy(&quotas->mutex);
	free(quotas);
}

const E3Quota *
e3_quota_of(const E3Policy *policy, const E3Identity *peer, E3Right right)
{
	for (uint32_t i = 0; policy != NULL && i < policy->n_quotas; i++)
		if (policy->quotas[i].rights & 1u << right &&
			e3_peers_have(&policy->quotas[i].peers, peer))
			return &policy->quotas[i];
	return NULL;
}

static Account **
list_of(E3Quotas *quotas, const E3Identity *peer)
{
	uint32_t hash = (uint32_t) peer->kind * 31 + peer->uid + peer->cid;

	for (const char *at = peer->name; *at != '\0'; at++)
		hash = hash * 31 + (uint8_t) *at;
	return &quotas->lists[(hash ^ hash >> 16) % LISTS];
}

static Account *
find(E3Quotas *quotas, const E3Quota *quota, const E3Identity *peer)
{
	Account *account = *list_of(quotas, peer);

	while (account != NULL &&
		   !(account->rights == quota->rights && e3_identity_equal(&account->peer, peer)))
		account = account->next;
	return account;
}

/* An account whose day is over is as good as a new one. */
static void
drop_idle(E3Quotas *quotas, uint64_t now_ns)
{
	for (int i = 0; i < LISTS; i++)
		for (Account **at = &quotas->lists[i]; *at != NULL;)
		{
			Account *account = *at;

			if (now_ns - account->filled_ns < NS_PER_DAY)
			{
				at = &account->next;
				continue;
			}
			*at = account->next;
			free(account);
			quotas->count--;
		}
}

static Account *
open_account(E3Quotas *quotas, const E3Quota *quota, const E3Identity *peer,
			 uint64_t now_ns)
{
	Account **list = list_of(quotas, peer);
	Account *account;

	if (quotas->count == E3_QUOTA_PEERS_MAX)
		drop_idle(quotas, now_ns);
	if (quotas->count == E3_QUOTA_PEERS_MAX)
		return NULL;
	account = calloc(1, sizeof(*account));
	if (account == NULL)
		return NULL;
	account->peer = *peer;
	account->rights = quota->rights;
	account->burst_left = quota->burst;
	account->filled_ns = now_ns;
	account->day_ns = now_ns;
	account->next = *list;
	*list = account;
	quotas->count++;
	return account;
}

/* What has come since; the quota may be another one than last time. */
static void
fill(Account *account, const E3Quota *quota, uint64_t now_ns)
{
	account->burst_left +=
		(double) (now_ns - account->filled_ns) * quota->per_second / (double) NS_PER_S;
	if (account->burst_left > quota->burst)
		account->burst_left = quota->burst;
	account->filled_ns = now_ns;
	if (now_ns - account->day_ns >= NS_PER_DAY)
	{
		account->day_ns = now_ns;
		account->day_used = 0;
	}
}

/* From nanoseconds, and no longer than what a client takes for one. */
static uint32_t
to_ms(double ns)
{
	double ms = ns / (double) NS_PER_MS + 1;

	return ms < EVW_DEADLINE_MAX_MS ? (uint32_t) ms : EVW_DEADLINE_MAX_MS;
}

/* Milliseconds until there is enough of the second's share, and of the day's. */
static uint32_t
wait_for_burst(const Account *account, const E3Quota *quota, uint32_t count)
{
	double lacking = count - account->burst_left;

	if (quota->per_second == 0 || lacking <= 0)
		return 0;
	return to_ms(lacking / quota->per_second * (double) NS_PER_S);
}

static uint32_t
wait_for_day(const Account *account, const E3Quota *quota, uint32_t count,
			 uint64_t now_ns)
{
	if (quota->per_day == 0 || account->day_used + count <= quota->per_day)
		return 0;
	return to_ms((double) (account->day_ns + NS_PER_DAY - now_ns));
}

static EvwStatus
take(Account *account, const E3Quota *quota, uint32_t count, uint64_t now_ns,
	 uint32_t *retry_ms)
{
	uint32_t burst_ms;
	uint32_t day_ms;

	fill(account, quota, now_ns);
	burst_ms = wait_for_burst(account, quota, count);
	day_ms = wait_for_day(account, quota, count, now_ns);
	if (burst_ms > 0 || day_ms > 0)
	{
		bool never = (quota->per_second > 0 && count > quota->burst) ||
					 (quota->per_day > 0 && count > quota->per_day);

		*retry_ms = burst_ms > day_ms ? burst_ms : day_ms;
		if (never)
			*retry_ms = 0;
		return EVW_QUOTA_EXCEEDED;
	}
	account->burst_left -= quota->per_second > 0 ? count : 0;
	account->day_used += count;
	return EVW_OK;
}

EvwStatus
e3_quotas_take(E3Quotas *quotas, const E3Quota *quota, const E3Identity *peer,
			   uint32_t count, uint64_t now_ns, uint32_t *retry_ms)
{
	Account *account;
	EvwStatus status = EVW_OUT_OF_MEMORY;

	*retry_ms = 0;
	(void) pthread_mutex_lock(&quotas->mutex);
	account = find(quotas, quota, peer);
	/* Another thread may have read the clock a moment later, and been here first. */
	if (account != NULL && now_ns < account->filled_ns)
		now_ns = account->filled_ns;
	if (account == NULL)
		account = open_account(quotas, quota, peer, now_ns);
	if (account != NULL)
		status = take(account, quota, count, now_ns, retry_ms);
	(void) pthread_mutex_unlock(&quotas->mutex);
	return status;
}
