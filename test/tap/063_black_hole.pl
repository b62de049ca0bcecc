# Peers that vanish without a word: the network between them goes, and both notice
# within ten seconds.  Runs in a network of its own.
# Release build only: it is about time.
use strict;
use warnings;

use Test::More;

BEGIN
{
	my @alone = qw(unshare --user --net --map-current-user --keep-caps);

	if (!$ENV{EVCRYPT_OWN_NETWORK})
	{
		plan skip_all => 'a network of its own is not to be had: unshare --user --net fails'
		  if system("@alone ip link set lo up 2>/dev/null") != 0;
		$ENV{EVCRYPT_OWN_NETWORK} = 1;
		exec @alone, $^X, (map { "-I$_" } @INC), $0;
		die "exec: $!";
	}
}

use EvcryptTest;
use Certs;
use File::Temp ();
use Time::HiRes qw(time);

my $SECONDS = 10;

sub network { system('ip', 'link', 'set', 'lo', $_[0]) == 0 or die "ip: $?"; return; }

network('up');
my $dir = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $server = $ca->server('IP:127.0.0.1');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();

# Key agreements of half a millisecond, one a value: a request takes half a minute.
my $e3 = start_e3(extra => $ca->section($server, "127.0.0.1:$port") . "[crypto]\nagreement = openssl\n");
my $node = new_node('hole', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://127.0.0.1:$port'
evcrypt.sslcert = '$client->{cert}'
evcrypt.sslkey = '$client->{key}'
evcrypt.sslrootcert = '$ca->{cert}'
evcrypt.request_timeout = '5min'
evcrypt.curve = secp256k1
evcrypt.max_values_per_key = 1
evcrypt.batch_rows = 65536
END
my $session = session($node);

sub running { return $e3->ctl('health') =~ /^running: (\d+)$/m ? $1 : die 'no health'; }
sub connections { return $e3->ctl('stats') =~ /^connections_open: (\d+)$/m ? $1 - 1 : die 'no stats'; }

$session->is(q{SELECT decrypt(encrypt('x'))}, 'x', 'there is a network');
$session->send('SELECT count(encrypt(i)) FROM generate_series(1, 100000) i OFFSET 0');
wait_until('E3 works for it', sub { running() > 0 });

network('down');
my $since = time;
wait_until('E3 gives the work up', sub { running() == 0 && connections() == 0 });
cmp_ok(time - $since, '<', $SECONDS, 'E3: the work of a peer that has vanished stops within ten seconds');
cmp_ok(time - $since, '>', 1, '... but not at once');
$session->receive;
cmp_ok(time - $since, '<', $SECONDS + 3, 'the backend: an E3 that has vanished ends the statement');
like($session->sqlstate, qr/^080(01|06)$/, '... with an error of the connection');

network('up');
$session->is(q{SELECT decrypt(encrypt('y'))}, 'y', 'and then goes on');

# A client that is idle is noticed as well.
network('down');
$since = time;
wait_until('E3 forgets the idle client', sub { connections() == 0 });
cmp_ok(time - $since, '<', $SECONDS, 'an idle peer that has vanished is gone within ten seconds');
network('up');
$session->is(q{SELECT decrypt(encrypt('z'))}, 'z', 'its next statement connects again');
done_testing();
