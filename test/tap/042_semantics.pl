# What batches must not change: which values are sent, which errors are raised
# and when, how often something is called.
# Release build only: it is about plans.
use strict;
use warnings;

use Batching;
use E3Client;
use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $e3 = start_e3();
my $node = new_node('semantics', $e3);
my $session = session($node);
my $watch = E3Client->new($e3->{socket});
my $version = $session->query('SHOW server_version_num');

set_up($session, qq{
	SET max_parallel_workers_per_gather = 0;
	CREATE TABLE many (id int PRIMARY KEY, grp int, x int, v encrypted, n encrypted);
	INSERT INTO many SELECT i, i % 10, i * 7919 % 10007, encrypt('name ' || i), encrypt(i)
		FROM generate_series(1, 10000) i;
	CREATE TABLE bad (id int PRIMARY KEY, v encrypted);
	INSERT INTO bad SELECT i, CASE WHEN i = 10 THEN $DAMAGED ELSE encrypt('name ' || i) END
		FROM generate_series(1, 100) i;
	CREATE TABLE pairs (id int PRIMARY KEY, allowed bool, a int[], v encrypted);
	INSERT INTO pairs SELECT i, i % 4 = 0, CASE WHEN i % 4 = 0 THEN ARRAY[5, 6, 7] END,
			CASE WHEN i % 4 = 0 THEN encrypt(1 + i % 3) ELSE $DAMAGED END
		FROM generate_series(1, 100) i;
	CREATE TABLE same AS SELECT i AS id, e.v FROM (SELECT encrypt('one') AS v OFFSET 0) e, generate_series(1, 1000) i;
	CREATE TABLE log (line text);
	CREATE FUNCTION nlog() RETURNS bigint LANGUAGE plpgsql VOLATILE
		AS 'BEGIN RETURN (SELECT count(*) FROM log); END';
	CREATE SEQUENCE seq;
	CREATE DOMAIN not_null AS int NOT NULL;
	ANALYZE});

# --- limits ----------------------------------------------------------------

sub sends
{
	my ($expected, $sql) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(values_of($session, $watch, $sql), $expected, "$sql: $expected values");
	return;
}

sends(10, 'SELECT decrypt(v) FROM many LIMIT 10');
sends(10, 'SELECT decrypt(v) FROM many OFFSET 0 LIMIT 10');
sends(10, 'SELECT id, decrypt(v) FROM many ORDER BY x LIMIT 10');
sends(10, 'SELECT id, decrypt(v) FROM many WHERE grp = 3 LIMIT 10');
sends(20, 'SELECT decrypt(v), decrypt(n) FROM many LIMIT 10');
sends(10, 'SELECT * FROM (SELECT decrypt(v) FROM many OFFSET 0) q LIMIT 10');
sends(10, 'PREPARE s (int) AS SELECT decrypt(v) FROM many LIMIT $1; EXECUTE s(10); DEALLOCATE s');
sends(5000, 'SELECT decrypt(v) FROM many LIMIT 5000');
sends(0, 'SELECT decrypt(v) FROM many LIMIT 0');
sends(0, 'SELECT decrypt(v) FROM many WHERE false');

# Sorts stay bounded below a Limit.
for my $sql ('SELECT id, decrypt(v) FROM many ORDER BY x LIMIT 10',
	'SELECT id FROM many ORDER BY decrypt(v) LIMIT 10',
	'SELECT id, decrypt(v), decrypt(n) FROM many ORDER BY x LIMIT 10',
	q{SELECT d || '!' FROM (SELECT decrypt(v) AS d FROM many ORDER BY x) q LIMIT 10},
	q{SELECT d || '!' FROM (SELECT decrypt(v) AS d FROM many ORDER BY id % 7, x || '') q LIMIT 10},
	'SELECT id, decrypt(v), decrypt(n) FROM many ORDER BY decrypt_as(n, NULL::int) % 7, id LIMIT 10',
	'SELECT id, decrypt(encrypt(x)) FROM many ORDER BY x LIMIT 10')
{
	like($session->query("EXPLAIN (ANALYZE, COSTS OFF) $sql"), qr/Sort Method: top-N heapsort/,
		"$sql: top-N heapsort");
	same_both_ways($session, $sql, $sql);
}

# --- a bad value -----------------------------------------------------------

my %whose = (
	'seq scan' => 'SELECT decrypt(v) FROM bad LIMIT %d',
	'sorted' => 'SELECT decrypt(v) FROM bad ORDER BY id LIMIT %d',
	'sorted by an expression' => 'SELECT * FROM (SELECT decrypt(v) FROM bad ORDER BY id + 0) q LIMIT %d',
	'filter' => q{SELECT id FROM bad WHERE decrypt(v) <> '' LIMIT %d},
	'subquery' => 'SELECT * FROM (SELECT decrypt(v) FROM bad OFFSET 0) q LIMIT %d');
for my $what (sort keys %whose)
{
	my $good = outcome($session, 'on', sprintf $whose{$what}, 9);
	is(scalar(() = $good =~ /\S+\n/g), 9, "$what: LIMIT 9 gives nine rows");
	same_both_ways($session, "$what: LIMIT 9", sprintf $whose{$what}, 9);
	same_both_ways($session, "$what: LIMIT 10", sprintf($whose{$what}, 10), "\nEV020");
}

# A cursor and a loop have had the nine rows before the error.
my $nine = join '', map { "name $_\n" } 1 .. 9;
same_both_ways($session, 'cursor', 'DECLARE c NO SCROLL CURSOR FOR SELECT decrypt(v) FROM bad;
	FETCH 9 c; FETCH 1 c', "${nine}EV020");
same_both_ways($session, 'loop with an exception block', q{
	DO $$
	DECLARE r record;
	BEGIN
		FOR r IN SELECT decrypt(v) AS d FROM bad LOOP
			BEGIN INSERT INTO log VALUES (r.d); EXCEPTION WHEN OTHERS THEN NULL; END;
		END LOOP;
	EXCEPTION WHEN SQLSTATE 'EV020' THEN
		INSERT INTO log VALUES ('caught');
	END $$;
	SELECT line FROM log}, "caught\n00000");
same_both_ways($session, 'rows before the error are seen', q{
	DO $$
	DECLARE r record; seen int := 0;
	BEGIN
		BEGIN
			FOR r IN SELECT decrypt(v) AS d FROM bad LOOP seen := seen + 1; END LOOP;
		EXCEPTION WHEN SQLSTATE 'EV020' THEN
			INSERT INTO log VALUES ('after ' || seen);
		END;
	END $$;
	SELECT line FROM log});
same_both_ways($session, 'try_decrypt', 'SELECT count(*), count(try_decrypt(v)) FROM bad', "100|99\n00000");
same_both_ways($session, 'a filter keeps it away', 'SELECT count(decrypt(v)) FROM bad WHERE id <> 10', "99\n00000");
same_both_ways($session, 'an aggregate meets it', 'SELECT count(decrypt(v)) FROM bad', "\nEV020");
same_both_ways($session, 'a cheap filter goes first',
	q{SELECT id FROM bad WHERE id < 10 AND decrypt(v) = 'name 9'}, "9\n00000");

# One node reads ahead of another: what fails below is held back until it is reached.
for my $sql (q{SELECT decrypt(v), id FROM bad WHERE decrypt(v) LIKE 'name%' AND try_decrypt(v) <> ''},
	'SELECT decrypt(encrypt(decrypt(v))) FROM bad',
	'SELECT decrypt(encrypt(decrypt(encrypt(decrypt(v))))) FROM bad',
	q{SELECT CASE WHEN decrypt(v) <> '' THEN decrypt(v) END FROM bad})
{
	my $cursor = "DECLARE c NO SCROLL CURSOR FOR $sql";

	like(outcome($session, 'on', "$cursor; FETCH 9 c"), qr/\A(?:.*name \d.*\n){9}00000\z/, "$sql: nine rows");
	same_both_ways($session, "$sql: nine rows, then one", "$cursor; FETCH 9 c; FETCH 1 c");
	same_both_ways($session, "$sql: ten", "$cursor; FETCH 10 c", "\nEV020");
	same_both_ways($session, "$sql: sizes $_", "SET LOCAL evcrypt.batch_rows = $_; $cursor; FETCH 9 c; FETCH 1 c") for 1, 2, 3, 7;
	same_both_ways($session, "$sql: without the bad row", "DELETE FROM bad WHERE id = 10; $sql");
}

# --- guards ----------------------------------------------------------------

# Rows whose guard keeps the call away have values that do not open.
for my $expression (
	'CASE WHEN allowed THEN decrypt(v) END',
	q{CASE WHEN NOT allowed THEN 'none' ELSE decrypt(v) END},
	'CASE allowed WHEN true THEN decrypt(v) END',
	q{CASE WHEN allowed THEN CASE WHEN decrypt(v) = '1' THEN decrypt(v) END END},
	q{COALESCE(CASE WHEN NOT allowed THEN 'none' END, decrypt(v))},
	q{allowed AND decrypt(v) = '1'},
	q{NOT allowed OR decrypt(v) = '1'},
	q{a[decrypt_as(CASE WHEN allowed THEN v END, NULL::int)]},
	'a[decrypt_as(v, NULL::int)]',
	q{(CASE WHEN allowed THEN a END)[decrypt_as(v, NULL::int)]},
	q{a[decrypt_as(v, NULL::int):2]})
{
	same_both_ways($session, $expression, "SELECT id, $expression FROM pairs ORDER BY id");
	my $sql = "SELECT count($expression) FROM pairs";
	like(outcome($session, 'on', $sql), qr/\n00000/, "$expression: no value that does not open");
	same_both_ways($session, "count: $expression", $sql);
}
# A type that can't be read, a domain without NULL: errors of rows that come to the call.
for my $expression ('CASE WHEN id < 0 THEN decrypt_as(v, NULL::encrypted) END', 'CASE WHEN id < 0 THEN encrypt(v) END',
	'CASE WHEN NOT allowed THEN NULL ELSE decrypt_as(v, NULL::not_null) END', 'decrypt_as(CASE WHEN allowed THEN v END, NULL::not_null)',
	'CASE WHEN allowed THEN decrypt_as(NULLIF(v, v), NULL::not_null) END' =~ s/NULLIF\(v, v\)/CASE WHEN id < 0 THEN v END/r,
	'CASE WHEN 1 / (id - 4) > 0 THEN decrypt(v) END')
{
	same_both_ways($session, $expression, "SELECT id, $expression FROM pairs WHERE allowed OR id > 0 ORDER BY id");
}
same_both_ways($session, "no rows: $_", "SELECT $_ FROM pairs WHERE id < 0") for 'encrypt(v)', 'decrypt_as(v, NULL::encrypted)';
same_both_ways($session, "EXPLAIN: $_", "EXPLAIN (COSTS OFF) SELECT $_ FROM pairs WHERE id < 0; ROLLBACK")
	for 'CASE WHEN false THEN encrypt(v) END';

# A document that is NULL keeps away what is passed, and one with a value the default.
SKIP:
{
	skip 'SQL/JSON functions are new in PostgreSQL 17', 8 if $version < 170000;
	for my $function ('JSON_VALUE', 'JSON_QUERY', 'JSON_EXISTS')
	{
		same_both_ways($session, "$function PASSING", qq{SELECT count($function(CASE WHEN allowed THEN '[1, 2, 3]'::jsonb END,
			'\$[*] ? (@ == \$x)' PASSING decrypt_as(v, NULL::int) AS x)) FROM pairs}, "25\n00000");
	}
	my $damaged = $session->query("SELECT $DAMAGED");
	same_both_ways($session, 'DEFAULT ON EMPTY, in a plan that could be parallel', qq{
		SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
		SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2;
		SELECT count(JSON_VALUE(to_jsonb(x), '\$' DEFAULT decrypt('$damaged') ON EMPTY)) FROM many}, "10000\n00000");
}
same_both_ways($session, 'FILTER', 'SELECT count(decrypt(v)) FILTER (WHERE allowed) FROM pairs', "25\n00000");
same_both_ways($session, 'FILTER of a window', 'SELECT DISTINCT count(decrypt(v)) FILTER (WHERE allowed) OVER () FROM pairs', "25\n00000");
same_both_ways($session, 'strict function with NULL', q{SELECT count(concat(decrypt(v))) FROM pairs WHERE allowed}, "25\n00000");
cmp_ok(values_of($session, $watch, 'SELECT CASE WHEN allowed THEN decrypt(v) END FROM pairs'), '<=', 25,
	'a guarded call sends the values of its rows only');

# Keys of a hash join after one that is NULL are not looked at, unless the row is kept.
my $joined = 'SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;';
for my $join ('bad a JOIN many b ON nullif(a.id, 10) = b.id AND decrypt(a.v) = %s', 'many b JOIN bad a ON nullif(a.id, 10) = b.id AND decrypt(a.v) = %s',
	'many b LEFT JOIN bad a ON nullif(a.id, 10) = b.id AND decrypt(a.v) = %s',
	'bad a LEFT JOIN many b ON nullif(a.id, 10) = b.id AND decrypt(a.v) = %s',
	'bad a FULL JOIN many b ON nullif(a.id, 10) = b.id AND decrypt(a.v) = %s')
{
	my $from = sprintf $join, q{'name ' || b.id};
	same_both_ways($session, "hash join, $from", "$joined SELECT count(*), count(a.id), count(b.id) FROM $from WHERE b.id < 50 OR b.id IS NULL");
	same_both_ways($session, "hash join, $from", "$joined SELECT count(*) FROM $from WHERE a.id = 1");
	my $both = sprintf $join, 'decrypt(b.v)';
	same_both_ways($session, "hash join, $both", "$joined SET LOCAL evcrypt.batch_rows = 7; SELECT count(*), count(a.id) FROM $both WHERE b.id < 50");
}
same_both_ways($session, 'hash join, inner side empty', "$joined SELECT b.id FROM bad b JOIN (SELECT * FROM many WHERE id < 0 OFFSET 0) m
	ON decrypt(b.v) = decrypt(m.v) WHERE b.id = 10");

# One call in two branches of a key.
for my $key (q{CASE WHEN a.id % 2 = 0 THEN decrypt(a.v) ELSE decrypt(a.v) || '' END}, q{COALESCE(nullif(decrypt(a.v), 'name 3'), decrypt(a.v))},
	q{CASE WHEN a.id = 10 THEN 'none' WHEN a.id > 50 THEN decrypt(a.v) ELSE upper(decrypt(a.v)) END})
{
	for my $from ("bad a JOIN many b ON $key = 'name ' || b.id", "many b JOIN bad a ON $key = 'name ' || b.id",
		"bad a LEFT JOIN many b ON $key = decrypt(b.v) AND b.id < 90")
	{
		same_both_ways($session, "branches of a key, $from", "$joined SELECT count(*), count(a.id), count(b.id) FROM $from WHERE a.id <> 10");
	}
}

# Rows that no frame holds, or no function asks for.
for my $window ('lag(decrypt(v)) OVER (ORDER BY id)', 'first_value(decrypt(v)) OVER (ORDER BY id)',
	'nth_value(decrypt(v), 2) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)',
	'max(decrypt(v)) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)',
	'max(decrypt(v)) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW)',
	'max(decrypt(v)) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING)')
{
	same_both_ways($session, $window, "SELECT id, $window FROM bad WHERE id <= 10 AND id > 3");
	same_both_ways($session, "$window, from the bad row on", "SELECT id, $window FROM bad WHERE id BETWEEN 10 AND 15");
}

# What a STABLE function says may change between reading a row and giving it out.
$session->query(q{SELECT set_config('my.flag', 'off', false)});
same_both_ways($session, 'a setting that changes from row to row', q{SELECT set_config('my.flag', 'off', true);
	SELECT id, set_config('my.flag', CASE WHEN id >= 3 THEN 'on' ELSE 'off' END, true),
		CASE WHEN current_setting('my.flag') = 'on' THEN decrypt(v) ELSE 'hidden' END FROM many WHERE id <= 5});
same_both_ways($session, 'a setting that changes in a loop', q{SELECT set_config('my.flag', 'off', true);
	DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT id, CASE WHEN current_setting('my.flag') = 'on' THEN decrypt(v) ELSE 'hidden' END AS d FROM many WHERE id <= 5 LOOP
			INSERT INTO log VALUES (r.d);
			PERFORM set_config('my.flag', CASE WHEN r.id >= 3 THEN 'on' ELSE 'off' END, true);
		END LOOP; END $$;
	SELECT line FROM log});
same_both_ways($session, 'a sub-select with effects as a condition', q{SELECT setval('seq', 1, false);
	DECLARE c NO SCROLL CURSOR FOR SELECT CASE WHEN id > 5 AND (SELECT nextval('seq')) > 0 THEN decrypt(v) END FROM many WHERE id < 50;
	FETCH 1 c; SELECT nextval('seq')});
set_up($session, q{CREATE TABLE target (id int, d text);
	CREATE FUNCTION flag_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('my.flag', 'on', true); RETURN NEW; END $$;
	CREATE TRIGGER turn_on BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION flag_on()});
same_both_ways($session, 'a trigger changes the setting', q{SELECT set_config('my.flag', 'off', true);
	INSERT INTO target SELECT id, CASE WHEN current_setting('my.flag') = 'on' THEN decrypt(v) ELSE 'no' END FROM many WHERE id <= 40;
	SELECT * FROM target ORDER BY id});
same_both_ways($session, 'the transaction gets a number', q{INSERT INTO target SELECT id,
	CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 'none' ELSE decrypt(v) END FROM many WHERE id <= 40;
	SELECT * FROM target ORDER BY id});

# A window that stops asking.
same_both_ways($session, 'run condition of a window over an aggregate', q{SELECT * FROM (SELECT id, row_number() OVER w AS k, max(decrypt(v)) OVER w AS m
	FROM bad WINDOW w AS (PARTITION BY id / 20 ORDER BY id)) q WHERE k <= 2 ORDER BY id});

# More columns and calls than a tuple holds.
my @wide = map { "c$_" } 1 .. 900;
same_both_ways($session, 'a wide table', 'CREATE TEMP TABLE wide (' . join(', ', map { "$_ encrypted" } @wide) . ');'
	. q{INSERT INTO wide (c1, c900) VALUES (encrypt('a'), encrypt('b'));}
	. 'SELECT ' . join(' + ', map { "count(decrypt($_))" } @wide) . ' FROM wide', "2\n00000");

# Equal and not the same: direct arguments, VOLATILE aggregates.
same_both_ways($session, 'direct arguments and grouping sets', q{SELECT c IS NULL, rank(decrypt(c::encrypted)) WITHIN GROUP
	(ORDER BY decrypt(c::encrypted)) FROM (SELECT v::text AS c FROM many WHERE id <= 4) q GROUP BY GROUPING SETS ((c), ()) ORDER BY 1, 2});
same_both_ways($session, 'two windows over random()', q{SELECT a = b, count(c) FROM (SELECT sum(random()) OVER () AS a,
	sum(random()) OVER () AS b, decrypt(v) AS c FROM many WHERE id < 30 OFFSET 0) q GROUP BY 1});

# A node between two batch nodes.
for my $sql ('SELECT id FROM (SELECT id, decrypt(v) AS d, v::text AS c FROM bad OFFSET 0) q WHERE decrypt(c::encrypted) = d LIMIT 3',
	'SELECT id FROM (SELECT id, v::text AS c, unnest(ARRAY[decrypt(v)]) AS d FROM bad) q WHERE decrypt(c::encrypted) = d LIMIT 3')
{
	same_both_ways($session, $sql, $sql);
	same_both_ways($session, "$sql, to the bad row", $sql =~ s/LIMIT 3/LIMIT 10/r);
}
same_both_ways($session, 'a cursor over two batch nodes', q{DECLARE c NO SCROLL CURSOR FOR
	SELECT d, decrypt(n) FROM (SELECT decrypt(v) AS d, v AS n FROM bad OFFSET 0) q; FETCH 9 c; FETCH 1 c});

# Queries that use each other twice are looked at once each.
my $nested = 'WITH w0 AS MATERIALIZED (SELECT id, v FROM many WHERE id < 3)';
$nested .= sprintf ', w%d AS MATERIALIZED (SELECT a.id, a.v FROM w%d a JOIN w%d b USING (id))', $_, $_ - 1, $_ - 1 for 1 .. 30;
same_both_ways($session, 'WITH queries of WITH queries', "SET LOCAL statement_timeout = '20s'; $nested SELECT decrypt(v) FROM w30 ORDER BY id",
	"name 1\nname 2\n00000");

# A function that is altered between planning and execution.
same_both_ways($session, 'ALTER FUNCTION in between', q{CREATE FUNCTION altered() RETURNS text LANGUAGE sql
	AS $$ ALTER FUNCTION decrypt(encrypted) SET work_mem = '1MB'; SELECT decrypt(v) FROM many WHERE id = 1 $$; SELECT altered()},
	"name 1\n00000");

# --- encryption ------------------------------------------------------------

sub all_distinct
{
	my ($name, $rows, $sql) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	same_both_ways($session, $name, "SELECT count(DISTINCT c), count(c) FROM ($sql) q", "$rows|$rows\n00000");
	return;
}

all_distinct('a call a row', 10000, 'SELECT encrypt(grp)::text AS c FROM many');
all_distinct('a constant', 10000, q{SELECT encrypt('x')::text AS c FROM many});
all_distinct('two equal calls', 20000,
	q{SELECT unnest(c) AS c FROM (SELECT ARRAY[encrypt('x')::text, encrypt('x')::text] AS c FROM many) q});
all_distinct('equal calls in target list and filter', 10000,
	q{SELECT encrypt('x')::text AS c FROM many WHERE encrypt('x') IS NOT NULL});
all_distinct('equal calls in aggregates', 2,
	q{SELECT unnest(ARRAY[min(encrypt('x')::text), min(encrypt('x')::text || '')]) AS c FROM many});
all_distinct('VALUES', 3, q{SELECT encrypt(x)::text AS c FROM (VALUES ('x'), ('x'), ('x')) AS w (x)});
all_distinct('INSERT of many rows', 4, q{SELECT unnest(ARRAY[c1, c2]) AS c FROM
	(SELECT encrypt('x')::text AS c1, encrypt('x')::text AS c2 FROM generate_series(1, 2)) q});
sends(30000, 'SELECT encrypt(1), encrypt(1), encrypt(2) FROM many');

# A ciphertext that comes again in a batch is opened once; a thousand rows are two.
sends(2, 'SELECT count(decrypt(v)) FROM same');
sends(2, 'SELECT count(decrypt(v)), max(decrypt_as(v, NULL::text)), min(try_decrypt(v)) FROM same');
same_both_ways($session, 'equal ciphertexts', 'SELECT count(decrypt(v)), min(decrypt(v)) FROM same', "1000|one\n00000");

# --- effects of reading ahead ----------------------------------------------

my %volatile = (
	'filter' => 'INSERT INTO log SELECT decrypt(v) FROM many WHERE nlog() < 3',
	'filter on a join' => 'INSERT INTO log SELECT decrypt(m.v) FROM many m JOIN bad b USING (id) WHERE nlog() < 3 AND id > 20',
	'filter, after a call' => q{INSERT INTO log SELECT decrypt(n) FROM many WHERE decrypt(v) <> '' AND nlog() < 3 AND id < 50},
	'materialized CTE' => 'WITH w AS MATERIALIZED (SELECT v FROM many WHERE nlog() < 3)
		INSERT INTO log SELECT decrypt(v) FROM w',
	'sub-select' => 'INSERT INTO log SELECT decrypt(v) FROM many WHERE (SELECT nlog() + 0 * many.id) < 3 AND id < 50',
	'EXISTS' => 'INSERT INTO log SELECT decrypt(v) FROM many m
		WHERE id < 50 AND EXISTS (SELECT FROM bad b WHERE b.id = m.id AND nlog() < 3 OFFSET 0)',
	'subquery' => 'INSERT INTO log SELECT decrypt(v) FROM (SELECT v FROM many WHERE nlog() < 3 OFFSET 0) q',
	'column of a subquery' => 'INSERT INTO log SELECT decrypt(v) FROM (SELECT v, nlog() AS k FROM many WHERE id < 50 OFFSET 0) q WHERE k < 3',
	'LATERAL' => 'INSERT INTO log SELECT decrypt(v) FROM many, LATERAL (SELECT nlog() AS k OFFSET 0) q WHERE k < 3 AND id < 50',
	'UNION ALL' => 'INSERT INTO log SELECT decrypt(v) FROM (SELECT v FROM many WHERE nlog() < 3 UNION ALL SELECT v FROM many WHERE nlog() < 3) q',
	'target list' => q{INSERT INTO log SELECT decrypt(v) || nlog() FROM many WHERE id < 50},
	'CASE in the target list' => q{INSERT INTO log SELECT CASE WHEN nlog() < 3 THEN decrypt(v) ELSE 'enough' END FROM many WHERE id < 50},
	'argument' => q{INSERT INTO log SELECT decrypt(CASE WHEN nlog() < 3 THEN v ELSE n END) FROM many WHERE id < 50});
same_both_ways($session, "VOLATILE in $_", "$volatile{$_}; SELECT line FROM log") for sort keys %volatile;

my %sequence = (
	'LIMIT' => q{SELECT decrypt(v), nextval('seq') FROM many LIMIT 3},
	'LIMIT OFFSET' => q{SELECT decrypt(v), nextval('seq') FROM many LIMIT 3 OFFSET 2},
	'ORDER BY' => q{SELECT decrypt(v), nextval('seq') FROM many ORDER BY x LIMIT 5},
	'ORDER BY a VOLATILE expression' => q{SELECT id, decrypt(v) FROM many ORDER BY -nextval('seq')},
	'ORDER BY a VOLATILE expression that is given out' =>
		q{SELECT id, decrypt(v), nextval('seq') % 7 AS k FROM many ORDER BY k, id},
	'ORDER BY a VOLATILE expression, two calls' =>
		q{SELECT decrypt(v), decrypt(n) FROM many WHERE id < 50 ORDER BY decrypt_as(n, NULL::int) % 7, -nextval('seq')},
	'ORDER BY over a subquery' => q{SELECT id, d, k FROM (SELECT id, x, decrypt(v) AS d, nextval('seq') AS k FROM many OFFSET 0) q
		ORDER BY x LIMIT 5},
	'ORDER BY over a subquery, no limit' => q{SELECT * FROM (SELECT id, x, decrypt(v) AS d, nextval('seq') AS k
		FROM many WHERE id < 50 OFFSET 0) q ORDER BY x},
	'filter' => q{SELECT decrypt(v), nextval('seq') FROM many WHERE decrypt(n) LIKE '%7' LIMIT 3},
	'WITH TIES' => q{SELECT decrypt(v), nextval('seq') FROM many WHERE id < 100 ORDER BY grp FETCH FIRST 3 ROWS WITH TIES},
	'window' => q{SELECT decrypt(v), nextval('seq'), row_number() OVER (ORDER BY x) FROM many LIMIT 4},
	'join' => q{SELECT decrypt(m.v), nextval('seq') FROM many m JOIN bad b USING (id) ORDER BY m.x LIMIT 4});
same_both_ways($session, "nextval, $_",
	"SELECT setval('seq', 1, false); $sequence{$_}; SELECT nextval('seq')") for sort keys %sequence;

# --- rescans ---------------------------------------------------------------

my @rescans = (
	'SELECT b.id, q.d FROM bad b, LATERAL (SELECT decrypt(m.v) AS d FROM many m WHERE m.grp = b.id LIMIT 20) q',
	'SELECT b.id, q.d FROM bad b, LATERAL (SELECT decrypt(m.v) AS d FROM many m WHERE m.grp = b.id ORDER BY m.x LIMIT 3) q',
	'SELECT b.id, q.d FROM bad b, LATERAL (SELECT decrypt(m.v) AS d FROM many m WHERE m.grp = b.id ORDER BY m.id % 7, m.id + b.id OFFSET 2) q',
	'SELECT b.id, (SELECT string_agg(decrypt(m.v), $$,$$ ORDER BY m.id) FROM many m WHERE m.grp = b.id AND m.id < 300) FROM bad b',
	'SELECT b.id, EXISTS (SELECT FROM many m WHERE m.grp = b.id % 20 AND decrypt(m.v) LIKE $$%3$$ OFFSET 0) FROM bad b',
	'SELECT b.id, (SELECT count(*) FROM (SELECT decrypt(m.v) FROM many m LIMIT b.id) q) FROM bad b',
	'SELECT b.id, ARRAY(SELECT decrypt(p.v) FROM pairs p WHERE p.id < b.id AND p.allowed ORDER BY p.id) FROM bad b',
	'SELECT b.id FROM bad b WHERE b.id < ALL (SELECT decrypt_as(m.n, NULL::int) FROM many m WHERE m.id BETWEEN b.id + 1 AND b.id + 50)');
for my $settings ('enable_hashjoin = on', 'enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_memoize = off')
{
	same_both_ways($session, $_, "SET LOCAL $settings; $_") for @rescans;
}

# --- what looks alike and is not --------------------------------------------

$session->query(q{CREATE FUNCTION others(encrypted) RETURNS text LANGUAGE c STABLE STRICT
	SET evcrypt.app = 'nobody' AS '$libdir/evcrypt', 'evc_decrypt'});
my %alike = (
	'run condition of a window' => q{SELECT * FROM (SELECT decrypt(v) || x AS d,
		row_number() OVER (ORDER BY id) AS k FROM many) q WHERE k <= 5},
	'column that is NULL in some grouping sets' => q{SELECT decrypt(c::encrypted), max(decrypt(c::encrypted)), count(*)
		FROM (SELECT v::text AS c FROM same) s GROUP BY ROLLUP (c)},
	'function with settings of its own' => 'SELECT others(v) FROM same',
	'type argument that fails' => 'SELECT decrypt_as(v, (1 / (id - 5))::text) FROM same WHERE id < 8',
	'type argument that fails, in VALUES' => q{SELECT decrypt_as(w.x, (1 / w.y)::text)
		FROM (VALUES (encrypt('a'), 0)) w (x, y)});
same_both_ways($session, $_, $alike{$_}) for sort keys %alike;
cmp_ok(values_of($session, $watch, q{SELECT EXISTS (SELECT FROM
	(SELECT decrypt(n) AS d FROM many LIMIT 4000) q WHERE d > '0')}), '<=', 16,
	'a LIMIT above a plan that stops early is not drained');

# --- depth -----------------------------------------------------------------

# Time that doubled at every level would be seconds here.
my $deep = 'many';
$deep = "(SELECT * FROM $deep q WHERE id > 0 LIMIT 100)" for 1 .. 13;
my $start = time;
set_up($session, "EXPLAIN SELECT decrypt(v) FROM $deep q");
cmp_ok(ms_since($start), '<', 1000, 'a deep plan is planned at once');

# --- sizes of batches ------------------------------------------------------

my %corpus = (
	'scan' => q{SELECT md5(string_agg(d, ',')) FROM (SELECT decrypt(v) AS d FROM many OFFSET 0) q},
	'filter and two calls' => q{SELECT id, decrypt(v), decrypt(n) FROM many WHERE decrypt(v) LIKE '%99%' ORDER BY id},
	'rescans' => $rescans[0],
	'nested' => q{SELECT decrypt(encrypt(decrypt(v) || '!')) FROM many WHERE id < 200},
	'bad row' => 'SELECT decrypt(v) FROM bad ORDER BY id LIMIT 10',
	'good rows' => 'SELECT decrypt(v) FROM bad ORDER BY id LIMIT 9',
	'INSERT' => 'INSERT INTO log SELECT decrypt(v) FROM many WHERE id < 500; SELECT count(*), max(line) FROM log');
for my $what (sort keys %corpus)
{
	my $off = outcome($session, 'off', $corpus{$what});

	is(outcome($session, 'on', "SET LOCAL evcrypt.batch_rows = $_; $corpus{$what}"), $off,
		"batch_rows = $_: $what") for 1, 2, 3, 7, 64, 4096;
	is(outcome($session, 'on', "SET LOCAL evcrypt.batch_bytes = '64kB'; $corpus{$what}"), $off, "batch_bytes: $what");
}

$watch->close;
$session->close;
$node->stop;
done_testing();
