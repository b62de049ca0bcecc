# evcrypt migrate beside others: a second run, signals, locks that are held, deadlocks,
# an E3 that goes away, and a server that does.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use MigrateTest;
use Test::More;

new_database('migrate_busy');
my @job = ('migrate', '--table', 't', '--column', 'v', '--batch-rows', 50);

sub new_table
{
	set_up(q{DROP TABLE IF EXISTS t; DELETE FROM evcrypt_job; CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0);
		INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 1000) i});
	return;
}

# Everything is encrypted, once the command has been run (again).
sub comes_to_its_end
{
	my ($name, @options) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	evcrypt_ok("$name: to the end", @job, @options);
	evcrypt_ok("$name: verified", 'migrate', '--table', 't', '--column', 'v', '--verify');
	is(query('SELECT count(*) FROM t WHERE decrypt(v_encrypted) = v'), query('SELECT count(*) FROM t'), "$name: every row");
	return;
}

my $waiting = q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evcrypt' AND wait_event_type = 'Lock'};
my $holder = session();

# It has begun, and waits for a row in the middle that is held.
sub held_in_the_middle
{
	my (@options) = @_;

	new_table();
	# The trigger first, which would wait for the holder.
	kill 'STOP', $ENV{E3_PID};
	my $first = start_evcrypt(@job);
	wait_until('it has begun', sub { (progress()->{phase} // '') eq 'encrypt' });
	$first->{harness}->signal('KILL');
	$first->{harness}->finish;
	kill 'CONT', $ENV{E3_PID};
	wait_until('it has ended', sub { query(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evcrypt'}) == 0 });
	$holder->query('BEGIN; UPDATE t SET n = n + 1 WHERE id = 500');
	my $run = start_evcrypt(@job, @options);
	wait_until('it waits', sub { query($waiting) > 0 });
	return $run;
}

END { kill 'CONT', $ENV{E3_PID} }

# --- a second run -----------------------------------------------------------------

my $run = held_in_the_middle();
is(progress()->{running}, 1, 'evcrypt_progress says that it runs');
evcrypt_is('a second run', 2, qr/^evcrypt: the job is being run by somebody else\nHINT: The view evcrypt_progress/m, @job);
evcrypt_is('or its end', 2, qr/being run by somebody else/, 'migrate', '--table', 't', '--column', 'v', '--abandon');
$holder->query('COMMIT');
$run->{harness}->finish;
is($run->{harness}->result(0), 0, 'the first one goes on');
comes_to_its_end('two runs');

# --- signals ----------------------------------------------------------------------

for my $signal ('INT', 'TERM')
{
	$run = held_in_the_middle('--lock-timeout-ms', 60000);
	$run->{harness}->signal($signal);
	ok(query($waiting) > 0, "SIG$signal: the batch in flight is not given up");
	$holder->query('COMMIT');
	$run->{harness}->finish;
	is($run->{harness}->result(0), 3, "SIG$signal: exit status");
	like($run->{out}, qr/^interrupted: the same command goes on from here$/m, "SIG$signal: says so");
	is($run->{err}, '', "SIG$signal: and no more");
	my $job = progress();
	is("$job->{phase} $job->{rows_done}", 'encrypt 500', "SIG$signal: keeps what is done");
	comes_to_its_end("SIG$signal");
}

$run = held_in_the_middle('--lock-timeout-ms', 60000);
$run->{harness}->signal('INT');
# The second must not become one with the first.
wait_until('the first signal is taken', sub { slept_since_signal($run) });
$run->{harness}->signal('INT');
$run->{harness}->finish;
is($run->{harness}->result(0), 3, 'a second signal does not wait for the batch');
is(progress()->{rows_done}, 450, 'which is not done');
$holder->query('COMMIT');
comes_to_its_end('two signals');

# No signal is pending any more.
sub slept_since_signal
{
	my ($process) = @_;
	my $pid = $process->{harness}{KIDS}[0]{PID};

	return CopyTest::slurp("/proc/$pid/status") =~ /^ShdPnd:\s+0+$/m;
}

# --- locks --------------------------------------------------------------------------

$run = held_in_the_middle('--lock-timeout-ms', 20);
wait_until('it has been given up and tried again', sub {
	CopyTest::slurp("$ENV{EVCRYPT_STACK}/postgresql.log") =~ /(?:canceling statement due to lock timeout.*){2}/s });
$holder->query('COMMIT');
$run->{harness}->finish;
is($run->{harness}->result(0), 0, 'a row that is held is waited for, in short transactions');
comes_to_its_end('lock timeouts');

# The holder has row 500 and wants row 460, which the batch has: one of the two is
# ended by PostgreSQL, and if it is the batch it is tried again.
query(q{DO 'BEGIN EXECUTE format($$ALTER DATABASE %I SET deadlock_timeout = %L$$, current_database(), $$50ms$$); END'});
$run = held_in_the_middle('--lock-timeout-ms', 60000);
$holder->query('SET deadlock_timeout = 600000');
$holder->query('UPDATE t SET n = n + 1 WHERE id = 460');
is($holder->sqlstate, '00000', 'of a deadlock the batch is what is ended');
$holder->query('COMMIT');
$run->{harness}->finish;
is($run->{harness}->result(0), 0, 'and tried again');
comes_to_its_end('deadlock');

# The table is locked while the trigger is to be made.
new_table();
$holder->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$run = start_evcrypt(@job, '--lock-timeout-ms', 20);
wait_until('it waits', sub { query($waiting) > 0 });
is((psql(q{SET lock_timeout = '30s'; INSERT INTO t VALUES (2000, 'meanwhile')}))[2], 0, 'others get through meanwhile');
$holder->query('COMMIT');
$run->{harness}->finish;
is($run->{harness}->result(0), 0, 'it gets its lock in the end');
comes_to_its_end('a lock on the table');

# --- E3 and the server ---------------------------------------------------------------

$run = held_in_the_middle('--lock-timeout-ms', 60000);
kill 'STOP', $ENV{E3_PID};
$holder->query('COMMIT');
wait_until('it waits for E3', sub { query(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evcrypt'
	AND wait_event_type = 'Extension'}) > 0 });
query(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'evcrypt' AND wait_event_type = 'Extension'});
$run->{harness}->finish;
kill 'CONT', $ENV{E3_PID};
is($run->{harness}->result(0), 2, 'a statement that somebody cancels ends the job');
like($run->{err}, qr/^evcrypt: could not work on a range: canceling statement due to user request \(57014\)$/m, 'which says why');
comes_to_its_end('a cancelled statement');

{
	local $ENV{PGOPTIONS} = '-c evcrypt.request_timeout=100ms -c evcrypt.connect_timeout=100ms';
	$run = held_in_the_middle('--lock-timeout-ms', 60000);
	my $before = () = CopyTest::slurp("$ENV{EVCRYPT_STACK}/postgresql.log") =~ /ERROR:  (?:E3 did not answer|could not connect to E3)/g;
	kill 'STOP', $ENV{E3_PID};
	$holder->query('COMMIT');
	wait_until('it has been tried several times', sub {
		(() = CopyTest::slurp("$ENV{EVCRYPT_STACK}/postgresql.log") =~ /ERROR:  (?:E3 did not answer|could not connect to E3)/g) > $before + 2 });
	kill 'CONT', $ENV{E3_PID};
	$run->{harness}->finish;
	is($run->{harness}->result(0), 0, 'an E3 that is away for a while is waited for');
}
comes_to_its_end('an outage');

$run = held_in_the_middle('--lock-timeout-ms', 60000, '--workers', 2);
query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evcrypt'});
$run->{harness}->finish;
is($run->{harness}->result(0), 2, 'and so does the loss of its connections');
$holder->query('COMMIT');
comes_to_its_end('lost connections');

$holder->close;
done_testing();
