# Statements that are cancelled: soon over, E3 soon free, nothing stored, and every
# later result right; nobody is hit by another's cancel.
# Release build only: it is about time.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use List::Util qw(max min shuffle);
use Test::More;
use Time::HiRes qw(time);

my $ROUNDS = 11;           # of the INSERT
my $OVER_MS = 100;         # the median of them: the statement is over
my $IDLE_MS = 10;          # the best of them: E3 is idle
my $LOADED_MS = 300;       # the median, on a machine that has other things to do
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

# Requests of a millisecond, and ones that would keep a worker for seconds.
my $CHEAP = 'RESET evcrypt.max_values_per_key; RESET evcrypt.batch_rows';
my $COSTLY = 'SET evcrypt.max_values_per_key = 1; SET evcrypt.batch_rows = 65536';
my (@over, @idle, %states);
for my $round (1 .. $ROUNDS)
{
	my $done = $watch->stats->{values_done};

	$session->query($round % 2 ? $COSTLY : $CHEAP);
	$session->send('INSERT INTO t SELECT encrypt(v) FROM million');
	EvcryptTest::wait_until('E3 works on it', sub {
		$session->{psql}->pump_nb;
		return $watch->health->{running} > 0 if $round % 2;
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
cmp_ok(min(@idle), '<=', $IDLE_MS, 'and E3 idle ' . min(@idle) . ' ms later, at best');
cmp_ok(median(@idle), '<=', $LOADED_MS, median(@idle) . " ms as a rule, at most @{[ max(@idle) ]}");
my $stats = $watch->stats;
cmp_ok($stats->{stops}, '>=', $ROUNDS / 2, "E3 counts $stats->{stops} requests that a worker was told to stop");
diag(sprintf 'workers stopped: p50 %.3f ms, p99 %.3f ms, most %.3f ms',
	map { $_ / 1e6 } @$stats{qw(stop_p50_ns stop_p99_ns stop_max_ns)});
$session->is('SELECT count(*) FROM t', 0, 'nothing is stored');
$session->query($CHEAP);

# --- every way to end a statement ------------------------------------------------------

my %way = (
	'pg_cancel_backend' => sub { cancel($_[0]) },
	'pg_terminate_backend' => sub { $own->query("SELECT pg_terminate_backend($_[0]{backend})") },
	'Ctrl-C' => sub { $_[0]{psql}->signal('INT') },
	'a killed psql' => sub { $_[0]{psql}->kill_kill(grace => 0) },
	'statement_timeout' => sub {
		my ($victim) = @_;

		EvcryptTest::wait_until('the statement ends', sub {
			$own->query("SELECT count(*) FROM pg_stat_activity
				WHERE pid = $victim->{backend} AND state = 'active'") eq '0';
		});
	});

for my $name (sort keys %way)
{
	my $victim = session($node);

	$victim->query($COSTLY);
	$victim->query('SET statement_timeout = 1000') if $name eq 'statement_timeout';
	my $cancelled = $watch->stats->{requests_cancelled};
	$victim->send('INSERT INTO t SELECT encrypt(v) FROM million');
	EvcryptTest::wait_until('E3 works on it', sub { $victim->{psql}->pump_nb; $watch->health->{running} > 0 });
	my $start = time;
	$way{$name}->($victim);
	EvcryptTest::wait_until('E3 is idle', \&is_idle);
	my $ms = ms_since($start) - ($name eq 'statement_timeout' ? 1000 : 0);
	cmp_ok($ms, '<', 1000, "$name: E3 is idle after $ms ms");
	cmp_ok($watch->stats->{requests_cancelled}, '>', $cancelled, 'and counts a request that was cancelled');
	eval { $victim->{psql}->kill_kill(grace => 0) };
}
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

# --- fast shutdown -----------------------------------------------------------------------------

$_->close for @sessions, $own;
$session->query($COSTLY);
$session->send('INSERT INTO t SELECT encrypt(v) FROM million');
EvcryptTest::wait_until('E3 works on it', sub { $session->{psql}->pump_nb; $watch->health->{running} > 0 });
my $start = time;
$node->stop('fast');
EvcryptTest::wait_until('E3 is idle', \&is_idle);
my $ms = ms_since($start);
cmp_ok($ms, '<', 3000, "fast shutdown: server down and E3 idle after $ms ms");
$watch->close;
done_testing();
