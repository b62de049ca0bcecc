# Every kind of cursor over calls gives what it gives with batches off: rows,
# positions, and errors.
# Release build only: it is about plans.
use strict;
use warnings;

use Batching;
use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('cursors', $e3);
my $session = session($node);

set_up($session, q{
	CREATE TABLE t (id int PRIMARY KEY, v encrypted);
	INSERT INTO t SELECT i, encrypt('name ' || i) FROM generate_series(1, 200) i;
	CREATE TABLE log (id serial, line text)});

my %query = (
	'scan' => 'SELECT id, decrypt(v) FROM t',
	'filter' => q{SELECT id, decrypt(v) FROM t WHERE decrypt(v) LIKE '%3%'},
	'sorted by a call' => 'SELECT id FROM t ORDER BY decrypt(v)',
	'sorted by a column' => 'SELECT decrypt(v) FROM t ORDER BY id DESC',
	'LIMIT' => 'SELECT decrypt(v) FROM t LIMIT 60 OFFSET 5',
	'join' => 'SELECT a.id, decrypt(b.v) FROM t a JOIN t b USING (id)',
	'aggregate' => 'SELECT id % 7 AS k, max(decrypt(v)) FROM t GROUP BY k ORDER BY k',
	'CTE' => 'WITH w AS MATERIALIZED (SELECT id, decrypt(v) AS d FROM t) SELECT * FROM w');

my %walk = (
	'forward' => 'FETCH 3 c; FETCH NEXT c; FETCH 0 c; FETCH 40 c; FETCH ALL c; FETCH NEXT c',
	'moved' => 'MOVE 20 c; FETCH 2 c; MOVE 30 c; FETCH 1 c; MOVE ALL c; FETCH NEXT c',
	'back' => 'FETCH 30 c; FETCH BACKWARD 5 c; FETCH 3 c; FETCH PRIOR c; FETCH BACKWARD ALL c; FETCH NEXT c',
	'to and fro at the ends' => 'FETCH PRIOR c; FETCH ALL c; FETCH PRIOR c; FETCH NEXT c; FETCH NEXT c; FETCH BACKWARD 2 c',
	'absolute' => 'FETCH ABSOLUTE 20 c; FETCH ABSOLUTE 7 c; FETCH ABSOLUTE -1 c; FETCH FIRST c; FETCH LAST c; FETCH RELATIVE -2 c',
	'held' => 'FETCH 5 c; COMMIT; FETCH 5 c; MOVE 20 c; FETCH 2 c; CLOSE c; BEGIN',
	'held, back' => 'FETCH 5 c; COMMIT; FETCH BACKWARD 2 c; FETCH FIRST c; FETCH LAST c; CLOSE c; BEGIN');

# A cursor that says neither goes forward only, if the node is on top of its plan:
# until it is told to go back it gives the same.
sub same_until_back
{
	my ($name, $sql) = @_;
	my $off = outcome($session, 'off', $sql);
	my $on = outcome($session, 'on', $sql);
	my $refused = $on =~ s/\n?55000\z//;

	ok($on eq $off || ($refused && index($off, $on) == 0), "$name: the same, or refused");
	return $refused;
}

my $refused = 0;
for my $kind ('NO SCROLL CURSOR', 'CURSOR', 'SCROLL CURSOR')
{
	for my $what (sort keys %query)
	{
		for my $how (sort keys %walk)
		{
			my $hold = $how =~ /held/ ? 'WITH HOLD' : '';
			my @test = ("$kind $hold over $what, $how", "DECLARE c $kind $hold FOR $query{$what}; $walk{$how}");

			if ($kind eq 'CURSOR')
			{
				$refused += same_until_back(@test);
				next;
			}
			same_both_ways($session, @test);
		}
	}
}
cmp_ok($refused, '>=', 10, "$refused walks were refused");

# --- WHERE CURRENT OF ------------------------------------------------------

my $AFTER = q{SELECT id, decrypt(v) FROM t WHERE decrypt(v) !~ '^name \d+$' OR id BETWEEN 8 AND 12 ORDER BY id};
for my $kind ('NO SCROLL CURSOR', 'CURSOR', 'SCROLL CURSOR')
{
	for my $lock ('', 'FOR UPDATE')
	{
		next if $lock and $kind eq 'SCROLL CURSOR';
		for my $from ('FROM t', q{FROM t WHERE decrypt(v) LIKE '%1%'})
		{
			for my $change (q{UPDATE t SET v = encrypt('changed') WHERE CURRENT OF c},
				q{UPDATE t SET v = encrypt(decrypt(v) || '!') WHERE CURRENT OF c},
				'DELETE FROM t WHERE CURRENT OF c')
			{
				same_both_ways($session, "$kind $lock $from: $change",
					"DECLARE c $kind FOR SELECT id, decrypt(v) $from $lock; FETCH 9 c; $change; FETCH 2 c; $change; $AFTER");
			}
		}
	}
}

# Whatever scan the planner takes.
set_up($session, 'CREATE TABLE wide (id int, v encrypted, z int DEFAULT 0); INSERT INTO wide SELECT id, v FROM t;
	CREATE INDEX ON wide (id) INCLUDE (v); CREATE VIEW barred WITH (security_barrier) AS SELECT * FROM wide WHERE id > 0');
$session->query('VACUUM ANALYZE wide');
for my $from ('wide WHERE id BETWEEN 3 AND 7', 'barred WHERE id BETWEEN 3 AND 7', '(SELECT * FROM wide OFFSET 0) q', q{wide WHERE id > 3 AND decrypt(v) <> 'name 5'})
{
	for my $path ('seqscan', 'indexscan', 'bitmapscan', 'indexonlyscan')
	{
		my $only = join '', map { $_ eq $path ? '' : "SET LOCAL enable_$_ = off;" } 'seqscan', 'indexscan', 'bitmapscan', 'indexonlyscan';

		same_both_ways($session, "CURRENT OF, $path, $from", "$only DECLARE c NO SCROLL CURSOR FOR SELECT decrypt(v) FROM $from;
			FETCH 2 c; UPDATE wide SET z = z + 1 WHERE CURRENT OF c; FETCH 1 c; UPDATE wide SET z = z + 1 WHERE CURRENT OF c;
			SELECT id, z FROM wide WHERE z > 0 ORDER BY id");
	}
}

# Of a table with partitions, the one that the cursor has left has no current row.
set_up($session, 'CREATE TABLE parts (id int, v encrypted) PARTITION BY RANGE (id);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (20); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (20) TO (500);
	CREATE TABLE heirs (id int, v encrypted); CREATE TABLE heirs_1 () INHERITS (heirs);
	INSERT INTO parts SELECT id, v FROM t; INSERT INTO heirs SELECT id, v FROM t WHERE id < 20; INSERT INTO heirs_1 SELECT id, v FROM t WHERE id >= 20');
for my $table ('parts', 'heirs')
{
	for my $kind ('CURSOR', 'NO SCROLL CURSOR')
	{
		same_both_ways($session, "$kind over $table", "DECLARE c $kind FOR SELECT id, decrypt(v) FROM $table; MOVE 25 IN c; FETCH 1 c;
			DELETE FROM $table WHERE CURRENT OF c; FETCH 1 c; UPDATE $table SET v = NULL WHERE CURRENT OF c;
			SELECT count(*), count(v) FROM $table");
		same_both_ways($session, "$kind over $table, in order", "DECLARE c $kind FOR SELECT id, decrypt(v) FROM $table WHERE decrypt(v) LIKE '%9%'; MOVE 8 IN c; FETCH 1 c;
			DELETE FROM $table WHERE CURRENT OF c; SELECT id FROM $table ORDER BY id");
	}
}

# --- PL/pgSQL --------------------------------------------------------------

my $DECLARED = 'DECLARE r record; k int := 0; name refcursor; open_one refcursor;';
my %block = (
	'FOR over a query' => "$DECLARED BEGIN FOR r IN SELECT decrypt(v) AS d FROM t LOOP
		INSERT INTO log (line) VALUES (r.d); k := k + 1; EXIT WHEN k = 70; END LOOP; END",
	'FOR over EXECUTE' => "$DECLARED BEGIN FOR r IN EXECUTE 'SELECT decrypt(v) AS d FROM t WHERE id > \$1' USING 100 LOOP
		INSERT INTO log (line) VALUES (r.d); END LOOP; END",
	'FOR over a bound cursor' => "DECLARE c CURSOR FOR SELECT decrypt(v) AS d FROM t; BEGIN FOR r IN c LOOP
		INSERT INTO log (line) VALUES (r.d); END LOOP; END",
	'FOR over a NO SCROLL cursor' => "DECLARE c NO SCROLL CURSOR FOR SELECT decrypt(v) AS d FROM t; BEGIN FOR r IN c LOOP
		INSERT INTO log (line) VALUES (r.d); END LOOP; END",
	'FOR over a cursor with arguments' => "DECLARE c CURSOR (low int) FOR SELECT decrypt(v) AS d FROM t WHERE id > low; BEGIN FOR r IN c (150) LOOP
		INSERT INTO log (line) VALUES (r.d); END LOOP; END",
	'OPEN FOR, FETCH' => "$DECLARED BEGIN OPEN name FOR SELECT decrypt(v) AS d FROM t; LOOP FETCH name INTO r; EXIT WHEN NOT FOUND;
		INSERT INTO log (line) VALUES (r.d); END LOOP; CLOSE name; END",
	'OPEN NO SCROLL FOR' => "$DECLARED BEGIN OPEN name NO SCROLL FOR SELECT decrypt(v) AS d FROM t; MOVE FORWARD 50 FROM name; FETCH name INTO r;
		INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'OPEN SCROLL FOR' => "$DECLARED BEGIN OPEN name SCROLL FOR SELECT decrypt(v) AS d FROM t; FETCH LAST FROM name INTO r;
		INSERT INTO log (line) VALUES (r.d); FETCH PRIOR FROM name INTO r; INSERT INTO log (line) VALUES (r.d);
		FETCH ABSOLUTE 3 FROM name INTO r; INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'OPEN FOR, backward' => "$DECLARED BEGIN OPEN name FOR SELECT decrypt(v) AS d FROM t; MOVE FORWARD 50 FROM name; FETCH PRIOR FROM name INTO r;
		INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'OPEN NO SCROLL FOR, backward' => "$DECLARED BEGIN OPEN name NO SCROLL FOR SELECT decrypt(v) AS d FROM t; MOVE FORWARD 50 FROM name; FETCH PRIOR FROM name INTO r;
		INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'OPEN FOR EXECUTE' => "$DECLARED BEGIN OPEN name FOR EXECUTE 'SELECT decrypt(v) AS d FROM t'; FETCH name INTO r;
		INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'OPEN FOR EXECUTE, backward' => "$DECLARED BEGIN OPEN name SCROLL FOR EXECUTE 'SELECT decrypt(v) AS d FROM t'; FETCH LAST FROM name INTO r;
		FETCH PRIOR FROM name INTO r; INSERT INTO log (line) VALUES (r.d); CLOSE name; END",
	'CURRENT OF' => "$DECLARED BEGIN OPEN name FOR SELECT id, decrypt(v) AS d FROM t FOR UPDATE; MOVE 20 FROM name; FETCH name INTO r;
		UPDATE t SET v = encrypt('new ' || r.d) WHERE CURRENT OF name; CLOSE name;
		INSERT INTO log (line) SELECT decrypt(v) FROM t WHERE decrypt(v) LIKE 'new%'; END",
	'two cursors by turns' => "$DECLARED BEGIN OPEN name NO SCROLL FOR SELECT decrypt(v) AS d FROM t; OPEN open_one NO SCROLL FOR SELECT decrypt(v) AS d FROM t ORDER BY id DESC;
		LOOP FETCH name INTO r; EXIT WHEN NOT FOUND; INSERT INTO log (line) VALUES (r.d); FETCH open_one INTO r; INSERT INTO log (line) VALUES (r.d); END LOOP; END");
for my $what (sort keys %block)
{
	my @test = ("PL/pgSQL, $what", "DO \$do\$ $block{$what} \$do\$; SELECT line FROM log ORDER BY id");

	# An error leaves no lines.
	$what eq 'OPEN FOR, backward' ? is(outcome($session, 'on', $test[1]), "\n55000", "$what: refused") : same_both_ways($session, @test);
}

# A refcursor that a function returns.
set_up($session, q{
	CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql
		AS $$ DECLARE c refcursor := 'c'; BEGIN OPEN c FOR SELECT id, decrypt(v) FROM t; RETURN c; END $$;
	CREATE FUNCTION opened_once() RETURNS refcursor LANGUAGE plpgsql
		AS $$ DECLARE c refcursor := 'c'; BEGIN OPEN c NO SCROLL FOR SELECT id, decrypt(v) FROM t; RETURN c; END $$});
for my $function ('opened', 'opened_once')
{
	for my $how (grep { !/held/ } sort keys %walk)
	{
		my @test = ("$function() $how", "SELECT $function(); $walk{$how}");

		$function eq 'opened' ? same_until_back(@test) : same_both_ways($session, @test);
	}
}

# Two cursors over one connection to E3, one of them left open at the end.
same_both_ways($session, 'cursors by turns', q{
	DECLARE a NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t;
	DECLARE b NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t ORDER BY id DESC;
	FETCH 40 a; FETCH 40 b; FETCH 1 a; SELECT decrypt(v) FROM t WHERE id = 7; FETCH 40 b; CLOSE a; FETCH ALL b});
same_both_ways($session, 'a subtransaction that is rolled back', q{
	DECLARE a NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t;
	FETCH 10 a; SAVEPOINT s;
	DECLARE b NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t; FETCH 30 b; FETCH 10 a;
	ROLLBACK TO s; SELECT max(decrypt(v)) FROM t});
same_both_ways($session, 'an outer cursor after a rolled back subtransaction', q{
	DECLARE a NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t;
	FETCH 10 a; SAVEPOINT s; SELECT decrypt(v) FROM t WHERE id < 40;
	ROLLBACK TO s; FETCH ALL a});

# --- batches in flight -----------------------------------------------------

# As soon as batches have their full size a second one is out beside the first,
# unless the setting says one.
for my $depth (1, 2)
{
	my $count = $session->query("SELECT evcrypt_stat_reset(); BEGIN; SET LOCAL evcrypt.batch_depth = $depth;
		SET LOCAL evcrypt.batch_rows = 16; DECLARE c NO SCROLL CURSOR FOR SELECT decrypt(v) FROM t; MOVE 1 c;
		CLOSE c; SELECT sum(requests) FROM evcrypt_stat");
	$session->query('COMMIT');
	like($count, qr/^$depth$/m, "batch_depth $depth: so many are asked for at the first row");
	same_both_ways($session, "batch_depth $depth", "SET LOCAL evcrypt.batch_depth = $depth;
		SET LOCAL evcrypt.batch_rows = 16; SELECT decrypt(v) FROM t; SELECT count(encrypt(id)) FROM t");
}

$session->close;
$node->stop;
done_testing();
