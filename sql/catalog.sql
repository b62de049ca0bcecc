-- What the extension consists of, and who may use it.

SELECT p.oid::regprocedure AS function, format_type(prorettype, NULL) AS result, proretset AS set,
	provolatile AS vol, proparallel AS par, proisstrict AS strict, procost AS cost, prosecdef AS definer,
	l.lanname AS language, prosrc AS symbol, coalesce(proconfig::text, '') AS config,
	has_function_privilege('public', p.oid, 'EXECUTE') AS public
FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid
WHERE extname = 'evcrypt' ORDER BY p.oid::regprocedure::text COLLATE "C";

SELECT p.oid::regprocedure AS function, pg_get_function_arguments(p.oid) AS arguments,
	obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid
WHERE extname = 'evcrypt' ORDER BY p.oid::regprocedure::text COLLATE "C";

-- Everything else, with comments.
SELECT pg_describe_object(classid, objid, objsubid) COLLATE "C" AS object,
	obj_description(objid, classid::regclass::name) AS comment
FROM pg_depend d JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid
WHERE extname = 'evcrypt' AND classid <> 'pg_proc'::regclass AND deptype = 'e'
	-- Since 17 arrays and row types are members too.
	AND (classid <> 'pg_type'::regclass OR objid = 'encrypted'::regtype)
ORDER BY 1;
SELECT has_type_privilege('public', 'encrypted', 'USAGE') AS type,
	has_table_privilege('public', 'evcrypt_stat', 'SELECT') AS view,
	has_table_privilege('public', 'evcrypt_progress', 'SELECT') AS progress,
	has_table_privilege('public', 'evcrypt_job', 'SELECT') AS job;
SELECT count(*) AS operators FROM pg_operator WHERE 'encrypted'::regtype IN (oprleft, oprright);
SELECT count(*) AS operator_classes FROM pg_opclass WHERE opcintype = 'encrypted'::regtype;

-- Columns of the view and of the health function.
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'evcrypt_stat'::regclass AND attnum > 0 ORDER BY attnum;
SELECT reachable, latency_ms >= 0 AS latency, version <> '' AS version, key_versions, crypto_backend <> '' AS backend,
	attested, abs(clock_offset_ms) < 10000 AS clock, error FROM evcrypt_health();
SELECT evcrypt_stat_reset();
SELECT count(*) FROM evcrypt_stat;
SELECT decrypt(encrypt('counted'));
SELECT operation, curve, requests, "values", bytes_sent > 0 AS sent, bytes_received > 0 AS received, cancels, errors,
	retries, e3_ms > 0 AS e3, wait_ms >= 0 AS wait FROM evcrypt_stat ORDER BY operation;
SELECT operation, requests_small, requests_medium, requests_large, latency_small_ms > 0 AS small,
	latency_medium_ms, latency_large_ms FROM evcrypt_stat ORDER BY operation;
