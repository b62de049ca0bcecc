# Without preload: it works, says what preload would add, and the very first
# statement of a session is right.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('plain', $e3, no_preload => 1);

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

$session->is('SHOW evcrypt.app', 'default', 'settings are there');
$session->query("SET evcrypt.no_such_setting = 'x'");
is($session->sqlstate, '42602', 'and no others');

$session->close;
$node->stop;
done_testing();
