/*
 * copy/bound.c
 *	  Columns that contexts need: is what the reader sees what will be stored?
 *
 * A ciphertext that is bound to another value than that in its row never opens, so a
 * load that could make such ones is refused.
 */
#include "postgres.h"

#include "copy/check.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/rel.h"

#include "copy/options.h"

/* Will a trigger see new rows before they are stored, and may it change them? */
static bool
has_before_trigger(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	if (triggers == NULL || !triggers->trig_insert_before_row)
		return false;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_BEFORE,
								 TRIGGER_TYPE_INSERT) &&
			trigger->tgenabled != TRIGGER_DISABLED)
			return true;
	}
	return false;
}

static void
refuse_before_trigger(Relation rel, const char *column)
{
	if (has_before_trigger(rel))
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY FROM cannot bind values to column \"%s\", because \"%s\" "
					   "has a "
					   "BEFORE INSERT trigger for each row",
					   column, RelationGetRelationName(rel)),
				errdetail("The trigger might change what they have been bound to."),
				errhint("Disable the trigger, or use INSERT ... SELECT with "
						"encrypt(value, context)."));
}

/* Locked as when a row is routed to them. */
static void
refuse_before_triggers(Relation rel, const char *column)
{
	List *partitions = NIL;
	ListCell *cell;

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		partitions = find_all_inheritors(RelationGetRelid(rel), RowExclusiveLock, NULL);
	else
		refuse_before_trigger(rel, column);
	foreach (cell, partitions)
	{
		Relation partition = table_open(lfirst_oid(cell), NoLock);

		refuse_before_trigger(partition, column);
		table_close(partition, NoLock);
	}
	list_free(partitions);
}

void
evc_copy_check_bound(Relation rel, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		AttrNumber number = evc_copy_bound_to(lfirst(cell));
		Form_pg_attribute column;

		if (number == InvalidAttrNumber)
			continue;
		column = TupleDescAttr(RelationGetDescr(rel), number - 1);
		if (column->attgenerated)
			ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("COPY FROM cannot bind values to column \"%s\", which is "
						   "generated",
						   NameStr(column->attname)),
					errdetail("Its value is not known before the row is inserted."),
					errhint("Use INSERT ... SELECT with encrypt(value, context)."));
		refuse_before_triggers(rel, NameStr(column->attname));
	}
}
