/*
 * base/pages.h
 *	  Mappings of whole pages, left out of core files; those given back are kept for
 *	  the next who asks.
 *
 * A fresh page costs a fault, and a large reply has more pages than that many
 * encryptions take: without this a server of large requests does little else.
 */
#ifndef E3_PAGES_H
#define E3_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is kept at most: of all, and of those no larger than one. */
#define E3_PAGES_KEPT ((size_t) 64 << 20)
#define E3_PAGES_KEPT_ONE ((size_t) 8 << 20)

/* "len" up to the next page. */
extern size_t e3_pages_round(size_t len);

/* A new mapping of so many bytes, zeroed; NULL when there is no memory. */
extern void *e3_pages_map(size_t len);

/*
 * One that was given back and is not much longer: *len is then what it has.  Zeroed, as
 * whoever gives back has wiped it.  NULL if there is none.
 */
extern void *e3_pages_reuse(size_t *len);

/* The same, or a new one. */
extern void *e3_pages_take(size_t *len);

/*
 * Of a mapping of "len" bytes the first "used" have a purpose; how many are to be
 * wiped before it is given back.  A large reply that was given up early has hardly
 * been touched: wiping it would first make all of its pages; the rest is to be dropped.
 */
extern size_t e3_pages_to_wipe(size_t used, size_t len);

/*
 * Has whole pages of a mapping read as zeros; false if they may not.  Where there are
 * pages, as in a mapping that was used before, that takes longer than wiping them.
 */
extern bool e3_pages_drop(uint8_t *at, size_t len);

/*
 * Keeps a mapping that has been wiped, unless it is too long.  Where there is no room,
 * those that were given back first are unmapped: another load wants other lengths.
 */
extern void e3_pages_give(void *at, size_t len);

#endif /* E3_PAGES_H */
