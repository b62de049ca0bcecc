# A client of E3/1 written from docs/protocol.md alone: it shares no code with
# the C sources.  For tests that need to send what no real client would.
package E3Client;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

our %VERB = (
	HELLO => 1, ENCRYPT => 3, DECRYPT => 4, REENCRYPT => 5, BLIND_INDEX => 6, CANCEL => 7, HEALTH => 8, STATS => 9,
	KEYS => 10, ECHO => 11, RESULT => 64, ERROR => 65, CANCELLED => 66);

# Seconds any single answer may take.
our $DEADLINE = 30;

# Connects; no HELLO yet.
sub connect
{
	my ($class, $path) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $path) or die "cannot connect to $path: $!";

	return bless { socket => $socket, buffer => '', next_id => 1 }, $class;
}

# Connects and exchanges HELLO; E3's limits are in $client->{hello}.
sub new
{
	my $self = E3Client::connect(@_);

	$self->send_message($VERB{HELLO}, 0, { version_min => 1, version_max => 1, client => 'test' });
	my $reply = $self->receive;
	die "no HELLO" unless $reply and $reply->{type} == $VERB{HELLO};
	$self->{hello} = $reply->{header};
	return $self;
}

# --- MessagePack, as much as the protocol uses -----------------------------

# A hash is a map, an array an array, a reference to a scalar a bin, undef nil,
# digits an integer, anything else a str.
sub pack_object
{
	my ($object) = @_;

	return "\xc0" unless defined $object;
	if (ref $object eq 'HASH')
	{
		return pack('C', 0x80 | keys %$object)
		  . join('', map { pack_object("$_") . pack_object($object->{$_}) } sort keys %$object);
	}
	return pack('C', 0x90 | @$object) . join('', map { pack_object($_) } @$object)
	  if ref $object eq 'ARRAY';
	return "\xc6" . pack('N/a*', $$object) if ref $object;
	return pack_integer($object) if $object =~ /^\d+$/;
	return "\xd9" . pack('C/a*', $object);
}

sub pack_integer
{
	my ($number) = @_;

	return pack('C', $number) if $number < 128;
	return "\xce" . pack('N', $number) if $number < 2**32;
	return "\xcf" . pack('Q>', $number);
}

# Takes one object from the front of $$bytes.
sub unpack_object
{
	my ($bytes) = @_;
	my $take = sub { substr($$bytes, 0, $_[0], '') };
	my $number = sub { my ($format, $len) = @_; unpack($format, $take->($len)) };
	my $tag = $number->('C', 1);

	return $tag if $tag < 0x80;
	return unpack_map($bytes, $tag & 15) if $tag < 0x90;
	return unpack_array($bytes, $tag & 15) if $tag < 0xa0;
	return $take->($tag & 31) if $tag < 0xc0;
	return undef if $tag == 0xc0;
	return $tag == 0xc3 if $tag == 0xc2 or $tag == 0xc3;
	return $take->($number->('C', 1)) if $tag == 0xc4 or $tag == 0xd9;
	return $take->($number->('n', 2)) if $tag == 0xc5 or $tag == 0xda;
	return $take->($number->('N', 4)) if $tag == 0xc6 or $tag == 0xdb;
	return $number->('C', 1) if $tag == 0xcc;
	return $number->('n', 2) if $tag == 0xcd;
	return $number->('N', 4) if $tag == 0xce;
	return $number->('Q>', 8) if $tag == 0xcf;
	return unpack_array($bytes, $number->('n', 2)) if $tag == 0xdc;
	return unpack_array($bytes, $number->('N', 4)) if $tag == 0xdd;
	return unpack_map($bytes, $number->('n', 2)) if $tag == 0xde;
	die sprintf 'unexpected MessagePack tag %02x', $tag;
}

sub unpack_array
{
	my ($bytes, $count) = @_;

	return [ map { unpack_object($bytes) } 1 .. $count ];
}

sub unpack_map
{
	my ($bytes, $count) = @_;
	my %map;

	for (1 .. $count)
	{
		my $key = unpack_object($bytes);
		$map{$key} = unpack_object($bytes);
	}
	return \%map;
}

# --- frames ----------------------------------------------------------------

sub send_bytes
{
	my ($self, $bytes) = @_;
	my $sent = 0;

	local $SIG{PIPE} = 'IGNORE';
	while ($sent < length $bytes)
	{
		my $n = syswrite($self->{socket}, $bytes, length($bytes) - $sent, $sent);
		return 0 unless defined $n;
		$sent += $n;
	}
	return 1;
}

sub frame
{
	my ($type, $id, $header, @columns) = @_;

	return pack('N/a*', pack_object([ $type, $id, $header, @columns ]));
}

sub send_message
{
	my ($self, @message) = @_;

	return $self->send_bytes(frame(@message));
}

# The next message as { type, id, header, columns }; undef when E3 has closed
# the connection; dies when nothing comes in time.
sub receive
{
	my ($self) = @_;
	my $deadline = time + $DEADLINE;

	while (length $self->{buffer} < 4
		or length $self->{buffer} < 4 + unpack('N', $self->{buffer}))
	{
		my $left = $deadline - time;
		die 'E3 sent nothing in time' if $left <= 0;
		next unless IO::Select->new($self->{socket})->can_read($left);
		my $n = sysread($self->{socket}, $self->{buffer}, 1 << 20, length $self->{buffer});
		return undef unless $n;
	}
	my $length = unpack('N', substr($self->{buffer}, 0, 4, ''));
	my $body = substr($self->{buffer}, 0, $length, '');
	my ($type, $id, $header, @columns) = @{ unpack_object(\$body) };
	return { type => $type, id => $id, header => $header, columns => \@columns };
}

sub close
{
	my ($self) = @_;

	$self->{socket}->close;
}

# --- requests --------------------------------------------------------------

# The two bins of a column of values.
sub column
{
	my $bytes = join '', @_;
	my $lengths = pack 'V*', map { length } @_;

	return (\$bytes, \$lengths);
}

# A column of ciphertexts that do not open, each with an ephemeral key of its own:
# every one costs DECRYPT a key agreement, about 0.1 ms.  The same each time.
sub costly_column
{
	my ($count) = @_;

	srand 1;
	return column(map {
		pack('CC', 8, 0) . "\0" x 4 . pack('C33', 2, map { int rand 256 } 1 .. 32) . "\0" x 44
	} 1 .. $count);
}

# Splits the first two columns of a RESULT.
sub values_of
{
	my ($reply) = @_;
	my ($bytes, $lengths) = @{ $reply->{columns} };
	my $at = 0;

	return map { $at += $_; substr($bytes, $at - $_, $_) } unpack 'V*', $lengths;
}

# Sends and returns the id.
sub request
{
	my ($self, $verb, $header, @columns) = @_;
	my $id = $self->{next_id}++;

	$self->send_message($VERB{$verb}, $id, $header, @columns);
	return $id;
}

# Sends and waits for the one reply to it.
sub call
{
	my ($self, @request) = @_;
	my $id = $self->request(@request);
	my $reply = $self->receive;

	die 'connection closed' unless $reply;
	die "reply to $reply->{id} instead of $id" unless $reply->{id} == $id;
	return $reply;
}

sub cancel
{
	my ($self, $id) = @_;

	return $self->send_message($VERB{CANCEL}, $id, {});
}

# Counters as a hash.
sub stats
{
	my ($self) = @_;

	return $self->call('STATS', {})->{header};
}

sub health
{
	my ($self) = @_;

	return $self->call('HEALTH', {})->{header};
}

1;
