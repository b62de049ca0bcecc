# evcrypt rotate: keys are rotated twice and columns put under the newest key, with and
# without contexts, under pgbench's writes and after kill -9; then old versions are
# retired, and everything opens.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use MigrateTest;
use Test::More;

my $rows = 6000;

new_database('rotate');
ctl('app', 'add', 'rotating');
set_up(q{DO 'BEGIN EXECUTE format($$ALTER DATABASE %I SET evcrypt.app = rotating$$, current_database()); END'});

# e3ctl as E3's user; what it prints.
sub ctl
{
	my ($out, $err);

	IPC::Run::run([ 'test/lib/as-server', 'e3ctl', @_ ], '<', \undef, '>', \$out, '2>', \$err) or die "e3ctl @_: $err";
	return $out;
}

# Of every third the key is not known, since it came in as text.
set_up(qq{CREATE TABLE plain (id bigint PRIMARY KEY, v encrypted, n int DEFAULT 0);
	INSERT INTO plain SELECT 10 * i, CASE WHEN i % 50 <> 0 THEN CASE i % 3 WHEN 0 THEN encrypt('v' || i)::text::encrypted
		ELSE encrypt('v' || i) END END FROM generate_series(1, $rows) i;
	CREATE TABLE twin (id bigint PRIMARY KEY, v text); INSERT INTO twin SELECT id, decrypt(v) FROM plain;
	CREATE TABLE bound (tenant int, id int, v encrypted, PRIMARY KEY (tenant, id));
	INSERT INTO bound SELECT i % 3, i, encrypt(i, (i % 3) || '/' || i) FROM generate_series(1, 500) i;
	CREATE TABLE kept AS SELECT encrypt('of the first version') AS v;
	CREATE SEQUENCE fresh});
my @plain = ('rotate', '--table', 'plain', '--column', 'v');
my @bound = ('rotate', '--table', 'bound', '--column', 'v');
my $context = q{tenant || '/' || id};
my $first = key_now();

sub key_now { return query(q{SELECT (encrypted_info(encrypt(''))).key_id}); }

# How many values a column has under a key, or under a key that is not known.
sub under
{
	my ($table, $key) = @_;

	return query(qq{SELECT count(*) FROM $table WHERE (encrypted_info(v)).key_id = '$key'}) . ' '
	  . query(qq{SELECT count(*) FROM $table WHERE v IS NOT NULL AND (encrypted_info(v)).key_id IS NULL});
}

ctl('app', 'rotate', 'rotating');
my $second = key_now();
isnt($second, $first, 'the key is rotated');
my $values = query('SELECT count(v) FROM plain');
like(evcrypt_ok('a dry run', @plain, '--dry-run'), qr/^$rows rows, of which $values are to be worked on$/m, 'says how many values');
is(under('plain', $second), '0 1960', 'and changes nothing');
evcrypt_is('not yet', 2, qr/^$values values under another key than the newest\nevcrypt: public.plain is not all encrypted$/m, @plain, '--verify');

# --- under writes, and kill -9 --------------------------------------------------------

my $script = CopyTest::input(<<"END");
\\set id 10 * random(1, $rows)
\\set what random(1, 6)
SELECT nextval('fresh') AS fresh \\gset
BEGIN;
\\if :what = 1
UPDATE plain SET v = encrypt('changed-' || :fresh) WHERE id = :id;
UPDATE twin SET v = 'changed-' || :fresh WHERE id = :id;
\\elif :what = 2
UPDATE plain SET n = n + 1 WHERE id IN (:id, :id + 10);
\\elif :what = 3
UPDATE plain SET id = -:fresh WHERE id = :id;
UPDATE twin SET id = -:fresh WHERE id = :id;
\\elif :what = 4
UPDATE plain SET id = 10 * $rows + 10 + :fresh WHERE id = :id;
UPDATE twin SET id = 10 * $rows + 10 + :fresh WHERE id = :id;
\\elif :what = 5
INSERT INTO plain VALUES (-1000000000 - :fresh, encrypt('inserted-' || :fresh));
INSERT INTO twin VALUES (-1000000000 - :fresh, 'inserted-' || :fresh);
\\else
DELETE FROM plain WHERE id = :id;
DELETE FROM twin WHERE id = :id;
\\endif
END;
END
my $bench_err = "$CopyTest::DIR/pgbench.err";
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', 2, '-T', 3600, '--max-tries', 1000, '-f', $script ],
	'<', \undef, '>', '/dev/null', '2>', $bench_err);
wait_until('pgbench writes', sub { query('SELECT last_value FROM fresh') > 50 });

my $holder = session();
my $from = 10 * $rows / 2;
# The walk comes to this row, and waits.
query("INSERT INTO plain VALUES ($from + 5, encrypt('held')::text::encrypted); INSERT INTO twin VALUES ($from + 5, 'held')");
$holder->query("BEGIN; SELECT FROM plain WHERE id = $from + 5 FOR UPDATE");
for (1 .. 2)
{
	my $run = start_evcrypt(@plain, '--batch-rows', 100);

	wait_until('it is in the middle', sub { my $job = progress();
		($job->{rows_done} // 0) > 1000 and $job->{running} and $job->{phase} eq 'reencrypt' });
	$run->{harness}->signal('KILL');
	$run->{harness}->finish;
	wait_until('it is given up', sub { !progress()->{running} });
}
$holder->query('COMMIT');
$holder->close;
my $said = evcrypt_ok('rotate, killed twice', @plain, '--workers', 2, '--batch-rows', 100);
like($said, qr/^all of v is under the newest key, $second; \d+ rows by this job$/m, 'comes to the end');
$bench->signal('INT');
$bench->finish;
wait_until('pgbench has ended', sub { query(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'}) == 0 });
is(CopyTest::slurp($bench_err), '', 'no write has failed');

my $twin_differs = q{SELECT count(*) FROM plain FULL JOIN twin USING (id)
	WHERE plain.id IS NULL OR twin.id IS NULL OR decrypt(plain.v) IS DISTINCT FROM twin.v};
is(query($twin_differs), 0, 'every row is as its twin');
is(under('plain', $first), '0 0', 'nothing is under the first key, or one that is not known');
my ($status, $json) = evcrypt(@plain, '--verify', '--json');
my %verified = map { %$_ } grep { $_->{event} eq 'verified' } map { decode_json($_) } split /\n/, $json;
is_deeply([ $status, @verified{qw(key values old_key unlike failed)} ],
	[ 0, $second, query('SELECT count(v) FROM plain'), 0, 0, 0 ], 'verified');
like(evcrypt_ok('again', @plain), qr/; 0 rows by this job$/m, 'there is nothing to do');
my $job = progress();
is("$job->{phase} $job->{rows_done} $job->{rows_changed}", "done $job->{rows_total} 0", 'evcrypt_progress says so');

# --- contexts -------------------------------------------------------------------------

evcrypt_is('without the context', 2, qr/^row .*\(EV023\)\n.*^evcrypt: too many rows fail$/ms, @bound);
evcrypt_is('with another', 2, qr/^evcrypt: the job was begun with another --context$/m, @bound, '--context', 'id');
evcrypt_ok('abandon', @bound, '--abandon');
evcrypt_is('now with another', 2, qr/^row .*\(EV020\)\n.*^evcrypt: too many rows fail$/ms, @bound, '--context', 'id');
evcrypt_ok('abandon', @bound, '--abandon');
is(under('bound', $first), '500 0', 'nothing is changed');
like(evcrypt_ok('with the context', @bound, '--context', $context), qr/; 500 rows by this job$/m, 'all rows');
evcrypt_ok('verified', @bound, '--verify');
is(query(qq{SELECT count(*) FROM bound WHERE decrypt(v, $context) = id::text AND (encrypted_info(v)).datatype = 'number'
	AND (encrypted_info(v)).bound}), 500, 'what they were, with datatype and context');

# --- a second time, and the first versions retired -------------------------------------

ctl('app', 'rotate', 'rotating');
my $third = key_now();
evcrypt_ok('rotate once more', @plain, '--workers', 3);
evcrypt_ok('with contexts, which the job knows', @bound, '--batch-rows', 37);
is(under('plain', $third) . under('bound', $third), query('SELECT count(v) FROM plain') . ' 0500 0', 'all is under the third key');
ctl('app', 'retire', 'rotating', $_, '--force') for 1, 2;
is(query($twin_differs), 0, 'without the first two, everything opens');
is(query(qq{SELECT count(decrypt(v, $context)) FROM bound}), 500, 'also with contexts');
evcrypt_ok('verified', @plain, '--verify');
evcrypt_ok('verified', @bound, '--verify');
like((psql('SELECT decrypt(v) FROM kept'))[1], qr/EV011/, 'what was left behind is lost');

# --- values that cannot be re-encrypted --------------------------------------------------

set_up(q{ALTER TABLE kept ADD id serial PRIMARY KEY; INSERT INTO kept (v) SELECT encrypt('good')::text::encrypted FROM generate_series(1, 20)});
evcrypt_is('a value of a key that is gone', 2, qr/^row \{"1"\}: .*\(EV011\)\n.*^evcrypt: 1 values are left, of which 1 could not be re-encrypted$/ms,
	'rotate', '--table', 'kept', '--column', 'v');
is(under('kept', $third), '20 0', 'stops no other');
set_up('DELETE FROM kept WHERE id = 1');
evcrypt_ok('without it', 'rotate', '--table', 'kept', '--column', 'v');

done_testing();
