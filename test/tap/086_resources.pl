# Descriptors and memory run out, in E3 and in the server, the clock jumps, ids reach
# the end of 32 bits, keys are exchanged, there is more to do than E3 takes: each has
# its error or none, whatever was there goes on, and it is over when the want is.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Hinder;
use Test::More;
use Time::HiRes qw(time);

my %APP = (app => 'default');
my $BARE = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release';

# The hindered processes.
my $control = Hinder->new("$ENV{TESTDIR}/control");
my $server_control = Hinder->new("$ENV{TESTDIR}/server_control");

my $e3 = start_e3(environment => { $BARE ? $control->environment : () });
my $node = new_node('resources', $e3, extra => "autovacuum = off\nevcrypt.request_timeout = '60s'\n",
	environment => { $server_control->environment });
my $session = session($node);

$session->query(q{CREATE TABLE t AS SELECT i AS id, encrypt('value ' || i) AS v FROM generate_series(1, 5000) i});
is($session->sqlstate, '00000', 'set up') or diag($session->{error});

sub goes_on
{
	my ($what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->is(q{SELECT count(*) FROM t WHERE decrypt(v) = 'value ' || id}, 5000, "$what: the session goes on");
	is($session->query('SELECT pg_backend_pid()'), $session->{backend}, 'in the same backend');
	ok($e3->alive, 'with the same E3');
	return;
}

sub descriptors
{
	my ($pid) = @_;

	opendir my $dir, "/proc/$pid/fd" or die "descriptors of $pid: $!";
	return scalar grep { !/^\./ } readdir $dir;
}

# Of those sockets and what waits for them; PostgreSQL keeps files open as it likes.
sub connections
{
	my ($pid) = @_;

	return scalar grep { (readlink $_ // '') =~ /^socket:|eventpoll/ } glob "/proc/$pid/fd/*";
}

# The limit of open files of a process that runs.
sub limit
{
	my ($pid, $files) = @_;

	system('prlimit', "--pid=$pid", "--nofile=$files:") == 0 or die 'prlimit failed';
	return;
}

# --- descriptors of E3 -------------------------------------------------------------

my $old = E3Client->new($e3->{socket});
my $most = 40;
limit($e3->{pid}, $most);
my @waiting = map { E3Client->connect($e3->{socket}) } 1 .. 100;
EvcryptTest::wait_until('E3 has no more descriptors', sub { slurp($e3->{log}) =~ /event=accept_paused/ });
my $cpu = cpu_ms($e3->{pid});
my $start = time;
my $served = 0;
while (time - $start < 1)
{
	$served++ if $old->health->{version};
	select undef, undef, undef, 0.01;
}
$cpu = cpu_ms($e3->{pid}) - $cpu;
cmp_ok($served, '>', 5, "E3 has no more descriptors: a connection that was there is served, $served times");
cmp_ok($cpu, '<', 200, "and in a second it uses $cpu ms of CPU");
my $lines = () = slurp($e3->{log}) =~ /event=accept_paused/g;
cmp_ok($lines, '<', 50, "and logs $lines lines");
goes_on('meanwhile');
limit($e3->{pid}, 1024);
my $greeted = 0;
for my $client (@waiting)
{
	$client->send_message($E3Client::VERB{HELLO}, 0, { version_min => 1, version_max => 1, client => 'test' });
	$greeted++ if $client->receive;
	$client->close;
}
is($greeted, 100, 'when it has some again all that waited are served');
goes_on('afterwards');

# --- descriptors of a backend -----------------------------------------------------------

my $poor = session($node);
$poor->query('SELECT 1');
limit($poor->{backend}, descriptors($poor->{backend}));
$poor->query(q{SELECT encrypt('x')});
is($poor->sqlstate, '53000', 'a backend without descriptors');
like($poor->{error}, qr/HINT: .*max_files_per_process/, 'is told what to do');
limit($poor->{backend}, 1024);
$poor->is(q{SELECT decrypt(encrypt('rich'))}, 'rich', 'and goes on when it has some');
$poor->close;

# PostgreSQL lends a third of them: a backend that may have no more connections makes do
# with those that it has.
my @aliases = map { "$e3->{dir}/alias$_.sock" } 1 .. 16;
symlink $e3->{socket}, $_ or die "symlink: $!" for @aliases;
my $frugal = PostgreSQL::Test::Cluster->new('frugal');
$frugal->init;
$frugal->append_conf('postgresql.conf', "shared_preload_libraries = 'evcrypt'\nmax_files_per_process = 90\n"
	. 'evcrypt.endpoints = \'' . join(',', map { "unix:$_" } @aliases) . "'\n");
$frugal->start;
$frugal->safe_psql('postgres', 'CREATE EXTENSION evcrypt');
my $greedy = session($frugal);
my $before = connections($greedy->{backend});
$greedy->query(q{CREATE TABLE t AS SELECT i AS id, encrypt('value ' || i) AS v FROM generate_series(1, 5000) i;
	SET evcrypt.batch_rows = 400; BEGIN});
$greedy->query(join ';', map { "DECLARE c$_ CURSOR FOR SELECT decrypt(v) FROM t; FETCH 500 FROM c$_" } 1 .. 30);
is($greedy->sqlstate, '00000', 'thirty cursors and sixteen endpoints in a backend with 90 descriptors') or diag($greedy->{error});
my $more = connections($greedy->{backend}) - $before;
cmp_ok($more, '>=', 4, "it has taken $more more");
cmp_ok($more, '<=', 26, 'and left the others');
$greedy->query('COMMIT');
$greedy->query("SET evcrypt.endpoints = 'unix:$e3->{socket}'");
$greedy->is(q{SELECT decrypt(encrypt('one'))}, 'one', 'one endpoint again');
is(connections($greedy->{backend}) - $before, 2, 'and the descriptors are given back');
$greedy->close;
$frugal->stop;

# --- memory of E3 -----------------------------------------------------------------------

SKIP:
{
	skip 'allocations of an E3 with a sanitizer are not hindered', 5 unless $BARE;
	my (%outcomes, %wrong);

	for my $k (1 .. 150)
	{
		my $client;

		$control->fail_allocation($k);
		my $reply = eval {
			$client = E3Client->new($e3->{socket});
			$client->call('ENCRYPT', { %APP, contexts => 0 }, E3Client::column('one', 'two', "number $k"));
		};
		$control->fail_allocation(0);
		my $name = !$reply ? 'closed' : $reply->{header}{name} // 'RESULT';
		$outcomes{$name}++;
		$wrong{$k} = 'not three values' if $name eq 'RESULT' and E3Client::values_of($reply) != 3;
		my $again = E3Client->new($e3->{socket})->call('ECHO', {}, E3Client::column("again $k"));
		$wrong{$k} = 'next' if (E3Client::values_of($again))[0] ne "again $k";
	}
	is_deeply(\%wrong, {}, 'each allocation of E3 fails once: what is answered is right');
	is_deeply([ grep { !/^(?:closed|RESULT|OUT_OF_MEMORY|BUSY)$/ } keys %outcomes ], [], 'or has its name')
	  or diag(join ', ', %outcomes);
	cmp_ok($outcomes{$_} // 0, '>', 0, ($outcomes{$_} // 0) . " times $_") for 'RESULT', 'OUT_OF_MEMORY';
	goes_on('memory of E3');
}

# --- memory of a backend ---------------------------------------------------------------------

my (%states, %bad);
for my $k (1 .. 120)
{
	$session->query(sprintf q{SET evcrypt.endpoints = 'unix:%s'}, $k % 2 ? $aliases[0] : $e3->{socket});
	$server_control->fail_allocation($k);
	my $out = $session->query(q{SELECT decrypt(encrypt(repeat('m', 100000))) = repeat('m', 100000)});
	$server_control->fail_allocation(0);
	$states{ $session->sqlstate }++;
	$bad{$k} = $session->{error} if $out ne ($session->sqlstate eq '00000' ? 't' : '');
}
is_deeply(\%bad, {}, 'each allocation of a backend fails once: what comes is right');
is_deeply([ grep { !/^(?:00000|53200)$/ } keys %states ], [], 'or is 53200') or diag(join ', ', %states);
cmp_ok($states{$_} // 0, '>', 0, ($states{$_} // 0) . " times $_") for '00000', '53200';
$session->query('RESET evcrypt.endpoints');
goes_on('memory of a backend');

# --- the clock --------------------------------------------------------------------------------

# Beyond 2038, beyond 2106, back, and as it is.
for my $years (13, 85, -10, 0)
{
	my $seconds = $years * 365 * 86_400;

	$control->shift_clock($seconds) if $BARE;
	my $begin = time;
	goes_on("E3's clock jumps to $years years from now");
	cmp_ok(time - $begin, '<', 10, 'no time is waited out');
	SKIP:
	{
		skip 'the clock of an E3 with a sanitizer does not jump', 1 unless $BARE;
		my $offset = $session->query('SELECT clock_offset_ms / 1000 FROM evcrypt_health()');
		cmp_ok(abs($offset - $seconds), '<', 10, 'evcrypt_health() shows it');
	}
}

# --- ids -----------------------------------------------------------------------------------------

for my $from ((1 << 32) - 3, (1 << 53) - 3, (1 << 63) - 3)
{
	$old->{next_id} = $from;
	my @wrong = grep {
		my $id = $from + $_;
		my $reply = $old->call('ECHO', {}, E3Client::column("id $id"));
		(E3Client::values_of($reply))[0] ne "id $id";
	} 0 .. 5;
	is_deeply(\@wrong, [], sprintf 'ids from %x on', $from);
}

# --- other keys -------------------------------------------------------------------------------------

my $stranger = start_e3();
$session->query("SET evcrypt.endpoints = 'unix:$stranger->{socket}'");
$session->query('SELECT decrypt(v) FROM t LIMIT 1');
is($session->sqlstate, 'EV011', 'an E3 with other keys: an unknown key, and nothing else');
is($session->query('SELECT count(try_decrypt(v)) FROM t'), '0', 'none opens');
$session->query('RESET evcrypt.endpoints');
goes_on('its own E3');

# --- more than E3 takes --------------------------------------------------------------------------------

# All that one user may have waiting, three of four places of the queue, and more.
my @costly = E3Client::costly_column(40);
my @greedy = map { E3Client->new($e3->{socket}) } 1 .. 55;
my $retries = $session->query('SELECT sum(retries) FROM evcrypt_stat');
for my $client (@greedy)
{
	$client->send_bytes(join '', map {
		E3Client::frame($E3Client::VERB{DECRYPT}, $_, \%APP, @costly)
	} 1 .. 64);
}
EvcryptTest::wait_until('one is refused', sub { $old->stats->{requests_failed} > 100 });
$start = time;
$old->health for 1 .. 20;
my $ms = ms_since($start);
cmp_ok($ms, '<', 2000, "E3 is overloaded: health is answered twenty times in $ms ms");
$session->is(q{SELECT decrypt(encrypt('busy'))}, 'busy', 'a statement waits until there is room');
cmp_ok($session->query('SELECT sum(retries) FROM evcrypt_stat'), '>', $retries, 'and asks again');
$_->close for @greedy;
goes_on('when all is done');

$old->close;
$session->close;
$node->stop;
done_testing();
