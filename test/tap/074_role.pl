# Data roles through SQL: written by evcrypt.role, read as E3's policy says, and kept by
# whoever is not to change them.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3(stopped => 1);
my $policy = "$e3->{dir}/policy";
my $POLICY = <<"END";
[rule write]
identity = uid:$>
operations = encrypt
apps = *
roles = *
[rule read]
identity = uid:$>
operations = decrypt
apps = *
roles = (none), public
END
spit($policy, $POLICY);
spit($e3->{config}, slurp($e3->{config}) . "[access]\npolicy = $policy\n");
$e3->start;
my $node = new_node('role', $e3);
my $session = session($node);

$session->query('CREATE TABLE t (id int, v encrypted)');
my $id = 0;
for my $role ('', 'public', 'secret', 'public')
{
	$session->query("SET evcrypt.role = '$role'");
	$session->query('INSERT INTO t VALUES (' . ++$id . ", encrypt('canary $id'))");
}
$session->query('RESET evcrypt.role');
$session->is('SELECT id, decrypt(v) FROM t WHERE id <> 3 ORDER BY id', "1|canary 1\n2|canary 2\n4|canary 4",
	'roles that may be read');
for my $batch (qw(on off))
{
	$session->query("SET evcrypt.batch = $batch");
	$session->is('SELECT decrypt(v) FROM t LIMIT 2', "canary 1\ncanary 2", "batch $batch: rows before one that may not");
	is($session->query('SELECT decrypt(v) FROM t') =~ /canary [34]/, '', 'and from there on none');
	is($session->sqlstate, '42501', 'but an error');
	unlike($session->{error}, qr/canary/, 'without the value');
	$session->query('SELECT id, try_decrypt(v) FROM t');
	is($session->sqlstate, '42501', 'which try_decrypt does not hide');
	$session->query('SELECT decrypt_as(v, NULL::text) FROM t WHERE id = 3');
	is($session->sqlstate, '42501', 'nor decrypt_as');
}
like(slurp($e3->{log}), qr/event=values_refused peer=uid:$> status=ROLE_REFUSED values=1 rule="read" line=6/, "E3's log names the rule");
unlike(slurp($e3->{log}), qr/canary/, 'and no value');

# Of formats, and of who may set it.
$session->query('SET evcrypt.role = public');
for my $format (qw(Tk9D RFVC))
{
	$session->query('SET evcrypt.curve = ' . ($format eq 'RFVC' ? 'secp256k1' : 'p256'));
	$session->query("SET evcrypt.format = '$format'");
	$session->query(q{SELECT encrypt('x')});
	is($session->sqlstate, '22023', "$format has no place for a role");
	$session->query('RESET evcrypt.format; RESET evcrypt.curve');
}
$session->query('SET evcrypt.curve = secp256k1');
$session->is(q{SELECT decrypt(encrypt('x'))}, 'x', 'S0lS has');
for my $bad ('Public', 'a_b', 'x' x 21, 'a b')
{
	$session->query("SET evcrypt.role = '$bad'");
	is($session->sqlstate, '22023', "no role: $bad");
}
$session->query('SET evcrypt.role = ' . 'x' x 20);
is($session->sqlstate, '00000', 'one of 20 characters');
$session->query('CREATE ROLE app LOGIN; GRANT EXECUTE ON FUNCTION encrypt(text) TO app');
$session->query(q{ALTER ROLE app SET evcrypt.role = 'secret'});
$session->close;
my $app = $node->connstr('postgres') . ' user=app';
my ($out, $err);
for my $case (
	[ q{SHOW evcrypt.role}, qr/^secret$/, 'it is for a role' ],
	[ q{SET evcrypt.role = ''}, qr/permission denied to set parameter/, 'and not the role\'s to change' ],
	[ q{SET evcrypt.credential = 'a.b.c'; SHOW evcrypt.credential}, qr/^\*{4}$/, 'a credential is' ])
{
	my ($sql, $pattern, $name) = @$case;
	IPC::Run::run([ 'psql', '-XAtq', '-d', $app, '-c', $sql ], '<', \undef, '>', \$out, '2>', \$err);
	like("$out$err", $pattern, $name);
}
{
	# What the client says when it connects does not count.
	local $ENV{PGOPTIONS} = '-c evcrypt.role=public';
	IPC::Run::run([ 'psql', '-XAtq', '-d', $app, '-c', 'SHOW evcrypt.role' ], '<', \undef, '>', \$out, '2>', \$err);
	unlike($out, qr/public/, 'nor with the connection');
	$ENV{PGOPTIONS} = '-c evcrypt.credential=a.b.c';
	IPC::Run::run([ 'psql', '-XAtq', '-d', $app, '-c', 'SHOW evcrypt.credential' ], '<', \undef, '>', \$out, '2>', \$err);
	unlike($out, qr/\*/, 'and a credential is not given so');
}
$node->stop;

# Without preload a value that the client gave is refused, and hides the server's: then
# nothing is encrypted, rather than without its role.
my $bare = new_node('bare', $e3, no_preload => 1,
	extra => "evcrypt.app = 'default'\nevcrypt.role = 'secret'\n");
$session = session($bare);
$session->query(q{SELECT encrypt('x')});
is($session->sqlstate, '00000', "without preload the server's role is written");
$session->is('SHOW evcrypt.role', 'secret', 'namely this');
$session->query('CREATE ROLE app LOGIN; GRANT EXECUTE ON FUNCTION encrypt(text) TO app');
$session->close;
{
	local $ENV{PGOPTIONS} = '-c evcrypt.role=public';
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $bare->connstr('postgres') . ' user=app', '-c', q{SELECT encrypt('x')} ],
		'<', \undef, '>', \$out, '2>', \$err);
	like($err, qr/EV010: evcrypt\.role is not set/, 'one that the client gave is lost, and nothing is encrypted');
}
$bare->stop;
is($e3->stop, 0, 'E3 ends well');
done_testing();
