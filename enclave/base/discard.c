/*
 * base/discard.c
 *	  Large buffers that nobody needs any more.
 *
 * Locking law: one mutex guards the list; a buffer that is being wiped is in the
 * hands of one thread, and not in the list.
 */
#include "base/discard.h"

#include "base/pages.h"

#include <pthread.h>
#include <stdatomic.h>

/* Wiped in one step, or dropped in as long as that takes. */
#define WIPED_PIECE ((size_t) 512 << 10)
#define DROPPED_PIECE ((size_t) 2 << 20)

typedef struct Discarded
{
	uint8_t *at; /* a mapping */
	size_t len;
	size_t rest; /* bytes at its beginning that have yet to be cleared */
	size_t used; /* bytes at its beginning to be wiped; those behind it are dropped */
} Discarded;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Discarded waiting[E3_DISCARD_COUNT];
static size_t bytes; /* of those that wait */
static atomic_size_t n_waiting;

static bool
keep(const Discarded *discarded)
{
	bool kept;

	pthread_mutex_lock(&mutex);
	kept = n_waiting < E3_DISCARD_COUNT && bytes + discarded->len <= E3_DISCARD_BYTES;
	if (kept)
	{
		waiting[n_waiting++] = *discarded;
		bytes += discarded->len;
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
	{
		*discarded = waiting[--n_waiting];
		bytes -= discarded->len;
	}
	pthread_mutex_unlock(&mutex);
	return taken;
}

void
e3_buf_discard(EvwBuf *buf)
{
	Discarded discarded = {.at = buf->data,
						   .len = buf->cap,
						   .rest = buf->cap,
						   .used = e3_pages_to_wipe(buf->len, buf->cap)};

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

/* The last of what has yet to be cleared. */
static void
clear_piece(Discarded *discarded)
{
	bool is_used = discarded->rest <= discarded->used;
	size_t rest = is_used ? discarded->rest : discarded->rest - discarded->used;
	size_t most = is_used ? WIPED_PIECE : DROPPED_PIECE;
	size_t piece = rest < most ? rest : most;

	discarded->rest -= piece;
	if (is_used || !e3_pages_drop(discarded->at + discarded->rest, piece))
		e3_wipe(discarded->at + discarded->rest, piece);
}

bool
e3_discard_step(void)
{
	Discarded discarded;

	if (!e3_discard_waits() || !take(&discarded))
		return false;
	clear_piece(&discarded);
	if (discarded.rest > 0 && keep(&discarded))
		return true;
	while (discarded.rest > 0)
		clear_piece(&discarded);
	e3_pages_give(discarded.at, discarded.len);
	return true;
}
