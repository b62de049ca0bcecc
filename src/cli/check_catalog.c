/*
 * cli/check_catalog.c
 *	  What is in the catalogs: functions that could be taken for ours, who may execute
 *	  ours, and objects that store what they decrypt.
 */
#include "cli/doctor.h"

/* The extension's functions; those that neither take nor give a plaintext apart. */
#define OURS                                                                             \
	"ours AS (SELECT p.oid, p.proname, p.pronargs, p.proacl, p.proowner,"                \
	" p.proname IN ('encrypted_in', 'encrypted_out', 'encrypted_recv', "                 \
	"'encrypted_send',"                                                                  \
	" 'encrypted_info') AS harmless"                                                     \
	" FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass"   \
	" AND d.refobjid = e.oid JOIN pg_proc p ON d.classid = 'pg_proc'::regclass"          \
	" AND d.objid = p.oid WHERE e.extname = 'evcrypt' AND d.deptype = 'e')"

/* Schemas that some search path lists: this session's ($1), a role's, a database's. */
#define PATHS                                                                            \
	"paths AS (SELECT btrim(s, ' \"') AS schema FROM regexp_split_to_table($1, ',') s"   \
	" UNION SELECT btrim(s, ' \"') FROM pg_db_role_setting, unnest(setconfig) c,"        \
	" regexp_split_to_table(substr(c, 13), ',') s WHERE c LIKE 'search\\_path=%'"        \
	" UNION SELECT rolname FROM pg_roles)"

void
evc_check_names(EvcDoctor *doctor)
{
	PGresult *result =
		evc_examine(doctor, "names",
					"WITH " OURS ", " PATHS
					" SELECT p.oid::regprocedure, pg_get_userbyid(p.proowner),"
					" n.nspname IN (SELECT schema FROM paths)"
					" FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
					" WHERE p.oid NOT IN (SELECT oid FROM ours) AND n.nspname !~ "
					"'^pg_(toast_)?temp_'"
					" AND EXISTS (SELECT FROM ours o WHERE o.proname = p.proname AND NOT "
					"o.harmless"
					" AND (o.pronargs BETWEEN p.pronargs - p.pronargdefaults AND "
					"p.pronargs"
					" OR p.provariadic <> 0)) ORDER BY 1::text",
					1, (const char *const *) &doctor->search_path);

	if (result != NULL && PQntuples(result) == 0)
		evc_find(doctor, "names", EVC_GRADE_OK, NULL,
				 "nobody else has functions that could be taken for evcrypt's");
	for (int i = 0; i < PQntuples(result); i++)
		evc_find(doctor, "names",
				 *PQgetvalue(result, i, 2) == 't' ? EVC_GRADE_FAILURE : EVC_GRADE_WARNING,
				 "Drop it, or find out what it does with the values.",
				 "%s of %s could be given values in place of evcrypt's%s",
				 PQgetvalue(result, i, 0), PQgetvalue(result, i, 1),
				 *PQgetvalue(result, i, 2) == 't' ? ""
												  : ", if a search path had its schema");
	PQclear(result);
}

void
evc_check_schemas(EvcDoctor *doctor)
{
	PGresult *result =
		evc_examine(doctor, "schemas",
					"WITH " PATHS
					" SELECT quote_ident(nspname), CASE a.grantee WHEN 0 THEN 'anybody'"
					" ELSE pg_get_userbyid(a.grantee) END FROM pg_namespace n,"
					" aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a"
					" WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner"
					" AND (n.oid = (SELECT extnamespace FROM pg_extension WHERE extname "
					"= 'evcrypt')"
					" OR (a.grantee = 0 AND nspname IN (SELECT schema FROM paths))) "
					"ORDER BY 1, 2",
					1, (const char *const *) &doctor->search_path);

	if (result != NULL && PQntuples(result) == 0)
		evc_find(doctor, "schemas", EVC_GRADE_OK, NULL,
				 "no stranger can create functions where evcrypt's are looked for");
	for (int i = 0; i < PQntuples(result); i++)
		evc_find(doctor, "schemas", EVC_GRADE_WARNING, "REVOKE CREATE ON SCHEMA.",
				 "%s can create functions in the schema %s", PQgetvalue(result, i, 1),
				 PQgetvalue(result, i, 0));
	PQclear(result);
}

void
evc_check_privileges(EvcDoctor *doctor)
{
	PGresult *result =
		evc_examine(doctor, "privileges",
					"WITH " OURS " SELECT o.oid::regprocedure FROM ours o,"
					" aclexplode(coalesce(proacl, acldefault('f', proowner))) a"
					" WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE' AND NOT "
					"harmless ORDER BY 1::text",
					0, NULL);

	if (result != NULL && PQntuples(result) == 0)
		evc_find(doctor, "privileges", EVC_GRADE_OK, NULL,
				 "PUBLIC may execute nothing that handles plaintext");
	for (int i = 0; i < PQntuples(result); i++)
		evc_find(doctor, "privileges", EVC_GRADE_FAILURE,
				 "REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC.", "anybody may execute %s",
				 PQgetvalue(result, i, 0));
	PQclear(result);
}

void
evc_check_stored(EvcDoctor *doctor)
{
	PGresult *result =
		evc_examine(doctor, "stored",
					"WITH " OURS
					" SELECT 'the statistics object ' || s.stxname FROM pg_depend d"
					" JOIN pg_statistic_ext s ON d.classid = "
					"'pg_statistic_ext'::regclass AND d.objid = s.oid"
					" JOIN ours o ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = "
					"o.oid"
					" WHERE o.proname LIKE '%decrypt%'"
					" UNION SELECT 'the materialized view ' || r.ev_class::regclass FROM "
					"pg_depend d"
					" JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND "
					"d.objid = r.oid"
					" JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'm'"
					" JOIN ours o ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = "
					"o.oid"
					" WHERE o.proname LIKE '%decrypt%' ORDER BY 1",
					0, NULL);

	if (result != NULL && PQntuples(result) == 0)
		evc_find(doctor, "stored", EVC_GRADE_OK, NULL,
				 "no statistics object or materialized view stores decrypted values");
	for (int i = 0; i < PQntuples(result); i++)
		evc_find(doctor, "stored", EVC_GRADE_WARNING, NULL,
				 "%s stores decrypted values, in the WAL and in backups as well",
				 PQgetvalue(result, i, 0));
	PQclear(result);
}
