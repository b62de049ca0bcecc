/*
 * crypto/agree_backend.h
 *	  Who multiplies points: the seam between agree.c and the libraries; for
 *	  crypto/ alone.
 *
 * A backend serves one curve or both, with a state for each curve and thread.
 * Every call is about many agreements on that one curve, so that a backend that
 * does several at once can.
 */
#ifndef E3_AGREE_BACKEND_H
#define E3_AGREE_BACKEND_H

#include "crypto/agree.h"

#define E3_CURVES 2

/* One of many agreements with an ephemeral key from outside. */
typedef struct E3AgreeItem
{
	const E3KeyPair *pair;
	const uint8_t *epk; /* compressed */
	E3Agreement *agreement;
	EvwStatus *status;
} E3AgreeItem;

typedef struct E3AgreeBackend
{
	bool serves[E3_CURVES]; /* by EvwCurve */
	size_t at_once;			/* agreements that cost little more than one */

	/* Can this machine do it?  If so, writes library and version. */
	bool (*describe)(char *out, size_t size);

	/* NULL without memory, or without entropy. */
	void *(*open)(EvwCurve curve);
	/* Wipes and frees; NULL is fine. */
	void (*close)(void *state);

	/*
	 * n fresh ephemeral keys against one app's public key: Z and the point,
	 * uncompressed, of each.  False if any failed; agree.c then wipes them all.
	 */
	bool (*ephemeral)(void *state, const E3KeyPair *app, size_t n,
					  E3Agreement agreements[]);

	/*
	 * Sets each status to OK, to DOES_NOT_OPEN if that ephemeral key is not a
	 * canonical point of the curve, which comes before anything else is done with
	 * it, or to CRYPTO_FAILED.  agree.c wipes the agreements that are not OK.
	 */
	void (*with)(void *state, size_t n, const E3AgreeItem items[]);
} E3AgreeBackend;

extern const E3AgreeBackend e3_agree_openssl;
#ifdef E3_WITH_SECP256K1
extern const E3AgreeBackend e3_agree_secp256k1;
#endif
#ifdef E3_WITH_CRYPTO_MB
extern const E3AgreeBackend e3_agree_crypto_mb;
#endif

#endif /* E3_AGREE_BACKEND_H */
