/*
 * wire/status.h
 *	  The one status type of the wire and of E3.
 *
 * Codes are numbered by hundreds per subject and never change their meaning:
 * they are the "code" of an ERROR message, and 301..319 minus 300 is the
 * status byte of one value in a RESULT.  A function that can fail returns an
 * EvwStatus and is marked EVW_MUST_USE.
 */
#ifndef EVW_STATUS_H
#define EVW_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#define EVW_MUST_USE __attribute__((warn_unused_result))

/* X(NAME, code, message); the message names the cause, never any data. */
#define EVW_STATUS_LIST(X)                                                               \
	X(OK, 0, "success")                                                                  \
	/* 1xx: the wire */                                                                  \
	X(FRAME_EMPTY, 101, "frame has no body")                                             \
	X(FRAME_TOO_LONG, 102, "frame is longer than the limit")                             \
	X(MALFORMED, 103, "message is not the MessagePack that was expected")                \
	X(TOO_DEEP, 104, "message nests deeper than the limit")                              \
	X(TRUNCATED, 105, "message claims more bytes than the frame has")                    \
	X(TRAILING_BYTES, 106, "bytes follow the message in its frame")                      \
	X(NO_SPACE, 107, "message does not fit its buffer")                                  \
	X(UNKNOWN_VERB, 108, "unknown message type")                                         \
	X(OUT_OF_ORDER, 109, "message is not allowed at this point of the connection")       \
	X(VERSION_MISMATCH, 110, "no protocol version in common")                            \
	X(HELLO_TIMEOUT, 111, "no HELLO came in time")                                       \
	X(FRAME_TIMEOUT, 112, "frame was not completed in time")                             \
	X(IDLE_TIMEOUT, 113, "connection was idle too long")                                 \
	X(TOO_MANY_OBJECTS, 114, "message has more MessagePack objects than the limit")      \
	/* 2xx: one request */                                                               \
	X(BAD_HEADER, 201, "header field is missing, doubled or malformed")                  \
	X(BAD_COLUMNS, 202, "columns disagree about the number or lengths of values")        \
	X(TOO_MANY_VALUES, 203, "request has more values than the limit")                    \
	X(VALUE_TOO_LONG, 204, "value is longer than the limit")                             \
	X(BAD_ID, 205, "request id is zero or in use")                                       \
	X(TOO_MANY_IN_FLIGHT, 206, "too many requests in flight on this connection")         \
	X(UNKNOWN_APP, 207, "app is not known to E3")                                        \
	X(UNSUPPORTED, 208, "operation, curve or format is not supported by this E3")        \
	X(REPLY_TOO_LONG, 209, "reply would be longer than the frame limit")                 \
	X(CONTEXT_TOO_LONG, 210, "context is longer than the limit")                         \
	X(NO_INDEX_KEY, 211, "app has no index key")                                         \
	/* 30x, 31x: one value, sent as code - 300 */                                        \
	X(DOES_NOT_OPEN, 301, "ciphertext does not open")                                    \
	X(NOT_CIPHERTEXT, 302, "value is not a ciphertext")                                  \
	X(UNKNOWN_KEY, 303, "ciphertext names a key that E3 does not have")                  \
	X(CONTEXT_MISSING, 304, "ciphertext is bound to a context and none was given")       \
	X(CONTEXT_UNEXPECTED, 305, "ciphertext is not bound to a context and one was given") \
	X(VERSION_UNSUPPORTED, 306, "ciphertext version is not supported by this E3")        \
	X(ROLE_REFUSED, 307, "data role of the ciphertext may not be decrypted")             \
	/* 33x: the text form of a ciphertext, found before anything is sent */              \
	X(TEXT_NO_PREFIX, 331, "text does not begin with \"ev:\"")                           \
	X(TEXT_DEBUG, 332, "ciphertext is a debug string")                                   \
	X(TEXT_API_KEY, 333, "text is an API key, not a ciphertext")                         \
	X(TEXT_NO_TERMINATOR, 334, "ciphertext does not end with \":$\"")                    \
	X(TEXT_SEGMENTS, 335, "ciphertext has the wrong number of segments")                 \
	X(TEXT_VERSION, 336, "ciphertext has an unknown version")                            \
	X(TEXT_DATATYPE, 337, "ciphertext has an unknown datatype")                          \
	X(TEXT_BASE64, 338, "ciphertext has a segment that is not canonical base64")         \
	X(TEXT_IV_LENGTH, 339, "initialization vector of the ciphertext is not 12 bytes")    \
	X(TEXT_POINT, 340, "ephemeral key of the ciphertext is not a compressed point")      \
	X(TEXT_SHORT, 341, "ciphertext is shorter than its authentication tag")              \
	X(TEXT_TOO_LONG, 342, "ciphertext is longer than the limit")                         \
	/* 4xx: trust */                                                                     \
	X(PEER_REFUSED, 401, "this peer may not connect")                                    \
	X(NOT_ALLOWED, 402, "this peer may not do this")                                     \
	X(TOO_MANY_CONNECTIONS, 403, "too many connections")                                 \
	X(POLICY_REFUSED, 410, "policy does not allow this")                                 \
	X(QUOTA_EXCEEDED, 411, "quota is used up")                                           \
	X(CREDENTIAL_MISSING, 412, "policy demands a credential")                            \
	X(CREDENTIAL_INVALID, 413, "credential is not valid")                                \
	X(CREDENTIAL_EXPIRED, 414, "credential has expired")                                 \
	X(CREDENTIAL_SCOPE, 415, "credential does not cover this")                           \
	/* 5xx: the server */                                                                \
	X(BUSY, 501, "E3 is busy")                                                           \
	X(DRAINING, 502, "E3 is shutting down")                                              \
	X(DEADLINE, 503, "deadline of the request has passed")                               \
	X(OUT_OF_MEMORY, 504, "E3 is out of memory")                                         \
	X(CANCELLED, 505, "request was cancelled")                                           \
	X(CRYPTO_FAILED, 506, "cryptographic library failed")                                \
	X(INTERNAL, 507, "internal error")                                                   \
	X(AUDIT_FAILED, 508, "audit record cannot be written")                               \
	X(EVIDENCE_FAILED, 509, "evidence of what E3 is cannot be made")                     \
	X(NOT_READY, 510, "E3 has not opened its keys yet")                                  \
	/* 6xx: keys and configuration, reported to an administrator */                      \
	X(KEYRING_IO, 601, "keyring file cannot be read or written")                         \
	X(KEYRING_PERMISSIONS, 602, "keyring file may be read by others or is not ours")     \
	X(KEYRING_FORMAT, 603, "keyring file is damaged or of an unknown version")           \
	X(KEYRING_UNSEAL, 604, "keyring does not open: damaged, or another passphrase")      \
	X(KEYRING_ROLLBACK, 605, "keyring file is older than the one in use")                \
	X(APP_EXISTS, 606, "app exists already")                                             \
	X(APP_NAME, 607, "app name is not 1 to 63 of a-z, 0-9, '_' and '-'")                 \
	X(BAD_KEY, 608, "key is malformed, out of range or of the wrong curve")              \
	X(PASSPHRASE, 609, "passphrase cannot be read, is empty or may be read by others")   \
	X(CONFIG, 610, "configuration is not valid")                                         \
	X(KEYRING_FULL, 611, "keyring has as many apps or key versions as it can hold")      \
	X(AUDIT_LOG, 612, "audit log cannot be opened, or is not what it should be")         \
	X(CUSTODY, 613, "keyring is in another custody than the configuration says")         \
	X(CUSTODY_ABSENT, 614, "keeper of the keyring's key is not there")                   \
	X(CUSTODY_REFUSED, 615, "keeper of the keyring's key does not release it")           \
	X(KEYRING_RESEALED, 616, "keyring has been sealed anew, which takes a restart")      \
	X(GENERATION, 617, "generation file cannot be read, or is not what it should be")

typedef enum EvwStatus
{
#define EVW_STATUS_ENUM(name, code, message) EVW_##name = code,
	EVW_STATUS_LIST(EVW_STATUS_ENUM)
#undef EVW_STATUS_ENUM
} EvwStatus;

/* Value statuses travel as one byte: the code minus this. */
#define EVW_VALUE_STATUS_BASE 300

/* Is this the outcome of one value (301 to 319), rather than the end of the request? */
static inline bool
evw_status_is_value(EvwStatus status)
{
	return status > EVW_VALUE_STATUS_BASE && status < EVW_VALUE_STATUS_BASE + 20;
}

/* Symbolic name, as in docs/protocol.md, of any code; "UNKNOWN" if it is none. */
extern const char *evw_status_name(uint32_t code);

/* English sentence without a final stop; never NULL. */
extern const char *evw_status_message(uint32_t code);

#endif /* EVW_STATUS_H */
