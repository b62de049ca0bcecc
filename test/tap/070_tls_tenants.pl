# Two tenants by their certificates, through SQL: each has its app, and nothing of the
# other's; a credential is demanded of one of them over TLS as well.
use strict;
use warnings;

use Certs;
use EvcryptTest;
use File::Temp ();
use Test::More;
use Token;

my $dir = File::Temp->newdir('tenantsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $server = $ca->server('DNS:localhost,IP:127.0.0.1');
my %cert = (
	ada => $ca->client('DNS:ADA.example'), bob => $ca->client('URI:spiffe://test/bob'),
	eve => $ca->client('DNS:eve.example'));
my $key = Token::make_key($dir, 'tls');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $policy = "$dir/policy";

spit($policy, <<"END");
[rule ada]
identity = dns:ada.example
operations = encrypt, decrypt
apps = ada
roles = *

[rule bob]
identity = uri:spiffe://test/bob
operations = encrypt
apps = bob
roles = *

[rule bob-with-token]
identity = uri:spiffe://test/bob
operations = decrypt
apps = bob
roles = *
credential = app

[issuer app]
issuer = https://issuer.test
key = $key.pem
END
my $e3 = start_e3(stopped => 1);
spit($e3->{config}, slurp($e3->{config}) . $ca->section($server, "127.0.0.1:$port")
	. "[access]\npolicy = $policy\n[audit]\nfile = $e3->{dir}/audit\n");
$e3->ctl('app', 'add', $_) for qw(ada bob);
$e3->start;
my $node = new_node('tenants', $e3, extra => <<"END");
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslrootcert = '$ca->{cert}'
END
my $admin = session($node);
$admin->query('CREATE TABLE kept (app text, v encrypted)');

# A session that is this tenant to E3, whatever app it names.
sub as_tenant
{
	my ($who) = @_;
	my $session = session($node);

	$session->query("SET evcrypt.sslcert = '$cert{$who}{cert}'; SET evcrypt.sslkey = '$cert{$who}{key}'");
	return $session;
}

my %as = map { $_ => as_tenant($_) } sort keys %cert;

for my $who (qw(ada bob eve))
{
	for my $app (qw(ada bob))
	{
		$as{$who}->query("SET evcrypt.app = '$app'");
		$as{$who}->query("INSERT INTO kept VALUES ('$app', encrypt('of $app'))");
		is($as{$who}->sqlstate, $who eq $app ? '00000' : '42501', "$who encrypts for $app: " . ($who eq $app ? 'yes' : 'no'));
	}
}
$admin->is('SELECT count(*) FROM kept', '2', 'nothing else is stored');
for my $who (qw(ada bob eve))
{
	for my $app (qw(ada bob))
	{
		my $shall = $who ne $app ? '42501' : $who eq 'bob' ? '28000' : '00000';
		$as{$who}->query("SET evcrypt.app = '$app'");
		my $out = $as{$who}->query("SELECT decrypt(v) FROM kept WHERE app = '$app'");
		is($as{$who}->sqlstate, $shall, "$who decrypts of $app: $shall");
		is($out, $shall eq '00000' ? "of $app" : '', 'with that result');
	}
}
$as{ada}->query("SET evcrypt.app = 'ada'");
$as{ada}->query("SELECT decrypt(v) FROM kept WHERE app = 'bob'");
is($as{ada}->sqlstate, 'EV011', "ada's app does not open what is bob's");
$as{bob}->query("SET evcrypt.app = 'bob'");
$as{bob}->query("SET evcrypt.credential = '" . Token::make($key, app => 'bob') . "'");
$as{bob}->is(q{SELECT decrypt(v) FROM kept WHERE app = 'bob'}, 'of bob', 'bob, with a credential');
$as{bob}->query(q{SELECT set_config('evcrypt.credential', '} . Token::make($key, app => 'ada') . q{', false)});
$as{bob}->query(q{SELECT decrypt(v) FROM kept WHERE app = 'bob'});
is($as{bob}->sqlstate, '42501', 'but not with one for another app');
for my $who (qw(ada bob eve))
{
	$as{$who}->query("SET evcrypt.app = 'ada'");
	$as{$who}->is('SELECT reachable, key_versions FROM evcrypt_health()', $who eq 'ada' ? 't|{1}' : 't|{}',
		"evcrypt_health(): $who sees " . ($who eq 'ada' ? '' : 'nothing of ') . 'ada');
}
my $audit = slurp("$e3->{dir}/audit");
like($audit, qr/peer=dns:ada\.example operation=decrypt .* verdict=OK rule=ada:1 /, 'the audit names who by the certificate');
like($audit, qr{peer=uri:spiffe://test/bob operation=decrypt subject="app-1" .* verdict=OK rule=bob-with-token:13 }, 'and the subject of the credential');
like($audit, qr/peer=dns:eve\.example operation=encrypt .* verdict=POLICY_REFUSED /, 'and whom no rule is for');
like($e3->ctl('audit', 'verify'), qr/^records 1 to \d+ are whole$/, 'and is whole');
$_->close for $admin, values %as;
$node->stop;
is($e3->stop, 0, 'E3 ends well');
done_testing();
