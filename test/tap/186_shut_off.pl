# E3 is shut off from its own user, from root as far as its keys go, and from what it
# does not need itself; and says what of that is missing.
use strict;
use warnings;

use Files;
use IPC::Run ();
use OwnE3;
use Session;
use Test::More;
use Waiting;

my $FORTRESS = ($ENV{EVCRYPT_VARIANT} // 'release') !~ /^[at]san$/;
my $OPTIONAL = 'no_new_code secret_memory landlock seccomp';

my $e3 = OwnE3->new;
$e3->ctl('init');
$e3->ctl('app', 'add', 'default');
$e3->start;

# What e3ctl health says under a name.
sub health
{
	my ($name) = @_;

	return $e3->ctl('health') =~ /^$name: (.*)$/m ? $1 : undef;
}

my $missing = health('isolation_missing');
my %granted = map { ($_ => 1) } split / /, health('isolation');
diag("missing here: $missing") if $missing ne '';

# --- its own user ----------------------------------------------------------

# Three ways to look into a process, as E3's user: what each says.
my $LOOK = <<'END';
require 'sys/syscall.ph';
my ($pid) = @ARGV;
print open(my $memory, '<', "/proc/$pid/mem") ? 'read' : $!, ';';
my $local = "\0" x 8;
my ($start) = do { open my $maps, '<', "/proc/$pid/maps"; map { /^(\w+)-/ ? hex $1 : () } $maps ? scalar <$maps> : '' };
my $here = pack 'PQ', $local, 8;
my $there = pack 'QQ', $start // 0x400000, 8;
print syscall(&SYS_process_vm_readv, 0 + $pid, $here, 1, $there, 1, 0) == 8 ? 'read' : $!, ';';
my $traced = syscall(&SYS_ptrace, 16, 0 + $pid, 0, 0) == 0;
print $traced ? 'traced' : $!;
if ($traced) { waitpid $pid, 0x40000000; syscall(&SYS_ptrace, 17, 0 + $pid, 0, 0); }
END

sub look
{
	my ($pid) = @_;
	my $said = `test/lib/as-server perl -W -e 'no warnings "portable"; eval { require "sys/syscall.ph" } or print "none"'`;

	return undef if $said ne '';
	IPC::Run::run([ 'test/lib/as-server', 'perl', '-e', $LOOK, $pid ], '<', \undef, '>', \my $out);
	return $out;
}

SKIP:
{
	# An ordinary process of the same user: the shell that has started E3.
	my $control = look($e3->parent);
	skip 'this perl does not know the numbers of system calls', 2 unless defined $control;
	is($control, 'read;read;traced', 'an ordinary process is open to its user: to reading, and to ptrace');
	my $no = 'Operation not permitted';
	is(look($e3->{pid}), "Permission denied;$no;$no", 'E3 is not');
}

# --- root ------------------------------------------------------------------

sub mappings
{
	my ($pid, $pattern) = @_;

	return map { /^(\w+)-\w+ .*$pattern/ ? unpack 'Q>', pack 'H*', substr '0' x 16 . $1, -16 : () } split /\n/, slurp("/proc/$pid/maps");
}

sub can_read
{
	my ($pid, $at) = @_;

	open my $memory, '<:raw', "/proc/$pid/mem" or return 0;
	sysseek $memory, $at, 0 or return 0;
	return (sysread($memory, my $bytes, 8) // 0) == 8;
}

SKIP:
{
	skip 'only root sees where memory of E3 lies', 3 if $> != 0;
	skip 'this kernel or build has no secret memory', 3 unless $granted{secret_memory};
	my @secret = mappings($e3->{pid}, '/secretmem');
	cmp_ok(scalar @secret, '>=', 3, 'arena, pool and cache are secret memory, and what workers have of keys');
	is(scalar(grep { can_read($e3->{pid}, $_) } @secret), 0, 'which root cannot read');
	ok(can_read($e3->{pid}, (mappings($e3->{pid}, '\[stack\]'))[0] + (1 << 16)) || can_read($e3->{pid}, (mappings($e3->{pid}, '\[heap\]'))[0]),
		'though it reads other memory of E3');
}

# --- every thread ----------------------------------------------------------

my @threads = map { slurp($_) } glob "/proc/$e3->{pid}/task/*/status";
cmp_ok(scalar @threads, '>=', 2, 'E3 has threads');
SKIP:
{
	skip 'this kernel or build has no filter of system calls', 1 unless $granted{seccomp};
	is(scalar(grep { !/^Seccomp:\s+2$/m } @threads), 0, 'each has its system calls filtered');
}
is(scalar(grep { !/^NoNewPrivs:\s+1$/m } @threads), 0, 'and gains no privileges');

# --- what it says, and what may be demanded --------------------------------

is(join(' ', sort(split(/ /, $missing), keys %granted)),
	'landlock no_core no_new_code no_new_privileges no_trace own_user seccomp secret_memory',
	'each measure is there or missing');
ok($granted{$_}, "$_ is there") for qw(no_core no_trace no_new_privileges);
ok($granted{own_user}, 'own_user is there') if $ENV{EVCRYPT_STACK_USER} ne 'root';
like($missing, qr/no_new_code.*landlock seccomp/, 'a build with a sanitizer says what it lacks') unless $FORTRESS;
is($e3->stop, 0, 'E3 ends');

$e3->configure("[isolation]\nleave_out = all\n");
$e3->start;
is(join(' ', sort split / /, health('isolation_missing')), join(' ', sort split / /, $OPTIONAL), 'what is left out is missing');
like(slurp($e3->{log}), qr/level=warning event=isolation .*missing="$OPTIONAL"/, 'as the log says');

# The extension's administrator hears of it.
my $session = Session->new($Waiting::DEADLINE);
$session->query("ALTER SYSTEM SET evcrypt.endpoints = 'unix:$e3->{socket}'");
$session->query('SELECT pg_reload_conf()');
wait_until('the setting is read', sub { Session->new($Waiting::DEADLINE)->query('SHOW evcrypt.endpoints') =~ /own/ });
is(Session->new($Waiting::DEADLINE)->query('SELECT isolation_missing FROM evcrypt_health()'), $OPTIONAL, 'evcrypt_health() tells');
like(`evcrypt doctor 2>&1`, qr/warning.*isolation.*\Q$OPTIONAL\E/s, 'evcrypt doctor warns');
$session->query('ALTER SYSTEM RESET evcrypt.endpoints');
$session->query('SELECT pg_reload_conf()');
is($e3->stop, 0, 'E3 ends');

unlink "$e3->{dir}/status";
$e3->configure("[isolation]\nrequire = seccomp\nleave_out = seccomp\n");
$e3->launch;
wait_until('E3 ends', sub { defined $e3->status });
like(slurp($e3->{log}), qr/leave_out: names what is required/, 'what is required is not left out');
if (!$FORTRESS || !$granted{seccomp} || !$granted{landlock})
{
	unlink "$e3->{dir}/status";
	$e3->configure("[isolation]\nrequire = landlock, seccomp\n");
	$e3->launch;
	wait_until('E3 ends', sub { defined $e3->status });
	is($e3->status, 1, 'E3 does not serve without what is required');
	like(slurp($e3->{log}), qr/event=isolation_refused missing="[^"]+"/, 'and says what that is');
}
else
{
	unlink "$e3->{dir}/status";
	$e3->configure("[isolation]\nrequire = landlock, seccomp, no_core\n");
	$e3->start;
	like(health('isolation'), qr/landlock seccomp/, 'E3 serves with what is required');
	is($e3->stop, 0, 'and ends');
}

# --- files -----------------------------------------------------------------

SKIP:
{
	skip 'this kernel or build has no Landlock', 3 unless $granted{landlock};
	unlink "$e3->{dir}/status";
	$e3->configure('');
	$e3->start;
	my $elsewhere = "$ENV{EVCRYPT_STACK}/elsewhere-$$";
	mkdir $elsewhere, 0755 or die;
	spit("$elsewhere/policy", "[rule all]\npeers = any\nallow = encrypt\napps = any\nroles = any\n");
	$e3->configure("[access]\npolicy = $elsewhere/policy\n");
	is(eval { $e3->ctl('reload'); 'reloaded' } // 'refused', 'refused', 'a reload from another directory is refused');
	like(slurp($e3->{log}), qr/event=policy_refused cause="[^"]*Permission denied/, 'as one that may not be read');
	is(eval { $e3->ctl('health'); 1 }, 1, 'and E3 serves on');
	is($e3->stop, 0, 'E3 ends');
}

# --- its end ---------------------------------------------------------------

SKIP:
{
	skip 'a sanitizer takes SIGSEGV for itself', 3 unless $FORTRESS;
	unlink "$e3->{dir}/status";
	$e3->configure('');
	$e3->start;
	my $raised = system("prlimit --pid $e3->{pid} --core=unlimited:unlimited 2>/dev/null") == 0;
	is($e3->stop('SEGV'), 128 + 11, 'E3 dies of SIGSEGV' . ($raised ? ', with its limit of core files raised by root' : ''));
	is(join(' ', glob "$e3->{dir}/core*"), '', 'there is no core file');
	skip 'core files do not go to the directory of their process here', 1 unless slurp('/proc/sys/kernel/core_pattern') =~ /^core$/;
	my $control = system('test/lib/as-server', 'sh', '-c', "cd $e3->{dir} && ulimit -S -c unlimited && sh -c 'kill -SEGV \$\$'");
	my @cores = glob "$e3->{dir}/core*";
	is(scalar @cores, 1, 'though another process of its user leaves one there');
	unlink @cores;
}

done_testing();
