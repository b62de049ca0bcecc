/*
 * client/stat.c
 *	  What this backend has asked of E3, per operation and curve.
 */
#include "postgres.h"

#include "client/stat.h"

static EvcStat stats[EVC_STAT_OPERATIONS][EVC_STAT_CURVES];

static const struct
{
	EvwVerb verb;
	const char *name;
} operations[EVC_STAT_OPERATIONS] = {
	{EVW_VERB_ENCRYPT, "encrypt"},
	{EVW_VERB_DECRYPT, "decrypt"},
};

EvcStat *
evc_stat_for(EvwVerb verb, EvwCurve curve)
{
	for (int i = 0; i < EVC_STAT_OPERATIONS; i++)
		if (operations[i].verb == verb)
			return &stats[i][curve];
	elog(ERROR, "operation %d has no counters", (int) verb);
}

EvwVerb
evc_stat_verb(int operation)
{
	return operations[operation].verb;
}

const char *
evc_stat_operation_name(int operation)
{
	return operations[operation].name;
}
