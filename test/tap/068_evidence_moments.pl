# Evidence that does not come, that comes from behind somebody who ends TLS, and that is
# of another time than the server's: no value goes out, and the session lives.
use strict;
use warnings;

use Certs;
use E3Client;
use EvcryptTest;
use Evidence;
use FaultProxy;
use File::Temp ();
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time);

my $dir = File::Temp->newdir('momentsXXXXXX', TMPDIR => 1);
my $e3 = start_e3(stopped => 1);
my $authority = Evidence::authority($e3, "$dir/authority");

# --- an E3 that gives evidence on both ways, and a server whose clock can be moved ------------

my $ca = Certs->new("$dir");
my $server = $ca->server('DNS:localhost,IP:127.0.0.1');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();

spit($e3->{config}, slurp($e3->{config}) . Evidence::section($authority)
	. $ca->section($server, "127.0.0.1:$port"));
$e3->start;

my $library = (glob '/usr/lib/*/faketime/libfaketime.so.1')[0];
my $clock = "$dir/clock";
sub move_clock { spit("$clock.new", "$_[0]\n"); rename "$clock.new", $clock or die "rename: $!"; return; }
move_clock('+0');
# The system's clock is moved, the monotonic one is not: as when a machine has slept.
local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC)} =
  ($library, $clock, 1, 1) if $library;
my $proxy = do { delete local $ENV{LD_PRELOAD}; FaultProxy->new(to => $e3->{socket}, record => 1) };
my $node = new_node('moments', $e3, extra => Evidence::settings($authority, Evidence::pcrs($e3))
	  . "evcrypt.endpoints = 'unix:$proxy->{path}'\nevcrypt.sslcert = '$client->{cert}'\n"
	  . "evcrypt.sslkey = '$client->{key}'\nevcrypt.sslrootcert = '$ca->{cert}'\n");
delete $ENV{LD_PRELOAD};
my $watch = E3Client->new($e3->{socket});
my $session = session($node);
my $VALUE = 'a value that must stay here';

sub ends_as
{
	my ($sqlstate, $cause, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($session->sqlstate, $sqlstate, $name) or diag($session->{error});
	like($session->{error}, $cause, 'and it says why') if defined $cause;
	is(scalar(grep { ($_->{request_text} // '') =~ /must stay here/ } $proxy->seen), 0, 'no value went out');
	return;
}

sub works
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$proxy->plan;
	wait_until('E3 is tried again', sub { $session->query(q{SELECT decrypt(encrypt('x'))}) eq 'x' });
	pass('with evidence it serves, in the same session');
	return;
}

# --- evidence that does not come ----------------------------------------------------------------

my @HOLE = ({ way => 'reply', message => 1, act => 'hole' });
my $DEADLINE_MS = 10_000;

$proxy->plan(@HOLE);
$session->query('SET evcrypt.connect_timeout = 200');
my $start = time;
$session->query("SELECT encrypt('$VALUE')");
ends_as('08001', qr/evidence|time/, 'no evidence within evcrypt.connect_timeout');
cmp_ok(ms_since($start), '<', $DEADLINE_MS, 'and not much later');
$session->query('SET evcrypt.connect_timeout = 60000');
works();

$proxy->plan(@HOLE);
$start = time;
$session->query("SET statement_timeout = 200; SELECT encrypt('$VALUE'); RESET statement_timeout");
ends_as('57014', qr/statement timeout/, 'statement_timeout ends the wait for evidence');
cmp_ok(ms_since($start), '<', $DEADLINE_MS, 'at once');
$session->query('RESET statement_timeout');
works();

$proxy->plan(@HOLE);
$session->send("SELECT encrypt('$VALUE')");
$session->wait_for_e3($node);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($session->{backend})");
$session->receive;
ends_as('57014', qr/user request/, 'a cancel ends it');
works();

# What has caught the cancel asks again, on another connection, and for evidence.
$proxy->plan({ connection => 1, %{ $HOLE[0] } });
$session->query('SET statement_timeout = 200');
$session->query(<<"END");
DO \$\$
BEGIN
	PERFORM encrypt('$VALUE');
EXCEPTION WHEN query_canceled THEN
	PERFORM encrypt('a value after it');
END \$\$
END
is($session->sqlstate, '00000', 'a cancel that is caught') or diag($session->{error});
is(join('; ', map { Evidence::verbs($_->{request_text}) } $proxy->seen), 'HELLO ATTEST; HELLO ATTEST ENCRYPT',
	'the connection without evidence is not used again');
$session->query('RESET statement_timeout');

$proxy->plan(@HOLE);
$session->send("SELECT encrypt('$VALUE')");
$session->wait_for_e3($node);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($session->{backend})");
wait_until('the backend is gone', sub { !kill 0, $session->{backend} });
is(scalar(grep { $_->{request_text} =~ /must stay here/ } $proxy->seen), 0, 'the end of the backend ends it: no value went out');
$session = session($node);
works();

# --- who ends TLS, with certificates that both sides believe ----------------------------------------

my $middle = PostgreSQL::Test::Cluster::get_free_port();
my $theirs = $ca->server('DNS:localhost');
my $them = $ca->client('DNS:db2.test');
mkfifo("$dir/there", 0600) or die "mkfifo: $!";
mkfifo("$dir/back", 0600) or die "mkfifo: $!";
my $relay = fork // die "fork: $!";
if ($relay == 0)
{
	setpgrp;
	exec 'sh', '-c', <<"END" or POSIX::_exit(1);
exec 2>$dir/relay.log
openssl s_server -quiet -accept 127.0.0.1:$middle -cert $theirs->{cert} -key $theirs->{key} -CAfile $ca->{cert} \\
	-Verify 3 -alpn e3/1 <>$dir/back >$dir/there &
openssl s_client -quiet -connect 127.0.0.1:$port -servername localhost -cert $them->{cert} -key $them->{key} \\
	-CAfile $ca->{cert} -alpn e3/1 <$dir/there >$dir/back
wait
END
}
my $listens = sprintf '0100007F:%04X 00000000:0000 0A', $middle;
wait_until('the relay listens', sub { slurp('/proc/net/tcp') =~ /$listens/ });
my %before = %{ $watch->stats };
$session->query("SET evcrypt.endpoints = 'tls://localhost:$middle'");
$session->query("SELECT encrypt('$VALUE')");
is($session->sqlstate, 'EV006', 'who ends TLS and hands everything on') or diag($session->{error}, slurp("$dir/relay.log"));
like($session->{error}, qr/document is bound to another connection/, 'is seen by the exporter');
my %after = %{ $watch->stats };
is($after{requests_attest} - $before{requests_attest}, 1, 'though the document is a true one');
is($after{requests_encrypt} - $before{requests_encrypt}, 0, 'and gets no value');
kill 'KILL', -$relay;
waitpid $relay, 0;
$session->query("SET evcrypt.endpoints = 'tls://localhost:$port'");
$session->is(q{SELECT decrypt(encrypt('straight'))}, 'straight', 'the same without him: a value');
$session->query('RESET evcrypt.endpoints');

# --- the leaf ends while the connection is kept -------------------------------------------------------

SKIP: {
	skip 'no libfaketime', 8 unless $library;
	works();
	$proxy->plan;
	$session->is(q{SELECT decrypt(encrypt('now'))}, 'now', 'a connection that is trusted');
	move_clock('+4h');
	$session->is('SELECT clock_timestamp() > now() - interval \'1 day\'', 't', 'the clock is moved');
	$session->query("SELECT encrypt('$VALUE')");
	ends_as('EV006', qr/certificate has expired/, 'four hours later the certificate of the evidence has ended');
	my ($first) = $proxy->seen;
	is(Evidence::verbs($first->{request_text}), 'HELLO ATTEST ENCRYPT DECRYPT ATTEST', 'evidence was asked for on the same connection');
	move_clock('+0');
	works();
}

$_->close for $session, $watch, $proxy;
$node->stop;
done_testing();
