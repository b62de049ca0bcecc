# The keyring's key is wrapped by an AES key of a PKCS #11 token: it opens with that
# key and the token's PIN alone, and E3 does not need the token once it serves.
use strict;
use warnings;

use Custody;
use Files;
use Test::More;

Custody::need('softhsm2-util', 'pkcs11-tool');
plan skip_all => 'there is no libsofthsm2.so' unless @Custody::MODULES;
my $token = Custody::Token->new('e3');
my $e3 = Custody->new($token->lines);
my ($status, $said) = $e3->try_ctl('keyring', 'reseal', '--custody', 'pkcs11');
plan skip_all => 'this E3 is built without pkcs11' if $said =~ /built without/;

is($status, 0, 'reseal') or diag($said);
$e3->configure('pkcs11');
is(unpack('H*', substr slurp($e3->{keyring}), 4, 8), '0203002900000000', 'the file names its custody');

# --- it opens --------------------------------------------------------------

$e3->start;
ok($e3->serves('default'), 'E3 starts');
$e3->ctl('app', 'add', 'second');
ok($e3->serves('second'), 'and takes a change up');
my $pin = "$token->{dir}/pin";
unlink $pin or die;
$e3->ctl('reload');
ok($e3->serves('second'), 'it reloads without the token');
is($e3->stop, 0, 'and stops');

# --- it does not open ------------------------------------------------------

$e3->refuses('PASSPHRASE', 'no PIN', 'no PIN');
spit($pin, "$Custody::PIN\n");
chmod 0644, $pin or die;
$e3->refuses('PASSPHRASE', 'others may read it', 'a PIN that others may read');
chmod 0600, $pin or die;
for my $bad ('', "\n", '1' x 256)
{
	spit($pin, $bad);
	$e3->refuses('PASSPHRASE', 'no PIN', 'a PIN of ' . length($bad) . ' bytes');
}
for my $wrong ("654321\n", "$Custody::PIN \n", '1' x 255 . "\n")
{
	spit($pin, $wrong);
	$e3->refuses('CUSTODY_REFUSED', 'does not take this PIN', 'a wrong PIN');
}
spit($pin, $Custody::PIN);
$e3->damage_is_refused(4 .. 11, 12, 20, 36, 48 .. 52, 88, 89);
$e3->older_is_refused('pkcs11');

sub says
{
	my ($status, $pattern, $what, $line, $value) = @_;
	my @lines = @{ $e3->{lines} };

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$e3->{lines}[$line] =~ s/= .*/= $value/;
	$e3->configure('pkcs11');
	$e3->refuses($status, $pattern, $what);
	$e3->{lines} = [@lines];
	$e3->configure('pkcs11');
	return;
}

says('CUSTODY_ABSENT', 'cannot load', 'no module', 0, '/nonexistent');
my ($library) = map { glob "$_/libcrypto.so*" } glob '/usr/lib/*-linux-gnu /usr/lib64';
says('CUSTODY_ABSENT', 'is no PKCS #11 module', 'a library that is none', 0, $library);
says('CUSTODY_ABSENT', 'there are 0 tokens labelled', 'no token', 1, 'e');
says('CUSTODY_ABSENT', 'there are 0 tokens labelled', 'a label that is too long', 1, 'e' x 33);
says('CUSTODY_REFUSED', 'has no AES key labelled', 'no key', 2, 'key');
$token->add_key('keyring');
$e3->refuses('CUSTODY_REFUSED', 'has more than one AES key labelled', 'two keys');

my $other = Custody::Token->new('e3');
$e3->{lines} = [ $other->lines ];
$e3->configure('pkcs11');
$e3->refuses('CUSTODY_REFUSED', 'another key has wrapped it', 'another token of the same names');

# --- back ------------------------------------------------------------------

my $third = Custody::Token->new('third');
my $again = Custody->new($third->lines);
$again->reseal('pkcs11');
$again->reseal('pkcs11');
$again->reseal('passphrase');
$again->start;
ok($again->serves('default'), 'back under the passphrase');
is($again->stop, 0, 'E3 stops');

done_testing();
