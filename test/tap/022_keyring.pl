# The keyring file and its passphrase: who may read them, what damage does, and
# backups.  Whatever is refused is refused by name, and a running E3 keeps the
# keys that it has.
# Without the thread sanitizer: one thread does it.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $dir = $e3->{dir};
my $keyring = "$dir/keyring";
my $passphrase = "$dir/passphrase";
my $PASSPHRASE = slurp($passphrase);

my $PERMISSIONS = qr/keyring file may be read by others or is not ours/;
my $FORMAT = qr/keyring file is damaged or of an unknown version/;
my $UNSEAL = qr/keyring does not open: damaged, or another passphrase/;
my $NO_PASSPHRASE = qr/passphrase cannot be read, is empty or may be read by others/;
my $ROLLBACK = qr/keyring file is older than the one in use/;

# Where the parts of the file begin (enclave/keyring/wrap.h).
my %AT = (magic => 0, version => 4, kind => 5, log2_n => 6, r => 7, p => 8, zero => 9,
	generation => 12, salt => 20, iv => 36, ciphertext => 48);
my $TAG_LEN = 16;

# Writes a file that only we may read.
sub put
{
	my ($path, $bytes) = @_;

	unlink $path;
	spit($path, $bytes);
	chmod 0600, $path or die;
	return;
}

my $client = E3Client->new($e3->{socket});

sub is_served
{
	my ($app) = @_;

	return $client->call('ENCRYPT', { app => $app }, E3Client::column('x'))->{type} == $E3Client::VERB{RESULT};
}

# The keyring is refused by e3ctl, by a reload both ways, and at start.
sub refused_everywhere
{
	my ($what, $name, $pattern) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	note($what);
	$e3->ctl_fails(1, qr/\Q$keyring\E: $pattern/, 'app', 'list');
	$e3->ctl_fails(1, qr/E3 refuses: $pattern \($name\)/, 'reload');
	like($e3->hup, qr/event=reload_refused status=$name$/m, "$what: SIGHUP: $name");
	ok(is_served('default'), 'E3 serves on');
	my ($status, $log) = $e3->try_start;
	is($status, 1, "$what: E3 does not start");
	like($log, qr/event=keyring_refused file="\Q$keyring\E" status=$name cause="$pattern"$/m, 'and says why');
	return;
}

# --- who may read them -----------------------------------------------------

my $good = slurp($keyring);
for my $mode (0640, 0604)
{
	chmod $mode, $keyring or die;
	$e3->ctl_fails(1, qr/\Q$keyring\E: $PERMISSIONS/, 'app', 'add', 'x');
}
chmod 0644, $keyring or die;
refused_everywhere('mode 0644', 'KEYRING_PERMISSIONS', $PERMISSIONS);

rename $keyring, "$dir/elsewhere" or die;
chmod 0600, "$dir/elsewhere" or die;
symlink "$dir/elsewhere", $keyring or die;
refused_everywhere('a symbolic link', 'KEYRING_PERMISSIONS', $PERMISSIONS);
unlink $keyring;
mkdir $keyring, 0700 or die;
$e3->ctl_fails(1, qr/\Q$keyring\E: $PERMISSIONS/, 'app', 'list');
rmdir $keyring or die;
refused_everywhere('no file', 'KEYRING_IO', qr/keyring file cannot be read or written(?:: No such file or directory)?/);
rename "$dir/elsewhere", $keyring or die;
chmod 0400, $keyring or die;
is($e3->ctl('reload'), '', 'mode 0400 is fine');
chmod 0600, $keyring or die;

chmod 0644, $passphrase or die;
refused_everywhere('passphrase of mode 0644', 'PASSPHRASE', $NO_PASSPHRASE);
chmod 0640, $passphrase or die;
$e3->ctl_fails(1, qr/\Q$keyring\E: $NO_PASSPHRASE/, 'app', 'list');
my $longest = 'p' x 4096;
for my $case ([ 'empty', '' ], [ 'a newline alone', "\n" ], [ 'too long', "${longest}p" ],
	[ 'too long, with a newline', "${longest}p\n" ], [ 'two newlines too long', "$longest\n\n" ])
{
	put($passphrase, $case->[1]);
	$e3->ctl_fails(1, qr/\Q$keyring\E: $NO_PASSPHRASE/, 'app', 'list');
}
rename $passphrase, "$dir/elsewhere" or die;
$e3->ctl_fails(1, qr/\Q$keyring\E: $NO_PASSPHRASE/, 'app', 'list');
put("$dir/elsewhere", $PASSPHRASE);
symlink "$dir/elsewhere", $passphrase or die;
$e3->ctl_fails(1, qr/\Q$keyring\E: $NO_PASSPHRASE/, 'app', 'list');

for my $other ('b passphrase for tests only', "$PASSPHRASE\n", " $PASSPHRASE", $longest)
{
	put($passphrase, $other);
	$e3->ctl_fails(1, qr/\Q$keyring\E: $UNSEAL/, 'app', 'list');
}
refused_everywhere('another passphrase', 'KEYRING_UNSEAL', $UNSEAL);
put($passphrase, $PASSPHRASE =~ s/\n//r);
like($e3->ctl('app', 'list'), qr/^default\t/, 'the newline at the end does not count');
put($passphrase, $PASSPHRASE);

# --- damage ----------------------------------------------------------------

sub refused_bytes
{
	my ($what, $pattern, $bytes) = @_;

	put($keyring, $bytes);
	my ($status, $out, $err) = $e3->try_ctl('app', 'list');
	return "$status$out$err" =~ /^1e3ctl: \Q$keyring\E: $pattern\n\z/ ? () : "$what: $status$out$err";
}

sub flipped
{
	my ($bytes, $at, $bit) = @_;

	substr($bytes, $at, 1) ^= chr(1 << $bit);
	return $bytes;
}

my $len = length $good;
my @wrong;
for my $at (0 .. $AT{log2_n} - 1, $AT{zero} .. $AT{generation} - 1)
{
	push @wrong, refused_bytes("byte $at", $FORMAT, flipped($good, $at, $_)) for 0 .. 7;
}
# A flip here may ask for another cost, within bounds, or be out of them.
push @wrong, refused_bytes("byte $_->[0], bit $_->[1]", $_->[2], flipped($good, @$_[0, 1]))
  for [ $AT{log2_n}, 0, $UNSEAL ], [ $AT{log2_n}, 1, $FORMAT ], [ $AT{log2_n}, 4, $FORMAT ],
	[ $AT{log2_n}, 7, $FORMAT ], [ $AT{r}, 0, $UNSEAL ], [ $AT{r}, 3, $FORMAT ], [ $AT{r}, 6, $FORMAT ],
	[ $AT{p}, 0, $FORMAT ], [ $AT{p}, 1, $UNSEAL ], [ $AT{p}, 5, $FORMAT ];
my @sample = ($AT{generation}, $AT{salt} - 1, $AT{salt}, $AT{iv} - 1, $AT{iv}, $AT{ciphertext} - 1,
	$AT{ciphertext}, $AT{ciphertext} + 50, $len - $TAG_LEN - 1, $len - $TAG_LEN, $len - 1);
push @wrong, refused_bytes("byte $_", $UNSEAL, flipped($good, $_, $_ % 8)) for @sample;
is("@wrong", '', 'no flipped bit opens, each is refused by name');

@wrong = ();
my $shortest = $AT{ciphertext} + $TAG_LEN;
push @wrong, refused_bytes("length $_", $FORMAT, substr($good, 0, $_)) for 0 .. $shortest - 1;
push @wrong, refused_bytes("length $_", $UNSEAL, substr($good, 0, $_))
  for $shortest, $shortest + 1, $len / 2, $len - $TAG_LEN, $len - 2, $len - 1;
push @wrong, refused_bytes('a byte too many', $UNSEAL, "$good\0");
push @wrong, refused_bytes('zeroes', $FORMAT, "\0" x $len);
is("@wrong", '', 'no truncation opens, each is refused by name');

refused_everywhere('damage', 'KEYRING_FORMAT', $FORMAT);
truncate $keyring, (40 << 20) + 1 or die;
$e3->ctl_fails(1, qr/\Q$keyring\E: $FORMAT/, 'app', 'list');

put($keyring, flipped($good, $len - 1, 0));
$e3->ctl_fails(1, qr/\Q$keyring\E: $UNSEAL/, 'app', 'add', 'x');
is(slurp($keyring), flipped($good, $len - 1, 0), 'a damaged keyring is not written over');
put($keyring, $good);

# --- roll-back -------------------------------------------------------------

$e3->ctl('app', 'add', 'newer');
my $newer = slurp($keyring);
put($keyring, $good);
$e3->ctl_fails(1, qr/E3 refuses: $ROLLBACK \(KEYRING_ROLLBACK\)/, 'reload');
like($e3->hup, qr/event=reload_refused status=KEYRING_ROLLBACK$/m, 'roll-back: SIGHUP');
ok(is_served('newer'), 'E3 serves the newer app on');
put($keyring, $newer);
is($e3->ctl('reload'), '', 'the newer file is taken again');
ok(is_served('newer'), 'and served');

# --- backup and restore ----------------------------------------------------

my $backup = "$dir/backup";
put("$dir/other", "the passphrase of the backup\n");
is($e3->ctl('keyring', 'backup', $backup), '', 'backup');
is(sprintf('%o', (stat $backup)[2] & 07777), '600', 'it is 0600');
$e3->ctl_fails(1, qr/\Q$backup\E exists already/, 'keyring', 'backup', $backup);
$e3->ctl_fails(1, qr{\Q$dir\E/no/b: keyring file cannot be read or written: No such file or directory},
	'keyring', 'backup', "$dir/no/b");
$e3->ctl_fails(1, qr/\Q$backup.x\E: $NO_PASSPHRASE/, 'keyring', 'backup', "$backup.x",
	'--passphrase-file', "$dir/nowhere");
ok(!-e "$backup.x", 'and nothing is written');
is($e3->ctl('keyring', 'backup', "$backup.other", '--passphrase-file', "$dir/other"), '',
	'backup under another passphrase');

my $exported = $e3->ctl('app', 'export', 'newer');
$e3->ctl('app', 'add', 'after');
my $after = slurp($keyring);
$e3->ctl_fails(1, qr/\Q$backup.other\E: $UNSEAL/, 'keyring', 'restore', "$backup.other");
$e3->ctl_fails(1, qr/\Q$backup\E: $UNSEAL/, 'keyring', 'restore', $backup, '--passphrase-file', "$dir/other");
$e3->ctl_fails(1, qr/\Q$dir\E\/nowhere: .*No such file or directory/, 'keyring', 'restore', "$dir/nowhere");
put("$backup.bad", flipped(slurp($backup), $len - 1, 3));
$e3->ctl_fails(1, qr/\Q$backup.bad\E: $UNSEAL/, 'keyring', 'restore', "$backup.bad");
put("$backup.bad", substr(slurp($backup), 0, $len / 4));
$e3->ctl_fails(1, qr/\Q$backup.bad\E: $FORMAT/, 'keyring', 'restore', "$backup.bad");
chmod 0644, $backup or die;
$e3->ctl_fails(1, qr/\Q$backup\E: $PERMISSIONS/, 'keyring', 'restore', $backup);
chmod 0600, $backup or die;
is(slurp($keyring), $after, 'what was refused has left the keyring as it was');
ok(is_served('after'), 'and E3 serves it');

is($e3->ctl('keyring', 'restore', $backup), '', 'restore');
is($e3->ctl('app', 'export', 'newer'), $exported, 'the same keys');
ok(is_served('newer'), 'which E3 serves');
ok(!is_served('after'), 'and not what came after the backup');
is($e3->ctl('keyring', 'restore', "$backup.other", '--passphrase-file', "$dir/other"), '',
	'restore under another passphrase');
is($e3->ctl('app', 'export', 'newer'), $exported, 'the same keys under our own passphrase');

# Where the keyring does not open, or there is none.
put($keyring, 'rubbish');
my ($status, $out, $err) = $e3->try_ctl('keyring', 'restore', $backup);
is("$status$out$err", "0e3ctl: $keyring is replaced without being read: keyring file is damaged or of an unknown version\n",
	'damaged: restore');
is($e3->ctl('app', 'export', 'newer'), $exported, 'the same keys');
ok(is_served('newer'), 'which E3 serves, though it could not be known which changes were made since');
$e3->stop;
unlink $keyring or die;
($status, $out, $err) = $e3->try_ctl('keyring', 'restore', $backup);
is("$status$out$err", "0e3ctl: E3 is not running; it will have the change when it starts\n", 'no keyring: restore');
is($e3->ctl('app', 'export', 'newer'), $exported, 'the same keys');
$e3->start;
$client = E3Client->new($e3->{socket});
ok(is_served('newer'), 'which a new E3 serves');

done_testing();
