# Private keys, request keys and the keyring's wrapping key are nowhere but in E3: in no
# backend, no core file, and not in the process that has started E3; and root, who reads
# the rest of E3's memory, does not find them there either.
# Release build only: sanitizers keep copies of what was freed.
use strict;
use warnings;

use Digest::SHA qw(sha256);
use Files;
use Memory;
use MIME::Base64;
use OwnE3;
use Session;
use Test::More;
use Waiting;

my %PRIVATE = (
	p256 => '3d1b90f7c4e2a85566810f2b7ce9d3a40b97f81e5ac6d2430e8fb16497c2d58a',
	secp256k1 => '6f2ac81b95d3e07748a15c9e30fb8d62e4710b8dc3f6a924951ed07b38c46fa1');
my %CURVE = (p256 => 'prime256v1', secp256k1 => 'secp256k1');
my $dir = "$ENV{EVCRYPT_STACK}/scan-$$";
my $seen = 0;
my $PORT = 20000 + $$ % 20000;

mkdir $dir, 0755 or die;

# Output of a program, which must succeed; with bytes for its input.
sub run
{
	my ($input, @command) = @_;
	my ($out, $err);

	IPC::Run::run(\@command, '<', \$input, '>', \$out, '2>', \$err) or die "@command: $err";
	return $out;
}

# A private key of so many hexadecimal digits, as DER (SEC 1), without its public part.
sub sec1
{
	my ($curve, $hex) = @_;
	my %oid = (p256 => '06082a8648ce3d030107', secp256k1 => '06052b8104000a');
	my $oid = pack 'H*', $oid{$curve};
	my $tagged = "\xa0" . pack('C/a*', $oid);

	return "\x30" . pack('C/a*', "\x02\x01\x01\x04" . pack('C/a*', pack('H*', $hex)) . $tagged);
}

# The AES key of a ciphertext's text: ANSI X9.63 over what openssl agrees on.
sub request_key
{
	my ($curve, $text) = @_;
	my ($epk) = grep { length == 33 && /^[\x02\x03]/ } map { decode_base64($_) } split /:/, $text;
	# openssl reads points as keys only with their curve around them.
	my %head = (
		p256 => '3039301306072a8648ce3d020106082a8648ce3d030107032200',
		secp256k1 => '3036301006072a8648ce3d020106052b8104000a032200');
	spit("$dir/epk.der", pack('H*', $head{$curve}) . $epk);
	spit("$dir/key.der", sec1($curve, $PRIVATE{$curve}));
	my $z = run('', qw(openssl pkeyutl -derive -keyform DER -inkey), "$dir/key.der", qw(-peerform DER -peerkey), "$dir/epk.der");
	my $info = run('', qw(openssl ec -pubin -inform DER -in), "$dir/epk.der",
		qw(-param_enc explicit -conv_form uncompressed -outform DER));
	unlink "$dir/epk.der", "$dir/key.der";
	return sha256($z . pack('N', 1) . $info);
}

# The key that wraps a keyring: scrypt with the numbers of the file's header.
sub wrapping_key
{
	my ($e3) = @_;
	my $header = substr slurp("$e3->{dir}/keyring"), 0, 48;
	my ($log2_n, $r, $p) = unpack 'x6CCC', $header;

	my $passphrase = slurp("$e3->{dir}/passphrase") =~ s/\n//r;
	return run('', qw(openssl kdf -keylen 32 -binary), '-kdfopt', "pass:$passphrase", '-kdfopt',
		'hexsalt:' . unpack('H*', substr $header, 20, 16), '-kdfopt', 'n:' . (1 << $log2_n), '-kdfopt', "r:$r",
		'-kdfopt', "p:$p", '-kdfopt', 'maxmem_bytes:700000000', 'SCRYPT');
}

# The private number in a PEM file, of so many bytes.
sub private_of
{
	my ($path, $bytes) = @_;
	my ($hex) = run('', qw(openssl pkey -noout -text -in), $path) =~ /priv:\s*((?:[0-9a-f]{2}[:\s]*)+)pub:/s;

	$hex =~ s/[^0-9a-f]//g;
	return pack 'H*', substr '00' x $bytes . $hex, -2 * $bytes;
}

# --- an E3 at work ---------------------------------------------------------

sub e3_with
{
	my ($isolation) = @_;
	my $e3 = OwnE3->new;

	$e3->ctl('init');
	system("test/lib/as-server e3ctl certs $e3->{dir}/tls --server localhost --client postgres >/dev/null") == 0 or die 'certs';
	$e3->ctl('attest', 'ca', "$e3->{dir}/attest");
	my $port = $PORT++;
	$e3->configure("$isolation\[tls]\nlisten = 127.0.0.1:$port\ncertificate = $e3->{dir}/tls/server.crt\n"
		  . "key = $e3->{dir}/tls/server.key\nclient_ca = $e3->{dir}/tls/ca.crt\n"
		  . "[attest]\nevidence = software\nroot = $e3->{dir}/attest/root.crt\n"
		  . "certificate = $e3->{dir}/attest/issuer.crt\nkey = $e3->{dir}/attest/issuer.key\n");
	spit("$dir/$_", $PRIVATE{$_}) for keys %PRIVATE;
	chmod 0644, map { "$dir/$_" } keys %PRIVATE;
	$e3->ctl('app', 'import', 'known', '--private-key', "$dir/p256", '--secp256k1-private-key', "$dir/secp256k1");
	$e3->start;
	$e3->{endpoint} = "tls://localhost:$port";
	return $e3;
}

sub session
{
	my ($e3, $endpoint) = @_;
	my $session = Session->new($Waiting::DEADLINE);

	$session->query("SET evcrypt.sslcert = '$e3->{dir}/tls/postgres.crt'");
	$session->query("SET evcrypt.sslkey = '$e3->{dir}/tls/postgres.key'");
	$session->query("SET evcrypt.sslrootcert = '$e3->{dir}/tls/ca.crt'");
	$session->query("SET evcrypt.app = 'known'");
	$session->query("SET evcrypt.endpoints = '$endpoint'");
	return $session;
}

# Values on both curves, there and back; the keys of requests that were made.
sub work
{
	my ($session) = @_;
	my %keys;

	for my $curve (sort keys %CURVE)
	{
		$session->query("SET evcrypt.curve = '$curve'");
		my $text = $session->query(q{SELECT encrypt('a value')});
		die "no ciphertext: $session->{error}" unless $text =~ /^ev:/;
		$session->query("SELECT decrypt('$text'::encrypted), count(*) FROM generate_series(1, 100)");
		die "not opened: $session->{error}" if $session->{error} =~ /ERROR/;
		$keys{"request key on $curve"} = request_key($curve, $text);
	}
	return %keys;
}

sub secrets_of
{
	my ($e3, @sessions) = @_;
	my %secrets = map { ("private key on $_" => pack 'H*', $PRIVATE{$_}) } keys %PRIVATE;

	for my $session (@sessions)
	{
		my %keys = work($session);
		$secrets{"$_ of $session->{backend}"} = $keys{$_} for keys %keys;
	}
	$secrets{'wrapping key'} = wrapping_key($e3);
	$secrets{'TLS key'} = private_of("$e3->{dir}/tls/server.key", 32);
	$secrets{'key of evidence'} = private_of("$e3->{dir}/attest/issuer.key", 48);
	$e3->ctl('attest', "$e3->{dir}/document");
	$seen = keys %secrets;
	return %secrets;
}

sub summary { return join '; ', @{ $_[0] }; }

# --- outside of E3 ---------------------------------------------------------

my $e3 = e3_with('');
my @sessions = (session($e3, "unix:$e3->{socket}"), session($e3, $e3->{endpoint}), session($e3, "unix:$e3->{socket}"));
my %secrets = secrets_of($e3, @sessions);
$e3->ctl('reload');
is($seen, 11, 'eleven secrets to look for');

my $planted = pack 'H*', 'c3' . '5a917e04d86b2f' x 4 . '11aa33';
my $hex = unpack 'H*', $planted;
$sessions[0]->query("SELECT set_config('planted.key', '$hex', false)");

my $server = Session->new($Waiting::DEADLINE);
my @processes = split /\n/, $server->query('SELECT pid FROM pg_stat_activity');
push @processes, slurp($server->query('SHOW data_directory') . '/postmaster.pid') =~ /^(\d+)/, $e3->parent;
my ($hits, $bytes, $controls) = ([], 0, 0);
for my $pid (@processes)
{
	my ($found, $read) = scan_process($pid, %secrets, planted => $planted);
	$controls++ if $pid == $sessions[0]{backend} && grep { /^planted in/ } @$found;
	push @$hits, map { "$pid: $_" } grep { !/^planted in/ } @$found;
	$bytes += $read;
}
is(summary($hits), '', sprintf '%d processes, %d MB: no secret', scalar @processes, $bytes >> 20);
is($controls, 1, 'what was planted in one of them is found there');
cmp_ok(scalar @processes, '>=', 6, 'backends, server and parent have been looked at');

# --- E3 itself, by root ----------------------------------------------------

SKIP:
{
	skip 'only root can look into E3', 10 if $> != 0;
	my ($found, $read, $closed) = scan_process($e3->{pid}, %secrets);
	my $hidden = $e3->ctl('health') =~ /^isolation: .*\bsecret_memory\b/m;

	cmp_ok($read, '>', 1 << 20, 'root reads ' . ($read >> 20) . ' MB of E3');
  SKIP:
	{
		skip 'this kernel has no secret memory', 4 unless $hidden;
		is(summary($found), '', 'no secret is in it');
		my ($shut) = grep { /secretmem/ } keys %$closed;
		ok($shut && $closed->{$shut} >= 1 << 20, 'the arena cannot be read');
		my $control = read_mapping($e3->{pid}, qr/\[heap\]/);
		skip 'this perl does not know the numbers of system calls', 2 unless defined $control;
		is($control, 'read', 'process_vm_readv reads E3 for root');
		is(read_mapping($e3->{pid}, qr/secretmem/), 'Bad address', 'and not the arena');
	}

	# The same without secret memory: this is where the keys are, so what was looked for
	# is what there is to be found.
	my $open = e3_with("[isolation]\nleave_out = secret_memory\n");
	my $session = session($open, "unix:$open->{socket}");
	my %open_secrets = secrets_of($open, $session);
	($found) = scan_process($open->{pid}, %open_secrets);
	like(summary($found), qr/private key on p256 in/, 'without secret memory the private key is found');
	my ($keys) = scan_process($open->{pid}, map { ($_ => $open_secrets{$_}) } grep { /request key/ } keys %open_secrets);
	cmp_ok(scalar @$keys, '>=', 1, 'and keys of requests');
	for my $name ('TLS key', 'key of evidence')
	{
		my ($own) = scan_process($open->{pid}, $name => $open_secrets{$name});
		cmp_ok(scalar @$own, '>=', 1, "and E3's $name");
	}
	is($open->stop, 0, 'that one ends');
}

# --- core files ------------------------------------------------------------

SKIP:
{
	skip 'core files do not go to the directory of their process here', 2
	  unless slurp('/proc/sys/kernel/core_pattern') =~ /^core$/;
	my $data = $server->query('SHOW data_directory');
	my $victim = $sessions[0]{backend};
	skip 'its limit of core files cannot be raised here', 2
	  if system("test/lib/as-server prlimit --pid $victim --core=unlimited 2>/dev/null") != 0;
	kill 'SEGV', $victim;
	wait_until('the server is back', sub { !kill(0, $victim) && `psql -XAtqc 'SELECT 1' 2>/dev/null` eq "1\n" });
	my ($core) = glob "$data/core*";
	skip 'the kernel has written no core file', 2 unless defined $core;
	my ($found, $read) = scan_file($core, %secrets, planted => $planted);
	is(summary([ grep { !/^planted/ } @$found ]), '', sprintf 'a core file of %d MB: no secret', $read >> 20);
	is(scalar(grep { /^planted/ } @$found), 1, 'what was planted is found');
	unlink $core;
}

is($e3->stop, 0, 'E3 ends');
done_testing();
