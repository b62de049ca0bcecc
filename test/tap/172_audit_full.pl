# An audit on a full disk: decrypts are refused, or go on and are counted, as the
# configuration says; everything else goes on, and so does the chain when there is room.
# Needs root, to make a small disk.
use strict;
use warnings;

use E3Client;
use Files;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'only root can mount a small disk' if $> != 0;

my $dir = "$ENV{EVCRYPT_STACK}/full";
my $disk = "$dir/disk";
my ($mounted, $pid);

mkdir $dir, 0700 or die "$dir: $!";
mkdir $disk, 0700 or die "$disk: $!";
$mounted = system("mount -t tmpfs -o size=64k,mode=0700 evcrypt '$disk' 2>/dev/null") == 0;
plan skip_all => 'this machine does not let root mount a tmpfs' unless $mounted;

# As it was, also after a failure.
END
{
	my $status = $?;
	stop_e3() if $pid;
	system('umount', $disk) if $mounted;
	$? = $status;
}

sub configure
{
	my ($on_failure) = @_;

	spit("$dir/e3.conf", <<"END");
[e3]
socket = $dir/e3.sock
[keyring]
file = $dir/keyring
passphrase_file = $dir/passphrase
[audit]
file = $disk/audit
on_failure = $on_failure
sync = yes
END
	return;
}

sub ctl
{
	my (@words) = @_;
	local $ENV{E3_CONFIG} = "$dir/e3.conf";
	my $out = `e3ctl @words 2>&1`;

	return ($? >> 8, $out);
}

sub start_e3
{
	$pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$dir/e3.log" or die;
		open STDERR, '>&', \*STDOUT;
		exec 'e3', '--config', "$dir/e3.conf";
		die "cannot run e3: $!";
	}
	my $deadline = time + 60;
	until ((ctl('health'))[0] == 0)
	{
		die 'E3 does not start: ' . slurp("$dir/e3.log") if time > $deadline or waitpid($pid, 1) != 0;
		select undef, undef, undef, 0.01;
	}
	return;
}

sub stop_e3
{
	kill 'TERM', $pid;
	waitpid $pid, 0;
	my $status = $?;
	$pid = undef;
	return $status;
}

spit("$dir/passphrase", "a passphrase for tests only\n");
chmod 0600, "$dir/passphrase";
configure('refuse');
is((ctl('init'))[0], 0, 'a keyring');
is((ctl('app', 'add', 'default'))[0], 0, 'an app');
start_e3();
my $client = E3Client->new("$dir/e3.sock");
my ($value) = E3Client::values_of($client->call('ENCRYPT', { app => 'default' }, E3Client::column('plain')));

sub decrypted
{
	my $reply = $client->call('DECRYPT', { app => 'default', label => 'x' x 63 }, E3Client::column($value));

	return $reply->{header}{name} // (E3Client::values_of($reply))[0];
}

# Until the disk is full.
my $count = 0;
my $answer;
$count++ while ($answer = decrypted()) eq 'plain' and $count < 5_000;
cmp_ok($count, '>', 50, "$count decrypts fit the disk");
is($answer, 'AUDIT_FAILED', 'the next is refused');
is(decrypted(), 'AUDIT_FAILED', 'and so is every other');
is($client->call('ENCRYPT', { app => 'default' }, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT},
	'encrypting goes on');
is($client->call('KEYS', { app => 'default' })->{type}, $E3Client::VERB{RESULT}, 'and so does all else');
my $stats = $client->stats;
is($stats->{audit_dropped}, 2, 'both are counted');
is($stats->{audit_last}, $count + 1, 'and no record that is not there');
my ($status, $out) = ctl('audit', 'verify');
is("$status $out", "0 records 1 to @{[ $count + 1 ]} are whole\n", 'the log is whole');
is(scalar(() = slurp("$dir/e3.log") =~ /event=audit_failed cause="No space left on device"/g), 1,
	'the log says so, once');

# Room again.
is(system("mount -o remount,size=256k '$disk'"), 0, 'a larger disk');
is(decrypted(), 'plain', 'decrypts go on');
like(slurp("$disk/audit"), qr/ operation=dropped values=2 .* verdict=AUDIT_FAILED /, 'the record says how many were dropped');
($status, $out) = ctl('audit', 'verify');
is("$status $out", "0 records 1 to @{[ $count + 3 ]} are whole\n", 'and the log is whole');
like(slurp("$dir/e3.log"), qr/event=audit_resumed/, 'the log says that too');
$client->close;
is(stop_e3(), 0, 'E3 ends well');

# The other way: what cannot be recorded is done all the same.
configure('continue');
open my $filler, '>', "$disk/filler" or die;
1 while syswrite $filler, 'x' x 4096;
close $filler;
start_e3();
$client = E3Client->new("$dir/e3.sock");
my $before = $client->stats->{audit_dropped};
my %answers;
$answers{ decrypted() }++ for 1 .. 500;
is_deeply(\%answers, { plain => 500 }, 'continue: decrypts go on with a full disk');
my $deadline = time + 60;
select undef, undef, undef, 0.01 until $client->stats->{audit_dropped} > $before or time > $deadline;
cmp_ok($client->stats->{audit_dropped}, '>', $before, 'and those without a record are counted');
is((ctl('audit', 'verify'))[0], 0, 'the log is whole');
$client->close;
is(stop_e3(), 0, 'E3 ends well');
done_testing();
