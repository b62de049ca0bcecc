# Transactions, savepoints, exception blocks, forks, parallel workers and sessions that
# are handed on leave nothing behind: no connection, no descriptor, no setting.  And a
# release build of E3 has no place where it could be stopped.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Settings qw($FORCE_PARALLEL);
use Test::More;

my $e3 = start_e3();
my $node = new_node('leftovers', $e3);
my $session = session($node);
my $own = session($node);
my $watch = E3Client->new($e3->{socket});

$session->query(q{CREATE TABLE t AS SELECT i AS id, encrypt('value ' || i) AS v FROM generate_series(1, 2000) i});
my $ALL = q{SELECT count(*) FROM t WHERE decrypt(v) = 'value ' || id};

# Connections to E3 beside the one that asks.
sub open_ones { return $watch->stats->{connections_open} - 1; }

sub has_connections
{
	my ($count, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eval { EvcryptTest::wait_until($what, sub { open_ones() == $count }) };
	is(open_ones(), $count, $what);
	return;
}

# --- processes ---------------------------------------------------------------------

has_connections(1, 'the server has no connection, a session that has encrypted has one');
$own->query('SELECT 1');
has_connections(1, 'and one that has not has none');

# A program that a backend starts has no more sockets than one of a backend without E3.
my $SOCKETS = q{CREATE TEMP TABLE fds (line text);
	COPY fds FROM PROGRAM 'ls -l /proc/self/fd'; SELECT count(*) FROM fds WHERE line LIKE '%socket:%'};
is($session->query($SOCKETS), $own->query($SOCKETS), 'a program that the backend starts inherits no connection');

my $accepted = $watch->stats->{connections_accepted};
$session->query("BEGIN; $FORCE_PARALLEL; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
	SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL parallel_leader_participation = off");
$session->is($ALL, 2000, 'a parallel worker decrypts');
cmp_ok($watch->stats->{connections_accepted}, '>', $accepted, 'on a connection of its own');
has_connections(1, 'which goes with it');
$accepted = $watch->stats->{connections_accepted};
$session->query('COMMIT');
$session->is($ALL, 2000, 'the leader goes on');
is($watch->stats->{connections_accepted}, $accepted, 'on the connection that it had');

# --- transactions -----------------------------------------------------------------------

$session->query(q{BEGIN; SAVEPOINT s;
	SET LOCAL evcrypt.request_timeout = '77ms'; SET LOCAL evcrypt.batch_rows = 3;
	SELECT count(decrypt(v)), 1 / (2 - count(*)) FROM t WHERE id <= 2;
	ROLLBACK TO s});
$session->is('SHOW evcrypt.request_timeout', '30s', 'a setting goes with its savepoint');
$session->is($ALL, 2000, 'the transaction goes on');
$session->query(q{DO $$ BEGIN
	FOR i IN 1 .. 500 LOOP
		BEGIN
			PERFORM decrypt(v), 1 / (id - i) FROM t WHERE id BETWEEN i - 3 AND i + 3;
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
END $$});
is($session->sqlstate, '00000', 'five hundred exception blocks that end with requests in flight');
$session->is($ALL, 2000, 'and the transaction goes on');
$session->query('SELECT 1 / 0');
$session->query($ALL);
is($session->sqlstate, '25P02', 'an aborted transaction asks nobody');
$session->query('ROLLBACK');
$session->is($ALL, 2000, 'after it all is well');
is($watch->stats->{connections_accepted}, $accepted, 'on the same connection');
is($watch->stats->{protocol_errors}, 0, 'E3 has seen nothing that it should not');

# E3 goes while blocks catch what comes of it.
$session->query(q{CREATE TABLE caught (state text);
	CREATE PROCEDURE try_it() LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO caught SELECT 'good' FROM t WHERE id = 1 AND decrypt(v) = 'value 1';
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO caught VALUES (SQLSTATE);
	END $$});
$e3->kill9;
$watch->close;
$session->query('BEGIN; CALL try_it(); SAVEPOINT s; CALL try_it(); ROLLBACK TO s; CALL try_it()');
$e3->start;
$session->query('CALL try_it(); COMMIT');
$session->is(q{SELECT string_agg(state, ',') FROM caught}, '08001,08001,good',
	'E3 goes and comes within a transaction');
$watch = E3Client->new($e3->{socket});

# --- sessions that are handed on -------------------------------------------------------------

$session->query(q{SET evcrypt.request_timeout = '1ms'; SET evcrypt.batch = off;
	DECLARE held CURSOR WITH HOLD FOR SELECT decrypt(v) FROM t ORDER BY id; PREPARE p AS SELECT decrypt(v) FROM t});
$session->query('RESET evcrypt.request_timeout; DECLARE held CURSOR WITH HOLD FOR SELECT decrypt(v) FROM t ORDER BY id');
$session->query('BEGIN; DECLARE c CURSOR FOR SELECT decrypt(v) FROM t; FETCH 5 FROM c; ROLLBACK; DISCARD ALL');
$session->is('SHOW evcrypt.request_timeout', '30s', 'DISCARD ALL: settings');
$session->is('SELECT count(*) FROM pg_cursors', 0, 'cursors');
$session->is($ALL, 2000, 'and the next owner of the session is served');
has_connections(1, 'on one connection');

# A cursor that is held has its rows, whatever becomes of E3.
$session->query('DECLARE held CURSOR WITH HOLD FOR SELECT decrypt(v) FROM t ORDER BY id; FETCH 1 FROM held');
$watch->close;
$e3->kill9;
$session->is('FETCH 3 FROM held', "value 2\nvalue 3\nvalue 4", 'a held cursor needs no E3');
$session->query('CLOSE held');
$e3->start;
$watch = E3Client->new($e3->{socket});
$session->is($ALL, 2000, 'and E3 is found again');

$session->close;
has_connections(0, 'a session that goes leaves no connection');
$own->close;
$node->stop;

# --- debug points ---------------------------------------------------------------------------------

my ($binary) = grep { -x } map { "$_/e3" } split /:/, $ENV{PATH};
my $code = slurp($binary);
ok($code =~ /impossible_transition/, 'what is in the program would be found');
ok($code !~ /E3_DEBUG_POINTS|debug_point|before_slice|half_sent/, 'it has no debug points');
done_testing();
