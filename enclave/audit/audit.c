/*
 * audit/audit.c
 *	  The audit while E3 runs: a queue, and one writer at a time.
 *
 * A worker that waits for its record writes the queue itself, if nobody is at it: to
 * wake another thread and be woken by it takes longer than that, on a busy machine a
 * hundred times.  What nobody waits for is written by a thread of the audit's own.
 *
 * Locking law: one mutex guards the queue, the entries' states and "writing".  It is not
 * held while anything is written; who has set "writing" has the log meanwhile.
 */
#include "audit/audit.h"

#include "audit/log.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Records of one group. */
#define GROUP_MAX 256

typedef enum EntryState
{
	ENTRY_QUEUED,
	ENTRY_WRITTEN,
	ENTRY_FAILED
} EntryState;

typedef struct Entry
{
	struct Entry *next;
	EntryState state;
	bool awaited; /* whoever waits frees it; else the writer */
	size_t len;
	char body[];
} Entry;

struct E3Audit
{
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t work;	/* for the audit's own thread */
	pthread_cond_t written; /* for those who wait */
	bool writing;			/* somebody has the log */
	bool hanging;			/* and was waited for in vain */
	Entry *first;
	Entry **last;
	uint32_t queued;
	bool stopping;
	bool reopening;
	uint64_t dropped;  /* since the start */
	uint64_t untold;   /* of these, not yet in a record */
	uint64_t last_seq; /* of the last record written */

	bool closed;
	bool failing; /* of the writer: the last group could not be written */
	E3AuditKey *key;
	E3AuditLog log;
};

/* ---- the writer ---- */

/* Takes a group off the queue; with the mutex held. */
static Entry *
take_group(E3Audit *audit)
{
	Entry *group = audit->first;
	Entry **end = &group;

	for (int i = 0; i < GROUP_MAX && *end != NULL; i++)
	{
		end = &(*end)->next;
		audit->queued--;
	}
	audit->first = *end;
	*end = NULL;
	if (audit->first == NULL)
		audit->last = &audit->first;
	return group;
}

static bool
add_line(const E3Audit *audit, E3AuditChain *chain, const char *body, size_t len,
		 EvwBuf *lines)
{
	return e3_chain_write_record(audit->key, chain,
								 (EvwBytes){(const uint8_t *) body, len}, lines);
}

static bool
add_untold(const E3Audit *audit, E3AuditChain *chain, uint64_t untold, EvwBuf *lines)
{
	char body[E3_AUDIT_BODY_MAX];
	const E3AuditRecord record = {.operation = "dropped",
								  .values = untold < UINT32_MAX ? (uint32_t) untold
																: UINT32_MAX,
								  .verdict = EVW_AUDIT_FAILED};

	return untold == 0 ||
		   add_line(audit, chain, body,
					e3_audit_format(&record, e3_clock_unix_us(), body), lines);
}

/* All of the group, or nothing. */
static bool
write_group(E3Audit *audit, const Entry *group, uint64_t untold)
{
	E3AuditChain chain = audit->log.chain;
	EvwBuf lines;
	bool good;

	e3_buf_init(&lines);
	good = add_untold(audit, &chain, untold, &lines);
	for (const Entry *entry = group; good && entry != NULL; entry = entry->next)
		good = add_line(audit, &chain, entry->body, entry->len, &lines);
	errno = good ? 0 : ENOMEM;
	if (good)
		good =
			e3_audit_log_append(&audit->log, (EvwBytes){lines.data, lines.len}, &chain);
	e3_buf_release(&lines);
	return good;
}

/* Says once that it cannot be written, and once that it can again. */
static void
log_change(E3Audit *audit, bool good)
{
	if (audit->failing == !good)
		return;
	audit->failing = !good;
	if (good)
		e3_log(E3_LOG_WARNING, "audit_resumed", "last=%llu",
			   (unsigned long long) audit->log.chain.last);
	else
		e3_log(E3_LOG_ERROR, "audit_failed", "cause=\"%s\"", strerror(errno));
}

/* The group's fate; entries that nobody waits for go.  With the mutex held. */
static void
settle_group(E3Audit *audit, Entry *group, bool good, uint64_t untold)
{
	uint64_t count = 0;

	while (group != NULL)
	{
		Entry *entry = group;

		group = entry->next;
		count++;
		entry->state = good ? ENTRY_WRITTEN : ENTRY_FAILED;
		if (!entry->awaited)
			free(entry);
	}
	if (good)
		audit->untold -= untold;
	else
	{
		audit->untold += count;
		audit->dropped += count;
	}
	audit->last_seq = audit->log.chain.last;
}

static void
reopen(E3Audit *audit)
{
	bool moved;

	if (!e3_audit_log_reopen(&audit->log, &moved))
		log_change(audit, false);
	else if (moved)
		e3_log(E3_LOG_INFO, "audit_reopened", "next=%llu",
			   (unsigned long long) audit->log.chain.last + 1);
}

/* What waits, or as much of it as one group has.  With the mutex held, before and after,
 * and when nobody else is writing. */
static void
write_some(E3Audit *audit)
{
	Entry *group = take_group(audit);
	uint64_t untold = audit->untold;
	bool reopening = audit->reopening;
	bool good = true;

	audit->reopening = false;
	audit->writing = true;
	(void) pthread_mutex_unlock(&audit->mutex);
	if (reopening)
		reopen(audit);
	if (group != NULL)
	{
		good = write_group(audit, group, untold);
		log_change(audit, good);
	}
	(void) pthread_mutex_lock(&audit->mutex);
	if (group != NULL)
		settle_group(audit, group, good, untold);
	audit->writing = false;
	audit->hanging = false;
	if (audit->first != NULL || audit->reopening || audit->stopping)
		(void) pthread_cond_signal(&audit->work);
	(void) pthread_cond_broadcast(&audit->written);
}

static void *
run(void *arg)
{
	E3Audit *audit = arg;

	(void) pthread_mutex_lock(&audit->mutex);
	for (;;)
	{
		bool has_work = audit->first != NULL || audit->reopening;

		if (has_work && !audit->writing)
			write_some(audit);
		else if (!has_work && audit->stopping && !audit->writing)
			break;
		else
			(void) pthread_cond_wait(&audit->work, &audit->mutex);
	}
	(void) pthread_mutex_unlock(&audit->mutex);
	return NULL;
}

/* ---- for everybody ---- */

static Entry *
make_entry(const E3AuditRecord *record, bool awaited)
{
	char body[E3_AUDIT_BODY_MAX];
	size_t len = e3_audit_format(record, e3_clock_unix_us(), body);
	Entry *entry = malloc(sizeof(*entry) + len);

	if (entry == NULL)
		return NULL;
	*entry = (Entry){.awaited = awaited, .len = len};
	memcpy(entry->body, body, len);
	return entry;
}

/* There is no room for what would wait for a writer that hangs. */
static bool
has_room(const E3Audit *audit, const Entry *entry)
{
	return entry != NULL && audit->queued < E3_AUDIT_QUEUE_MAX &&
		   !(entry->awaited && audit->hanging);
}

/* False, and the entry is freed, if there is no room; with the mutex held. */
static bool
enqueue(E3Audit *audit, Entry *entry)
{
	if (!has_room(audit, entry))
	{
		free(entry);
		audit->dropped++;
		audit->untold++;
		return false;
	}
	*audit->last = entry;
	audit->last = &entry->next;
	audit->queued++;
	if (!entry->awaited)
		(void) pthread_cond_signal(&audit->work);
	return true;
}

static struct timespec
wait_until(void)
{
	struct timespec at;

	(void) clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += E3_AUDIT_WAIT_MS / 1000;
	return at;
}

/* All who wait give up at once, so that a hanging disk holds the one that writes and no
 * other.  With the mutex held, before and after. */
static void
give_up(E3Audit *audit)
{
	audit->hanging = true;
	(void) pthread_cond_broadcast(&audit->written);
	(void) pthread_mutex_unlock(&audit->mutex);
	e3_log(E3_LOG_ERROR, "audit_hangs", "waited_ms=%d", E3_AUDIT_WAIT_MS);
	(void) pthread_mutex_lock(&audit->mutex);
}

/* With the mutex held.  Whoever writes may hang: then the entry is left to them. */
static bool
await(E3Audit *audit, Entry *entry)
{
	struct timespec end = wait_until();
	bool good;

	while (entry->state == ENTRY_QUEUED)
	{
		if (!audit->writing)
			write_some(audit);
		else if (audit->hanging)
		{
			entry->awaited = false;
			return false;
		}
		else if (pthread_cond_timedwait(&audit->written, &audit->mutex, &end) ==
					 ETIMEDOUT &&
				 entry->state == ENTRY_QUEUED && audit->writing && !audit->hanging)
			give_up(audit);
	}
	good = entry->state == ENTRY_WRITTEN;
	free(entry);
	return good;
}

EvwStatus
e3_audit_write(E3Audit *audit, const E3AuditRecord *record)
{
	Entry *entry = make_entry(record, audit->closed);
	bool good;

	(void) pthread_mutex_lock(&audit->mutex);
	good = enqueue(audit, entry) && (!audit->closed || await(audit, entry));
	(void) pthread_mutex_unlock(&audit->mutex);
	return good || !audit->closed ? EVW_OK : EVW_AUDIT_FAILED;
}

void
e3_audit_post(E3Audit *audit, const E3AuditRecord *record)
{
	Entry *entry = make_entry(record, false);

	(void) pthread_mutex_lock(&audit->mutex);
	(void) enqueue(audit, entry);
	(void) pthread_mutex_unlock(&audit->mutex);
}

void
e3_audit_reopen(E3Audit *audit)
{
	(void) pthread_mutex_lock(&audit->mutex);
	audit->reopening = true;
	(void) pthread_cond_signal(&audit->work);
	(void) pthread_mutex_unlock(&audit->mutex);
}

void
e3_audit_counts(E3Audit *audit, uint64_t *last, uint64_t *dropped)
{
	(void) pthread_mutex_lock(&audit->mutex);
	*last = audit->last_seq;
	*dropped = audit->dropped;
	(void) pthread_mutex_unlock(&audit->mutex);
}

const E3AuditKey *
e3_audit_key(const E3Audit *audit)
{
	return audit->key;
}

/* ---- start and stop ---- */

/* E3's own words, which say that it ran. */
static void
post_own(E3Audit *audit, const char *operation)
{
	const E3AuditRecord record = {.operation = operation};

	e3_audit_post(audit, &record);
}

static bool
init_locks(E3Audit *audit)
{
	pthread_condattr_t monotonic;
	bool good = pthread_condattr_init(&monotonic) == 0 &&
				pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
				pthread_mutex_init(&audit->mutex, NULL) == 0 &&
				pthread_cond_init(&audit->work, NULL) == 0 &&
				pthread_cond_init(&audit->written, &monotonic) == 0;

	(void) pthread_condattr_destroy(&monotonic);
	return good;
}

/* Signals are for the network thread, which blocks them later than this. */
static bool
start_writer(E3Audit *audit)
{
	sigset_t all;
	sigset_t before;
	bool good;

	sigfillset(&all);
	(void) pthread_sigmask(SIG_SETMASK, &all, &before);
	good = pthread_create(&audit->thread, NULL, run, audit) == 0;
	(void) pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

static void
release(E3Audit *audit)
{
	e3_audit_log_close(&audit->log);
	e3_secret_free(audit->key, sizeof(*audit->key));
	free(audit);
}

EvwStatus
e3_audit_start(const E3AuditSetup *setup, E3AuditKey *key, E3Audit **started,
			   char cause[256])
{
	E3Audit *audit = calloc(1, sizeof(*audit));
	EvwStatus status;

	*started = NULL;
	if (audit == NULL)
	{
		e3_secret_free(key, sizeof(*key));
		return EVW_OUT_OF_MEMORY;
	}
	audit->key = key;
	audit->closed = setup->closed;
	audit->last = &audit->first;
	status = e3_audit_log_open(&audit->log, setup->path, key, setup->sync, cause);
	if (status == EVW_OK && !init_locks(audit))
		status = EVW_OUT_OF_MEMORY;
	audit->last_seq = audit->log.chain.last;
	if (status == EVW_OK && !start_writer(audit))
		status = EVW_OUT_OF_MEMORY;
	if (status != EVW_OK)
	{
		release(audit);
		return status;
	}
	post_own(audit, "start");
	*started = audit;
	return EVW_OK;
}

void
e3_audit_stop(E3Audit *audit)
{
	if (audit == NULL)
		return;
	post_own(audit, "stop");
	(void) pthread_mutex_lock(&audit->mutex);
	audit->stopping = true;
	(void) pthread_cond_signal(&audit->work);
	(void) pthread_mutex_unlock(&audit->mutex);
	(void) pthread_join(audit->thread, NULL);
	(void) pthread_cond_destroy(&audit->written);
	(void) pthread_cond_destroy(&audit->work);
	(void) pthread_mutex_destroy(&audit->mutex);
	release(audit);
}
