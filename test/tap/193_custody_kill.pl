# e3ctl is killed at each system call that touches a file or a device while it seals the
# keyring anew, or changes one that a token or a TPM keeps: the keyring is the one of
# before or the new one, whole, and opens in the custody that its file names.
# Not when lines are counted: processes are killed at calls that are numbered.
use strict;
use warnings;

use Custody;
use Files;
use Test::More;

# Leaks are looked for by tracing, which only one can do at a time.
$ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS}, 'detect_leaks=0';
plan skip_all => 'the thread sanitizer makes calls of its own' if ($ENV{EVCRYPT_VARIANT} // '') eq 'tsan';
Custody::need('strace', 'softhsm2-util', 'pkcs11-tool', 'swtpm', 'tpm2_pcrextend');
plan skip_all => 'there is no libsofthsm2.so' unless @Custody::MODULES;
my ($status) = Custody::run_program('strace', '-o', '/dev/null', 'true');
plan skip_all => 'strace may not trace here' if $status;

my $set = '/^(fchmod|flock|connect|sendto|write|fsync|linkat|unlink|rename|link)$';
my $token = Custody::Token->new('e3');
my $tpm = Custody::Tpm->new;
my $e3 = Custody->new($token->lines, "tpm = $tpm->{tcti}", 'tpm_pcrs = 7');
my %kind = (1 => 'passphrase', 2 => 'tpm', 3 => 'pkcs11');

sub custody { return $kind{ unpack 'x5 C', slurp($e3->{keyring}) } }

# Apps of the keyring, opened in the custody that it names; undef if it does not open.
sub apps
{
	$e3->configure(custody());
	my ($status, $said) = $e3->try_ctl('app', 'list');

	return $status ? undef : join ' ', sort map { (split /\t/)[0] } split /\n/, $said;
}

# Calls that a command makes from the lock on, each a name and which of its name it is.
sub calls_of
{
	my (@command) = @_;
	my ($status, $said) = Custody::run_program('strace', '-qq', '-o', "$e3->{dir}/trace", '-e', "trace=$set", @command);
	my (%count, @calls);

	die "@command: $said" if $status;
	for my $line (split /\n/, slurp("$e3->{dir}/trace"))
	{
		my ($name) = $line =~ /^(\w+)\(/ or next;
		$count{$name}++;
		push @calls, [ $name, $count{$name} ] if @calls || $name eq 'flock';
	}
	return @calls;
}

# SoftHSM writes its token anew at each login, in place: killed at that it has none any
# more, which is not what this is about.
my $tokens = "$token->{dir}/tokens";
Custody::run_program('cp', '-a', $tokens, "$tokens.whole");

sub kill_at
{
	my ($call, @command) = @_;
	my ($name, $number) = @$call;
	my $said;

	Custody::run_program('rm', '-rf', $tokens);
	Custody::run_program('cp', '-a', "$tokens.whole", $tokens);

	IPC::Run::run([ 'strace', '-qq', '-o', '/dev/null', '-e', "trace=$name", '-e', "inject=$name:signal=KILL:when=$number",
			@command ], '<', \undef, '>&', \$said, IPC::Run::timeout($Waiting::DEADLINE));
	my $killed = ($? & 127) == 9;

	Custody::run_program('rm', '-rf', $tokens);
	Custody::run_program('cp', '-a', "$tokens.whole", $tokens);
	return $killed;
}

for my $change ([ 'passphrase', 'pkcs11' ], [ 'pkcs11', 'tpm' ], [ 'tpm', 'passphrase' ])
{
	my ($from, $to) = @$change;
	my @lost;
	my ($killed, $arrived) = (0, 0);

	$e3->reseal($from) if custody() ne $from;
	my @reseal = ('e3ctl', '--config', $e3->{config}, 'keyring', 'reseal', '--custody', $to);
	my @calls = calls_of(@reseal);
	for my $call (@calls)
	{
		$e3->configure(custody());
		$e3->reseal($from) if custody() ne $from;
		$killed++ if kill_at($call, @reseal);
		my $apps = apps();
		push @lost, "@$call" unless defined $apps && $apps eq 'default';
		$arrived++ if custody() eq $to;
	}
	is($killed, @calls, "$from to $to: killed at each of " . @calls . ' calls');
	is("@lost", '', 'the keyring opens each time');
	cmp_ok($arrived, '>', 0, "killed late enough it is in the custody of $to");
	cmp_ok($arrived, '<', @calls, 'killed early it is not');
	$e3->configure(custody());
	$e3->reseal($to) if custody() ne $to;
	is(apps(), 'default', 'the next e3ctl goes on');
}

# A change of the keyring under a device.
for my $keeper ('pkcs11', 'tpm')
{
	my @torn;
	my ($killed, $rotated) = (0, 0);
	my $newest = 0;
	my $versions = sub {
		return join ' ', map { (split /\t/)[1] } split /\n/, ($e3->try_ctl('app', 'list'))[1];
	};

	$e3->configure(custody());
	$e3->reseal($keeper);
	my @rotate = ('e3ctl', '--config', $e3->{config}, 'app', 'rotate', 'default');
	my @calls = calls_of(@rotate);
	($newest) = $versions->() =~ /^(\d+)/;
	for my $call (@calls)
	{
		$killed++ if kill_at($call, @rotate);
		my $now = $versions->();
		my $before = join ' ', reverse 1 .. $newest;
		push @torn, "@$call: $now" unless $now eq $before || $now eq $newest + 1 . " $before";
		$rotated++ if $now ne $before;
		($newest) = $now =~ /^(\d+)/;
	}
	is($killed, @calls, "app rotate under $keeper: killed at each of " . @calls . ' calls');
	is("@torn", '', 'the keys of before are there each time, with a new version or without');
	cmp_ok($rotated, '>', 0, 'killed late enough it is there');
	cmp_ok($rotated, '<', @calls, 'killed early it is not');
}

done_testing();
