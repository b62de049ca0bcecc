/*
 * client/buffer.h
 *	  Buffers of the wire in a memory context, wiped before they are freed.
 *
 * A buffer does not know when its context goes: whoever owns the context
 * registers a callback that calls evc_buffer_wipe.
 */
#ifndef EVC_BUFFER_H
#define EVC_BUFFER_H

#include "postgres.h"

#include "wire/buf.h"

/* An empty buffer that grows in "context", and raises 53200 if it can't. */
extern void evc_buffer_init(EvwBuf *buf, MemoryContext context);

/* Overwrites what the buffer holds and empties it; its memory stays. */
extern void evc_buffer_wipe(EvwBuf *buf);

/* Wipes, and frees the memory; the buffer may grow again. */
extern void evc_buffer_free(EvwBuf *buf);

#endif /* EVC_BUFFER_H */
