/*
 * cli/job_key.c
 *	  Finds the key that a table is walked by: the primary key, or the shortest unique
 *	  index whose columns are not null; of these, one without the column itself, since
 *	  places in the key are kept, and rows are named by it.
 */
#include "cli/job_steps.h"

#include <string.h>

/*
 * The operators are those of the index' own family, by which it is sorted.  Indexes
 * that are sorted by something else than ORDER BY would say of these columns (another
 * collation, partly descending) would be read as a whole for every range.
 */
static const char find_key[] =
	"WITH columns AS (SELECT i.indexrelid, indisprimary, indnkeyatts, k.n,"
	" attname, quote_ident(attname) AS name, format_type(atttypid, -1) AS type, "
	"opcfamily,"
	" opcintype, attnotnull AND k.coll = attcollation AS fits, k.direction"
	" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
	" JOIN pg_am m ON m.oid = c.relam AND amname = 'btree'"
	" CROSS JOIN LATERAL ROWS FROM (unnest(indkey::int2[]), unnest(indclass::oid[]),"
	" unnest(indcollation::oid[]), unnest(indoption::int2[]))"
	" WITH ORDINALITY AS k (attnum, class, coll, direction, n)"
	" JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
	" JOIN pg_opclass o ON o.oid = k.class"
	" WHERE i.indrelid = $1 AND indisunique AND indisvalid AND indpred IS NULL"
	" AND indexprs IS NULL AND k.n <= indnkeyatts),"
	" best AS (SELECT indexrelid FROM columns GROUP BY indexrelid, indisprimary,"
	" indnkeyatts HAVING bool_and(fits) AND (every(direction = 0) OR every(direction = "
	"3))"
	" ORDER BY bool_or(attname = $2), indisprimary DESC, indnkeyatts, indexrelid LIMIT"
	" 1),"
	" chosen AS (SELECT name, type, n, (SELECT array_agg(format('OPERATOR(%I.%s)',"
	" nspname, oprname) ORDER BY amopstrategy) FROM pg_amop"
	" JOIN pg_operator p ON p.oid = amopopr JOIN pg_namespace s ON s.oid = oprnamespace"
	" WHERE amopfamily = opcfamily AND amoplefttype = opcintype"
	" AND amoprighttype = opcintype AND amoppurpose = 's') AS o"
	" FROM columns JOIN best USING (indexrelid))"
	" SELECT name, type, o[1], o[2], o[3], o[4], o[5] FROM chosen ORDER BY n";

static void
take_column(EvcKeyColumn *column, const PGresult *result, int row)
{
	char **fields[] = {&column->name,		&column->type,	&column->less,
					   &column->less_equal, &column->equal, &column->greater_equal,
					   &column->greater};

	for (int i = 0; i < (int) (sizeof(fields) / sizeof(fields[0])); i++)
		*fields[i] = evc_copy_text(PQgetvalue(result, row, i));
}

bool
evc_job_find_key(EvcJob *job)
{
	EvcKey *key = &job->table.key;
	const char *values[] = {job->table.oid, job->cli->job.column};
	PGresult *result = evc_job_ask(job, "look for a key", find_key, 2, values);

	if (result == NULL)
		return false;
	for (int i = 0; i < PQntuples(result) && i < EVC_KEY_COLUMNS_MAX; i++)
		take_column(&key->columns[key->n++], result, i);
	PQclear(result);
	if (key->n > 0)
		return true;
	return evc_job_fail(job,
						"ALTER TABLE ... ADD PRIMARY KEY, or a unique index (btree, not "
						"partial) over columns that are NOT NULL.",
						"%s has no key to walk it by", job->table.name);
}

void
evc_job_note_key(const EvcJob *job)
{
	const EvcKey *key = &job->table.key;

	for (int i = 0; i < key->n; i++)
		if (strcmp(key->columns[i].name, job->table.source) == 0)
			evc_job_say(job, "note",
						"the table's key has %s in it: as long as the walk goes on, "
						"evcrypt_job holds one of its plaintexts, and rows that fail are "
						"named by theirs",
						job->table.source);
}
