# Index keys: rotated while old and new indexes are found by = ANY (blind_index_all()),
# each as long as its key says; not moved by app rotate; and retired.
use strict;
use warnings;

use Batching qw(requests_of);
use CopyTest;
use E3Client;
use IPC::Run ();
use Test::More;

my $APP = 'index138';
my $watch = E3Client->new($ENV{E3_SOCKET});

sub e3ctl
{
	my ($out, $err);

	IPC::Run::run([ 'e3ctl', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($? >> 8) . $out . $err;
}

sub fails
{
	my ($pattern, @arguments) = @_;

	like(e3ctl(@arguments), qr/^1e3ctl: $pattern\n\z/, "e3ctl @arguments");
	return;
}

fails(qr/$APP: no app of this name/, 'index', 'add', $APP);
is(e3ctl('app', 'add', $APP), '0', 'an app');
fails(qr/$APP: has no index key; see index add/, 'index', 'rotate', $APP);
fails(qr/--bytes must be a whole number from 8 to 32/, 'index', 'add', $APP, '--bytes', $_) for 7, 33, 'x', '-8', '8 ';
is(e3ctl('index', 'add', $APP, '--bytes', 8), '0', 'index add: 8 bytes');
fails(qr/$APP: has an index key already; see index rotate/, 'index', 'add', $APP);

my $session = session();
$session->query("SET evcrypt.app = '$APP'; SET client_min_messages = warning");
$session->query(<<'END');
CREATE TABLE people (id int, email text, bidx bytea);
CREATE INDEX ON people (bidx);
INSERT INTO people SELECT i, 'user' || i, blind_index('user' || i) FROM generate_series(1, 5000) i;
ANALYZE people
END
is($session->{error}, '', 'a table');
is($session->query('SELECT DISTINCT length(bidx) FROM people'), 8, 'whose indexes have 8 bytes');
my $first = $session->query(q{SELECT blind_index('user77')});
is(e3ctl('app', 'rotate', $APP), '0', 'app rotate');
is($session->query(q{SELECT blind_index('user77')}), $first, 'leaves indexes alone');

# --- rotated -----------------------------------------------------------------

my $ANY = q{SELECT id FROM people WHERE bidx = ANY (blind_index_all('user77')) ORDER BY id};

sub is_found
{
	my ($what) = @_;
	my $before = $watch->stats->{requests_blind_index};

	is($session->query($ANY), '77', "$what: found");
	is($watch->stats->{requests_blind_index} - $before, 1, 'by one request');
	return;
}

is(e3ctl('index', 'rotate', $APP, '--bytes', 32), '0', 'index rotate: 32 bytes');
is($session->query('SELECT key_versions, index_versions FROM evcrypt_health()'), '{2,1}|{2,1}', 'both have versions of their own');
is(join(' ', map { "@$_" } @{ $watch->call('KEYS', { app => $APP })->{header}{index_keys} }), '2 32 1 8', 'KEYS says them, with their lengths');
like(e3ctl('index', 'list'), qr/^(?:0|)$APP\t2\t\S+Z\t32\n$APP\t1\t\S+Z\t8\n/m, 'so does index list');
is($session->query(q{SELECT length(blind_index('x')), array_length(blind_index_all('x'), 1), length((blind_index_all('x'))[2])}), '32|2|8',
	'the newest is what blind_index gives, and the first of blind_index_all');
is($session->query(q{SELECT count(*) FROM people WHERE bidx = blind_index('user77')}), 0, 'which the old indexes are not');
is_found('none re-indexed');
like($session->query("EXPLAIN (COSTS off) $ANY"), qr/Index Scan (?:using|on) people_bidx_idx.*Index Cond: \(bidx = ANY \((?:\$\d+|\(InitPlan 1\)\.col1)\)\)/s,
	'by an index scan');
is(requests_of($session, $watch, "EXPLAIN $ANY"), 0, 'EXPLAIN makes no request');
$session->query(q{UPDATE people SET bidx = blind_index(email) WHERE id % 2 = 1});
is_found('half re-indexed');
is($session->query(q{SELECT count(*) FROM people WHERE bidx = ANY (blind_index_all(email))}), 5000, 'old and new are all found');
is(e3ctl('index', 'rotate', $APP), '0', 'index rotate: again');
is($session->query(q{SELECT length(blind_index('x')), array_length(blind_index_all('x'), 1)}), '32|3', 'as long as the one before');
$session->query(q{UPDATE people SET bidx = blind_index(email) WHERE bidx <> blind_index(email)});
is_found('all re-indexed');
is($session->query(q{SELECT id FROM people WHERE bidx = blind_index('user77')}), '77', 'also by blind_index');

# --- retired -----------------------------------------------------------------

fails(qr/$APP: no look-up will find what was indexed under version 1; .* --force/, 'index', 'retire', $APP, 1);
fails(qr/$APP: index key version 3 is the newest; rotate first/, 'index', 'retire', $APP, 3, '--force');
fails(qr/$APP: no index key version 4/, 'index', 'retire', $APP, 4, '--force');
is($session->query('SELECT index_versions FROM evcrypt_health()'), '{3,2,1}', 'what was refused has retired nothing');
is(e3ctl('index', 'retire', $APP, $_, '--force'), '0', "index retire $_") for 1, 2;
is($session->query('SELECT index_versions FROM evcrypt_health()'), '{3}', 'retired');
is_found('one index key left');
is($session->query(q{SELECT array_length(blind_index_all('x'), 1)}), 1, 'and blind_index_all has one');

# At most eight at a time.
is(e3ctl('index', 'rotate', $APP), '0', "index key $_") for 2 .. 8;
fails(qr/$APP: keyring has as many apps or key versions as it can hold/, 'index', 'rotate', $APP);
is($session->query(q{SELECT array_length(blind_index_all('x'), 1)}), 8, 'all of them');
is_found('among eight');

$session->query('DROP TABLE people');
done_testing();
