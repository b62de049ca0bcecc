/*
 * wire/request.h
 *	  ENCRYPT, DECRYPT and ECHO requests, CANCEL, and those without values.
 *
 * Columns: values (bytes, lengths), then datatypes (one byte a value) or nil,
 * then contexts (bytes, lengths: one a value, or one for all) or nil, nil.  Trailing nils
 * may be left out.
 */
#ifndef EVW_REQUEST_H
#define EVW_REQUEST_H

#include "wire/message.h"

typedef enum EvwCurve
{
	EVW_CURVE_P256,
	EVW_CURVE_SECP256K1
} EvwCurve;

extern const char *evw_curve_name(EvwCurve curve);

/* Header of a request; bytes fields with len 0 are absent. */
typedef struct EvwRequestHeader
{
	EvwBytes app;
	EvwCurve curve;
	EvwBytes format; /* tag that ENCRYPT is to emit; absent: the curve's default */
	EvwBytes role;	 /* data role written into ciphertexts */
	uint32_t values_per_key; /* 0: one key for the request */
	uint32_t deadline_ms;	 /* 0: none */
	EvwBytes trace;			 /* 16 bytes */
	EvwBytes credential;
	EvwBytes label; /* SQL role, unverified, for the audit */
	bool all;		/* BLIND_INDEX under every index key */
} EvwRequestHeader;

typedef struct EvwRequest
{
	EvwVerb verb;
	uint64_t id;
	EvwRequestHeader header;
	EvwColumn values;
	EvwBytes datatypes; /* data NULL: all are strings */
	EvwColumn contexts; /* one a value, or one; bytes.data NULL: none */
} EvwRequest;

/*
 * Takes a request apart.  Counts are compared and the id must not be 0; what
 * the lengths add up to is checked by evw_column_check, by whoever does the
 * work.
 */
extern EvwStatus evw_request_decode(EvwMessage *message,
									EvwRequest *request) EVW_MUST_USE;

/* Frame prefix, type, id, header; the columns follow, then evw_frame_end. */
extern void evw_request_begin(EvwBuf *buf, EvwVerb verb, uint64_t id,
							  const EvwRequestHeader *header, uint32_t n_columns);

/* A whole request without columns: HEALTH, STATS, KEYS, RELOAD. */
extern void evw_request_encode_plain(EvwBuf *buf, EvwVerb verb, uint64_t id,
									 const EvwRequestHeader *header);

/* CANCEL of the request with this id. */
extern void evw_cancel_encode(EvwBuf *buf, uint64_t id);

/* Is this an app name: 1 to 63 of a-z, 0-9, '_', '-'? */
extern bool evw_app_name_valid(EvwBytes name);

/* Is this a role slug: 1 to 20 of a-z, 0-9, '-'? */
extern bool evw_role_valid(EvwBytes role);

#endif /* EVW_REQUEST_H */
