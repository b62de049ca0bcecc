# The keyring's key is sealed by a TPM to its PCRs: it opens there and in that state
# alone, E3 does not need the TPM once it serves, and a backup under a passphrase is
# the way to another TPM.
use strict;
use warnings;

use Custody;
use Files;
use Test::More;

Custody::need('swtpm', 'tpm2_pcrextend', 'tpm2_getcap');
my $tpm = Custody::Tpm->new;
my $e3 = Custody->new("tpm = $tpm->{tcti}", 'tpm_pcrs = 0, 7, 16');
my ($status, $said) = $e3->try_ctl('keyring', 'reseal', '--custody', 'tpm');
plan skip_all => 'this E3 is built without tpm' if $said =~ /built without/;

is($status, 0, 'reseal') or diag($said);
like($said, qr/now say "custody = tpm" in \Q$e3->{config}\E/, 'it says what comes next');
$e3->configure('tpm');
is(unpack('H4', substr slurp($e3->{keyring}), 4, 2), '0202', 'the file names its custody');

sub handles { return join '', map { $tpm->tool('getcap', "handles-$_") } qw(transient loaded-session saved-session) }

# --- it opens --------------------------------------------------------------

$e3->start;
ok($e3->serves('default'), 'E3 starts');
$e3->ctl('app', 'add', 'second');
ok($e3->serves('second'), 'and takes a change up');
is(handles(), '', 'nothing is left in the TPM');
my $blob_len = unpack 'n', substr slurp($e3->{keyring}), 6, 2;
my $blob = substr slurp($e3->{keyring}), 48, $blob_len;
$e3->ctl('app', 'add', 'third');
is(substr(slurp($e3->{keyring}), 48, $blob_len), $blob, 'changes go under the same sealed key');

# Sealed anew while E3 runs: it keeps what it has, until it is restarted.
$e3->ctl('keyring', 'reseal');
like(join(' ', $e3->try_ctl('reload')), qr/^1 .*sealed anew, which takes a restart/, 'another sealed key takes a restart');
ok($e3->serves('third'), 'E3 goes on');
is($e3->stop, 0, 'and stops');
$e3->start;
$tpm->stop;
$e3->ctl('reload');
ok($e3->serves('third'), 'it reloads without the TPM');
is($e3->stop, 0, 'and stops');

# --- it does not open ------------------------------------------------------

$e3->refuses('CUSTODY_ABSENT', 'no TPM answers', 'no TPM');
$tpm->start;
$e3->ctl('keyring', 'backup', "$e3->{dir}/backup", '--passphrase-file', "$e3->{dir}/passphrase");
$e3->damage_is_refused(4 .. 11, 12, 20, 36, 48 .. 60, 48 + int($blob_len / 2), 47 + $blob_len, 48 + $blob_len);
is(handles(), '', 'nothing is left in the TPM');
$e3->older_is_refused('tpm');

my @lines = @{ $e3->{lines} };
$e3->{lines}[1] = 'tpm_pcrs = 0, 7';
$e3->configure('tpm');
$e3->refuses('CUSTODY_REFUSED', 'other PCRs than tpm_pcrs names', 'fewer PCRs are asked for');
$e3->ctl('keyring', 'reseal');
$tpm->extend(16);
$e3->start;
ok($e3->serves('third'), 'sealed to fewer, the one that is left out may change');
is($e3->stop, 0, 'E3 stops');
$e3->{lines} = [@lines];
$e3->configure('tpm');
$e3->ctl('keyring', 'reseal');
$tpm->extend(16);
$e3->refuses('CUSTODY_REFUSED', "PCRs are not what they were when the key was sealed", 'another PCR');
is(($e3->try_ctl('app', 'list'))[0], 1, 'nor does e3ctl open it');
is(($e3->try_ctl('keyring', 'reseal'))[0], 1, 'or seal it anew');
is(handles(), '', 'nothing is left in the TPM');

# --- another TPM -----------------------------------------------------------

my $second = Custody::Tpm->new;
$e3->{lines}[0] = "tpm = $second->{tcti}";
$e3->configure('tpm');
$e3->refuses('CUSTODY_REFUSED', 'another TPM has sealed the key', 'another TPM');
($status, $said) = $e3->try_ctl('keyring', 'restore', "$e3->{dir}/backup", '--passphrase-file', "$e3->{dir}/passphrase");
is($status, 0, 'a backup under a passphrase is restored there') or diag($said);
like($said, qr/replaced without being read/, 'after a word about what is replaced');
$e3->start;
ok($e3->serves('third'), 'and E3 starts');
is($e3->stop, 0, 'and stops');

# --- back ------------------------------------------------------------------

$e3->reseal('passphrase');
$e3->start;
ok($e3->serves('third'), 'back under the passphrase');
is($e3->stop, 0, 'E3 stops');

done_testing();
