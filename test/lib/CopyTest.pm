# COPY with ENCRYPT and DECRYPT on the server of test/stack: files, statements and
# what came of them.
package CopyTest;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use IPC::Run ();
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(psql query set_up input slurp wait_until session second_e3 $MAJOR $DEADLINE);

# Seconds that anything may take before the test gives up on it.
our $DEADLINE = 120;

# Where the server can read and write, too.
our $DIR = File::Temp->newdir("$ENV{EVCRYPT_STACK}/copyXXXXXX");
chmod 0755, $DIR;
if ($> == 0)
{
	my (undef, undef, $uid, $gid) = getpwnam $ENV{EVCRYPT_STACK_USER};
	chown $uid, $gid, $DIR;
}

our $MAJOR = query('SHOW server_version_num') / 10000 | 0;

# Runs statements; what they print, their errors and messages, psql's status.
sub psql
{
	my ($sql, %option) = @_;
	my @role = $option{role} ? ('-c', "SET ROLE $option{role}") : ();
	my ($out, $err);

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1', @role, '-f', '-' ],
		'<', \$sql, '>', \$out, '2>', \$err, IPC::Run::timeout($DEADLINE));
	chomp $out;
	return ($out, $err, $? >> 8);
}

# What statements print that must succeed.
sub query
{
	my ($sql) = @_;
	my ($out, $err, $status) = psql($sql);

	die "$sql: $err" if $status != 0;
	return $out;
}

sub set_up
{
	my ($sql) = @_;

	query("SET client_min_messages = warning; $sql");
	return;
}

my $inputs = 0;

# A file with this content that the server can read; its path.
sub input
{
	my ($content) = @_;
	my $path = "$DIR/input" . ++$inputs;

	open my $file, '>:raw', $path or die "$path: $!";
	print $file $content;
	close $file or die "$path: $!";
	return $path;
}

sub slurp
{
	my ($path) = @_;

	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# Polls until the condition holds; dies after the deadline.
sub wait_until
{
	my ($what, $condition) = @_;
	my $deadline = time + $DEADLINE;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.002;
	}
	return;
}

# An E3 of the test's own, beside that of test/stack and with its keys; $e3->{socket}.
# With more lines for its configuration, if there are any: of [access], and whole sections.
sub second_e3
{
	my ($access, $sections) = @_;
	my $socket = "$DIR/second.sock";
	my $config = slurp($ENV{E3_CONFIG}) =~ s/^socket = .*$/socket = $socket/mr;
	$config =~ s/^(allow_users = .*)/$1\n$access/m if defined $access;
	$config .= $sections // '';
	my $self = bless { socket => $socket, config => input($config), owner => $$ }, 'CopyTest::E3';

	$self->start;
	return $self;
}

package CopyTest::E3;

sub start
{
	my ($self) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$ENV{EVCRYPT_STACK}/e3-second.log" or die;
		open STDERR, '>&', \*STDOUT;
		exec 'test/lib/as-server', 'e3', '--config', $self->{config};
		die "cannot run e3: $!";
	}
	$self->{pid} = $pid;
	CopyTest::wait_until('E3 answers', sub {
		local $ENV{E3_CONFIG} = $self->{config};
		return system('e3ctl health >/dev/null 2>&1') == 0;
	});
	return;
}

sub kill9
{
	my ($self) = @_;

	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = undef;
	return;
}

sub DESTROY
{
	my ($self) = @_;

	return unless $self->{pid} and $self->{owner} == $$;
	local $?;
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

package CopyTest;

# One psql that stays connected.
sub session
{
	my $self = bless { in => '', out => '', err => '', count => 0 }, 'CopyTest::Session';

	$self->{psql} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-f', '-' ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, my $timer = IPC::Run::timeout($DEADLINE));
	$self->{timer} = $timer;
	$self->{backend} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

package CopyTest::Session;

# Hands a statement, or a line of psql's, over and returns at once.
sub send
{
	my ($self, $sql) = @_;

	$self->{count}++;
	$self->{in} .= ($sql =~ /^\\/ ? $sql : "$sql;") . "\n\\echo done $self->{count}\n\\warn done $self->{count}\n";
	$self->{timer}->start($CopyTest::DEADLINE);
	$self->{psql}->pump_nb;
	return;
}

# Has what was handed over been done?
sub done
{
	my ($self) = @_;
	my $end = qr/^done $self->{count}\n/m;

	$self->{psql}->pump_nb;
	return ($self->{out} =~ $end and $self->{err} =~ $end);
}

# What the statements handed over have printed; errors are in $session->{error}.
sub receive
{
	my ($self) = @_;
	my $end = qr/^done $self->{count}\n/m;

	$self->{psql}->pump until $self->{out} =~ $end and $self->{err} =~ $end;
	my ($out, $err) = @$self{qw(out err)};
	$self->{out} = $self->{err} = '';
	s/^done \d+\n//mg for $out, $err;
	chomp $out;
	$self->{error} = $err;
	return $out;
}

sub query
{
	my ($self, $sql) = @_;

	$self->send($sql);
	return $self->receive;
}

# SQLSTATE of the first error, '00000' if there was none.
sub sqlstate
{
	my ($self) = @_;

	return $self->{error} =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}):/ ? $1 : '00000';
}

sub close
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	$self->{psql}->finish;
	return;
}

1;
