/*
 * redact/relation.c
 *	  Do the rules, policies, triggers, defaults or checks of a relation or domain
 *	  call one of our functions?
 *
 * The catalogs are read as they are, and the relation is not opened: that would take
 * a lock, and a statement may be one that must not wait for it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "redact/match.h"

/* A catalog that has rows for relations or types, with what may call us. */
typedef struct Part
{
	Oid catalog;
	Oid index;			 /* by the relation first */
	AttrNumber relation; /* its column, or that of the type */
	AttrNumber tree;	 /* an expression; 0: the row is a trigger's */
} Part;

static const Part triggers = {TriggerRelationId, TriggerRelidNameIndexId,
							  Anum_pg_trigger_tgrelid, 0};
static const Part checks = {ConstraintRelationId, ConstraintRelidTypidNameIndexId,
							Anum_pg_constraint_conrelid, Anum_pg_constraint_conbin};
static const Part domain_checks = {ConstraintRelationId, ConstraintTypidIndexId,
								   Anum_pg_constraint_contypid,
								   Anum_pg_constraint_conbin};
static const Part policies = {PolicyRelationId, PolicyPolrelidPolnameIndexId,
							  Anum_pg_policy_polrelid, Anum_pg_policy_polqual};
static const Part new_row_policies = {PolicyRelationId, PolicyPolrelidPolnameIndexId,
									  Anum_pg_policy_polrelid,
									  Anum_pg_policy_polwithcheck};
static const Part defaults = {AttrDefaultRelationId, AttrDefaultIndexId,
							  Anum_pg_attrdef_adrelid, Anum_pg_attrdef_adbin};

static bool
tree_calls(Datum stored)
{
	char *tree = TextDatumGetCString(stored);

	return *tree != '\0' && evc_query_calls(stringToNode(tree));
}

static bool
row_calls(const Part *part, HeapTuple row, TupleDesc columns)
{
	Datum tree;
	bool is_null;

	if (part->tree == 0)
		return evc_object_calls(EVC_OBJECT_FUNCTION,
								((Form_pg_trigger) GETSTRUCT(row))->tgfoid);
	tree = heap_getattr(row, part->tree, columns, &is_null);
	return !is_null && tree_calls(tree);
}

static bool
part_calls(const Part *part, Oid relation)
{
	Relation catalog = table_open(part->catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple row;
	bool calls = false;

	ScanKeyInit(&key, part->relation, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, part->index, true, NULL, 1, &key);
	while (!calls && HeapTupleIsValid(row = systable_getnext(scan)))
		calls = row_calls(part, row, RelationGetDescr(catalog));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return calls;
}

/* A view is a rule for SELECT, whose type is '1'. */
static bool
rule_calls(HeapTuple rule, EvcObject kind)
{
	bool is_select = ((Form_pg_rewrite) GETSTRUCT(rule))->ev_type == '1';
	bool is_null;
	Datum action =
		SysCacheGetAttr(RULERELNAME, rule, Anum_pg_rewrite_ev_action, &is_null);
	Datum condition =
		SysCacheGetAttr(RULERELNAME, rule, Anum_pg_rewrite_ev_qual, &is_null);

	return is_select == (kind == EVC_OBJECT_READ) &&
		   (tree_calls(action) || tree_calls(condition));
}

static bool
rules_call(Oid relation, EvcObject kind)
{
	CatCList *rules = SearchSysCacheList1(RULERELNAME, ObjectIdGetDatum(relation));
	bool calls = false;

	for (int i = 0; i < rules->n_members && !calls; i++)
		calls = rule_calls(&rules->members[i]->tuple, kind);
	ReleaseSysCacheList(rules);
	return calls;
}

/* Also of who is exempt: that is the executor's to know. */
static bool
policies_call(Oid relation, EvcObject kind)
{
	return part_calls(&policies, relation) ||
		   (kind == EVC_OBJECT_WRITE && part_calls(&new_row_policies, relation));
}

/* What is written to a table may end in a partition, or in a table that inherits. */
static bool
children_call(Oid relation)
{
	List *children = find_inheritance_children(relation, NoLock);
	ListCell *cell;
	bool calls = false;

	foreach (cell, children)
		calls = calls || evc_object_calls(EVC_OBJECT_WRITE, lfirst_oid(cell));
	list_free(children);
	return calls;
}

bool
evc_relation_look(EvcObject kind, Oid relation)
{
	HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	FormData_pg_class class;

	if (!HeapTupleIsValid(row))
		return false;
	memcpy(&class, GETSTRUCT(row), CLASS_TUPLE_SIZE);
	ReleaseSysCache(row);
	if (kind == EVC_OBJECT_REWRITTEN)
		return class.relhasrules || class.relrowsecurity;
	if ((class.relhasrules && rules_call(relation, kind)) ||
		(class.relrowsecurity && policies_call(relation, kind)))
		return true;
	if (kind == EVC_OBJECT_READ)
		return false;
	return (class.relhastriggers && part_calls(&triggers, relation)) ||
		   (class.relchecks > 0 && part_calls(&checks, relation)) ||
		   part_calls(&defaults, relation) ||
		   (class.relhassubclass && children_call(relation));
}

/* One domain may be over another. */
bool
evc_domain_look(Oid type)
{
	HeapTuple row = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid base;

	if (!HeapTupleIsValid(row))
		return false;
	base = ((Form_pg_type) GETSTRUCT(row))->typbasetype;
	ReleaseSysCache(row);
	return part_calls(&domain_checks, type) || evc_object_calls(EVC_OBJECT_DOMAIN, base);
}

/*
 * The syscache is not asked: a body has many words, and it would keep each, in a
 * list that PostgreSQL goes through from its start until 16.
 */
bool
evc_relation_name_calls(const char *name, bool may_write)
{
	Relation catalog = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple row;
	bool calls = false;

	ScanKeyInit(&key, Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	scan = systable_beginscan(catalog, ClassNameNspIndexId, true, NULL, 1, &key);
	while (!calls && HeapTupleIsValid(row = systable_getnext(scan)))
	{
		Oid relation = ((Form_pg_class) GETSTRUCT(row))->oid;

		calls = evc_object_calls(EVC_OBJECT_READ, relation) ||
				(may_write && evc_object_calls(EVC_OBJECT_WRITE, relation));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return calls;
}
