# A client that sends PostgreSQL's extended protocol one message at a time; for tests
# of what lies between two of them.
package Extended;

use strict;
use warnings;

use IO::Socket::UNIX;

# Connects to a node that trusts everybody, with these settings.
sub connect
{
	my ($class, $node, %setting) = @_;
	my $path = $node->host . '/.s.PGSQL.' . $node->port;
	my $self = bless { socket => IO::Socket::UNIX->new(Peer => $path) // die "$path: $!" }, $class;
	my %start = (user => scalar getpwuid $>, database => 'postgres',
		options => join ' ', map { "-c $_=$setting{$_}" } sort keys %setting);
	my $body = pack('N', 3 << 16) . join('', map { "$_\0$start{$_}\0" } sort keys %start) . "\0";

	$self->{socket}->print(pack('N', 4 + length $body) . $body);
	$self->{socket}->flush;
	$self->answers;
	return $self;
}

# Messages, all of the statement and portal without a name unless one is given;
# parameters and results are text.
sub parse { my ($sql, $name) = @_; return [ P => ($name // '') . "\0$sql\0" . pack('n', 0) ]; }

sub bind_to
{
	my ($name, @values) = @_;

	return [ B => "\0$name\0" . pack('n n', 0, scalar @values) . join('', map { pack 'N/a*', $_ } @values) . pack('n', 0) ];
}

sub execute { return [ E => "\0" . pack('N', 0) ]; }

# Sends messages, and Sync; the SQLSTATE of the error, '' if there is none.
sub send
{
	my ($self, @messages) = @_;

	$self->{socket}->print($_->[0] . pack('N', 4 + length $_->[1]) . $_->[1]) for @messages, [ S => '' ];
	$self->{socket}->flush;
	return $self->answers;
}

# Until the server waits for more.
sub answers
{
	my ($self) = @_;
	my $state = '';

	while (1)
	{
		(read $self->{socket}, my $head, 5) == 5 or die 'the server is gone';
		my ($type, $length) = unpack 'a N', $head;
		read $self->{socket}, my $body, $length - 4;
		$state = $1 if $type eq 'E' and $body =~ /\0C(.{5})\0/;
		$self->{backend} = unpack 'N', $body if $type eq 'K';
		return $state if $type eq 'Z';
	}
}

1;
