/*
 * fuzz/recode.h
 *	  Decodes a message of any kind and encodes what was understood.
 */
#ifndef FUZZ_RECODE_H
#define FUZZ_RECODE_H

#include "wire/message.h"

/* What a message may be read as; its type does not tell them all apart. */
typedef enum RecodeKind
{
	RECODE_CLIENT_HELLO,
	RECODE_SERVER_HELLO,
	RECODE_REQUEST,
	RECODE_RESULT,
	RECODE_ERROR,
	RECODE_CANCELLED,
	RECODE_HEALTH,
	RECODE_STATS,
	RECODE_KEYS,
	RECODE_ATTEST,
	RECODE_EVIDENCE,
	N_RECODE_KINDS
} RecodeKind;

/* One frame in "buf", or the status of what could not be decoded. */
extern EvwStatus recode(RecodeKind kind, EvwMessage message, EvwBuf *buf);

#endif /* FUZZ_RECODE_H */
