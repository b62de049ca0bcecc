# What EXPLAIN says of batches, in its four formats, and what it does not do.
# Release build only: it is about plans.
use strict;
use warnings;

use Batching;
use E3Client;
use EvcryptTest;
use JSON::PP;
use Test::More;

my $e3 = start_e3();
my $node = new_node('explain', $e3);
my $session = session($node);
my $watch = E3Client->new($e3->{socket});

set_up($session, q{
	SET max_parallel_workers_per_gather = 0;
	CREATE TABLE t (id int PRIMARY KEY, v encrypted);
	INSERT INTO t SELECT i, encrypt('name ' || i) FROM generate_series(1, 1000) i});
my $SQL = q{SELECT id, decrypt(v), try_decrypt(v) FROM t};

my %shown = (
	text => qr/Custom Scan \(Evcrypt Batch\).*Batched Calls: /s,
	xml => qr/<Custom-Plan-Provider>Evcrypt Batch<.*<Batched-Calls>/s,
	json => qr/"Custom Plan Provider": "Evcrypt Batch".*"Batched Calls": \[/s,
	yaml => qr/Custom Plan Provider: "Evcrypt Batch".*Batched Calls: /s);
my %counted = (
	text => qr/Requests: [1-9]\d*\n.*Values: 1000\n.*E3 Time: [\d.]+ ms\n.*Wait Time: [\d.]+ ms/s,
	xml => qr/<Requests>[1-9]\d*<.*<Values>1000<.*<E3-Time>[\d.]+<.*<Wait-Time>[\d.]+</s,
	json => qr/"Requests": [1-9]\d*,.*"Values": 1000,.*"E3 Time": [\d.]+,.*"Wait Time": [\d.]+/s,
	yaml => qr/Requests: [1-9]\d*\n.*Values: 1000\n.*E3 Time: [\d.]+\n.*Wait Time: [\d.]+/s);
for my $format (sort keys %shown)
{
	my $plan = $session->query("EXPLAIN (FORMAT $format) $SQL");
	like($plan, $shown{$format}, "$format: the node");
	unlike($plan, qr/Wait.Time/, "$format: no counters without ANALYZE");
	$plan = $session->query("EXPLAIN (ANALYZE, FORMAT $format) $SQL");
	like($plan, $counted{$format}, "$format: ANALYZE counts");
	$plan = $session->query("EXPLAIN (VERBOSE, FORMAT $format) SELECT encrypt(id) FROM t");
	like($plan, qr/p256/i, "$format: VERBOSE names the curve");
	like($plan, qr/QkTC/, "$format: and the format");
	$plan = $session->query("BEGIN; SET LOCAL evcrypt.curve = secp256k1;
		EXPLAIN (VERBOSE, FORMAT $format) SELECT encrypt(id) FROM t; ROLLBACK");
	like($plan, qr/secp256k1.*S0lS/is, "$format: the other curve");
	$plan = $session->query("EXPLAIN (ANALYZE, TIMING OFF, FORMAT $format) $SQL");
	unlike($plan, qr/Wait.Time/, "$format: TIMING OFF shows no times");
	is(requests_of($session, $watch, "EXPLAIN (FORMAT $format) $SQL"), 0, "$format: EXPLAIN asks nothing");
}

# The structure can be read by programs, and its numbers are E3's.
my $before = $watch->stats;
my $plan = decode_json($session->query("EXPLAIN (ANALYZE, FORMAT json) $SQL"))->[0]{Plan};
my $after = $watch->stats;
is($plan->{'Custom Plan Provider'}, 'Evcrypt Batch', 'the node in JSON');
is_deeply([ sort @{ $plan->{'Batched Calls'} } ], [ 'decrypt', 'try_decrypt' ], 'its calls');
is($plan->{Requests}, $after->{requests_decrypt} - $before->{requests_decrypt}, 'requests as E3 counts them');
is($plan->{Values}, $after->{values_done} - $before->{values_done}, 'values as E3 counts them');
is($plan->{'Actual Rows'}, 1000, 'rows');
cmp_ok($plan->{'Bytes Sent'}, '>', 1000 * 60, 'bytes sent');
cmp_ok($plan->{'Bytes Received'}, '>', 1000 * 6, 'bytes received');

# VERBOSE shows calls where they are made, and the arguments they have.
for my $sql ('SELECT sum(length(decrypt(v))) FROM t', q{SELECT id FROM t WHERE decrypt(v) = 'x'},
	'SELECT decrypt(encrypt(decrypt(v))) FROM t', 'SELECT decrypt(v) FROM t ORDER BY id LIMIT 3',
	'SELECT max(decrypt(v)) OVER (PARTITION BY id % 3) FROM t', 'INSERT INTO t SELECT id + 1000, encrypt(id) FROM t',
	q{INSERT INTO t VALUES (2001, encrypt('a')), (2002, encrypt('b'))},
	'SELECT a.id FROM t a JOIN t b ON decrypt(a.v) = decrypt(b.v)',
	q{UPDATE t SET v = encrypt(decrypt(v) || 'x') WHERE decrypt(v) LIKE 'n%'},
	'WITH w AS MATERIALIZED (SELECT decrypt(v) AS d FROM t) SELECT d FROM w',
	'SELECT id, (SELECT decrypt(b.v) FROM t b WHERE b.id = a.id) FROM t a')
{
	like($session->query("EXPLAIN (VERBOSE, COSTS OFF) $sql"), qr/crypt\(/, "VERBOSE: $sql");
	is($session->{error}, '', 'no error');
	$session->query("BEGIN; EXPLAIN (ANALYZE, VERBOSE) $sql; ROLLBACK");
	is($session->{error}, '', 'nor with ANALYZE');
}

# What stays scalar is named, once a plan.
my %left = (
	'RETURNING' => q{INSERT INTO t SELECT id + 1000, encrypt(id) FROM t RETURNING try_decrypt(v)},
	'a join condition' => q{SELECT decrypt(a.v) FROM t a JOIN t b ON a.id < 3 AND b.id < 3 AND try_decrypt(a.v) <= try_decrypt(b.v)},
	'a row comparison' => q{SELECT decrypt(v) FROM t WHERE (id, try_decrypt(v)) > (5, 'a')},
	'a guard that is VOLATILE' => q{SELECT decrypt(v), CASE WHEN random() < 2 THEN try_decrypt(v) END FROM t},
	'a sub-plan' => q{SELECT decrypt(v), (SELECT try_decrypt(t.v)) FROM t});
$left{'a condition of MERGE'} = q{MERGE INTO t USING (SELECT 'name ' || id AS d FROM t) s
	ON try_decrypt(t.v) = s.d WHEN NOT MATCHED BY SOURCE THEN DELETE} if $session->query('SHOW server_version_num') >= 170000;
for my $what (sort keys %left)
{
	my $text = $session->query("EXPLAIN (COSTS OFF) $left{$what}");
	my @lines = $text =~ /Scalar Calls: (.*)/g;
	is_deeply(\@lines, ['try_decrypt'], "scalar: $what") or diag($text);
}
like($session->query("EXPLAIN (FORMAT json) $left{'a row comparison'}"), qr/"Scalar Calls": \["try_decrypt"\]/, 'in JSON');
unlike($session->query("EXPLAIN $SQL"), qr/Scalar Calls/, 'nothing is left');
unlike($session->query(q{EXPLAIN SELECT decrypt(v) FROM t WHERE v IS NOT NULL AND decrypt('ev:x') <> 'y'} =~ s/'ev:x'/(SELECT v FROM t LIMIT 1)/r),
	qr/Scalar Calls: decrypt, decrypt/, 'a name once');

# Plans that are cached follow the setting.
$session->query('PREPARE cached AS SELECT decrypt(v) FROM t WHERE id < 100; SET plan_cache_mode = force_generic_plan');
cmp_ok(requests_of($session, $watch, 'EXECUTE cached'), '<=', 10, 'a cached plan is batched');
$session->query('SET evcrypt.batch = off');
is(requests_of($session, $watch, 'EXECUTE cached'), 99, 'not after SET evcrypt.batch = off');
$session->query('RESET evcrypt.batch');
cmp_ok(requests_of($session, $watch, 'EXECUTE cached'), '<=', 10, 'and again after RESET');
$session->query('BEGIN; SET LOCAL evcrypt.batch = off; ROLLBACK');
cmp_ok(requests_of($session, $watch, 'EXECUTE cached'), '<=', 10, 'and after a ROLLBACK');

# Of a plan's nodes, those that a setting disables are marked, and no others: since 18.
SKIP:
{
	skip 'EXPLAIN marks disabled nodes since PostgreSQL 18', 2 if $session->query('SHOW server_version_num') < 180000;
	for my $sql ('SELECT id % 3, max(decrypt(v)) FROM t GROUP BY 1', 'SELECT decrypt(v), sum(id) OVER () FROM t ORDER BY v::text LIMIT 5')
	{
		$plan = $session->query("SET enable_seqscan = off; EXPLAIN (COSTS OFF) $sql; RESET enable_seqscan");
		is(scalar(() = $plan =~ /Disabled: true/g), 1, "one node is disabled: $sql") or diag($plan);
	}
}

# Off is off.
$session->query('SET evcrypt.batch = off');
unlike($session->query("EXPLAIN $SQL"), qr/Evcrypt/, 'no node with evcrypt.batch off');

$watch->close;
$session->close;
$node->stop;
done_testing();
