/*
 * copy/functions.c
 *	  The extension's functions, and who may execute them.
 *
 * What COPY does in a function's place needs the right to execute that function.
 */
#include "postgres.h"

#include "copy/functions.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "batch/markers.h"
#include "compat.h"
#include "copy/options.h"
#include "type/oid.h"

bool
evc_copy_has_receive(Oid type)
{
	return OidIsValid(evc_type_row(type).typreceive);
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

/* In the schema of the extension's type. */
static Oid
find_function(Oid encrypted, const char *name, EvcMarkerKind kind, const Oid *arguments,
			  int n_arguments)
{
	oidvector *vector = buildoidvector(arguments, n_arguments);
	Oid function =
		GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						PointerGetDatum(vector),
						ObjectIdGetDatum(evc_type_row(encrypted).typnamespace));

	pfree(vector);
	if (!OidIsValid(function) || evc_marker_kind(function) != kind)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("function %s of extension evcrypt does not exist", name));
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

/* Its calls have a context, which is their last argument. */
static bool
is_bound(const EvcCopyColumn *column)
{
	return column->label != NULL && column->label->parts.has_context;
}

void
evc_copy_check_encrypt(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		const EvcCopyColumn *column = lfirst(cell);
		Oid arguments[] = {encrypt_argument(column->type), TEXTOID};

		check_execute(find_function(column->encrypted, "encrypt", EVC_MARKER_ENCRYPT,
									arguments, is_bound(column) ? 2 : 1));
	}
}

void
evc_copy_check_decrypt(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		const EvcCopyColumn *column = lfirst(cell);
		EvcMarkerKind kind = evc_copy_decrypt_kind(column);
		bool text = kind == EVC_MARKER_DECRYPT;
		Oid arguments[EVC_ARGUMENTS_MAX] = {column->encrypted, ANYELEMENTOID};
		int n_arguments = text ? 1 : 2;

		if (is_bound(column))
			arguments[n_arguments++] = TEXTOID;
		check_execute(find_function(column->encrypted, text ? "decrypt" : "decrypt_as",
									kind, arguments, n_arguments));
	}
}
