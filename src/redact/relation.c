/*
 * redact/relation.c
 *	  Do the rules, triggers, defaults or checks of a relation call one of our
 *	  functions?
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tupdesc.h"
#include "rewrite/prs2lock.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "redact/match.h"

/* A view is a rule for SELECT. */
static bool
rules_call(Relation relation, EvcObject kind)
{
	RuleLock *rules = relation->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
	{
		RewriteRule *rule = rules->rules[i];

		if ((rule->event == CMD_SELECT) == (kind == EVC_OBJECT_READ) &&
			(evc_query_calls((Node *) rule->actions) || evc_query_calls(rule->qual)))
			return true;
	}
	return false;
}

static bool
triggers_call(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (evc_object_calls(EVC_OBJECT_FUNCTION, triggers->triggers[i].tgfoid))
			return true;
	return false;
}

static bool
constraints_call(Relation relation)
{
	TupleConstr *constraints = relation->rd_att->constr;

	if (constraints == NULL)
		return false;
	for (int i = 0; i < constraints->num_check; i++)
		if (evc_query_calls(stringToNode(constraints->check[i].ccbin)))
			return true;
	for (int i = 0; i < constraints->num_defval; i++)
		if (evc_query_calls(stringToNode(constraints->defval[i].adbin)))
			return true;
	return false;
}

/*
 * The lock is the least that the statement is going to take itself; if it has it
 * already, this one is counted.
 */
bool
evc_relation_look(EvcObject kind, Oid oid)
{
	Relation relation = try_relation_open(oid, AccessShareLock);
	bool calls;

	if (relation == NULL)
		return false;
	calls = rules_call(relation, kind) ||
			(kind == EVC_OBJECT_WRITE &&
			 (triggers_call(relation) || constraints_call(relation)));
	relation_close(relation, AccessShareLock);
	return calls;
}
