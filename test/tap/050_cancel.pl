# Requests that end before they are done, in every state they can be in: one final
# reply for each, counters that match, nothing left, and the id free again.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my %APP = (app => 'default');
# Done at once, when a worker has time: too long to pass what it is with.
my @plain = E3Client::column('not a ciphertext' x 2000);
my @short = E3Client::column('not a ciphertext');
my @long = E3Client::costly_column(60_000);
my @longest = map { my $bytes = $$_ x 6; \$bytes } @long;

# One worker: with slices whatever has begun takes turns, without them whatever has
# come later waits.
my $sliced = start_e3(extra => "[e3]\nworkers = 1\n");
my $unsliced = start_e3(extra => "[e3]\nworkers = 1\nslice_us = 0\n");
my ($e3, $watch);

sub use_e3
{
	($e3) = @_;
	$watch = E3Client->new($e3->{socket});
	return;
}

sub new_client { return E3Client->new($e3->{socket}); }

sub until_load
{
	my ($running, $queued) = @_;

	wait_until("$running run, $queued wait", sub {
		my $health = $watch->health;
		return $health->{running} == $running && $health->{queued} == $queued;
	});
	return;
}

sub is_idle
{
	my ($what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	until_load(0, 0);
	wait_until('no other connection is open', sub { $watch->stats->{connections_open} == 1 });
	pass("$what: nothing runs, nothing waits, no connection is left");
	return;
}

# What the counters have grown by.
sub grown
{
	my ($before) = @_;
	my $after = $watch->stats;

	return { map { $_ => $after->{$_} - $before->{$_} } keys %$before };
}

# So many have been counted since; a worker is free a moment before the network thread
# has counted what it did.
sub are_cancelled
{
	my ($before, $count, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	wait_until("$count are counted", sub { grown($before)->{requests_cancelled} >= $count });
	is(grown($before)->{requests_cancelled}, $count, $what);
	return;
}

# Requests that take seconds, of which the worker has begun every one: what is sent
# behind them, and is too long to pass them, is answered.  Their ids.
sub begin_long
{
	my ($client, $count, %header) = @_;
	my @ids = map { $client->request('DECRYPT', { %APP, %header }, @long) } 1 .. $count;
	my $fence = $client->call('ECHO', {}, E3Client::column('begun' x 4000));

	die 'not begun' unless $fence->{type} == $E3Client::VERB{RESULT};
	return @ids;
}

sub cancels { return join '', map { E3Client::frame($E3Client::VERB{CANCEL}, $_, {}) } @_; }

sub name_of
{
	my ($reply) = @_;
	my %name = reverse %E3Client::VERB;

	return 'end' unless $reply;
	return "$reply->{id} " . ($reply->{header}{name} // $name{ $reply->{type} });
}

# The next so many replies, in order of their ids.
sub replies
{
	my ($client, $count) = @_;

	return sort { $a->{id} <=> $b->{id} } map { $client->receive } 1 .. $count;
}

# Nothing more comes: the next reply is that to a request of now.
sub is_quiet
{
	my ($client, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $id = $client->request('ECHO', {}, E3Client::column('fence'));
	is(name_of($client->receive), "$id RESULT", $what);
	return;
}

# --- CANCEL ------------------------------------------------------------------

use_e3($sliced);
my $client = new_client();
my $before = $watch->stats;
my @ids = begin_long($client, 3);
$client->send_bytes(cancels(@ids));
my @replies = replies($client, 3);
is(join(',', map { name_of($_) } @replies), join(',', map { "$_ CANCELLED" } @ids),
	'cancelled while begun: one was with the worker, two between slices');
is(scalar(grep { $_->{header}{done} > 0 && $_->{header}{done} < 60_000 } @replies), 3,
	'and all had begun');
until_load(0, 0);
my $grown = grown($before);
is($grown->{requests_cancelled}, 3, 'three are counted');
my $done = 0;
$done += $_->{header}{done} for @replies;
is($grown->{values_done}, $done + 1, 'with the values that were worked on');

# Doubled, before and after its reply; late; unknown; and another connection's.
my $other = new_client();
$before = $watch->stats;
my ($id) = begin_long($client, 1);
$other->send_bytes(cancels($id, 0, 4711, ~0));
is_quiet($other, "a CANCEL of another connection's request, of id 0 and of unknown ones is not answered");
until_load(1, 0);
pass('and cancels nothing');
$client->send_bytes(cancels($id, $id, $id));
is(name_of($client->receive), "$id CANCELLED", 'a tripled CANCEL');
$client->send_bytes(cancels($id, $id));
is_quiet($client, 'has one reply, and a late one none');
is(grown($before)->{requests_cancelled}, 1, 'and one is counted');

# The foreign CANCEL names an id that its own connection has in flight as well.
$before = $watch->stats;
$other->{next_id} = $client->{next_id} = 900;
my ($mine) = begin_long($client, 1);
my ($theirs) = begin_long($other, 1);
is($mine, $theirs, 'the same id on two connections');
$other->cancel($theirs);
is(name_of($other->receive), "$theirs CANCELLED", 'CANCEL means its own');
until_load(1, 0);
pass('and the other goes on');
$client->cancel($mine);
is(name_of($client->receive), "$mine CANCELLED", 'until it is cancelled');
is(grown($before)->{requests_cancelled}, 2, 'two are counted');

# An id may be used again as soon as its reply is there, and CANCEL may come behind
# the request at once.
my %ends;
for my $round (1 .. 300)
{
	my $frame = E3Client::frame($E3Client::VERB{ECHO}, 77, {}, E3Client::column("round $round"));

	$frame .= cancels(77) if $round % 3;
	$client->send_bytes($frame);
	my $reply = $client->receive;
	my $good = $reply->{id} == 77
	  && ($reply->{type} == $E3Client::VERB{CANCELLED} ? $round % 3
		: (E3Client::values_of($reply))[0] eq "round $round");
	$ends{ $good ? 'good' : name_of($reply) }++;
}
is_deeply(\%ends, { good => 300 }, 'one id 300 times, the next right after the reply, with CANCELs between');
is_quiet($client, 'and no reply too many');
$_->close for $client, $other;
is_idle('CANCEL');

# While it waits.
use_e3($unsliced);
$client = new_client();
$before = $watch->stats;
my $first = $client->request('DECRYPT', \%APP, @longest);
until_load(1, 0);
is(scalar(E3Client::values_of($client->call('ECHO', {}, @short))), 1, 'what is short passes what is long');
until_load(1, 0);
my $waiting = $client->request('DECRYPT', \%APP, @plain);
until_load(1, 1);
$client->cancel($waiting);
my $reply = $client->receive;
is(name_of($reply), "$waiting CANCELLED", 'cancelled while waiting');
is($reply->{header}{done}, 0, 'with nothing done');
until_load(1, 0);
pass('and the first one runs on');

# --- deadlines ---------------------------------------------------------------

$waiting = $client->request('DECRYPT', { %APP, deadline_ms => 50 }, @plain);
my $start = time;
is(name_of($client->receive), "$waiting DEADLINE", 'a deadline while waiting');
cmp_ok(time - $start, '<', 2, 'in time');
is($watch->health->{running}, 1, 'while the worker is with another');
$client->cancel($first);
is(name_of($client->receive), "$first CANCELLED", 'which is cancelled at last');
until_load(0, 0);
$grown = grown($before);
is("$grown->{requests_cancelled} $grown->{requests_failed}", '2 1', 'two cancelled, one failed');
is_quiet($client, 'and each had one reply');
$client->close;
is_idle('waiting');

use_e3($sliced);
$client = new_client();
$before = $watch->stats;
$start = time;
@ids = begin_long($client, 4, deadline_ms => 1_000);
is(join(',', map { name_of($_) } replies($client, 4)), join(',', map { "$_ DEADLINE" } @ids),
	'a deadline while begun: one with the worker, three between slices');
cmp_ok(time - $start, '<', 5, 'in time');
until_load(0, 0);
is(grown($before)->{requests_failed}, 4, 'all four are counted');
is_quiet($client, 'and each had one reply');

# --- an id in flight ---------------------------------------------------------

$before = $watch->stats;
@ids = begin_long($client, 2);
$client->send_message($E3Client::VERB{ECHO}, $ids[0], {}, E3Client::column('again'));
is(name_of($client->receive), '0 BAD_ID', 'an id in flight: the connection is refused');
is(name_of($client->receive), 'end', 'and closed, without another reply');
$client->close;
until_load(0, 0);
are_cancelled($before, 2, 'and what was in flight is cancelled');
is_idle('an id in flight');

# --- as many in flight as there may be ---------------------------------------

$client = new_client();
my @costly = E3Client::costly_column(1_000);
@ids = map { $client->request('DECRYPT', {%APP}, @costly) } 0 .. $client->{hello}{inflight_max};
$client->send_bytes(cancels(@ids));
is(join(',', grep { /TOO_MANY/ } map { name_of($_) } replies($client, scalar @ids)),
	"$ids[-1] TOO_MANY_IN_FLIGHT", "of @{[ scalar @ids ]} in flight the last is refused");
is_quiet($client, 'and the connection goes on');
$client->close;
is_idle('as many in flight as there may be');

# --- disconnect --------------------------------------------------------------

# What a client has done when it goes, and how many requests that cancels.
my @states = (
	[ 'before HELLO', 0, sub { E3Client->connect($e3->{socket}) } ],
	[ 'after HELLO', 0, sub { new_client() } ],
	[ 'within a frame', 0, sub {
		my $gone = new_client();

		$gone->send_bytes("\0\0\1\0\x95\4");
		return $gone;
	} ],
	[ 'with requests begun', 3, sub {
		my $gone = new_client();

		begin_long($gone, 3);
		return $gone;
	} ],
	[ 'with one cancelled', 2, sub {
		my $gone = new_client();
		my @begun = begin_long($gone, 2);

		$gone->cancel($begun[0]);
		return $gone;
	} ],
	[ 'with replies that it has not read', 0, sub {
		my $gone = new_client();

		$gone->request('ECHO', {}, E3Client::column('x' x (4 << 20))) for 1 .. 4;
		until_load(0, 0);
		return $gone;
	} ],
	[ 'when it was refused', 1, sub {
		my $gone = new_client();
		my ($begun) = begin_long($gone, 1);

		$gone->send_message($E3Client::VERB{ECHO}, $begun, {}, E3Client::column('again'));
		return $gone;
	} ]);
for my $state (@states)
{
	my ($name, $cancelled, $bring) = @$state;

	$before = $watch->stats;
	$bring->()->close;
	is_idle("a client goes $name");
	are_cancelled($before, $cancelled, "and $cancelled of its requests are cancelled");
}

use_e3($unsliced);
$before = $watch->stats;
$client = new_client();
$first = $client->request('DECRYPT', \%APP, @longest);
until_load(1, 0);
$other = new_client();
$other->request('DECRYPT', \%APP, @plain) for 1 .. 5;
until_load(1, 5);
$other->close;
until_load(1, 0);
pass('a client goes with requests that wait: the queue is free at once');
is(grown($before)->{requests_cancelled}, 5, 'and they are counted');
$client->close;
is_idle('a client goes with a request that runs');
are_cancelled($before, 6, 'which is counted as well');

$watch->close;
is($_->stop, 0, 'E3 ends well') for $sliced, $unsliced;
done_testing();
