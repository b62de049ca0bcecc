# One psql that stays connected; for tests of all kinds.
package Session;

use strict;
use warnings;

use IPC::Run ();
use Test::More ();

# Seconds that a statement may take, and what psql is told beside.
sub new
{
	my ($class, $deadline, @options) = @_;
	my $self = bless { in => '', out => '', err => '', count => 0, deadline => $deadline }, $class;

	$self->{timer} = IPC::Run::timeout($deadline);
	$self->{psql} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', @options, '-f', '-' ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, $self->{timer});
	$self->{backend} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# Hands a statement, or a line of psql's, over and returns at once.
sub send
{
	my ($self, $sql) = @_;

	$self->{count}++;
	$self->{in} .= ($sql =~ /^\\/ ? $sql : "$sql;") . "\n\\echo done $self->{count}\n\\warn done $self->{count}\n";
	$self->{timer}->start($self->{deadline});
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

sub is
{
	my ($self, $sql, $expected, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $out = $self->query($sql);
	Test::More::is($out, $expected, $name) or Test::More::diag($self->{error});
	return;
}

# Waits until the backend waits for E3.
sub wait_for_e3
{
	my ($self, $node) = @_;

	$node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $self->{backend}")
	  or die 'the backend does not wait for E3';
	return;
}

sub close
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	$self->{psql}->finish;
	return;
}

1;
