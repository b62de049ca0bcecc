# A large request that is cancelled, or whose client goes, is not worked on to
# its end: E3's own counters say so.
use strict;
use warnings;

use E3Client;
use Test::More;
use Time::HiRes qw(time);

my $VALUES = 60_000;

my @column = E3Client::costly_column($VALUES);
my $watch = E3Client->new($ENV{E3_SOCKET});

sub until_true
{
	my ($what, $condition) = @_;
	my $deadline = time + 30;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.001;
	}
	return;
}

# Sends the request and waits until E3 works on it.
sub start_request
{
	my ($client, @values) = @_;
	my $id = $client->request('DECRYPT', { app => 'default' }, @values);

	until_true('E3 works on the request', sub { $watch->health->{running} > 0 });
	return $id;
}

# The network thread answers whatever the workers do.
sub others_are_answered
{
	my $start = time;
	my $health = $watch->health;
	my $ms = int((time - $start) * 1000);

	cmp_ok($health->{running}, '>', 0, 'the request runs');
	cmp_ok($ms, '<', 1000, "and health is answered meanwhile, in $ms ms");
	return;
}

sub check_counters
{
	my ($before, $how) = @_;
	my $after;

	until_true('E3 counts the cancel', sub {
		$after = $watch->stats;
		return $after->{requests_cancelled} > $before->{requests_cancelled};
	});
	is($after->{requests_cancelled}, $before->{requests_cancelled} + 1, "$how: E3 counts one cancelled request");
	my $done = $after->{values_done} - $before->{values_done};
	cmp_ok($done, '<', $VALUES, "and $done values done of $VALUES");
	until_true('E3 is idle', sub { $watch->health->{running} == 0 });
	my $idle = $watch->stats;
	cmp_ok($idle->{values_done} - $before->{values_done}, '<', $VALUES, 'also when it is idle again');
	return;
}

my $client = E3Client->new($ENV{E3_SOCKET});
my $before = $watch->stats;
my $id = start_request($client, @column);
others_are_answered();
$client->cancel($id);
my $reply = $client->receive;
is($reply->{type}, $E3Client::VERB{CANCELLED}, 'CANCEL: the one reply is CANCELLED');
is($reply->{id}, $id, 'of that request');
cmp_ok($reply->{header}{done}, '<', $VALUES, "with $reply->{header}{done} values done");
check_counters($before, 'CANCEL');

# The connection goes on; cancelling what is over, or never was, is nothing.
$client->cancel($id);
$client->cancel(4711);
is($client->call('ECHO', { app => 'default' }, E3Client::column('on'))->{type},
	$E3Client::VERB{RESULT}, 'the connection goes on');

$before = $watch->stats;
start_request($client, @column);
$client->close;
check_counters($before, 'close');

# A deadline ends it as well.
$client = E3Client->new($ENV{E3_SOCKET});
$before = $watch->stats;
my $start = time;
$reply = $client->call('DECRYPT', { app => 'default', deadline_ms => 100 }, @column);
is($reply->{header}{name}, 'DEADLINE', 'deadline: a named error');
my $ms = int((time - $start) * 1000);
cmp_ok($ms, '<', 2000, "after $ms ms");
cmp_ok($watch->stats->{values_done} - $before->{values_done}, '<', $VALUES, 'and not all values done');

# Nor can another connection cancel it.
my $other = E3Client->new($ENV{E3_SOCKET});
$id = start_request($client, E3Client::costly_column($VALUES / 20));
$other->cancel($id);
is($client->receive->{type}, $E3Client::VERB{RESULT}, 'a stranger cannot cancel it');
$id = start_request($client, @column);
$client->cancel($id);
is($client->receive->{type}, $E3Client::VERB{CANCELLED}, 'its own connection can');

$_->close for $client, $other, $watch;
done_testing();
