/*
 * wire/attest.h
 *	  ATTEST: the client gives a nonce, E3 answers with evidence of what it is.
 *
 * The request's header has "evidence", the kind that is wanted, which must be one of
 * those in E3's HELLO (else UNSUPPORTED), and "nonce", fresh random bytes (else
 * BAD_HEADER).  It may come at any time after HELLO, also again, and is answered on its
 * own, before any value has been sent if the client wants it so.  The reply is a RESULT
 * whose header repeats "evidence" and whose only column is the document; or
 * EVIDENCE_FAILED.
 *
 * The document says, whatever its kind, that this E3 has this connection: it holds
 * "nonce" as it came, and as user_data the SHA-256 (32 bytes) of what
 * evw_binding_encode writes.  Each side makes that of what it sent and received
 * itself, and of its own end of TLS, never of what the other says.
 */
#ifndef EVW_ATTEST_H
#define EVW_ATTEST_H

#include "wire/limits.h"
#include "wire/message.h"

/* Kinds of evidence: signed for the root of AWS Nitro, or by an authority of E3's own. */
#define EVW_EVIDENCE_NITRO "nitro"
#define EVW_EVIDENCE_SOFTWARE "software"

/* Of TLS exporters (RFC 8446, 7.5), with a context of no bytes. */
#define EVW_EXPORTER_LABEL "EXPORTER-evcrypt-attest"

typedef struct EvwAttest
{
	EvwBytes evidence; /* 1 to EVW_EVIDENCE_NAME_MAX of a-z, 0-9, '-' */
	EvwBytes nonce;	   /* EVW_NONCE_MIN to EVW_NONCE_MAX bytes */
} EvwAttest;

extern void evw_attest_encode(EvwBuf *buf, uint64_t id, const EvwAttest *attest);

/* BAD_HEADER, or BAD_COLUMNS if there are any. */
extern EvwStatus evw_attest_decode(const EvwMessage *message,
								   EvwAttest *attest) EVW_MUST_USE;

typedef struct EvwEvidence
{
	EvwBytes evidence;
	EvwBytes document; /* 1 to EVW_EVIDENCE_MAX bytes */
} EvwEvidence;

extern void evw_evidence_encode(EvwBuf *buf, uint64_t id, const EvwEvidence *evidence);
extern EvwStatus evw_evidence_decode(EvwMessage *message,
									 EvwEvidence *evidence) EVW_MUST_USE;

/* What a document is bound to. */
typedef struct EvwBinding
{
	/*
	 * EVW_EXPORTER_LEN bytes of the connection's TLS exporter, of EVW_EXPORTER_LABEL;
	 * no bytes where there is no TLS.
	 */
	EvwBytes exporter;
	EvwBytes nonce;		   /* of this ATTEST */
	EvwBytes client_hello; /* the whole frames, with their prefix, */
	EvwBytes server_hello; /* as they went over this connection */
} EvwBinding;

/*
 * Appends the bytes whose SHA-256 is user_data: "evcrypt attest 1", then each of the
 * four above in this order, after its length as 4 bytes, big-endian.  At most
 * EVW_BINDING_MAX bytes, or status NO_SPACE: a HELLO is at most EVW_HELLO_FRAME_MAX
 * bytes and its prefix.
 */
extern void evw_binding_encode(EvwBuf *buf, const EvwBinding *binding);

#endif /* EVW_ATTEST_H */
