# Who is refused over TLS, by E3 and by the extension, and with which words; nobody is
# sent a value.  Cases are named as in docs/security.md.
use strict;
use warnings;

use EvcryptTest;
use Certs;
use File::Temp ();
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use IPC::Run ();
use Test::More;

my $dir = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $other = Certs->new($dir);
my $server = $ca->server('DNS:localhost');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $fake_port = PostgreSQL::Test::Cluster::get_free_port();

my $e3 = start_e3(extra => $ca->section($server, "127.0.0.1:$port") . "[limits]\nhello_timeout_ms = 300\n");
my $node = new_node('refused', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslcert = '$client->{cert}'
evcrypt.sslkey = '$client->{key}'
evcrypt.sslrootcert = '$ca->{cert}'
END
my $session = session($node);

my @table;

sub observe
{
	my ($case, $observed, $expected) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($observed, $expected, $case);
	push @table, sprintf('%-46s %s', $case, $observed);
	return;
}

sub counter { return $e3->ctl('stats') =~ /^$_[0]: (\d+)$/m ? $1 : die "no counter $_[0]"; }

# SQLSTATE and cause of an attempt to encrypt with these settings, in a new connection.
sub attempt
{
	my (%set) = @_;

	$session->query(join('; ', 'BEGIN', map { "SET LOCAL evcrypt.$_ = '$set{$_}'" } sort keys %set)
		. q{; SELECT encrypt('never sent'); ROLLBACK});
	my ($cause) = $session->{error} =~ /^DETAIL:  tls:\S+: (.*)\.$/m;
	my $state = $session->sqlstate;
	$session->query('ROLLBACK');
	return "$state " . ($cause // $session->{error});
}

sub as { my ($made) = @_; return (sslcert => $made->{cert}, sslkey => $made->{key}); }

# What the openssl command is told by E3, which ends it: it says nothing itself.
sub s_client
{
	my (@options) = @_;
	my $pid = open2(my $out, my $in, "exec openssl s_client -connect 127.0.0.1:$port @options 2>&1");
	my $said;

	local $SIG{ALRM} = sub { kill 'KILL', $pid; die "E3 does not end it\n" };
	alarm 30;
	{ local $/; $said = <$out>; }
	alarm 0;
	waitpid $pid, 0;
	return $said =~ /SSL routines:\w*:([^:]*):/ ? $1 : 'nothing';
}

# --- clients that E3 refuses -----------------------------------------------
my $with = "-alpn e3/1 -cert $client->{cert} -key $client->{key}";
is(s_client($with), 'nothing', 'a good client is not refused');

observe('L1 no client certificate', s_client(qw(-alpn e3/1)), qr/^tlsv13 alert certificate required$/);
observe('L1 no sslcert set', attempt(sslcert => ''), qr/^08001 evcrypt.sslcert: is not set$/);

my $self_signed = Certs->new($dir);
observe('L2 self-signed client', attempt(sslcert => $self_signed->{cert}, sslkey => $self_signed->{key}),
	qr/^08001 TLS: tlsv1 alert unknown ca$/);
observe('L3 client of another authority', attempt(as($other->client('DNS:db1.test'))),
	qr/^08001 TLS: tlsv1 alert unknown ca$/);
observe('L4 expired client', attempt(as($ca->client('DNS:db1.test', from => -7200, to => -3600))),
	qr/^08001 TLS: sslv3 alert certificate expired$/);
observe('L4 client not valid yet', attempt(as($ca->client('DNS:db1.test', from => 3600))),
	qr/^08001 TLS: sslv3 alert bad certificate$/);
observe('L6 server certificate as client', attempt(as($ca->server('DNS:db1.test'))),
	qr/^08001 TLS: sslv3 alert unsupported certificate$/);
my $nameless = qr/^08001 TLS: sslv3 alert handshake failure$/;
observe('L7 client without alternative name', attempt(as($ca->client(''))), $nameless);
observe('L7 client with an address for a name', attempt(as($ca->client('IP:127.0.0.1'))), $nameless);
observe('L7 client with a wildcard', attempt(as($ca->client('DNS:*.test'))), $nameless);
# "db1.test\0.evil" in a dNSName.
observe('L7 client with NUL in its name', attempt(as($ca->client('DER:3010820E6462312E74657374002E6576696C'))),
	$nameless);

my $middle = $ca;
$middle = Certs->new($dir, by => $middle) for 1 .. 6;
my $deep = $middle->client('DNS:db1.test');
observe('L8 missing intermediate', attempt(as($deep)), qr/^08001 TLS: tlsv1 alert unknown ca$/);
{
	my $chain = "$dir/chain.crt";
	my $link = Certs->new($dir, by => $ca);
	my $made = $link->client('DNS:db1.test');

	spit($chain, slurp($made->{cert}) . slurp($link->{cert}));
	like(attempt(sslcert => $chain, sslkey => $made->{key}), qr/^00000 /, 'one with its intermediate is served');
	spit($chain, slurp($deep->{cert}) . join('', map { slurp($_) } glob "$dir/ca*/ca.crt"));
	observe('L8 chain too deep', attempt(sslcert => $chain, sslkey => $deep->{key}),
		qr/^08001 TLS: tlsv1 alert unknown ca$/);
}

my $weak = $ca->client('DNS:db1.test', key => 'rsa:1024');
observe('L9 RSA of 1024 bits, refused by E3',
	s_client(qw(-alpn e3/1 -cipher ALL:@SECLEVEL=0 -cert), $weak->{cert}, '-key', $weak->{key}),
	qr/^(sslv3 alert bad certificate|ee key too small)$/);
observe('L9 RSA of 1024 bits, not offered', attempt(as($weak)), qr/^08001 evcrypt.sslcert: .*usable/);
my $sha1 = $ca->client('DNS:db1.test', md => 'sha1');
observe('L9 SHA-1, refused by E3',
	s_client(qw(-alpn e3/1 -cipher ALL:@SECLEVEL=0 -cert), $sha1->{cert}, '-key', $sha1->{key}),
	qr/^(sslv3 alert bad certificate|ca md too weak)$/);
observe('L9 SHA-1, not offered', attempt(as($sha1)), qr/^08001 evcrypt.sslcert: .*usable/);

observe("L10 TLS 1.$_", s_client("-tls1_$_", qw(-cipher ALL:@SECLEVEL=0), $with),
	qr/^(tlsv1 alert protocol version|no protocols available)$/) for 1, 2;
observe('L18 no ALPN', s_client('-cert', $client->{cert}, '-key', $client->{key}), qr/^tlsv1 alert no application protocol$/);
observe('L18 another ALPN', s_client('-cert', $client->{cert}, '-key', $client->{key}, '-alpn', 'h2'),
	qr/^tlsv1 alert no application protocol$/);

# --- clients that are no clients -------------------------------------------
sub raw
{
	my ($bytes) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";

	print $socket $bytes;
	$socket->flush;
	return $socket;
}

# Waits for E3 to end it; which alert it said.
sub ending
{
	my ($socket) = @_;
	my $said = '';
	my $is_ended = eval {
		local $SIG{ALRM} = sub { die "too late\n" };
		alarm 30;
		1 while sysread $socket, $said, 4096, length $said;
		alarm 0;
		1;
	};

	return 'not ended' if !$is_ended;
	return $said =~ /^\x15\x03.\0\x02\x02(.)/s ? 'alert ' . ord $1 : 'closed';
}

my $failed = () = slurp($e3->{log}) =~ /event=handshake_failed/g;
observe('L13 records of no length', ending(raw("\x16\x03\x01\0\0" x 1000)), qr/^alert \d+$/);
observe('L13 a record of 16 KiB and 257 bytes', ending(raw("\x16\x03\x01\x41\x01" . "\0" x 0x4101)), qr/^alert \d+$/);
observe('L14 nothing is said', ending(raw('')), qr/^closed$/);
observe('L14 half a ClientHello', ending(raw("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")), qr/^closed$/);
observe('W16 HTTP to the port of TLS', ending(raw("GET / HTTP/1.1\r\n\r\n")), qr/^(alert \d+|closed)$/);
is((() = slurp($e3->{log}) =~ /event=handshake_failed/g) - $failed, 5, 'each is one failed handshake in the log');
is(counter('handshakes_failed'), $failed + 5, '... and in the counter');

# Who only connects pushes nobody else out.
my @silent = map { raw('') } 1 .. 300;
like(attempt(), qr/^00000 /, 'beside 300 that stall, somebody else is served');
is(ending($_), 'closed', 'the first of them was ended') for $silent[0];
close $_ for @silent;

# --- servers that the extension refuses ------------------------------------
# An impostor with this certificate; what the extension says of it when asked for it by this
# name, and that it sent nothing.
sub impostor_at
{
	my ($host, $made, @options) = @_;
	my $out = '';
	my @fake = (qw(openssl s_server -alpn e3/1 -accept), $fake_port, '-cert', $made->{cert}, '-key', $made->{key});
	my $handle = IPC::Run::start([ @fake, @options ], '<', \my $in, '>&', \$out, IPC::Run::timeout(60));

	wait_until('the impostor listens', sub { $handle->pump_nb; $out =~ /^ACCEPT/m });
	my $said = attempt(endpoints => "tls://$host:$fake_port");
	$handle->kill_kill;
	# Its first bytes would be those of a HELLO: this client's name.
	unlike($out, qr/evcrypt/, 'nothing was sent to it');
	return $said;
}

sub impostor { return impostor_at('localhost', @_); }

my $not = qr/^08001 E3's certificate is refused: /;
observe('L2 self-signed server', impostor($self_signed), qr/$not.*(self.signed|unable to get local issuer)/);
observe('L3 server of another authority', impostor($other->server('DNS:localhost')), qr/${not}unable to get local issuer/);
{
	# A certificate among the lists is no authority.
	my $lists = "$dir/lists-and-more";

	spit($lists, join '', map { slurp($_->make_crl(3600)) . slurp($_->{cert}) } $ca, $other);
	$session->query("SET evcrypt.sslcrl = '$lists'");
	observe('L3 authority in the list of revocations', impostor($other->server('DNS:localhost')), qr/${not}unable to get local issuer/);
	$session->query('RESET evcrypt.sslcrl');
}
observe('L4 expired server', impostor($ca->server('DNS:localhost', from => -7200, to => -3600)), qr/${not}certificate has expired$/);
observe('L4 server not valid yet', impostor($ca->server('DNS:localhost', from => 3600)), qr/${not}certificate is not yet valid$/);
observe('L6 client certificate as server', impostor($ca->client('DNS:localhost')), qr/${not}un(suitable|supported) certificate purpose$/);
my $misnamed = qr/${not}hostname mismatch$/i;
observe('L7 wrong name', impostor($ca->server('DNS:elsewhere')), $misnamed);
observe('L7 no alternative name, the right common name',
	impostor($ca->issue('/CN=localhost', eku => 'serverAuth')), $misnamed);
observe('L7 wildcard server', impostor($ca->server('DNS:*')), $misnamed);
# An address in hexadecimal is a name to who compares names, and found without a server of names.
observe('L7 wildcard server, of enough labels', impostor_at('0x7f.0.0.1', $ca->server('DNS:*.0.0.1')), $misnamed);
my $misplaced = qr/${not}IP address mismatch$/i;
observe('L7 wrong address', impostor_at('127.0.0.1', $ca->server('IP:127.0.0.2')), $misplaced);
observe('L7 address as a name', impostor_at('127.0.0.1', $ca->server('DNS:127.0.0.1')), $misplaced);
observe('L7 wrong address of IPv6', impostor_at('[::1]', $ca->server('IP:::2,IP:127.0.0.1')), $misplaced);
observe('L7 NUL in the name', impostor($ca->server('DER:300F820D6C6F63616C686F7374002E6576')), $misnamed);
{
	my $chain = "$dir/server-chain.crt";
	my $near = Certs->new($dir, by => $ca)->server('DNS:localhost');
	my $far = $middle->server('DNS:localhost');

	observe('L8 server, missing intermediate', impostor($near), qr/${not}unable to get local issuer certificate$/);
	spit($chain, join('', map { slurp($_) } glob "$dir/ca*/ca.crt"));
	observe('L8 server, chain too deep', impostor($far, '-cert_chain', $chain), qr/${not}certificate chain too long$/);
}
observe('L9 server with RSA of 1024 bits',
	impostor($ca->server('DNS:localhost', key => 'rsa:1024'), qw(-cipher ALL:@SECLEVEL=0)), qr/$not.*(too weak|too small)/);
observe('L9 server with SHA-1', impostor($ca->server('DNS:localhost', md => 'sha1'), qw(-cipher ALL:@SECLEVEL=0)),
	qr/$not.*too weak/);
observe('L10 server of TLS 1.2', impostor($server, '-tls1_2'), qr/^08001 TLS: .*(protocol|version)/);
observe('L18 server without ALPN', impostor($server, qw(-alpn h2)), qr/^08001 TLS: .*(application protocol|e3\/1)/);

# A part of a name has 63 characters at most, so that nobody is asked for this one.
observe('a name that cannot be found', attempt(endpoints => 'tls://' . 'a' x 64 . ":$port"), qr/^08001 Name or service not known$/);

# It accepts, and says nothing.
{
	my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!";
	my $endpoint = 'tls://127.0.0.1:' . $silent->sockport;

	observe('L14 server that says nothing', attempt(endpoints => $endpoint, connect_timeout => '300ms'), qr/^08001 no answer in time$/);
}

# --- files of the extension ------------------------------------------------
my $copy = "$dir/copy.key";
sub copy_key { spit($copy, slurp($client->{key})); chmod $_[0], $copy or die; return $copy; }

observe('L15 key of another certificate', attempt(sslkey => $server->{key}), qr/^08001 evcrypt.sslkey: is not the key of evcrypt.sslcert$/);
observe('L15 key that others may read', attempt(sslkey => copy_key(0644)), qr/^08001 evcrypt.sslkey: may be read by others/);
Certs::run(qw(openssl ec -aes128 -passout pass:secret -in), $client->{key}, '-out', "$dir/locked.key");
chmod 0600, "$dir/locked.key";
observe('L15 encrypted key', attempt(sslkey => "$dir/locked.key"), qr/^08001 evcrypt.sslkey: is encrypted/);
observe('L15 directory for a key', attempt(sslkey => "$dir"), qr/^08001 evcrypt.sslkey: is not a regular file$/);
observe('L15 no key', attempt(sslkey => "$dir/none"), qr/^08001 evcrypt.sslkey: No such file or directory$/);
observe('L15 directory for a certificate', attempt(sslcert => "$dir"), qr/^08001 evcrypt.sslcert: /);
observe('L15 key for a certificate', attempt(sslcert => $client->{key}), qr/^08001 evcrypt.sslcert: is not a PEM file/);
observe('L15 no authority', attempt(sslrootcert => "$dir/none"), qr/^08001 evcrypt.sslrootcert: No such file or directory$/);
$session->query("SET evcrypt.sslkey = 'client.key'");
is($session->sqlstate, '22023', 'a file is an absolute path');

$ca->revoke($server);
$ca->make_crl(3600);
observe('L5 revoked server', attempt(sslcrl => $ca->{crl}), qr/${not}certificate revoked$/);
$ca->make_crl(-3600);
observe('L5 list expired', attempt(sslcrl => $ca->{crl}), qr/${not}CRL has expired$/);
observe('L5 no list in the file', attempt(sslcrl => $ca->{cert}), qr/^08001 evcrypt.sslcrl: is not a PEM file of revocation lists$/);
observe('L5 no file', attempt(sslcrl => "$dir/none"), qr/^08001 evcrypt.sslcrl: No such file or directory$/);
$other->make_crl(3600);
observe('L5 list of another authority', attempt(sslcrl => $other->{crl}), qr/${not}unable to get certificate CRL$/);

# --- and in the end --------------------------------------------------------
is(counter('requests_encrypt'), 2, 'E3 was asked to encrypt by those that it served alone');
$session->is(q{SELECT decrypt(encrypt('still here'))}, 'still here', 'which is as it was');
unlike(slurp($e3->{log}) . slurp($node->logfile), qr/never sent.*DETAIL|PRIVATE/, 'no key in a log');
note(join("\n", 'case, and what was observed:', @table));
done_testing();
