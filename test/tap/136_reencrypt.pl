# reencrypt() in SQL: batched, with datatype, role and context kept, for whoever may
# execute it; and cancelled.
use strict;
use warnings;

use Batching qw(outcome same_both_ways requests_of $DAMAGED);
use CopyTest;
use E3Client;
use Test::More;
use Time::HiRes qw(time);

my $ROWS = 10_000;
my $APP = 'reencrypt136';
my $watch = E3Client->new($ENV{E3_SOCKET});

sub ctl { is(system('e3ctl', @_), 0, "e3ctl @_"); return }

ctl('app', 'add', $APP);
my $session = session();
$session->query("SET evcrypt.app = '$APP'; SET client_min_messages = warning");
$session->query(<<"END");
CREATE TABLE old AS SELECT i AS id, encrypt('value ' || i) AS t, encrypt(i) AS n, encrypt(i % 2 = 0) AS b,
	encrypt(int4send(i)) AS y, encrypt('bound ' || i, 'row ' || i) AS c FROM generate_series(1, $ROWS) i;
CREATE TABLE new (LIKE old)
END
is($session->{error}, '', 'values of every datatype');
ctl('app', 'rotate', $APP);
my ($id) = map { (split /\t/)[3] } grep { /^$APP\t2\t/ } split /\n/, `e3ctl app list`;

my $INSERT = q{INSERT INTO new SELECT id, reencrypt(t), reencrypt(n), reencrypt(b), reencrypt(y), reencrypt(c, 'row ' || id) FROM old};
my $requests = requests_of($session, $watch, $INSERT);
cmp_ok($requests, '<=', 14, "$ROWS rows of five values: $requests requests");
is($session->query(<<'END'), $ROWS, 'all of them are what they were');
SELECT count(*) FROM new WHERE decrypt(t) = 'value ' || id AND decrypt_as(n, NULL::int) = id
	AND decrypt_as(b, NULL::bool) = (id % 2 = 0) AND decrypt_as(y, NULL::bytea) = int4send(id) AND decrypt(c, 'row ' || id) = 'bound ' || id
END
is($session->query('SELECT DISTINCT i.version, i.datatype, i.bound, i.key_id FROM new, LATERAL (VALUES (t), (n), (b), (c)) AS v(v), encrypted_info(v) i ORDER BY 1, 2'),
	join("\n", map { "$_|$id" } 'QkTC|boolean|f', 'QkTC|number|f', 'QkTC|string|f', 'RVZS|string|t'),
	'by themselves they say datatype, binding, and the newest key');
is($session->query('SELECT count(*) FROM old JOIN new USING (id) WHERE old.t::text = new.t::text'), 0, 'and all are others');
$session->query('SET evcrypt.curve = secp256k1');
is($session->query(q{SELECT (encrypted_info(reencrypt(t))).version, (encrypted_info(reencrypt(c, 'row 1'))).version FROM old WHERE id = 1}),
	'S0lS|RVZL', 'evcrypt.curve says on which curve');
$session->query('RESET evcrypt.curve');
$session->query('SET evcrypt.format = Tk9D');
is($session->query('SELECT (encrypted_info(reencrypt(t))).version FROM old WHERE id = 1'), 'QkTC', 'evcrypt.format is for new values');
$session->query('RESET evcrypt.format');
is($session->query('SELECT (r).key_id FROM (SELECT encrypted_info(reencrypt(t::text::encrypted)) r FROM old WHERE id = 1) s'), $id,
	'what came in as text names its key from then on');

like($session->query('EXPLAIN (COSTS off) UPDATE old SET t = reencrypt(t)'),
	qr/Custom Scan \(Evcrypt Batch\)\n\s+Batched Calls: reencrypt\n/, 'EXPLAIN shows the node');
is(requests_of($session, $watch, 'EXPLAIN SELECT reencrypt(t) FROM old'), 0, 'and makes no request');

# --- batching on, and off ---------------------------------------------------

$session->query(q{CREATE FUNCTION again(encrypted) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN decrypt(reencrypt($1)); END'});
my %same = (
	'select list' => 'SELECT id, decrypt(reencrypt(t)) FROM old WHERE id <= 50 ORDER BY id',
	'update' => 'UPDATE old SET t = reencrypt(t), c = reencrypt(c, \'row \' || id) WHERE id <= 50; SELECT decrypt(t), decrypt(c, \'row \' || id) FROM old WHERE id <= 60 ORDER BY id',
	'a null' => 'SELECT reencrypt(NULL) IS NULL, reencrypt(CASE WHEN id > 1 THEN t END) IS NULL, reencrypt(NULL, \'c\') IS NULL FROM old WHERE id <= 3 ORDER BY id',
	'a null context' => 'SELECT reencrypt(c, NULL) FROM old WHERE id = 1',
	'a guarded call' => "SELECT CASE WHEN id <> 2 THEN decrypt(reencrypt(v)) END FROM (SELECT id, CASE WHEN id = 2 THEN $DAMAGED ELSE t END AS v FROM old WHERE id <= 4) s ORDER BY id",
	'a damaged one' => "SELECT reencrypt(v) FROM (SELECT id, CASE WHEN id = 3 THEN $DAMAGED ELSE t END AS v FROM old WHERE id <= 4 ORDER BY id) s",
	'without the context' => 'SELECT reencrypt(c) FROM old WHERE id = 1',
	'with another' => 'SELECT reencrypt(c, \'row 2\') FROM old WHERE id = 1',
	'with one too many' => 'SELECT reencrypt(t, \'row 1\') FROM old WHERE id = 1',
	'in a function' => 'SELECT again(t) FROM old WHERE id <= 3 ORDER BY id');
same_both_ways($session, $_, $same{$_}) for sort keys %same;
like(outcome($session, 'on', $same{'a null context'}), qr/22004$/, 'a context that is NULL: 22004');
like(outcome($session, 'on', $same{'without the context'}), qr/EV023$/, 'a context that is missing: EV023');
like(outcome($session, 'on', $same{'a damaged one'}), qr/EV020$/, 'a damaged value: EV020');
is($session->query('SELECT count(DISTINCT reencrypt(t)::text) FROM old, generate_series(1, 3) WHERE id = 1'), 3, 'every call makes another ciphertext');

# --- who may ---------------------------------------------------------------

$session->query('CREATE ROLE someone; GRANT SELECT ON old TO someone; SET ROLE someone');
for my $call ('reencrypt(t)', q{reencrypt(c, 'row 1')}, q{blind_index('x')}, q{blind_index('x', 'c')}, q{blind_index_all('x')}, q{blind_index_all('x', 'c')})
{
	$session->query("SELECT $call FROM old WHERE id = 1");
	is($session->sqlstate, '42501', "$call: without EXECUTE");
}
$session->query('RESET ROLE; GRANT EXECUTE ON FUNCTION reencrypt(encrypted) TO someone; SET ROLE someone');
is($session->query('SELECT (encrypted_info(reencrypt(t))).key_id FROM old WHERE id = 1'), $id, 'with EXECUTE');
$session->query('SELECT decrypt(t) FROM old WHERE id = 1');
is($session->sqlstate, '42501', 'which is no right to decrypt');
$session->query('RESET ROLE');

# --- another tenant's ---------------------------------------------------------

ctl('app', 'add', "${APP}b");
$session->query("SET evcrypt.app = '${APP}b'");
$session->query('SELECT reencrypt(t) FROM old WHERE id = 1');
is($session->sqlstate, 'EV011', "another tenant's value is none of one's own keys");
$session->query('SELECT reencrypt(t::text::encrypted) FROM old WHERE id = 1');
is($session->sqlstate, 'EV020', 'and does not open where it names none');
$session->query("SET evcrypt.app = '$APP'");

# --- cancelled --------------------------------------------------------------

my $other = session();
my $start = time;
$session->query('BEGIN; UPDATE old SET t = reencrypt(t); ROLLBACK');
my $whole = time - $start;
my ($cancelled, $in_sync) = (0, 0);
srand(136);
my $rounds = 40;
for (1 .. $rounds)
{
	$session->send('UPDATE old SET t = reencrypt(t)');
	select undef, undef, undef, rand($whole);
	$other->query("SELECT pg_cancel_backend($session->{backend})");
	$session->receive;
	$cancelled++ if $session->sqlstate eq '57014';
	my $count = $session->query(q{SELECT count(*) FROM old WHERE decrypt(t) = 'value ' || id});
	# A cancel that comes late hits the next statement.
	$count = $session->query(q{SELECT count(*) FROM old WHERE decrypt(t) = 'value ' || id}) if $session->sqlstate eq '57014';
	$in_sync++ if $count eq $ROWS;
}
is($in_sync, $rounds, "cancelled at random moments $rounds times ($cancelled were), every value opens each time");
cmp_ok($cancelled, '>', $rounds / 8, 'many were cancelled');

my $stat = $session->query(q{SELECT operation, curve, requests > 0, "values" > 0, errors >= 0 FROM evcrypt_stat WHERE operation = 'reencrypt' AND curve = 'p256'});
is($stat, 'reencrypt|p256|t|t|t', 'evcrypt_stat has a row for it');
my $stats = $watch->stats;
cmp_ok($stats->{requests_reencrypt}, '>', 0, 'and so have STATS of E3');

$session->query('DROP TABLE old, new; DROP FUNCTION again; REVOKE ALL ON FUNCTION reencrypt(encrypted) FROM someone; DROP ROLE someone');
is($session->{error}, '', 'nothing is left');
done_testing();
