# Documents at the limits, and beyond them: fields of one document, values that do not
# fit a frame beside each other or at all; and the requests that they make.
use strict;
use warnings;

use Batching qw(requests_of);
use CopyTest qw(session second_e3);
use E3Client;
use Test::More;

my $FIELDS = 262_144;
my $VALUE = 67_108_864;

my $e3 = second_e3();
my $session = session();
my $watch = E3Client->new($e3->{socket});

sub ok_sql
{
	my ($sql, $expected, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $out = $session->query($sql);
	is($out, $expected, $name) or diag($session->{error});
	return;
}

sub set_up
{
	my ($sql) = @_;

	$session->query($sql);
	BAIL_OUT("set up: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return;
}

# It fails with this SQLSTATE, and the message does not show what the document holds.
sub fails
{
	my ($sql, $state, $message, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->query($sql);
	is($session->sqlstate, $state, "$name: $state");
	like($session->{error}, $message, "$name: message");
	unlike($session->{error}, qr/hidden/, "$name: no data");
	return;
}

set_up(qq{SET client_min_messages = warning; SET evcrypt.endpoints = 'unix:$e3->{socket}';
	CREATE SCHEMA json_limits; SET search_path = json_limits, public;
	CREATE TABLE wide AS SELECT n, jsonb_agg('hidden'::text) AS doc
		FROM (VALUES ($FIELDS), ($FIELDS + 1)) AS v(n), generate_series(1, n) GROUP BY n});

# --- fields ------------------------------------------------------------------

ok_sql("SELECT decrypt_fields(encrypt_fields(doc, '{\"{*}\"}')) = doc FROM wide WHERE n = $FIELDS", 't',
	"$FIELDS fields");
fails("SELECT encrypt_fields(doc, '{\"{*}\"}') FROM wide WHERE n > $FIELDS", '54000', qr/limit is 262144 fields/,
	'one field more');
ok_sql("SELECT encrypt_fields(doc, '{\"{0}\",\"{-1}\"}') <> doc FROM wide WHERE n > $FIELDS", 't',
	'only fields on the paths count');
ok_sql("SELECT count(*) FROM (SELECT encrypt_fields(doc, '{\"{*}\"}') FROM wide ORDER BY n LIMIT 1) AS s", 1,
	'a document beyond the limit fails when it is reached');
is(requests_of($session, $watch, "SELECT encrypt_fields(doc, '{\"{*}\"}') FROM wide WHERE n = $FIELDS"), 1,
	'as many fields as there may be: one request');
$session->query('SET evcrypt.batch = off');
fails("SELECT encrypt_fields(doc, '{\"{*}\"}') FROM wide", '54000', qr/limit is 262144 fields/, 'one by one');
$session->query('RESET evcrypt.batch');

# --- frames ------------------------------------------------------------------

# Together they are longer than a frame (80 MiB), each way.
set_up(q{CREATE TABLE large AS SELECT 1 AS id,
	jsonb_build_object('a', repeat('a', 45000000), 'b', repeat('b', 45000000), 'c', 1, 'd', 'd') AS plain});
is(requests_of($session, $watch, q{CREATE TABLE large_sealed AS SELECT id, encrypt_fields(plain, '{"{*}"}') AS doc FROM large}), 2,
	'90 MB of values: two requests');
is(requests_of($session, $watch, 'SELECT count(decrypt_fields(doc)) FROM large_sealed'), 2, 'and two to decrypt them');
ok_sql('SELECT decrypt_fields(doc) = plain FROM large_sealed JOIN large USING (id)', 't', 'they are what they were');
fails(q{SELECT decrypt_fields(jsonb_set(doc, '{b}', '"ev:QkTC:hidden:$"')) FROM large_sealed}, '22P02', qr/field 2 of the document/,
	'one that is no ciphertext, in the second');
ok_sql(q{SELECT count(decrypt_fields(doc)) FROM large_sealed WHERE id < 0}, 0, 'none of them');

# What does not fit beside a document that is there goes with the next one.
set_up(q{CREATE TABLE beside AS SELECT 1 AS id, jsonb_build_object('a', repeat('a', 4000000)) AS plain
	UNION ALL SELECT 2, jsonb_build_object('a', repeat('a', 41000000), 'b', repeat('b', 40000000));
	SET evcrypt.batch_bytes = '8MB'});
is(requests_of($session, $watch, q{CREATE TABLE beside_sealed AS SELECT id, encrypt_fields(plain, '{"{a}","{b}"}') AS doc FROM beside}), 2,
	'4 MB, and 81 MB: two requests');
ok_sql('SELECT count(*) FROM beside_sealed JOIN beside USING (id) WHERE decrypt_fields(doc) = plain', 2, 'they are what they were');

# --- values ------------------------------------------------------------------

ok_sql("SELECT decrypt_fields(encrypt_fields(doc, '{\"{0}\"}')) = doc
	FROM (SELECT jsonb_build_array(repeat('x', $VALUE)) AS doc OFFSET 0) AS s", 't', 'the longest value');
fails("SELECT encrypt_fields(doc, '{\"{0}\"}')
	FROM (SELECT jsonb_build_array(repeat('x', $VALUE + 1)) AS doc OFFSET 0) AS s", '54000', qr/value is longer than the limit/,
	'one byte more');
fails(q{SELECT encrypt_fields('[1]', '{"{0}"}', repeat('x', 1048577))}, '54000', qr/context is longer/, 'a context that is too long');
# Too large for jsonb when it is encrypted, as base64 is longer.
fails(q{SELECT count(encrypt_fields(doc, '{"{*}"}')) FROM
	(SELECT jsonb_agg(repeat('hidden', 8000000)) AS doc FROM generate_series(1, 5)) AS s}, '54000', qr/jsonb/, 'a document that becomes too large');
ok_sql(q{SELECT decrypt_fields(encrypt_fields('[1]', '{"{0}"}'))}, '[1]', 'and all goes on');

$session->query('DROP SCHEMA json_limits CASCADE');
$watch->close;
$session->close;
done_testing();
