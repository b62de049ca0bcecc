/*
 * label/guard.c
 *	  ALTER TABLE leaves what labels name as it is.
 */
#include "postgres.h"

#include "label/guard.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_seclabel.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "label/label.h"
#include "type/oid.h"

static object_access_hook_type prev_object_access_hook;

/* A label of ours, as the catalog has it. */
typedef struct Found
{
	AttrNumber column; /* that has it */
	EvcLabel parts;
} Found;

/*
 * Fills "found" with the next label of a scan over those of a relation; false at the
 * end.  What is not valid names nothing.
 */
static bool
next_label(SysScanDesc scan, TupleDesc desc, Found *found)
{
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		const FormData_pg_seclabel *row = (const FormData_pg_seclabel *) GETSTRUCT(tuple);
		bool is_null;
		Datum provider = heap_getattr(tuple, Anum_pg_seclabel_provider, desc, &is_null);
		char *label;
		size_t at;

		if (row->objsubid <= 0 ||
			strcmp(TextDatumGetCString(provider), EVC_LABEL_PROVIDER) != 0)
			continue;
		label = TextDatumGetCString(
			heap_getattr(tuple, Anum_pg_seclabel_label, desc, &is_null));
		found->column = (AttrNumber) row->objsubid;
		if (evc_label_parse(&found->parts, label, strlen(label), &at) == NULL)
			return true;
	}
	return false;
}

typedef bool (*Wanted)(const Found *found, const void *what);

/* Has one of the relation's columns a label that is wanted?  The first one, then. */
static bool
find_label(Oid relation, Wanted wanted, const void *what, Found *found)
{
	Relation catalog = table_open(SecLabelRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool is_there = false;

	ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationRelationId));
	scan = systable_beginscan(catalog, SecLabelObjectIndexId, true, NULL, 2, keys);
	while (!is_there && next_label(scan, RelationGetDescr(catalog), found))
		is_there = wanted(found, what);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return is_there;
}

static bool
any(const Found *found, const void *what)
{
	return true;
}

static bool
names_column(const Found *found, const void *what)
{
	return *found->parts.column != '\0' &&
		   strcmp(evc_label_column_name(&found->parts), what) == 0;
}

static bool
is_of_column(const Found *found, const void *what)
{
	return found->column == *(const AttrNumber *) what;
}

static void
refuse(const char *what, const char *column, Oid relation, const Found *found)
{
	Oid root = evc_label_root(relation);

	ereport(ERROR, errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			errmsg("cannot %s column \"%s\" of relation \"%s\" because the security "
				   "label "
				   "for evcrypt of column \"%s\" names it",
				   what, column, get_rel_name(root),
				   get_attname(root, found->column, false)),
			errdetail("It is the context that values of that column are bound to."),
			errhint(
				"Change the label first, or remove it by SECURITY LABEL FOR evcrypt ON "
				"COLUMN ... IS NULL."));
}

/* Raises if the column with this name is in a context. */
static void
check_context(const char *what, const char *column, Oid relation)
{
	Found found;

	if (find_label(evc_label_root(relation), names_column, column, &found))
		refuse(what, column, relation, &found);
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Is a value that has been converted written as before? */
static bool
keeps_text_form(const FormData_pg_attribute *before, const FormData_pg_attribute *after)
{
	Oid from = getBaseType(before->atttypid);
	Oid to = getBaseType(after->atttypid);

	if (is_integer(from) && is_integer(to))
		return true;
	if ((from == TEXTOID || from == VARCHAROID) && (to == TEXTOID || to == VARCHAROID))
		return true;
	return before->atttypid == after->atttypid && before->atttypmod == after->atttypmod;
}

/* A column that has a label must stay one of ciphertexts. */
static void
check_labelled(const FormData_pg_attribute *before, const FormData_pg_attribute *after)
{
	Oid root = evc_label_root(before->attrelid);
	AttrNumber number = get_attnum(root, NameStr(before->attname));
	Found found;

	if (!OidIsValid(evc_type_encrypted(before->atttypid)) ||
		OidIsValid(evc_type_encrypted(after->atttypid)))
		return;
	if (find_label(root, is_of_column, &number, &found))
		ereport(ERROR, errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				errmsg("cannot alter type of column \"%s\" of relation \"%s\" because it "
					   "has "
					   "a security label for evcrypt",
					   NameStr(before->attname), get_rel_name(before->attrelid)),
				errhint("Remove it first, by SECURITY LABEL FOR evcrypt ON COLUMN ... IS "
						"NULL."));
}

/* The row of a column as this command sees it, or as it has just made it. */
static bool
read_column(Oid relation, int number, Snapshot snapshot, FormData_pg_attribute *column)
{
	Relation catalog = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum((int16) number));
	scan = systable_beginscan(catalog, AttributeRelidNumIndexId, true, snapshot, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		memcpy(column, GETSTRUCT(tuple), ATTRIBUTE_FIXED_PART_SIZE);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

static void
check_altered_column(Oid relation, int number)
{
	FormData_pg_attribute before;
	FormData_pg_attribute after;

	if (!read_column(relation, number, NULL, &before) ||
		!read_column(relation, number, SnapshotSelf, &after) || before.attisdropped)
		return;
	if (strcmp(NameStr(before.attname), NameStr(after.attname)) != 0)
		check_context("rename", NameStr(before.attname), relation);
	if (keeps_text_form(&before, &after))
		return;
	check_context("alter type of", NameStr(before.attname), relation);
	check_labelled(&before, &after);
}

static void
check_dropped_column(Oid relation, int number)
{
	char *column = get_attname(relation, (AttrNumber) number, true);

	if (column != NULL)
		check_context("drop", column, relation);
}

/* From then on its labels would say nothing. */
static void
check_attached(Oid partition, Oid parent)
{
	Found found;

	if (get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE &&
		find_label(partition, any, NULL, &found))
		ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("cannot attach \"%s\" because its column \"%s\" has a security "
					   "label "
					   "for evcrypt",
					   get_rel_name(partition),
					   get_attname(partition, found.column, false)),
				errdetail("As a partition it has the labels of its root."),
				errhint("Remove it first, by SECURITY LABEL FOR evcrypt ON COLUMN ... IS "
						"NULL."));
}

static void
look_at(ObjectAccessType access, Oid class_id, Oid object, int column, void *arg)
{
	if (prev_object_access_hook != NULL)
		prev_object_access_hook(access, class_id, object, column, arg);
	if (access == OAT_POST_ALTER && class_id == InheritsRelationId)
		check_attached(object, ((ObjectAccessPostAlter *) arg)->auxiliary_id);
	if (class_id != RelationRelationId || column <= 0)
		return;
	if (access == OAT_POST_ALTER)
		check_altered_column(object, column);
	else if (access == OAT_DROP)
		check_dropped_column(object, column);
}

void
evc_label_guard_init(void)
{
	prev_object_access_hook = object_access_hook;
	object_access_hook = look_at;
}
