/*
 * crypto/aead_backend.h
 *	  Who does AES-256-GCM: the seam between aead.c and the libraries; for
 *	  crypto/ alone.
 *
 * A context belongs to one thread at a time.  It holds one key schedule, and
 * where it has begun a message, how far that has come; so a message that was
 * begun is finished before the context seals or opens anything else.
 *
 * Backends neither look at lengths that aead.c has checked nor wipe what they
 * wrote when they fail: aead.c does.
 */
#ifndef E3_AEAD_BACKEND_H
#define E3_AEAD_BACKEND_H

#include "crypto/aead.h"

typedef struct E3AeadBackend
{
	const char *name; /* as [crypto] aead= says it */

	/*
	 * Can this machine do it?  If so, writes library, version and the CPU
	 * features that it uses.
	 */
	bool (*describe)(char *out, size_t size);

	/* A context without a key; NULL without memory. */
	void *(*open)(void);
	/* Wipes and frees; NULL is fine. */
	void (*close)(void *context);
	bool (*set_key)(void *context, const uint8_t *key);

	/* Messages.  What is to be unsealed is long enough for a tag; each has its status. */
	bool (*seal)(void *context, EvwBytes aad, EvwBytes head, const E3AeadItem *items,
				 size_t n);
	void (*unseal)(void *context, EvwBytes aad, E3AeadItem *items, size_t n);

	/*
	 * Bytes of a key schedule that may be copied, aligned to 16, and used by any context;
	 * 0: there is no such thing, and the two functions are NULL.
	 */
	size_t schedule_len;
	void (*expand)(const uint8_t *key, void *schedule);
	/* As unseal, one message under this schedule. */
	void (*unseal_under)(void *context, const void *schedule, EvwBytes aad,
						 E3AeadItem *item);

	/* One message in pieces, none of them empty. */
	bool (*begin)(void *context, const uint8_t *iv, EvwBytes aad,
				  E3AeadDirection direction);
	bool (*update)(void *context, uint8_t *out, EvwBytes in);
	bool (*make_tag)(void *context, uint8_t *tag);
	EvwStatus (*check_tag)(void *context, const uint8_t *tag);
} E3AeadBackend;

extern const E3AeadBackend e3_aead_openssl;
#ifdef E3_WITH_IPSEC_MB
extern const E3AeadBackend e3_aead_ipsec_mb;
#endif

#endif /* E3_AEAD_BACKEND_H */
