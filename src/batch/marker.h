/*
 * batch/marker.h
 *	  One call of encrypt, decrypt and their kin, as a batch sees it: an argument
 *	  that goes in, a result that comes out.
 *
 * The scalar functions and the plan node both do what they do through this, so
 * they can't give different answers.
 */
#ifndef EVC_MARKER_H
#define EVC_MARKER_H

#include "postgres.h"

#include "batch/batch.h"
#include "batch/markers.h"
#include "value/plaintype.h"

typedef struct EvcMarker
{
	EvcMarkerKind kind;
	EvcPlainType *type; /* of the plaintext; NULL: text */
	bool takes_string;	/* ENCRYPT of text: arguments are C strings */
	bool takes_utf8;	/* they are valid UTF-8, as somebody has checked */
} EvcMarker;

/* A value that has been added to a batch. */
typedef struct EvcTicket
{
	uint32 index;		  /* in the batch */
	EvwDatatype datatype; /* of a ciphertext */
} EvcTicket;

/*
 * Lives in "owner".  "plain" is the type that is encrypted or that decrypt_as
 * gives, not used by the others; "encrypted" that of ciphertexts.  Raises what
 * evc_plaintype_new does.
 */
extern EvcMarker *evc_marker_new(MemoryContext owner, EvcMarkerKind kind, Oid plain,
								 Oid encrypted);

/* ENCRYPT or DECRYPT. */
extern EvwVerb evc_marker_verb(EvcMarkerKind kind);

/*
 * Adds an argument, not NULL, to a batch of the marker's verb.  False if it does
 * not fit beside what is there: an empty batch takes whatever the limits allow.
 */
extern bool evc_marker_add(EvcMarker *marker, EvcBatch *batch, Datum argument,
						   EvcTicket *ticket);

/* Would taking the result raise what E3 says of the value? */
extern bool evc_marker_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket);

/*
 * The result, in the current memory context, of a batch that has been received.
 * Raises the error of this one value.
 */
extern Datum evc_marker_take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket,
							 bool *is_null);

/* Checks that NULL, which a NULL argument gives, is a value of the result's type. */
extern void evc_marker_check_null(EvcMarker *marker);

#endif /* EVC_MARKER_H */
