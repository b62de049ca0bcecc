# Who keeps the keyring's key is said in its file and in the configuration, and they
# agree; an older keyring is noticed by an E3 that starts; a damaged one is refused.
use strict;
use warnings;

use Custody;
use Files;
use Test::More;

my $e3 = Custody->new('tpm_pcrs = 7');

# --- a passphrase ----------------------------------------------------------

is(unpack('H4', substr slurp($e3->{keyring}), 4, 2), '0101', 'a keyring under a passphrase is of version 1');
$e3->damage_is_refused(4 .. 12, 20, 36, 48);

$e3->configure('tpm');
$e3->refuses('CUSTODY', 'another custody than the configuration says', 'a passphrase where a TPM is wanted');
my $other = slurp($e3->{keyring});
substr($other, 4, 2) = "\x02\x02";
substr($other, 6, 6) = "\x00\x10\x00\x00\x00\x00";
$e3->configure('passphrase');
$e3->put($other);
$e3->refuses('CUSTODY', 'another custody than the configuration says', 'a TPM where a passphrase is wanted');

# --- reseal: another salt, the file of before is kept ----------------------

$e3 = Custody->new;
my $before = slurp($e3->{keyring});
my $generation = $e3->generation;
like($e3->ctl('keyring', 'reseal'), qr/^kept \Q$e3->{keyring}\E\.$generation\n/m, 'reseal keeps the file of before');
is(slurp("$e3->{keyring}.$generation"), $before, 'it is that file');
is(sprintf('%o', (stat "$e3->{keyring}.$generation")[2] & 07777), '600', 'and 0600');
isnt(substr(slurp($e3->{keyring}), 20, 16), substr($before, 20, 16), 'the new one has another salt');
is($e3->generation, $generation + 1, 'and the next generation');

# What is in the way stays, unless it is the file that is to be kept: of one that was ended.
$before = slurp($e3->{keyring});
my $kept = "$e3->{keyring}." . ($generation + 1);
spit($kept, 'in the way');
chmod 0600, $kept or die;
is(join(' ', $e3->try_ctl('keyring', 'reseal')), "1 e3ctl: $kept: File exists\n", 'no file is written over');
is(slurp($e3->{keyring}) eq $before && slurp($kept), 'in the way', 'and nothing has changed');
spit($kept, $before);
is($e3->ctl('keyring', 'reseal') =~ /^kept \Q$kept\E$/m && slurp($kept), $before, 'one that was ended is done again');
$e3->put('no keyring');
like(join(' ', $e3->try_ctl('keyring', 'reseal')), qr/^1 e3ctl: \Q$e3->{keyring}\E: keyring /, 'what is no keyring is not resealed');
$e3->put($before);
like(join(' ', $e3->try_ctl('keyring', 'reseal', '--custody', 'hsm')), qr/^1 .*must be passphrase, tpm, pkcs11 or kms/, 'no such custody');
like(join(' ', $e3->try_ctl('keyring', 'reseal', '--custody', 'tpm')), qr/^1 .*tpm_pcrs: is missing/, 'reseal says what it lacks');
like(join(' ', $e3->try_ctl('keyring', 'reseal', '--custody', 'pkcs11')), qr/^1 .*pkcs11_module: is missing/, 'of a token, too');

like(join(' ', $e3->try_ctl('keyring', 'accept')), qr/^1 .*generation_file: is missing/, 'nowhere to note a generation down');
push @{ $e3->{lines} }, 'tpm_pcrs = 7';
$e3->configure('tpm');
spit($e3->{config}, slurp($e3->{config}) =~ s/^passphrase_file = .*\n//mr);
like(join(' ', $e3->try_ctl('keyring', 'reseal', '--custody', 'passphrase')), qr/^1 .*passphrase_file: is missing/, 'of a passphrase, too');

# --- the generation --------------------------------------------------------

$e3 = Custody->new;
$before = slurp($e3->{keyring});
push @{ $e3->{lines} }, "generation_file = $e3->{dir}/newest";
$e3->configure('passphrase');
$e3->refuses('GENERATION', 'generation file', 'nothing is noted down');
is($e3->ctl('keyring', 'accept'), '', 'keyring accept');
is(slurp("$e3->{dir}/newest"), $e3->generation . "\n", 'notes it down');
$e3->start;
ok($e3->serves('default'), 'E3 starts');
is($e3->stop, 0, 'and stops');

$e3->ctl('app', 'add', 'later');
is(slurp("$e3->{dir}/newest"), $e3->generation . "\n", 'each change is noted down');
my $later = slurp($e3->{keyring});
$e3->put($before);
$e3->refuses('KEYRING_ROLLBACK', 'older', 'E3 does not start with an older keyring');
for my $text ('', "\n", '3', "x\n", "-1\n", "3\n\n", "99999999999999999999\n", '0' x 21 . "\n")
{
	spit("$e3->{dir}/newest", $text);
	$e3->refuses('GENERATION', '', 'nor with a number that is none: ' . $text =~ s/\n/\\n/gr);
}
$e3->put($later);
spit("$e3->{dir}/newest", "18446744073709551615\n");
$e3->refuses('KEYRING_ROLLBACK', '', 'the largest number is one');
chmod 0666, "$e3->{dir}/newest" or die;
$e3->refuses('GENERATION', '', 'which others may not write');

# A lost keyring is restored above what was noted down.
chmod 0600, "$e3->{dir}/newest" or die;
my $noted = 1_000_000 + $e3->generation;
spit("$e3->{dir}/newest", "$noted\n");
$e3->ctl('keyring', 'backup', "$e3->{dir}/backup");
$e3->ctl('keyring', 'restore', "$e3->{dir}/backup");
is($e3->generation, $noted + 1, 'restore numbers above it');
$e3->start;
ok($e3->serves('later'), 'and E3 starts');
is($e3->stop, 0, 'and stops');

done_testing();
