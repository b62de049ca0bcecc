/*
 * value/plaintype.h
 *	  The SQL type of a plaintext: its values to bytes, and bytes to its values.
 *
 * bytea is its bytes; everything else is UTF-8 text: numbers in the grammar of
 * JSON, boolean as true and false, other types in the form that their output
 * function writes under fixed settings.
 */
#ifndef EVC_PLAINTYPE_H
#define EVC_PLAINTYPE_H

#include "postgres.h"

#include "fmgr.h"

#include "value/plain.h"
#include "wire/envelope.h"

typedef struct EvcPlainType
{
	Oid type; /* as the caller gave it */
	Oid base; /* below domains */
	bool settings_matter;
	FmgrInfo io; /* output or input function, when it has been needed */
	Oid ioparam;
	void *domain; /* domain_check's cache */
	MemoryContext owner;
} EvcPlainType;

/*
 * Lives in "owner".  Raises 42804 if values of the type hold ciphertext (the
 * type "encrypted", at any depth) or have no text form that can be read back
 * (pseudo-types, anonymous records, types of core for internal use).
 */
extern EvcPlainType *evc_plaintype_new(MemoryContext owner, Oid type, Oid encrypted);

/*
 * The bytes of a value and their datatype.  Fills "plain", which the caller
 * wipes; raises what evc_plain_to_utf8 does.
 */
extern EvwDatatype evc_plaintype_encode(EvcPlainType *type, Datum value, EvcPlain *plain);

/*
 * The value of decrypted bytes, in the current memory context; "datatype" is what
 * their ciphertext says they are.  Raises what evc_plain_to_server does, and an error
 * without any data, with the SQLSTATE of the type's input function, if the text is not
 * one of the type.
 */
extern Datum evc_plaintype_decode(EvcPlainType *type, EvwBytes bytes,
								  EvwDatatype datatype);

/* Raises what a domain that does not allow NULL raises for it. */
extern void evc_plaintype_check_null(EvcPlainType *type);

#endif /* EVC_PLAINTYPE_H */
