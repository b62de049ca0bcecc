-- EXPLAIN and PREPARE make no request and show no plaintext; execution makes them.

CREATE TABLE accounts (id int PRIMARY KEY, name text, secret encrypted);
INSERT INTO accounts SELECT i, 'name ' || i, CASE WHEN i < 4 THEN encrypt('name ' || i) END
FROM generate_series(1, 1000) AS i;
CREATE INDEX ON accounts (name);
ANALYZE accounts;
CREATE TABLE parted (key text, v int) PARTITION BY LIST (key);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN ('name 1');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN ('name 2');
CREATE TABLE parted_3 PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES ('name 1', 1), ('name 2', 2), ('name 3', 3);
SELECT secret AS c, encrypt(2) AS n, encrypt(0.5) AS f FROM accounts WHERE id = 2 \gset
CREATE VIEW by_view AS SELECT * FROM accounts WHERE name = decrypt(:'c');

-- For each statement: requests to plan it, and to run it; is there an InitPlan; is plaintext shown?
CREATE TABLE statements (id serial, statement text);
CREATE FUNCTION say(template text) RETURNS void LANGUAGE sql AS
'INSERT INTO statements (statement) VALUES (template)';
SELECT say('SELECT decrypt(secret) FROM accounts WHERE id < 4');
SELECT say('SELECT decrypt({c})');
SELECT say('SELECT id, decrypt({c}) FROM accounts WHERE id < 4');
SELECT say('SELECT id FROM accounts WHERE name = decrypt({c})');
SELECT say('SELECT id FROM accounts WHERE name = upper(decrypt({c}))');
SELECT say('SELECT id FROM accounts WHERE name = decrypt_as({c}, NULL::text)');
SELECT say('SELECT id FROM accounts WHERE name = try_decrypt({c})');
SELECT say('SELECT id FROM accounts WHERE name = decrypt(value => {c})');
SELECT say('SELECT id FROM accounts WHERE name LIKE decrypt({c})');
SELECT say('SELECT id FROM accounts WHERE name = ANY (ARRAY[decrypt({c}), ''x''])');
SELECT say('SELECT id FROM accounts WHERE name IN (decrypt({c}), ''x'')');
SELECT say('SELECT id FROM accounts WHERE id < decrypt_as({n}, 0)');
SELECT say('SELECT id FROM accounts WHERE name = decrypt(coalesce(NULL, {c}))');
SELECT say('SELECT id FROM accounts WHERE name = decrypt((CASE 1 WHEN 1 THEN {c} END)::encrypted)');
SELECT say('SELECT id FROM accounts WHERE name = decrypt((ARRAY[{c}])[1])');
SELECT say('SELECT id FROM accounts WHERE decrypt({c}) = ''typed'' AND id = 1');
SELECT say('SELECT id FROM accounts ORDER BY id LIMIT decrypt_as({n}, 0)');
SELECT say('SELECT id FROM accounts ORDER BY id OFFSET decrypt({n})::int LIMIT 1');
SELECT say('SELECT id FROM accounts ORDER BY id FETCH FIRST (decrypt({n})::int) ROWS WITH TIES');
SELECT say('SELECT * FROM generate_series(1, decrypt_as({n}, 0))');
SELECT say('SELECT * FROM decrypt({c})');
SELECT say('SELECT a.id FROM accounts a JOIN decrypt({c}) AS d ON a.name = d');
SELECT say('SELECT id FROM accounts TABLESAMPLE system (decrypt_as({n}, 0)) REPEATABLE (1)');
SELECT say('SELECT * FROM parted WHERE key = decrypt({c})');
SELECT say('SELECT * FROM parted WHERE key IN (decrypt({c}), ''typed'')');
SELECT say('SELECT a.id FROM accounts a JOIN accounts b ON a.id = b.id AND b.name = decrypt({c})');
SELECT say('SELECT b.name FROM accounts a LEFT JOIN accounts b ON a.id = b.id AND b.name = decrypt({c}) WHERE a.id < 3');
SELECT say('SELECT id FROM accounts WHERE id IN (SELECT id FROM accounts WHERE name = decrypt({c}))');
SELECT say('SELECT id FROM accounts WHERE name IN (SELECT decrypt({c}))');
SELECT say('SELECT id FROM accounts WHERE name = (SELECT decrypt({c}))');
SELECT say('SELECT id FROM accounts a WHERE EXISTS (SELECT FROM accounts b WHERE b.id = a.id AND b.name = decrypt({c}))');
SELECT say('SELECT s.id FROM (SELECT id FROM accounts WHERE name = decrypt({c}) OFFSET 0) AS s');
SELECT say('SELECT a.id FROM accounts a, (SELECT decrypt({c}) AS d) AS s WHERE a.name = s.d');
SELECT say('WITH w AS (SELECT id FROM accounts WHERE name = decrypt({c})) SELECT * FROM w');
SELECT say('WITH w AS MATERIALIZED (SELECT decrypt({c}) AS d) SELECT id FROM accounts, w WHERE name = d');
SELECT say('WITH RECURSIVE w(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM w WHERE i < decrypt_as({n}, 0)) SELECT * FROM w');
SELECT say('SELECT id FROM accounts WHERE name = decrypt({c}) UNION ALL SELECT 0 WHERE decrypt({c}) = ''typed''');
SELECT say('SELECT * FROM (VALUES (decrypt({c})), (''typed'')) AS v(d) JOIN accounts ON name = d');
SELECT say('SELECT * FROM by_view');
SELECT say('SELECT count(*) FROM accounts GROUP BY id % decrypt_as({n}, 0) HAVING count(*) > decrypt_as({n}, 0)');
SELECT say('SELECT decrypt({c}), count(*) FROM accounts GROUP BY decrypt({c})');
SELECT say('SELECT DISTINCT decrypt({c}) FROM accounts');
SELECT say('SELECT DISTINCT ON (decrypt({c})) id FROM accounts ORDER BY decrypt({c}), id');
SELECT say('SELECT count(*) FILTER (WHERE name = decrypt({c})) FROM accounts');
SELECT say('SELECT string_agg(decrypt({c}), '','' ORDER BY decrypt({c})) FROM accounts WHERE id < 3');
SELECT say('SELECT percentile_cont(decrypt_as({f}, 0::float8)) WITHIN GROUP (ORDER BY id) FROM accounts');
SELECT say('SELECT sum(id) OVER (ORDER BY id ROWS decrypt_as({n}, 0) PRECEDING) FROM accounts WHERE id < 4');
SELECT say('SELECT * FROM (SELECT row_number() OVER (ORDER BY id) AS r FROM accounts) AS s WHERE r <= decrypt_as({n}, 0)');
SELECT say('SELECT id FROM accounts WHERE name = decrypt({c}) FOR UPDATE');
SELECT say('INSERT INTO statements (statement) SELECT decrypt({c}) WHERE false');
SELECT say('INSERT INTO accounts VALUES (2, decrypt({c})) ON CONFLICT (id) DO UPDATE SET name = decrypt({c}) WHERE accounts.name = decrypt({c})');
SELECT say('UPDATE accounts SET name = decrypt({c}) WHERE name = decrypt({c}) RETURNING decrypt({c})');
SELECT say('DELETE FROM accounts WHERE name = decrypt({c}) AND id = 0');
SELECT say('MERGE INTO accounts a USING accounts b ON a.id = b.id AND b.name = decrypt({c}) '
	'WHEN MATCHED AND a.name = decrypt({c}) THEN UPDATE SET name = decrypt({c}) WHEN NOT MATCHED AND decrypt({c}) = ''x'' THEN DO NOTHING');
-- Not the same for every row, or not STABLE: these stay where they are.
SELECT say('SELECT id FROM accounts WHERE name = decrypt(secret) AND id < 4');
SELECT say('SELECT id FROM accounts WHERE name = decrypt(encrypt(''typed'')) AND id < 4');
SELECT say('SELECT a.id, d FROM accounts a, LATERAL (SELECT decrypt(a.secret)) AS s(d) WHERE a.id < 4');

CREATE FUNCTION filled(template text, c text, n text, f text) RETURNS text LANGUAGE sql AS $$
SELECT replace(replace(replace(template, '{c}', quote_literal(c) || '::encrypted'),
	'{n}', quote_literal(n) || '::encrypted'), '{f}', quote_literal(f) || '::encrypted')
$$;
SELECT statement, requests_of('EXPLAIN (VERBOSE) ' || sql) AS planned, requests_of(sql) AS run,
	plan_has(sql, 'InitPlan') AS init, plan_has(sql, 'name 2') AS shown
FROM statements, LATERAL filled(statement, :'c', :'n', :'f') AS sql
ORDER BY id;

-- They still use indexes and prune partitions.
SELECT statement, plan_has(sql, 'Index (Only )?Scan|Bitmap Index') AS index_scan
FROM statements, LATERAL filled(statement, :'c', :'n', :'f') AS sql
WHERE statement LIKE 'SELECT id FROM accounts WHERE name = %' AND statement !~ 'secret|encrypt\('
ORDER BY id;
CREATE FUNCTION never_executed(sql text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	line text;
	n int := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || sql LOOP
		n := n + (line ~ 'never executed')::int;
	END LOOP;
	RETURN n;
END
$$;
SELECT never_executed(filled('SELECT * FROM parted WHERE key = decrypt({c})', :'c', '', ''));

-- And give the right results.
SELECT id FROM accounts WHERE name = decrypt(:'c'::encrypted);
SELECT * FROM parted WHERE key = decrypt(:'c'::encrypted);
SELECT id FROM accounts ORDER BY id LIMIT decrypt_as(:'n'::encrypted, 0);
-- Grouping sets: as with any other STABLE function, which differs between versions.
SET regress.plain = 'name 2';
WITH ours AS (SELECT upper(decrypt(:'c'::encrypted)) AS u, decrypt(:'c'::encrypted) AS d, count(*) FROM accounts
	WHERE id < 4 GROUP BY GROUPING SETS ((decrypt(:'c'::encrypted)), ())),
core AS (SELECT upper(current_setting('regress.plain')) AS u, current_setting('regress.plain') AS d, count(*) FROM accounts
	WHERE id < 4 GROUP BY GROUPING SETS ((current_setting('regress.plain')), ()))
SELECT (SELECT count(*) FROM ours) AS rows, (SELECT count(*) FROM (TABLE ours EXCEPT ALL TABLE core) AS d) AS differ;
SELECT id % decrypt_as(:'n'::encrypted, 0) AS k, decrypt(:'c'::encrypted), count(*) FROM accounts
GROUP BY ROLLUP (1, 2) HAVING count(*) <> decrypt_as(:'n'::encrypted, 0) ORDER BY 1, 2;

SELECT requests_of(filled('EXPLAIN SELECT decrypt({c}), count(*) FROM accounts GROUP BY ROLLUP (decrypt({c})) HAVING count(*) > decrypt_as({n}, 0)',
	:'c', :'n', ''));

-- Elsewhere in such a statement a grouped expression is hoisted like any other.
SELECT requests_of(filled('EXPLAIN SELECT decrypt({c}), count(*) FROM accounts WHERE name = decrypt({c}) '
	'GROUP BY ROLLUP (decrypt({c}))', :'c', '', ''));
SELECT requests_of(filled('EXPLAIN SELECT decrypt_as({n}, 0), count(*) FROM accounts '
	'GROUP BY ROLLUP (decrypt_as({n}, 0)) LIMIT decrypt_as({n}, 0)', '', :'n', ''));
SELECT requests_of(filled('EXPLAIN SELECT decrypt_as({n}, 0), count(*) FROM generate_series(1, decrypt_as({n}, 0)) '
	'GROUP BY ROLLUP (decrypt_as({n}, 0))', '', :'n', ''));
SELECT decrypt_as(:'n'::encrypted, 0), count(*) FROM accounts WHERE id < decrypt_as(:'n'::encrypted, 0)
GROUP BY ROLLUP (decrypt_as(:'n'::encrypted, 0)) ORDER BY 1 LIMIT decrypt_as(:'n'::encrypted, 0);

-- Prepared statements: nothing at PREPARE, nothing at EXPLAIN EXECUTE.
SELECT requests_made() AS before \gset
PREPARE by_name(encrypted) AS SELECT id FROM accounts WHERE name = decrypt($1);
PREPARE with_constant AS SELECT id FROM accounts WHERE name = decrypt('x'::text::encrypted);
PREPARE many(encrypted, encrypted) AS SELECT decrypt($1) || decrypt($2), id FROM accounts WHERE id = 1;
SELECT requests_made() - :before AS made;
EXPLAIN (COSTS OFF, SUMMARY OFF, FORMAT json) EXECUTE by_name(:'c') \g /dev/null
SELECT requests_made() - :before AS made;
EXECUTE by_name(:'c');
SELECT requests_made() - :before AS made;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (FORMAT json) EXECUTE by_name(:'c') \g /dev/null
SELECT requests_made() - :before AS made;
EXECUTE by_name(:'c');
EXECUTE many(:'c', :'n');
SELECT requests_made() - :before AS made;
RESET plan_cache_mode;
EXECUTE with_constant;
DEALLOCATE ALL;

-- A branch that is not taken makes no request.
SELECT requests_of(filled('SELECT CASE WHEN id > 0 THEN ''-'' ELSE decrypt({c}) END FROM accounts', :'c', '', ''));
SELECT requests_of(filled('SELECT coalesce(name, decrypt({c})) FROM accounts', :'c', '', ''));
SELECT requests_of(filled('SELECT decrypt({c}) FROM accounts WHERE false', :'c', '', ''));

-- Nor one that fails, in a parallel plan: its Gather runs InitPlans at once.  A call that is not
-- in a branch does not stop a plan from being parallel.
CREATE TABLE many_rows AS SELECT i AS id, 'name ' || i AS name FROM generate_series(1, 50000) AS i;
ANALYZE many_rows;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE guarded (id serial, template text);
INSERT INTO guarded (template) VALUES
('true'),
('name = decrypt({c})'),
('name = decrypt({c}) AND id > 0'),
('id > 0 AND (name LIKE ''%2'' AND name = decrypt({c}))'),
('CASE WHEN name = decrypt({c}) THEN true END'),
('CASE decrypt({c}) WHEN name THEN true END'),
('coalesce(name = decrypt({c}), true)'),
('name = decrypt({c}) OR id < 0'),
('CASE WHEN id < 0 THEN name = decrypt({bad}) ELSE true END'),
('CASE WHEN id > 0 THEN true ELSE name = decrypt({bad}) END'),
('CASE WHEN id > 0 THEN true WHEN name = decrypt({bad}) THEN true END'),
('CASE name WHEN name THEN true WHEN decrypt({bad}) THEN false END'),
('coalesce(name, decrypt({bad})) = name'),
('id > 0 OR name = decrypt({bad})'),
('NOT (id < 0 AND name = decrypt({bad}))'),
('(id, name) > (0, decrypt({bad}))'),
('id IN (SELECT id FROM many_rows WHERE id > 0 OR name = decrypt({bad}))');
CREATE FUNCTION parallel_and_count(condition text, OUT parallel boolean, OUT count bigint) LANGUAGE plpgsql AS $$
BEGIN
	parallel := plan_has('SELECT count(*) FROM many_rows WHERE ' || condition, 'Gather');
	EXECUTE 'SELECT count(*) FROM many_rows WHERE ' || condition INTO count;
END
$$;
SELECT ciphertext AS bad FROM vectors WHERE name = 'QkTC' \gset
SELECT template, r.* FROM guarded, LATERAL replace(template, '{bad}', quote_literal(:'bad') || '::encrypted') AS t(t),
	LATERAL parallel_and_count(filled(t, :'c', '', '')) AS r
ORDER BY guarded.id;
SELECT count(decrypt(:'bad'::encrypted)) FILTER (WHERE id < 0) FROM many_rows;
SELECT count(*) FROM many_rows HAVING count(*) > 0 OR max(name) = decrypt(:'bad'::encrypted);
SELECT plan_has(filled('SELECT count(*) FROM many_rows HAVING count(*) > 0 AND max(name) <> decrypt({c})', :'c', '', ''), 'Gather') AS having,
	plan_has(filled('SELECT count(*) FROM many_rows a JOIN many_rows b ON a.id = b.id AND b.name = decrypt({c})', :'c', '', ''), 'Gather') AS "on";
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE many_rows, guarded;
DROP FUNCTION parallel_and_count(text);

-- PL/pgSQL's simple expressions stay simple, in loops and with other plans around.
DO $$
DECLARE
	c encrypted := encrypt('name 3');
	n encrypted := encrypt(3);
	d text;
	i int;
BEGIN
	FOR k IN 1..8 LOOP
		d := decrypt(c);
		i := decrypt_as(n, 0) + k;
		SELECT id INTO STRICT i FROM accounts WHERE name = decrypt(c) AND id = decrypt_as(n, i);
	END LOOP;
	RAISE NOTICE '% %', d, i;
END
$$;

-- Only our functions are meant: not one of the same name, nor one that is VOLATILE now.
CREATE SCHEMA other;
CREATE FUNCTION other.decrypt(value encrypted) RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RETURN 'other'; END$$;
SELECT plan_has(filled('SELECT id FROM accounts WHERE name = other.decrypt({c})', :'c', '', ''), 'InitPlan') AS hoisted;
BEGIN;
SELECT plan_has(filled('SELECT id FROM accounts WHERE name = decrypt({c})', :'c', '', ''), 'InitPlan') AS hoisted;
ALTER FUNCTION decrypt(encrypted) VOLATILE;
SELECT plan_has(filled('SELECT id FROM accounts WHERE name = decrypt({c})', :'c', '', ''), 'InitPlan') AS hoisted;
ROLLBACK;
SELECT plan_has(filled('SELECT id FROM accounts WHERE name = decrypt({c})', :'c', '', ''), 'InitPlan') AS hoisted;

-- What a function of one's own does inside is PostgreSQL's to run, also while it plans.  What an
-- SQL function inlines is seen too late.
CREATE FUNCTION wrapped(e encrypted) RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RETURN decrypt(e); END$$;
SELECT requests_of(filled('EXPLAIN SELECT id FROM accounts WHERE name = wrapped({c})', :'c', '', '')) > 0 AS planned;
CREATE FUNCTION inlined(e encrypted) RETURNS text LANGUAGE sql STABLE AS 'SELECT decrypt(e)';
SELECT requests_of(filled('EXPLAIN SELECT id FROM accounts WHERE name = inlined({c})', :'c', '', '')) > 0 AS planned;

DROP FUNCTION wrapped(encrypted), inlined(encrypted);
DROP SCHEMA other CASCADE;
DROP VIEW by_view;
DROP TABLE accounts, parted, statements;
DROP FUNCTION say(text), never_executed(text), filled(text, text, text, text);
