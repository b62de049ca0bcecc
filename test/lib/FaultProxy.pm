# A proxy between a client and E3 that does harm where it is told to: it cuts,
# half-closes, delays, trickles, swallows and replaces, at a byte or a message of a
# connection, in either direction.  It runs in a process of its own.
#
#	my $proxy = FaultProxy->new(to => $e3->{socket});        # or 'host:port'
#	... evcrypt.endpoints = 'unix:$proxy->{path}' ...        # or listen => 'tcp': $proxy->{port}
#	$proxy->plan({ connection => 1, way => 'reply', byte => 17, act => 'cut' });
#
# A plan closes every connection and counts those to come from 1.  A rule is for one
# connection, or for all, and for one way: "request", towards E3, or "reply".  It acts
# once, when so many bytes of the connection ("byte"), or of its message number
# "message" (0: HELLO), have passed and one more is there:
#
#	cut       closes both sides
#	reset     the same by RST, where they are sockets of TCP
#	fin       closes the direction, swallows the rest of it; the other goes on
#	hole      swallows the rest of the direction, and closes nothing
#	delay     stops the direction for "ms"
#	trickle   from here on lets "bytes" pass each "ms"
#	replace   puts "with" in the place of the rest of the message
package FaultProxy;

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use List::Util qw(min);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Storable qw(freeze thaw);
use Time::HiRes qw(time);

my $HELD_MAX = 1 << 20;

sub new
{
	my ($class, %option) = @_;
	my $self = bless { to => $option{to}, record => $option{record}, owner => $$ }, $class;

	if (($option{listen} // 'unix') eq 'tcp')
	{
		$self->{listener} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100)
		  or die "cannot listen: $!";
		$self->{port} = $self->{listener}->sockport;
	}
	else
	{
		$self->{dir} = File::Temp->newdir('proxyXXXXXX', TMPDIR => 1);
		$self->{path} = "$self->{dir}/proxy.sock";
		$self->{listener} = IO::Socket::UNIX->new(Local => $self->{path}, Listen => 100)
		  or die "cannot listen: $!";
	}
	socketpair($self->{control}, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0)
	{
		close $self->{control};
		eval { serve($self, $theirs); 1 } or print STDERR "proxy: $@";
		POSIX::_exit(0);
	}
	close $theirs;
	close delete $self->{listener};
	return $self;
}

# What is to happen from now on; nothing, without rules.
sub plan
{
	my ($self, @rules) = @_;

	ask($self, { rules => \@rules });
	return;
}

# Connections since the plan was made: each { request => bytes passed, reply => bytes,
# done => rules that have acted }, and with record => 1 request_text and reply_text, the
# first megabyte of what has passed.
sub seen
{
	my ($self) = @_;

	return @{ ask($self, {}) };
}

sub close
{
	my ($self) = @_;

	return unless $self->{pid} and $self->{owner} == $$;
	CORE::close($self->{control});
	waitpid delete $self->{pid}, 0;
	return;
}

sub DESTROY { local ($?, $@); $_[0]->close; return; }

sub ask
{
	my ($self, $question) = @_;

	put($self->{control}, $question);
	return get($self->{control}) // die 'the proxy has ended';
}

sub put
{
	my ($socket, $what) = @_;
	my $bytes = pack 'N/a*', freeze($what);

	die "control: $!" unless syswrite($socket, $bytes) == length $bytes;
	return;
}

sub get
{
	my ($socket) = @_;
	my $bytes = '';

	while (length $bytes < 4 or length $bytes < 4 + unpack 'N', $bytes)
	{
		return undef unless sysread $socket, $bytes, 1 << 16, length $bytes;
	}
	return thaw(substr $bytes, 4);
}

# --- the proxy's own process ------------------------------------------------------

sub serve
{
	my ($self, $control) = @_;

	local $SIG{PIPE} = 'IGNORE';
	$SIG{INT} = $SIG{TERM} = 'DEFAULT';
	$self->{rules} = [];
	$self->{seen} = [];
	$self->{open} = [];
	while (1)
	{
		my @ways = map { @{ $_->{ways} } } @{ $self->{open} };
		my $now = time;
		my $read = IO::Select->new($control, $self->{listener},
			map { $_->{from} } grep { !$_->{ended} && length $_->{held} < $HELD_MAX } @ways);
		my $write = IO::Select->new(map { $_->{to} } grep { $_->{full} } @ways);
		my @times = map { $_->{until} } grep { $_->{until} > $now } @ways;
		my ($readable) = IO::Select::select($read, $write, undef, @times ? min(@times) - $now : 60);
		my %ready = map { fileno $_ => 1 } @{ $readable // [] };

		return if $ready{ fileno $control } and not answer($self, $control);
		accept_one($self) if $ready{ fileno $self->{listener} };
		for my $connection (@{ $self->{open} })
		{
			for my $way (@{ $connection->{ways} })
			{
				next if $connection->{closed};
				take($way) if $ready{ fileno $way->{from} };
				pass($connection, $way);
			}
		}
		$self->{open} = [ grep { !$_->{closed} } @{ $self->{open} } ];
	}
}

# False when the test has gone.
sub answer
{
	my ($self, $control) = @_;
	my $question = get($control) or return 0;

	if ($question->{rules})
	{
		cut($_) for @{ $self->{open} };
		@$self{qw(rules seen open)} = ($question->{rules}, [], []);
	}
	put($control, $self->{seen});
	return 1;
}

sub accept_one
{
	my ($self) = @_;
	my $client = $self->{listener}->accept or return;
	my $server = $self->{to} =~ /^[\w.-]+:\d+$/
	  ? IO::Socket::INET->new(PeerAddr => $self->{to})
	  : IO::Socket::UNIX->new(Peer => $self->{to});
	my $number = 1 + @{ $self->{seen} };
	my %seen = (request => 0, reply => 0, done => 0);

	push @{ $self->{seen} }, \%seen;
	return $client->close unless $server;
	$_->blocking(0) for $client, $server;
	my $make = sub {
		my ($name, $from, $to) = @_;
		my @rules = map { +{%$_} } grep {
			$_->{way} eq $name and ($_->{connection} // $number) == $number
		} @{ $self->{rules} };

		return { name => $name, from => $from, to => $to, rules => \@rules, seen => \%seen,
			record => $self->{record}, held => '', until => 0, message => 0, offset => 0, head => '' };
	};
	push @{ $self->{open} }, { client => $client, server => $server,
		ways => [ $make->('request', $client, $server), $make->('reply', $server, $client) ] };
	return;
}

sub cut
{
	my ($connection) = @_;

	$_->close for @$connection{qw(client server)};
	$connection->{closed} = 1;
	return;
}

# Data that has not been sent yet is thrown away, and RST sent instead of FIN.
sub reset_both
{
	my ($connection) = @_;

	setsockopt $_, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) or die "SO_LINGER: $!" for @$connection{qw(client server)};
	cut($connection);
	return;
}

sub take
{
	my ($way) = @_;
	my $count = sysread $way->{from}, $way->{held}, 1 << 16, length $way->{held};

	$way->{ended} = 1 if defined $count ? $count == 0 : !$!{EAGAIN};
	return;
}

# Lets through what may pass now.
sub pass
{
	my ($connection, $way) = @_;

	$way->{full} = 0;
	while (length $way->{held} and not $connection->{closed} and not $way->{full}
		and $way->{until} <= time)
	{
		my $room = apply($connection, $way) or next;

		send_some($way, $room);
	}
	return if $connection->{closed} or not $way->{ended} or length $way->{held} or $way->{finished};
	$way->{finished} = 1;
	shutdown $way->{to}, 1 unless $way->{swallows};
	cut($connection) if 2 == grep { $_->{finished} } @{ $connection->{ways} };
	return;
}

# Rules that act at this byte; how many may pass until the next one could, or the
# message ends.
sub apply
{
	my ($connection, $way) = @_;
	my $left = length $way->{head} < 4 ? 4 - length $way->{head}
	  : 4 + unpack('N', $way->{head}) - $way->{offset};
	my $room = min(length $way->{held}, $left);

	for my $rule (grep { !$_->{acted} } @{ $way->{rules} })
	{
		next if defined $rule->{message} and $rule->{message} != $way->{message};
		my $ahead = ($rule->{byte} // 0)
		  - (defined $rule->{message} ? $way->{offset} : $way->{seen}{ $way->{name} });

		if ($ahead > 0) { $room = min($room, $ahead) }
		elsif ($ahead == 0)
		{
			$rule->{acted} = 1;
			$way->{seen}{done}++;
			act($connection, $way, $rule);
			return 0;
		}
	}
	return $room;
}

sub act
{
	my ($connection, $way, $rule) = @_;
	my $act = $rule->{act};

	if ($act eq 'cut') { cut($connection) }
	elsif ($act eq 'reset') { reset_both($connection) }
	elsif ($act eq 'fin') { shutdown $way->{to}, 1; $way->{swallows} = 1 }
	elsif ($act eq 'hole') { $way->{swallows} = 1 }
	elsif ($act eq 'delay') { $way->{until} = time + $rule->{ms} / 1000 }
	elsif ($act eq 'trickle') { $way->{trickle} = $rule }
	elsif ($act eq 'replace') { $way->{instead} = $rule->{with} }
	else { die "unknown act $act" }
	return;
}

sub send_some
{
	my ($way, $room) = @_;
	my $trickle = $way->{trickle};
	my $sent;

	$room = min($room, $trickle->{bytes}) if $trickle;
	if ($way->{swallows} or defined $way->{instead}) { $sent = $room }
	else
	{
		$sent = syswrite $way->{to}, $way->{held}, $room;
		if (not defined $sent)
		{
			if ($!{EAGAIN}) { $way->{full} = 1 }
			else { $way->{swallows} = 1 }
			return;
		}
		$way->{seen}{ $way->{name} } += $sent;
	}
	record($way, substr $way->{held}, 0, $sent) unless $way->{swallows} or defined $way->{instead};
	count_messages($way, substr $way->{held}, 0, $sent, '');
	$way->{until} = time + $trickle->{ms} / 1000 if $trickle;
	return;
}

sub record
{
	my ($way, $bytes) = @_;
	my $key = "$way->{name}_text";

	return unless $way->{record} and length($way->{seen}{$key} // '') < $HELD_MAX;
	$way->{seen}{$key} .= $bytes;
	return;
}

# What has gone of a message; what stands in for it goes out when it is complete.
sub count_messages
{
	my ($way, $bytes) = @_;

	$way->{head} .= substr $bytes, 0, 4 - length $way->{head} if length $way->{head} < 4;
	$way->{offset} += length $bytes;
	return if length $way->{head} < 4 or $way->{offset} < 4 + unpack 'N', $way->{head};
	if (defined(my $instead = delete $way->{instead}))
	{
		$way->{to}->blocking(1);
		syswrite $way->{to}, $instead;
		$way->{to}->blocking(0);
		$way->{seen}{ $way->{name} } += length $instead;
		record($way, $instead);
	}
	$way->{message}++;
	@$way{qw(head offset)} = ('', 0);
	return;
}

1;
