/*
 * wire/reply.h
 *	  RESULT, ERROR and CANCELLED: the one final reply of a request.
 *
 * Columns of a RESULT with values: bytes, lengths, then one status byte a
 * value or nil when all are good.  Item i of the request is item i here.
 */
#ifndef EVW_REPLY_H
#define EVW_REPLY_H

#include "wire/message.h"

/* Header of a RESULT to ENCRYPT, DECRYPT or ECHO. */
typedef struct EvwResultHeader
{
	uint64_t e3_ns;		  /* time in E3, from the last byte in to the reply */
	uint32_t cache_hits;  /* values whose derived key was at hand */
	uint32_t key_version; /* that encrypted; 0 if not said */
} EvwResultHeader;

typedef struct EvwResult
{
	EvwResultHeader header;
	EvwColumn values;
	EvwBytes statuses; /* data NULL: all good */
} EvwResult;

/* Header of an ERROR. */
typedef struct EvwErrorHeader
{
	uint32_t code;	   /* an EvwStatus, or one of a newer E3 */
	EvwBytes message;  /* names no data */
	uint32_t retry_ms; /* 0: not said */
} EvwErrorHeader;

/* Where the numbers of a result header go that are known only at its end. */
typedef struct EvwResultMark
{
	size_t e3_ns;
	size_t cache_hits;
} EvwResultMark;

/* Frame prefix, type, id, header; three columns follow, then evw_result_end. */
extern EvwResultMark evw_result_begin(EvwBuf *buf, uint64_t id, uint32_t key_version);
extern void evw_result_end(EvwBuf *buf, EvwResultMark mark, uint64_t e3_ns,
						   uint32_t cache_hits);
extern EvwStatus evw_result_decode(EvwMessage *message, EvwResult *result) EVW_MUST_USE;

extern void evw_error_encode(EvwBuf *buf, uint64_t id, const EvwErrorHeader *header);

/* An ERROR that says this status, in its own words. */
extern void evw_error_encode_status(EvwBuf *buf, uint64_t id, EvwStatus status);

extern EvwStatus evw_error_decode(const EvwMessage *message,
								  EvwErrorHeader *header) EVW_MUST_USE;

/* "done" values had been worked on when the cancel was seen. */
extern void evw_cancelled_encode(EvwBuf *buf, uint64_t id, uint32_t done);
extern EvwStatus evw_cancelled_decode(const EvwMessage *message,
									  uint32_t *done) EVW_MUST_USE;

#endif /* EVW_REPLY_H */
