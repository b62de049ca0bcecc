/*
 * value/plain.h
 *	  Bytes of a plaintext on their way in or out, and what of them is ours to wipe.
 */
#ifndef EVC_PLAIN_H
#define EVC_PLAIN_H

#include "postgres.h"

#include "wire/buf.h"

typedef struct EvcPlain
{
	EvwBytes bytes;
	void *made; /* palloc'd, holds "bytes", ours; NULL: they are somebody else's */
} EvcPlain;

/* Other bytes from here on; those before are wiped if they were ours. */
extern void evc_plain_set(EvcPlain *plain, void *made, const void *data, size_t len);

/* evc_plain_wipe of bytes that are ours. */
extern void evc_plain_wipe_made(EvcPlain *plain);

/* In line, as most values were not made. */
static inline void
evc_plain_wipe(EvcPlain *plain)
{
	if (plain->made != NULL)
		evc_plain_wipe_made(plain);
}

/*
 * Text of the server encoding becomes UTF-8.  Raises 22021 if it is not valid in
 * its encoding, 22P05 if UTF-8 lacks a character or it would come back as another,
 * 54000 if it is far too long.
 */
extern void evc_plain_to_utf8(EvcPlain *plain);

/* The same of a context, which messages then speak of. */
extern void evc_plain_context_to_utf8(EvcPlain *plain);

/*
 * UTF-8 becomes text of the server encoding, without a terminating NUL.  Raises
 * 22021 if it is not text, 22P05 if the server encoding lacks a character.
 */
extern void evc_plain_to_server(EvcPlain *plain);

/* ASCII without NUL? */
extern bool evc_plain_is_ascii(EvwBytes bytes);

/* Valid UTF-8 without NUL? */
extern bool evc_plain_is_text(EvwBytes bytes);

#endif /* EVC_PLAIN_H */
