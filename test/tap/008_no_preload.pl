# Without preload: it works, says what preload would add, and the very first
# statement of a session is right.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('plain', $e3, no_preload => 1, extra => "evcrypt.app = 'default'");

is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '', 'nothing is preloaded');
is($node->safe_psql('postgres', q{SELECT decrypt(encrypt('first statement'))}),
	'first statement', 'the first statement of a session');
is($node->safe_psql('postgres', q{SELECT encrypted_info(NULL) IS NULL}), 't',
	'the first statement may be about nothing');

$node->safe_psql('postgres', 'CREATE DATABASE other');
my $session = session($node, 'other');
$session->query('CREATE EXTENSION evcrypt');
is($session->sqlstate, '00000', 'created');
like($session->{error}, qr/NOTICE:.*preload/s, 'a NOTICE speaks of preload');

$session->is('SHOW evcrypt.connect_timeout', '2s', 'settings are there');
$session->query("SET evcrypt.no_such_setting = 'x'");
is($session->sqlstate, '42602', 'and no others');

$session->close;

# There is no app and no endpoint but what is set.
$node->append_conf('postgresql.conf', "evcrypt.app = ''\nevcrypt.endpoints = ''");
$node->restart;
$session = session($node);
$session->query(q{SELECT encrypt('x')});
is($session->sqlstate, 'EV010', 'without an app');
$session->is('SHOW evcrypt.app', '', 'which has no default');
$session->query("SET evcrypt.app = 'default'");
$session->query(q{SELECT encrypt('x')});
is($session->sqlstate, '08001', 'without endpoints');
$session->query('SELECT * FROM evcrypt_health()');
is($session->sqlstate, '08001', 'as evcrypt_health() says');
$session->query("SET evcrypt.endpoints = 'unix:$e3->{socket}'");
$session->is(q{SELECT decrypt(encrypt('set'))}, 'set', 'until a superuser sets them');

$session->close;
$node->stop;
done_testing();
