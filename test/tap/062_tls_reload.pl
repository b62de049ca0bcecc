# Certificates while E3 runs: reloaded, refused, revoked, run out; and statements that
# go on meanwhile.
use strict;
use warnings;

use EvcryptTest;
use Certs;
use File::Copy qw(copy);
use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my %file = map { $_ => "$dir/e3.$_" } qw(cert key ca crl);

# Puts a file in place as an operator would: whole.
sub place
{
	my ($what, $from, $mode) = @_;

	copy($from, "$file{$what}.new") or die "$from: $!";
	chmod $mode // 0600, "$file{$what}.new" or die;
	rename "$file{$what}.new", $file{$what} or die;
	return;
}

sub place_server { my ($made) = @_; place(cert => $made->{cert}); place(key => $made->{key}); return; }

my $first = $ca->server('DNS:localhost');
my $tls = "[tls]\nlisten = 127.0.0.1:$port\ncertificate = $file{cert}\nkey = $file{key}\nclient_ca = $file{ca}\n";

place_server($first);
place(ca => $ca->{cert});
my $e3 = start_e3(extra => $tls);
my $client = $ca->client('DNS:db1.test');
my $node = new_node('reload', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslcert = '$client->{cert}'
evcrypt.sslkey = '$client->{key}'
evcrypt.sslrootcert = '$ca->{cert}'
END
my $session = session($node);
my $ask = q{SELECT decrypt(encrypt('x'))};

sub serial_seen
{
	my $out = `openssl s_client -connect 127.0.0.1:$port -alpn e3/1 2>&1 </dev/null | openssl x509 -noout -serial`;
	return $out =~ /^serial=(\w+)/ ? $1 : $out;
}

sub serial_of { my $out = `openssl x509 -noout -serial -in $_[0]{cert}`; return $out =~ /^serial=(\w+)/ ? $1 : die; }

sub counter { return $e3->ctl('stats') =~ /^$_[0]: (\d+)$/m ? $1 : die "no counter $_[0]"; }

# E3 tells the client first.
sub knows
{
	my ($cause) = @_;

	wait_until("E3 logs: $cause", sub { slurp($e3->{log}) =~ /event=handshake_failed cause="\Q$cause\E"/ });
	pass("E3 knows why: $cause");
	return;
}

# --- a new certificate -----------------------------------------------------
$session->is($ask, 'x', 'with the first certificate');
is(serial_seen(), serial_of($first), 'which is the one that is shown');
my $second = $ca->server('DNS:localhost');
place_server($second);
like($e3->hup, qr/event=keyring_loaded/, 'SIGHUP');
is(serial_seen(), serial_of($second), 'new connections see the second one');
my $connections = counter('connections_accepted');
wait_until('the old connection is drained', sub { counter('connections_open') == 1 });
$session->is($ask, 'x', 'the session does not notice');

$e3->hup;
my $accepted = counter('connections_accepted');
$session->is($ask, 'x', 'with the same files again');
is(counter('connections_accepted'), $accepted + 1, 'nobody has to connect again (but the one who counts)');

# --- files that are refused, while the old ones serve ----------------------
my $expired = $ca->server('DNS:localhost', from => -7200, to => -3600);
my $early = $ca->server('DNS:localhost', from => 3600);
Certs::run(qw(openssl ec -aes128 -passout pass:secret -in), $second->{key}, '-out', "$dir/locked.key");
spit("$dir/garbage", "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n");
my @bad = (
	[ 'L4 expired certificate', sub { place_server($expired) }, qr/certificate has expired/ ],
	[ 'L4 certificate not valid yet', sub { place_server($early) }, qr/certificate is not valid yet/ ],
	[ 'L15 key of another certificate', sub { place(key => $first->{key}) }, qr/is not the key of the certificate/ ],
	[ 'L15 key that others may read', sub { place(key => $second->{key}, 0644) }, qr/nobody else may read/ ],
	[ 'L15 encrypted key', sub { place(key => "$dir/locked.key") }, qr/is encrypted/ ],
	[ 'L15 directory for a key', sub { unlink $file{key}; mkdir $file{key} }, qr/nobody else may read/ ],
	[ 'L15 no key', sub { rmdir $file{key} or unlink $file{key} }, qr/does not exist/ ],
	[ 'L15 certificate for a key', sub { place(key => $second->{cert}) }, qr/is not a PEM file of a private key/ ],
	[ 'L15 empty certificate', sub { spit("$dir/empty", ''); place(cert => "$dir/empty") }, qr/is not a PEM file of certificates/ ],
	[ 'L15 garbage after the certificate',
		sub { spit("$dir/both", slurp($second->{cert}) . slurp("$dir/garbage")); place(cert => "$dir/both") },
		qr/is not a PEM file of certificates/ ],
	[ 'L9 certificate with SHA-1', sub { place_server($ca->server('DNS:localhost', md => 'sha1')) }, qr/cannot be used|too weak/ ],
	[ 'L9 RSA of 1024 bits', sub { place_server($ca->server('DNS:localhost', key => 'rsa:1024')) }, qr/key is too weak/ ],
	[ 'L3 a client for an authority', sub { place(ca => $client->{cert}) }, qr/is not that of an authority/ ],
	[ 'L3 no authority', sub { unlink $file{ca} }, qr/does not exist/ ]);
for my $bad (@bad)
{
	my ($case, $break, $cause) = @$bad;

	$break->();
	my $log = $e3->hup;
	like($log, qr/event=tls_refused cause="[^"]*$cause/, $case);
	like($log, qr/event=reload_refused status=CONFIG/, '... and the reload with it');
	is(serial_seen(), serial_of($second), '... and the old one serves');
	note(sprintf('%-40s %s', $case, $log =~ /cause="[^:]*: ([^"]*)"/));
	rmdir $file{key};
	place_server($second);
	place(ca => $ca->{cert});
}
$e3->ctl('reload');
$session->is($ask, 'x', 'after all of them');

# --- revocation ------------------------------------------------------------
my $revoked = $ca->client('DNS:db1.test');
sub cause { return $session->{error} =~ /^DETAIL:  tls:\S+: (.*)\.$/m ? $1 : $session->{error}; }

$session->query("SET evcrypt.sslcert = '$revoked->{cert}'; SET evcrypt.sslkey = '$revoked->{key}'");
$session->is($ask, 'x', 'a client that will be revoked');
$ca->make_crl(3600);
place(crl => $ca->{crl});
spit($e3->{config}, slurp($e3->{config}) =~ s/^client_ca.*\n/$&crl = $file{crl}\n/mr);
$e3->ctl('reload');
$session->is($ask, 'x', 'a list that does not name it');
$ca->revoke($revoked);
$ca->make_crl(3600);
place(crl => $ca->{crl});
$e3->ctl('reload');
wait_until('its connection is drained', sub { counter('connections_open') == 1 });
$session->query($ask);
is(cause(), 'TLS: sslv3 alert certificate revoked', 'L5 revoked client');
$session->query('RESET evcrypt.sslcert; RESET evcrypt.sslkey');
$session->is($ask, 'x', 'another client is served');

# A list that runs out while E3 runs refuses everybody.
$ca->make_crl(3);
place(crl => $ca->{crl});
$e3->ctl('reload');
wait_until('the list runs out', sub { $session->query("SET evcrypt.sslcrl = ''; $ask"); $session->sqlstate ne '00000' });
is(cause(), 'TLS: sslv3 alert certificate expired', 'L5 expired list');
knows('CRL has expired');
like($e3->hup, qr/event=tls_refused cause="[^"]*revocation list has expired"/, 'nor is it loaded again');
my $other = Certs->new($dir);
$other->make_crl(3600);
place(crl => $other->{crl});
$e3->ctl('reload');
$session->query($ask);
is(cause(), 'TLS: tlsv1 alert unknown ca', 'L5 list of another authority');
knows('unable to get certificate CRL');
$ca->make_crl(3600);
place(crl => $ca->{crl});
$e3->ctl('reload');
$session->is($ask, 'x', 'a fresh list');

# --- another authority, under load -----------------------------------------
# Both ends trust both while certificates change hands; no statement fails.
my $both = "$dir/both.crt";
spit($both, slurp($ca->{cert}) . slurp($other->{cert}));
$other->make_crl(3600);
spit("$dir/lists", slurp($ca->{crl}) . slurp($other->{crl}));
place(crl => "$dir/lists");
place(ca => $both);
$node->append_conf('postgresql.conf', "evcrypt.sslrootcert = '$both'");
$node->reload;
my $script = "$dir/load.sql";
spit($script, "SELECT decrypt(encrypt('y')) FROM generate_series(1, 50);\n");
my $out = '';
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', '8', '-f', $script, '-d', $node->connstr('postgres') ],
	'<', \undef, '>&', \$out, IPC::Run::timeout(120));
my $rotations = 0;
while ($load->pump_nb, $load->pumpable)
{
	my $by = $rotations++ % 2 ? $ca : $other;

	place_server($by->server('DNS:localhost'));
	$e3->ctl('reload');
	last if $rotations == 40;
}
$load->finish;
like($out, qr/number of failed transactions: 0 /, "no statement failed in $rotations rotations");
cmp_ok($rotations, '>', 5, 'of which there were some');
cmp_ok(() = slurp($e3->{log}) =~ /event=tls_reloaded/g, '>', 5, 'and they took effect');

# --- E3 does not start -----------------------------------------------------
$e3->stop;
place_server($expired);
my ($status, $log) = $e3->try_start;
like("$status $log", qr/^1 .*event=tls_refused cause="[^"]*certificate has expired"/s, 'E3 does not start with an expired certificate');
place_server($first);
spit($e3->{config}, slurp($e3->{config}) =~ s/^listen = .*$/listen = localhost:$port/mr);
($status, $log) = $e3->try_start;
like("$status $log", qr/^1 .*event=listen_failed endpoint="tls:\S+" cause="the host must be a numeric address"/s, 'nor looks a name up');
spit($e3->{config}, slurp($e3->{config}) =~ s/^listen = .*$/listen = 192.0.2.1:$port/mr);
($status, $log) = $e3->try_start;
like("$status $log", qr/^1 .*event=listen_failed endpoint="tls:\S+" cause="Cannot assign requested address"/s, 'nor at an address that is not its own');
done_testing();
