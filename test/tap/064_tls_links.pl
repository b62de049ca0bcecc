# What can happen to a TLS connection on its way, and who may do what over one.
use strict;
use warnings;

use EvcryptTest;
use Certs;
use E3Client;
use FaultProxy;
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use Test::More;

my $dir = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $vsock_port = $port;

# The certificates of e3ctl certs, of a configuration that it did not make.
my $e3 = start_e3(stopped => 1, extra => <<"END");
[tls]
listen = 127.0.0.1:$port
certificate = $dir/tls/server.crt
key = $dir/tls/server.key
client_ca = $dir/tls/ca.crt
[vsock]
port = $vsock_port
allow_cids = 1
END
$e3->ctl('certs', "$dir/tls", '--client', 'db1.test,db2.test');
is(join(' ', map { s/.*\///r } sort glob "$dir/tls/*"),
	'ca.crt ca.key db1.test.crt db1.test.key db2.test.crt db2.test.key server.crt server.key', 'e3ctl certs');
is(join(' ', map { sprintf '%o', (stat)[2] & 07777 } sort glob "$dir/tls/*.key"), '600 600 600 600', 'keys are private');
my $before = slurp("$dir/tls/server.crt");
is($e3->ctl('certs', "$dir/tls", '--client', 'db3.test'),
	"made $dir/tls/db3.test.key\nmade $dir/tls/db3.test.crt\n", 'what is there stays, what is missing is made');
is(slurp("$dir/tls/server.crt"), $before, '... by the same authority');
$e3->ctl_fails(1, qr/--client: host names.*/, 'certs', "$dir/tls", '--client', $_) for '../x', 'ca', ',', 'a b', '127.0.0.1', '*.test';
$e3->ctl_fails(1, qr/--server: names and addresses.*/, 'certs', "$dir/other", '--server', 'a,,b');
$e3->ctl_fails(1, qr/--days: must be a whole number from 1 to 3650/, 'certs', "$dir/other", '--days', $_) for 0, 3651, 'x';
unlink "$dir/tls/db3.test.key";
$e3->ctl_fails(1, qr/.*one is there without the other/, 'certs', "$dir/tls", '--client', 'db3.test');
spit("$dir/tls/ca.key", slurp("$dir/tls/db1.test.key"));
$e3->ctl_fails(1, qr/.*are not an authority's certificate and key/, 'certs', "$dir/tls", '--client', 'db4.test');

$e3->start;
my $node = new_node('links', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslcert = '$dir/tls/db1.test.crt'
evcrypt.sslkey = '$dir/tls/db1.test.key'
evcrypt.sslrootcert = '$dir/tls/ca.crt'
END
my $session = session($node);
my $ask = q{SELECT md5(decrypt(encrypt(repeat('x', 40000))))};
my $right = $session->query($ask);

like($right, qr/^[0-9a-f]{32}$/, 'a value goes there and back');

# --- e3ctl bench -----------------------------------------------------------
my @tls = ('--endpoint', "tls://localhost:$port", '--cert', "$dir/tls/db2.test.crt", '--key', "$dir/tls/db2.test.key");
my @ca = ('--ca', "$dir/tls/ca.crt");
like($e3->ctl('bench', @tls, @ca, qw(--verb decrypt --mix 1:3000 --connections 2 --in-flight 2 --duration 1)),
	qr/^ +all +[1-9]\d* +0 +0 /m, 'e3ctl bench over TLS: every answer is right');
$e3->ctl_fails(2, qr/--ca: is missing, and --endpoint needs it/, 'bench', @tls);
$e3->ctl_fails(2, qr/--cert, --key, --ca: are for --endpoint/, 'bench', @ca);
$e3->ctl_fails(2, qr/--socket: not with --endpoint/, 'bench', @tls, @ca, '--socket', '/x');
$e3->ctl_fails(2, qr{--endpoint: must be tls://host:port}, 'bench', '--endpoint', $_, @ca) for 'unix:/x', 'tls://x';
$e3->ctl_fails(1, qr/.*is not that of an authority/, 'bench', @tls, '--ca', "$dir/tls/db1.test.crt");
$e3->ctl_fails(1, qr/E3 is not running: nobody listens at tls:.*/, 'bench', '--endpoint', "tls://127.0.0.2:$port", @tls[2 .. 5], @ca);

# --- cut anywhere ----------------------------------------------------------
my $proxy = FaultProxy->new(to => "127.0.0.1:$port", listen => 'tcp');
my $through = "SET evcrypt.endpoints = 'tls://localhost:$proxy->{port}'";
$session->query($through);
$session->is($ask, $right, 'through a proxy');
$session->query("RESET evcrypt.endpoints; $ask");
$proxy->plan;
$session->query("$through; $ask; RESET evcrypt.endpoints");
my ($whole) = $proxy->seen;
for my $way (qw(request reply))
{
	my ($wrong, $unlike, $failed, $step) = ('', '', 0, int($whole->{$way} / 25));

	for (my $byte = 1; $byte < $whole->{$way}; $byte += $step)
	{
		$session->query("RESET evcrypt.endpoints; SELECT 1 FROM (SELECT encrypt('y') OFFSET 0) t");
		# One connection is cut: the statement is repeated.  All are: it fails.
		$proxy->plan({ connection => 1, way => $way, byte => $byte, act => 'cut' });
		my $out = $session->query("$through; $ask");
		$wrong .= " $byte" unless $out eq $right or $session->sqlstate =~ /^080/;
		$proxy->plan({ way => $way, byte => $byte, act => 'cut' });
		$out = $session->query("RESET evcrypt.endpoints; $through; $ask");
		$failed++ if $session->sqlstate =~ /^080(01|06)$/;
		$unlike .= " $byte:" . $session->sqlstate unless $out eq $right or $session->sqlstate =~ /^080(01|06)$/;
	}
	is($wrong, '', "the $way cut once, at every ${step}th byte: right, or an error of the connection");
	is($unlike, '', "the $way always cut there: the same");
	# The second of its two requests has less to send.
	cmp_ok($failed, '>=', 10, "... an error in $failed of 25");
}
for my $way (qw(request reply))
{
	for my $byte (1, int($whole->{$way} / 2), $whole->{$way} - 1)
	{
		$session->query("RESET evcrypt.endpoints; SELECT 1 FROM (SELECT encrypt('y') OFFSET 0) t");
		$proxy->plan({ connection => 1, way => $way, byte => $byte, act => 'reset' });
		my $out = $session->query("$through; $ask");
		ok($out eq $right || $session->sqlstate =~ /^080(01|06)$/, "the $way reset at byte $byte: right, or an error of the connection")
		  or diag($session->{error});
		is($session->query('SELECT pg_backend_pid()'), $session->{backend}, 'in the same backend');
	}
}
$proxy->plan;
$session->query('RESET evcrypt.endpoints');
$session->is($ask, $right, 'L12 the session goes on');
wait_until('E3 has forgotten who was cut',
	sub { $e3->ctl('stats') =~ /^connections_open: (\d+)$/m and $1 <= 2 });

# --- sessions of TLS -------------------------------------------------------
my @me = ('-cert', "$dir/tls/db2.test.crt", '-key', "$dir/tls/db2.test.key");
my $said = `openssl s_client -connect 127.0.0.1:$port -alpn e3/1 @me -sess_out $dir/session 2>&1 </dev/null`;
unlike($said, qr/Session Ticket arrived/, 'L11 no ticket is given');
ok(!-e "$dir/session", '... and no session can be resumed');
like($said, qr/Secure Renegotiation IS NOT supported.*Compression: NONE/s, 'L10 no renegotiation, no compression');
like($said, qr/Early data was not sent/, '... no early data');

# --- who may do what -------------------------------------------------------
# A frame, and E3's answer to it, through the openssl command.
sub speak
{
	my (@frames) = @_;
	my $pid = open2(my $out, my $in, "exec openssl s_client -quiet -connect 127.0.0.1:$port -alpn e3/1 @me 2>/dev/null");
	my @answers;

	binmode $_ for $in, $out;
	for my $frame (@frames)
	{
		my $body = E3Client::pack_object($frame);
		my $came = '';

		syswrite $in, pack('N/a*', $body);
		while (length $came < 4 or length $came < 4 + unpack 'N', $came)
		{
			IO::Select->new($out)->can_read(30) or die 'no answer';
			sysread $out, $came, 65536, length $came or last;
		}
		my $answer = substr $came, 4;
		push @answers, E3Client::unpack_object(\$answer);
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return @answers;
}

my $hello = [ 1, 0, { version_min => 1, version_max => 1 } ];
my (undef, $health) = speak($hello, [ 8, 1, {} ]);
is($health->[0], 64, 'another client is answered');
my (undef, $reload) = speak($hello, [ 12, 1, {} ]);
is("$reload->[0] $reload->[2]{code}", '65 402', 'RELOAD is refused over TLS: NOT_ALLOWED');
unlike(slurp($e3->{log}), qr/event=keyring_loaded/, '... and nothing was loaded');

# --- limits ----------------------------------------------------------------
# Long before the first of them is late, newer ones push it out.  Who is served after a
# hundred has come after them in E3's queue, too, so that all have begun.
{
	my @silent;

	for (1 .. 3)
	{
		push @silent, map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!" } 1 .. 100;
		my $other = session($node);
		is($other->query($ask), $right, 'somebody is served beside ' . @silent . ' that say nothing');
		$other->close;
	}
	like(slurp($e3->{log}), qr/event=handshake_failed cause="pushed out by newer ones"/, 'which are not all kept');
	close $_ for @silent;
}

$e3->stop;
spit($e3->{config}, slurp($e3->{config}) =~ s/^\[e3\]\n/[e3]\nconnections = 1\n/mr);
$e3->{pid} = undef;
$e3->start;
$session->is($ask, $right, 'one connection');
my $second = session($node);
$second->query($ask);
is($second->sqlstate, 'EV004', 'the next one is told that there are too many');
$second->close;

# --- vsock -----------------------------------------------------------------
like(slurp($e3->{log}), qr/event=listening endpoint="vsock:any:$vsock_port"/, 'E3 listens on vsock');
SKIP:
{
	$session->query("SET evcrypt.connect_timeout = '1s'; SET evcrypt.endpoints = 'vsock:1:$vsock_port'; $ask");
	skip "connecting by vsock: this kernel has no loopback for it ($session->{error})", 1
	  if $session->sqlstate eq '08001';
	is($session->sqlstate, '00000', 'a value goes there and back by vsock');
}
$session->query('RESET evcrypt.endpoints; RESET evcrypt.connect_timeout');
$session->is($ask, $right, 'and over TLS again');
done_testing();
