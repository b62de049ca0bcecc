/*
 * type/oid.h
 *	  What the catalog says of a type.
 */
#ifndef EVC_TYPE_OID_H
#define EVC_TYPE_OID_H

#include "postgres.h"

#include "catalog/pg_type.h"

/*
 * The type "encrypted" that this one is, or a domain over; InvalidOid if it is
 * another.
 */
extern Oid evc_type_encrypted(Oid type);

/* A copy of its row's fixed part.  It must exist. */
extern FormData_pg_type evc_type_row(Oid type);

#endif /* EVC_TYPE_OID_H */
