# Blind indexes: in an ordinary bytea column, filled by the statement or by a trigger,
# found by an index scan that asks E3 once an execution and never for EXPLAIN.
use strict;
use warnings;

use Batching qw(outcome same_both_ways requests_of values_of);
use CopyTest;
use E3Client;
use IPC::Run ();
use Test::More;

my $ROWS = 20_000;
my ($ADA, $BOB) = qw(ada137 bob137);
my $watch = E3Client->new($ENV{E3_SOCKET});

sub ctl { is(system('e3ctl', @_), 0, "e3ctl @_"); return }

my $session = session();
for my $app ($ADA, $BOB)
{
	ctl('app', 'add', $app);
	$session->query("SET evcrypt.app = '$app'");
	$session->query(q{SELECT blind_index('x')});
	is($session->sqlstate, 'EV012', "$app has no index key, which is an error of its own");
	like($session->{error}, qr/HINT:  .*e3ctl index add/, 'with a hint');
	ctl('index', 'add', $app);
}
$session->query("SET evcrypt.app = '$ADA'; SET client_min_messages = warning");
is($session->query('SELECT index_versions FROM evcrypt_health()'), '{1}', 'evcrypt_health() shows it');

# --- what it is ------------------------------------------------------------

my $of = q{SELECT blind_index('alice')};
my $alice = $session->query($of);
like($alice, qr/^\\x[0-9a-f]{32}$/, '16 bytes');
is($session->query($of), $alice, 'the same each time');
isnt($session->query(q{SELECT blind_index('Alice')}), $alice, 'and another for another value');
isnt($session->query(q{SELECT blind_index('alice', '')}), $alice, 'or with a context, even an empty one');
isnt($session->query(q{SELECT blind_index('alice', 'a')}), $session->query(q{SELECT blind_index('alice', 'b')}), 'or another context');
is($session->query(q{SELECT blind_index_all('alice')}), '{"\\\\' . substr($alice, 1) . '"}', 'blind_index_all has the one there is');
is($session->query(q{SELECT blind_index(NULL) IS NULL, blind_index(NULL, 'c') IS NULL, blind_index_all(NULL) IS NULL}), 't|t|t', 'NULL for NULL');
is($session->query(q{SELECT blind_index('') IS NOT NULL}), 't', 'and an index for the empty string');
for my $call (q{blind_index('x', NULL)}, q{blind_index_all('x', NULL)})
{
	$session->query("SELECT $call");
	is($session->sqlstate, '22004', "$call: 22004");
}
$session->query("SET evcrypt.app = '$BOB'");
isnt($session->query($of), $alice, 'two tenants have nothing in common');
$session->query("SET evcrypt.app = '$ADA'");

# --- filled by the statement, and by a trigger -----------------------------

$session->query(<<"END");
CREATE TABLE people (id int, email encrypted, bidx bytea);
CREATE TABLE hashed (id int, email encrypted, bidx bytea);
CREATE INDEX ON people (bidx);
CREATE INDEX ON hashed USING hash (bidx);
CREATE FUNCTION take_email() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN new.bidx := blind_index(decrypt(new.email), ''hashed.email''); RETURN new; END';
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON hashed FOR EACH ROW EXECUTE FUNCTION take_email()
END
is($session->{error}, '', 'a btree and a hash index');
my $requests = requests_of($session, $watch,
	"INSERT INTO people SELECT i, encrypt('user' || i % 5000), blind_index('user' || i % 5000) FROM generate_series(1, $ROWS) i");
cmp_ok($requests, '<=', 16, "$ROWS rows by $requests requests");
$session->query(q{INSERT INTO hashed SELECT i, encrypt('user' || i) FROM generate_series(1, 300) i; ANALYZE people; ANALYZE hashed});
is($session->{error}, '', 'and by a trigger');
my $values = values_of($session, $watch, q{SELECT count(*) FROM (SELECT blind_index('one of ' || i % 10) FROM generate_series(1, 3000) i) s WHERE blind_index IS NOT NULL});
cmp_ok($values, '<=', 40, "equal values of a batch are asked for once: $values");

# --- found by an index scan ------------------------------------------------

sub explained
{
	my ($sql) = @_;

	return $session->query("EXPLAIN (COSTS off) $sql");
}

my %lookup = (
	people => q{SELECT id, decrypt(email) FROM people WHERE bidx = blind_index('user77') ORDER BY id},
	hashed => q{SELECT id, decrypt(email) FROM hashed WHERE bidx = blind_index('user77', 'hashed.email')});
my %found = (people => join("\n", map { $_ * 5000 + 77 . '|user77' } 0 .. 3), hashed => '77|user77');
for my $table (sort keys %lookup)
{
	my $plan = explained($lookup{$table});
	like($plan, qr/Index Scan (?:using|on) ${table}_bidx_idx.*Index Cond: \(bidx = (?:\$\d+|\(InitPlan 1\)\.col1)\)/s,
		"$table: an index scan");
	like($plan, qr/^  InitPlan 1.*\n    ->  Result$/m, 'by an index that is made once');
	is(requests_of($session, $watch, "EXPLAIN $lookup{$table}"), 0, 'EXPLAIN makes no request');
	is(requests_of($session, $watch, "PREPARE q AS $lookup{$table}"), 0, 'nor does PREPARE');
	my $before = $watch->stats->{requests_blind_index};
	is($session->query('EXECUTE q'), $found{$table}, 'it finds what it is to find');
	is($watch->stats->{requests_blind_index} - $before, 1, 'by one request');
	$session->query('EXECUTE q') for 1 .. 9;
	is($watch->stats->{requests_blind_index} - $before, 10, 'an execution');
	$session->query('DEALLOCATE q');
}
$session->query(q{PREPARE q(text) AS SELECT count(*) FROM people WHERE bidx = blind_index($1)});
my $before = $watch->stats->{requests_blind_index};
is($session->query("EXECUTE q('user$_')"), 4, "a parameter, execution $_") for 1 .. 8;
is($watch->stats->{requests_blind_index} - $before, 8, 'one request each, generic plan or custom');
like($session->query(q{EXPLAIN (COSTS off) EXECUTE q('user1')}), qr/Index.*people_bidx_idx/, 'and an index scan');
is($watch->stats->{requests_blind_index} - $before, 8, 'EXPLAIN EXECUTE makes none');
is($session->query(q{SELECT count(*) FROM people WHERE bidx = blind_index('nobody')}), 0, 'what is not there is not found');
is($session->query(q{SELECT count(*) FROM people p JOIN people q USING (bidx) WHERE p.id = 77}), 4, 'columns join');

# --- batching on, and off ---------------------------------------------------

my %same = (
	'select list' => q{SELECT id, blind_index('user' || id), blind_index_all('user' || id, 'c') FROM people WHERE id <= 20 ORDER BY id},
	'where' => q{SELECT id FROM people WHERE bidx = blind_index('user' || id) ORDER BY id LIMIT 50},
	'a look-up' => $lookup{people},
	'of decrypted values' => q{SELECT count(*) FROM people WHERE id <= 500 AND bidx = blind_index(decrypt(email))},
	'a join' => q{SELECT v.i, p.id FROM generate_series(1, 20) v(i) JOIN people p ON p.bidx = blind_index('user' || v.i) WHERE p.id <= 5000 ORDER BY 1},
	'an update' => q{UPDATE people SET bidx = blind_index(decrypt(email), 'p') WHERE id <= 20; SELECT count(*) FROM people WHERE bidx = blind_index('user' || id, 'p') AND id <= 30},
	'a null' => q{SELECT blind_index(CASE WHEN id > 2 THEN 'x' END), blind_index('x', CASE WHEN id > 0 THEN 'c' END) FROM people WHERE id <= 4 ORDER BY id},
	'a context that is null' => q{SELECT blind_index('x', CASE WHEN id <> 3 THEN 'c' END) FROM people WHERE id <= 4 ORDER BY id});
same_both_ways($session, $_, $same{$_}) for sort keys %same;
like(outcome($session, 'on', $same{'a look-up'}), qr/^77\|user77\n/, 'which finds something');

# --- other encodings ---------------------------------------------------------

my $in_utf8 = $session->query(q{SELECT blind_index(U&'zo\00eb')});
query(q{CREATE DATABASE latin137 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
{
	local $ENV{PGDATABASE} = 'latin137';
	query('CREATE EXTENSION evcrypt');
	is(query("SET evcrypt.app = '$ADA'; SELECT blind_index(U&'zo\\00eb')"), $in_utf8, 'it is of UTF-8, whatever the server encoding');
}
query('DROP DATABASE latin137');

my $stat = $session->query(q{SELECT operation, curve IS NULL, requests > 0, "values" > 0 FROM evcrypt_stat WHERE operation = 'blind_index'});
is($stat, 'blind_index|t|t|t', 'evcrypt_stat has one row for it');

# --- its statements are hidden ------------------------------------------------

$session->query(q{SELECT blind_index('canary137 secret') FROM nowhere});
my $log = slurp("$ENV{EVCRYPT_STACK}/postgresql.log");
unlike($log, qr/canary137/, 'no value is in the log, not even of a statement that fails');

$session->query('DROP TABLE people, hashed; DROP FUNCTION take_email');
is($session->{error}, '', 'nothing is left');
done_testing();
