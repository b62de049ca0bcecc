# Plaintext that a statement only passes on is not written to temporary files;
# where it must be sorted or hashed itself, the search finds it, so it works.
# Release build only: it is about plans.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

# Part of every plaintext; a hundred bytes that do not compress into nothing.
my $CANARY = 'tweety-9b1de';

my $e3 = start_e3();
$e3->ctl('index', 'add', 'default');
my $node = new_node('spill', $e3, extra => "work_mem = 64kB\nmax_parallel_workers_per_gather = 0\nhash_mem_multiplier = 1\n"
	. "# Plans as for a whole result.\ncursor_tuple_fraction = 1.0");
my $session = session($node);

$session->query(qq{
	CREATE TABLE t (id int PRIMARY KEY, part int, x int, v encrypted, n encrypted);
	INSERT INTO t SELECT i, i / 2500, i * 7919 % 10007, encrypt('$CANARY' || repeat(md5(i::text), 3)), encrypt(i)
		FROM generate_series(1, 10000) i;
	CREATE INDEX ON t (part);
	CREATE TABLE parted (x int, v encrypted) PARTITION BY RANGE (x);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (5000);
	CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (5000) TO (20000);
	INSERT INTO parted SELECT x, v FROM t;
	ANALYZE t;
	ANALYZE parted});
die $session->{error} if $session->{error} =~ /ERROR/;

# Is the canary in a temporary file while a cursor has given its first row?
# Returns the number of temporary bytes, too.
sub spilled
{
	my ($batch, $sql) = @_;

	$session->query("BEGIN; SET LOCAL evcrypt.batch = $batch");
	my ($set, $query) = $sql =~ /^((?:SET.*?;\s+)*)(.*)$/s;
	$session->query($set) if $set;
	$session->query("DECLARE c NO SCROLL CURSOR FOR $query");
	my $row = $session->query('FETCH 1 c');
	die "$sql: $session->{error}" if $session->{error} =~ /ERROR/;
	my @files = glob $node->data_dir . '/base/pgsql_tmp/* ' . $node->data_dir . '/base/pgsql_tmp/*/*';
	my ($bytes, $found) = (0, 0);
	for my $file (grep { -f } @files)
	{
		$bytes += -s $file;
		$found = 1 if slurp($file) =~ /\Q$CANARY\E/;
	}
	$session->query('ROLLBACK');
	like($row, qr/\Q$CANARY\E|^\d+$/m, 'a row came');
	return ($found, $bytes);
}

# A Sort that sorts by something else: the call is made above it.
my %kept = (
	'ORDER BY' => 'SELECT id, decrypt(v) FROM t ORDER BY x',
	'ORDER BY two columns' => 'SELECT id, decrypt(v) FROM t ORDER BY x DESC, id',
	'ORDER BY an expression' => 'SELECT id, decrypt(v) FROM t ORDER BY lower(x::text)',
	'ORDER BY arithmetic' => 'SELECT id, decrypt(v) FROM t ORDER BY x % 1000, id',
	'ORDER BY a column and an expression' => "SELECT id, decrypt(v) FROM t ORDER BY x DESC, id || ''",
	'ORDER BY an expression that is given out' => 'SELECT id, x % 1000 AS m, x % 1000 + 1, decrypt(v) FROM t ORDER BY m',
	'ORDER BY a VOLATILE expression' => 'SELECT id, decrypt(v) FROM t ORDER BY random()',
	'ORDER BY a call on something else' => 'SELECT id, decrypt(v) FROM t ORDER BY decrypt(n)',
	'ORDER BY a blind index' => 'SELECT id, decrypt(v) FROM t ORDER BY blind_index(x::text)',
	'ORDER BY a call, DESC, and given out' => 'SELECT decrypt_as(n, NULL::int) AS d, decrypt(v) FROM t ORDER BY d DESC',
	'ORDER BY a guarded call' =>
		"SELECT id, decrypt(v) FROM t ORDER BY CASE WHEN id % 2 = 0 THEN decrypt_as(n, NULL::int) END, x % 1000",
	'ORDER BY nested calls' => 'SELECT id, decrypt(v) FROM t ORDER BY decrypt(encrypt(decrypt(n)))',
	'ORDER BY an expression over such a call' =>
		"SELECT id, decrypt(v), try_decrypt(v) FROM t ORDER BY lower(decrypt(n)) || 'x', id",
	'expression and filter by a call' => "SELECT id, decrypt(v) FROM t WHERE decrypt(v) LIKE '$CANARY%' ORDER BY x % 1000",
	'incremental sort by an expression' => 'SET LOCAL enable_seqscan = off; SELECT part, decrypt(v) FROM t ORDER BY part, x % 1000',
	'DISTINCT ON an expression' => 'SELECT DISTINCT ON (x % 5000) x, decrypt(v) FROM t ORDER BY x % 5000',
	'window over an expression' => 'SELECT id, decrypt(v), row_number() OVER (ORDER BY x % 5000) FROM t',
	'sort over groups' => 'SET LOCAL enable_hashagg = off; SELECT x, decrypt(v) FROM t GROUP BY x, id ORDER BY x % 5000',
	'sort over a window' => 'SELECT id, decrypt(v), row_number() OVER (ORDER BY x) AS n FROM t ORDER BY row_number() OVER (ORDER BY x) % 5000',
	'LIMIT by an expression' => 'SELECT id, decrypt(v) FROM t ORDER BY x % 1000 LIMIT 9000',
	'two calls' => 'SELECT id, decrypt(v), try_decrypt(v) FROM t ORDER BY x',
	'filter by a call' => "SELECT id, decrypt(v) FROM t WHERE decrypt(v) LIKE '$CANARY%' ORDER BY x",
	'incremental sort' => 'SET LOCAL enable_seqscan = off; SELECT part, decrypt(v) FROM t ORDER BY part, x',
	'subquery' => 'SELECT d FROM (SELECT decrypt(v) AS d FROM t ORDER BY x OFFSET 0) q',
	'DISTINCT ON' => 'SELECT DISTINCT ON (x) x, decrypt(v) FROM t ORDER BY x',
	'window over a column' => 'SELECT id, decrypt(v), row_number() OVER (ORDER BY x) FROM t',
	'merge join' => 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id, decrypt(a.v) FROM t a JOIN t b ON a.x = b.x',
	'merge join of a subquery' => 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.d FROM (SELECT x, decrypt(v) AS d FROM t OFFSET 0) a JOIN t b ON a.x = b.x',
	'partitions' => 'SELECT x, decrypt(v) FROM parted ORDER BY x % 1000',
	'LIMIT' => 'SELECT id, decrypt(v) FROM t ORDER BY x LIMIT 9000');

# What is known to be written all the same; docs/sql.md says so.
my %gap = ('merge join of a subquery' => 'a subquery stands between the call and the sort',
	'partitions' => 'they are put together between the call and the sort');
our $TODO;

for my $what (sort keys %kept)
{
	my ($found, $bytes) = spilled('on', $kept{$what});

	{
		local $TODO = $gap{$what};
		is($found, 0, "$what: no plaintext in temporary files");
	}
	cmp_ok($bytes, '>', 100_000, "$what: there are temporary files");
}

# Arguments of what is expected to spill are not decrypted below it.
my %scalar = (
	'hashed aggregate' => 'SET LOCAL enable_sort = off; SELECT max(decrypt(v)) FROM t GROUP BY x',
	'grouping sets' => 'SET LOCAL enable_sort = off; SELECT max(decrypt(v)) FROM t GROUP BY GROUPING SETS ((x), (id % 5000))',
	'sorted grouping sets' => 'SET LOCAL enable_hashagg = off; SELECT max(decrypt(v)) FROM t GROUP BY GROUPING SETS ((x), (part))',
	'percent_rank' => 'SELECT id, percent_rank() OVER w, max(decrypt(v)) OVER w FROM t WINDOW w AS (ORDER BY x)',
	'first_value' => 'SELECT id, first_value(part) OVER w, max(decrypt(v)) OVER w FROM t WINDOW w AS (ORDER BY x)',
	'lead' => 'SELECT id, lead(part, 9000) OVER w, max(decrypt(v)) OVER w FROM t WINDOW w AS (ORDER BY x)',
	'window over all rows' => 'SELECT max(decrypt(v)) OVER () FROM t',
	'hash join' => 'SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
		SELECT a.id FROM t a JOIN t b ON a.x = b.x AND decrypt(a.v) = decrypt(b.v)');
for my $what (sort keys %scalar)
{
	for my $batch ('on', 'off')
	{
		my ($found, $bytes) = spilled($batch, "SET LOCAL evcrypt.batch_rows = 64; $scalar{$what}");
		is($found, 0, "$what, batching $batch: no plaintext in temporary files");
		cmp_ok($bytes, '>', 100_000, "$what, batching $batch: there are temporary files");
	}
}

# The search finds what is there.
my ($found) = spilled('on', 'SELECT decrypt(v) FROM t ORDER BY decrypt(v)');
ok($found, 'a sort by plaintext writes it');
my ($off) = spilled('off', $kept{'ORDER BY'});
note('ORDER BY a column, batching off: plaintext ' . ($off ? 'is' : 'is not') . ' in temporary files');

$session->close;
$node->stop;
done_testing();
