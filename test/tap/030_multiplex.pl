# One connection carries whatever a session has in flight: nested statements,
# exception blocks, cursors and requests given up do not harm each other.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $ROWS = 100;
my $CURSORS = 100;    # each with a request in flight: more than E3 allows

my $e3 = start_e3();
my $node = new_node('multiplex', $e3);
my $session = session($node);
my $own = session($node);
my $watch = E3Client->new($e3->{socket});

symlink $e3->{socket}, "$e3->{dir}/alias.sock" or die "symlink: $!";
$session->query(qq{
	CREATE TABLE t (id int PRIMARY KEY, v encrypted);
	INSERT INTO t SELECT i, encrypt('v' || i) FROM generate_series(1, $ROWS) i;
	CREATE TABLE damaged AS
		SELECT overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted AS v;
	SET evcrypt.batch_rows = 4});
is($session->sqlstate, '00000', 'set up') or diag($session->{error});

# A function that is called for every row while the statement has requests in
# flight; \$id is the row.
sub define
{
	my ($body, $options) = @_;

	$session->query("CREATE OR REPLACE FUNCTION f(id int) RETURNS text LANGUAGE plpgsql "
		. ($options // '') . " AS \$f\$ DECLARE r record; BEGIN $body END \$f\$");
	BAIL_OUT($session->{error}) if $session->sqlstate ne '00000';
	return;
}

# Batches of at most four: rows 16 to 19 are sent when row 12 is reached.
my $outer = q{SELECT string_agg(decrypt(v) || ':' || f(id), ',') FROM t};

# What it gives where f returns the same for every row.
sub expected { my ($suffix) = @_; return join ',', map { "v$_:$suffix" } 1 .. $ROWS; }

sub retries { return $own->query('SELECT sum(retries) FROM evcrypt_stat'); }

# Runs what makes the outer statement give "suffix"; nothing is repeated.
sub unharmed
{
	my ($what, $suffix, $run) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $before = retries();
	my $out = $run ? $run->() : $session->query($outer);
	is($out, expected($suffix), "$what: every row is right") or diag($session->{error});
	is(retries(), $before, 'and no request was repeated');
	return;
}

# --- nested statements -------------------------------------------------------

define(q{RETURN decrypt(encrypt('in'));});
unharmed('a scalar call per row', 'in');

define(q{RETURN (SELECT count(decrypt(t.v)) FROM t);});
unharmed('a statement per row', $ROWS);

define(q{
	BEGIN
		PERFORM decrypt(v) FROM damaged;
		RETURN 'opened';
	EXCEPTION WHEN SQLSTATE 'EV020' THEN
		RETURN decrypt(encrypt('caught'));
	END;});
unharmed('a value that does not open, caught', 'caught');

# These end while they have requests in flight themselves.
define(q{
	BEGIN
		PERFORM decrypt(t.v), 1 / (t.id - 2) FROM t;
		RETURN 'divided';
	EXCEPTION WHEN division_by_zero THEN
		RETURN 'aborted';
	END;});
unharmed('a nested statement that fails', 'aborted');

define(q{
	FOR r IN SELECT decrypt(t.v) AS d FROM t
	LOOP
		RETURN r.d;
	END LOOP;});
unharmed('a nested loop that is left', 'v1');

define(q{RETURN (SELECT decrypt(t.v) FROM t ORDER BY t.id LIMIT 1);});
unharmed('LIMIT', 'v1');

# --- savepoints --------------------------------------------------------------

$session->query('BEGIN');
for my $i (1 .. 30)
{
	$session->query("SAVEPOINT s; SELECT decrypt(v), 1 / (id - 50) FROM t; ROLLBACK TO s");
	$session->is(qq{SELECT decrypt(encrypt('$i'))}, $i, "after ROLLBACK TO, $i") if $i % 10 == 0;
}
$session->is("SELECT count(decrypt(v)) FROM t", $ROWS, 'the transaction goes on');
$session->query('COMMIT');

# --- E3 does not answer ------------------------------------------------------

# Waits until the backend waits for this advisory lock.
sub waits_for_lock
{
	my ($lock) = @_;

	EvcryptTest::wait_until("the session waits for lock $lock", sub {
		$session->{psql}->pump_nb;
		die $session->{err} if $session->{err} =~ /ERROR/;
		return $own->query(qq{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
			AND objid = $lock AND pid = $session->{backend} AND NOT granted}) eq '1';
	});
	return;
}

# f waits at row 8 until it may go on, which is after "while" has run; E3 has
# then answered all that it was asked.  When rows 9 to 12 are emitted, the next
# request is in flight.
sub at_row_8
{
	my ($while) = @_;

	$own->query('SELECT pg_advisory_lock(8)');
	$session->send($outer);
	waits_for_lock(8);
	EvcryptTest::wait_until('E3 has nothing to do', sub { $watch->health->{running} == 0 });
	$while->();
	$own->query('SELECT pg_advisory_unlock(8)');
	return;
}

my $wait_at_8 = q{
	IF id = 8 THEN
		PERFORM pg_advisory_lock(8), pg_advisory_unlock(8);
	END IF;};

define($wait_at_8 . q{
	IF id = 13 THEN
		BEGIN
			PERFORM encrypt('x');
			RETURN 'answered';
		EXCEPTION WHEN query_canceled THEN
			NULL;
		END;
	END IF;
	RETURN 'on';});
my $accepted = $watch->stats->{connections_accepted};
unharmed('a nested call that is cancelled', 'on', sub {
	at_row_8(sub { $e3->pause });
	$session->wait_for_e3($node);
	my $cancels = $own->query('SELECT sum(cancels) FROM evcrypt_stat');
	$own->query("SELECT pg_cancel_backend($session->{backend})");
	EvcryptTest::wait_until('the call is cancelled', sub {
		$own->query('SELECT sum(cancels) FROM evcrypt_stat') > $cancels;
	});
	$e3->resume;
	return $session->receive;
});
is($watch->stats->{connections_accepted}, $accepted, 'and the connection is the same');

define($wait_at_8 . q{
	IF id = 13 THEN
		FOR i IN 1 .. 12 LOOP
			BEGIN
				PERFORM set_config('evcrypt.request_timeout', '20ms', true);
				PERFORM encrypt('x');
				RETURN 'answered';
			EXCEPTION WHEN SQLSTATE 'EV001' THEN
				NULL;
			END;
		END LOOP;
		PERFORM pg_advisory_lock(11), pg_advisory_unlock(11);
	END IF;
	RETURN 'on';});
unharmed('twelve nested calls without an answer', 'on', sub {
	$own->query('SELECT pg_advisory_lock(11)');
	at_row_8(sub { $e3->pause });
	waits_for_lock(11);
	$e3->resume;
	$own->query('SELECT pg_advisory_unlock(11)');
	return $session->receive;
});
is($watch->stats->{connections_accepted}, $accepted, 'and the connection is the same');
is($watch->stats->{protocol_errors}, 0, 'E3 has seen nothing that it should not');

# Late replies do not answer the next question; too many, and there is a new
# connection.
$e3->pause;
$session->query("SET evcrypt.request_timeout = '20ms'; SET evcrypt.connect_timeout = '20ms'");
my %states;
for (1 .. 20)
{
	$session->query("SELECT encrypt('late')");
	$states{ $session->sqlstate }++;
}
is_deeply([ sort keys %states ], [ '08001', 'EV001' ], 'calls without an answer');
$session->query('RESET evcrypt.request_timeout; RESET evcrypt.connect_timeout');
$e3->resume;
$session->is(q{SELECT decrypt(encrypt('right'))}, 'right', 'the next call gets its own reply');

# --- the connection is lost --------------------------------------------------

define($wait_at_8 . q{
	IF id = 13 THEN
		PERFORM pg_advisory_lock(11), pg_advisory_unlock(11);
	END IF;
	RETURN 'on';});
my $before = retries();
$own->query('SELECT pg_advisory_lock(11)');
at_row_8(sub { $e3->pause });
waits_for_lock(11);
$e3->kill9;
$e3->start;
$own->query('SELECT pg_advisory_unlock(11)');
is($session->receive, expected('on'), 'E3 restarted while requests are in flight: every row is right')
  or diag($session->{error});
is(retries(), $before + 1, 'the one that was out was repeated');

define(q{RETURN decrypt(encrypt('elsewhere'));}, "SET evcrypt.endpoints = 'unix:$e3->{dir}/alias.sock'");
$session->is($outer, expected('elsewhere'), 'other endpoints in between: every row is right');

# --- many at once ------------------------------------------------------------

$watch = E3Client->new($e3->{socket});
$session->query('BEGIN');
$session->query(join ';', map { "DECLARE c$_ CURSOR FOR SELECT decrypt(v) FROM t" } 1 .. $CURSORS);
my $good = 0;
for my $row (1 .. 9)
{
	my $out = $session->query(join ';', map { "FETCH c$_" } 1 .. $CURSORS);
	$good++ if $out eq join "\n", ("v$row") x $CURSORS;
}
is($good, 9, "$CURSORS cursors fetch in turn");
$session->query('COMMIT');
is($watch->stats->{protocol_errors}, 0, 'E3 has seen nothing that it should not');
$session->is(q{SELECT decrypt(encrypt('on'))}, 'on', 'the session goes on');

# --- more than the sockets hold, both ways -----------------------------------

$session->query(q{
	CREATE TABLE big AS SELECT i AS id, encrypt(repeat(chr(96 + i), 1000000)) AS v
		FROM generate_series(1, 16) i});
define(q{RETURN left(decrypt(encrypt(repeat('y', 500000))), 1);});
$session->is(q{SELECT string_agg(length(decrypt(v)) || left(decrypt(v), 1) || f(id), ',') FROM big},
	join(',', map { '1000000' . chr(96 + $_) . 'y' } 1 .. 16), 'megabytes in flight');
$session->is(q{SELECT count(*) FROM (SELECT encrypt(decrypt(v)) AS v FROM big) s
	WHERE length(decrypt(v)) = 1000000}, 16, 'and through both operations');

# --- the counters ------------------------------------------------------------

# Server-wide: what one session has done, the other one sees.
$own->query('SELECT evcrypt_stat_reset()');
$session->query(q{SELECT count(decrypt(v)) FROM t; SELECT decrypt(encrypt('x'))});
$own->is(q{SELECT requests - requests_small - requests_medium - requests_large FROM evcrypt_stat
	WHERE operation = 'decrypt'}, 0, 'every request is of one class');
$own->is(q{SELECT "values" FROM evcrypt_stat WHERE operation = 'decrypt'}, $ROWS + 1,
	'values of another session are counted');

# Equal ciphertexts of a request are opened once.
$session->query('SET evcrypt.batch_rows = 4096');
$own->query('SELECT evcrypt_stat_reset()');
$session->is(q{SELECT count(*), count(DISTINCT decrypt(t.v)) FROM t, generate_series(1, 20)},
	$ROWS * 20 . "|$ROWS", 'values that come twenty times');
$own->is(q{SELECT "values" <= 2 * requests * 100 FROM evcrypt_stat WHERE operation = 'decrypt'}, 't',
	'are sent once a request');

$watch->close;
$session->close;
$own->close;
$node->stop;
done_testing();
