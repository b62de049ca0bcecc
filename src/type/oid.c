/*
 * type/oid.c
 *	  Which type is the extension's, by OID.
 */
#include "postgres.h"

#include "type/oid.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/lsyscache.h"

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
