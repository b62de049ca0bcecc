# e3ctl app import: private keys as the openssl command writes them, and what is
# refused; no command shows a private key.
# Without the thread sanitizer: one thread does it.
use strict;
use warnings;

use EvcryptTest;
use JSON::PP;
use MIME::Base64;
use POSIX qw(mkfifo);
use Test::More;

my $e3 = start_e3(stopped => 1);
my $dir = $e3->{dir};
my $NOTE = "e3ctl: E3 is not running; it will have the change when it starts\n";

# Orders of the groups (SEC 2), less their last byte.
my $P256_ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc6325';
my $K1_ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd03641';

# Everything that commands have printed.
my $printed = '';

sub openssl
{
	my (@arguments) = @_;
	my ($out, $err);

	IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>', \$out, '2>', \$err)
	  or die "openssl @arguments: $err";
	return $out;
}

sub pem_of
{
	my ($kind, $der) = @_;

	return "-----BEGIN $kind-----\n" . encode_base64($der) . "-----END $kind-----\n";
}

# A file of this text; its path.
sub file
{
	my ($name, $text) = @_;

	spit("$dir/$name", $text);
	return "$dir/$name";
}

# A fresh key: its SEC 1 file, private key as hex, compressed public key as hex.
my $keys = 0;
sub new_key
{
	my ($curve) = @_;
	my $path = "$dir/key" . $keys++ . '.pem';

	openssl('ecparam', '-name', $curve, '-genkey', '-noout', '-out', $path);
	my $der = openssl('ec', '-in', $path, '-outform', 'DER');
	my $public = openssl('ec', '-in', $path, '-pubout', '-conv_form', 'compressed', '-outform', 'DER');
	return { pem => $path, der => $der,
		hex => unpack('H*', substr($der, 7, 32)), public => unpack('H*', substr($public, -33)) };
}

my $p256 = new_key('prime256v1');
my $other = new_key('prime256v1');
my $k1 = new_key('secp256k1');

sub import_key
{
	my ($app, @arguments) = @_;
	my ($status, $out, $err) = $e3->try_ctl('app', 'import', $app, @arguments);

	$printed .= $out . $err;
	return "$status$out$err";
}

sub exported
{
	my ($app) = @_;
	my $out = $e3->ctl('app', 'export', $app);

	$printed .= $out;
	return decode_json($out)->{versions}[0];
}

# --- taken -----------------------------------------------------------------

my $sec1 = slurp($p256->{pem});
openssl('pkcs8', '-topk8', '-nocrypt', '-in', $p256->{pem}, '-out', "$dir/pkcs8.pem");
openssl('ec', '-in', $p256->{pem}, '-param_enc', 'explicit', '-out', "$dir/explicit.pem");
like($sec1, qr/BEGIN EC PRIVATE KEY/, 'SEC 1 it is');
like(slurp("$dir/pkcs8.pem"), qr/BEGIN PRIVATE KEY/, 'and PKCS #8');

my %good = (
	sec1 => $p256->{pem},
	pkcs8 => "$dir/pkcs8.pem",
	parameters => file('parameters.pem', openssl('ecparam', '-name', 'prime256v1') . $sec1),
	explicit => "$dir/explicit.pem",
	crlf => file('crlf.pem', $sec1 =~ s/\n/\r\n/gr),
	commented => file('commented.pem', "the key of the app\n\n$sec1"),
	hex => file('hex', $p256->{hex}),
	hex_crlf => file('hex_crlf', "$p256->{hex}\r\n"),
	hex_upper => file('hex_upper', uc $p256->{hex}));
for my $form (sort keys %good)
{
	is(import_key($form, '--private-key', $good{$form}), "0$NOTE", "import: $form");
	is(exported($form)->{p256}{hex}, $p256->{public}, 'the public key that openssl makes of it');
}
isnt(exported('sec1')->{secp256k1}{hex}, exported('pkcs8')->{secp256k1}{hex},
	'the pair that is not given is generated');

is(import_key('k1', '--secp256k1-private-key', $k1->{pem}), "0$NOTE", 'import: secp256k1');
is(exported('k1')->{secp256k1}{hex}, $k1->{public}, 'its public key');
is(import_key('both', "--private-key=$other->{pem}", '--secp256k1-private-key',
		file('k1_hex', $k1->{hex})), "0$NOTE", 'import: both');
is(exported('both')->{p256}{hex}, $other->{public}, 'the first is P-256\'s');
is(exported('both')->{secp256k1}{hex}, $k1->{public}, 'the second secp256k1\'s');

for my $number ([ 'one', '0' x 63 . '1' ], [ 'last', "${P256_ORDER}50" ])
{
	my ($name, $hex) = @$number;
	is(import_key($name, '--private-key', file($name, $hex)), "0$NOTE", "import: the $name private key");
}
is(exported('one')->{p256}{hex},
	'036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296', 'of 1: the generator');
is(exported('last')->{p256}{hex},
	'026b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296', 'of -1: its negative');

# --- refused ---------------------------------------------------------------

openssl('genrsa', '-out', "$dir/rsa.pem", '1024');
openssl('genpkey', '-algorithm', 'ed25519', '-out', "$dir/ed25519.pem");
openssl('pkcs8', '-topk8', '-in', $p256->{pem}, '-out', "$dir/pkcs8_encrypted.pem", '-passout', 'pass:x');
openssl('ec', '-in', $p256->{pem}, '-aes128', '-out', "$dir/sec1_encrypted.pem", '-passout', 'pass:x');
openssl('ec', '-in', $p256->{pem}, '-pubout', '-out', "$dir/public.pem");
openssl('req', '-x509', '-key', $p256->{pem}, '-subj', '/CN=x', '-out', "$dir/certificate.pem");
symlink "$dir/nowhere", "$dir/dangling" or die;
mkfifo("$dir/fifo", 0600) or die;
chmod 0000, file('unreadable', $p256->{hex}) or die;

# Another's public key beside the private one; a curve that only looks like P-256:
# its generator is a point of the attacker's.
my $mixed = substr($p256->{der}, 0, -64) . substr($other->{der}, -64);
my $forged = openssl('ec', '-in', "$dir/explicit.pem", '-outform', 'DER');
my $generator = pack 'H*', '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'
  . '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';
my $at = index $forged, $generator;
cmp_ok($at, '>', 0, 'the generator stands in the file');
substr($forged, $at, 64, substr($other->{der}, -64));

my $NEITHER = qr/neither a private key in PEM nor 64 hex digits/;
my $BAD = qr/key is malformed, out of range or of the wrong curve/;
my $NOT_P256 = qr/not a private key on P-256/;
my %refused = (
	k1_as_p256 => [ $NOT_P256, '--private-key', $k1->{pem} ],
	p256_as_k1 => [ qr/not a private key on secp256k1/, '--secp256k1-private-key', $p256->{pem} ],
	p384 => [ $NOT_P256, '--private-key', new_key('secp384r1')->{pem} ],
	rsa => [ $NOT_P256, '--private-key', "$dir/rsa.pem" ],
	ed25519 => [ $NOT_P256, '--private-key', "$dir/ed25519.pem" ],
	forged_curve => [ qr/not a private key on P-256|$NEITHER/, '--private-key',
		file('forged.pem', pem_of('EC PRIVATE KEY', $forged)) ],
	encrypted_pkcs8 => [ qr/the private key is encrypted; decrypt it first/,
		'--private-key', "$dir/pkcs8_encrypted.pem" ],
	encrypted_sec1 => [ qr/the private key is encrypted; decrypt it first/,
		'--private-key', "$dir/sec1_encrypted.pem" ],
	public_only => [ $NEITHER, '--private-key', "$dir/public.pem" ],
	certificate => [ $NEITHER, '--private-key', "$dir/certificate.pem" ],
	der => [ $NEITHER, '--private-key', file('der', $p256->{der}) ],
	mixed_up => [ qr/$BAD|$NEITHER/, '--private-key', file('mixed.pem', pem_of('EC PRIVATE KEY', $mixed)) ],
	cut_off => [ $NEITHER, '--private-key', file('cut', substr($sec1, 0, 150)) ],
	empty => [ $NEITHER, '--private-key', file('empty', '') ],
	digits_63 => [ $NEITHER, '--private-key', file('63', substr($p256->{hex}, 1)) ],
	digits_65 => [ $NEITHER, '--private-key', file('65', "0$p256->{hex}") ],
	prefix => [ $NEITHER, '--private-key', file('0x', "0x$p256->{hex}") ],
	space_before => [ $NEITHER, '--private-key', file('space', " $p256->{hex}") ],
	no_digit => [ $NEITHER, '--private-key', file('nodigit', substr($p256->{hex}, 1) . 'g') ],
	zero => [ $BAD, '--private-key', file('zero', '0' x 64) ],
	order => [ $BAD, '--private-key', file('order', "${P256_ORDER}51") ],
	all_ones => [ $BAD, '--private-key', file('ones', 'f' x 64) ],
	k1_zero => [ $BAD, '--secp256k1-private-key', file('zero', '0' x 64) ],
	k1_order => [ $BAD, '--secp256k1-private-key', file('k1_order', "${K1_ORDER}41") ],
	as_long_as_allowed => [ $NEITHER, '--private-key', file('16384', 'a' x 16384) ],
	too_long => [ qr/too long for a private key/, '--private-key', file('16385', 'a' x 16385) ],
	missing => [ qr/No such file or directory/, '--private-key', "$dir/nowhere" ],
	dangling => [ qr/No such file or directory/, '--private-key', "$dir/dangling" ],
	directory => [ qr/not a regular file/, '--private-key', $dir ],
	fifo => [ qr/not a regular file/, '--private-key', "$dir/fifo" ],
	unreadable => [ qr/Permission denied/, '--private-key', "$dir/unreadable" ],
	second_is_bad => [ $BAD, '--private-key', $p256->{pem}, '--secp256k1-private-key', file('zero', '0' x 64) ]);

my $before = slurp("$dir/keyring");
for my $app (sort keys %refused)
{
	my ($pattern, @arguments) = @{ $refused{$app} };
	like(import_key($app, @arguments), qr/^1e3ctl: \Q$arguments[-1]\E: $pattern\n\z/, "refused: $app");
}
is(import_key('sec1', '--private-key', $other->{pem}), "1e3ctl: sec1: app exists already\n",
	'refused: an app that exists');
is(import_key('No Name', '--private-key', $other->{pem}),
	"1e3ctl: app name is not 1 to 63 of a-z, 0-9, '_' and '-'\n", 'refused: a bad name');
is(slurp("$dir/keyring"), $before, 'the keyring is as it was, to the byte');

# --- what is shown ---------------------------------------------------------

$printed .= $e3->ctl('app', 'list');
for my $key ($p256, $other, $k1)
{
	my $bytes = pack 'H*', $key->{hex};
	my $base64 = encode_base64($bytes, '');

	like($printed, qr/\Q$key->{public}\E/, 'a public key has been shown');
	is(index(lc $printed, $key->{hex}), -1, 'its private key has not, as hex');
	is(index($printed, substr $base64, 0, 42), -1, 'nor as base64');
	is(index($printed, $bytes), -1, 'nor as bytes');
	is(index(slurp("$dir/keyring"), $bytes), -1, 'nor does it lie in the keyring file as it is');
}
unlike($printed, qr/BEGIN|PRIVATE/, 'nor as PEM');

done_testing();
