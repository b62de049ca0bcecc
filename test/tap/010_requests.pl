# Planning makes no request, by E3's own count; executing does.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('requests', $e3);
my $session = session($node);
my $watch = E3Client->new($e3->{socket});

# Requests with values that a statement makes.
sub requests_of
{
	my ($sql) = @_;
	my $count = sub { my $stats = $watch->stats; $stats->{requests_encrypt} + $stats->{requests_decrypt} };
	my $before = $count->();

	$session->query($sql);
	BAIL_OUT("$sql: $session->{error}") if $session->sqlstate ne '00000';
	return $count->() - $before;
}

$session->query(q{
	CREATE TABLE t (id int PRIMARY KEY, name text, v encrypted);
	INSERT INTO t SELECT i, 'name ' || i, encrypt('name ' || i) FROM generate_series(1, 20) i;
	CREATE INDEX t_name ON t (name);
	CREATE TABLE parted (key text, n int) PARTITION BY LIST (key);
	CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('name 1');
	CREATE TABLE parted_b PARTITION OF parted DEFAULT;
	INSERT INTO parted VALUES ('name 1', 1), ('name 2', 2);
	ANALYZE t});
my $name = $session->query('SELECT v FROM t WHERE id = 1');
my $three = $session->query(q{SELECT encrypt(3)});
is($session->sqlstate, '00000', 'set up');

my %statement = (
	'select list' => "SELECT decrypt('$name')",
	'over a table' => 'SELECT decrypt(v) FROM t',
	'col = decrypt(const)' => "SELECT id FROM t WHERE name = decrypt('$name')",
	'LIMIT' => "SELECT id FROM t LIMIT decrypt_as('$three', NULL::int)",
	'partition key' => "SELECT n FROM parted WHERE key = decrypt('$name')",
	'try_decrypt' => "SELECT try_decrypt('$name')",
	'encrypt' => q{SELECT encrypt('x')},
	'INSERT' => q{INSERT INTO t SELECT id + 1000, name, encrypt(name) FROM t WHERE id < 3});

for my $what (sort keys %statement)
{
	my $sql = $statement{$what};

	is(requests_of("EXPLAIN $sql"), 0, "EXPLAIN: $what");
	is(requests_of("EXPLAIN (VERBOSE, COSTS OFF) $sql"), 0, "EXPLAIN VERBOSE: $what");
	my $plan = $session->query("EXPLAIN (VERBOSE, COSTS OFF) $sql");
	unlike($plan, qr/'name 1'/, 'and shows no plaintext');
	is(requests_of("PREPARE s AS $sql"), 0, "PREPARE: $what");
	cmp_ok(requests_of('EXECUTE s'), '>', 0, "EXECUTE: $what");
	$session->query('DEALLOCATE s; DELETE FROM t WHERE id > 1000');
	cmp_ok(requests_of($sql), '>', 0, "executed: $what");
	$session->query('DELETE FROM t WHERE id > 1000');
}

# The index and the pruning stay.
like($session->query("SET enable_seqscan = off; EXPLAIN (COSTS OFF) $statement{'col = decrypt(const)'}"),
	qr/Index.*Scan using t_name/, 'the index is used');

# With parameters as well, in both kinds of plan.
for my $mode ('force_generic_plan', 'force_custom_plan')
{
	$session->query("SET plan_cache_mode = $mode");
	$session->query('PREPARE p(encrypted) AS SELECT id FROM t WHERE name = decrypt($1)');
	is(requests_of("EXPLAIN EXECUTE p('$name')"), 0, "EXPLAIN EXECUTE, $mode");
	$session->is("EXECUTE p('$name')", 1, 'finds its row');
	$session->query('DEALLOCATE p');
}

$watch->close;
$session->close;
$node->stop;
done_testing();
