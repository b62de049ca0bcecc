/*
 * json/leaf.h
 *	  One scalar of a document: the bytes that are encrypted, the text of a ciphertext,
 *	  and back.
 */
#ifndef EVC_JSON_LEAF_H
#define EVC_JSON_LEAF_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "value/plain.h"
#include "value/plaintype.h"
#include "wire/envelope.h"

/*
 * Does this scalar say that it is a ciphertext?  It is a string that begins with
 * "ev:", and either ends with ":$" or goes on with a version, "debug:" or "key:".
 */
extern bool evc_leaf_claims(const JsonbValue *leaf);

/* Is it one, or one that was encrypted to the published debug key? */
extern bool evc_leaf_is_sealed(const JsonbValue *leaf);

/*
 * Plaintext of a string, number or boolean, and its datatype.  Fills "plain", which
 * the caller wipes; raises what evc_plain_to_utf8 does.
 */
extern EvwDatatype evc_leaf_encode(const JsonbValue *leaf, EvcPlain *plain);

/* The envelope in a ciphertext's text, palloc'd, or what is wrong with the text. */
extern EvwStatus evc_leaf_unseal(const JsonbValue *leaf, EvwBytes *envelope) EVW_MUST_USE;

/* A ciphertext's text, palloc'd.  Raises the error of NOT_CIPHERTEXT. */
extern void evc_leaf_seal(JsonbValue *leaf, EvwBytes envelope);

/*
 * Decrypted bytes as a leaf, which points to them or to palloc'd memory.  "number" is
 * the type numeric.  A number that JSON has not (NaN, an infinity) becomes a string,
 * the text "null" of datatype number JSON's null.  Raises what evc_plaintype_decode
 * does.
 */
extern void evc_leaf_decode(JsonbValue *leaf, EvwBytes bytes, EvwDatatype datatype,
							EvcPlainType *number);

#endif /* EVC_JSON_LEAF_H */
