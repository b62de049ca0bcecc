# What a network can do beside cutting: half-close, swallow, delay, trickle; and an E3
# that answers what it should not.  Each time the result is right or the error has its
# name, the backend lives, and the next statement works.
# Release build only: it is about its proxy.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use FaultProxy;
use Test::More;
use Time::HiRes qw(time);

my $e3 = start_e3();
my $proxy = FaultProxy->new(to => $e3->{socket});
my $node = new_node('proxy', $e3, extra => "evcrypt.endpoints = 'unix:$proxy->{path}'\n");
my $session = session($node);
my $watch = E3Client->new($e3->{socket});

$session->query(q{CREATE TABLE t AS SELECT i AS id, encrypt('secret ' || i) AS v FROM generate_series(1, 300) i;
	CREATE TABLE empty (v encrypted)});
$session->query('SET evcrypt.batch_rows = 65536');
my $sql = q{SELECT string_agg(decrypt(v), ',' ORDER BY id) FROM t};
my $right = join ',', map { "secret $_" } 1 .. 300;

# Runs the statement under a plan: its SQLSTATE is among those expected, its result is
# right if it has one, what it says has no plaintext, and the next one is right.
sub under
{
	my ($what, $expected, @plan) = @_;
	my $start;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->query(q{SET evcrypt.connect_timeout = '1s'; SET evcrypt.request_timeout = '1s'})
	  if $expected ne '00000';
	$proxy->plan(@plan);
	$start = time;
	my $out = $session->query($sql);
	my $ms = ms_since($start);
	my $state = $session->sqlstate;
	like($state, qr/^(?:$expected)$/, "$what: $state after $ms ms") or diag($session->{error});
	cmp_ok($ms, '<', 4000, 'in time');
	ok($out eq ($state eq '00000' ? $right : ''), 'what it gives is right') or diag(substr $out, 0, 200);
	unlike($session->{error}, qr/secret \d/, 'no plaintext in what it says');
	ok((grep { $_->{done} } $proxy->seen), 'it was harmed') if @plan;
	$proxy->plan;
	$session->query('RESET evcrypt.connect_timeout; RESET evcrypt.request_timeout');
	ok($session->query($sql) eq $right, 'and the next statement works') or diag($session->{error});
	is($session->query('SELECT pg_backend_pid()'), $session->{backend}, 'in the same backend');
	EvcryptTest::wait_until('E3 is idle', sub {
		my $health = $watch->health;
		return $health->{running} + $health->{queued} == 0;
	});
	return;
}

my %first = (connection => 1);
my %request = (%first, way => 'request');
my %reply = (%first, way => 'reply');

# --- the network -------------------------------------------------------------------

under('no harm', '00000');
under('request: half-closed within a message', '00000', { %request, message => 1, byte => 50, act => 'fin' });
under('reply: half-closed within a message', '00000', { %reply, message => 1, byte => 50, act => 'fin' });
under('reply: half-closed before HELLO', '00000', { %reply, message => 0, act => 'fin' });
under('request: half-closed, always', '08006', { way => 'request', message => 1, byte => 50, act => 'fin' });
under('reply: half-closed before HELLO, always', '08001', { way => 'reply', message => 0, act => 'fin' });
under("$_->{way}: a black hole from byte $_->{byte} of message $_->{message} on",
	$_->{message} ? 'EV001' : '08001', { %$_, act => 'hole' })
  for map { my $way = $_; map { { %first, way => $way, message => $$_[0], byte => $$_[1] } } [ 0, 0 ], [ 0, 9 ], [ 1, 0 ],
	  [ 1, 2 ], [ 1, 100 ] } 'request', 'reply';
under("$_: slow", '00000', { %first, way => $_, act => 'trickle', bytes => 500, ms => 5 }) for 'request', 'reply';
under("$_: late", '00000', { %first, way => $_, message => 1, byte => 20, act => 'delay', ms => 500 })
  for 'request', 'reply';
under("$_: too late", 'EV001', { %first, way => $_, message => 1, byte => 20, act => 'delay', ms => 1500 })
  for 'request', 'reply';

# --- E3 answers what it should not ------------------------------------------------------

# The connection's first request has the id 1; HELLO comes from E3 as it is.
sub answer { return { %reply, message => 1, act => 'replace', with => $_[0] }; }
sub frame { return E3Client::frame(@_); }

my $RESULT = $E3Client::VERB{RESULT};
my $ERROR = $E3Client::VERB{ERROR};
my $CANCELLED = $E3Client::VERB{CANCELLED};
my @values = E3Client::column(map { "wrong $_" } 1 .. 300);
my %header = (e3_ns => 1, cache_hits => 0);
my $big = pack 'N', 90 << 20;

under($$_[0], $$_[1], answer($$_[2]))
  for [ 'an id that was never sent', '08P01', frame($RESULT, 7777, \%header, @values) ],
  [ 'id 0', '08P01', frame($RESULT, 0, \%header, @values) ],
  [ 'one value too few', '08P01', frame($RESULT, 1, \%header, E3Client::column(map { "wrong $_" } 1 .. 299)) ],
  [ 'one value too many', '08P01', frame($RESULT, 1, \%header, E3Client::column(map { "wrong $_" } 1 .. 301)) ],
  [ 'lengths that do not add up', '08P01', frame($RESULT, 1, \%header, \'abc', \pack('V*', (1) x 300)) ],
  [ 'lengths that overflow', '08P01', frame($RESULT, 1, \%header, \'abc', \pack('V*', 3, (0) x 297, 2**31, 2**31)) ],
  [ 'no columns', '08P01', frame($RESULT, 1, \%header) ],
  [ 'both an error and values', '08P01|EV005', frame($ERROR, 1, { code => 400, name => 'INTERNAL' }, @values) ],
  [ 'an error without a code', '08P01', frame($ERROR, 1, {}) ],
  [ 'CANCELLED, which nobody asked for', 'EV003', frame($CANCELLED, 1, { done => 0 }) ],
  [ 'a request', '08P01', frame($E3Client::VERB{HEALTH}, 1, {}) ],
  [ 'a second HELLO', '08P01', frame($E3Client::VERB{HELLO}, 0, { version => 1 }) ],
  [ 'an unknown type', '08P01', frame(200, 1, {}) ],
  [ 'bytes after the message', '08P01', pack('N/a*', substr(frame($CANCELLED, 1, {}), 4) . "\xc0") ],
  [ 'the same header key twice', '08P01', pack('N/a*', "\x93\x40\x01\x82\xa5e3_ns\x01\xa5e3_ns\x02") ],
  [ 'a map key that is no string', '08P01', pack('N/a*', "\x93\x40\x01\x81\x01\x01") ],
  [ 'a float where an integer belongs', '08P01', pack('N/a*', "\x93\x40\xca\x3f\x80\x00\x00\x80") ],
  [ 'a negative id', '08P01', pack('N/a*', "\x93\x40\xff\x80") ],
  [ 'an extension type', '08P01', pack('N/a*', "\x93\x40\xd4\x01\x00\x80") ],
  [ 'an id above 2^63', '08P01', pack('N/a*', "\x93\x40\xcf" . "\xff" x 8 . "\x80") ],
  [ 'the reserved byte', '08P01', pack('N/a*', "\xc1") ],
  [ 'an array of 2^32-1', '08P01', pack('N/a*', "\xdd\xff\xff\xff\xff") ],
  [ 'arrays in arrays in arrays', '08P01', pack('N/a*', "\x93\x40\x01" . "\x91" x 10_000) ],
  [ 'a str that is longer than the message', '08P01', pack('N/a*', "\x93\x40\x01\x81\xdb\xff\xff\xff\xff") ],
  [ 'a bin of 4 GB', '08P01', pack('N/a*', "\x94\x40\x01\x80\xc6\xff\xff\xff\xff") ],
  [ 'text that is no UTF-8', '08P01|EV005', frame($ERROR, 1, { code => 400, name => "\xff\xfe\xfd" }) ],
  [ 'an empty frame', '08P01', pack('N', 0) ],
  [ 'a frame beyond the limit', '08P01', $big ],
  [ 'a frame of 4 GB', '08P01', "\xff\xff\xff\xff" ],
  [ 'HTTP', '08P01', "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" ],
  [ 'TLS', '08P01', "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" ],
  [ 'half a frame and no more', 'EV001', pack('N', 5000) . "\x95\x40\x01" ];

# Two answers to one request: the second one is found when the next request is made.
$proxy->plan(answer(frame($CANCELLED, 1, { done => 0 }) x 2));
$session->query($sql);
is($session->sqlstate, 'EV003', 'one id answered twice: the first answer counts');
$session->is($sql, $right, 'the second one costs the connection, and no statement');

# HELLO.
under($$_[0], $$_[1], { way => 'reply', message => 0, act => 'replace', with => $$_[2] })
  for [ 'a version that is not ours', '08P01', frame($E3Client::VERB{HELLO}, 0, { version => 255 }) ],
  [ 'version 0', '08P01', frame($E3Client::VERB{HELLO}, 0, { version => 0 }) ],
  [ 'HELLO without a version', '08P01', frame($E3Client::VERB{HELLO}, 0, {}) ],
  [ 'a refusal by name', '28000', frame($ERROR, 0, { code => 401, name => 'PEER_REFUSED' }) ],
  [ 'a result before HELLO', '08P01', frame($RESULT, 1, {}) ],
  [ 'SSH instead of HELLO', '08P01', "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" ],
  [ 'HTTP instead of HELLO', '08P01', "HTTP/1.1 400 Bad Request\r\n\r\n" ];

is($watch->stats->{connections_open} <= 2, 1, 'no connection is left over');
$watch->close;
$session->close;
$node->stop;
$proxy->close;
done_testing();
