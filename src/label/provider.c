/*
 * label/provider.c
 *	  SECURITY LABEL FOR evcrypt ON COLUMN: what may be said there.
 *
 * Core has checked that the user owns the table, and stores the label when we are
 * content.
 */
#include "postgres.h"

#include "label/provider.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "commands/seclabel.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "label/guard.h"
#include "label/label.h"

static void
check_object(const ObjectAddress *object)
{
	if (object->classId != RelationRelationId || object->objectSubId == 0)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("only columns have security labels for evcrypt"));
	if (object->objectSubId < 0)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("system columns have no security labels for evcrypt"));
}

static void
check_relation(Relation rel)
{
	Oid root = evc_label_root(RelationGetRelid(rel));

	if (rel->rd_rel->relkind == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("columns of composite type \"%s\" have no security labels for "
					   "evcrypt",
					   RelationGetRelationName(rel)));
	if (root != RelationGetRelid(rel))
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is a partition, and has the labels of \"%s\"",
					   RelationGetRelationName(rel), get_rel_name(root)),
				errhint("Label the column of that table."));
}

/* Whoever labels acts for all who will copy. */
static void
check_right(const char *part, const char *setting)
{
	if (*part == '\0' ||
		pg_parameter_aclcheck(setting, GetUserId(), ACL_SET) == ACLCHECK_OK)
		return;
	ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			errmsg("permission denied to set \"%s\" by a security label", setting),
			errhint("A superuser may do so, or whom GRANT SET ON PARAMETER %s allows it.",
					setting));
}

static void
check_label(const ObjectAddress *object, const char *text)
{
	EvcColumnLabel label;
	Relation rel;

	check_object(object);
	if (text == NULL)
		return;
	/* Core has locked it. */
	rel = relation_open(object->objectId, NoLock);
	check_relation(rel);
	evc_label_read(rel, (AttrNumber) object->objectSubId, text, &label);
	check_right(label.parts.app, "evcrypt.app");
	check_right(label.parts.role, "evcrypt.role");
	relation_close(rel, NoLock);
}

void
evc_label_init(void)
{
	register_label_provider(EVC_LABEL_PROVIDER, check_label);
	evc_label_guard_init();
}
