/*
 * wire/limits.h
 *	  Every limit of the E3/1 protocol and of a ciphertext, in one place.
 *
 * Sizes are in bytes, times in milliseconds.  Both sides are compiled from
 * this header; E3 states the limits in its HELLO and enforces them, a client
 * checks before it sends.  docs/protocol.md repeats the numbers, and a test
 * compares the two.
 */
#ifndef EVW_LIMITS_H
#define EVW_LIMITS_H

/* Protocol version spoken by this tree; HELLO names it. */
#define EVW_PROTOCOL_VERSION 1

/* A frame is a 4-byte big-endian length and that many bytes of body. */
#define EVW_FRAME_PREFIX 4
#define EVW_FRAME_MAX (80u << 20)
/* The first frame of a connection, before E3 knows whom it talks to. */
#define EVW_HELLO_FRAME_MAX 4096

/* MessagePack containers nest at most this deep (the message array is 1). */
#define EVW_DEPTH_MAX 16

/*
 * MessagePack objects of one message, those in its header included; values
 * are not objects.  Keeps the walk of the longest frame at microseconds.
 */
#define EVW_OBJECTS_MAX 16384

/* Values of one request, and one value before encryption. */
#define EVW_VALUES_MAX (1u << 20)
#define EVW_PLAINTEXT_MAX (64u << 20)

/* A context (caller's bytes bound into a ciphertext). */
#define EVW_CONTEXT_MAX (1u << 20)

/* Short header fields.  A role is a slug: FORMAT of the public SDKs. */
#define EVW_APP_MAX 63
#define EVW_ROLE_MAX 20
#define EVW_LABEL_MAX 63
#define EVW_TRACE_LEN 16
#define EVW_CREDENTIAL_MAX 8192
#define EVW_MESSAGE_MAX 512

/*
 * Evidence: the name of its kind, the nonce that it repeats, and the document: a payload
 * of at most 16384 bytes and the signature around it.  What it is bound to is hashed.
 */
#define EVW_EVIDENCE_NAME_MAX 15
#define EVW_NONCE_MIN 32
#define EVW_NONCE_MAX 64
#define EVW_EVIDENCE_MAX 16640
#define EVW_EXPORTER_LEN 32
#define EVW_BINDING_MAX 8328

/* One header map, encoded; a request without columns fits as well. */
#define EVW_HEADER_MAX 16384

/* Requests one connection may have unanswered. */
#define EVW_INFLIGHT_MAX 64

/* A new connection says HELLO within this time ... */
#define EVW_HELLO_TIMEOUT_MS 10000
/* ... and a frame once begun is complete after this, plus 1 ms per 1 KiB. */
#define EVW_FRAME_TIMEOUT_MS 10000
/* A connection with nothing in flight is closed after this. */
#define EVW_IDLE_TIMEOUT_MS 3600000

/* Longest deadline a request may ask for: 24 hours. */
#define EVW_DEADLINE_MAX_MS 86400000u

/* Ciphertext envelope (wire/envelope.h). */
#define EVW_HINT_LEN 4
#define EVW_POINT_LEN 33
#define EVW_IV_LEN 12
#define EVW_TAG_LEN 16
#define EVW_ENVELOPE_HEAD (2 + EVW_HINT_LEN + EVW_POINT_LEN + EVW_IV_LEN)
#define EVW_METADATA_MAX 65535
#define EVW_ENVELOPE_MIN (EVW_ENVELOPE_HEAD + EVW_TAG_LEN)
#define EVW_ENVELOPE_MAX                                                                 \
	(EVW_ENVELOPE_HEAD + 2 + EVW_METADATA_MAX + EVW_PLAINTEXT_MAX + EVW_TAG_LEN)

#endif /* EVW_LIMITS_H */
