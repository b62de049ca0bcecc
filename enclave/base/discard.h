/*
 * base/discard.h
 *	  Large buffers that nobody needs any more, to be wiped by another thread.
 *
 * Wiping a large reply takes longer than the network thread has for anything: it
 * leaves that to the workers, who do a piece of it whenever they have done something
 * else.  For any number of threads.
 */
#ifndef E3_DISCARD_H
#define E3_DISCARD_H

#include "base/secret.h"

/* Shorter ones are wiped at once, as long as a cache has them. */
#define E3_DISCARD_MIN ((size_t) 1 << 20)

/* What may wait or be worked on; with more, whoever discards clears it himself. */
#define E3_DISCARD_COUNT 64
#define E3_DISCARD_BYTES ((size_t) 256 << 20)

/*
 * As e3_buf_release, now or later.  Of a large one nothing is touched now, unless too
 * many wait: a cancelled request is answered after this.
 */
extern void e3_buf_discard(EvwBuf *buf);

/* Does any wait?  Without a lock: it may be just over, or about to be so. */
extern bool e3_discard_waits(void);

/* Clears a piece, some 50 microseconds' work; false if there is none. */
extern bool e3_discard_step(void);

#endif /* E3_DISCARD_H */
