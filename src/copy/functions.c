/*
 * copy/functions.c
 *	  The extension's type and functions, and who may execute them.
 *
 * What COPY does in a function's place needs the right to execute that function.
 */
#include "postgres.h"

#include "copy/functions.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "batch/markers.h"
#include "compat.h"
#include "copy/options.h"

bool
evc_copy_is_encrypted(Oid type)
{
	Oid extension;

	/* The extension's only type that is not the row of a view, or an array. */
	if (type < FirstGenbkiObjectId || get_typtype(type) != TYPTYPE_BASE ||
		type_is_array(type))
		return false;
	extension = getExtensionOfObject(TypeRelationId, type);
	return OidIsValid(extension) && extension == get_extension_oid("evcrypt", true);
}

static FormData_pg_type
type_row(Oid type)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	FormData_pg_type row;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	row = *(Form_pg_type) GETSTRUCT(tuple);
	ReleaseSysCache(tuple);
	return row;
}

Oid
evc_copy_schema(Oid encrypted)
{
	return type_row(encrypted).typnamespace;
}

bool
evc_copy_has_receive(Oid type)
{
	return OidIsValid(type_row(type).typreceive);
}

/* The one that encrypt(value) of this type is resolved to. */
static Oid
encrypt_argument(Oid plain)
{
	Oid base = getBaseType(plain);

	if (base == CHAROID)
		return CHAROID;
	return TypeCategory(base) == TYPCATEGORY_STRING ? TEXTOID : ANYELEMENTOID;
}

static Oid
find_encrypt(Oid encrypted, Oid argument)
{
	oidvector *arguments = buildoidvector(&argument, 1);
	Oid function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
								   CStringGetDatum("encrypt"), PointerGetDatum(arguments),
								   ObjectIdGetDatum(evc_copy_schema(encrypted)));

	pfree(arguments);
	if (!OidIsValid(function) || evc_marker_kind(function) != EVC_MARKER_ENCRYPT)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("function encrypt of extension evcrypt does not exist"));
	return function;
}

static void
check_execute(Oid function)
{
	AclResult result = evc_function_aclcheck(function, GetUserId());

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

void
evc_copy_check_encrypt(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		const EvcCopyColumn *column = lfirst(cell);

		check_execute(find_encrypt(column->encrypted, encrypt_argument(column->type)));
	}
}
