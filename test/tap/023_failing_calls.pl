# e3ctl is killed at each system call that touches a file, or the call fails:
# the keyring is the old one or the new one, whole, and the next e3ctl goes on.
# And an E3 that can't bind its socket leaves what is there alone.
# Not when lines are counted: processes are killed at calls that are numbered.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

# Leaks are looked for by tracing, which only one can do at a time.
$ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS}, 'detect_leaks=0';

my $e3 = start_e3(stopped => 1);
my $dir = $e3->{dir};
my $keyring = "$dir/keyring";

sub run_strace
{
	my (@arguments) = @_;
	my ($out, $err);

	IPC::Run::run([ 'strace', '-qq', @arguments ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($EvcryptTest::DEADLINE));
	return ($? & 127, $? >> 8, $err);
}

plan skip_all => 'the thread sanitizer makes calls of its own' if $ENV{EVCRYPT_VARIANT} eq 'tsan';
plan skip_all => 'strace is not installed' unless grep { -x "$_/strace" } split /:/, $ENV{PATH};
my ($signal, $status) = run_strace('-o', "$dir/trace", 'true');
plan skip_all => 'strace may not trace here' if $signal || $status;

# The calls of this set that a command makes, in order, from the first that
# matches on: each a name and which of its name it is.
sub calls_of
{
	my ($set, $first, @command) = @_;
	my ($signal, $status, $err) = run_strace('-o', "$dir/trace", '-e', "trace=$set", @command);
	my (%count, @calls);

	die "@command: $err" if $signal || $status;
	for my $line (split /\n/, slurp("$dir/trace"))
	{
		my ($name) = $line =~ /^(\w+)\(/ or next;
		$count{$name}++;
		push @calls, [ $name, $count{$name} ] if @calls || $line =~ $first;
	}
	return @calls;
}

# Runs a command that is killed when it is about to make this call.
sub kill_at
{
	my ($call, @command) = @_;
	my ($name, $number) = @$call;
	my ($signal) = run_strace('-o', '/dev/null', '-e', "trace=$name",
		'-e', "inject=$name:signal=KILL:when=$number", @command);

	return $signal == 9;
}

# --- app add ---------------------------------------------------------------

sub apps { return map { (split /\t/)[0] } split /\n/, $e3->ctl('app', 'list'); }

my @add = ('e3ctl', '--config', $e3->{config}, 'app', 'add');
my @calls = calls_of('/^(openat|fchmod|flock|write|fsync|unlink|rename)', qr/^flock/, @add, 'counted');
my $opened = slurp($keyring);
my ($killed, @arrived, @lost);
for my $number (0 .. $#calls)
{
	$killed++ if kill_at($calls[$number], @add, "killed-$number");
	next if slurp($keyring) eq $opened;

	# Another file: does it open, and is everything in it that was?
	my %app = map { $_ => 1 } apps();
	push @lost, grep { !$app{$_} } 'default', 'counted', map { "killed-$_" } @arrived;
	push @arrived, $number if $app{"killed-$number"};
	$opened = slurp($keyring);
}
is($killed, @calls, 'app add: killed at each of ' . @calls . ' calls');
is("@lost", '', 'no app that was there is ever lost');
cmp_ok(@arrived, '>', 0, 'killed late enough the app is there');
cmp_ok(@arrived, '<', @calls, 'killed early it is not');
is("@arrived", join(' ', @calls - @arrived .. $#calls), 'and there is one point between the two');

$e3->ctl('app', 'add', 'after');
is(scalar(grep { $_ eq 'after' } apps()), 1, 'the next e3ctl goes on');
ok(!-e "$keyring.new", 'and what a killed one left behind is gone');

# --- app rotate ------------------------------------------------------------

# The keyring after a kill holds the versions of before, or those and the new one.
sub versions
{
	return join ' ', map { (split /\t/)[1] } grep { /^after\t/ } split /\n/, $e3->ctl('app', 'list');
}

my @rotate = ('e3ctl', '--config', $e3->{config}, 'app', 'rotate', 'after');
@calls = calls_of('/^(openat|fchmod|flock|write|fsync|unlink|rename)', qr/^flock/, @rotate);
my ($newest, @torn, $rotated) = (2);
is(versions(), '2 1', 'app rotate');
$killed = 0;
for my $call (@calls)
{
	$killed++ if kill_at($call, @rotate);
	my $now = versions();
	$rotated++ if $now eq join ' ', reverse 1 .. $newest + 1;
	push @torn, "@$call: $now" unless $now =~ /^(?:@{[ $newest + 1 ]} )?@{[ join ' ', reverse 1 .. $newest ]}$/;
	($newest) = $now =~ /^(\d+)/;
}
is($killed, @calls, 'app rotate: killed at each of ' . @calls . ' calls');
is("@torn", '', 'the keys of before are there each time, with a new version or without');
cmp_ok($rotated, '>', 0, 'killed late enough it is there');
cmp_ok($rotated, '<', @calls, 'killed early it is not');

# --- calls that fail -------------------------------------------------------

sub fails
{
	my ($what, $inject, $message) = @_;
	my $before = slurp($keyring);
	my ($signal, $status, $err) = run_strace('-o', '/dev/null', '-e', 'trace=/^(write|fsync|fchmod|rename)',
		'-e', "inject=$inject", @add, 'failed');

	is("$signal $status $err", "0 1 e3ctl: $keyring: keyring file cannot be read or written: $message\n",
		"$what fails: $message");
	ok(!-e "$keyring.new", 'nothing half made is left');
	return slurp($keyring) eq $before;
}

ok(fails('fchmod', 'fchmod:error=EPERM', 'Operation not permitted'), 'the keyring is the old one');
ok(fails('write', 'write:error=ENOSPC:when=1', 'No space left on device'), 'the keyring is the old one');
ok(fails('fsync', 'fsync:error=EIO:when=1', 'Input/output error'), 'the keyring is the old one');
ok(fails('rename', '/^rename:error=EXDEV', 'Invalid cross-device link'), 'the keyring is the old one');
ok(!fails('fsync of the directory', 'fsync:error=EIO:when=2', 'Input/output error'),
	'the keyring is the new one');
is(scalar(grep { $_ eq 'failed' } apps()), 1, 'and opens');

# --- init ------------------------------------------------------------------

my $number = 0;
sub fresh { return "$dir/init" . $number++ . '/e3.conf'; }

@calls = calls_of('/^(mkdir|fchmod|write|fsync|unlink|rename)', qr/^mkdir/, 'e3ctl', '--config', fresh(), 'init');
$killed = 0;
my @stuck;
for my $call (@calls)
{
	my $config = fresh();
	my $made = bless { config => $config }, 'EvcryptTest::E3';

	$killed++ if kill_at($call, 'e3ctl', '--config', $config, 'init');
	my ($status, undef, $err) = $made->try_ctl('init');
	push @stuck, "@$call: $err" if $status != 0;
	my @files = sort map { s{.*/}{}r } glob $config =~ s{[^/]*$}{*}r;
	push @stuck, "@$call: @files" if "@files" ne 'e3.conf keyring keyring.lock passphrase';
}
is($killed, @calls, 'init: killed at each of ' . @calls . ' calls');
is("@stuck", '', 'and the next init ends it, with nothing left behind');

# --- E3 --------------------------------------------------------------------

# Another one was a moment faster: its socket is not ours to remove.
my ($died, $ended, $log) = run_strace('-f', '-o', "$dir/trace", '-e', 'trace=/^(bind|unlink)',
	'-e', 'inject=bind:error=EADDRINUSE', 'e3', '--config', $e3->{config});
like("$died $ended $log", qr/^0 1 .*event=listen_failed .*cause="Address already in use"$/sm,
	'E3 does not start if it cannot bind');
my $trace = slurp("$dir/trace");
like($trace, qr/bind\(/, 'it has tried');
unlike($trace, qr/unlink/, 'and removes nothing');

done_testing();
