# Shapes of statements that call evcrypt's functions: what they are, as data.
#
# A shape is [ name, expected, statements, option... ].  Expected is "batched":
# a few requests with evcrypt.batch on; or "scalar": as many as with it off,
# because PostgreSQL evaluates the calls where no plan node can.  Options:
#
#   set    settings of the shape's own, as in SET LOCAL
#   before statements that run first, not counted
#   check  a query afterwards, not counted: what the statements have done
#   role   runs as this role
#   limit  requests that a batched shape may make; otherwise 12
#   exact  a batched shape sends as many values as it makes calls without
#   owner  only an owner may do it, so there is no test of EXECUTE
#   since  the first version of PostgreSQL that has it
package Shapes;

use strict;
use warnings;

use Settings qw($FORCE_PARALLEL);
use Exporter qw(import);

our @EXPORT_OK = qw(@SHAPES set_up_shapes why_not run_shape requests_made);

# t, u and parted have 1,000 rows; small has 10, and 10 in an inheriting table.
my $SETUP = q{
CREATE TABLE t (id int PRIMARY KEY, grp int NOT NULL, name text NOT NULL, v encrypted, n encrypted);
INSERT INTO t SELECT i, i % 10, 'name ' || i % 100, encrypt('name ' || i % 100), encrypt(i)
	FROM generate_series(1, 1000) i;
CREATE INDEX t_grp ON t (grp) INCLUDE (v);
CREATE TABLE u (id int PRIMARY KEY, t_id int, v encrypted);
INSERT INTO u SELECT i, 1001 - i, encrypt('name ' || i) FROM generate_series(1, 1000) i;
CREATE TABLE small (id int PRIMARY KEY, name text, v encrypted);
INSERT INTO small SELECT i, 'name ' || i, encrypt('name ' || i) FROM generate_series(1, 10) i;
CREATE TABLE parted (id int, v encrypted) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (500);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (500) TO (2000);
INSERT INTO parted SELECT id, v FROM t;
CREATE TABLE child () INHERITS (small);
INSERT INTO child SELECT id + 10, name, v FROM small;
CREATE TABLE bound (id int PRIMARY KEY, grp int NOT NULL, v encrypted, c encrypted, n encrypted);
INSERT INTO bound SELECT i, i % 10, encrypt('name ' || i % 100, i::text), encrypt('name ' || i % 100, 'bound.c'),
	encrypt(i, (i % 10)::text) FROM generate_series(1, 1000) i;
CREATE TABLE docs (id int PRIMARY KEY, plain jsonb, sealed jsonb, bound jsonb);
INSERT INTO docs SELECT i, plain, encrypt_fields(plain, '{"{name}","{tags,*}"}'), encrypt_fields(plain, '{"{name}"}', i::text)
	FROM generate_series(1, 300) i, LATERAL (SELECT jsonb_build_object('name', 'name ' || i, 'tags', jsonb_build_array(i, i % 2 = 0)) AS plain OFFSET 0) d;
CREATE TABLE sink (id int PRIMARY KEY, name text, v encrypted DEFAULT encrypt('none'));
CREATE TABLE log (line text);
CREATE TABLE secured (id int, owner text, v encrypted);
INSERT INTO secured SELECT id, CASE WHEN id % 2 = 0 THEN 'reader' ELSE 'else' END, v FROM t;

CREATE VIEW plain_view AS SELECT id, decrypt(v) AS name FROM t;
CREATE VIEW barrier WITH (security_barrier) AS SELECT id, decrypt(v) AS name FROM t WHERE grp < 5;
CREATE MATERIALIZED VIEW matview AS SELECT id, decrypt(v) AS name FROM t;

CREATE FUNCTION inlined(encrypted) RETURNS text LANGUAGE sql STABLE AS 'SELECT decrypt($1)';
CREATE FUNCTION sql_lookup(int) RETURNS text LANGUAGE sql STABLE
	AS 'SELECT decrypt(v) FROM t WHERE id = $1 ORDER BY id LIMIT 1';
CREATE FUNCTION sql_rows() RETURNS SETOF text LANGUAGE sql VOLATILE AS 'SELECT decrypt(v) FROM t';
CREATE FUNCTION rows_of(int) RETURNS SETOF t LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN QUERY SELECT * FROM t WHERE id <= $1; END';
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN QUERY SELECT decrypt(v) FROM t; END';
CREATE FUNCTION simple(x encrypted) RETURNS text LANGUAGE plpgsql STABLE
	AS 'DECLARE r text; BEGIN r := decrypt(x); RETURN r; END';
CREATE FUNCTION looped() RETURNS int LANGUAGE plpgsql AS $$
DECLARE r record; total int := 0;
BEGIN
	FOR r IN SELECT decrypt_as(n, NULL::int) AS n FROM t LOOP total := total + r.n; END LOOP;
	RETURN total;
END $$;
CREATE FUNCTION bound_cursor() RETURNS int LANGUAGE plpgsql AS $$
DECLARE c NO SCROLL CURSOR FOR SELECT decrypt_as(n, NULL::int) AS n FROM t; total int := 0;
BEGIN
	FOR r IN c LOOP total := total + r.n; END LOOP;
	RETURN total;
END $$;
CREATE FUNCTION dynamic() RETURNS int LANGUAGE plpgsql AS $$
DECLARE total int;
BEGIN
	EXECUTE 'SELECT sum(decrypt_as(n, NULL::int)) FROM t WHERE id > $1' INTO total USING 100;
	RETURN total;
END $$;
CREATE FUNCTION encrypt_row() RETURNS trigger LANGUAGE plpgsql
	AS 'BEGIN NEW.v := encrypt(NEW.name); RETURN NEW; END';
CREATE FUNCTION log_rows() RETURNS trigger LANGUAGE plpgsql
	AS 'BEGIN INSERT INTO log SELECT decrypt(v) FROM new_rows; RETURN NULL; END';

CREATE ROLE reader;
CREATE ROLE stranger;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON secured USING (owner = current_user AND decrypt(v) < 'name 5');
GRANT ALL ON ALL TABLES IN SCHEMA public TO reader, stranger;
GRANT CREATE ON SCHEMA public TO reader, stranger;
GRANT pg_execute_server_program TO stranger;
GRANT EXECUTE ON FUNCTION encrypt(text), encrypt(anyelement), decrypt(encrypted),
	decrypt_as(encrypted, anyelement), try_decrypt(encrypted), encrypt(text, text), decrypt(encrypted, text),
	decrypt_as(encrypted, anyelement, text), try_decrypt(encrypted, text),
	encrypt_fields(jsonb, text[]), decrypt_fields(jsonb), decrypt_fields(jsonb, text[], text) TO reader;
};

# A foreign table over this server itself; after $SETUP.
my $FOREIGN = q{
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN EXECUTE format('CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host %L, port %L, dbname %L)', split_part(current_setting('unix_socket_directories'), ',', 1),
	current_setting('port'), current_database()); END $$;
CREATE USER MAPPING FOR PUBLIC SERVER loopback
	OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE remote (id int, name text, v encrypted) SERVER loopback
	OPTIONS (table_name 'small');
GRANT ALL ON remote TO reader, stranger;
};

my $NO_SEQ = 'enable_seqscan = off';
my $PARALLEL = 'parallel_setup_cost = 0; parallel_tuple_cost = 0; min_parallel_table_scan_size = 0;'
  . 'max_parallel_workers_per_gather = 2; parallel_leader_participation = off';
my $NESTED = 'enable_hashjoin = off; enable_mergejoin = off';
my $HASHED = 'enable_nestloop = off; enable_mergejoin = off';
my $MERGED = 'enable_nestloop = off; enable_hashjoin = off';
my $SORTED = 'enable_hashagg = off';
my $JIT = 'jit_above_cost = 0; jit_inline_above_cost = 0; jit_optimize_above_cost = 0';
my $SINK = 'SELECT id, name, decrypt(v) FROM sink ORDER BY id';
my $FILL = 'INSERT INTO sink SELECT id, name, v FROM small';
my $VIRTUAL = q{CREATE TABLE g (id int, name text, up text GENERATED ALWAYS AS (coalesce(upper(name), 'NONE')) VIRTUAL, v encrypted);
	INSERT INTO g (id, name, v) SELECT id, name, v FROM t WHERE id > 5; GRANT ALL ON g TO stranger};

our @SHAPES = (
	# Contexts
	[ 'context of the row', batched => 'SELECT id, decrypt(v, id::text) FROM bound', exact => 1 ],
	[ 'one context', batched => q{SELECT id, decrypt(c, 'bound.c') FROM bound}, exact => 1 ],
	[ 'one context, as a parameter', batched =>
		q{PREPARE p (text) AS SELECT id, decrypt(c, $1) FROM bound; EXECUTE p('bound.c'); DEALLOCATE p} ],
	[ 'with a context and without', batched =>
		q{SELECT t.id, decrypt(t.v), decrypt(b.c, 'bound.c'), decrypt(b.v, b.id::text) FROM t JOIN bound b ON b.id = t.id} ],
	[ 'decrypt_as with a context', batched => 'SELECT grp, sum(decrypt_as(n, NULL::int, grp::text)) FROM bound GROUP BY grp' ],
	[ 'try_decrypt, contexts that fit and others', batched =>
		'SELECT id, try_decrypt(v, (id / 2 * 2)::text), try_decrypt(v, NULLIF(id, id)::text || 0) IS NULL FROM bound WHERE id < 0
		UNION ALL SELECT id, try_decrypt(v, (id / 2 * 2)::text), true FROM bound' ],
	[ 'filter with a context', batched => q{SELECT id FROM bound WHERE decrypt(v, id::text) = 'name 7'} ],
	[ 'guarded, one context or the other', batched =>
		q{SELECT id, CASE WHEN grp < 5 THEN decrypt(v, id::text) ELSE decrypt(c, 'bound.c') END FROM bound} ],
	[ 'join without a row, without a context', batched =>
		'SELECT t.id, decrypt(b.v, b.id::text) FROM t LEFT JOIN bound b ON b.id = t.id + 500' ],
	[ 'join key with a context', batched =>
		q{SELECT t.id, b.id FROM t JOIN bound b ON decrypt(t.v) || '!' = decrypt(b.v, b.id::text) || '!' WHERE t.id < 50 AND b.grp = 3}, set => $HASHED ],
	[ 'one ciphertext under several contexts', batched =>
		'SELECT k, id, try_decrypt(v, k::text) FROM bound, generate_series(1, 9) k WHERE id < 10' ],
	[ 'aggregate with a context', batched => 'SELECT grp, string_agg(decrypt(v, id::text), \',\' ORDER BY id) FROM bound GROUP BY grp' ],
	[ 'ORDER BY with a context', batched => 'SELECT id FROM bound ORDER BY decrypt(v, id::text), id LIMIT 20' ],
	[ 'context out of another call', batched =>
		q{SELECT t.id, decrypt(encrypt('x', decrypt(t.v)), decrypt(t.v)) FROM t WHERE id <= 300}, limit => 16 ],
	[ 'INSERT ... SELECT with contexts', batched => 'INSERT INTO sink SELECT id, name, encrypt(name, id::text) FROM small',
		check => 'SELECT id, name, decrypt(v, id::text) FROM sink ORDER BY id', exact => 1 ],
	[ 'VALUES with contexts', batched =>
		q{INSERT INTO sink VALUES (1, 'a', encrypt('a', 'x')), (2, 'b', encrypt('b', 'y')), (3, 'c', NULL), (4, 'd', encrypt('d', 'x'))},
		check => q{SELECT id, name, decrypt(v, CASE id WHEN 2 THEN 'y' ELSE 'x' END) FROM sink ORDER BY id}, exact => 1 ],
	[ 'VALUES, one context', batched =>
		q{INSERT INTO sink VALUES (1, 'a', encrypt('a', 'x')), (2, 'b', encrypt('b', 'x')), (3, 'c', encrypt('c', 'x'))},
		check => q{SELECT id, name, decrypt(v, 'x') FROM sink ORDER BY id}, exact => 1 ],
	[ 'UPDATE to another context', batched => q{UPDATE bound SET c = encrypt(decrypt(c, 'bound.c'), id::text) WHERE grp < 3},
		check => 'SELECT id, decrypt(c, id::text) FROM bound WHERE grp < 3 ORDER BY id' ],

	# Scans
	[ 'seq scan, target list', batched => 'SELECT id, decrypt(v) FROM t' ],
	[ 'seq scan, filter', batched => q{SELECT id FROM t WHERE decrypt(v) = 'name 7'} ],
	[ 'seq scan, filter and target list', batched =>
		q{SELECT id, decrypt_as(n, NULL::int) FROM t WHERE decrypt(v) LIKE 'name 7%'} ],
	[ 'two filters', batched =>
		q{SELECT id FROM t WHERE decrypt(v) LIKE 'name 7%' AND decrypt_as(n, NULL::int) > 500} ],
	[ 'whole row and system column', batched =>
		'SELECT t.ctid, (t).id, decrypt((t).v), decrypt(v), tableoid::regclass FROM t' ],
	[ 'index scan', batched => 'SELECT decrypt(n) FROM t WHERE id BETWEEN 1 AND 500 ORDER BY id',
		set => "$NO_SEQ; enable_bitmapscan = off" ],
	[ 'index only scan', batched => 'SELECT grp, decrypt(v) FROM t WHERE grp < 5',
		set => "$NO_SEQ; enable_bitmapscan = off" ],
	[ 'bitmap scan', batched => 'SELECT id, decrypt(v) FROM t WHERE grp = 3 OR id < 50',
		set => "$NO_SEQ; enable_indexscan = off" ],
	[ 'tid scan', batched => q{SELECT decrypt(v) FROM t WHERE ctid IN ('(0,1)', '(0,2)', '(0,3)')} ],
	[ 'tid range scan', batched => q{SELECT decrypt(v) FROM t WHERE ctid < '(5,1)'} ],
	[ 'table sample', batched => 'SELECT decrypt(v) FROM t TABLESAMPLE bernoulli (50) REPEATABLE (1)' ],
	[ 'function scan', batched => 'SELECT decrypt(v) FROM rows_of(400)' ],
	[ 'ROWS FROM', batched => 'SELECT decrypt(v), k FROM ROWS FROM (rows_of(50), generate_series(1, 50))
		AS x (id, grp, name, v, n, k)' ],
	[ 'table function scan', batched =>
		q{SELECT decrypt(encrypt(x)) FROM xmltable('/a/b' PASSING '<a><b>1</b><b>2</b><b>3</b></a>'
			COLUMNS x text PATH '.')} ],
	[ 'VALUES in FROM', batched => q{SELECT decrypt(encrypt(x)) FROM (VALUES ('a'), ('b'), ('c')) AS w (x)} ],
	[ 'subquery scan', batched => q{SELECT decrypt(v) || '!' FROM (SELECT v FROM t OFFSET 0) q} ],
	[ 'call inside a subquery', batched => q{SELECT d || '!' FROM (SELECT decrypt(v) AS d FROM t OFFSET 0) q} ],
	[ 'CTE', batched => 'WITH w AS (SELECT id, decrypt(v) AS d FROM t) SELECT * FROM w WHERE id < 900' ],
	[ 'CTE, materialized', batched =>
		'WITH w AS MATERIALIZED (SELECT id, decrypt(v) AS d FROM t) SELECT a.d, b.id FROM w a JOIN w b USING (id)' ],
	[ 'CTE scan', batched => 'WITH w AS MATERIALIZED (SELECT id, v FROM t) SELECT decrypt(v) FROM w' ],
	[ 'CTE, recursive', batched => q{WITH RECURSIVE w (id, d) AS (
		SELECT id, decrypt(v) FROM t WHERE id <= 100
		UNION ALL SELECT w.id + 100, decrypt(encrypt(d || '.')) FROM w WHERE w.id < 300) SELECT * FROM w}, limit => 24 ],
	[ 'CTE that inserts, RETURNING outside', batched =>
		'WITH w AS (INSERT INTO sink SELECT id, name, v FROM t RETURNING v) SELECT decrypt(v) FROM w' ],
	[ 'temporary table', batched => 'SELECT decrypt(v) FROM tmp',
		before => 'CREATE TEMP TABLE tmp ON COMMIT DROP AS SELECT * FROM t; GRANT SELECT ON tmp TO stranger' ],
	[ 'inheritance', batched => 'SELECT id, decrypt(v) FROM small' ],
	[ 'foreign table', scalar => 'SELECT id, decrypt(v) FROM remote' ],
	[ 'foreign table joined', batched => 'SELECT t.id, decrypt(t.v) FROM remote r JOIN t USING (id)' ],

	# Joins
	[ 'nested loop', batched => 'SELECT t.id, decrypt(u.v) FROM t JOIN u ON u.t_id = t.id WHERE t.grp = 2', set => $NESTED ],
	[ 'nested loop, calls on both sides', batched =>
		'SELECT decrypt(s.v), decrypt(t.v) FROM small s JOIN t ON t.grp = s.id', set => $NESTED ],
	[ 'nested loop, filtered inner side', batched =>
		q{SELECT s.id, q.id FROM small s, LATERAL (SELECT id FROM t WHERE grp = s.id AND decrypt(v) LIKE '%1' OFFSET 0) q},
		set => $NESTED, limit => 40 ],
	[ 'memoize, one row a rescan', scalar => 'SELECT t.id, q.d FROM t JOIN LATERAL
		(SELECT decrypt(v) AS d FROM small s WHERE s.id = t.grp OFFSET 0) q ON true WHERE t.id < 300', set => $NESTED ],
	[ 'hash join', batched => 'SELECT t.id, decrypt(t.v), decrypt(u.v) FROM t JOIN u ON u.t_id = t.id', set => $HASHED ],
	[ 'merge join', batched => 'SELECT t.id, decrypt(t.v), decrypt(u.v) FROM t JOIN u ON u.id = t.id', set => $MERGED ],
	[ 'left join', batched => 'SELECT t.id, decrypt(u.v) FROM t LEFT JOIN u ON u.t_id = t.id AND u.id < 500' ],
	[ 'full join', batched => 'SELECT t.id, decrypt(t.v), decrypt(s.v) FROM t FULL JOIN small s ON s.id + 995 = t.id' ],
	[ 'cross join', batched => 'SELECT s.id, decrypt(t.v) FROM t CROSS JOIN small s WHERE t.grp = 1 AND s.id < 3' ],
	[ 'semi join', batched => q{SELECT id FROM t WHERE id IN (SELECT t_id FROM u WHERE decrypt(v) LIKE '%5')} ],
	[ 'anti join', batched => q{SELECT id FROM t WHERE NOT EXISTS (SELECT FROM u WHERE u.t_id = t.id AND decrypt(u.v) LIKE '%5')} ],
	[ 'join by a call, hashed', batched => 'SELECT t.id, s.id FROM t JOIN small s ON s.name = decrypt(t.v)', set => $HASHED ],
	[ 'join by a call, merged', batched => 'SELECT t.id, s.id FROM t JOIN small s ON s.name = decrypt(t.v)', set => $MERGED ],
	[ 'join by calls on both sides', batched => 'SELECT t.id, s.id FROM t JOIN small s ON decrypt(s.v) = decrypt(t.v)', set => $HASHED ],
	[ 'left join by calls, hashed', batched => q{SELECT t.id, s.id, decrypt(s.v) FROM t LEFT JOIN small s
		ON lower(decrypt(s.v)) = lower(decrypt(t.v)) AND s.id > t.grp}, set => $HASHED ],
	[ 'join by nested calls, hashed', batched =>
		'SELECT t.id, s.id FROM t JOIN small s ON decrypt(s.v) = decrypt(CASE WHEN t.grp > 1 THEN t.v END)', set => $HASHED ],
	[ 'join condition over both sides', scalar =>
		q{SELECT s.id, z.id FROM small s JOIN small z ON decrypt(s.v) || 'x' > decrypt(z.v) || z.name}, set => $NESTED ],
	[ 'LATERAL', batched => 'SELECT s.id, q.d FROM small s, LATERAL
		(SELECT decrypt(t.v) AS d FROM t WHERE t.grp = s.id ORDER BY t.id LIMIT 50) q', limit => 40 ],

	# Aggregates
	[ 'aggregate of a call', batched => 'SELECT count(decrypt(v)), max(decrypt(v)) FROM t' ],
	[ 'aggregate of two calls', batched => q{SELECT string_agg(decrypt(v), ',' ORDER BY decrypt_as(n, NULL::int)) FROM t} ],
	[ 'aggregate, FILTER by a plain column', batched => 'SELECT count(decrypt(v)) FILTER (WHERE grp = 1) FROM t', exact => 1 ],
	[ 'aggregate, FILTER by a call', batched => q{SELECT count(*) FILTER (WHERE decrypt(v) LIKE '%1') FROM t} ],
	[ 'aggregate, FILTER and argument by calls', batched =>
		q{SELECT grp, max(decrypt(v)) FILTER (WHERE decrypt_as(n, NULL::int) < 500) FROM t GROUP BY grp ORDER BY grp}, exact => 1 ],
	[ 'aggregate, DISTINCT', batched => 'SELECT count(DISTINCT decrypt(v)) FROM t' ],
	[ 'aggregate, WITHIN GROUP', batched => 'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY decrypt_as(n, NULL::int)) FROM t' ],
	[ 'call of an aggregate', batched => 'SELECT grp, decrypt(encrypt(max(name))) FROM t GROUP BY grp ORDER BY grp' ],
	[ 'GROUP BY a column, hashed', batched => 'SELECT grp, max(decrypt(v)) FROM t GROUP BY grp ORDER BY grp' ],
	[ 'GROUP BY a column, sorted', batched => 'SELECT grp, max(decrypt(v)) FROM t GROUP BY grp ORDER BY grp', set => $SORTED ],
	[ 'GROUP BY a call', batched => 'SELECT decrypt(v) AS d, count(*) FROM t GROUP BY 1 ORDER BY 1' ],
	[ 'HAVING', batched => q{SELECT grp FROM t GROUP BY grp HAVING max(decrypt(v)) > 'name 95' ORDER BY grp} ],
	[ 'HAVING, call of an aggregate', batched =>
		q{SELECT grp FROM t GROUP BY grp HAVING decrypt((array_agg(v ORDER BY id))[1]) < 'name 5' ORDER BY grp} ],
	[ 'ROLLUP', batched => 'SELECT grp, decrypt(v), count(*) FROM t GROUP BY ROLLUP (grp, decrypt(v)) ORDER BY 1, 2' ],
	[ 'CUBE', batched => 'SELECT grp, decrypt(v), count(*) FROM t GROUP BY CUBE (grp, decrypt(v)) ORDER BY 1, 2', set => $SORTED ],
	[ 'GROUPING SETS', batched => 'SELECT grp, id % 3, sum(decrypt_as(n, NULL::int)), grouping(grp)
		FROM t GROUP BY GROUPING SETS ((grp), (id % 3), ()) ORDER BY 1, 2' ],
	[ 'DISTINCT', batched => 'SELECT DISTINCT decrypt(v) FROM t ORDER BY 1' ],
	[ 'DISTINCT ON', batched => 'SELECT DISTINCT ON (grp) grp, decrypt(v) FROM t ORDER BY grp, id' ],

	# Windows
	[ 'window over a column', batched => 'SELECT decrypt(v), row_number() OVER (ORDER BY id) FROM t' ],
	[ 'window ordered by a call', batched => 'SELECT id, rank() OVER (ORDER BY decrypt(v)) FROM t ORDER BY id' ],
	[ 'window partitioned by a call', batched => 'SELECT id, count(*) OVER (PARTITION BY decrypt(v)) FROM t ORDER BY id' ],
	[ 'window function of a call', scalar => 'SELECT id, lag(decrypt(v)) OVER (ORDER BY id) FROM t' ],
	[ 'frame, ROWS', batched => 'SELECT id, sum(decrypt_as(n, NULL::int)) OVER
		(ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM t' ],
	[ 'frame, RANGE', batched => 'SELECT id, sum(decrypt_as(n, NULL::int)) OVER
		(ORDER BY grp RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id' ],
	[ 'frame, GROUPS EXCLUDE', scalar => 'SELECT id, count(decrypt(v)) OVER
		(ORDER BY grp GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM t ORDER BY id' ],
	[ 'window with FILTER', batched => 'SELECT id, count(decrypt(v)) FILTER (WHERE id > 5) OVER (ORDER BY id) FROM t' ],
	[ 'call of a window function', batched => 'SELECT id, decrypt(first_value(v) OVER (PARTITION BY grp ORDER BY id)) FROM t ORDER BY id' ],
	[ 'window with run condition', scalar =>
		'SELECT * FROM (SELECT decrypt(v), row_number() OVER (ORDER BY id) AS k FROM t) q WHERE k <= 20' ],

	# Order, limits, set operations
	[ 'ORDER BY a column', batched => 'SELECT id, decrypt(v) FROM t ORDER BY name, id' ],
	[ 'ORDER BY a call', batched => 'SELECT id FROM t ORDER BY decrypt(v), id' ],
	[ 'incremental sort', batched => 'SELECT id, decrypt(v) FROM t ORDER BY id, name', set => $NO_SEQ ],
	[ 'LIMIT', batched => 'SELECT id, decrypt(v) FROM t LIMIT 100' ],
	[ 'LIMIT OFFSET', batched => 'SELECT id, decrypt(v) FROM t ORDER BY id LIMIT 100 OFFSET 100' ],
	[ 'LIMIT after a filter', batched => q{SELECT id, decrypt(v) FROM t WHERE decrypt(v) LIKE '%7%' LIMIT 20} ],
	[ 'FETCH FIRST WITH TIES', batched =>
		'SELECT id, decrypt(v) FROM t ORDER BY grp FETCH FIRST 150 ROWS WITH TIES' ],
	[ 'UNION', batched => 'SELECT decrypt(v) AS d FROM t UNION SELECT decrypt(v) FROM u ORDER BY d' ],
	[ 'UNION ALL', batched => 'SELECT decrypt(v) FROM t UNION ALL SELECT decrypt(v) FROM u', limit => 24 ],
	[ 'INTERSECT', batched => 'SELECT decrypt(v) AS d FROM t INTERSECT SELECT decrypt(v) FROM u ORDER BY d' ],
	[ 'EXCEPT', batched => 'SELECT decrypt(v) AS d FROM u EXCEPT ALL SELECT decrypt(v) FROM t ORDER BY d' ],
	[ 'set-returning function of a call', batched => q{SELECT id, unnest(string_to_array(decrypt(v), ' ')) FROM t} ],
	[ 'set-returning function beside a call', batched => 'SELECT decrypt(v), generate_series(1, 2) FROM t' ],

	# Sub-selects
	[ 'correlated sub-select', scalar => 'SELECT id, (SELECT decrypt(u.v) FROM u WHERE u.id = s.id) FROM small s' ],
	[ 'correlated sub-select over many rows', batched =>
		'SELECT id, (SELECT max(decrypt(t.v)) FROM t WHERE t.grp = s.id) FROM small s', limit => 12 ],
	[ 'init plan', batched => 'SELECT id FROM small WHERE name < (SELECT max(decrypt(v)) FROM t)' ],
	[ 'hashed sub-plan', batched => q{SELECT id FROM small WHERE (name IN (SELECT decrypt(v) FROM t)) IS NOT FALSE} ],
	[ 'call tested against a sub-plan', scalar => q{SELECT id FROM small s WHERE (decrypt(v) IN (SELECT name FROM t)) IS NOT FALSE} ],
	[ 'EXISTS', batched => q{SELECT EXISTS (SELECT FROM t WHERE decrypt(v) = 'name 99')} ],
	[ 'ARRAY(sub-select)', batched => 'SELECT ARRAY(SELECT decrypt(v) FROM t ORDER BY id)' ],
	[ 'call of a sub-select', scalar => 'SELECT id, decrypt((SELECT u.v FROM u WHERE u.id = s.id)) FROM small s' ],
	[ 'constant argument', batched => 'SELECT id, decrypt(encrypt(name)), encrypt(42) FROM t' ],

	# Rows that are written
	[ 'INSERT, one row', batched => q{INSERT INTO sink VALUES (1, decrypt(encrypt('a')), encrypt('b'))}, check => $SINK ],
	[ 'INSERT, many rows', batched => q{INSERT INTO sink VALUES
		(1, 'x', encrypt('a')), (2, 'x', encrypt('b')), (3, 'x', encrypt('c')), (4, 'x', encrypt('d'))}, check => $SINK ],
	[ 'INSERT, some rows call', batched => q{INSERT INTO sink VALUES
		(1, 'x', encrypt('a')), (2, 'x', NULL), (3, 'x', encrypt('c'))}, check => $SINK ],
	[ 'INSERT, parameters', batched => q{EXECUTE s('a', 'b', 'c')}, check => $SINK,
		before => 'PREPARE s (text, text, text) AS INSERT INTO sink VALUES
			(1, $1, encrypt($1)), (2, $2, encrypt($2)), (3, $3, encrypt($3))' ],
	[ 'INSERT SELECT', batched => 'INSERT INTO sink SELECT id, name, encrypt(name) FROM t', check => $SINK ],
	[ 'INSERT SELECT, column default', batched => 'INSERT INTO sink (id) SELECT id FROM t', check => $SINK ],
	[ 'INSERT, default of one row', scalar => 'INSERT INTO sink (id) VALUES (1)', check => $SINK ],
	[ 'ON CONFLICT DO NOTHING', batched =>
		'INSERT INTO sink SELECT id, name, encrypt(name) FROM t ON CONFLICT DO NOTHING', before => $FILL, check => $SINK ],
	[ 'ON CONFLICT DO UPDATE, excluded', batched => 'INSERT INTO sink SELECT id, name, encrypt(name) FROM t
		ON CONFLICT (id) DO UPDATE SET v = excluded.v', before => $FILL, check => $SINK ],
	[ 'ON CONFLICT DO UPDATE, a call', scalar => q{INSERT INTO sink SELECT id, name FROM small
		ON CONFLICT (id) DO UPDATE SET v = encrypt('new')},
		before => "ALTER TABLE sink ALTER v DROP DEFAULT; $FILL", check => $SINK ],
	[ 'RETURNING', scalar => 'INSERT INTO sink SELECT id, name, v FROM small RETURNING decrypt(v)' ],
	[ 'UPDATE', batched => 'UPDATE t SET v = encrypt(name || id)', check => 'SELECT id, decrypt(v) FROM t ORDER BY id' ],
	[ 'UPDATE, of itself', batched => q{UPDATE t SET v = encrypt(decrypt(v) || '!') WHERE decrypt(v) LIKE '%7%'},
		check => 'SELECT id, decrypt(v) FROM t ORDER BY id' ],
	[ 'UPDATE FROM', batched => 'UPDATE t SET v = encrypt(decrypt(u.v)) FROM u WHERE u.id = t.id',
		check => 'SELECT id, decrypt(v) FROM t ORDER BY id' ],
	[ 'UPDATE, several columns of a sub-select', scalar =>
		q{UPDATE small s SET (name, v) = (SELECT t.name, encrypt(t.name) FROM t WHERE t.id = s.id)},
		check => 'SELECT id, name, decrypt(v) FROM small ORDER BY id' ],
	[ 'UPDATE, moving between partitions', batched =>
		'UPDATE parted SET id = id + 300, v = encrypt(decrypt(v)) WHERE id < 600',
		check => 'SELECT tableoid::regclass, id, decrypt(v) FROM parted ORDER BY id, 3', limit => 24 ],
	[ 'DELETE', batched => q{DELETE FROM t WHERE decrypt(v) LIKE '%3'}, check => 'SELECT count(*), sum(id) FROM t' ],
	[ 'DELETE USING', batched => q{DELETE FROM t USING u WHERE u.id = t.id AND decrypt(u.v) LIKE '%3'},
		check => 'SELECT count(*), sum(id) FROM t' ],
	[ 'MERGE, call in the source', batched => q{MERGE INTO sink USING (SELECT id, name, encrypt(name) AS v FROM t) s
		ON s.id = sink.id WHEN MATCHED THEN UPDATE SET v = s.v
		WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)}, before => $FILL, check => $SINK ],
	[ 'MERGE, call in an action', scalar => q{MERGE INTO sink USING small s ON s.id = sink.id
		WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, encrypt(s.name))}, check => $SINK ],
	[ 'trigger, before each row', scalar => q{INSERT INTO sink SELECT id, name, v FROM small}, check => $SINK,
		before => 'CREATE TRIGGER b BEFORE INSERT ON sink FOR EACH ROW EXECUTE FUNCTION encrypt_row()' ],
	[ 'trigger, transition table', batched => q{INSERT INTO sink SELECT id, name, v FROM t},
		check => 'SELECT line FROM log ORDER BY 1',
		before => 'CREATE TRIGGER a AFTER INSERT ON sink REFERENCING NEW TABLE AS new_rows
			FOR EACH STATEMENT EXECUTE FUNCTION log_rows()' ],
	[ 'COPY FROM with a default', scalar => q{COPY sink (id) FROM PROGRAM 'seq 3'}, check => $SINK ],
	[ 'CREATE TABLE AS', batched => 'CREATE TABLE made AS SELECT id, decrypt(v) AS d FROM t', check => 'SELECT * FROM made' ],
	[ 'SELECT INTO', batched => 'SELECT id, encrypt(name) AS v INTO made FROM t', check => 'SELECT id, decrypt(v) FROM made' ],
	[ 'CREATE MATERIALIZED VIEW', batched => 'CREATE MATERIALIZED VIEW made AS SELECT id, decrypt(v) AS d FROM t',
		check => 'SELECT * FROM made' ],
	[ 'REFRESH MATERIALIZED VIEW', batched => 'REFRESH MATERIALIZED VIEW matview', check => 'SELECT * FROM matview', owner => 1 ],
	[ 'COPY (SELECT)', batched => 'COPY (SELECT id, decrypt(v) FROM t) TO STDOUT' ],
	[ 'ALTER TABLE USING', scalar => 'ALTER TABLE small ALTER v TYPE text USING decrypt(v)',
		check => 'SELECT * FROM small ORDER BY id', owner => 1 ],

	# Cursors, prepared statements, functions
	[ 'cursor, NO SCROLL', batched => 'DECLARE c NO SCROLL CURSOR FOR SELECT id, decrypt(v) FROM t; FETCH 10 c; FETCH ALL c' ],
	[ 'cursor, says neither', batched => 'DECLARE c CURSOR FOR SELECT id, decrypt(v) FROM t WHERE id <= 100; FETCH 4 c; FETCH ALL c' ],
	[ 'cursor over several tables', scalar => 'DECLARE c CURSOR FOR SELECT id, decrypt(v) FROM small; FETCH 4 c; FETCH ALL c' ],
	[ 'cursor, SCROLL', scalar => 'DECLARE c SCROLL CURSOR FOR SELECT id, decrypt(v) FROM small; FETCH LAST c; FETCH ABSOLUTE 3 c' ],
	[ 'prepared, custom plan', batched => 'EXECUTE s(300)', set => 'plan_cache_mode = force_custom_plan',
		before => 'PREPARE s (int) AS SELECT id, decrypt(v) FROM t WHERE id > $1' ],
	[ 'prepared, generic plan', batched => 'EXECUTE s(300)', set => 'plan_cache_mode = force_generic_plan',
		before => 'PREPARE s (int) AS SELECT id, decrypt(v) FROM t WHERE id > $1' ],
	[ 'PL/pgSQL, loop', batched => 'SELECT looped()' ],
	[ 'PL/pgSQL, NO SCROLL cursor', batched => 'SELECT bound_cursor()' ],
	[ 'PL/pgSQL, EXECUTE', batched => 'SELECT dynamic()' ],
	[ 'PL/pgSQL, RETURN QUERY', batched => 'SELECT count(*), max(x) FROM names() x' ],
	[ 'PL/pgSQL, simple expression', scalar => 'SELECT id, simple(v) FROM small' ],
	[ 'DO', batched => q{DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT decrypt(v) AS d FROM t LOOP INSERT INTO log VALUES (r.d); END LOOP; END $$},
		check => 'SELECT line FROM log' ],
	[ 'SQL function, inlined', batched => 'SELECT id, inlined(v) FROM t' ],
	[ 'SQL function, called a row', scalar => 'SELECT id, sql_lookup(id) FROM small' ],
	[ 'SQL function, set', batched => 'SELECT count(x), max(x) FROM sql_rows() x' ],

	# Partitions, parallel query, views, security
	[ 'partitions', batched => 'SELECT id, decrypt(v) FROM parted' ],
	[ 'partitions, pruned', batched => 'SELECT id, decrypt(v) FROM parted WHERE id < 300' ],
	[ 'partitions, ordered with LIMIT', batched => 'SELECT id, decrypt(v) FROM parted ORDER BY id LIMIT 100' ],
	[ 'parallel scan', batched => 'SELECT count(decrypt(v)), max(decrypt(v)) FROM t', set => $PARALLEL, limit => 24 ],
	[ 'parallel filter, gathered in order', batched => q{SELECT id, name FROM t WHERE decrypt(v) LIKE '%7' ORDER BY name, id},
		set => $PARALLEL, limit => 24 ],
	[ 'parallel hash join', batched => 'SELECT sum(decrypt_as(t.n, NULL::int)), count(decrypt(u.v)) FROM t JOIN u ON u.t_id = t.id',
		set => "$PARALLEL; $HASHED", limit => 24 ],
	[ 'parallel append', batched => 'SELECT count(decrypt(v)) FROM parted', set => $PARALLEL, limit => 24 ],
	[ 'parallel worker forced', batched => 'SELECT max(decrypt(v)) FROM t', before => $FORCE_PARALLEL ],
	[ 'JIT', batched => q{SELECT id, upper(decrypt(v)) FROM t WHERE decrypt(v) LIKE '%7%'}, set => $JIT ],
	[ 'view', batched => q{SELECT * FROM plain_view WHERE id < 700} ],
	[ 'security-barrier view', batched => q{SELECT * FROM barrier WHERE name LIKE '%1'} ],
	[ 'row-level security', batched => 'SELECT id, decrypt(v) FROM secured', role => 'reader' ],
	[ 'FOR UPDATE', batched => 'SELECT id, decrypt(v) FROM t WHERE grp = 2 FOR UPDATE' ],
	[ 'FOR UPDATE SKIP LOCKED LIMIT', batched => 'SELECT id, decrypt(v) FROM t ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED' ],

	# Expressions
	[ 'one call twice', batched => 'SELECT decrypt(v), decrypt(v), length(decrypt(v)) FROM t' ],
	[ 'all operations', batched => 'SELECT decrypt(v), try_decrypt(v), decrypt_as(n, NULL::bigint), decrypt_as(n, NULL::int), decrypt(encrypt(id)) FROM t', limit => 18 ],
	[ 'fields of documents', batched => 'SELECT id, decrypt_fields(sealed) FROM docs', exact => 1 ],
	[ 'fields, paths and context', batched => q{SELECT id, decrypt_fields(bound, '{"{name}"}', id::text) FROM docs}, exact => 1 ],
	[ 'fields, WHERE and ORDER BY', batched => q{SELECT id FROM docs WHERE decrypt_fields(sealed) ->> 'name' LIKE 'name 1%'
		ORDER BY decrypt_fields(sealed) -> 'tags', id} ],
	[ 'fields, there and back', batched => q{SELECT id, decrypt_fields(encrypt_fields(plain, '{"{*}"}')) FROM docs} ],
	[ 'fields, INSERT', batched => q{INSERT INTO docs (id, sealed) SELECT id + 2000, encrypt_fields(plain, '{"{name}"}') FROM docs},
		check => 'SELECT id, decrypt_fields(sealed) FROM docs WHERE id > 2000 ORDER BY id' ],
	[ 'fields, UPDATE', batched => q{UPDATE docs SET sealed = encrypt_fields(decrypt_fields(sealed), '{"{tags}"}')},
		check => 'SELECT id, decrypt_fields(sealed) FROM docs ORDER BY id' ],
	[ 'nested calls', batched => q{SELECT decrypt(encrypt(decrypt(encrypt(decrypt(v))) || '.')) FROM t}, limit => 30 ],
	[ 'CASE, searched, first condition', batched => q{SELECT CASE WHEN decrypt(v) LIKE '%1' THEN 1 ELSE 2 END FROM t} ],
	[ 'CASE, guarded by a call', batched => q{SELECT CASE WHEN decrypt(v) LIKE '%1' THEN decrypt_as(n, NULL::int) END FROM t}, exact => 1 ],
	[ 'CASE, guards in guards', batched => q{SELECT CASE WHEN grp < 5 THEN
		CASE name WHEN 'name 1' THEN decrypt(v) WHEN COALESCE(NULLIF(grp, 2)::text, decrypt(n)) THEN 'x' ELSE decrypt(n) END
		ELSE COALESCE(NULLIF(name, 'name 7'), decrypt(v)) END FROM t}, exact => 1 ],
	[ 'CASE in a filter', batched => q{SELECT id FROM t WHERE CASE WHEN grp = 1 THEN decrypt(v) LIKE '%1' ELSE grp = 2 END}, exact => 1 ],
	[ 'CASE in an aggregate', batched => q{SELECT grp, sum(CASE WHEN id > 700 THEN decrypt_as(n, NULL::int) END) FROM t GROUP BY grp ORDER BY grp}, exact => 1 ],
	[ 'CASE, guard of a VOLATILE call', scalar => 'SELECT CASE WHEN random() < 2 THEN decrypt(v) END FROM t' ],
	[ 'encrypt in a branch', batched => q{SELECT decrypt(CASE WHEN grp = 1 THEN encrypt(name) ELSE v END) FROM t}, exact => 1 ],
	[ 'CASE, searched, guarded', batched => 'SELECT CASE WHEN grp = 1 THEN decrypt(v) END FROM t', exact => 1 ],
	[ 'CASE, simple', batched => q{SELECT CASE decrypt(v) WHEN 'name 1' THEN 1 ELSE 2 END FROM t} ],
	[ 'CASE, simple, guarded', batched => 'SELECT CASE grp WHEN 1 THEN decrypt(v) ELSE name END FROM t', exact => 1 ],
	[ 'COALESCE, first', batched => q{SELECT COALESCE(decrypt(v), 'none') FROM t} ],
	[ 'COALESCE, second', batched => 'SELECT COALESCE(CASE WHEN grp > 2 THEN name END, decrypt(v)) FROM t', exact => 1 ],
	[ 'NULLIF', batched => q{SELECT NULLIF(decrypt(v), 'name 1') FROM t} ],
	[ 'AND', batched => q{SELECT id, grp = 1 AND decrypt(v) LIKE '%1' FROM t}, exact => 1 ],
	[ 'OR', batched => q{SELECT id FROM t WHERE grp <> 1 OR decrypt(v) LIKE '%11'}, exact => 1 ],
	[ 'GREATEST', batched => q{SELECT GREATEST(decrypt(v), 'name 5') FROM t} ],
	[ 'ROW and ARRAY', batched => 'SELECT ROW(id, decrypt(v)), ARRAY[decrypt(v), name] FROM t' ],
	[ 'row comparison', scalar => q{SELECT id FROM t WHERE (grp, decrypt(v)) < (1, 'name 5')} ],
	[ '= ANY', batched => q{SELECT id FROM t WHERE decrypt(v) = ANY (ARRAY['name 1', 'name 2'])} ],

	# What the planner does in its own way in each version
	[ 'self-join', batched => q{SELECT a.id, decrypt(b.v), decrypt(a.n) FROM t a JOIN t b ON a.id = b.id WHERE decrypt(a.v) LIKE '%3'} ],
	[ 'self-join, EXISTS', batched => q{SELECT a.id, decrypt(a.v) FROM t a
		WHERE EXISTS (SELECT FROM t b WHERE a.id = b.id AND decrypt(b.v) LIKE '%3') ORDER BY id}, set => $HASHED ],
	[ 'self-join, UPDATE', batched => q{UPDATE t SET v = encrypt(decrypt(b.v) || '.') FROM t b WHERE b.id = t.id},
		check => 'SELECT id, decrypt(v) FROM t ORDER BY id' ],
	[ 'semi join, hashed', batched => q{SELECT s.id, decrypt(s.v) FROM small s
		WHERE EXISTS (SELECT FROM t WHERE t.grp = s.id AND decrypt(t.v) LIKE '%3%') ORDER BY 1}, set => $HASHED ],
	[ 'anti join, hashed', batched => q{SELECT s.id, decrypt(s.v) FROM small s
		WHERE NOT EXISTS (SELECT FROM t WHERE t.grp = s.id AND decrypt(t.v) LIKE '%3%') ORDER BY 1}, set => $HASHED ],
	[ 'parallel full join', batched => 'SELECT count(decrypt(t.v)), min(decrypt(t.v)), max(decrypt(u.v)) FROM t FULL JOIN u ON u.t_id = t.id',
		set => "$PARALLEL; $HASHED", limit => 24 ],
	[ 'parallel string_agg', batched => q{SELECT grp, length(string_agg(decrypt(v), ',')) FROM t GROUP BY grp ORDER BY grp},
		set => $PARALLEL, limit => 24 ],
	[ 'aggregates that share an order', batched => q{SELECT grp, string_agg(decrypt(v), ',' ORDER BY decrypt(v), id),
		array_agg(decrypt(v) ORDER BY decrypt(v), id), count(DISTINCT decrypt(v)), max(decrypt(n)) FROM t GROUP BY grp ORDER BY grp} ],
	[ 'aggregate of encrypted values in their order', batched => q{SELECT grp, string_agg(decrypt(encrypt(name)), ',' ORDER BY
		decrypt(encrypt(name)), id) FROM t GROUP BY grp ORDER BY grp}, limit => 18 ],
	[ 'incremental sort by a call', batched => 'SELECT id, grp, decrypt(v) FROM t WHERE grp < 5 ORDER BY grp, decrypt(v), id',
		set => "$NO_SEQ; enable_sort = off" ],
	[ 'DISTINCT, incremental sort', batched => 'SELECT DISTINCT grp, decrypt(v) FROM t', set => "$NO_SEQ; $SORTED; enable_sort = off" ],
	[ 'DISTINCT ON, keys in another order', batched =>
		'SELECT DISTINCT ON (decrypt(v), grp) grp, decrypt(v), id FROM t ORDER BY grp, decrypt(v), id', set => $SORTED ],
	[ 'GROUP BY a call, expressions of it', batched => q{SELECT decrypt(v), upper(decrypt(v)), count(*), decrypt(v) || grp FROM t
		GROUP BY decrypt(v), grp HAVING decrypt(v) > 'name 5' ORDER BY 1, 4} ],
	[ 'GROUPING SETS, expressions of the key', batched => q{SELECT decrypt(v), upper(decrypt(v)), max(decrypt(v)), grouping(decrypt(v))
		FROM t GROUP BY GROUPING SETS ((decrypt(v)), (grp), ()) HAVING decrypt(v) IS NULL OR decrypt(v) > 'name 5' ORDER BY 1, 3, 2} ],
	[ 'GROUPING SETS, calls of the keys', batched => 'SELECT grp, decrypt(encrypt(grp)), decrypt(encrypt(upper(name))) FROM t
		GROUP BY GROUPING SETS ((grp), (upper(name)), ()) ORDER BY 1, 2, 3' ],
	[ 'UNION, sorted', batched => 'SELECT id, decrypt(v) AS d FROM t UNION SELECT id, decrypt(v) FROM u ORDER BY id, d', set => $SORTED ],
	[ 'INTERSECT ALL, sorted', batched => 'SELECT decrypt(v) AS d, grp FROM t INTERSECT ALL SELECT decrypt(v), id % 10 FROM u ORDER BY 1, 2',
		set => $SORTED ],
	[ 'window, two orders', batched => 'SELECT id, row_number() OVER (ORDER BY decrypt(v), id), rank() OVER (ORDER BY decrypt(v), id RANGE CURRENT ROW),
		sum(decrypt_as(n, NULL::int)) OVER (PARTITION BY decrypt(v)) FROM t ORDER BY id' ],
	[ 'run condition of an aggregate', scalar =>
		'SELECT * FROM (SELECT decrypt(v), count(*) OVER (ORDER BY id) AS k FROM t) q WHERE k <= 20' ],
	[ 'partition-wise join', batched => 'SELECT a.id, decrypt(a.v), decrypt(b.v) FROM parted a JOIN parted b USING (id) WHERE a.id < 900 ORDER BY 1',
		set => 'enable_partitionwise_join = on; enable_partitionwise_aggregate = on' ],

	# New in 17
	[ 'MERGE RETURNING', scalar => 'MERGE INTO sink USING small s ON s.id = sink.id
		WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)
		RETURNING merge_action(), decrypt(s.v), decrypt(sink.v)', before => "$FILL WHERE id < 5", check => $SINK, since => 17 ],
	[ 'MERGE RETURNING, call outside', batched => 'WITH w AS (MERGE INTO sink USING (SELECT id, name, encrypt(name) AS v FROM t) s
		ON s.id = sink.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)
		RETURNING merge_action() AS action, sink.v) SELECT action, decrypt(v) FROM w', before => $FILL, since => 17 ],
	[ 'MERGE, NOT MATCHED BY SOURCE', batched => q{MERGE INTO sink USING (SELECT id, name, encrypt(name) AS v FROM t WHERE decrypt(v) LIKE '%7') s
		ON s.id = sink.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)
		WHEN NOT MATCHED BY SOURCE THEN UPDATE SET name = 'gone'}, before => $FILL, check => $SINK, since => 17 ],
	[ 'MERGE, join by a call', batched => q{MERGE INTO sink USING small s ON s.id = sink.id AND decrypt(sink.v) = s.name
		WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)
		WHEN NOT MATCHED BY SOURCE AND decrypt(sink.v) LIKE '%2' THEN DELETE}, before => "$FILL WHERE id < 5; UPDATE sink SET id = -id WHERE id < 3",
		check => $SINK, since => 17 ],
	[ 'COPY (MERGE)', batched => 'COPY (MERGE INTO sink USING (SELECT id, name, encrypt(name) AS v FROM t) s ON s.id = sink.id
		WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v) RETURNING s.id) TO STDOUT', check => $SINK, since => 17 ],
	[ 'JSON_TABLE beside a call', batched => q{SELECT x.c, decrypt(t.v) FROM t,
		JSON_TABLE(jsonb_build_array(t.id, t.name), '$[*]' COLUMNS (c text PATH '$')) x}, since => 17 ],
	[ 'JSON_TABLE of a call', scalar => q{SELECT id, x.c FROM small,
		JSON_TABLE(jsonb_build_array(decrypt(v)), '$[*]' COLUMNS (c text PATH '$')) x}, since => 17 ],
	[ 'JSON_QUERY of a call', batched => q{SELECT JSON_QUERY(to_jsonb(decrypt(v)), '$') FROM t}, since => 17 ],
	[ 'JSON_VALUE PASSING a call', scalar => q{SELECT JSON_VALUE(to_jsonb(name), '$ ? (@ == $x)' PASSING decrypt(v) AS x) FROM t}, since => 17 ],
	[ 'JSON constructors', batched => q{SELECT JSON_OBJECT('a': decrypt(v), 'b': id), JSON_ARRAY(decrypt(v), id), JSON_SCALAR(decrypt(v)),
		JSON_SERIALIZE(to_json(decrypt(v))), decrypt(v) IS JSON FROM t}, since => 17 ],
	[ 'JSON aggregates', batched => 'SELECT JSON_OBJECTAGG(id: decrypt(v)), JSON_ARRAYAGG(decrypt(v) ORDER BY id) FROM t', since => 17 ],

	# New in 18
	[ 'UPDATE RETURNING old, new', scalar => q{UPDATE small SET v = (SELECT encrypt(name || '.')) RETURNING id, decrypt(old.v), decrypt(new.v), old.name = new.name},
		since => 18 ],
	[ 'ON CONFLICT RETURNING old, new', scalar => 'INSERT INTO sink SELECT id, name, v FROM small ON CONFLICT (id) DO UPDATE SET v = excluded.v
		RETURNING id, decrypt(old.v), decrypt(new.v)', before => "$FILL WHERE id < 5", check => $SINK, since => 18 ],
	[ 'DELETE RETURNING old, new', scalar => 'DELETE FROM small RETURNING id, decrypt(old.v), decrypt(new.v)', since => 18 ],
	[ 'MERGE RETURNING old, new', scalar => 'MERGE INTO sink USING small s ON s.id = sink.id
		WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.v)
		RETURNING merge_action(), s.id, decrypt(old.v), decrypt(new.v)', before => "$FILL WHERE id < 5", check => $SINK, since => 18 ],
	[ 'RETURNING old, new, calls outside', batched => q{WITH w AS (UPDATE t SET v = encrypt(decrypt(v) || '.') RETURNING WITH (OLD AS o, NEW AS n) o.v AS a, n.v AS b)
		SELECT decrypt(a), decrypt(b) FROM w}, since => 18 ],
	[ 'virtual column as argument', batched => 'SELECT id, up, decrypt(encrypt(up)) FROM g', before => $VIRTUAL, since => 18 ],
	[ 'virtual column, outer join', batched => 'SELECT t.id, g.up, decrypt(g.v), decrypt(encrypt(g.up)) FROM t LEFT JOIN g ON g.id = t.id - 5',
		before => $VIRTUAL, limit => 24, since => 18 ],
	[ 'virtual column, grouped', batched => 'SELECT up, max(decrypt(v)), decrypt(encrypt(up)) FROM g GROUP BY ROLLUP (up) ORDER BY 1',
		before => $VIRTUAL, since => 18 ],
	[ 'virtual column, UPDATE', batched => q{UPDATE g SET v = encrypt(up || decrypt(v)), name = 'x' || id WHERE up LIKE '%7' AND decrypt(v) LIKE '%7'
		RETURNING id, up, old.up}, before => $VIRTUAL, check => 'SELECT id, name, up, decrypt(v) FROM g ORDER BY id', since => 18 ],
);

# Makes the tables in a database that has the extension.
sub set_up_shapes
{
	my ($session) = @_;

	for my $sql ($SETUP, has_fdw($session) ? $FOREIGN : (), 'VACUUM ANALYZE')
	{
		$session->query($sql);
		die $session->{error} if $session->{error} =~ /ERROR/;
	}
	return;
}

sub has_fdw
{
	my ($session) = @_;

	return $session->query(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'});
}

# Why a shape can't be run with this server; '' if it can.
sub why_not
{
	my ($session, $shape) = @_;
	my (undef, undef, $sql, %option) = @$shape;

	return 'postgres_fdw is not installed' if $sql =~ /\bremote\b/ and not has_fdw($session);
	return '' unless $option{since};
	return $session->query('SHOW server_version_num') >= $option{since} * 10000 ? '' : "new in PostgreSQL $option{since}";
}

# Requests with values that E3 has answered, by its own count.
sub requests_made
{
	my ($watch) = @_;
	my $stats = $watch->stats;

	return $stats->{requests_encrypt} + $stats->{requests_decrypt};
}

# Runs a shape in a transaction that is rolled back.  Returns its rows, one
# string, without ciphertexts; its error, empty if none; its requests.
sub run_shape
{
	my ($session, $watch, $shape, $batch, $role) = @_;
	my ($name, undef, $sql, %option) = @$shape;
	my $error = '';
	my $step = sub {
		my $out = $session->query($_[0]);
		$error ||= $session->{error} if $session->sqlstate ne '00000';
		return $out;
	};

	# Parallel query only where a shape asks for it: it gives rows in any order.
	$step->("BEGIN; SET LOCAL evcrypt.batch = $batch; DISCARD PLANS;
		SET LOCAL max_parallel_workers_per_gather = 0");
	$step->(join ';', map { "SET LOCAL $_" } split /;\s*/, $option{set}) if $option{set};
	$step->($option{before}) if $option{before};
	$role //= $option{role};
	$step->("SET LOCAL ROLE $role") if $role;
	my ($requests_before, $values_before) = (requests_made($watch), $watch->stats->{values_done});
	my $rows = $step->($sql);
	my $requests = requests_made($watch) - $requests_before;
	my $values = $watch->stats->{values_done} - $values_before;
	$step->('RESET ROLE') unless $error;
	$rows .= "\n" . $step->($option{check}) if $option{check} and not $error;
	$session->query('ROLLBACK; DEALLOCATE ALL');
	$rows =~ s/ev:\w+:[^\s,|)"}]*/CIPHERTEXT/g;
	return { rows => $rows, error => $error, requests => $requests, values => $values };
}

1;
