/*
 * type/oid.c
 *	  What the catalog says of a type.
 */
#include "postgres.h"

#include "type/oid.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "commands/extension.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* The extension's only type that is not the row of a view, or an array. */
static bool
is_encrypted(Oid type)
{
	Oid extension;

	if (type < FirstGenbkiObjectId || get_typtype(type) != TYPTYPE_BASE ||
		type_is_array(type))
		return false;
	extension = getExtensionOfObject(TypeRelationId, type);
	return OidIsValid(extension) && extension == get_extension_oid("evcrypt", true);
}

Oid
evc_type_encrypted(Oid type)
{
	Oid base = getBaseType(type);

	return is_encrypted(base) ? base : InvalidOid;
}

FormData_pg_type
evc_type_row(Oid type)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	FormData_pg_type row;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	row = *(Form_pg_type) GETSTRUCT(tuple);
	ReleaseSysCache(tuple);
	return row;
}
