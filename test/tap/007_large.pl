# Values up to the limit of 64 MiB, and one byte more.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $MAX = 64 * 1024 * 1024;

my $e3 = start_e3();
my $node = new_node('large', $e3);
my $session = session($node);

# Around the sizes where buffers of sockets and TLS records end.
for my $size (1, 4095, 4096, 65535, 65536, 199_999, 200_001, 301_000, 1 << 20, 10_000_000)
{
	$session->is("WITH c AS MATERIALIZED (SELECT encrypt(repeat('x', $size)) AS v)
		SELECT decrypt(v) = repeat('x', $size) FROM c", 't', "$size bytes");
}

$session->is("SELECT length(decrypt(encrypt(repeat('x', $MAX))))", $MAX, '64 MiB');
$session->is("SELECT sha256(decrypt_as(encrypt(v), NULL::bytea)) = sha256(v)
	FROM (SELECT convert_to(repeat('y', $MAX), 'UTF8') AS v) s", 't', '64 MiB of bytea');
$session->query('SELECT encrypt(repeat(\'x\', ' . ($MAX + 1) . '))');
is($session->sqlstate, '54000', 'one byte more is refused by name');
$session->is(q{SELECT decrypt(encrypt('small'))}, 'small', 'and the session goes on');

# Stored and read back, out of line.
$session->query('CREATE TABLE t (v encrypted)');
$session->query("INSERT INTO t SELECT encrypt(repeat('z', $MAX))");
is($session->sqlstate, '00000', 'stored');
$session->is("SELECT decrypt(v) = repeat('z', $MAX) FROM t", 't', 'and read');

$session->close;
$node->stop;
done_testing();
