# pg_stat_activity shows the last statement of a session that idles, also one that
# failed before it was parsed: with evcrypt.redact off as a control, and on.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Census;
use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = census_node('failed', $e3, 'evcrypt');

$node->safe_psql('postgres', 'CREATE TABLE stored (id int, v encrypted)');

# What is shown of a session that has failed with its last statement, and its state.
sub shown
{
	my ($redact, @statements) = @_;
	my $session = session($node);

	$session->query($_) for "SET evcrypt.redact = $redact", @statements;
	my $idle = "pid = $session->{backend} AND state ~ '^idle'";
	wait_until('the session idles', sub {
		$node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE $idle") });
	my $shown = $node->safe_psql('postgres', "SELECT state, query FROM pg_stat_activity WHERE $idle");
	isnt($session->sqlstate, '00000', 'it has failed');
	$session->close;
	return $shown;
}

sub is_hidden
{
	my ($name, $state, @statements) = @_;
	my $canary = canary();

	s/:secret/'$canary'/ for @statements;
	like(shown('off', @statements), qr/^\Q$state\E\|.*$canary/, "$name: shows without redaction");
	is(shown('on', @statements), "$state|[hidden by evcrypt.redact]", "$name: does not with it");
	return;
}

is_hidden('an unknown column', 'idle', 'SELECT encrypt(:secret), nocolumn');
is_hidden('an unknown table', 'idle', 'SELECT encrypt(:secret) FROM nosuchtable');
is_hidden('a syntax error', 'idle', 'selec encrypt(:secret)');
is_hidden('a value that is no ciphertext', 'idle', 'INSERT INTO stored VALUES (1, :secret)');
is_hidden('the credential, misspelt', 'idle', 'SET evcrypt.credential = :secret x');
is_hidden('in a transaction', 'idle in transaction (aborted)', 'BEGIN', 'SELECT encrypt(:secret), nocolumn');
is_hidden('in an aborted one', 'idle in transaction (aborted)', 'BEGIN', 'SELECT 1/0', 'SELECT encrypt(:secret)');
is_hidden('a failing row', 'idle', 'INSERT INTO stored SELECT 1/0, encrypt(:secret)');
# The server's log is not told of it.
is_hidden('with a quiet log', 'idle', 'SET log_min_messages = fatal', 'SELECT encrypt(:secret), nocolumn');

# A statement of others' stays.
like(shown('on', q{SELECT 'shown', nocolumn}), qr/^idle\|SELECT 'shown', nocolumn/, 'another statement shows');

$node->stop;
done_testing();
