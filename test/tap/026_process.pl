# E3 as a process: nobody looks into it, nothing secret is in its log, and
# connections that come and go leave nothing behind.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use MIME::Base64;
use Test::More;

my $RELEASE = $ENV{EVCRYPT_VARIANT} eq 'release';
my $PRIVATE = '5a0c9f3e71d24b8866e1f0a4c37b952d18ee4fd06b3a9c7512fd80e64ac7b391';
my $CANARY = 'canary-9e1f-plaintext';
my $LOCKED_KB = 2048;
my $VISITORS = 1200;

my $e3 = start_e3(extra => "[e3]\nlog_level = debug\nlocked_memory = 2MB\n"
	  . "[limits]\nframe_timeout_ms = 300\nhello_timeout_ms = 300\n");
my $GOOD = slurp($e3->{config});

sub status_of
{
	my ($pid, $name) = @_;

	return slurp("/proc/$pid/status") =~ /^$name:\s+(\d+)/m ? $1 : die "no $name";
}

# Can a process of the same user read this one's memory?
sub readable
{
	my ($pid) = @_;

	open my $memory, '<', "/proc/$pid/mem" or return "$!";
	return 'readable';
}

# --- what the kernel shows -------------------------------------------------

pipe my $from, my $to or die;
my $child = fork // die;
if ($child == 0)
{
	close $to;
	sysread $from, my $nothing, 1;
	POSIX::_exit(0);
}
close $from;
is(readable($child), 'readable', 'an ordinary process can be read by its user');
close $to;
waitpid $child, 0;

is(readable($e3->{pid}), 'Permission denied', 'E3 cannot');
ok(!opendir(my $dir, "/proc/$e3->{pid}/fd"), 'nor are its descriptors seen');
like(slurp("/proc/$e3->{pid}/limits"), qr/^Max core file size\s+0\s+0\s/m, 'it writes no core file');
cmp_ok(status_of($e3->{pid}, 'VmLck'), '>=', $LOCKED_KB, 'the memory for keys is locked');

# --- a busy time -----------------------------------------------------------

spit("$e3->{dir}/private", $PRIVATE);
$e3->ctl('app', 'import', 'known', '--private-key', "$e3->{dir}/private",
	'--secp256k1-private-key', "$e3->{dir}/private");

sub frame { return pack('N/a*', $_[0]); }

my $client = E3Client->new($e3->{socket});
my $good = 0;
for my $round (1 .. 200)
{
	my @plain = map { "$CANARY $round $_" } 1 .. 20;
	my $sealed = $client->call('ENCRYPT', { app => 'known' }, E3Client::column(@plain));
	my @sealed = E3Client::values_of($sealed);
	my $opened = $client->call('DECRYPT', { app => 'known' }, E3Client::column(@sealed));
	$good++ if join(',', E3Client::values_of($opened)) eq join(',', @plain);

	# Plaintext where ciphertext is due, and what is damaged or another's.
	substr($sealed[0], -1) ^= "\x01";
	$client->call('DECRYPT', { app => 'known' }, E3Client::column(@sealed, $CANARY));
	$client->call('DECRYPT', { app => 'default' }, E3Client::column($sealed[1]));
}
is($good, 200, '200 rounds of values');

# Requests and frames that are refused, with values inside.
my %label = (app => 'known', label => $CANARY, credential => $CANARY);
$client->call('ENCRYPT', \%label, E3Client::column($CANARY));
for my $header ({ app => $CANARY x 4 }, { app => 'known', format => $CANARY }, { app => 'known', role => $CANARY x 2 },
	{ app => 'known', curve => $CANARY }, { app => 'known', trace => $CANARY })
{
	is($client->call('ENCRYPT', $header, E3Client::column($CANARY))->{type}, $E3Client::VERB{ERROR}, 'refused');
}
for my $bytes ("GET /$CANARY HTTP/1.1\r\n\r\n", frame($CANARY), frame("\x93\x03\x01\xd9\xff$CANARY"),
	pack('N', 100) . $CANARY)
{
	my $bad = E3Client->new($e3->{socket});
	$bad->send_bytes($bytes);
	is($bad->receive->{id}, 0, 'a frame that is none');
	$bad->close;
}
E3Client->connect($e3->{socket})->receive;

spit($e3->{config}, $GOOD . "[access]\nallow_users = $CANARY\n");
like($e3->hup, qr/config_refused/, 'a configuration that is none');
spit($e3->{config}, $GOOD);
my $passphrase = slurp("$e3->{dir}/passphrase");
spit("$e3->{dir}/passphrase", "$CANARY\n");
like($e3->hup, qr/KEYRING_UNSEAL/, 'a passphrase that is none');
spit("$e3->{dir}/passphrase", $passphrase);
like($e3->hup, qr/keyring_loaded/, 'and back');

my $log = slurp($e3->{log});
like($log, qr/status=$_$/m, "the log tells of $_")
  for qw(FRAME_TOO_LONG TRAILING_BYTES TRUNCATED FRAME_TIMEOUT HELLO_TIMEOUT CONFIG KEYRING_UNSEAL);
is(scalar(grep { !/^ts=\S+Z level=\w+ event=\w+ (?:\w+=(?:"[^"]*"|\S+) ?)*$/ } split /\n/, $log), 0,
	'every line of it is pairs of key=value');

sub is_unsaid
{
	my ($what, $text, $secret) = @_;
	my $base64 = encode_base64($secret, '');
	my @forms = ($secret, unpack('H*', $secret), uc unpack('H*', $secret), substr($base64, 0, -4));

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(grep { index($text, $_) >= 0 } @forms), 0, "$what is not in it");
	return;
}
is_unsaid('the plaintext', $log, $CANARY);
is_unsaid('the private key', $log, pack('H*', $PRIVATE));
is_unsaid('the passphrase', $log, $passphrase =~ s/\n//r);
my $shown = $e3->ctl('stats') . $e3->ctl('health');
is_unsaid('the plaintext: e3ctl', $shown, $CANARY);
is_unsaid('the private key: e3ctl', $shown, pack('H*', $PRIVATE));

# --- connections that come and go ------------------------------------------

sub come_and_go
{
	my ($count) = @_;

	for my $i (1 .. $count)
	{
		# With a request, with one that is left behind, with HELLO alone, and without.
		my $visitor = $i % 4 ? E3Client->new($e3->{socket}) : E3Client->connect($e3->{socket});
		$visitor->call('ENCRYPT', { app => 'known' }, E3Client::column('x' x 1000)) if $i % 4 == 1;
		$visitor->request('ENCRYPT', { app => 'known' }, E3Client::column('x' x 1000)) if $i % 4 == 2;
		$visitor->close;
	}
	EvcryptTest::wait_until('all have gone', sub { $client->stats->{connections_open} == 1 });
	return;
}

$client = E3Client->new($e3->{socket});
come_and_go(100);
my @before = (rss_kb($e3->{pid}), status_of($e3->{pid}, 'FDSize'));
come_and_go($VISITORS);
my $grown = rss_kb($e3->{pid}) - $before[0];
cmp_ok($grown, '<', $RELEASE ? 1024 : 65536, "$VISITORS connections later E3 has grown by $grown kB");

# Nobody but root may count descriptors, but the kernel shows how many there is
# room for, which never shrinks: if every fourth connection left one behind,
# there would have to be more.
cmp_ok($before[1], '<', $VISITORS / 4, "E3 has room for $before[1] descriptors");
is(status_of($e3->{pid}, 'FDSize'), $before[1], 'and has needed no more');

# --- its end ---------------------------------------------------------------

SKIP:
{
	skip 'a sanitizer takes SIGSEGV for itself', 2 unless $RELEASE;
	kill 'SEGV', $e3->{pid};
	EvcryptTest::wait_until('E3 ends', sub { !$e3->alive });
	is($e3->{status} & 127, 11, 'E3 dies of SIGSEGV');
	is($e3->{status} & 128, 0, 'without a core file');
}

# --- memory that can't be locked -------------------------------------------

SKIP:
{
	skip 'there is no prlimit', 1 unless grep { -x "$_/prlimit" } split /:/, $ENV{PATH};
	IPC::Run::run([ 'prlimit', '--memlock=65536', 'e3', '--config', $e3->{config} ], '<', \undef, '>&', \my $out);
	like(($? >> 8) . " $out", qr/^1 .*event=locked_memory_refused bytes=2097152$/m,
		'E3 does not start where its keys could be swapped out');
}

done_testing();
