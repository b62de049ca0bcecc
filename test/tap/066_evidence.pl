# Evidence before values: asked for once a connection, renewed in time, shown by health;
# and what it costs.
use strict;
use warnings;

use Certs;
use E3Client;
use EvcryptTest;
use Evidence;
use File::Temp ();
use IO::Socket::INET;
use IPC::Run ();
use Test::More;
use Time::HiRes qw(time);

my $dir = File::Temp->newdir('evidenceXXXXXX', TMPDIR => 1);
my $e3 = start_e3(stopped => 1);
my $authority = Evidence::authority($e3, "$dir/authority");

spit($e3->{config}, slurp($e3->{config}) . Evidence::section($authority));
$e3->start;
my $pcrs = Evidence::pcrs($e3);
my $node = new_node('evidence', $e3, extra => Evidence::settings($authority, $pcrs));
my $watch = E3Client->new($e3->{socket});
my $session = session($node);

sub attests { return $watch->stats->{requests_attest}; }

# --- one verdict a connection --------------------------------------------------------

is_deeply($watch->{hello}{evidence}, ['software'], 'HELLO offers the kind');
my $before = attests();
$session->is(q{SELECT decrypt(encrypt('believed'))}, 'believed', 'a value goes to an E3 that is believed');
$session->is('SELECT count(decrypt(encrypt(i))) FROM generate_series(1, 5000) i', '5000', 'and many');
is(attests() - $before, 1, 'which has been asked for evidence once');
$session->is('SELECT reachable, attested, error FROM evcrypt_health()', 't|t|', 'evcrypt_health() says so');

# --- settings --------------------------------------------------------------------------

sub refused
{
	my ($change, $cause, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->query($change);
	is($session->sqlstate, '00000', $change) or diag($session->{error});
	$session->query(q{SELECT encrypt('x')});
	is($session->sqlstate, 'EV006', $name);
	like($session->{error}, $cause, 'and it says why');
	return;
}

$session->query('SET evcrypt.attestation = off');
$before = attests();
$session->is(q{SELECT decrypt(encrypt('asked for none'))}, 'asked for none', 'off: a value');
$session->is('SELECT reachable, attested FROM evcrypt_health()', 't|', 'off: attested is NULL');
is(attests(), $before, 'off: no evidence is asked for');
refused('SET evcrypt.attestation = nitro', qr/E3 gives no evidence of this kind/, 'another kind than E3 has');
$session->is('SELECT reachable, attested, error FROM evcrypt_health()', 't|f|E3 gives no evidence of this kind',
	'evcrypt_health(): it is there, and not believed');
$session->query('RESET evcrypt.attestation');

my $other = Evidence::authority($e3, "$dir/other");
refused("SET evcrypt.attestation_root = '$other/root.crt'", qr/root certificate is not the pinned one/,
	'another root');
$session->query('RESET evcrypt.attestation_root');
refused("SET evcrypt.expected_pcrs = '0=" . '11' x 48 . q{'},
	qr/measurement is not the one that is expected/, 'another program');
refused("SET evcrypt.expected_pcrs = '7=" . '11' x 48 . q{'},
	qr/PCR that is expected is not there/, 'a measurement that is not there');
$session->query('RESET evcrypt.expected_pcrs');
$session->is(q{SELECT decrypt(encrypt('again'))}, 'again', 'the settings as they were: it is believed again');

# --- a change of what is measured --------------------------------------------------------

spit($e3->{config}, slurp($e3->{config}) . "; another byte\n");
$e3->ctl('reload');
$session->is(q{SELECT decrypt(encrypt('cached'))}, 'cached', 'a verdict holds as long as its connection');
my $fresh = session($node);
$fresh->query(q{SELECT encrypt('x')});
is($fresh->sqlstate, 'EV006', 'but the changed configuration is measured');
like($fresh->{error}, qr/measurement is not the one that is expected/, 'and it says why');
$fresh->close;
$pcrs = Evidence::pcrs($e3);
$node->append_conf('postgresql.conf', "evcrypt.expected_pcrs = '$pcrs'");
$node->reload;
wait_until('the reload', sub { $session->query('SHOW evcrypt.expected_pcrs') eq $pcrs });
$session->is(q{SELECT decrypt(encrypt('expected'))}, 'expected', 'what is expected now is what is there');

# What a refused reload would have brought is not in force, and not in the evidence.
my $conf = slurp($e3->{config});
my $keyring = slurp("$e3->{dir}/keyring");
spit($e3->{config}, "$conf; one more\n");
spit("$e3->{dir}/keyring", substr $keyring, 0, -1);
$e3->ctl_fails(1, qr/.*KEYRING_UNSEAL.*/, 'reload');
$fresh = session($node);
$fresh->is(q{SELECT decrypt(encrypt('in force'))}, 'in force', 'after a refused reload evidence is what it was');
$fresh->close;
spit($e3->{config}, $conf);
spit("$e3->{dir}/keyring", $keyring);

# --- documents as such ---------------------------------------------------------------------

like($e3->ctl('attest', "$dir/document"), qr/^kind: software\nbytes: \d+\nnonce: [0-9a-f]{64}\n$/,
	'e3ctl attest stores a document');
cmp_ok(-s "$dir/document", '>', 1000, 'which has some length');
for my $bad ({}, { evidence => 'software' }, { evidence => 'software', nonce => \('n' x 31) },
	{ evidence => 'software', nonce => \('n' x 65) }, { evidence => 'NITRO', nonce => \('n' x 32) })
{
	is($watch->call('ATTEST', $bad)->{header}{code}, 201, 'a header that is none');
}
is($watch->call('ATTEST', { evidence => 'nitro', nonce => \('n' x 32) })->{type}, $E3Client::VERB{ERROR}, 'a kind that E3 has not got');
my $reply = $watch->call('ATTEST', { evidence => 'software', nonce => \('n' x 64) });
is($reply->{type}, $E3Client::VERB{RESULT}, 'the longest nonce');
ok(index(${ \$reply->{columns}[0] }, 'n' x 64) > 0, 'is in the document');

# --- a configuration that cannot be -----------------------------------------------------------

my $broken = start_e3(stopped => 1, extra => "[attest]\nevidence = nitro\n");
my ($status, $log) = $broken->try_start;
SKIP: {
	skip '/dev/nsm is here', 2 if -e '/dev/nsm';
	isnt($status, 0, 'without the Nitro Security Module there is no E3 that shows its evidence');
	like($log, qr{event=evidence_refused kind=nitro status=UNSUPPORTED cause="/dev/nsm: No such file}, 'and the log says so');
}
spit($broken->{config}, slurp($e3->{config}) =~ s/^root = .*$/root = $other\/root.crt/mr);
($status, $log) = $broken->try_start;
isnt($status, 0, 'an issuer of another root');
like($log, qr/event=evidence_refused .*is not by the root/, 'and the log says so');

# --- over TLS -----------------------------------------------------------------------------------

my $ca = Certs->new("$dir");
my $server = $ca->server('DNS:localhost,IP:127.0.0.1');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $far = start_e3(like => $e3, extra => Evidence::section($authority) . $ca->section($server, "127.0.0.1:$port"));
my $far_watch = E3Client->new($far->{socket});

$session->query("SET evcrypt.sslcert = '$client->{cert}'; SET evcrypt.sslkey = '$client->{key}'; SET evcrypt.sslrootcert = '$ca->{cert}'");
$session->query("SET evcrypt.endpoints = 'tls://localhost:$port'; SET evcrypt.expected_pcrs = '" . Evidence::pcrs($far) . q{'});
$session->is(q{SELECT decrypt(encrypt('far'))}, 'far', 'over TLS the document is bound to the same exporter on both sides');
is($far_watch->stats->{requests_attest}, 1, 'and was asked for');

# Who has a certificate of E3's name, and one of a client's, ends TLS on both sides and
# passes on all that is said, as it is.  What he has heard is in the file.
sub relayed
{
	my ($heard, $value) = @_;
	my $here = PostgreSQL::Test::Cluster::get_free_port();
	my $stolen = $ca->server('DNS:localhost');
	my @to_us = (qw(openssl s_server -quiet -alpn e3/1 -accept), $here, '-cert', $stolen->{cert}, '-key', $stolen->{key});
	my @to_e3 = (qw(openssl s_client -quiet -alpn e3/1 -connect), "127.0.0.1:$port", '-cert', $client->{cert}, '-key', $client->{key});
	pipe my $back, my $answers or die "pipe: $!";
	my $relay = IPC::Run::start([@to_us], '<', $back, '2>', '/dev/null', '|', [ 'tee', $heard ], '|', [@to_e3],
		'>', $answers, '2>', '/dev/null', IPC::Run::timeout(60));

	close $_ for $back, $answers;
	wait_until('the relay listens', sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$here") });
	$session->query("SET evcrypt.endpoints = 'tls://localhost:$here'");
	$session->query("SELECT encrypt('$value')");
	$relay->kill_kill;
	return Evidence::verbs(slurp($heard));
}

is(relayed("$dir/heard", 'must stay here'), 'HELLO ATTEST', 'a relay that ends TLS hears no value');
is($session->sqlstate, 'EV006', 'its evidence is good, and not of this connection');
like($session->{error}, qr/document is bound to another connection/, 'and it says why');
$session->query('SET evcrypt.attestation = off');
is(relayed("$dir/heard", 'goes by'), 'HELLO ENCRYPT', 'without evidence nobody notices it')
  or diag($session->{error});
like(slurp("$dir/heard"), qr/goes by/, 'which hears the value');
$session->query('RESET evcrypt.attestation; RESET evcrypt.endpoints; RESET evcrypt.expected_pcrs');
$far_watch->close;

# --- cost ----------------------------------------------------------------------------------------

my %ms;
for my $round (1 .. 3)
{
	for my $kind (qw(off software))
	{
		$session->query("SET evcrypt.attestation = $kind");
		$session->query('SELECT evcrypt_health()');
		my $start = time;
		$session->query('DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM reachable FROM evcrypt_health(); END LOOP; END $$');
		my $each = (time - $start) * 1000 / 20;
		$ms{$kind} = $each unless defined $ms{$kind} and $ms{$kind} < $each;
	}
}
note sprintf 'a connection and HEALTH: %.2f ms, with evidence %.2f ms', @ms{qw(off software)};
cmp_ok($ms{software}, '<', 1000, 'evidence takes milliseconds');

$_->close for $session, $watch;
$node->stop;
done_testing();
