# A hundred rounds of requests that are cancelled at random moments, twice, late, by
# strangers, or left alone, by clients that stay or go, while others get what they
# asked for to the byte; afterwards E3 is as it was.
use strict;
use warnings;

use E3Client;
use Test::More;
use Time::HiRes qw(time);

my $ROUNDS = 100;
my $CLIENTS = 6;
my $REQUESTS = 3;    # of each in a round
my $SEED = $ENV{EVCRYPT_SEED} // int(time * 1000) % 1_000_000;

my %NAME = reverse %E3Client::VERB;
my $watch = E3Client->new($ENV{E3_SOCKET});
my @costly = E3Client::costly_column(500);

srand $SEED;
note("EVCRYPT_SEED=$SEED");

# Its first requests have ids before them as well, which were never used.
sub new_client
{
	my $client = E3Client->new($ENV{E3_SOCKET});

	$client->{next_id} = 10;
	return $client;
}

sub descriptors
{
	opendir my $dir, "/proc/$ENV{E3_PID}/fd" or return undef;
	return scalar grep { !/^\./ } readdir $dir;
}

sub random_values { return map { join '', map { chr int rand 256 } 1 .. rand 40 } 1 .. 200; }

sub until_true
{
	my ($what, $condition) = @_;
	my $deadline = time + 60;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.002;
	}
	return;
}

# --- those that cancel ---------------------------------------------------------

my %count = map { $_ => 0 } qw(requests RESULT CANCELLED left);

# Sends requests, and CANCELs of all kinds with them or behind them.
sub send_round
{
	my ($client) = @_;
	my $bytes = '';
	my @ids = map { $client->{next_id}++ } 1 .. $REQUESTS;

	for my $id (@ids)
	{
		$bytes .= rand() < 0.7
		  ? E3Client::frame($E3Client::VERB{DECRYPT}, $id, { app => 'default' }, @costly)
		  : E3Client::frame($E3Client::VERB{ECHO}, $id, {}, E3Client::column('x' x 20_000));
		$bytes .= cancel_frame($id) if rand() < 0.3;
	}
	$bytes .= cancel_frame($ids[0] - int rand 4) for 1 .. rand 3;    # late, or doubled
	$bytes .= cancel_frame(1_000_000 + int rand 1_000_000);         # unknown
	$client->{waiting} = { map { $_ => 1 } @ids };
	$client->send_bytes($bytes);
	$count{requests} += @ids;
	return;
}

sub cancel_frame { return E3Client::frame($E3Client::VERB{CANCEL}, $_[0], {}); }

# The rest of the CANCELs; one of five clients goes instead.
sub cancel_round
{
	my ($client) = @_;

	if (rand() < 0.2)
	{
		$count{left} += keys %{ $client->{waiting} };
		$client->close;
		return new_client();
	}
	for my $id (keys %{ $client->{waiting} })
	{
		$client->cancel($id) for 1 .. rand 3;
	}
	return $client;
}

# One reply to each, and no other.
sub finish_round
{
	my ($client) = @_;
	my $waiting = delete $client->{waiting} // {};

	while (%$waiting)
	{
		my $reply = $client->receive or die 'connection closed';

		die "a reply to $reply->{id}, which is answered" unless delete $waiting->{ $reply->{id} };
		$count{ $NAME{ $reply->{type} } }++;
	}
	return;
}

# --- those that do not -----------------------------------------------------------

my $steady = new_client();
my @plain = random_values();
my @sealed = E3Client::values_of($steady->call('ENCRYPT', { app => 'default' }, E3Client::column(@plain)));
my %wrong;
is(scalar @sealed, scalar @plain, 'values to decrypt in every round');

sub compare
{
	my ($what, $reply, @expected) = @_;
	my $same = $NAME{ $reply->{type} } eq 'RESULT'
	  && join("\0\1", E3Client::values_of($reply)) eq join("\0\1", @expected);

	$wrong{$what}++ unless $same;
	return;
}

# --- the rounds ------------------------------------------------------------------

my @clients = map { new_client() } 1 .. $CLIENTS;
my @before = (descriptors(), $watch->stats);

for (1 .. $ROUNDS)
{
	my @values = random_values();

	send_round($_) for @clients;
	my $echo = $steady->request('ECHO', {}, E3Client::column(@values));
	my $decrypt = $steady->request('DECRYPT', { app => 'default' }, E3Client::column(@sealed));
	# Ids of others, which it does not cancel.
	$steady->cancel($_) for grep { $_ != $echo && $_ != $decrypt } 1 .. 5;
	select undef, undef, undef, rand 0.004;
	@clients = map { cancel_round($_) } @clients;
	my %replies = map { $_->{id} => $_ } map { $steady->receive } 1 .. 2;
	compare('ECHO', $replies{$echo}, @values);
	compare('DECRYPT', $replies{$decrypt}, @plain);
	finish_round($_) for @clients;
}
is_deeply(\%wrong, {}, "$ROUNDS rounds: every result of the others is right to the byte");
is($count{RESULT} + $count{CANCELLED} + $count{left}, $count{requests},
	"each of $count{requests} requests had one reply, or its client had gone");
cmp_ok($count{$_}, '>', 0, "$count{$_} $_") for qw(RESULT CANCELLED left);

until_true('E3 is idle', sub { my $health = $watch->health; return $health->{running} + $health->{queued} == 0 });
until_true('connections are closed', sub { $watch->stats->{connections_open} == $CLIENTS + 2 });
my $after = $watch->stats;
my $cancelled = $after->{requests_cancelled} - $before[1]{requests_cancelled};
cmp_ok($cancelled, '>=', $count{CANCELLED}, "E3 counts $cancelled cancelled: those that were told so");
cmp_ok($cancelled, '<=', $count{CANCELLED} + $count{left}, 'and of the rest none but whose client had gone');
is($after->{$_} - $before[1]{$_}, 0, "no $_") for qw(requests_failed protocol_errors);

SKIP:
{
	skip 'the descriptors of E3 may be seen by root alone', 1 unless defined $before[0];
	is(descriptors(), $before[0], "E3 has $before[0] descriptors, as before");
}
$_->close for @clients, $steady, $watch;
done_testing();
