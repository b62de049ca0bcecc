/*
 * value/plaintype.c
 *	  Which types can be encrypted.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "value/plaintype.h"

typedef enum TypeFinding
{
	TYPE_PLAIN,
	TYPE_HOLDS_CIPHERTEXT,
	TYPE_NOT_READABLE
} TypeFinding;

static TypeFinding examine(Oid type, Oid encrypted);

static TypeFinding
examine_columns(Oid type, Oid encrypted)
{
	TupleDesc desc = lookup_rowtype_tupdesc(type, -1);
	TypeFinding finding = TYPE_PLAIN;

	for (int i = 0; i < desc->natts && finding == TYPE_PLAIN; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			finding = examine(TupleDescAttr(desc, i)->atttypid, encrypted);
	ReleaseTupleDesc(desc);
	return finding;
}

/* What values of this type consist of; InvalidOid if they are not made of others. */
static Oid
element_of(Oid type)
{
	switch (get_typtype(type))
	{
		case TYPTYPE_RANGE:
			return get_range_subtype(type);
		case TYPTYPE_MULTIRANGE:
			return get_multirange_range(type);
		default:
			return get_element_type(type);
	}
}

/* Core's own, whose input functions take nothing. */
static bool
is_internal(Oid base)
{
	switch (base)
	{
		case GTSVECTOROID:
		case PG_BRIN_BLOOM_SUMMARYOID:
		case PG_BRIN_MINMAX_MULTI_SUMMARYOID:
		case PG_DEPENDENCIESOID:
		case PG_MCV_LISTOID:
		case PG_NDISTINCTOID:
		case PG_NODE_TREEOID:
			return true;
		default:
			return false;
	}
}

static TypeFinding
examine(Oid type, Oid encrypted)
{
	Oid base = getBaseType(type);
	Oid element;

	check_stack_depth();
	if (base == encrypted)
		return TYPE_HOLDS_CIPHERTEXT;
	if (get_typtype(base) == TYPTYPE_PSEUDO || is_internal(base))
		return TYPE_NOT_READABLE;
	if (get_typtype(base) == TYPTYPE_COMPOSITE)
		return examine_columns(base, encrypted);
	element = element_of(base);
	return OidIsValid(element) ? examine(element, encrypted) : TYPE_PLAIN;
}

static void
check_plain(Oid type, Oid encrypted)
{
	switch (examine(type, encrypted))
	{
		case TYPE_PLAIN:
			return;
		case TYPE_HOLDS_CIPHERTEXT:
			ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("type %s holds ciphertext, not plaintext",
						   format_type_be(type)),
					errhint("A value that is encrypted already is not encrypted again."));
			break;
		case TYPE_NOT_READABLE:
			ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("values of type %s cannot be read back from their text form",
						   format_type_be(type)),
					errhint("Cast to a named type."));
			break;
	}
}

/* Those that write the same text whatever the settings, and read it so. */
static bool
settings_matter(Oid base)
{
	switch (base)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case CHAROID:
		case BYTEAOID:
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case OIDOID:
		case UUIDOID:
		case JSONOID:
		case JSONBOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
			return false;
		default:
			return true;
	}
}

EvcPlainType *
evc_plaintype_new(MemoryContext owner, Oid type, Oid encrypted)
{
	EvcPlainType *plain_type;

	check_plain(type, encrypted);
	plain_type = MemoryContextAllocZero(owner, sizeof(EvcPlainType));
	plain_type->type = type;
	plain_type->base = getBaseType(type);
	/* A domain's CHECK may call anything. */
	plain_type->settings_matter =
		plain_type->base != type || settings_matter(plain_type->base);
	plain_type->owner = owner;
	return plain_type;
}
