# One peer takes all that it can get: connections, memory, locked memory.  Others are
# served.  Needs root, to be somebody else.
use strict;
use warnings;

use E3Client;
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'only root can connect as somebody else' if $> != 0;

my %UID = map { $_ => scalar getpwnam($_) // die "no user $_" } qw(daemon bin);
my $CONNECTIONS = 64;
my $MEMORY_MB = 256;
my $DEADLINE = 60;

# An E3 of our own: the stack's configuration with less of everything.
my $socket = "$ENV{EVCRYPT_STACK}/neighbours.sock";
my $config = "$ENV{EVCRYPT_STACK}/neighbours.conf";
open my $in, '<', $ENV{E3_CONFIG} or die $!;
my $text = do { local $/; <$in> };
close $in;
$text =~ s/^socket = .*/socket = $socket\nsocket_mode = 0666\nconnections = $CONNECTIONS/m or die;
$text =~ s/^allow_users = (.*)/allow_users = $1, daemon, bin/m or die;
$text =~ s/^memory = .*\n//m;
$text =~ s/^\[limits\]\n//m;
$text .= "\n[limits]\nmemory = ${MEMORY_MB}MB\n";
open my $out, '>', $config or die $!;
print $out $text;
close $out or die $!;
my $owner = getpwnam($ENV{EVCRYPT_STACK_USER});
chown $owner, -1, $config;
my $mode = (stat $ENV{EVCRYPT_STACK})[2] & 07777;
chmod 0711, $ENV{EVCRYPT_STACK};

my $pid = fork // die $!;
if ($pid == 0)
{
	open STDERR, '>', "$ENV{EVCRYPT_STACK}/neighbours.log" or die $!;
	exec 'setpriv', "--reuid=$owner", '--regid=' . (getpwuid($owner))[3], '--init-groups',
	  "$ENV{EVCRYPT_STACK}/bin/e3", '--config', $config or die $!;
}

my $flood;
END
{
	my $status = $?;
	if (defined $mode)
	{
		kill 'KILL', grep { defined } $flood;
		kill 'TERM', grep { defined } $pid;
		waitpid $_, 0 for grep { defined } $flood, $pid;
		chmod $mode, $ENV{EVCRYPT_STACK};
	}
	$? = $status;
}

sub client_of
{
	my ($name) = @_;
	local $> = $UID{$name};

	return E3Client->new($socket);
}

my $deadline = time + $DEADLINE;
until (eval { client_of('bin')->close; 1 })
{
	die 'E3 does not start' if time > $deadline;
	sleep 0.05;
}

# --- connections -----------------------------------------------------------

my @clients;
while (@clients <= $CONNECTIONS)
{
	my $client = eval { client_of('daemon') } // last;
	push @clients, $client;
}
is(scalar @clients, $CONNECTIONS - $CONNECTIONS / 16, 'one peer gets nearly all connections');
my $other = client_of('bin');
is($other->call('HEALTH', {})->{type}, $E3Client::VERB{RESULT}, 'another one gets in');
$_->close for @clients;

# --- memory ----------------------------------------------------------------

# Short requests with long replies, which are hardly taken: 16,000 empty values.
$flood = fork // die $!;
if ($flood == 0)
{
	my @greedy = map { client_of('daemon') } 1 .. 8;
	my $frame = E3Client::frame($E3Client::VERB{ENCRYPT}, 0, { app => 'default', curve => 'p256' },
		\'', \(pack('V', 0) x 16_000));
	my $id = 0;

	$SIG{PIPE} = 'IGNORE';
	$_->{socket}->blocking(0) for @greedy;
	my %rest = map { $_ => '' } @greedy;
	for (;;)
	{
		for my $client (@greedy)
		{
			# The id is the third byte of the message, and the two after it.
			$rest{$client} ||= pack('N/a*', substr($frame, 4, 2) . "\xcd" . pack('n', ++$id % 60_000 + 1)
				. substr($frame, 7));
			my $sent = syswrite($client->{socket}, $rest{$client});
			substr($rest{$client}, 0, $sent // 0, '');
			sysread($client->{socket}, my $some, 4096) if $id % 50 == 0;
		}
		sleep 0.001;
	}
	POSIX::_exit(0);
}

sub rss_mb
{
	open my $status, '<', "/proc/$pid/status" or return 0;
	my ($kb) = map { /^VmRSS:\s*(\d+)/ ? $1 : () } <$status>;
	return $kb / 1024;
}

my @values = ('x' x 32) x 3000;
my $most = 0;
my $worst = 0;
for (1 .. 30)
{
	my $start = time;
	my $reply = $other->call('ENCRYPT', { app => 'default', curve => 'p256' }, E3Client::column(@values));
	last unless is($reply->{type}, $E3Client::VERB{RESULT}, 'a larger request beside them');
	my $took = time - $start;
	$worst = $took if $took > $worst;
	my $rss = rss_mb();
	$most = $rss if $rss > $most;
	sleep 0.1;
}
note sprintf 'slowest %.0f ms, E3 has %.0f MiB', 1000 * $worst, $most;
cmp_ok($worst, '<', 10, 'it does not wait for who takes no replies');
SKIP:
{
	skip 'memory of a sanitizer build says nothing', 1 if ($ENV{EVCRYPT_VARIANT} // 'release') ne 'release';
	cmp_ok($most, '<', 1.5 * $MEMORY_MB, 'and memory is bounded');
}
kill 'KILL', $flood;
waitpid $flood, 0;
undef $flood;

# --- locked memory ---------------------------------------------------------

# Each long value that has been begun has a key schedule there.
my $found = decode_json(scalar `e3ctl bench --socket $socket --connections 16 --in-flight 64 --value-bytes 100000 --duration 1 --json`);
cmp_ok($found->{all}{answered}, '>', 0, 'long values are done');
is_deeply([ grep { $_ ne 'BUSY' } keys %{ $found->{errors} } ], [], 'or E3 is busy, and nothing else');

$other->close;
done_testing();
