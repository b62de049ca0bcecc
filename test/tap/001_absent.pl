# E3 is not there: the statement fails soon and by name, the backend lives, and
# the same session works once E3 is back.
use strict;
use warnings;

use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my $e3 = start_e3();
my $node = new_node('absent', $e3, extra => "evcrypt.connect_timeout = '1500ms'");
my $session = session($node);

is($e3->stop, 0, 'E3 ends by SIGTERM with status 0');

for my $call ("encrypt('x')", q{decrypt('ev:QkTC:gYKDhIWGh4iJiouM:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:Gp/w19VS6D1Qozfw/8hOu2fUjGDHJZdvMGpQQioKirLKExnyXQBa99w6d0ICTHFx9oTEQqQ43JM:$')})
{
	my $start = time;
	$session->query("SELECT $call");
	my $ms = ms_since($start);
	is($session->sqlstate, '08001', "without E3: $call");
	like($session->{error}, qr/HINT: /, 'there is a hint');
	cmp_ok($ms, '<', 1500 + 1000, "it took $ms ms");
}
$session->is('SELECT pg_backend_pid()', $session->{backend}, 'the backend lives');

$e3->start;
$session->is(q{SELECT decrypt(encrypt('back'))}, 'back', 'the session works once E3 is back');

# A restart between two statements of one session is not noticed.
$e3->stop;
$e3->start;
$session->is(q{SELECT decrypt(encrypt('again'))}, 'again', 'a restart goes unnoticed');

# Nobody listens on a socket that was left behind.
$e3->kill9;
ok(-S $e3->{socket}, 'the socket of a killed E3 is still there');
$session->query(q{SELECT encrypt('x')});
is($session->sqlstate, '08001', 'nobody listens');
$e3->start;
$session->is(q{SELECT decrypt(encrypt('once more'))}, 'once more', 'E3 replaces a stale socket');

$session->close;
$node->stop;
done_testing();
