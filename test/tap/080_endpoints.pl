# Several endpoints: the first that will do serves, large batches are spread, one
# that fails is left alone for a while, and a request that it lost is answered by
# another.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(time);

my $ROWS = 60_000;

my $first = start_e3();
my $second = start_e3(like => $first);
my $node = new_node('endpoints', $first,
	extra => "evcrypt.endpoints = 'unix:$first->{socket}, unix:$second->{socket}'\n");
my $session = session($node);
my $own = session($node);
my %watch;

sub watch { return $watch{ $_[0]{socket} } //= E3Client->new($_[0]{socket}); }
sub stat_of { return watch($_[0])->stats->{ $_[1] }; }

sub kill_e3
{
	my ($e3) = @_;

	delete $watch{ $e3->{socket} };
	$e3->kill9;
	return;
}

sub retries { return $own->query('SELECT sum(retries) FROM evcrypt_stat'); }

sub works { return $session->query("SELECT decrypt(encrypt('$_[0]'))") eq $_[0]; }

# --- who is asked ---------------------------------------------------------------

ok(works($_), "statement $_") for 1 .. 3;
is(stat_of($second, 'requests_encrypt'), 0, 'small requests go to the first endpoint alone');

$session->query("CREATE TABLE t AS SELECT encrypt(i::text) AS v FROM generate_series(1, $ROWS) i");
is($session->sqlstate, '00000', 'a large statement');
for my $e3 ($first, $second)
{
	my $values = stat_of($e3, 'values_done');
	cmp_ok($values, '>', $ROWS / 4, "one of the two has encrypted $values values of it");
}
$session->is('SELECT sum(decrypt(v)::int) FROM t', $ROWS * ($ROWS + 1) / 2, 'and right');
is(retries(), 0, 'nothing was repeated');

# --- the first is lost ------------------------------------------------------------

$first->pause;
$session->send("SELECT decrypt(encrypt('moved'))");
$session->wait_for_e3($node);
kill_e3($first);
is($session->receive, 'moved', 'a request that was lost is answered by the second endpoint');
is(retries(), 1, 'by the one retry');

# Somebody listens who hangs up on everybody: each try is counted.
unlink $first->{socket};
my $listener = IO::Socket::UNIX->new(Local => $first->{socket}, Listen => 100) or die "listen: $!";
pipe my $counted, my $counter or die "pipe: $!";
my $pid = fork // die "fork: $!";
if ($pid == 0)
{
	while (my $try = $listener->accept)
	{
		syswrite $counter, '.';
		$try->close;
	}
	POSIX::_exit(0);
}
my $start = time;
my $good = 0;

$good += works("dead $_") for 1 .. 300;
is($good, 300, '300 statements while the first endpoint is dead');
my $ms = ms_since($start);
kill 'KILL', $pid;
waitpid $pid, 0;
close $counter;
my $tries = do { local $/; length <$counted> };
cmp_ok($tries, '>', 0, 'which is tried');
cmp_ok($tries, '<=', 3 + $ms / 20, "and $tries tries of it in $ms ms");
$listener->close;

$first->start;
EvcryptTest::wait_until('the first endpoint is used again', sub {
	works('back') or return;
	return stat_of($first, 'requests_encrypt') > 0;
});
pass('when it is back it is used again');

# --- both are lost ------------------------------------------------------------------

kill_e3($_) for $first, $second;
$session->query("SELECT encrypt('x')");
is($session->sqlstate, '08001', 'both endpoints are dead');
like($session->{error}, qr/DETAIL: .*\Q$first->{socket}\E: .*\Q$second->{socket}\E: /s,
	'the detail names both');
$start = time;
for (1 .. 5)
{
	$session->query("SELECT encrypt('x')");
	is($session->sqlstate, '08001', 'connecting fails');
}
$ms = ms_since($start);
cmp_ok($ms, '<', 5 * 1000, "five statements have failed in $ms ms");
$second->start;
$start = time;
ok(works('alive'), 'one is back: the next statement works');
$ms = ms_since($start);
cmp_ok($ms, '<', 1000, "after $ms ms");
$first->start;

# --- one hangs ------------------------------------------------------------------------

$first->pause;
my $fresh = session($node);
$start = time;
$fresh->is(q{SELECT decrypt(encrypt('waited'))}, 'waited', 'the first endpoint hangs: the second one serves');
$ms = ms_since($start);
cmp_ok($ms, '<', 2000, "after $ms ms, a part of connect_timeout");
$start = time;
$fresh->is(qq{SELECT decrypt(encrypt('$_'))}, $_, 'and again') for 1 .. 20;
$ms = ms_since($start);
cmp_ok($ms, '<', 5000, "without trying the first each time: $ms ms for 20");
$first->resume;
$fresh->close;

# One that has a connection already.
ok(works('before'), 'connected');
EvcryptTest::wait_until('the first endpoint is used', sub { works('before') && stat_of($first, 'connections_open') > 1 });
$session->query("SET evcrypt.request_timeout = '300ms'");
$first->pause;
$session->query(q{SELECT encrypt('x')});
is($session->sqlstate, 'EV001', 'the first endpoint hangs when it has the request: a timeout');
ok(works("elsewhere $_"), 'and the next statements are served elsewhere') for 1 .. 3;
$session->query('RESET evcrypt.request_timeout');
$first->resume;

# --- one drains -------------------------------------------------------------------------

ok(works('before'), 'connected');
my $holding = E3Client->new($first->{socket});
my $waiting = session($node);
$waiting->is(q{SELECT decrypt(encrypt('connected'))}, 'connected', 'another session');
my @costly = map { my $bytes = $$_ x 20; \$bytes } E3Client::costly_column(5_000);
$holding->request('DECRYPT', { app => 'default' }, @costly) for 1 .. 2;
EvcryptTest::wait_until('both are begun', sub { watch($first)->health->{running} == 2 });
delete $watch{ $first->{socket} };
kill 'TERM', $first->{pid};
EvcryptTest::wait_until('E3 drains', sub { slurp($first->{log}) =~ /event=draining(?!.*event=ready)/s });
for my $each ($session, $waiting)
{
	$each->is(q{SELECT decrypt(encrypt('drained'))}, 'drained', 'an E3 that drains costs no error');
}
$holding->close;
EvcryptTest::wait_until('it ends', sub { !$first->alive });
$first->start;

# --- one has no room for another ------------------------------------------------------------

my $queue = "$first->{dir}/queue";
my $full = IO::Socket::UNIX->new(Local => $queue, Listen => 1) or die "listen: $!";
my @queued;
while (my $next = IO::Socket::UNIX->new(Type => SOCK_STREAM, Blocking => 0))
{
	connect $next, pack_sockaddr_un($queue) or last;
	push @queued, $next;
}
ok($!{EAGAIN}, 'the queue of a socket is full') or diag($!);
$fresh = session($node);
$fresh->query("SET evcrypt.endpoints = 'unix:$queue'; SET evcrypt.connect_timeout = '200ms'; SELECT encrypt('x')");
is($fresh->sqlstate, '08001', 'nobody makes room: an error');
like($fresh->{error}, qr/\Q$queue\E: no answer in time/, 'that says so');
$fresh->query("SET evcrypt.connect_timeout = '30s'");
$fresh->send(q{SELECT decrypt(encrypt('in the end'))});
$fresh->wait_for_e3($node);
# In the place of the socket, at once, that of an E3.
link $second->{socket}, "$queue.new" or die "link: $!";
rename "$queue.new", $queue or die "rename: $!";
is($fresh->receive, 'in the end', 'somebody does: it is served');
$_->close for $fresh, $full, @queued;

# --- settings ------------------------------------------------------------------------------

$node->append_conf('postgresql.conf', "evcrypt.endpoints = 'unix:$second->{socket}'");
$node->reload;
EvcryptTest::wait_until('the reload', sub { $session->query('SHOW evcrypt.endpoints') eq "unix:$second->{socket}" });
my $before = stat_of($first, 'requests_encrypt');
ok(works('reloaded'), 'other endpoints after a reload');
is(stat_of($first, 'requests_encrypt'), $before, 'are the ones that are asked');
EvcryptTest::wait_until('the other connection is closed', sub { stat_of($first, 'connections_open') <= 2 });

$session->query('BEGIN; SAVEPOINT a; SELECT encrypt(1); ROLLBACK TO a; SELECT 1/0');
$session->query('ROLLBACK; DISCARD ALL');
ok(works('pooled'), 'a session that was handed on works');

$_->close for $session, $own, $waiting;
$node->stop;
done_testing();
