# An E3 and PostgreSQL nodes of a test's own, started and stopped at will.
package EvcryptTest;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use Files;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(time);
use Waiting;

our @EXPORT = qw(start_e3 new_node session wait_until ms_since rss_kb cpu_ms spit slurp);

# Seconds that anything may take before the test gives up on it.
our $DEADLINE = $Waiting::DEADLINE;

my @started;

# --- E3 --------------------------------------------------------------------

# A new E3 with a keyring and the app "default", or with the keyring of another E3,
# "like"; "extra" are lines for its configuration, beginning with a [section] line;
# "environment" is what it has of that beside the test's own; with "stopped" it does
# not run.
sub start_e3
{
	my (%option) = @_;
	my $dir = File::Temp->newdir('e3XXXXXX', TMPDIR => 1);
	my $self = bless {
		dir => $dir,
		socket => "$dir/e3.sock",
		config => "$dir/e3.conf",
		log => "$dir/e3.log",
		environment => $option{environment} // {},
		owner => $$,
	}, 'EvcryptTest::E3';

	my $keys = $option{like} ? $option{like}{dir} : $dir;

	spit($self->{log}, '');
	spit("$dir/passphrase", "a passphrase for tests only\n");
	chmod 0600, "$dir/passphrase";
	spit($self->{config}, <<"END" . ($option{extra} // ''));
[e3]
socket = $dir/e3.sock

[keyring]
file = $keys/keyring
passphrase_file = $keys/passphrase

END
	$self->ctl('init') unless $option{like};
	$self->ctl('app', 'add', 'default') unless $option{like};
	$self->start unless $option{stopped};
	push @started, $self;
	return $self;
}

END
{
	my $status = $?;
	for my $e3 (grep { $_->{owner} == $$ } @started)
	{
		# SIGTERM, so that sanitizers have their say.
		eval { $e3->resume; $e3->stop } if $e3->alive;
		$e3->kill9;
		next unless slurp($e3->{log}) =~ /Sanitizer|runtime error:/;
		diag(slurp($e3->{log}));
		$status ||= 99;
	}
	$? = $status;
}

package EvcryptTest::E3;

# Runs e3ctl; its exit status, what it printed, and its errors.
sub try_ctl
{
	my ($self, @arguments) = @_;
	my ($out, $err);
	local $ENV{E3_CONFIG} = $self->{config};

	IPC::Run::run([ 'e3ctl', @arguments ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($EvcryptTest::DEADLINE));
	return ($? >> 8, $out, $err);
}

# Runs e3ctl, dies unless it succeeds, returns what it printed.
sub ctl
{
	my ($self, @arguments) = @_;
	my ($status, $out, $err) = $self->try_ctl(@arguments);

	die "e3ctl @arguments: $err" if $status != 0;
	return $out;
}

# e3ctl fails with this status, prints nothing but this one line of an error.
sub ctl_fails
{
	my ($self, $expected, $pattern, @arguments) = @_;
	my ($status, $out, $err) = $self->try_ctl(@arguments);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::like("$status $out$err", qr/^$expected e3ctl: $pattern\n\z/,
		'e3ctl ' . join(' ', map { length > 30 ? substr($_, 0, 30) . '...' : $_ } @arguments));
	return;
}

# Starts an E3 that is to refuse; its exit status and what it logged.  One that goes on is
# ended, and has no status.
sub try_start
{
	my ($self) = @_;
	my $log;
	my $has_ended = eval {
		IPC::Run::run([ 'e3', '--config', $self->{config} ], '<', \undef, '>&', \$log,
			IPC::Run::timeout($EvcryptTest::DEADLINE));
		1;
	};

	return ($? >> 8, $log) if $has_ended;
	die $@ if $@ !~ /timeout/;
	return ('none', $log);
}

# SIGHUP; what E3 logs until it has reloaded or refused to.
sub hup
{
	my ($self) = @_;
	my $before = length EvcryptTest::slurp($self->{log});
	my $log;

	kill 'HUP', $self->{pid};
	Waiting::wait_until('E3 reloads', sub {
		$log = substr(EvcryptTest::slurp($self->{log}), $before);
		return $log =~ /event=(?:reload_refused|keyring_loaded) .*\n/;
	});
	return $log;
}

sub start
{
	my ($self) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $self->{log} or die;
		open STDERR, '>&', \*STDOUT;
		@ENV{ keys %{ $self->{environment} } } = values %{ $self->{environment} };
		exec 'e3', '--config', $self->{config};
		die "cannot run e3: $!";
	}
	$self->{pid} = $pid;
	Waiting::wait_until('E3 answers', sub {
		die 'E3 ended: ' . EvcryptTest::slurp($self->{log}) unless $self->alive;
		return eval { $self->ctl('health'); 1 };
	});
	return;
}

sub alive
{
	my ($self) = @_;

	return 0 unless $self->{pid};
	return 1 if waitpid($self->{pid}, POSIX::WNOHANG) == 0;
	$self->{status} = $?;
	$self->{pid} = undef;
	return 0;
}

# SIGTERM, then the wait status.
sub stop
{
	my ($self) = @_;

	kill 'TERM', $self->{pid};
	Waiting::wait_until('E3 ends', sub { !$self->alive });
	return $self->{status};
}

sub kill9
{
	my ($self) = @_;

	return unless $self->alive;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = undef;
	return;
}

# SIGSTOP and SIGCONT.
sub pause { my ($self) = @_; kill 'STOP', $self->{pid}; return; }
sub resume { my ($self) = @_; kill 'CONT', $self->{pid}; return; }

package EvcryptTest;

# --- PostgreSQL ------------------------------------------------------------

# A running node whose database "postgres" has the extension.  Beside lines for its
# configuration, "extra", its server may be given an "environment".
# Sessions that are still there are told to end in this way: those that have to write down
# which lines they ran (test/coverage) in another one than PostgreSQL's tests have.
if (my $mode = $ENV{EVCRYPT_STOP})
{
	no warnings 'redefine';
	*PostgreSQL::Test::Cluster::teardown_node = sub {
		my ($node, %option) = @_;
		return $node->stop($mode, %option);
	};
}

sub new_node
{
	my ($name, $e3, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => $option{streaming});
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'evcrypt'")
	  unless $option{no_preload};
	$node->append_conf('postgresql.conf', "evcrypt.endpoints = 'unix:$e3->{socket}'");
	$node->append_conf('postgresql.conf', $option{extra}) if $option{extra};
	start_node($node, %{ $option{environment} // {} });
	$node->safe_psql('postgres', 'CREATE EXTENSION evcrypt');
	return $node;
}

sub start_node
{
	my ($node, %environment) = @_;
	local @ENV{ keys %environment } = values %environment;

	$node->start;
	return;
}

# One psql that stays connected.
sub session
{
	my ($node, $dbname) = @_;

	return Session->new($DEADLINE, '-d', $node->connstr($dbname // 'postgres'));
}

# --- small things ----------------------------------------------------------

sub ms_since { return int((time - $_[0]) * 1000); }

# Resident memory of a process; its status may be read by everybody.
sub rss_kb
{
	my ($pid) = @_;

	return slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : die "no process $pid";
}

# CPU time that a process has used.
sub cpu_ms
{
	my ($pid) = @_;
	my @fields = split / /, slurp("/proc/$pid/stat") =~ s/^.*\) //sr;

	return ($fields[11] + $fields[12]) * 1000 / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

1;
