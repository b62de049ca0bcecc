# COPY with ENCRYPT and DECRYPT on the server of test/stack: files, statements and
# what came of them.
package CopyTest;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use Files;
use IPC::Run ();
use Session;
use Test::More;
use Waiting;

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

	spit($path, $content);
	return $path;
}

# One psql that stays connected.
sub session { return Session->new($DEADLINE); }

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
	Waiting::wait_until('E3 answers', sub {
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

1;
