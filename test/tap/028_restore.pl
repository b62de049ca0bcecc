# Generations of the keyring: a running E3 takes what "e3ctl keyring restore" puts in
# the place of a keyring that does not open, and nothing that is another keyring of
# the same generation; and a backup touches its own file only.
# Without the thread sanitizer: one thread does it.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $AT_GENERATION = 12;
my $ROLLBACK = qr/keyring file is older than the one in use/;
my $N_CHANGES = 4;

my $e3 = start_e3();
my $keyring = "$e3->{dir}/keyring";
my $backup = "$e3->{dir}/backup";
my $client = E3Client->new($e3->{socket});

sub is_served
{
	my ($app) = @_;

	return $client->call('ENCRYPT', { app => $app }, E3Client::column('x'))->{type} == $E3Client::VERB{RESULT};
}

sub put
{
	my ($bytes) = @_;

	unlink $keyring;
	spit($keyring, $bytes);
	chmod 0600, $keyring or die;
	return;
}

sub generation { return unpack 'Q>', substr(slurp($keyring), $AT_GENERATION, 8); }

# The keyring's bytes with another generation in the header, which opens no more.
sub renumbered
{
	my ($bytes, $generation) = @_;

	substr($bytes, $AT_GENERATION, 8) = pack 'Q>', $generation;
	return $bytes;
}

# --- backup ----------------------------------------------------------------

spit("$backup.new", 'of somebody else');
$e3->ctl('keyring', 'backup', $backup);
is(slurp("$backup.new"), 'of somebody else', 'a backup leaves other files alone');
is(sprintf('%o', (stat $backup)[2] & 07777), '600', 'it is 0600');
my $written = slurp($backup);
$e3->ctl_fails(1, qr/\Q$backup\E exists already/, 'keyring', 'backup', $backup);
is(slurp($backup), $written, 'and not written twice');
symlink "$e3->{dir}/target", "$e3->{dir}/link" or die;
$e3->ctl_fails(1, qr/\Q$e3->{dir}\E\/link exists already/, 'keyring', 'backup', "$e3->{dir}/link");
ok(!-e "$e3->{dir}/target", 'a dangling link is not followed');

# --- backup where files without a name are not to be had -------------------

# Exit status and errors of a backup of which this call fails, or undef if calls
# cannot be made to fail here.
sub backup_with
{
	my ($inject, $file) = @_;
	my $err;
	my @strace = ('strace', '-qq', '-o', "$e3->{dir}/trace", '-e', 'trace=openat,linkat', map { ('-e', "inject=$_") } $inject // ());

	# Leaks are looked for by tracing, which only one can do at a time.
	local $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS}, 'detect_leaks=0';
	IPC::Run::run([ @strace, 'e3ctl', '--config', $e3->{config}, 'keyring', 'backup', $file ],
		'<', \undef, '>', '/dev/null', '2>', \$err, IPC::Run::timeout($EvcryptTest::DEADLINE));
	return ($? >> 8) . $err;
}

SKIP:
{
	my $copy = "$e3->{dir}/copy";

	skip 'the thread sanitizer makes calls of its own', 1 if $ENV{EVCRYPT_VARIANT} eq 'tsan';
	skip 'strace is not installed, or may not trace here', 1
	  unless eval { backup_with(undef, "$copy.0") eq '0' };
	my @opens = grep { /^openat\(/ } split /\n/, slurp("$e3->{dir}/trace");
	my ($nameless) = grep { $opens[ $_ - 1 ] =~ /O_TMPFILE/ } 1 .. @opens;
	my $number = 1;

	for my $inject ("openat:error=EOPNOTSUPP:when=$nameless", "openat:error=EISDIR:when=$nameless", 'linkat:error=ENOENT')
	{
		my $file = "$copy." . $number++;
		is(backup_with($inject, $file), '0', "backup with $inject");
		is(sprintf('%o', (stat $file)[2] & 07777), '600', 'it is 0600');
		is($e3->ctl('keyring', 'restore', $file), '', 'and can be restored');
		is(backup_with($inject, $file), "1e3ctl: $file exists already\n", 'it is not written over')
		  unless $inject =~ /^linkat/;
	}
	like(backup_with('linkat:error=ENOSPC', "$copy.bad"), qr/^1e3ctl: \Q$copy.bad\E: .*: No space left on device\n\z/,
		'a backup that cannot be named');
	ok(!-e "$copy.bad", 'is not there');
}

# --- restore over a keyring that does not open -----------------------------

# Restores over this file, while E3 serves a keyring of a higher generation than
# the backup's; returns the generation and e3ctl's errors.
sub restore_over
{
	my ($what, $file) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$e3->ctl('app', 'add', "later-$_") for 1 .. $N_CHANGES;
	$file->();
	my ($status, undef, $err) = $e3->try_ctl('keyring', 'restore', $backup);
	is($status, 0, "$what: restore") or diag($err);
	ok(is_served('default'), "$what: E3 serves the backup's app");
	ok(!is_served('later-1'), "$what: and not a later one");
	return (generation(), $err);
}

# Generations are compared with the microseconds of now, give or take a second.
my $start = time * 1_000_000;
sub soon { return (time + 1) * 1_000_000; }

my ($restored, $err) = restore_over('rubbish', sub { put('rubbish') });
like($err, qr/^e3ctl: \Q$keyring\E is replaced without being read: keyring file is damaged/, 'it says so');
cmp_ok($restored, '>', $start, 'its generation is above the microseconds of then');
cmp_ok($restored, '<=', soon(), 'and not above those of now');

($restored) = restore_over('no keyring', sub { unlink $keyring or die });
cmp_ok($restored, '>', $start, 'the same where the file is gone');

my $claimed = 2 * $start;
($restored) = restore_over('damaged', sub { put(renumbered(slurp($keyring), $claimed)) });
is($restored, $claimed + 1, 'it counts on from what a damaged header says');

# E3 serves numbers above the clock's now; permissions do not hide them.
($restored, $err) = restore_over('not 0600', sub { chmod 0644, $keyring or die });
is($restored, $claimed + 1 + $N_CHANGES + 1, 'a header that others may read is read too');
like($err, qr/may be read by others/, 'after a word about it');
is(sprintf('%o', (stat $keyring)[2] & 07777), '600', 'the new one is 0600');

# A header that leaves no room to count on is not believed.
$e3->stop;
put(renumbered(slurp($keyring), ~0));
$e3->try_ctl('keyring', 'restore', $backup);
cmp_ok(generation(), '<=', soon(), 'the highest number is not counted on from');
cmp_ok(generation(), '>', $start, 'the clock is');
$e3->start;
$client = E3Client->new($e3->{socket});

# A keyring that opens is counted on from.
my $before = generation();
$e3->ctl('keyring', 'restore', $backup);
is(generation(), $before + 1, 'over a keyring that opens, the next number');

# --- the same generation ---------------------------------------------------

my $base = slurp($keyring);
$e3->ctl('app', 'add', 'one');
my $one = slurp($keyring);
put($base);
$e3->ctl_fails(1, qr/the keyring is saved, but E3 did not take it: .*$ROLLBACK.*/, 'app', 'add', 'two');
my $two = slurp($keyring);
is(unpack('H*', substr $two, $AT_GENERATION, 8), unpack('H*', substr $one, $AT_GENERATION, 8),
	'two keyrings of one generation');
$e3->ctl_fails(1, qr/E3 refuses: $ROLLBACK \(KEYRING_ROLLBACK\)/, 'reload');
like($e3->hup, qr/event=reload_refused status=KEYRING_ROLLBACK$/m, 'SIGHUP too');
ok(is_served('one'), 'E3 serves the first on');
ok(!is_served('two'), 'and not the second');

# The same app of the same name with other keys is another keyring too.
put($base);
$e3->try_ctl('app', 'add', 'one');
$e3->ctl_fails(1, qr/E3 refuses: $ROLLBACK \(KEYRING_ROLLBACK\)/, 'reload');

put($one);
is($e3->ctl('reload'), '', 'the same keyring is taken again');
ok(is_served('one'), 'and served');
$e3->ctl('app', 'add', 'two');
ok(is_served('one') && is_served('two'), 'and so is its next change');

done_testing();
