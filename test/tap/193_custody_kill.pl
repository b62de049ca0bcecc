# Release build only: it is about what lies on the disk
# e3ctl is killed at each system call that changes something outside it while it seals the
# keyring anew or rotates keys, under each custody.  Afterwards the keyring is, byte for
# byte, the one of before, or a new one that opens in the custody which it names and has
# the keys of before.  Every trial starts from the same files and device.
#
# Calls that touch the keyring's directory are all tried; of those that only speak to a
# device, which come before anything is written, one in $SPARSE, or all with
# EVCRYPT_KILL=all.
# Not when lines are counted: processes are killed at calls that are numbered.
use strict;
use warnings;

use Custody;
use Files;
use Test::More;

my $SPARSE = 8;
my $every = ($ENV{EVCRYPT_KILL} // '') eq 'all';

Custody::need('strace', 'softhsm2-util', 'pkcs11-tool', 'swtpm', 'tpm2_pcrextend', 'openssl', 'python3');
plan skip_all => 'there is no libsofthsm2.so' unless @Custody::MODULES;
my $lacks = Custody::Kms::lacks();
plan skip_all => $lacks if defined $lacks;
my ($status) = Custody::run_program('strace', '-o', '/dev/null', 'true');
plan skip_all => 'strace may not trace here' if $status;

# Calls that change files, or what a device holds.
my $set = join ',', qw(write pwrite64 sendto sendmsg connect ftruncate fallocate fchmod fchown flock fsync fdatasync link linkat
  rename renameat renameat2 unlink unlinkat mkdir);
my $token = Custody::Token->new('e3');
my $tpm = Custody::Tpm->new;
my $kms = Custody::Kms->new;
my $e3 = Custody->new($token->lines, "tpm = $tpm->{tcti}", 'tpm_pcrs = 7', $kms->lines);
push @{ $e3->{lines} }, "generation_file = $e3->{dir}/newest";
$e3->configure($_) for qw(kms tpm pkcs11 passphrase);
$kms->admit($e3);
$e3->ctl('keyring', 'accept');

# Every file that e3ctl writes, and the token's, which SoftHSM writes anew at each login:
# a token that is killed at that is not what this is about.
sub files_now
{
	return { map { $_ => slurp($_) } grep { -f } glob("$e3->{dir}/keyring* $e3->{dir}/newest $token->{dir}/tokens/*/*") };
}

sub put_back
{
	my ($files) = @_;

	for my $path (keys %{ files_now() })
	{
		unlink $path or die "$path: $!" unless defined $files->{$path};
	}
	for my $path (keys %$files)
	{
		next if -e $path && slurp($path) eq $files->{$path};
		unlink $path;
		spit($path, $files->{$path});
		chmod 0600, $path or die "$path: $!";
	}
	return;
}

my %kind = (1 => 'passphrase', 2 => 'tpm', 3 => 'pkcs11', 4 => 'kms');

sub custody { return $kind{ unpack 'x5 C', slurp($e3->{keyring}) } }

# What the keyring holds, opened in the custody that it names; undef if it does not open.
sub versions
{
	$e3->configure(custody());
	my ($failed, $said) = $e3->try_ctl('app', 'list');

	return $failed ? undef : join ' ', map { join '-', (split /\t/)[ 0, 1 ] } split /\n/, $said;
}

# Calls that a command makes from the lock on: name, which of its name it is, and whether
# it is about the keyring's directory.
sub calls_of
{
	my (@command) = @_;
	my ($failed, $said) = Custody::run_program('strace', '-qq', '-y', '-o', "$e3->{dir}/trace", '-e', "trace=$set", @command);
	my (%count, @calls);

	die "@command: $said" if $failed;
	for my $line (split /\n/, slurp("$e3->{dir}/trace"))
	{
		my ($name) = $line =~ /^(\w+)\(/ or next;
		$count{$name}++;
		push @calls, [ $name, $count{$name}, $line =~ /\Q$e3->{dir}\E/ ? 1 : 0 ] if @calls || $name eq 'flock';
	}
	return @calls;
}

sub kill_at
{
	my ($call, @command) = @_;
	my ($name, $number) = @$call;
	my $said;

	IPC::Run::run([ 'strace', '-qq', '-o', '/dev/null', '-e', "trace=$name",
			'-e', "inject=$name:signal=KILL:when=$number", @command ],
		'<', \undef, '>&', \$said, IPC::Run::timeout($Waiting::DEADLINE));
	return ($? & 127) == 9;
}

# What is left is neither the old nor the new: why; undef if it is one of the two.
sub torn
{
	my ($before, $versions, $generation) = @_;
	my $keyring = slurp($e3->{keyring});
	my $noted = slurp("$e3->{dir}/newest");

	return "$noted is noted down" unless $noted eq "$generation\n" || $noted eq $e3->generation . "\n";
	return if $keyring eq $before->{ $e3->{keyring} };
	my $now = versions() // return 'it does not open';
	return $versions->{$now} ? undef : "it holds $now";
}

# Kills the command at each of its calls, then lets it do its work; "after" is what the
# keyring may hold then.
sub survives
{
	my ($what, $after, @words) = @_;
	my @command = ('e3ctl', '--config', $e3->{config}, @words);
	my $before = files_now();
	my $generation = $e3->generation;
	my ($killed, $new, $skipped, $device, @tried, @torn) = (0, 0, 0, 0);
	my @calls = calls_of(@command);

	for my $call (@calls)
	{
		if (!$call->[2] && !$every && $device++ % $SPARSE)
		{
			$skipped++;
			next;
		}
		put_back($before);
		$tpm->reset if "@words $e3->{config}" =~ /tpm/;
		push @tried, $call;
		$killed++ if kill_at($call, @command);
		my $config = $e3->{config};
		my $why = torn($before, $after, $generation);
		$e3->{config} = $config;
		push @torn, "@$call[0, 1]: $why" if defined $why;
		$new++ if slurp($e3->{keyring}) ne $before->{ $e3->{keyring} };
	}
	note("$what: " . @calls . " calls that write, killed at " . @tried . ", $skipped passed over; $new left the new keyring");
	is($killed, @tried, "$what: killed at each of " . @tried . ' calls');
	is(join('; ', @torn), '', 'the keyring is the old one or the new one');
	cmp_ok($new, '>', 0, 'killed late enough it is the new one');
	cmp_ok($new, '<', @tried, 'killed early it is the old one');
	$tpm->reset;
	my ($failed, $said) = Custody::run_program(@command);
	is($failed, 0, 'where the last one was killed the next one goes on') or diag($said);
	return;
}

my $newest = 1;

sub held { my ($version) = @_; return join ' ', map { "default-$_" } reverse 1 .. $version }

for my $change ([ 'passphrase', 'pkcs11' ], [ 'pkcs11', 'tpm' ], [ 'tpm', 'kms' ], [ 'kms', 'passphrase' ])
{
	my ($from, $to) = @$change;

	survives("rotation under $from", { held($newest + 1) => 1 }, 'app', 'rotate', 'default');
	# Of those that were killed the last one may have done its work.
	$newest = () = versions() =~ /default-/g;
	survives("from $from to $to", { held($newest) => 1 }, 'keyring', 'reseal', '--custody', $to);
	$e3->configure(custody());
	is(custody(), $to, "the keyring is under $to");
}
diag($every ? 'killed at every call' : "killed at every call on the keyring's files, and at one in $SPARSE of those to a device: EVCRYPT_KILL=all for all");

done_testing();
