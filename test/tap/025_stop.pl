# SIGTERM drains: what is in flight is answered, nothing new is taken, the socket
# goes, the status is 0.  And how many may connect.  Without slices, so that a
# request that is not short does wait for another.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $VALUES = 5_000;
my @some = E3Client::costly_column($VALUES);
my @many = E3Client::costly_column(60_000);

sub until_health
{
	my ($e3, $running, $queued) = @_;
	my $watch = E3Client->new($e3->{socket});

	EvcryptTest::wait_until("$running run, $queued wait", sub {
		my $health = $watch->health;
		return $health->{running} == $running && $health->{queued} == $queued;
	});
	return $watch;
}

# SIGTERM, and E3 has seen it.
sub begin_draining
{
	my ($e3) = @_;
	my $count = sub { scalar(() = slurp($e3->{log}) =~ /event=draining/g) };
	my $before = $count->();

	kill 'TERM', $e3->{pid};
	EvcryptTest::wait_until('E3 drains', sub { $count->() > $before });
	return;
}

sub is_gone
{
	my ($e3, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	EvcryptTest::wait_until('E3 ends', sub { !$e3->alive });
	is($e3->{status}, 0, "$what: E3 ends with status 0");
	like(slurp($e3->{log}), qr/ event=stopped status=OK\n\z/, 'and says so');
	ok(!-e $e3->{socket}, 'and its socket is gone');
	return;
}

# --- draining --------------------------------------------------------------

my $e3 = start_e3(extra => "[e3]\nworkers = 1\nslice_us = 0\ndrain_ms = 60000\n");
my $client = E3Client->new($e3->{socket});
my $costly = $client->request('DECRYPT', { app => 'default' }, @some);
my $waiting = $client->request('ENCRYPT', { app => 'default' }, E3Client::column('queued' x 4000));
my $watch = until_health($e3, 1, 1);

# Stopped meanwhile, so that the signal and then these are there before the work ends.
$e3->pause;
kill 'TERM', $e3->{pid};
my $late = $client->request('ENCRYPT', { app => 'default' }, E3Client::column('late'));
my $health = $client->request('HEALTH', {});
$e3->resume;
EvcryptTest::wait_until('E3 drains', sub { slurp($e3->{log}) =~ /event=draining/ });

ok(!-e $e3->{socket}, 'the socket is gone when draining begins');
is(eval { E3Client->connect($e3->{socket}) }, undef, 'so nobody else can connect');
my %reply = map { $_->{id} => $_ } map { $client->receive // die 'closed' } 1 .. 4;
is($reply{$late}{header}{name}, 'DRAINING', 'a new request is refused: DRAINING');
is($reply{$health}{type}, $E3Client::VERB{RESULT}, 'health is still answered');
is($reply{$waiting}{type}, $E3Client::VERB{RESULT}, 'what waited is answered');
is($reply{$costly}{type}, $E3Client::VERB{RESULT}, 'what was worked on is answered');
is(length $reply{$costly}{columns}[2], $VALUES, 'for every value');
is($client->receive, undef, 'then the connection is closed');
is($watch->receive, undef, 'and that of a client that has nothing in flight');
$_->close for $client, $watch;
is_gone($e3, 'drained');

# --- the end of patience ---------------------------------------------------

spit($e3->{config}, slurp($e3->{config}) =~ s/^drain_ms = .*/drain_ms = 50/mr);
$e3->start;
$client = E3Client->new($e3->{socket});
$client->request('DECRYPT', { app => 'default' }, @many);
until_health($e3, 1, 0);
begin_draining($e3);
is($client->receive, undef, 'drain_ms is over: the connection is closed');
is_gone($e3, 'drain_ms');

spit($e3->{config}, slurp($e3->{config}) =~ s/^drain_ms = .*/drain_ms = 3600000/mr);
$e3->start;
$client = E3Client->new($e3->{socket});
$client->request('DECRYPT', { app => 'default' }, @many);
until_health($e3, 1, 0);
begin_draining($e3);
kill 'INT', $e3->{pid};
is($client->receive, undef, 'asked twice: the connection is closed');
is_gone($e3, 'a second signal');

# --- idle connections ------------------------------------------------------

# drain_ms is an hour now, so that whoever waited for it would be seen.
$e3->start;
begin_draining($e3);
is_gone($e3, 'no connection');

$e3->start;
my @idle = map { E3Client->new($e3->{socket}) } 1 .. 3;
push @idle, E3Client->connect($e3->{socket});
my $start = time;
begin_draining($e3);
is(scalar(grep { defined } map { $_->receive } @idle), 0, 'idle connections are closed');
$_->close for @idle;
is_gone($e3, 'idle');
my $ms = ms_since($start);
cmp_ok($ms, '<', 2000, "at once: $ms ms");

# One that does not look: a backend between two statements.
$e3->start;
$client = E3Client->new($e3->{socket});
$start = time;
begin_draining($e3);
is_gone($e3, 'idle, and not looking');
$ms = ms_since($start);
cmp_ok($ms, '<', 10_000, "soon: $ms ms");

# --- how many may connect --------------------------------------------------

spit($e3->{config}, slurp($e3->{config}) . "connections = 2\n");
$e3->start;
my $first = E3Client->new($e3->{socket});
EvcryptTest::wait_until('the first is alone', sub { $first->stats->{connections_open} == 1 });
my $second = E3Client->new($e3->{socket});
my $refused = $first->stats->{connections_refused};
for my $try (1 .. 3)
{
	my $third = E3Client->connect($e3->{socket});
	my $reply = $third->receive;
	is($reply->{header}{name}, 'TOO_MANY_CONNECTIONS', "connection 3, try $try: refused by name");
	is($reply->{id}, 0, 'as the connection\'s error');
	is($third->receive, undef, 'and closed');
	$third->close;
}
$e3->ctl_fails(1, qr/E3 refuses: too many connections \(TOO_MANY_CONNECTIONS\)/, 'health');
is($first->stats->{connections_refused}, $refused + 4, 'E3 has counted them');
is($second->call('ECHO', { app => 'default' }, E3Client::column('on'))->{type}, $E3Client::VERB{RESULT},
	'those that are there go on');
like(slurp($e3->{log}), qr/event=peer_refused peer=uid:$> status=TOO_MANY_CONNECTIONS$/m, 'it is in the log');
$second->close;
EvcryptTest::wait_until('one has gone', sub { $first->stats->{connections_open} == 1 });
is(E3Client->new($e3->{socket})->health->{running}, 0, 'and there is room again');

done_testing();
