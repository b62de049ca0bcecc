# Sockets that take 2 kB at a time, one byte of which is read at a time, and calls that
# are interrupted: every byte arrives, whatever the length.
# Release build only: it is about the client.
use strict;
use warnings;

use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $BARE = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release';
my @LENGTHS = (0, 1, 2, 16_383 .. 16_385, 199_000, 200_000, (map { 200_000 + $_ * 9_973 } 1 .. 10),
	301_000, 10_000_000);
my %HINDER = (
	LD_PRELOAD => "$ENV{TESTDIR}/hinder.so",
	HINDER_SNDBUF => 2048,
	HINDER_READ => 1,
	HINDER_EINTR => 7);

# A sanitizer's runtime wants to be the first library: then the server alone is hindered.
diag('this E3 is not hindered: it has a sanitizer') unless $BARE;
my $e3 = start_e3(environment => $BARE ? { %HINDER, HINDER_ACCEPT => 1 } : {},
	extra => "[limits]\nframe_timeout_ms = 10000\n");
my $node = new_node('small_io', $e3, environment => \%HINDER,
	extra => "evcrypt.request_timeout = '120s'\n");
my $session = session($node);

# Is the library there, and does it do what it says?
my $maps = slurp("/proc/$session->{backend}/maps");
ok($maps =~ /hinder\.so/, 'the server is hindered');

$session->query('CREATE TABLE t (n int, v encrypted)');
for my $length (@LENGTHS)
{
	my $start = time;
	my $values = $length > 1_000_000 ? 1 : 2;

	$session->query('TRUNCATE t');
	$session->query(qq{INSERT INTO t SELECT n, encrypt(left(repeat(md5(n::text), $length / 32 + 1), $length))
		FROM generate_series(1, $values) n});
	$session->is(qq{SELECT string_agg(n || ':' || (decrypt(v)
			= left(repeat(md5(n::text), $length / 32 + 1), $length)), ',' ORDER BY n) FROM t},
		join(',', map { "$_:true" } 1 .. $values), "$values values of $length bytes, in " . ms_since($start) . ' ms');
}

# Many values, and both ways at once.
$session->is(q{SELECT count(*) FROM (SELECT i, decrypt(encrypt(md5(i::text))) AS d
	FROM generate_series(1, 5000) i OFFSET 0) s WHERE d = md5(i::text)}, 5000, 'five thousand values');
$session->is('SELECT sum(retries) FROM evcrypt_stat', 0, 'no request was repeated');
is($session->query('SELECT pg_backend_pid()'), $session->{backend}, 'the backend is the same');

# Cancelled in the middle of all this.
my $own = session($node);
my %states;
for my $round (1 .. 10)
{
	$session->send(q{SELECT length(decrypt(encrypt(repeat('x', 1000000))))});
	select undef, undef, undef, rand 0.2;
	$own->query("SELECT pg_cancel_backend($session->{backend})");
	$session->receive;
	$states{ $session->sqlstate }++;
	$session->is(q{SELECT decrypt(encrypt('on'))}, 'on', "round $round: the session goes on");
}
cmp_ok(delete $states{57014}, '>', 0, 'statements were cancelled');
is_deeply([ keys %states ], [ ('00000') x keys %states ], 'or came to their end');
$_->close for $session, $own;
$node->stop;
done_testing();
