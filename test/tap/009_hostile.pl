# Clients that mean harm: each is told by name and closed, E3 grows by nothing,
# and others are served meanwhile.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use IO::Poll qw(POLLHUP);
use Test::More;

my $e3 = start_e3(extra => "[limits]\nframe_timeout_ms = 700\nhello_timeout_ms = 700\n");
my $good = E3Client->new($e3->{socket});

# What E3 may grow by, in kB; sanitizers keep what was freed for a while.
my $bound = $ENV{EVCRYPT_VARIANT} eq 'release' ? 8 * 1024 : 256 * 1024;
my $FRAME_MAX = $good->{hello}{frame_max};

sub frame { return pack('N/a*', $_[0]) }

# Is the well-behaved client still served?
sub others_are_served
{
	my $reply = $good->call('ENCRYPT', { app => 'default' }, E3Client::column('a', 'bc'));

	return $reply->{type} == $E3Client::VERB{RESULT} && E3Client::values_of($reply) == 2;
}

# What E3 says next; undef when it closes.  If it says nothing the test has failed, and what
# follows would wait as long each time.
sub heard
{
	my ($client) = @_;
	my $reply = eval { $client->receive };

	return $reply if $@ eq '';
	fail('E3 says something, or closes');
	die $@;
}

# Sends the bytes after HELLO (or instead of it), expects the ERROR, the end.
sub refused
{
	my ($what, $expected, $bytes, %option) = @_;
	my $client = $option{no_hello} ? E3Client->connect($e3->{socket}) : E3Client->new($e3->{socket});

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$client->send_bytes($bytes);
	my $reply = heard($client);
	my $name = $reply ? $reply->{header}{name} : 'closed without a word';
	like($name, $expected, "$what: $name");
	is(heard($client), undef, 'and the connection is closed');
	ok(others_are_served(), 'others are served');
	$client->close;
	return;
}

my $hello = E3Client::pack_object([ 1, 0, { version_min => 1, version_max => 1 } ]);

ok(others_are_served(), 'a client that behaves');
my $before = rss_kb($e3->{pid});
my $cpu = cpu_ms($e3->{pid});

# Not our protocol at all.
refused('HTTP', qr/^FRAME_TOO_LONG$/, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", no_hello => 1);
refused('TLS hello', qr/^FRAME_TOO_LONG$/,
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . "\x00" x 512, no_hello => 1);
refused('SSH', qr/^FRAME_TOO_LONG$/, "SSH-2.0-OpenSSH_9.2\r\n", no_hello => 1);

# Lengths.
refused('a 4 GB length', qr/^FRAME_TOO_LONG$/, "\xff\xff\xff\xff");
refused('a 4 GB length before HELLO', qr/^FRAME_TOO_LONG$/, "\xff\xff\xff\xff", no_hello => 1);
refused('4097 bytes before HELLO', qr/^FRAME_TOO_LONG$/, pack('N', 4097), no_hello => 1);
refused('the limit and one', qr/^FRAME_TOO_LONG$/, pack('N', $FRAME_MAX + 1));
refused('length 0', qr/^FRAME_EMPTY$/, pack('N', 0));

# MessagePack that claims more than there is.
refused('an array header of 2^32-1', qr/^(TRUNCATED|MALFORMED)$/, frame("\xdd\xff\xff\xff\xff"));
refused('array headers inside each other', qr/^(TRUNCATED|TOO_DEEP|MALFORMED)$/,
	frame("\xdc\xff\xff" x 10_000));
refused('a map header of 2^32-1', qr/^(TRUNCATED|MALFORMED)$/, frame("\x93\x03\x01\xdf\xff\xff\xff\xff"));
refused('a bin of 4 GB', qr/^(TRUNCATED|MALFORMED)$/, frame("\x94\x03\x01\x80\xc6\xff\xff\xff\xff"));
refused('a str of 4 GB', qr/^(TRUNCATED|MALFORMED)$/, frame("\x94\x03\x01\x80\xdb\xff\xff\xff\xff"));
refused('a depth bomb', qr/^TOO_DEEP$/, frame("\x94\x03\x01\x80" . "\x91" x 10_000 . "\xc0"));
refused('many small objects', qr/^TOO_MANY_OBJECTS$/,
	frame("\x94\x03\x01\x80\xdd" . pack('N', 1_000_000) . "\xc0" x 1_000_000));
refused('the reserved byte', qr/^(MALFORMED)$/, frame("\xc1"));
refused('bytes after the message', qr/^TRAILING_BYTES$/, frame("\x93\x08\x01\x80\xc0"));
refused('a message that is no array', qr/^MALFORMED$/, frame("\x80"));

# Order and versions.
refused('a request before HELLO', qr/^OUT_OF_ORDER$/,
	frame(E3Client::pack_object([ 8, 1, {} ])), no_hello => 1);
refused('a second HELLO', qr/^OUT_OF_ORDER$/, frame($hello));
refused('request id 0', qr/^BAD_ID$/, frame(E3Client::pack_object([ 11, 0, { app => 'default' } ])));
refused('an unknown verb', qr/^UNKNOWN_VERB$/, frame(E3Client::pack_object([ 63, 1, {} ])));
refused('a reply to E3', qr/^(UNKNOWN_VERB|OUT_OF_ORDER)$/,
	frame(E3Client::pack_object([ 64, 1, {} ])));
refused('a version from the future', qr/^VERSION_MISMATCH$/,
	frame(E3Client::pack_object([ 1, 0, { version_min => 900, version_max => 901 } ])), no_hello => 1);

# Slow ones.
refused('half a frame', qr/^FRAME_TIMEOUT$/, pack('N', 100) . 'half');
refused('half a length', qr/^FRAME_TIMEOUT$/, "\x00\x00");
refused('nothing at all', qr/^HELLO_TIMEOUT$/, '', no_hello => 1);

# One byte a while, each well within the timeout: the frame's deadline holds.
{
	my $client = E3Client->new($e3->{socket});
	my $drip = pack('N', 100_000) . "\x94" x 1000;
	my $reply;

	for my $byte (split //, $drip)
	{
		last unless $client->send_bytes($byte);
		last if IO::Select->new($client->{socket})->can_read(0.1);
	}
	$reply = heard($client);
	is($reply && $reply->{header}{name}, 'FRAME_TIMEOUT', 'one byte at a time: FRAME_TIMEOUT');
	ok(others_are_served(), 'others are served');
}

# Who has said HELLO, and then nothing.
{
	my $brief = start_e3(extra => "[limits]\nidle_timeout_ms = 300\n");
	my $idle = E3Client->new($brief->{socket});
	my $reply = heard($idle);

	is($reply && $reply->{header}{name}, 'IDLE_TIMEOUT', 'nothing after HELLO: IDLE_TIMEOUT');
	is(heard($idle), undef, 'and the connection is closed');
	$brief->stop;
}

# Who asks for much, and takes nothing of it.
{
	my $deaf = E3Client->new($e3->{socket});
	my $poll = IO::Poll->new;

	$deaf->request('ECHO', {}, E3Client::column('z' x (8 << 20)));
	$poll->mask($deaf->{socket} => POLLHUP);
	ok($poll->poll(30) > 0, 'who does not take a reply is sent away');
	ok(others_are_served(), 'others are served');
}

# Many at once that stay half open, each claiming the longest frame there is;
# a long frame is given more time, so these are not waited for.
{
	my @clients = map { E3Client->new($e3->{socket}) } 1 .. 200;
	$_->send_bytes(pack('N', $FRAME_MAX) . "\x94") for @clients;
	ok(others_are_served(), 'others are served while 200 hold claims of 80 MiB');
	my $grown = rss_kb($e3->{pid}) - $before;
	cmp_ok($grown, '<', 2 * $bound, "claims are not backed by memory: $grown kB");
}
{
	my @clients = map { E3Client->new($e3->{socket}) } 1 .. 50;
	$_->send_bytes(pack('N', 1000) . "\x94") for @clients;
	my @names = map { my $r = heard($_); $r ? $r->{header}{name} : '' } @clients;
	is(scalar(grep { $_ eq 'FRAME_TIMEOUT' } @names), 50, 'each of 50 is told FRAME_TIMEOUT');
}

# A thousand that go without a word.
for (1 .. 1000)
{
	my $client = E3Client->connect($e3->{socket});
	$client->send_bytes("\x00\x00\x00") if $_ % 2;
	$client->close;
}
ok(others_are_served(), 'others are served');
EvcryptTest::wait_until('E3 has closed them', sub { $good->stats->{connections_open} == 1 });
pass('one connection is left open');

my $grown = rss_kb($e3->{pid}) - $before;
cmp_ok($grown, '<', $bound, "E3 has grown by $grown kB");
$cpu = cpu_ms($e3->{pid}) - $cpu;
cmp_ok($cpu, '<', 2000, "and has used $cpu ms of CPU");
cmp_ok($good->stats->{protocol_errors}, '>=', 20, 'protocol errors are counted');

# A refused request is the request's affair, not the connection's.
for my $case (
	[ 'UNKNOWN_APP', 'ENCRYPT', { app => 'nobody' } ],
	[ 'BAD_HEADER', 'ENCRYPT', { app => 'No Such Name' } ],
	[ 'BAD_HEADER', 'ENCRYPT', {} ],
	[ 'UNSUPPORTED', 'ENCRYPT', { app => 'default', format => 'Zzzz' } ])
{
	my ($name, @request) = @$case;
	my $reply = $good->call(@request, E3Client::column('x'));
	is($reply->{header}{name}, $name, "$name, and the connection stays");
}
my $reply = $good->call('ENCRYPT', { app => 'default' }, \'abc', \pack('V*', 1, 1));
is($reply->{header}{name}, 'BAD_COLUMNS', 'BAD_COLUMNS, and the connection stays');
ok(others_are_served(), 'still served');

# Two clients take their replies slowly, and most of a frame that will be late has come:
# once it is refused E3 has no use for it, though they are still there.  It is longer than
# what E3 keeps for others.
{
	my $mb = 1 << 20;
	my $errors = $good->stats->{protocol_errors};
	my $deadline = time + 60;
	my ($held, $rest) = (0, 0);
	my @slow = map { E3Client->new($e3->{socket}) } 1 .. 2;

	for my $client (@slow)
	{
		$client->request('ECHO', {}, E3Client::column('y' x (48 * $mb)));
		$client->send_bytes(pack('N', 9 * $mb) . "\0" x (9 * $mb - 1));
	}
	my $take_some = sub {
		select undef, undef, undef, 0.1;
		sysread $_->{socket}, my $bytes, 1 << 18 for @slow;
	};
	# Until the first is late; what their requests took has long been given back by then.
	while ($good->stats->{protocol_errors} == $errors and time < $deadline)
	{
		$held = rss_kb($e3->{pid});
		$take_some->();
	}
	$take_some->() until $good->stats->{protocol_errors} == $errors + @slow or time > $deadline;
	is($good->stats->{protocol_errors}, $errors + @slow, 'late frames are refused');
	$deadline = time + 5;
	do
	{
		$take_some->();
		$rest = rss_kb($e3->{pid});
	} until $held - $rest > 12 * 1024 or time > $deadline;
	is($good->stats->{connections_open}, 1 + @slow, 'their clients are still there');
	SKIP:
	{
		skip 'memory of a sanitizer build says nothing', 1 if $ENV{EVCRYPT_VARIANT} ne 'release';
		cmp_ok($held - $rest, '>', 12 * 1024, 'what has come of them is given back');
	}
	$_->close for @slow;
}

done_testing();
