# A client cannot give itself another app or endpoint, nor make the built-in ones
# take the place of what the server has set for it.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
$e3->ctl('app', 'add', $_) for 'shared_app', 'tenant_app';

# SQLSTATE of the error, or what the statement gives, for a role without rights
# whose client says this of settings.
sub outcome
{
	my ($node, $options, $sql) = @_;
	local @ENV{qw(PGUSER PGOPTIONS)} = ('tenant', $options);
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");

	return $status == 0 ? $out : $err =~ /(?:ERROR:  ([0-9A-Z]{5}):|FATAL:  (permission denied))/ ? $1 // $2 : $err;
}

sub tenant
{
	my ($node, $options) = @_;
	local @ENV{qw(PGUSER PGOPTIONS)} = ('tenant', $options);

	return session($node);
}

my $ENCRYPT = q{SELECT encrypt('x') IS NOT NULL};
my %preload = (
	'no preload' => '',
	'session preload' => "session_preload_libraries = 'evcrypt'\n",
	'shared preload' => "shared_preload_libraries = 'evcrypt'\n",
);

for my $how ('no preload', 'session preload', 'shared preload')
{
	my $node = new_node('settings_' . $how =~ s/ .*//r, $e3, no_preload => 1,
		extra => "$preload{$how}evcrypt.app = 'shared_app'\n");
	$node->safe_psql('postgres', q{
		CREATE ROLE tenant LOGIN;
		ALTER ROLE tenant SET evcrypt.app = 'tenant_app';
		GRANT EXECUTE ON FUNCTION encrypt(text), decrypt(encrypted), evcrypt_health() TO tenant;
		CREATE TABLE secrets AS SELECT encrypt('of the tenant') AS e WHERE false;
		GRANT SELECT, INSERT ON secrets TO tenant;
	});

	is(outcome($node, '', q{INSERT INTO secrets VALUES (encrypt('of the tenant'))}), '',
		"$how: the role's app encrypts");
	is(outcome($node, '', 'SELECT decrypt(e) FROM secrets; SHOW evcrypt.app'),
		"of the tenant\ntenant_app", 'and decrypts');
	is($node->psql('postgres', 'SELECT decrypt(e) FROM secrets'), 3,
		'which the app of others does not');

	my ($app, $endpoint) = $how eq 'shared preload'
	  ? ('permission denied', 'permission denied') : ('EV010', '08001');
	for my $value ('shared_app', 'tenant_app', 'default', '')
	{
		is(outcome($node, "-c evcrypt.app=$value", $ENCRYPT), $app,
			"app \"$value\" given by the client");
	}
	is(outcome($node, "-c evcrypt.endpoints=unix:$e3->{socket}", $ENCRYPT), $endpoint,
		'endpoints given by the client');
	is(outcome($node, '-c evcrypt.endpoints=unix:/elsewhere', $ENCRYPT), $endpoint,
		'others, too');
	if ($how ne 'shared preload')
	{
		is(outcome($node, '-c evcrypt.app=x', 'SELECT decrypt(e) FROM secrets'), 'EV010',
			'no decryption');
		is(outcome($node, '-c evcrypt.app=x', 'SELECT * FROM evcrypt_health()'), 'EV010',
			'and no health');
		is(outcome($node, '-c evcrypt.endpoints=x', 'SELECT * FROM evcrypt_health()'), '08001',
			'for want of endpoints either');

		# A reload must not bring in what postgresql.conf says, over the role's.
		my $session = tenant($node, '-c evcrypt.app=x');
		$session->query($ENCRYPT);
		is($session->sqlstate, 'EV010', 'a session that has lost its app');
		like($session->{error}, qr/HINT: .*client/, 'is told how');
		$node->append_conf('postgresql.conf', "evcrypt.request_timeout = '12345ms'");
		$node->reload;
		wait_until('the reload', sub { $session->query('SHOW evcrypt.request_timeout') eq '12345ms' });
		$session->query($ENCRYPT);
		is($session->sqlstate, 'EV010', 'does not get one by a reload');
		$session->query('RESET evcrypt.app; RESET ALL; DISCARD ALL');
		$session->query($ENCRYPT);
		is($session->sqlstate, 'EV010', 'nor by RESET');
		$session->close;
	}

	is(outcome($node, '', "ALTER ROLE tenant SET evcrypt.app = 'shared_app'"), '42501',
		'nor does the role give itself another');

	# SET before the library is loaded changes nothing that is there.
	my $session = tenant($node, '');
	$session->query("SET evcrypt.app = 'shared_app'");
	$session->is('SELECT decrypt(e) FROM secrets', 'of the tenant', 'SET is undone or refused');
	$session->is('SHOW evcrypt.app', 'tenant_app', 'by the session itself');
	$session->close;

	# Nobody sets it to nothing.
	my $superuser = session($node);
	$superuser->query(q{SELECT encrypt('load the library')});
	for my $set ("SET evcrypt.app = ''", "ALTER ROLE tenant SET evcrypt.endpoints = ''")
	{
		$superuser->query($set);
		is($superuser->sqlstate, '22023', $set);
	}
	$superuser->close;
	$node->stop;
}

done_testing();
