/*
 * base/discard.c
 *	  Large buffers that nobody needs any more.
 *
 * Locking law: one mutex guards the list; a buffer that is being wiped is in the
 * hands of one thread, and not in the list.
 */
#include "base/discard.h"

#include "base/clock.h"
#include "base/pages.h"

#include <pthread.h>
#include <stdatomic.h>

/* Wiped in one step. */
#define WIPED_PIECE ((size_t) 512 << 10)

/* Dropped at once; and a step that drops goes on for so long, as it takes hardly any
 * time where there are no pages, but longer than wiping where there are. */
#define DROPPED_PIECE ((size_t) 256 << 10)
#define DROPPING_NS 50000

typedef struct Discarded
{
	uint8_t *at; /* a mapping */
	size_t len;
	size_t rest; /* bytes at its beginning that have yet to be cleared */
	size_t used; /* bytes at its beginning to be wiped; those behind it are dropped */
} Discarded;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Discarded waiting[E3_DISCARD_COUNT];
static atomic_size_t n_waiting;
static size_t n_held; /* those that wait, and those in the hands of a thread */
static size_t held;	  /* their bytes */

static bool
keep(const Discarded *discarded)
{
	bool kept;

	pthread_mutex_lock(&mutex);
	kept = n_held < E3_DISCARD_COUNT && held + discarded->len <= E3_DISCARD_BYTES;
	if (kept)
	{
		waiting[n_waiting++] = *discarded;
		n_held++;
		held += discarded->len;
	}
	pthread_mutex_unlock(&mutex);
	return kept;
}

static bool
take(Discarded *discarded)
{
	bool taken;

	pthread_mutex_lock(&mutex);
	taken = n_waiting > 0;
	if (taken)
		*discarded = waiting[--n_waiting];
	pthread_mutex_unlock(&mutex);
	return taken;
}

/* There is room for it: it has been counted all the time. */
static void
put_back(const Discarded *discarded)
{
	pthread_mutex_lock(&mutex);
	waiting[n_waiting++] = *discarded;
	pthread_mutex_unlock(&mutex);
}

static void
give(const Discarded *discarded)
{
	pthread_mutex_lock(&mutex);
	n_held--;
	held -= discarded->len;
	pthread_mutex_unlock(&mutex);
	e3_pages_give(discarded->at, discarded->len);
}

void
e3_buf_discard(EvwBuf *buf)
{
	Discarded discarded = {.at = buf->data, .len = buf->cap, .rest = buf->cap};

	if (buf->cap >= E3_DISCARD_MIN)
		discarded.used = e3_pages_to_wipe(buf->len, buf->cap);
	if (buf->cap < E3_DISCARD_MIN || !keep(&discarded))
		e3_buf_release(buf);
	else
		e3_buf_init(buf);
}

bool
e3_discard_waits(void)
{
	return atomic_load_explicit(&n_waiting, memory_order_relaxed) > 0;
}

static bool
is_dropped(const Discarded *discarded)
{
	return discarded->rest > discarded->used;
}

/* The last of what has yet to be cleared. */
static void
clear_piece(Discarded *discarded)
{
	bool dropped = is_dropped(discarded);
	size_t rest = dropped ? discarded->rest - discarded->used : discarded->rest;
	size_t most = dropped ? DROPPED_PIECE : WIPED_PIECE;
	size_t piece = rest < most ? rest : most;

	discarded->rest -= piece;
	if (!dropped || !e3_pages_drop(discarded->at + discarded->rest, piece))
		e3_wipe(discarded->at + discarded->rest, piece);
}

bool
e3_discard_step(void)
{
	Discarded discarded;
	uint64_t began_ns;

	if (!e3_discard_waits() || !take(&discarded))
		return false;
	began_ns = e3_clock_ns();
	do
		clear_piece(&discarded);
	while (is_dropped(&discarded) && e3_clock_ns() - began_ns < DROPPING_NS);
	if (discarded.rest > 0)
		put_back(&discarded);
	else
		give(&discarded);
	return true;
}
