# Frames that no client of ours would send, to an E3 that runs: each is refused by its
# name, or served for what it is; the connection closes where docs/protocol.md says so,
# and others are served meanwhile.  009_hostile.pl has what is meant to hurt.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my %APP = (app => 'default');
my $e3 = start_e3(extra => "[e3]\nconnections = 2000\n[limits]\nhello_timeout_ms = 1500\n");
my $good = E3Client->new($e3->{socket});
my $limits = $good->{hello};

sub served
{
	my $reply = $good->call('ENCRYPT', \%APP, E3Client::column('a', 'bc'));

	return $reply->{type} == $E3Client::VERB{RESULT} && E3Client::values_of($reply) == 2;
}

sub raw { return pack 'N/a*', join '', @_; }
sub str { return "\xd9" . pack 'C/a*', $_[0]; }

# A request whose header is given as MessagePack: ECHO, id 1, no columns.
sub with_header { return raw("\x93\x0b\x01", @_); }

# What comes of these bytes after HELLO: its name, or that of the result; then whether
# the connection stands.
sub outcome
{
	my ($bytes, %option) = @_;
	my $client = $option{no_hello} ? E3Client->connect($e3->{socket}) : E3Client->new($e3->{socket});
	my %name = reverse %E3Client::VERB;

	$client->send_bytes($bytes);
	my $reply = $client->receive;
	my $result = $reply ? $reply->{header}{name} // $name{ $reply->{type} } : 'closed';
	my $stands = 0;
	if ($reply and not $option{no_hello})
	{
		$client->send_message($E3Client::VERB{HEALTH}, 99, {});
		my $health = $client->receive;
		$stands = $health && $health->{id} == 99 ? 1 : 0;
	}
	$client->close;
	return $stands ? "$result, goes on" : $result;
}

sub comes_to
{
	my ($what, $expected, $bytes, %option) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $outcome = outcome($bytes, %option);
	is($outcome, $expected, $what);
	ok(served(), 'others are served');
	return;
}

# --- headers -----------------------------------------------------------------------

my $BAD = 'BAD_HEADER, goes on';
comes_to('an empty header', 'RESULT, goes on', with_header("\x80"));
comes_to('an unknown key', 'RESULT, goes on', with_header("\x81", str('surprise'), "\x93\x01\xa1x\xc3"));
comes_to('an unknown key, and nothing behind it', 'TRUNCATED', with_header("\x81", str('surprise')));
comes_to('a known key twice', $BAD, with_header("\x82", str('app'), "\xa1a", str('app'), "\xa1b"));
comes_to('a key that is a number', $BAD, with_header("\x81\x01\x01"));
comes_to('a key that is nil', $BAD, with_header("\x81\xc0\x01"));
comes_to('a key that is bytes', $BAD, with_header("\x81\xc4\x03app\xa1a"));
comes_to('a header that is an array', 'MALFORMED', with_header("\x90"));
comes_to('a header that is nil', 'MALFORMED', with_header("\xc0"));
comes_to('text where a number belongs', $BAD, with_header("\x81", str('deadline_ms'), str('soon')));
comes_to('a float where an integer belongs', $BAD, with_header("\x81", str('deadline_ms'), "\xca\x43\x7a\x00\x00"));
comes_to('a negative number', $BAD, with_header("\x81", str('deadline_ms'), "\xff"));
comes_to('a signed number that is not negative', 'RESULT, goes on', with_header("\x81", str('deadline_ms'), "\xd2\x00\x00\x27\x10"));
comes_to('a number above 2^63', $BAD, with_header("\x81", str('deadline_ms'), "\xcf" . "\xff" x 8));
comes_to('an extension', $BAD, with_header("\x81", str('deadline_ms'), "\xd4\x01\x00"));
comes_to('bytes where text belongs', $BAD, with_header("\x81", str('app'), "\xc4\x07default"));
comes_to('an app that is no UTF-8', $BAD, with_header("\x81", str('app'), str("\xff\xfe\xc0\x80")));
comes_to('a label that is no UTF-8', 'RESULT, goes on', with_header("\x81", str('label'), str("\xed\xa0\x80")));
comes_to('a label with a NUL', 'RESULT, goes on', with_header("\x81", str('label'), str("a\0b")));
comes_to('a header of 20 kB', 'BAD_HEADER', with_header("\x81", str('surprise'), "\xda" . pack('n/a*', 'x' x 20_000)));

# --- columns ------------------------------------------------------------------------

sub echo { return E3Client::frame($E3Client::VERB{ECHO}, 1, {}, @_); }

my $column = 'BAD_COLUMNS, goes on';
comes_to('no columns', 'RESULT, goes on', echo());
comes_to('no values', 'RESULT, goes on', echo(E3Client::column()));
comes_to('values of no bytes', 'RESULT, goes on', echo(E3Client::column('', '', '')));
comes_to('nil columns at the end', 'RESULT, goes on', echo(E3Client::column('a'), undef, undef));
comes_to('bytes without lengths', $column, echo(\'abc'));
comes_to('lengths without bytes', $column, echo(\'', \pack 'V', 3));
comes_to('half a length', $column, echo(\'abc', \"\3\0\0"));
comes_to('a length too many', $column, echo(\'abc', \pack 'V*', 3, 1));
comes_to('lengths that add up to 2^32 and the right number', 'VALUE_TOO_LONG, goes on', echo(\'abc', \pack 'V*', 2**31, 2**31, 3));
comes_to('a length of 2^32-1', 'VALUE_TOO_LONG, goes on', echo(\'abc', \pack 'V', 2**32 - 1));
comes_to('as many values as there may be', 'RESULT, goes on', echo(\'', \("\0" x (4 * $limits->{values_max}))));
comes_to('and one more', 'TOO_MANY_VALUES, goes on', echo(\'', \("\0" x (4 * $limits->{values_max} + 4))));
comes_to('a column that is text', $column, raw("\x95\x0b\x01\x80", str('abc'), "\xc4\x04\3\0\0\0"));
comes_to('a column that is a number', $column, raw("\x95\x0b\x01\x80\x07\xc4\x00"));
comes_to('twenty columns', 'TRAILING_BYTES', echo(E3Client::column('a'), (\'x') x 18));

# --- ids, verbs, versions ----------------------------------------------------------------

comes_to('the largest id', 'RESULT, goes on', raw("\x93\x0b\xcf" . "\xff" x 8 . "\x80"));
comes_to('id 0', 'BAD_ID', raw("\x93\x0b\x00\x80"));
comes_to('a negative id', 'MALFORMED', raw("\x93\x0b\xff\x80"));
comes_to('verb 0', 'UNKNOWN_VERB', raw("\x93\x00\x01\x80"));
comes_to('verb 255', 'UNKNOWN_VERB', raw("\x93\xcc\xff\x01\x80"));
comes_to('verb 256', 'MALFORMED', raw("\x93\xcd\x01\x00\x01\x80"));
comes_to('ATTEST without a nonce', 'BAD_HEADER, goes on', raw("\x93\x02\x01\x80"));
for my $case ([ 0, 0, 'BAD_HEADER' ], [ 255, 255, 'VERSION_MISMATCH' ], [ 2, 1, 'BAD_HEADER' ], [ 1, 65_535, 'HELLO' ])
{
	my ($min, $max, $expected) = @$case;

	comes_to("versions $min to $max", $expected,
		E3Client::frame($E3Client::VERB{HELLO}, 0, { version_min => $min, version_max => $max }), no_hello => 1);
}

# --- lengths --------------------------------------------------------------------------------

comes_to("a frame of length $$_[0]", $$_[1], pack('N', $$_[0]) . ($$_[2] // ''))
  for [ 0, 'FRAME_EMPTY' ], [ 1, 'MALFORMED', "\x90" ], [ 1, 'TRUNCATED', "\x93" ],
  [ $limits->{frame_max} + 1, 'FRAME_TOO_LONG' ], [ 2**31, 'FRAME_TOO_LONG' ], [ 2**32 - 1, 'FRAME_TOO_LONG' ];

# --- how bytes come -----------------------------------------------------------------------------

my $hello = E3Client::frame($E3Client::VERB{HELLO}, 0, { version_min => 1, version_max => 1 });
my $request = E3Client::frame($E3Client::VERB{ECHO}, 1, {}, E3Client::column('in', 'two', 'pieces'));
my @wrong;
for my $at (1 .. length($request) - 1)
{
	my $client = E3Client->new($e3->{socket});

	$client->send_bytes(substr $request, 0, $at);
	# E3 has read the first piece: it has answered somebody who came later.
	$good->health;
	$client->send_bytes(substr $request, $at);
	push @wrong, $at if join('', E3Client::values_of($client->receive)) ne 'intwopieces';
	$client->close;
}
is_deeply(\@wrong, [], 'a request in two pieces, at every byte');
@wrong = ();
my $all = $hello . $request;
for my $at (0 .. length $all)
{
	my $client = E3Client->connect($e3->{socket});

	$client->send_bytes(substr $all, 0, $at);
	# Half of them end in order, half with what they were sent unread.
	shutdown $client->{socket}, 1 if $at % 2;
	$client->close unless $at % 2;
	if ($at % 2)
	{
		1 while defined $client->receive;
		$client->close;
	}
	push @wrong, $at unless served();
}
is_deeply(\@wrong, [], 'clients that go after every byte of HELLO and a request');

my $client = E3Client->new($e3->{socket});
my %got;
$client->send_bytes($request =~ s/^(....\x95\x0b)\x01/$1\x01/sr . E3Client::frame($E3Client::VERB{ECHO}, 2, {}, E3Client::column('x')));
$got{ $client->receive->{id} }++ for 1 .. 2;
is_deeply(\%got, { 1 => 1, 2 => 1 }, 'two frames at once');

# As many in flight as there may be, ten thousand in all.
my ($next, $answered, $in_flight, %refused) = (1, 0, 0);
while ($answered < 10_000)
{
	my $batch = '';

	while ($in_flight < $limits->{inflight_max} and $next <= 10_000)
	{
		$batch .= E3Client::frame($E3Client::VERB{ECHO}, $next + 2, {}, E3Client::column("number $next"));
		$next++;
		$in_flight++;
	}
	$client->send_bytes($batch);
	my $reply = $client->receive;
	$refused{ $reply->{header}{name} // 'wrong' }++
	  unless $reply->{type} == $E3Client::VERB{RESULT}
	  and (E3Client::values_of($reply))[0] eq 'number ' . ($reply->{id} - 2);
	$in_flight--;
	$answered++;
}
is_deeply(\%refused, {}, 'ten thousand requests in a pipeline');
$client->send_bytes(join '', map { E3Client::frame($E3Client::VERB{ECHO}, 20_000 + $_, {}) } 1 .. 10_000);
%refused = ();
$refused{ $client->receive->{header}{name} // 'RESULT' }++ for 1 .. 10_000;
is_deeply([ grep { !/^(?:RESULT|TOO_MANY_IN_FLIGHT)$/ } keys %refused ], [],
	'ten thousand at once: each is answered, those too many by name');
$client->close;

# --- many who say nothing ---------------------------------------------------------------------------

my @idle = map { E3Client->connect($e3->{socket}) } 1 .. 1000;
EvcryptTest::wait_until('all are accepted', sub { $good->stats->{connections_open} > 1000 });
ok(served(), 'others are served beside a thousand connections without HELLO');
my %names;
$names{ ($_->receive // { header => { name => 'closed' } })->{header}{name} }++ for @idle;
is_deeply(\%names, { HELLO_TIMEOUT => 1000 }, 'each of which is told HELLO_TIMEOUT');
$_->close for @idle;
EvcryptTest::wait_until('they are gone', sub { $good->stats->{connections_open} == 1 });
ok(served(), 'and gone');

$good->close;
is($e3->stop, 0, 'E3 ends well');
done_testing();
