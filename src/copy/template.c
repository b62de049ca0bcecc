/*
 * copy/template.c
 *	  A table as core's parser is to see it: the same but for types of columns.
 */
#include "postgres.h"

#include "copy/template.h"

#include "access/tupdesc.h"
#include "catalog/pg_class.h"
#include "utils/rel.h"

#include "compat_copy.h"

Relation
evc_template_new(Relation rel)
{
	Relation template = palloc(sizeof(RelationData));

	*template = *rel;
	template->rd_rel = palloc(CLASS_TUPLE_SIZE);
	memcpy(template->rd_rel, rel->rd_rel, CLASS_TUPLE_SIZE);
	template->rd_att = CreateTupleDescCopyConstr(RelationGetDescr(rel));
	return template;
}

void
evc_template_set_type(Relation template, AttrNumber number, Oid type, int32 typmod)
{
	TupleDesc desc = RelationGetDescr(template);
	Form_pg_attribute attribute = TupleDescAttr(desc, number - 1);
	char generated = attribute->attgenerated;

	TupleDescInitEntry(desc, number, NameStr(attribute->attname), type, typmod, 0);
	attribute->attgenerated = generated;
	evc_attribute_changed(desc, number);
}
