/*
 * type/oid.h
 *	  Which type is the extension's, by OID.
 */
#ifndef EVC_TYPE_OID_H
#define EVC_TYPE_OID_H

#include "postgres.h"

/*
 * The type "encrypted" that this one is, or a domain over; InvalidOid if it is
 * another.
 */
extern Oid evc_type_encrypted(Oid type);

#endif /* EVC_TYPE_OID_H */
