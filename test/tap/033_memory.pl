# Many large requests at once: E3's memory stays within its budget, everybody is
# answered, and small requests do not wait.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $CLIENTS = 12;
my $MB = 1 << 20;

my $e3 = start_e3(extra => "[limits]\nmemory = 100MB\n");
my $watch = E3Client->new($e3->{socket});

sub peak_mb
{
	my ($kb) = slurp("/proc/$e3->{pid}/status") =~ /^VmHWM:\s+(\d+)/m;
	return int($kb / 1024);
}

my $idle = peak_mb();
my $value = 'v' x (16 * $MB);
my $id = 1;

# Each client is a process: it sends as E3 reads, and reads the reply whole.
my @children;
for my $number (1 .. $CLIENTS)
{
	pipe my $from, my $to or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		my $client = E3Client->new($e3->{socket});
		my $good = 0;
		for (1 .. 2)
		{
			my $reply = $client->call('ECHO', {}, E3Client::column($value));
			$good++ if $reply->{type} == $E3Client::VERB{RESULT} and length $reply->{columns}[0] == length $value;
		}
		print {$to} $good;
		close $to;
		require POSIX;
		POSIX::_exit(0);
	}
	close $to;
	push @children, { pid => $pid, from => $from };
}

# Meanwhile.
my ($rounds, $slowest) = (0, 0);
my $client = E3Client->new($e3->{socket});
my $wanted = time + 60;
until ($watch->stats->{requests_echo} >= $CLIENTS or time > $wanted)
{
	my $start = time;
	my $reply = $client->call('ENCRYPT', { app => 'default' }, E3Client::column('small'));
	$slowest = time - $start if time - $start > $slowest;
	die 'a small request failed' if $reply->{type} != $E3Client::VERB{RESULT};
	$rounds++;
}
cmp_ok($rounds, '>', 0, "$rounds small requests were answered meanwhile");
cmp_ok($slowest, '<', 5, sprintf 'the slowest in %.0f ms', $slowest * 1000);

my $good = 0;
for my $child (@children)
{
	$good += do { local $/; readline $child->{from} } // 0;
	waitpid $child->{pid}, 0;
}
is($good, 2 * $CLIENTS, 'every large request was answered');
SKIP:
{
	skip 'memory of a sanitizer build says nothing', 1 if ($ENV{EVCRYPT_VARIANT} // 'release') ne 'release';
	# One request of 16 MB is let through with its reply; without a budget all twelve would be.
	my $grown = peak_mb() - $idle;
	cmp_ok($grown, '<', 160, "E3 grew by $grown MB, for " . $CLIENTS * 32 . ' MB of requests and replies');
}

my $stats = $watch->stats;
cmp_ok($stats->{loop_turns}, '>', 0, 'turns of the loop are counted');
cmp_ok($stats->{loop_p50_ns}, '<=', $stats->{loop_p9999_ns}, 'and how long they take');
cmp_ok($stats->{loop_p9999_ns}, '<=', $stats->{loop_max_ns}, 'up to the longest');
$_->close for $watch, $client;
done_testing();
