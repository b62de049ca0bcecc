# E3 is killed while it has a request: the statement fails by name, nothing of
# it is stored, and the session goes on with the next E3.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('killed', $e3);
my $session = session($node);

$session->query('CREATE TABLE t (id int, v encrypted)');
$session->is(q{SELECT decrypt(encrypt('before'))}, 'before', 'connected');

for my $round (1 .. 3)
{
	$e3->pause;
	$session->send("INSERT INTO t SELECT i, encrypt(i::text) FROM generate_series(1, 3) i");
	$session->wait_for_e3($node);
	$e3->kill9;
	$session->receive;
	like($session->sqlstate, qr/^080/, "round $round: connection error");
	like($session->{error}, qr/HINT: /, 'with a hint');
	$session->is('SELECT count(*) FROM t', 0, 'no half of it is visible');
	$session->is('SELECT pg_backend_pid()', $session->{backend}, 'the backend lives');
	$e3->start;
	$session->is(q{SELECT decrypt(encrypt('after'))}, 'after', 'the next E3 serves it');
}

# An exception block survives it as well.
$e3->pause;
$session->send(q{
	DO $$
	BEGIN
		PERFORM encrypt('x');
		RAISE WARNING 'not reached';
	EXCEPTION WHEN connection_exception OR sqlclient_unable_to_establish_sqlconnection
			OR connection_failure THEN
		INSERT INTO t VALUES (77, NULL);
	END $$});
$session->wait_for_e3($node);
$e3->kill9;
$session->receive;
is($session->sqlstate, '00000', 'the block has caught the error');
$session->is('SELECT count(*) FROM t WHERE id = 77', 1, 'and gone on');

$session->close;
$node->stop;
done_testing();
