/*
 * wire/frame.h
 *	  A frame: 4-byte big-endian length, then that many bytes of message.
 *
 * The reader does no I/O: it says where the next bytes go and how many it
 * wants, and is told how many came.  Memory grows with the bytes that have
 * arrived, never with the length that was claimed; the owner may give an empty body
 * memory beforehand.
 */
#ifndef EVW_FRAME_H
#define EVW_FRAME_H

#include "wire/buf.h"
#include "wire/limits.h"

typedef struct EvwFrameReader
{
	uint8_t prefix[EVW_FRAME_PREFIX];
	size_t prefix_len; /* bytes of the prefix that have come */
	uint32_t length;   /* valid once the prefix is complete */
	uint32_t max;	   /* longest body accepted */
	EvwBuf *body;	   /* owner's; its len is the bytes that have come */
} EvwFrameReader;

/* Starts on a new frame; "body" must be empty. */
extern void evw_frame_start(EvwFrameReader *reader, EvwBuf *body, uint32_t max);

/*
 * Where the next bytes go and how many are wanted at most: *len is 0 exactly
 * when the frame is complete.  Fails with OUT_OF_MEMORY or NO_SPACE.
 */
extern EvwStatus evw_frame_want(EvwFrameReader *reader, uint8_t **at,
								size_t *len) EVW_MUST_USE;

/*
 * "len" bytes have come to where evw_frame_want said.  Fails with FRAME_EMPTY
 * or FRAME_TOO_LONG as soon as the prefix is known.
 */
extern EvwStatus evw_frame_came(EvwFrameReader *reader, size_t len) EVW_MUST_USE;

/* Length that the frame's prefix says; 0 as long as it has not come whole. */
extern size_t evw_frame_length(const EvwFrameReader *reader);

/* Has any byte of this frame come?  Has all of it? */
extern bool evw_frame_begun(const EvwFrameReader *reader);
extern bool evw_frame_complete(const EvwFrameReader *reader);

/*
 * Writing: room for the prefix; "end" fills it in and checks the limit.  The
 * buffer is empty before: it holds one frame.
 */
extern void evw_frame_begin(EvwBuf *buf);
extern void evw_frame_end(EvwBuf *buf);

#endif /* EVW_FRAME_H */
