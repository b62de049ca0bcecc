/*
 * base/pages.c
 *	  Mappings, and those that nobody has at the moment.
 *
 * Locking law: one mutex guards the spare ones; no system call is made under it.
 */
#include "base/pages.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPARES_MAX 32

/* From so many bytes on pages that were not used are dropped instead of wiped. */
#define UNUSED ((size_t) 1 << 20)

/* So many times as long as wanted: wiping it afterwards, or its pages, would cost too
 * much. */
#define TOO_LONG 2

typedef struct Spare
{
	void *at;
	size_t len;
} Spare;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Spare spares[SPARES_MAX]; /* in the order in which they were given back */
static size_t n_spares;
static size_t spare_bytes;

size_t
e3_pages_round(size_t len)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

void *
e3_pages_map(size_t len)
{
	void *at =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	(void) madvise(at, len, MADV_DONTDUMP);
	return at;
}

size_t
e3_pages_to_wipe(size_t used, size_t len)
{
	used = e3_pages_round(used);
	return len < used + UNUSED ? len : used;
}

bool
e3_pages_drop(uint8_t *at, size_t len)
{
	return madvise(at, len, MADV_DONTNEED) == 0;
}

/* The shortest that fits, of several the last, whose pages may be in a cache; NULL if
 * none. */
static Spare *
find_spare(size_t len)
{
	Spare *best = NULL;

	for (size_t i = 0; i < n_spares; i++)
		if (spares[i].len >= len && spares[i].len / TOO_LONG <= len &&
			(best == NULL || spares[i].len <= best->len))
			best = &spares[i];
	return best;
}

static void *
take_spare(size_t *len)
{
	Spare *spare = find_spare(*len);
	void *at;

	if (spare == NULL)
		return NULL;
	at = spare->at;
	*len = spare->len;
	spare_bytes -= spare->len;
	n_spares--;
	memmove(spare, spare + 1, (size_t) (spares + n_spares - spare) * sizeof(Spare));
	return at;
}

void *
e3_pages_reuse(size_t *len)
{
	void *at;

	pthread_mutex_lock(&mutex);
	at = take_spare(len);
	pthread_mutex_unlock(&mutex);
	return at;
}

void *
e3_pages_take(size_t *len)
{
	void *at;

	*len = e3_pages_round(*len);
	at = e3_pages_reuse(len);
	return at != NULL ? at : e3_pages_map(*len);
}

/*
 * Makes room for one more of so many bytes.  Those that were given back first, and that
 * nobody has asked for since, go into gone; returns how many.
 */
static size_t
make_room(size_t len, Spare gone[SPARES_MAX])
{
	size_t n = 0;

	while (n_spares - n == SPARES_MAX || spare_bytes + len > E3_PAGES_KEPT)
	{
		gone[n] = spares[n];
		spare_bytes -= gone[n].len;
		n++;
	}
	n_spares -= n;
	memmove(spares, spares + n, n_spares * sizeof(Spare));
	return n;
}

void
e3_pages_give(void *at, size_t len)
{
	Spare gone[SPARES_MAX];
	size_t n;

	if (len > E3_PAGES_KEPT_ONE)
	{
		(void) munmap(at, len);
		return;
	}
	pthread_mutex_lock(&mutex);
	n = make_room(len, gone);
	spares[n_spares++] = (Spare){at, len};
	spare_bytes += len;
	pthread_mutex_unlock(&mutex);
	for (size_t i = 0; i < n; i++)
		(void) munmap(gone[i].at, gone[i].len);
}
