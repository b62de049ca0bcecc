# A large load in flat memory, whose E3 dies on the way and comes back: an error, or all
# of the rows; and what each costs in requests.
use strict;
use warnings;

use CopyTest;
use E3Client;
use Files;
use Test::More;

my $RELEASE = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release';
my $ROWS = $RELEASE ? 5_000_000 : 200_000;
my $BATCH = 4096;
my $MB = 64;

# Anonymous memory: shared buffers that a backend has looked at are not its own.
sub rss_kb
{
	my ($pid) = @_;

	return slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m ? $1 : die "no process $pid";
}

my $e3 = second_e3();
my $session = session();
set_up('CREATE UNLOGGED TABLE big (id int, ssn encrypted) WITH (autovacuum_enabled = off)');
$session->query("SET evcrypt.endpoints = 'unix:$e3->{socket}'");
$session->query(q{SELECT encrypt('warm')});

my $file = "$CopyTest::DIR/big.csv";
query("COPY (SELECT i, 'value ' || i FROM generate_series(1, $ROWS) i) TO '$file' (FORMAT csv)");
my $copy = "COPY big FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))";

# The same, whose last quarter comes when there is a file: it cannot end before E3 does.
my $gate = "$CopyTest::DIR/gate";
my $early = $ROWS * 3 / 4;
my $gated = "COPY big FROM PROGRAM 'head -n $early $file; until [ -e $gate ]; do sleep 0.02; done;"
	. " tail -n +@{[$early + 1]} $file' WITH (FORMAT csv, ENCRYPT (ssn))";

# Runs a load; the most memory that the backend had meanwhile, and what $each says.
sub load_watched
{
	my ($load, $each) = @_;
	my $most = 0;

	$session->send($load);
	until ($session->done)
	{
		my $now = rss_kb($session->{backend});
		$most = $now if $now > $most;
		$each->() if $each;
	}
	$session->receive;
	return $most;
}

sub progress
{
	return query("SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy WHERE pid = $session->{backend}");
}

sub whole
{
	return query("SELECT count(*), count(*) FILTER (WHERE decrypt(ssn) = 'value ' || id), count(DISTINCT id) FROM big");
}

# --- memory and requests ---------------------------------------------------

my $watch = E3Client->new($e3->{socket});
my $before = rss_kb($session->{backend});
my $requests = $watch->stats->{requests_encrypt};
my $most = load_watched($copy);
is($session->sqlstate, '00000', "$ROWS rows are loaded") or diag($session->{error});
is($watch->stats->{requests_encrypt} - $requests, int(($ROWS + $BATCH - 1) / $BATCH), 'a request a batch');
cmp_ok($most - $before, '<', $MB * 1024, sprintf('memory grew by %d MB at most', ($most - $before) / 1024));
is(whole(), "$ROWS|$ROWS|$ROWS", 'all of them are right');
$session->query('TRUNCATE big');
$watch->close if $watch->can('close');

SKIP:
{
	skip 'ON_ERROR: PostgreSQL 17', 2 if $MAJOR < 17;
	set_up('CREATE TABLE skips (name text, id int, ssn encrypted)');
	my $start = rss_kb($session->{backend});
	my $name = 'x' x 500;
	for my $first ('', "a,1,b\n")
	{
		$session->query("COPY skips FROM PROGRAM 'printf ''$first''; yes $name,y,z | head -n 400000'
			WITH (FORMAT csv, ON_ERROR ignore, ENCRYPT (ssn))");
		cmp_ok(rss_kb($session->{backend}) - $start, '<', $MB * 1024, 'rows that are skipped leave nothing in memory');
	}
	set_up('DROP TABLE skips');
}

# --- killed and restarted --------------------------------------------------

for my $round (1 .. 2)
{
	my $killed = 0;
	my $at = $ROWS * $round / 4;

	unlink $gate;
	load_watched($gated, sub {
		return if $killed or progress() < $at;
		$e3->kill9;
		$e3->start;
		spit($gate, '');
		$killed = 1;
	});
	ok($killed, "round $round: E3 was killed in the middle");
	my $state = $session->sqlstate;
	if ($state eq '00000')
	{
		is(whole(), "$ROWS|$ROWS|$ROWS", "round $round: by a retry all rows are there");
	}
	else
	{
		like($state, qr/^08/, "round $round: the load fails, and says that the connection was lost");
		is(query('SELECT count(*) FROM big'), 0, "round $round: and nothing is there");
	}
	$session->query('TRUNCATE big');
}

# --- dead for good ---------------------------------------------------------

my $dead = 0;

unlink $gate;
load_watched($gated, sub {
	return if $dead or progress() < $ROWS / 4;
	$e3->kill9;
	spit($gate, '');
	$dead = 1;
});
like($session->sqlstate, qr/^08/, 'without E3 the load fails');
like($session->{error}, qr/^CONTEXT:  COPY big, lines \d+ to \d+$/m, 'and says which rows had been sent');
is(query('SELECT count(*) FROM big'), 0, 'nothing is there');
$e3->start;
load_watched($copy);
is($session->sqlstate, '00000', 'the same session loads it when E3 is back');
is(whole(), "$ROWS|$ROWS|$ROWS", 'all of it');
cmp_ok(rss_kb($session->{backend}) - $before, '<', $MB * 1024, 'and its memory is what it was');

# --- a dump needs no E3 ----------------------------------------------------

my $out = "$CopyTest::DIR/ciphertexts";
$session->query("CREATE TABLE few AS SELECT * FROM big WHERE id <= 1000; CREATE TABLE again (LIKE few)");
$e3->kill9;
for my $format ('csv', 'text', 'binary')
{
	$session->query("TRUNCATE again; COPY few TO '$out' (FORMAT $format); COPY again FROM '$out' (FORMAT $format)");
	is($session->sqlstate, '00000', "$format: ciphertexts go out and in without E3");
	is(query('SELECT count(*) FROM few JOIN again USING (id) WHERE few.ssn::text = again.ssn::text'), 1000,
		"$format: byte for byte");
}
$session->query($copy);
like($session->sqlstate, qr/^08/, 'plaintexts do not go in');

$session->close;
set_up('DROP TABLE big, few, again');
done_testing();
