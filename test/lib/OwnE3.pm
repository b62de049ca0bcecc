# An E3 of a test's own beside test/stack's, run as the same user and started by a shell
# that knows nothing; for scripts 1NN.
package OwnE3;

use strict;
use warnings;

use Files;
use Waiting;

my $count = 0;
my @started;

# A directory, a passphrase, and a configuration with "extra" lines, which begin with a
# [section] line; not started.
sub new
{
	my ($class, $extra) = @_;
	my $dir = "$ENV{EVCRYPT_STACK}/own-$$-" . ++$count;
	my $self = bless { dir => $dir, socket => "$dir/e3.sock", config => "$dir/e3.conf", log => "$dir/e3.log" }, $class;

	mkdir $dir, 0755 or die "$dir: $!";
	spit("$dir/passphrase", "a passphrase for tests of isolation only\n");
	chmod 0600, "$dir/passphrase";
	$self->configure($extra // '');
	spit($self->{log}, '');
	$self->hand_over;
	push @started, $self;
	return $self;
}

sub configure
{
	my ($self, $extra) = @_;

	spit($self->{config}, <<"END" . $extra);
[e3]
socket = $self->{dir}/e3.sock
[keyring]
file = $self->{dir}/keyring
passphrase_file = $self->{dir}/passphrase
END
	return;
}

# All in its directory belongs to the user that it runs as.
sub hand_over
{
	my ($self) = @_;

	return if $> != 0;
	system('chown', '-R', "$ENV{EVCRYPT_STACK_USER}:", $self->{dir}) == 0 or die 'chown';
	return;
}

# e3ctl, as that user; dies unless it succeeds.
sub ctl
{
	my ($self, @words) = @_;
	local $ENV{E3_CONFIG} = $self->{config};
	my $out = `test/lib/as-server e3ctl @words 2>&1`;

	die "e3ctl @words: $out" if $? != 0;
	return $out;
}

# Starts it without waiting; its shell writes down its status when it ends.
sub launch
{
	my ($self) = @_;
	my $dir = $self->{dir};

	unlink "$dir/status", "$dir/pid";
	system('test/lib/as-server', 'setsid', 'sh', '-c', "cd $dir; exec >>e3.log 2>&1 </dev/null;"
		  . ' (e3 --config e3.conf & echo $! >pid.new; mv pid.new pid; wait $!; echo $? >status.new; mv status.new status) &')
	  == 0 or die 'sh';
	wait_until('E3 has a pid', sub { -e "$dir/pid" });
	chomp($self->{pid} = slurp("$dir/pid"));
	return;
}

sub start
{
	my ($self) = @_;

	$self->launch;
	wait_until('E3 answers', sub {
		die 'E3 ended: ' . slurp($self->{log}) if defined $self->status;
		return eval { $self->ctl('health'); 1 };
	});
	return;
}

# What its shell saw it end with; undef as long as it runs.
sub status
{
	my ($self) = @_;

	return undef unless -e "$self->{dir}/status";
	return 0 + slurp("$self->{dir}/status");
}

sub parent
{
	my ($self) = @_;

	return slurp("/proc/$self->{pid}/status") =~ /^PPid:\s+(\d+)/m ? $1 : die 'no parent';
}

sub stop
{
	my ($self, $signal) = @_;

	kill $signal // 'TERM', $self->{pid};
	wait_until('E3 ends', sub { defined $self->status });
	return $self->status;
}

END
{
	my $status = $?;
	for my $e3 (grep { $_->{pid} && !defined $_->status } @started)
	{
		eval { $e3->stop; 1 } or $e3->stop('KILL');
	}
	$? = $status;
}

1;
