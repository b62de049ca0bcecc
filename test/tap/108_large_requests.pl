# Large requests: what is at the limit of a frame is done, what is beyond it is
# refused by name, before anything is done.
use strict;
use warnings;

use E3Client;
use POSIX ();
use Test::More;

my $client = E3Client->new($ENV{E3_SOCKET});
my $frame_max = $client->{hello}{frame_max};
my %header = (app => 'default', curve => 'p256');

# So many values of 32 bytes, there and back.
for my $count (60_000, 500_000)
{
	my @values = map { sprintf '%032d', $_ } 1 .. $count;
	my $sealed = $client->call('ENCRYPT', \%header, E3Client::column(@values));
	is($sealed->{type}, $E3Client::VERB{RESULT}, "$count values are encrypted");
	my $opened = $client->call('DECRYPT', \%header, \$sealed->{columns}[0], \$sealed->{columns}[1]);
	is($opened->{type}, $E3Client::VERB{RESULT}, "$count values are decrypted");
	is($opened->{columns}[2], undef, "$count values: all of them open");
	ok($opened->{columns}[0] eq join('', @values), "$count values: they are what they were");
}

# Page faults of E3's network thread so far: its tid is the process's.
sub faults_of_network
{
	open my $file, '<', "/proc/$ENV{E3_PID}/task/$ENV{E3_PID}/stat" or die "E3's network thread: $!";
	my ($faults) = <$file> =~ /\) \S+(?: \S+){6} (\d+)/ or die 'no page faults';
	return $faults;
}

# Once there are buffers of the length that have been wiped, a large frame is read into
# memory that has its pages.  Each of them would be a fault otherwise.
{
	my $bytes = 4 << 20;
	my @large = E3Client::column('x' x $bytes);
	my $requests = 16;
	my $limit = $requests * $bytes / POSIX::sysconf(POSIX::_SC_PAGESIZE()) / 4;
	my $faults = 0;
	my $deadline = time + 60;

	# Workers wipe when nobody wants anything else of them.
	do
	{
		my $before = faults_of_network();
		$client->call('ECHO', {}, @large) for 1 .. $requests;
		$faults = faults_of_network() - $before;
	} until $faults < $limit or time > $deadline;
	cmp_ok($faults, '<', $limit, "$requests large frames are read into memory that was there");
}

# Expects this reply, and that E3 has done so many values for it.
sub expect
{
	my ($what, $reply, $name, $values) = @_;
	our $done;
	my $now = E3Client->new($ENV{E3_SOCKET})->stats->{values_done};

	if (defined $name)
	{
		is($reply->{header}{name}, $name, "$what: $name");
	}
	else
	{
		is($reply->{type}, $E3Client::VERB{RESULT}, "$what: done");
	}
	is($now - $done, $values, "$what: $values values were worked on") if defined $done;
	$done = $now;
}
expect('a small one', $client->call('ECHO', {}, E3Client::column('x')), undef, 0);

# A reply: of two values, so that neither is too long.  E3 takes what the values
# make, and 256 bytes for all the rest.
my $small = $client->call('ENCRYPT', \%header, E3Client::column('x'));
my $longer = length($small->{columns}[0]) - 1;
expect('one value', $small, undef, 1);
my $most = $frame_max - 256 - 2 * (4 + $longer);
my @halves = ('a' x 40_000_000, 'b' x ($most - 40_000_000));
expect('a reply at the limit', $client->call('ENCRYPT', \%header, E3Client::column(@halves)), undef, 2);
$halves[1] .= 'b';
expect('a reply beyond it', $client->call('ENCRYPT', \%header, E3Client::column(@halves)), 'REPLY_TOO_LONG', 0);

# A request: no ciphertexts, so that its reply is short.
my $rest = length(E3Client::frame($E3Client::VERB{DECRYPT}, 999, \%header, E3Client::column('', ''))) - 4;
$client->{next_id} = 999;
@halves = ('a' x 40_000_000, 'b' x ($frame_max - $rest - 40_000_000));
expect('a request at the limit', $client->call('DECRYPT', \%header, E3Client::column(@halves)), undef, 2);
$halves[1] .= 'b';
$client->request('DECRYPT', \%header, E3Client::column(@halves));
my $reply = $client->receive;
expect('a request beyond it', $reply, 'FRAME_TOO_LONG', 0);
is($client->receive, undef, 'and then the connection is closed');

$client->close;
done_testing();
