/*
 * wire/evstring.h
 *	  The text form of a ciphertext:
 *
 *	  "ev:" [VERSION ":"] [TYPE ":"] IV ":" EPK ":" CT ":$"
 *
 * Text and envelope are derived from each other, byte for byte, except that
 * the key hint is not in the text: what is parsed has hint zero.
 */
#ifndef EVW_EVSTRING_H
#define EVW_EVSTRING_H

#include "wire/envelope.h"

/* Longest text form of any envelope. */
#define EVW_EVSTRING_MAX                                                                 \
	(96 + ((size_t) EVW_ENVELOPE_MAX - EVW_ENVELOPE_HEAD + 2) / 3 * 4)

/* Bytes that suffice for the envelope of a text of "len" characters. */
extern size_t evw_evstring_envelope_cap(size_t len);

/*
 * Parses and checks the text; "out" has room for evw_evstring_envelope_cap
 * bytes, *out_len is what was used.  Fails with a TEXT_* status that names
 * what is wrong.
 */
extern EvwStatus evw_evstring_parse(const char *text, size_t len, uint8_t *out,
									size_t *out_len) EVW_MUST_USE;

/* Characters of the text form, without a terminating NUL. */
extern size_t evw_evstring_len(const EvwEnvelope *envelope);

/* Writes evw_evstring_len characters. */
extern void evw_evstring_write(char *out, const EvwEnvelope *envelope);

#endif /* EVW_EVSTRING_H */
