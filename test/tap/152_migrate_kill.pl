# evcrypt migrate under pgbench's writes, killed with -9 four times and gone on with:
# every row is encrypted once and none is missed, says --verify, and says SQL beside a
# plaintext twin of the table.  EVCRYPT_MIGRATE_ROWS makes it larger, which is what
# test/migrate is for.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use IPC::Run ();
use MigrateTest;
use Test::More;
use Time::HiRes qw(time);

my $rows = $ENV{EVCRYPT_MIGRATE_ROWS} // 20000;
my $batch = $rows >= 100_000 ? 4096 : 200;

new_database('migrate_kill');
set_up(qq{CREATE TABLE t (id bigint PRIMARY KEY, ssn text, other int DEFAULT 0);
	INSERT INTO t SELECT 10 * i, CASE WHEN i % 50 = 0 THEN NULL ELSE 'ssn-' || i END FROM generate_series(1, $rows) i;
	INSERT INTO t SELECT 10 * i + 5, 'held' FROM generate_series(1, $rows, $batch) i;
	CREATE TABLE twin (id bigint PRIMARY KEY, ssn text); INSERT INTO twin SELECT id, ssn FROM t;
	CREATE SEQUENCE fresh; CREATE TABLE twice (id bigint);
	CREATE FUNCTION note_twice() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO twice VALUES (OLD.id); RETURN NULL; END'});

# A row that has a ciphertext and gets another, though nothing else of it is changed.
# It is made when the column is there.
my $watch = q{CREATE TRIGGER note_twice AFTER UPDATE ON t FOR EACH ROW
	WHEN (OLD.ssn_encrypted IS NOT NULL AND OLD.ssn IS NOT DISTINCT FROM NEW.ssn AND OLD.id = NEW.id
		AND NEW.ssn_encrypted::text IS DISTINCT FROM OLD.ssn_encrypted::text)
	EXECUTE FUNCTION note_twice()};

# New values, other columns, NULL and back, keys that go behind the walk and before it,
# new rows and rows that go; the twin's are changed in the same transaction.
my $script = CopyTest::input(<<"END");
\\set id 10 * random(1, $rows)
\\set what random(1, 10)
SELECT nextval('fresh') AS fresh \\gset
BEGIN;
\\if :what <= 3
UPDATE t SET ssn = 'changed-' || :fresh WHERE id = :id;
UPDATE twin SET ssn = 'changed-' || :fresh WHERE id = :id;
\\elif :what = 4
UPDATE t SET other = other + 1 WHERE id IN (:id, :id + 10);
\\elif :what = 5
UPDATE t SET ssn = CASE WHEN ssn IS NULL THEN 'new-' || :fresh END WHERE id = :id;
UPDATE twin SET ssn = CASE WHEN ssn IS NULL THEN 'new-' || :fresh END WHERE id = :id;
\\elif :what = 6
UPDATE t SET id = -:fresh WHERE id = :id;
UPDATE twin SET id = -:fresh WHERE id = :id;
\\elif :what = 7
UPDATE t SET id = 10 * $rows + 10 + :fresh, ssn = ssn || '+' WHERE id = :id;
UPDATE twin SET id = 10 * $rows + 10 + :fresh, ssn = ssn || '+' WHERE id = :id;
\\elif :what = 8
INSERT INTO t VALUES (-1000000000 - :fresh, 'inserted-' || :fresh);
INSERT INTO twin VALUES (-1000000000 - :fresh, 'inserted-' || :fresh);
\\elif :what = 9
INSERT INTO t VALUES (1000000000 + :fresh, 'inserted-' || :fresh);
INSERT INTO twin VALUES (1000000000 + :fresh, 'inserted-' || :fresh);
\\else
DELETE FROM t WHERE id = :id;
DELETE FROM twin WHERE id = :id;
\\endif
END;
END

END { kill 'CONT', $ENV{E3_PID} }

my $bench_err = "$CopyTest::DIR/pgbench.err";
# E3 will be stopped for a while, which the writers wait for.
local $ENV{PGOPTIONS} = "-c evcrypt.connect_timeout=${DEADLINE}s";
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-j', 2, '-T', 3600, '--max-tries', 1000, '-f', $script ],
	'<', \undef, '>', '/dev/null', '2>', $bench_err);
wait_until('pgbench writes', sub { query('SELECT last_value FROM fresh') > 100 });

my @job = ('migrate', '--table', 't', '--column', 'ssn', '--batch-rows', $batch, '--workers', 2);
my ($kills, $done) = (0, 0);

# kill -9, and then nobody runs the job.
sub kill_it
{
	my ($run) = @_;

	$run->{harness}->signal('KILL');
	$run->{harness}->finish;
	wait_until('the job is given up', sub { !progress()->{running} });
	my $job = progress();
	$kills++ if $job->{phase} eq 'encrypt';
	$done = $job->{rows_done};
	note("killed after $done rows");
	return;
}

# At once, when the trigger is there: E3 does not answer, and so pgbench waits as well.
kill 'STOP', $ENV{E3_PID};
my $run = start_evcrypt(@job);
wait_until('it has begun', sub { (progress()->{phase} // '') eq 'encrypt' });
kill_it($run);
kill 'CONT', $ENV{E3_PID};
query($watch);

my $holder = session();
for my $quarter (1 .. 3)
{
	# Rows that pgbench leaves alone: the workers come to them, and wait.
	my $from = int(10 * $rows * $quarter / 4);
	$holder->query("BEGIN; SELECT count(*) FROM (SELECT FROM t WHERE ssn = 'held' AND id > $from ORDER BY id LIMIT 4 FOR UPDATE) x");
	$run = start_evcrypt(@job);
	wait_until('both workers are in the middle', sub {
		query(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evcrypt' AND wait_event_type = 'Lock'}) == 2
		  and progress()->{rows_done} > $done });
	kill_it($run);
	# What the killed run has with the server may end now, beside the next run.
	$holder->query('ROLLBACK');
}
$holder->close;
is($kills, 4, 'it was killed at the beginning and three times in the middle');
cmp_ok(query('SELECT count(*) FROM t WHERE ssn IS NOT NULL AND ssn_encrypted IS NULL'), '>', 0, 'and there is more to do');

my $out = evcrypt_ok('the fifth run', @job);
like($out, qr/^ssn is encrypted in ssn_encrypted, /m, 'comes to the end');
evcrypt_ok('it is complete while pgbench goes on', 'migrate', '--table', 't', '--column', 'ssn', '--verify', '--workers', 2);
my $written = query('SELECT last_value FROM fresh');
wait_until('pgbench writes still', sub { -s $bench_err and die CopyTest::slurp($bench_err); query('SELECT last_value FROM fresh') > $written + 50 });
$bench->signal('INT');
$bench->finish;
wait_until('pgbench has ended', sub { query(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'}) == 0 });
is(CopyTest::slurp($bench_err), '', 'no write has failed');

evcrypt_ok('and afterwards', 'migrate', '--table', 't', '--column', 'ssn', '--verify');
is(query(q{SELECT count(*) FROM t FULL JOIN twin USING (id)
	WHERE t.id IS NULL OR twin.id IS NULL OR decrypt(ssn_encrypted) IS DISTINCT FROM twin.ssn OR t.ssn IS DISTINCT FROM twin.ssn}), 0,
	'every row is as its twin');
is(query('SELECT count(*) FROM twice'), 0, 'no row was encrypted twice');
note('transactions of pgbench: ', query('SELECT last_value FROM fresh'), ', rows: ', query('SELECT count(*) FROM t'));

# --- what it costs ---------------------------------------------------------------

sub timed
{
	my ($what, $code) = @_;
	my $start = time;

	$code->();
	my $seconds = time - $start;
	note(sprintf '%s: %.1f s, %.0f rows/s', $what, $seconds, $rows / $seconds);
	return;
}

sub size { return query("SELECT pg_table_size('$_[0]') / 1024 / 1024 || ' MB'"); }

set_up('DROP TABLE t, twin; DELETE FROM evcrypt_job');
for my $name ('once', 'one_worker', 'two_workers')
{
	set_up(qq{CREATE TABLE $name (id bigint PRIMARY KEY, ssn text);
		INSERT INTO $name SELECT i, 'ssn-' || i FROM generate_series(1, $rows) i});
	query("VACUUM ANALYZE $name");
}
my $plain = size('once');
set_up('ALTER TABLE once ADD ssn_encrypted encrypted');
timed('one UPDATE', sub { query('UPDATE once SET ssn_encrypted = encrypt(ssn)') });
timed('migrate', sub { evcrypt_ok('one worker', 'migrate', '--table', 'one_worker', '--column', 'ssn') });
timed('migrate --workers 2', sub { evcrypt_ok('two workers', 'migrate', '--table', 'two_workers', '--column', 'ssn', '--workers', 2) });
timed('--verify', sub { evcrypt_ok('verify', 'migrate', '--table', 'two_workers', '--column', 'ssn', '--verify') });
note("size: plaintext $plain, after one UPDATE ", size('once'), ', after migrate ', size('one_worker'));
query("VACUUM FULL $_") for 'once', 'one_worker';
note('after VACUUM FULL: ', size('once'), ' and ', size('one_worker'));

done_testing();
