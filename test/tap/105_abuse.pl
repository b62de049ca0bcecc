# Clients that ask and go, or ask and do not listen, cost E3 no memory and others
# no place in the queue; and whoever asks for little is served beside the large.
use strict;
use warnings;

use E3Client;
use Test::More;
use Time::HiRes qw(time);

my $watch = E3Client->new($ENV{E3_SOCKET});

sub rss_mb
{
	open my $file, '<', "/proc/$ENV{E3_PID}/status" or die "E3's status: $!";
	my ($kb) = map { /^VmRSS:\s+(\d+)/ ? $1 : () } <$file>;
	return int($kb / 1024);
}

sub until_true
{
	my ($what, $condition) = @_;
	my $deadline = time + 30;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.002;
	}
	return;
}

# Sanitizers keep memory of their own beside it, and what was freed for a while.
my $measures = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release';
my $base = rss_mb();
my @column = E3Client::costly_column(400_000);
my @busy = map { E3Client->new($ENV{E3_SOCKET}) } 1 .. 2;
$_->request('DECRYPT', { app => 'default' }, @column) for @busy;
until_true('both workers are busy', sub { $watch->health->{running} >= 2 });
my $working = rss_mb();

# Large requests whose clients have gone.
my @large = E3Client::column('z' x (32 << 20));
for (1 .. 8)
{
	my $client = E3Client->new($ENV{E3_SOCKET});
	$client->request('ECHO', {}, @large);
	$client->close;
}
until_true('E3 notices', sub { $watch->stats->{connections_open} <= 3 });
SKIP:
{
	skip 'memory of a sanitizer build says nothing', 1 unless $measures;
	# Workers wipe it, between slices of what they are busy with.
	until_true('memory of requests whose client has gone is given back', sub { rss_mb() - $working < 100 });
	pass('requests whose client has gone hold no memory');
}

# And many small ones.
for (1 .. 64)
{
	my $client = E3Client->new($ENV{E3_SOCKET});
	$client->request('ECHO', {}, E3Client::column()) for 1 .. 64;
	$client->close;
}
until_true('E3 notices', sub { $watch->stats->{connections_open} <= 3 });
until_true('nothing waits', sub { $watch->health->{queued} == 0 });
pass('nor a place in the queue');

# A small request does not wait for large ones, nor does a CANCEL.
my $client = E3Client->new($ENV{E3_SOCKET});
my $id = $client->request('DECRYPT', { app => 'default' }, @column);
$client->cancel($id);
is($client->receive->{type}, $E3Client::VERB{CANCELLED}, 'a request is cancelled');
is($client->call('ECHO', { deadline_ms => 5000 }, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT},
	'a small request is served');
until_true('the workers are still busy', sub { $watch->health->{running} >= 2 });
pass('while the workers are still busy');
$_->close for @busy;
until_true('the workers are free', sub { $watch->health->{running} == 0 });
is($client->call('ECHO', {}, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT},
	'and the connection goes on');

# Errors without end, of which none is read.
my $deaf = E3Client->new($ENV{E3_SOCKET});
my $attest = E3Client::pack_object([ 2, 1, {} ]);
my $flood = (pack('N', length $attest) . $attest) x 10_000;
my $sent = 0;
$deaf->{socket}->blocking(0);
for (1 .. 200)
{
	my $len = syswrite $deaf->{socket}, $flood;
	$sent += $len // 0;
	select undef, undef, undef, 0.002 unless $len;
}
cmp_ok($sent, '>', 0, "$sent bytes of requests whose replies are not read");
SKIP:
{
	skip 'memory of a sanitizer build says nothing', 1 unless $measures;
	cmp_ok(rss_mb() - $base, '<', 150, 'E3 stops reading before they fill its memory');
}
is($watch->call('ECHO', {}, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT},
	'others are served');
$deaf->close;

# Before HELLO only a HELLO fits.
my $stranger = E3Client->connect($ENV{E3_SOCKET});
$stranger->send_bytes(pack('N', 4097));
my $reply = $stranger->receive;
is($reply->{header}{name}, 'FRAME_TOO_LONG', 'a long first frame is refused by name');

$_->close for $client, $watch, $stranger;
done_testing();
