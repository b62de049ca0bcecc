# E3 is killed every two seconds under pgbench with eight clients that encrypt,
# decrypt and compare.  With one endpoint statements fail by name, and the first that
# comes when E3 is back works; with two of which one is killed at a time none fails.
# No backend crashes, no value is wrong, no plaintext is stored.
#
# EVCRYPT_KILL_SECONDS: how long each of the two takes; test/kill sets it.
# Release build only: it is about the client.
use strict;
use warnings;

use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $SECONDS = $ENV{EVCRYPT_KILL_SECONDS} // 6;
my $CLIENTS = 8;
my $VALUES = 20;          # of each statement
my $RATE = 300;           # rounds a second, of all clients
my $PERIOD = 2;
my $AWAY = 0.3;           # how long E3 stays away, where there is one
my $BACK_MS = 1000;       # by then the next statement must work

my $first = start_e3();
my $second = start_e3(like => $first);
my $node = new_node('kill', $first,
	extra => "log_min_error_statement = panic\nmax_wal_size = '8GB'\n");

# In a stored text the canary is in two pieces.
$node->safe_psql('postgres', qq{
	CREATE TABLE control AS SELECT 'kill-control' AS plain;
	CREATE TABLE store (id int, n int, v encrypted);
	CREATE UNLOGGED TABLE wrong (id int, n int);
	CREATE UNLOGGED TABLE outcome (at timestamptz, client int, state text);
	CREATE FUNCTION canary(id int, n int) RETURNS text LANGUAGE sql IMMUTABLE
		RETURN 'kill-' || 'canary ' || id || ' ' || n;
	CREATE PROCEDURE one_round(client int, i int) LANGUAGE plpgsql AS \$\$
	DECLARE state text := 'ok';
	BEGIN
		BEGIN
			INSERT INTO store SELECT i, n, encrypt(canary(i, n)) FROM generate_series(1, $VALUES) n;
			INSERT INTO wrong SELECT id, n FROM store WHERE id = i
				AND decrypt(v) IS DISTINCT FROM canary(id, n);
		EXCEPTION WHEN OTHERS THEN
			state := SQLSTATE;
		END;
		INSERT INTO outcome VALUES (clock_timestamp(), client, state);
	END \$\$;
	CREATE INDEX ON store (id)});
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
spit($node->basedir . '/caught.sql', "\\set i random(1, 1000000000)\nCALL one_round(:client_id, :i);\n");
spit($node->basedir . '/plain.sql', <<"END");
\\set i random(1, 1000000000)
INSERT INTO store SELECT :i, n, encrypt(canary(:i, n)) FROM generate_series(1, $VALUES) n;
INSERT INTO wrong SELECT id, n FROM store WHERE id = :i AND decrypt(v) IS DISTINCT FROM canary(id, n);
END

# Runs pgbench while "kill" is called every two seconds; its output.
sub run_pgbench
{
	my ($script, $kill) = @_;
	my ($out, $err) = ('', '');
	my $pgbench = IPC::Run::start(
		[ 'pgbench', '-n', '-c', $CLIENTS, '-j', 2, '-T', $SECONDS, '-R', $RATE, '-f', $node->basedir . "/$script",
			$node->connstr('postgres') ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($SECONDS + $EvcryptTest::DEADLINE));
	my $end = time + $SECONDS - 1;
	my $next = time + 1;

	while (time < $end)
	{
		$pgbench->pump_nb;
		select undef, undef, undef, 0.01;
		next if time < $next;
		$kill->();
		$next += $PERIOD;
	}
	$pgbench->finish;
	return ($pgbench->result(0), "$out$err");
}

sub value { return $node->safe_psql('postgres', $_[0]); }

sub is_sound
{
	my ($what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(value('SELECT pg_postmaster_start_time()'), $started, "$what: no backend has crashed");
	unlike(slurp($node->logfile), qr/terminated by signal|PANIC/, 'nor does the log say so');
	is(value('SELECT count(*) FROM wrong'), 0, 'no value was wrong when it was read');
	is(value('SELECT count(*) FROM store WHERE decrypt(v) IS DISTINCT FROM canary(id, n)'), 0,
		'nor is one now');
	is(value("SELECT count(*) FROM (SELECT FROM store GROUP BY id HAVING count(*) % $VALUES <> 0) q"), 0,
		'nor is there half a statement');
	return;
}

# --- one endpoint -----------------------------------------------------------------

my @back;    # when E3 was back, by the server's clock
my $kills = 0;
my ($status, $report) = run_pgbench('caught.sql', sub {
	$kills++;
	$first->kill9;
	select undef, undef, undef, $AWAY;
	$first->start;
	push @back, value('SELECT clock_timestamp()');
});

is($status, 0, 'one endpoint: pgbench ends well') or diag($report);
my %count = map { split /\|/ } split /\n/, value('SELECT state, count(*) FROM outcome GROUP BY state');
my $failed = 0;
$failed += $count{$_} for grep { $_ ne 'ok' } keys %count;
diag("one endpoint, $SECONDS s: E3 was killed $kills times, $count{ok} rounds of $CLIENTS clients good, $failed failed");
cmp_ok($count{ok}, '>', 10 * $SECONDS, "$count{ok} rounds were good");
cmp_ok($failed, '>', 0, "$failed failed");
is_deeply([ grep { !/^(?:ok|08001|08006)$/ } keys %count ], [], 'of nothing but lost connections');
my $back = join ', ', map { "('$_'::timestamptz)" } @back;
my $slowest = value(qq{
	SELECT max(ms)::int FROM (SELECT extract(epoch FROM (
			SELECT min(at) FROM outcome WHERE at >= back AND state = 'ok' AND client = c) - back) * 1000 AS ms
		FROM (VALUES $back) b(back), generate_series(0, $CLIENTS - 1) c
		WHERE back < (SELECT max(at) - interval '1 s' FROM outcome)) q});
diag("the slowest client was served $slowest ms after E3 was back");
cmp_ok($slowest, '<', $BACK_MS, "every client is served $slowest ms after E3 is back, at the latest");
is_sound('one endpoint');

# --- two endpoints ------------------------------------------------------------------

$node->append_conf('postgresql.conf', "evcrypt.endpoints = 'unix:$first->{socket}, unix:$second->{socket}'");
$node->reload;
$kills = 0;
($status, $report) = run_pgbench('plain.sql', sub {
	my $e3 = $kills++ % 2 ? $second : $first;

	$e3->kill9;
	$e3->start;
});
is($status, 0, 'two endpoints: no statement has failed') or diag($report);
my ($done) = $report =~ /number of transactions actually processed: (\d+)/;
diag("two endpoints, $SECONDS s: one was killed $kills times, $done transactions, none failed");
cmp_ok($done, '>', 10 * $SECONDS, "of $done transactions");
is_sound('two endpoints');

# --- what is on disk --------------------------------------------------------------------

$node->safe_psql('postgres', 'CHECKPOINT');
$node->stop;

# Does any file below the data directory hold this text?
sub on_disk { return system('grep', '-rqaF', '--', $_[0], $node->data_dir) == 0; }

ok(on_disk('kill-control'), 'plaintext on disk would be found');
ok(!on_disk('kill-canary'), 'there is none of the values');
done_testing();
