# evcrypt migrate: nothing is lost by its end, what a verification finds can be mended,
# and no plaintext stays behind in the table of jobs.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use MigrateTest;
use Test::More;

new_database('migrate_finish');
my @job = ('migrate', '--table', 't', '--column', 's');
my $columns = sub { query(q{SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum) FROM pg_attribute
	WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped}) };

sub new_table
{
	my ($definition, @options) = @_;

	set_up(qq{DROP TABLE IF EXISTS t; DELETE FROM evcrypt_job; CREATE TABLE t $definition});
	set_up(q{INSERT INTO t (id, s) SELECT i, 'v' || i FROM generate_series(1, 20) i});
	evcrypt_ok('a table is encrypted', @job, @options);
	return;
}

# --- between verification and end ---------------------------------------------------

# A writer that goes past the trigger holds the table while --finish waits for its lock.
my $waiting = q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evcrypt' AND wait_event = 'relation'};
my $holder = session();

sub finish_beside
{
	my ($name, $statement, $pattern, $status, @options) = @_;

	$holder->query("BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE; SET LOCAL session_replication_role = replica; $statement");
	my $run = start_evcrypt(@job, @options, '--lock-timeout-ms', 60000);
	wait_until('it waits for the table', sub { query($waiting) > 0 });
	$holder->query('COMMIT');
	$run->{harness}->finish;
	is($run->{harness}->result(0), $status, "$name: exit status") or diag($run->{out}, $run->{err});
	like($run->{out} . $run->{err}, $pattern, $name);
	return;
}

new_table('(id int PRIMARY KEY, s text)');
for my $case (
	[ 'a value that is not followed', q{UPDATE t SET s = 'changed' WHERE id = 7} ],
	[ 'a row that is new', q{INSERT INTO t VALUES (100, 'new', encrypt('other'))} ],
	[ 'a plaintext that is taken away', q{UPDATE t SET s = NULL WHERE id = 7} ])
{
	finish_beside($case->[0], $case->[1], qr/^evcrypt: rows of t? ?.*have changed since/m, 2, '--finish', 'drop');
	is($columns->(), 'id integer, s text, s_encrypted encrypted', 'nothing is dropped');
	set_up(q{DELETE FROM t WHERE id = 100; UPDATE t SET s = 'v7', s_encrypted = NULL WHERE id = 7});
}
finish_beside('what is right does not matter', q{UPDATE t SET s = 'w', s_encrypted = encrypt('w') WHERE id = 7}, qr/^s is the encrypted column now/m, 0, '--finish', 'swap');
finish_beside('after the swap', q{UPDATE t SET s = encrypt('z') WHERE id = 8}, qr/^s is the encrypted column now/m, 0, '--finish', 'drop');
is(query('SELECT count(decrypt(s)) || decrypt(min(s::text) FILTER (WHERE id = 8)::encrypted) FROM t'), '20z', 'nothing is lost');

# --- trigger and constraint ---------------------------------------------------------

for my $case (
	[ 'a trigger that is off', q{ALTER TABLE t DISABLE TRIGGER USER} ],
	[ 'a trigger that is on for replicas alone', q{DO 'BEGIN EXECUTE (SELECT format($$ALTER TABLE t ENABLE REPLICA TRIGGER %I$$, tgname) FROM pg_trigger
		WHERE tgrelid = $$t$$::regclass LIMIT 1); END'} ],
	[ 'no constraint', q{DO 'BEGIN EXECUTE (SELECT format($$ALTER TABLE t DROP CONSTRAINT %I$$, conname) FROM pg_constraint
		WHERE conrelid = $$t$$::regclass AND contype = $$c$$); END'} ])
{
	new_table('(id int PRIMARY KEY, s text)');
	set_up($case->[1]);
	evcrypt_is($case->[0], 2, qr/^evcrypt: trigger or constraint are not there any more, or not on$/m, @job, '--finish', 'drop');
	is($columns->(), 'id integer, s text, s_encrypted encrypted', 'nothing is dropped');
	evcrypt_ok('the command makes them anew', @job);
	evcrypt_ok('and it ends', @job, '--finish', 'drop');
}
new_table('(id int PRIMARY KEY, s text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT');
set_up(q{ALTER TABLE p DISABLE TRIGGER USER});
evcrypt_is('off in a partition', 2, qr/^evcrypt: trigger or constraint are not there/m, @job, '--finish', 'drop');
evcrypt_ok('the command makes them anew', @job);
finish_beside('rows of partitions', q{UPDATE t SET s = 'changed' WHERE id = 7}, qr/have changed since/, 2, '--finish', 'drop');
evcrypt_ok('repaired', @job, '--repair');
evcrypt_ok('and it ends', @job, '--finish', 'drop');

# --- where there is no plaintext ----------------------------------------------------

new_table('(id int PRIMARY KEY, s text, c text DEFAULT 1)', '--context', 'c');
my $row = sub { my ($id, $context) = @_; query("SELECT coalesce(s, '-') || ' ' || coalesce(decrypt(s_encrypted, '$context'), '-') FROM t WHERE id = $id") };
set_up(q{UPDATE t SET s = NULL, s_encrypted = encrypt('new', '1') WHERE id = 1; UPDATE t SET s = NULL WHERE id = 2;
	INSERT INTO t (id, s_encrypted) VALUES (30, encrypt('written', '1')), (31, encrypt('written', '1'));
	UPDATE t SET s_encrypted = encrypt('bound', '2'), c = 2 WHERE id = 30; UPDATE t SET s = 'both', s_encrypted = encrypt('no', '1') WHERE id = 3;
	UPDATE t SET s = 'back' WHERE id = 31; UPDATE t SET s_encrypted = NULL WHERE id = 4});
is($row->(1, 1), '- new', 'a ciphertext that takes the plaintext\'s place stays');
is($row->(2, 1), '- -', 'a plaintext that is taken away takes its ciphertext with it');
is($row->(30, 2), '- bound', 'a row without plaintext is left alone');
is($row->(31, 1), 'back back', 'until it has one');
is($row->(3, 1), 'both both', 'which is what counts');
is($row->(4, 1), 'v4 v4', 'and comes back');
evcrypt_is('ciphertexts alone', 2, qr/^2 ciphertexts where there is no plaintext\n.*^HINT: Set the ciphertext to NULL, or the plaintext/ms, @job, '--verify');

# --- what a verification finds ------------------------------------------------------

new_table('(id int PRIMARY KEY, s text)');
set_up(q{UPDATE t SET s_encrypted = encrypt('other') WHERE id = 1;
	UPDATE t SET s_encrypted = overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted WHERE id = 2});
evcrypt_is('values that are wrong', 2, qr/^HINT: Run the command with --repair/m, @job, '--verify');
for my $end (qw(swap drop))
{
	evcrypt_is("no $end beside them", 2, qr/^HINT: Run the command with --repair/m, @job, '--finish', $end);
	is($columns->(), 'id integer, s text, s_encrypted encrypted', 'nothing is taken away');
}
evcrypt_ok('are repaired', @job, '--repair');
is(query('SELECT count(*) FROM t WHERE decrypt(s_encrypted) = s'), 20, 'all of them');
evcrypt_ok('verified', @job, '--verify');
system('test/lib/as-server', 'e3ctl', 'app', 'rotate', 'default') == 0 or BAIL_OUT('no rotation');
evcrypt_is('after a rotation', 2, qr/^HINT: evcrypt rotate --table .* renews them\.$/m, @job, '--verify');
evcrypt_ok('which that does', 'rotate', '--table', 't', '--column', 's_encrypted');
evcrypt_ok('it ends', @job, '--finish', 'drop');
system('test/lib/as-server', 'e3ctl', 'app', 'rotate', 'default') == 0 or BAIL_OUT('no rotation');
evcrypt_is('after the end too', 2, qr/^HINT: evcrypt rotate --table .* renews them\.$/m, @job, '--verify');
evcrypt_is('--repair is for migrate', 2, qr/--repair is for migrate, and stands alone/, 'rotate', '--table', 't', '--column', 's', '--repair');

new_table('(id int PRIMARY KEY, s text)');
evcrypt_ok('abandoned', @job, '--abandon');
set_up(q{UPDATE t SET s = 'changed' WHERE id = 2});
evcrypt_ok('and begun with a context', @job, '--context', 'id::text');
is(query('SELECT count(*) FROM t WHERE decrypt(s_encrypted, id::text) = s'), 20, 'what was there is encrypted anew');
evcrypt_ok('verified', @job, '--verify');

# --- commands that come too late ------------------------------------------------------

new_table('(id int PRIMARY KEY, s text)');
evcrypt_ok('swapped', @job, '--finish', 'swap');
evcrypt_is('encrypted again', 2, qr/^evcrypt: s is encrypted already\n.*evcrypt rotate renews it\.$/ms, @job);
evcrypt_is('abandoned after the swap', 2, qr/^evcrypt: the columns are swapped already\n.*--finish drop ends the job\.$/ms, @job, '--abandon');
is($columns->(), 'id integer, s_plaintext text, s encrypted', 'nothing is taken away');
evcrypt_ok('it ends', @job, '--finish', 'drop');
set_up(q{ALTER TABLE t RENAME s TO before; ALTER TABLE t ADD s text; UPDATE t SET s = 'again ' || id});
evcrypt_is('another column of that name', 2,
	qr/^evcrypt: the job of an earlier column s is finished\n.*--abandon forgets that job, then it can be begun anew\.$/ms, @job);
evcrypt_is('forgotten', 0, qr/^the job is gone, which was finished$/m, @job, '--abandon');
evcrypt_ok('and begun anew', @job);
is(query(q{SELECT count(*) FROM t WHERE decrypt(s_encrypted) = s AND decrypt(before) = 'v' || id}), 20, 'with what it has now');

# A row that the walk has not seen, by whoever went past trigger and constraint.
new_table('(id int PRIMARY KEY, s text)');
set_up(q{BEGIN; SET LOCAL session_replication_role = replica;
	ALTER TABLE t DROP CONSTRAINT evcrypt_migrate_t_s_eadafe55;
	UPDATE t SET s_encrypted = NULL WHERE id = 7;
	ALTER TABLE t ADD CONSTRAINT evcrypt_migrate_t_s_eadafe55 CHECK (s IS NULL OR s_encrypted IS NOT NULL) NOT VALID;
	UPDATE evcrypt_job SET phase = 'check'; COMMIT});
evcrypt_ok('is found by validating the constraint', @job);
is(query('SELECT count(*) FROM t WHERE decrypt(s_encrypted) = s'), 20, 'and encrypted by another walk');
evcrypt_ok('verified', @job, '--verify');

# --- a key of plaintexts ------------------------------------------------------------

my $kept = q{SELECT count(*) FROM evcrypt_job WHERE last_key IS NOT NULL};
set_up(q{DROP TABLE t; DELETE FROM evcrypt_job; CREATE TABLE t (s text NOT NULL UNIQUE); INSERT INTO t SELECT 'u' || i FROM generate_series(1, 20) i});
evcrypt_is('the column is the key', 0, qr/^the table's key has s in it: as long as the walk goes on, evcrypt_job holds one of its plaintexts/m, @job);
is(query($kept), 0, 'which is not kept when the walk is done');
evcrypt_ok('it ends', @job, '--finish', 'drop');
is(query($kept), 0, 'nor after it');
set_up(q{DROP TABLE t; DELETE FROM evcrypt_job; CREATE TABLE t (s text PRIMARY KEY, id int NOT NULL UNIQUE); INSERT INTO t SELECT 'u' || i, i FROM generate_series(1, 20) i});
evcrypt_is('another key is there', 0, qr/^table public\.t, by key \(id\)/m, @job, '--dry-run');

# --- signals -------------------------------------------------------------------------

for my $signal ('INT', 'TERM')
{
	set_up(q{DROP TABLE t; DELETE FROM evcrypt_job; CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'v')});
	$holder->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
	my $run = start_evcrypt(@job, '--lock-timeout-ms', 60000);
	wait_until('it waits for the table', sub { query($waiting) > 0 });
	$run->{harness}->signal($signal);
	$run->{harness}->finish;
	is($run->{harness}->result(0), 3, "SIG$signal ends the wait for a lock");
	like($run->{out}, qr/^interrupted: the same command goes on from here$/m, 'and says so');
	$holder->query('COMMIT');
	evcrypt_ok('it goes on', @job);
}

$holder->close;
done_testing();
