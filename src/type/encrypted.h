/*
 * type/encrypted.h
 *	  The SQL type "encrypted": a varlena whose content is one envelope.
 *
 * Every way into the type goes through the parser of the text form or of the
 * envelope, so a datum of this type is always a well-formed ciphertext.  None
 * of it needs E3.
 */
#ifndef EVC_ENCRYPTED_H
#define EVC_ENCRYPTED_H

#include "postgres.h"

#include "client/report.h"
#include "wire/envelope.h"

/* The bytes inside a datum that has been detoasted (short headers included). */
static inline EvwBytes
evc_encrypted_bytes(struct varlena *value)
{
	return (EvwBytes){(const uint8_t *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/* The datatype that these bytes hold.  Raises the error of NOT_CIPHERTEXT. */
static inline EvwDatatype
evc_encrypted_datatype(EvwBytes bytes)
{
	EvwDatatype datatype;
	EvwStatus status = evw_envelope_check(bytes, &datatype);

	if (status != EVW_OK)
		evc_report_status(status);
	return datatype;
}

/* The bytes of a datum taken apart.  Raises the same. */
extern void evc_encrypted_open(struct varlena *value, EvwEnvelope *envelope);

#endif /* EVC_ENCRYPTED_H */
