# Rows that another transaction changes while a statement waits for it are
# evaluated again, with their new values.
# Release build only: it is about plans.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('evalplanqual', $e3);
my $first = session($node);
my $second = session($node);
$_->query('SET max_parallel_workers_per_gather = 0') for $first, $second;

# The second session's statement waits for the first one's change, then goes on.
sub after_change
{
	my ($batch, $change, $statement) = @_;

	$first->query(q{
		DROP TABLE IF EXISTS t, u;
		CREATE TABLE t (id int PRIMARY KEY, v encrypted, w encrypted);
		INSERT INTO t SELECT i, encrypt('name ' || i), encrypt('w ' || i) FROM generate_series(1, 40) i;
		CREATE TABLE u (id int PRIMARY KEY, v encrypted);
		INSERT INTO u SELECT i, encrypt('u ' || i) FROM generate_series(1, 40) i;
		CREATE INDEX ON u (id) INCLUDE (v)});
	$first->query('VACUUM ANALYZE t, u');
	$first->query("BEGIN; $change");
	die $first->{error} if $first->{error} =~ /ERROR/;
	$second->query("SET evcrypt.batch = $batch");
	$second->send($statement);
	$node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $second->{backend}")
	  or die 'the second session does not wait';
	$first->query('COMMIT');
	my $rows = $second->receive;
	return $rows . '/' . $second->sqlstate . '/' . $second->query(q{
		SELECT string_agg(id || ' ' || decrypt(v) || ' ' || decrypt(w), ',' ORDER BY id)
		FROM t WHERE decrypt(v) <> 'name ' || id OR decrypt(w) <> 'w ' || id});
}

my %case = (
	'UPDATE sees the new value' => [
		q{UPDATE t SET v = encrypt('new') WHERE id = 20},
		q{UPDATE t SET w = encrypt(decrypt(v) || '!') WHERE id IN (19, 20, 21)},
		'/00000/19 name 19 name 19!,20 new new!,21 name 21 name 21!' ],
	'a row drops out' => [
		q{UPDATE t SET v = encrypt('gone') WHERE id = 20},
		q{UPDATE t SET w = encrypt('w') WHERE decrypt(v) IN ('name 20', 'name 21')},
		'/00000/20 gone w 20,21 name 21 w' ],
	'a row stays in' => [
		q{UPDATE t SET w = encrypt('seen') WHERE id = 20},
		q{UPDATE t SET w = encrypt(decrypt(w) || ' twice') WHERE decrypt(v) = 'name 20'},
		'/00000/20 name 20 seen twice' ],
	'DELETE: a row drops out' => [
		q{UPDATE t SET v = encrypt('gone') WHERE id = 20},
		q{DELETE FROM t WHERE decrypt(v) = 'name 20'},
		'/00000/20 gone w 20' ],
	'FOR UPDATE gives the new value' => [
		q{UPDATE t SET v = encrypt('new') WHERE id = 20},
		q{SELECT id, decrypt(v) FROM t WHERE id BETWEEN 19 AND 21 ORDER BY id FOR UPDATE},
		"19|name 19\n20|new\n21|name 21/00000/20 new w 20" ],
	'FOR UPDATE: a row drops out' => [
		q{UPDATE t SET v = encrypt('gone') WHERE id = 20},
		q{SELECT id, decrypt(w) FROM t WHERE decrypt(v) LIKE 'name 2%' AND id BETWEEN 19 AND 21 FOR UPDATE},
		'21|w 21/00000/20 gone w 20' ],
	'FOR UPDATE of a sorted subquery' => [
		q{UPDATE t SET v = encrypt('new') WHERE id = 20},
		q{SELECT d FROM (SELECT id, decrypt(v) AS d FROM t WHERE id BETWEEN 19 AND 21 ORDER BY id FOR UPDATE) q},
		"name 19\nnew\nname 21/00000/20 new w 20" ],
	'FOR UPDATE, LIMIT' => [
		q{UPDATE t SET v = encrypt('gone') WHERE id = 2},
		q{SELECT id, decrypt(w) FROM t WHERE decrypt(v) LIKE 'name%' ORDER BY id LIMIT 3 FOR UPDATE},
		"1|w 1\n3|w 3\n4|w 4/00000/2 gone w 2" ],
	'FOR UPDATE, LIMIT, row deleted' => [
		q{DELETE FROM t WHERE id = 2},
		q{SELECT id, decrypt(w) FROM t ORDER BY id LIMIT 3 FOR UPDATE},
		"1|w 1\n3|w 3\n4|w 4/00000/" ],
	'join' => [
		q{UPDATE t SET v = encrypt('u 5') WHERE id = 20},
		q{UPDATE t SET w = encrypt(decrypt(u.v) || decrypt(t.v)) FROM u WHERE u.id = t.id AND t.id IN (19, 20)},
		'/00000/19 name 19 u 19name 19,20 u 5 u 20u 5' ],
	'join, the row drops out' => [
		q{UPDATE t SET v = encrypt('gone') WHERE id = 20},
		q{UPDATE t SET w = encrypt(decrypt(u.v)) FROM u WHERE u.id = t.id AND decrypt(t.v) IN ('name 19', 'name 20')},
		'/00000/19 name 19 u 19,20 gone w 20' ],
	'index-only scan below a subquery' => [
		q{UPDATE t SET v = encrypt('new') WHERE id = 20},
		q{UPDATE t SET w = encrypt(decrypt(s.v) || decrypt(t.v)) FROM (SELECT id, v FROM u WHERE id > 0 OFFSET 0) s
			WHERE s.id = t.id AND decrypt(s.v) LIKE 'u 2%' AND t.id IN (19, 20, 21)},
		'/00000/20 new u 20new,21 name 21 u 21name 21' ],
	'MERGE' => [
		q{UPDATE t SET v = encrypt('new') WHERE id = 20},
		q{MERGE INTO t USING (SELECT id, decrypt(v) AS d FROM u WHERE id = 20) s ON s.id = t.id
			WHEN MATCHED THEN UPDATE SET w = encrypt(s.d || decrypt(t.v))},
		'/00000/20 new u 20new' ]);

for my $path ('as planned', 'by index')
{
	my $off = $path eq 'by index' ? 'off' : 'on';

	$second->query("SET enable_$_ = $off") for 'seqscan', 'bitmapscan', 'hashjoin', 'mergejoin';
	for my $what (sort keys %case)
	{
		my ($change, $statement, $expected) = @{ $case{$what} };
		is(after_change($_, $change, $statement), $expected, "$what, $path: batching $_") for 'off', 'on';
	}
}

# Locked rows that are skipped count for no LIMIT.
for my $batch ('off', 'on')
{
	$second->query("SET evcrypt.batch = $batch");
	$first->query('BEGIN; SELECT FROM t WHERE id <= 5 FOR UPDATE');
	$second->is('SELECT decrypt(w) FROM t ORDER BY id LIMIT 3 FOR UPDATE SKIP LOCKED',
		"w 6\nw 7\nw 8", "SKIP LOCKED: batching $batch");
	$second->is('SELECT decrypt(w) FROM t LIMIT 3 OFFSET 1 FOR UPDATE SKIP LOCKED',
		"w 7\nw 8\nw 9", "SKIP LOCKED, OFFSET: batching $batch");
	$second->query('SELECT decrypt(w) FROM t ORDER BY id LIMIT 3 FOR UPDATE NOWAIT');
	is($second->sqlstate, '55P03', "NOWAIT: batching $batch");
	$first->query('ROLLBACK');
}

# Only the rows that are returned are locked.
$second->query('SET evcrypt.batch = on; BEGIN; SELECT decrypt(v) FROM t ORDER BY id LIMIT 3 FOR UPDATE');
$first->is('SELECT count(*) FROM (SELECT FROM t FOR UPDATE SKIP LOCKED) q', 37, 'three rows are locked');
$second->query('ROLLBACK');

$first->close;
$second->close;
$node->stop;
done_testing();
