/*
 * client/buffer.h
 *	  Buffers of the wire in backend memory, wiped before they are freed.
 *
 * A buffer does not know when its context goes: whoever owns the context
 * registers a callback that calls evc_buffer_wipe.  Buffers for replies belong
 * to no context: they are taken and given back.
 */
#ifndef EVC_BUFFER_H
#define EVC_BUFFER_H

#include "postgres.h"

#include "wire/buf.h"

/* An empty buffer that grows in "context", and raises 53200 if it can't. */
extern void evc_buffer_init(EvwBuf *buf, MemoryContext context);

/* Overwrites what the buffer holds and empties it; its memory stays. */
extern void evc_buffer_wipe(EvwBuf *buf);

/* Empties one whose bytes are no secret. */
extern void evc_buffer_clear(EvwBuf *buf);

/* Overwrites all but the first "len" bytes. */
extern void evc_buffer_truncate(EvwBuf *buf, size_t len);

/* Wipes, and frees the memory; the buffer may grow again. */
extern void evc_buffer_free(EvwBuf *buf);

/* One of the two: only what is not very long is kept for the next time. */
extern void evc_buffer_reset(EvwBuf *buf);

/*
 * An empty buffer for a reply, which may have memory already.  It raises
 * nothing when it can't grow: its status is OUT_OF_MEMORY.  Only the first one
 * of a process can raise 53200 here.
 */
extern void evc_buffer_take(EvwBuf *buf);

/* Gives such a buffer back, wiped; raises nothing. */
extern void evc_buffer_give(EvwBuf *buf);

#endif /* EVC_BUFFER_H */
