# Credentials through SQL: with a policy that demands one, the database by itself may
# only encrypt, whoever asks; and the token is shown nowhere.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Settings qw($FORCE_PARALLEL);
use Test::More;
use Token;

my $dir = $ENV{TMPDIR};
my $key = Token::make_key($dir, 'issuer');
my $other = Token::make_key($dir, 'other');
my $foreign = Token::make_key($dir, 'foreign', 'secp384r1');
my $e3 = start_e3(stopped => 1);
my $policy = "$e3->{dir}/policy";
my $POLICY = <<"END";
[rule database]
identity = uid:$>
operations = encrypt
apps = *
roles = *

[rule application]
identity = uid:$>
operations = decrypt
apps = *
roles = *
credential = app

[issuer app]
issuer = https://issuer.test
key = $other.pem
key = $key.pem
max_lifetime_s = 600
skew_s = 5
END

spit($policy, $POLICY);
spit($e3->{config}, slurp($e3->{config}) . "[access]\npolicy = $policy\n");
$e3->start;
my $node = new_node('credential', $e3, extra => "log_min_messages = warning\n");
my $session = session($node);

$session->query('CREATE TABLE t (v encrypted)');
$session->query(q{INSERT INTO t SELECT encrypt('plain ' || i) FROM generate_series(1, 3) i});
is($session->sqlstate, '00000', 'the database encrypts by itself');
is($session->query('SELECT usesuper FROM pg_user WHERE usename = current_user'), 't', 'as a superuser');

sub refused
{
	my ($sqlstate, $pattern, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->query('SELECT decrypt(v) FROM t');
	is($session->sqlstate, $sqlstate, $name);
	like($session->{error}, $pattern, 'with the cause');
	unlike($session->{error}, qr/plain \d|ey[JI]/, 'and neither value nor token');
	return;
}

sub with_token
{
	my ($token) = @_;

	$session->query("SET evcrypt.credential = '$token'");
	return $token;
}

refused('28000', qr/rule "application" \(line 7\) demands a credential: none was shown/, 'it does not decrypt');
$session->query(q{SELECT try_decrypt(v) FROM t});
is($session->sqlstate, '28000', 'nor does try_decrypt make a NULL of it');

my $good = with_token(Token::make($key));
$session->is('SELECT decrypt(v) FROM t', "plain 1\nplain 2\nplain 3", 'with a credential it does');
$session->is(q{SELECT decrypt(v) FROM t WHERE decrypt(v) = 'plain 2'}, 'plain 2', 'and again');

$session->query("BEGIN; $FORCE_PARALLEL");
like($session->query('EXPLAIN SELECT count(decrypt(v)) FROM t'), qr/Gather/, 'a plan with a parallel worker');
$session->is('SELECT count(decrypt(v)) FROM t', '3', 'which has the credential too');
$session->query('COMMIT');

# --- shown nowhere -------------------------------------------------------------

$session->is('SHOW evcrypt.credential', '****', 'SHOW');
$session->is(q{SELECT current_setting('evcrypt.credential')}, '****', 'current_setting');
$session->is(q{SELECT count(*) FROM pg_settings WHERE name = 'evcrypt.credential'}, '0', 'pg_settings');
unlike($session->query('SHOW ALL'), qr/evcrypt\.credential/, 'SHOW ALL');
$session->is(q{SELECT count(*) FROM pg_settings s WHERE s::text LIKE '%' || split_part('}
	  . $good . q{', '.', 3) || '%'}, '0', 'no row of pg_settings has it');
for my $kept (
	'ALTER ROLE CURRENT_USER SET evcrypt.credential = %s',
	'ALTER DATABASE postgres SET evcrypt.credential = %s',
	'ALTER SYSTEM SET evcrypt.credential = %s',
	q{CREATE FUNCTION kept() RETURNS int LANGUAGE sql SET evcrypt.credential = %s AS 'SELECT 1'})
{
	$session->query(sprintf $kept, "'$good'");
	isnt($session->sqlstate, '00000', sprintf $kept, '...');
	unlike($session->{error}, qr/\Q$good\E/, 'and the error does not show it');
}
for my $bad ("$good'' OR", 'x' x 8193, 'a b')
{
	$session->query("SET evcrypt.credential = '$bad'");
	is($session->sqlstate, '22023', 'what is none is refused');
	unlike($session->{error}, qr/\Q$bad\E/, 'and not shown');
}
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'and the one before stays');

# --- bad credentials -------------------------------------------------------------

my $now = time;
my @bad = (
	[ 'expired', '28000', qr/exp has passed/, Token::make($key, iat => $now - 100, exp => $now - 10) ],
	[ 'not valid yet', '28000', qr/not valid yet/, Token::make($key, iat => $now + 200, exp => $now + 300) ],
	[ 'nbf in the future', '28000', qr/not valid yet/, Token::make($key, nbf => $now + 200) ],
	[ 'too long a life', '28000', qr/max_lifetime_s/, Token::make($key, iat => $now, exp => $now + 601) ],
	[ 'without exp', '28000', qr/exp and iat/, Token::make($key, exp => undef) ],
	[ 'another issuer', '28000', qr/iss is no issuer/, Token::make($key, iss => 'https://other.test') ],
	[ 'another key', '28000', qr/not signed/, Token::make($foreign) ],
	[ 'an audience that nobody asked for', '28000', qr/aud/, Token::make($key, aud => 'x') ],
	[ 'alg none', '28000', qr/alg is not ES256/, Token::make($key, header => { alg => 'none' }) =~ s/[^.]+$/AA/r ],
	[ 'alg HS256', '28000', qr/alg is not ES256/, Token::make($key, header => { alg => 'HS256' }) ],
	[ 'crit', '28000', qr/crit/, Token::make($key, header => { alg => 'ES256', crit => ['x'] }) ],
	[ 'no signature', '28000', qr/not a JWT/, $good =~ s/[^.]+$//r ],
	[ 'another app', '42501', qr/other apps or operations/, Token::make($key, app => 'other') ],
	[ 'another operation', '42501', qr/other apps or operations/, Token::make($key, operations => ['encrypt']) ]);
for my $case (@bad)
{
	my ($name, $sqlstate, $pattern, $token) = @$case;

	with_token($token);
	refused($sqlstate, $pattern, $name);
}

# Every part of a good one, changed in one place.
my @parts = split /\./, $good;
for my $part (0 .. 2)
{
	for my $at (0, int(length($parts[$part]) / 2), length($parts[$part]) - 1)
	{
		my @tampered = @parts;
		my $old = substr $tampered[$part], $at, 1;
		substr($tampered[$part], $at, 1) = $old eq 'A' ? 'B' : 'A';
		with_token(join '.', @tampered);
		refused('28000', qr/demands a credential: /, "tampered in part $part at $at");
	}
}

# --- its life ----------------------------------------------------------------

with_token($good);
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'the good one again');
$session->query('BEGIN');
$session->query("SET LOCAL evcrypt.credential = ''");
refused('28000', qr/none was shown/, 'SET LOCAL takes it away');
$session->query('ROLLBACK');
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'until the transaction ends');
my $short = with_token(Token::make($key, iat => $now - 50, exp => time + 4));
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'one that has not much time left');
wait_until('it expires', sub {
	$session->query('SELECT decrypt(v) FROM t LIMIT 1');
	return $session->sqlstate ne '00000';
});
refused('28000', qr/exp has passed/, 'expires, also when E3 has seen it before');
with_token($good);
$session->query('DISCARD ALL');
$session->is('SHOW evcrypt.credential', '', 'DISCARD ALL');
refused('28000', qr/none was shown/, 'leaves none');

# A cursor shows the one that the session has when it fetches.
with_token($good);
$session->query('SET evcrypt.batch_rows = 1; BEGIN; DECLARE c CURSOR FOR SELECT decrypt(v) FROM t, generate_series(1, 100)');
$session->is('FETCH c', 'plain 1', 'a cursor with a credential');
with_token(Token::make($key, app => 'other'));
$session->query('FETCH ALL c');
is($session->sqlstate, '42501', 'goes on with the next one');
$session->query('ROLLBACK; RESET evcrypt.batch_rows');

# The issuer's key goes: what was verified before no longer counts.
with_token($good);
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'verified');
spit($policy, $POLICY =~ s/^key = \Q$key\E.pem\n//mr);
$e3->ctl('reload');
refused('28000', qr/not signed/, 'and its key is withdrawn');
spit($policy, $POLICY);
$e3->ctl('reload');
is($e3->ctl('policy', 'check'), "$policy: 2 rules, 1 issuers, 0 quotas\n", 'e3ctl policy check');
$e3->ctl_fails(1, 'one policy at a time', 'policy', 'check', $policy, $policy);
for my $pem ("$foreign.pem", "$key.key", '/nonexistent')
{
	spit($policy, $POLICY =~ s/^key = \Q$key\E.pem$/key = $pem/mr);
	$e3->ctl_fails(1, '.*: configuration is not valid.*', 'reload');
	$e3->ctl_fails(1, "\Q$policy\E:14: .*", 'policy', 'check');
}
$session->is('SELECT decrypt(v) FROM t LIMIT 1', 'plain 1', 'a policy with a bad key is refused');

unlike(slurp($e3->{log}), qr/ey[JI]|plain \d/, "nothing of it in E3's log");
$session->close;
$node->stop;
is($e3->stop, 0, 'E3 ends well');
done_testing();
