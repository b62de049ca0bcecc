/*
 * json/document.h
 *	  The fields of a document: handed out in its order, and put back.
 *
 * A field is a scalar that is to be encrypted or decrypted.  Encrypted are strings,
 * numbers and booleans on the paths, decrypted all scalars on the paths but null, or
 * without paths all strings that say that they are ciphertexts.
 */
#ifndef EVC_JSON_DOCUMENT_H
#define EVC_JSON_DOCUMENT_H

#include "postgres.h"

#include "compat.h"
#include "json/leaf.h"
#include "json/paths.h"

/* Fields of one document. */
#define EVC_JSON_FIELDS_MAX (1u << 18)

/* What a call does to its documents. */
typedef struct EvcJsonCall
{
	bool encrypts;
	const EvcPaths *paths; /* NULL: decrypt whatever is encrypted */
	EvcPlainType *number;  /* numeric; for what is decrypted */
} EvcJsonCall;

/* Why a document can't be worked on. */
typedef struct EvcJsonRefusal
{
	enum
	{
		EVC_JSON_FINE,
		EVC_JSON_TOO_DEEP,
		EVC_JSON_TOO_MANY,	   /* fields */
		EVC_JSON_SEALED_TWICE, /* a field to be encrypted is a ciphertext */
		EVC_JSON_NOT_SEALED	   /* a field to be decrypted is none: */
	} why;
	EvwStatus status; /* what is wrong with it */
	uint32 field;	  /* from 1 */
} EvcJsonRefusal;

/*
 * Takes the bytes of one field: plaintext, or an envelope.  They may go afterwards.
 * False: no more fields are wanted.
 */
typedef bool (*EvcJsonAdd)(void *arg, EvwBytes bytes, EvwDatatype datatype);

/* Hands out the fields; if it refuses the document, some may have been handed out. */
extern EvcJsonRefusal evc_json_collect(const EvcJsonCall *call, Jsonb *document,
									   EvcJsonAdd add, void *arg);

pg_noreturn extern void evc_json_report(const EvcJsonRefusal *refusal);

/* Gives what has become of a field, from 0: an envelope, or plaintext. */
typedef EvwBytes (*EvcJsonTake)(void *arg, uint32 field, EvwDatatype *datatype);

/*
 * The document with its fields replaced, in the current memory context.  Raises what
 * evc_leaf_decode does, and what PostgreSQL does for a document that is too large.
 */
extern Jsonb *evc_json_rebuild(const EvcJsonCall *call, Jsonb *document, EvcJsonTake take,
							   void *arg);

#endif /* EVC_JSON_DOCUMENT_H */
