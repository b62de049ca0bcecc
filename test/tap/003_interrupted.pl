# E3 hangs (SIGSTOP): whatever ends a statement ends it at once, and the next
# statement is served as soon as E3 goes on.  The bar is 100 ms; the deadline
# of a test on a loaded machine is generous, what was measured is printed.
use strict;
use warnings;

use EvcryptTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $GENEROUS = 2000;

my $e3 = start_e3();
my $node = new_node('interrupted', $e3);
my $own = session($node);

sub ended_within
{
	my ($ms, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok($ms, '<', $GENEROUS, "$what ends the statement: $ms ms");
	return;
}

# A session that waits for E3, which has stopped: on a connection that exists
# already, or while it is being made.
sub waiting_session
{
	my ($connected) = @_;
	my $session = session($node);

	$session->query("SELECT encrypt('warm')") if $connected;
	$e3->pause;
	$session->query("SET evcrypt.connect_timeout = '60s'");
	$session->send("SELECT encrypt('x')");
	$session->wait_for_e3($node);
	return $session;
}

sub gone_after
{
	my ($pid, $start) = @_;

	EvcryptTest::wait_until("backend $pid ends", sub { !kill 0, $pid });
	return ms_since($start);
}

for my $connected (1, 0)
{
	my $where = $connected ? 'request sent' : 'connecting';
	my $session = waiting_session($connected);
	my $start = time;
	$own->query("SELECT pg_cancel_backend($session->{backend})");
	$session->receive;
	ended_within(ms_since($start), "$where: pg_cancel_backend");
	is($session->sqlstate, '57014', 'query_canceled');
	$e3->resume;
	$session->is(q{SELECT decrypt(encrypt('on'))}, 'on', 'and the session goes on');
	$session->close;

	# Ctrl-C: psql asks the server to cancel.
	$session = waiting_session($connected);
	$start = time;
	$session->{psql}->signal('INT');
	gone_or_cancelled($session, $start, $where);
	$e3->resume;

	$session = waiting_session($connected);
	$start = time;
	$own->query("SELECT pg_terminate_backend($session->{backend})");
	ended_within(gone_after($session->{backend}, $start), "$where: pg_terminate_backend");
	$e3->resume;
	eval { $session->close };

	$session = waiting_session($connected);
	$start = time;
	$session->{psql}->kill_kill(grace => 0);
	ended_within(gone_after($session->{backend}, $start), "$where: a killed psql");
	$e3->resume;

	$session = session($node);
	$session->query("SELECT encrypt('warm')") if $connected;
	$e3->pause;
	$session->query("SET evcrypt.connect_timeout = '60s'");
	$session->query('SET statement_timeout = 300');
	$start = time;
	$session->query("SELECT encrypt('x')");
	ended_within(ms_since($start) - 300, "$where: statement_timeout");
	is($session->sqlstate, '57014', 'query_canceled');

	# E3's own timeouts.
	$session->query('SET statement_timeout = 0');
	$session->query("SET evcrypt.connect_timeout = '300ms'");
	$session->query("SET evcrypt.request_timeout = '300ms'");
	$start = time;
	$session->query("SELECT encrypt('x')");
	ended_within(ms_since($start) - 600, "$where: evcrypt's timeouts");
	like($session->sqlstate, qr/^(08001|EV001)$/, 'a timeout has its own SQLSTATE');
	like($session->{error}, qr/HINT: /, 'and a hint');
	$e3->resume;
	$session->is(q{SELECT decrypt(encrypt('on'))}, 'on', 'and the session goes on');
	$session->close;
}

# psql ends by SIGINT when it reads a script, after it has asked to cancel.
sub gone_or_cancelled
{
	my ($session, $start, $where) = @_;

	EvcryptTest::wait_until('the statement ends', sub {
		$own->query("SELECT count(*) FROM pg_stat_activity
			WHERE pid = $session->{backend} AND state = 'active'") eq '0';
	});
	ended_within(ms_since($start), "$where: Ctrl-C");
	$session->{psql}->kill_kill(grace => 0);
	return;
}

# Shutting the server down does not wait for E3 either.
for my $how (qw(fast immediate))
{
	my $session = waiting_session(1);
	my $start = time;

	$node->stop($how);
	ended_within(ms_since($start), "$how shutdown");
	$e3->resume;
	eval { $session->close };
	last if $how eq 'immediate';
	$node->start;
	$own = session($node);
}

done_testing();
