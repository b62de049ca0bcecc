/*
 * copy/taken.c
 *	  Tables whose rows are elsewhere, and whose COPY another extension executes.
 *
 * Core would put rows into a table that its owner never reads, or read from one
 * that is empty.  They are found in the catalogs that those extensions have.
 */
#include "postgres.h"

#include "copy/check.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* By name and by schema, or by OID: what a catalog calls its tables. */
typedef struct Catalog
{
	const char *extension;
	const char *schema;
	const char *table;
	const char *columns[2];
	bool by_oid;
} Catalog;

static const Catalog catalogs[] = {
	{"citus", "pg_catalog", "pg_dist_partition", {"logicalrelid"}, true},
	{"timescaledb",
	 "_timescaledb_catalog",
	 "hypertable",
	 {"schema_name", "table_name"},
	 false},
};

/* False if the column is not there, or of another type. */
static bool
set_key(ScanKey key, Oid table, const char *column, bool by_oid, Datum value)
{
	AttrNumber number = get_attnum(table, column);
	Oid type;

	if (number <= 0)
		return false;
	type = get_atttype(table, number);
	if (by_oid ? type != REGCLASSOID && type != OIDOID : type != NAMEOID)
		return false;
	ScanKeyInit(key, number, BTEqualStrategyNumber, by_oid ? F_OIDEQ : F_NAMEEQ, value);
	return true;
}

static int
set_keys(ScanKeyData keys[2], Oid table, const Catalog *catalog, Relation rel)
{
	if (catalog->by_oid)
		return set_key(&keys[0], table, catalog->columns[0], true,
					   ObjectIdGetDatum(RelationGetRelid(rel)))
				   ? 1
				   : 0;
	if (set_key(&keys[0], table, catalog->columns[0], false,
				CStringGetDatum(get_namespace_name(RelationGetNamespace(rel)))) &&
		set_key(&keys[1], table, catalog->columns[1], false,
				CStringGetDatum(RelationGetRelationName(rel))))
		return 2;
	return 0;
}

/*
 * InvalidOid if the extension is not there.  The table must be its own: anybody who
 * may create a schema could make one of that name.
 */
static Oid
catalog_table(const Catalog *catalog)
{
	Oid extension = get_extension_oid(catalog->extension, true);
	Oid schema = get_namespace_oid(catalog->schema, true);
	Oid table;

	if (!OidIsValid(extension) || !OidIsValid(schema))
		return InvalidOid;
	table = get_relname_relid(catalog->table, schema);
	if (!OidIsValid(table) || get_rel_relkind(table) != RELKIND_RELATION ||
		getExtensionOfObject(RelationRelationId, table) != extension)
		return InvalidOid;
	return table;
}

static bool
lists(const Catalog *catalog, Relation rel)
{
	Oid table = catalog_table(catalog);
	ScanKeyData keys[2];
	int n_keys;
	Relation list;
	SysScanDesc scan;
	bool found;

	if (!OidIsValid(table))
		return false;
	n_keys = set_keys(keys, table, catalog, rel);
	if (n_keys == 0)
		return false;
	list = table_open(table, AccessShareLock);
	scan = systable_beginscan(list, InvalidOid, false, NULL, n_keys, keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(list, AccessShareLock);
	return found;
}

void
evc_copy_check_taken(Relation rel)
{
	for (size_t i = 0; i < lengthof(catalogs); i++)
		if (lists(&catalogs[i], rel))
			ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("COPY with ENCRYPT or DECRYPT is not supported for table "
						   "\"%s\" of extension %s",
						   RelationGetRelationName(rel), catalogs[i].extension),
					errhint("Use INSERT ... SELECT with encrypt() from a table without "
							"the extension, or COPY (SELECT ... decrypt() ...) TO."));
}
