# Errors, cancels and lost connections while batches are out: the statement
# fails by name, what is around it goes on, and the next statements are right.
# Release build only: it is about plans.
use strict;
use warnings;

use Batching;
use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('trouble', $e3);
my $session = session($node);

set_up($session, qq{
	SET max_parallel_workers_per_gather = 0;
	CREATE TABLE many (id int PRIMARY KEY, v encrypted);
	INSERT INTO many SELECT i, encrypt('name ' || i) FROM generate_series(1, 5000) i;
	CREATE TABLE bad AS SELECT id, CASE WHEN id = 3000 THEN $DAMAGED ELSE v END AS v FROM many;
	CREATE TABLE log (id serial, line text);
	CREATE FUNCTION caught(k int) RETURNS text LANGUAGE plpgsql AS \$\$
	DECLARE d text;
	BEGIN
		SELECT decrypt(v) INTO STRICT d FROM bad WHERE id = 2990 + k % 20;
		RETURN d;
	EXCEPTION WHEN SQLSTATE 'EV020' THEN
		RETURN 'caught ' || decrypt(encrypt(k));
	END \$\$;
	CREATE FUNCTION halfway(k int) RETURNS text LANGUAGE plpgsql AS \$\$
	DECLARE r record; seen int := 0;
	BEGIN
		FOR r IN SELECT decrypt(v) AS d FROM bad WHERE id > 2900 LOOP
			seen := seen + 1;
			IF seen = k % 150 THEN RAISE EXCEPTION 'enough'; END IF;
		END LOOP;
		RETURN 'not reached';
	EXCEPTION WHEN OTHERS THEN
		RETURN sqlstate || seen;
	END \$\$});

# Is the connection to E3 in order?
sub goes_on
{
	my ($name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->is(q{SELECT count(*), count(*) FILTER (WHERE decrypt(v) = 'name ' || id) FROM many},
		'5000|5000', "$name: scalar calls go on");
	$session->is(q{SELECT count(*) FROM (SELECT id, decrypt(v) AS d FROM many OFFSET 0) q WHERE d = 'name ' || id},
		5000, "$name: batches go on");
	return;
}

# --- errors and subtransactions --------------------------------------------

for my $rows (7, 64, 4096)
{
	$session->query("SET evcrypt.batch_rows = $rows");
	for my $sql ('SELECT count(decrypt(v)) FROM bad', 'SELECT decrypt(v) FROM bad',
		'SELECT a.id, decrypt(a.v), decrypt(b.v) FROM many a JOIN bad b USING (id)',
		'INSERT INTO log (line) SELECT decrypt(v) FROM bad')
	{
		$session->query($sql);
		is($session->sqlstate, 'EV020', "batch_rows $rows: $sql");
	}
	$session->query('SELECT decrypt(v), 1 / (id - 700) FROM many');
	is($session->sqlstate, '22012', "batch_rows $rows: an error beside the batch");
	goes_on("batch_rows $rows, after errors");

	same_both_ways($session, "batch_rows $rows: a block that catches, a row", q{
		SELECT md5(string_agg(d || c, ',')) FROM
			(SELECT decrypt(v) AS d, caught(id) AS c FROM many WHERE id <= 400 OFFSET 0) q});
	same_both_ways($session, "batch_rows $rows: a block that leaves a loop, a row", q{
		SELECT string_agg(d || c, ',') FROM
			(SELECT decrypt(v) AS d, halfway(id) AS c FROM many WHERE id <= 200 OFFSET 0) q});
	same_both_ways($session, "batch_rows $rows: savepoints in a loop", q{
		DO $$
		DECLARE r record;
		BEGIN
			FOR r IN SELECT id, decrypt(v) AS d FROM many WHERE id <= 500 LOOP
				BEGIN
					INSERT INTO log (line) SELECT r.d || decrypt(v) FROM bad WHERE id BETWEEN 2990 AND 2990 + r.id % 20;
				EXCEPTION WHEN SQLSTATE 'EV020' THEN
					INSERT INTO log (line) VALUES ('caught at ' || r.id);
				END;
			END LOOP;
		END $$;
		SELECT line FROM log ORDER BY id});
}
$session->query('RESET evcrypt.batch_rows');
is($session->query(q{SELECT count(*) FROM (SELECT caught(id) AS c FROM many WHERE id <= 400 OFFSET 0) q WHERE c LIKE 'caught%'}),
	20, 'the block has caught something');

same_both_ways($session, 'SAVEPOINT and ROLLBACK TO', q{
	SAVEPOINT a; SELECT count(decrypt(v)) FROM bad; ROLLBACK TO a; SELECT max(decrypt(v)) FROM many;
	SAVEPOINT b; SELECT decrypt(v) FROM bad LIMIT 3; RELEASE b; SELECT min(decrypt(v)) FROM many});

# --- cancels ---------------------------------------------------------------

$session->query('SET statement_timeout = 300');
$e3->pause;
for my $sql ('SELECT count(decrypt(v)) FROM many', 'SELECT decrypt(v) FROM many',
	'INSERT INTO log (line) SELECT decrypt(v) FROM many')
{
	$session->query($sql);
	is($session->sqlstate, '57014', "cancelled while E3 hangs: $sql");
}
$e3->resume;
$session->query('SELECT decrypt(v), pg_sleep(0.005) FROM many');
is($session->sqlstate, '57014', 'cancelled between batches');
$session->query('SET statement_timeout = 0');
goes_on('after cancels');

# In a block that goes on.
$e3->pause;
$session->query("SET evcrypt.request_timeout = '200ms'");
$session->query(q{
	DO $$
	BEGIN
		PERFORM decrypt(v) FROM many;
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO log (line) VALUES ('timeout ' || sqlstate);
	END $$});
$e3->resume;
$session->query('RESET evcrypt.request_timeout');
$session->is(q{SELECT line FROM log WHERE line LIKE 'timeout%'}, 'timeout EV001', "E3's timeout is caught");
goes_on('after a timeout');

# Before E3 has said hello, and when it does not take all of a request.
for my $case ([ 'a new connection', 'SELECT 1', 'SELECT count(decrypt(v)) FROM many', '08001' ],
	[ 'a large value', q{SELECT encrypt('first')}, q{SELECT encrypt(repeat('x', 30000000))}, 'EV001' ])
{
	my ($name, $first, $sql, $sqlstate) = @$case;
	my $fresh = session($node);

	$fresh->query($first);
	$e3->pause;
	$fresh->query("SET evcrypt.request_timeout = '200ms'; $sql");
	is($fresh->sqlstate, $sqlstate, "$name to an E3 that hangs");
	$e3->resume;
	is($fresh->query("RESET evcrypt.request_timeout; SELECT decrypt(encrypt('next'))"), 'next', 'which goes on') or diag($fresh->{error});
	$e3->pause;
	$fresh->send($sql);
	$fresh->wait_for_e3($node);
	$e3->kill9;
	$fresh->receive;
	like($fresh->sqlstate, qr/^080/, 'and is killed');
	$e3->start;
	is($fresh->query("SELECT decrypt(encrypt('next'))"), 'next', 'the next E3 serves it');
	$fresh->close;
}
goes_on('after new connections');

# --- E3 is killed ----------------------------------------------------------

for my $sql ('SELECT count(decrypt(v)) FROM many', 'INSERT INTO log (line) SELECT decrypt(v) FROM many')
{
	$e3->pause;
	$session->send($sql);
	$session->wait_for_e3($node);
	$e3->kill9;
	$session->receive;
	like($session->sqlstate, qr/^080/, "E3 killed: $sql");
	$e3->start;
	goes_on('with the next E3');
}

# Killed after some batches have been used.
$session->query('BEGIN; SET LOCAL evcrypt.batch_rows = 64;
	DECLARE c NO SCROLL CURSOR FOR SELECT decrypt(v) FROM many; FETCH 1000 c');
is($session->sqlstate, '00000', 'a cursor is on its way');
$e3->kill9;
$session->query('FETCH ALL c');
like($session->sqlstate, qr/^080/, 'E3 killed: the cursor fails');
$session->query('ROLLBACK');
$e3->start;
goes_on('after the cursor');

$session->is('SELECT pg_backend_pid()', $session->{backend}, 'the backend has lived through it all');
$session->close;
$node->stop;
done_testing();
