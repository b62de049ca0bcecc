# TLS from end to end: statements over it, and what both sides tell of each other.
use strict;
use warnings;

use EvcryptTest;
use Certs;
use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $server = $ca->server('DNS:localhost,IP:127.0.0.1,IP:::1');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();

my $e3 = start_e3(extra => $ca->section($server, "127.0.0.1:$port, [::1]:$port"));
my $node = new_node('tls', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslcert = '$client->{cert}'
evcrypt.sslkey = '$client->{key}'
evcrypt.sslrootcert = '$ca->{cert}'
END
my $session = session($node);

for my $host (qw(localhost 127.0.0.1 [::1]))
{
	$session->query("SET evcrypt.endpoints = 'tls://$host:$port'");
	$session->is(q{SELECT decrypt(encrypt('over TLS'))}, 'over TLS', "a value goes there and back, to $host");
}
$session->is('SELECT endpoint, reachable, version IS NOT NULL FROM evcrypt_health()',
	"tls://[::1]:$port|t|t", 'evcrypt_health() asks over TLS');
$session->is(q{SELECT count(*), sum(length(decrypt(e))) FROM
		(SELECT encrypt(repeat('x', i % 100)) e FROM generate_series(1, 20000) i OFFSET 0) t},
	'20000|990000', 'batches');

# Sizes around that of a record, and large ones.
for my $size (1, 16383, 16384, 16385, 200_000, 301_000, 10_000_000)
{
	$session->is("SELECT md5(decrypt(encrypt(repeat('y', $size)))) = md5(repeat('y', $size))", 't',
		"a value of $size bytes");
}
done_testing();
