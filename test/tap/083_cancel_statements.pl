# Statements that are cancelled: soon over, E3 soon free, nothing stored, and every
# later result right; nobody is hit by another's cancel.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use List::Util qw(max shuffle);
use Test::More;
use Time::HiRes qw(time);

my $ROUNDS = 11;           # of the INSERT
my $OVER_MS = 100;         # the median of them: the statement is over
my $IDLE_MS = 10;          # and E3 idle
my $CANCELS = 1000;
my $SESSIONS = 8;
my $RACES = 25;            # half of the sessions are cancelled in each
my $SEED = $ENV{EVCRYPT_SEED} // int(time * 1000) % 1_000_000;

srand $SEED;
diag("EVCRYPT_SEED=$SEED");

my $e3 = start_e3();
my $node = new_node('cancel_statements', $e3, extra => "max_wal_size = '8GB'\n");
my $session = session($node);
my $own = session($node);
my $watch = E3Client->new($e3->{socket});

$session->query(q{
	CREATE TABLE million AS SELECT 'value ' || i AS v FROM generate_series(1, 1000000) i;
	CREATE TABLE t (v encrypted);
	CREATE TABLE many AS SELECT i AS id, encrypt('value ' || i) AS v FROM generate_series(1, 5000) i;
	ANALYZE});
is($session->sqlstate, '00000', 'set up') or diag($session->{error});

sub cancel { return $own->query("SELECT pg_cancel_backend($_[0]{backend})"); }

sub is_idle
{
	my $health = $watch->health;

	return $health->{running} + $health->{queued} == 0;
}

sub median { return (sort { $a <=> $b } @_)[ @_ / 2 ]; }

# --- INSERT ... SELECT ---------------------------------------------------------------

my (@over, @idle, %states);
for my $round (1 .. $ROUNDS)
{
	my $done = $watch->stats->{values_done};

	$session->send('INSERT INTO t SELECT encrypt(v) FROM million');
	EvcryptTest::wait_until('E3 works on it', sub {
		$session->{psql}->pump_nb;
		return $watch->stats->{values_done} > $done + 4096 * rand 20;
	});
	my $start = time;
	cancel($session);
	$session->receive;
	push @over, ms_since($start);
	$start = time;
	EvcryptTest::wait_until('E3 is idle', \&is_idle);
	push @idle, ms_since($start);
	$states{ $session->sqlstate }++;
	is($session->query(q{SELECT decrypt(encrypt('on'))}), 'on', "round $round: the session goes on");
}
is_deeply(\%states, { 57014 => $ROUNDS }, "INSERT of a million values is cancelled $ROUNDS times");
diag("over after ms: @over; E3 idle after further ms: @idle");
cmp_ok(median(@over), '<=', $OVER_MS, 'it is over after ' . median(@over) . " ms, at most @{[ max(@over) ]}");
cmp_ok(median(@idle), '<=', $IDLE_MS, 'and E3 idle ' . median(@idle) . " ms later, at most @{[ max(@idle) ]}");
$session->is('SELECT count(*) FROM t', 0, 'nothing is stored');

# --- at random moments ------------------------------------------------------------------

my @statements = (
	[ q{SELECT count(*) FROM many WHERE decrypt(v) = 'value ' || id}, 5000 ],
	[ q{SELECT count(decrypt(encrypt(v))) FROM (SELECT v FROM million LIMIT 3000) s}, 3000 ],
	[ q{SELECT sum(length(decrypt(encrypt(repeat('x', 100000))))) FROM generate_series(1, 5)}, 500000 ],
	[ q{SELECT string_agg(decrypt(v), ',' ORDER BY id) FROM many WHERE id <= 3}, 'value 1,value 2,value 3' ],
	[ q{SELECT decrypt(encrypt('scalar'))}, 'scalar' ],
	[ q{WITH w AS (INSERT INTO t SELECT encrypt(v) FROM (SELECT v FROM million LIMIT 2000) s RETURNING v)
		SELECT count(decrypt(v)) FROM w}, 2000 ]);
my (%ends, %wrong);

# Right, or cancelled if that was asked for.
sub check_end
{
	my ($each, $statement, $cancelled) = @_;
	my $out = $each->receive;
	my $state = $each->sqlstate;

	$ends{$state}++ if $cancelled;
	return if $state eq '57014' and $cancelled and $out eq '';
	$wrong{$statement->[0]} = "$out $each->{error}" if $state ne '00000' or $out ne $statement->[1];
	return;
}

for (1 .. $CANCELS)
{
	my $statement = $statements[ rand @statements ];

	$session->send($statement->[0]);
	select undef, undef, undef, rand 0.012;
	cancel($session);
	check_end($session, $statement, 1);
}
is_deeply(\%wrong, {}, "$CANCELS cancels at random moments: every result is right");
cmp_ok($ends{$_} // 0, '>', $CANCELS / 50, ($ends{$_} // 0) . " ended with $_") for '57014', '00000';
for my $statement (@statements)
{
	$session->is($statement->[0], $statement->[1], 'afterwards the same session is right');
}
is($watch->stats->{protocol_errors}, 0, 'E3 has seen nothing that it should not');

# --- racing ----------------------------------------------------------------------------------

my @sessions = map { session($node) } 1 .. $SESSIONS;
%ends = ();
for (1 .. $RACES)
{
	my @victims = (shuffle(@sessions))[ 0 .. $SESSIONS / 2 - 1 ];
	my %victim = map { $_->{backend} => 1 } @victims;
	my %statement = map { $_->{backend} => $statements[ rand 4 ] } @sessions;

	$_->send($statement{ $_->{backend} }[0]) for @sessions;
	select undef, undef, undef, rand 0.02;
	$own->query('SELECT pg_cancel_backend(pid) FROM unnest(ARRAY['
		. join(',', keys %victim) . ']) pid');
	check_end($_, $statement{ $_->{backend} }, $victim{ $_->{backend} }) for @sessions;
}
my $cancels = $RACES * $SESSIONS / 2;
is_deeply(\%wrong, {}, "$cancels cancels while as many others run: no other is hit, every result is right");
cmp_ok($ends{57014} // 0, '>', 0, ($ends{57014} // 0) . ' of them came in time');
EvcryptTest::wait_until('E3 is idle', \&is_idle);
is($watch->stats->{protocol_errors}, 0, 'E3 has seen nothing that it should not');

$_->close for @sessions, $session, $own, $watch;
$node->stop;
done_testing();
