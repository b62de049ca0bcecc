# Documents in batches: the same results with batching and without, the requests that
# 10,000 documents of 20 fields make, and what they take against a call per field.
use strict;
use warnings;

use Batching qw(same_both_ways requests_of);
use CopyTest qw(session second_e3 slurp);
use E3Client;
use File::Temp ();
use FindBin qw($RealBin);
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

# Keys of an SDK's strings.
my $vectors = decode_json(slurp("$RealBin/../vectors/ciphertexts.json"));
my $dir = File::Temp->newdir;

sub key_file
{
	my ($curve) = @_;

	open my $file, '>', "$dir/$curve" or die;
	print $file "$vectors->{curves}{$curve}{private}\n";
	close $file;
	return "$dir/$curve";
}

is(system('e3ctl', 'app', 'import', 'json_sdk', '--private-key', key_file('p256'),
		'--secp256k1-private-key', key_file('secp256k1')), 0, 'keys are imported');

# An E3 that nobody else asks.
my $e3 = second_e3();
my $session = session();
my $watch = E3Client->new($e3->{socket});

sub set_up
{
	my ($sql) = @_;

	$session->query($sql);
	BAIL_OUT("set up: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return;
}

# Documents of many shapes: scalars, arrays, nothing to encrypt, NULL.
set_up(qq{SET evcrypt.endpoints = 'unix:$e3->{socket}'; SET max_parallel_workers_per_gather = 0;
	CREATE SCHEMA json; SET search_path = json, public});
set_up(q{
	CREATE TABLE docs (id int PRIMARY KEY, plain jsonb, sealed jsonb, bound jsonb, path text);
	INSERT INTO docs SELECT i, CASE i % 7
		WHEN 0 THEN jsonb_build_object('name', 'name ' || i, 'card', jsonb_build_array(
			jsonb_build_object('number', i, 'ok', i % 2 = 0), jsonb_build_object('number', 'x' || i)))
		WHEN 1 THEN jsonb_build_array(i, 'text ' || i, NULL, jsonb_build_object('name', i))
		WHEN 2 THEN to_jsonb('scalar ' || i)
		WHEN 3 THEN '{}'
		WHEN 4 THEN jsonb_build_object('name', NULL, 'other', repeat('o', i), 'card', '[]'::jsonb)
		WHEN 5 THEN jsonb_build_object('name', jsonb_build_object('first', 'f' || i, 'last', i * 1.50), 'id', i)
		END FROM generate_series(1, 300) i;
	UPDATE docs SET path = CASE id % 3 WHEN 0 THEN '{name}' WHEN 1 THEN '{1}' ELSE '{card,*,number}' END,
		sealed = encrypt_fields(plain, '{"{name}","{card,*,*}","{1}","{3,*}"}'),
		bound = encrypt_fields(plain, '{"{name}","{1}"}', id::text)});

my @STATEMENTS = (
	[ 'select list' => 'SELECT id, decrypt_fields(sealed) FROM docs ORDER BY id' ],
	[ 'paths' => q{SELECT id, decrypt_fields(bound, '{"{name}","{1}"}', id::text) FROM docs ORDER BY id} ],
	[ 'a path of the row' => q{SELECT id, decrypt_fields(encrypt_fields(plain, ARRAY[path]), ARRAY[path]) FROM docs ORDER BY id} ],
	[ 'there and back' => q{SELECT id, decrypt_fields(encrypt_fields(plain, '{"{}"}')) FROM docs ORDER BY id} ],
	[ 'two calls' => q{SELECT id, decrypt_fields(sealed) = decrypt_fields(bound, '{"{name}","{1}"}', id::text) FROM docs ORDER BY id} ],
	[ 'beside others' => q{SELECT id, decrypt_fields(sealed), decrypt(encrypt(id)) FROM docs ORDER BY id} ],
	[ 'WHERE' => q{SELECT id FROM docs WHERE decrypt_fields(sealed) #>> '{card,0,ok}' = 'true' ORDER BY id} ],
	[ 'aggregate' => 'SELECT id % 5, jsonb_agg(decrypt_fields(sealed) ORDER BY id) FROM docs GROUP BY 1 ORDER BY 1' ],
	[ 'ORDER BY' => 'SELECT id FROM docs ORDER BY decrypt_fields(sealed), id' ],
	[ 'join' => 'SELECT count(*) FROM docs a JOIN docs b ON decrypt_fields(a.sealed) = b.plain' ],
	[ 'CASE' => 'SELECT id, CASE WHEN id % 2 = 0 THEN decrypt_fields(sealed) END FROM docs ORDER BY id' ],
	[ 'LIMIT' => 'SELECT id, decrypt_fields(sealed) FROM docs ORDER BY id LIMIT 11' ],
	[ 'NULL paths' => 'SELECT id, decrypt_fields(sealed, CASE WHEN id % 2 = 0 THEN ARRAY[path] END) IS NULL FROM docs WHERE id % 7 = 3 ORDER BY id' ],
	[ 'UPDATE' => q{UPDATE docs SET plain = decrypt_fields(encrypt_fields(plain, '{"{*}"}')) || '{"n": 1}' WHERE id % 7 = 5;
		SELECT id, plain FROM docs ORDER BY id} ],
	[ 'INSERT ... SELECT' => q{INSERT INTO docs (id, sealed) SELECT id + 1000, encrypt_fields(plain, '{"{name}"}') FROM docs;
		SELECT id, decrypt_fields(sealed) FROM docs ORDER BY id} ],
	[ 'INSERT ... VALUES' => q{INSERT INTO docs (id, sealed) VALUES (1001, encrypt_fields('{"a": 1}', '{"{a}"}')),
		(1002, encrypt_fields('[true]', '{"{0}"}')), (1003, NULL); SELECT id, decrypt_fields(sealed) FROM docs WHERE id > 1000 ORDER BY id} ],
	[ 'generic plan' => q{SET LOCAL plan_cache_mode = force_generic_plan;
		PREPARE p(text[]) AS SELECT id, decrypt_fields(encrypt_fields(plain, $1), $1) FROM docs ORDER BY id; EXECUTE p('{"{name}","{*,0}"}')} ],
	[ 'parallel workers' => 'SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
		SELECT count(*), sum(length(decrypt_fields(sealed)::text)) FROM docs' ],
	[ 'one that does not open' => q{SELECT decrypt_fields(CASE WHEN id = 14 THEN to_jsonb(overlay(sealed ->> 'name' placing 'AAAA' from 9)) ELSE sealed END) FROM docs} ],
	[ 'before it, LIMIT' => q{SELECT id, decrypt_fields(CASE WHEN id = 14 THEN '["ev:QkTC:cut"]' ELSE sealed END) FROM docs ORDER BY id LIMIT 13} ],
	[ 'one that is encrypted already' => q{SELECT id, encrypt_fields(sealed, '{"{name}"}') FROM docs WHERE id IN (1, 2, 3, 7)} ],
	[ 'caught' => q{DO $$ BEGIN PERFORM encrypt_fields(sealed, '{"{name}"}') FROM docs; EXCEPTION WHEN datatype_mismatch THEN NULL; END $$;
		SELECT count(decrypt_fields(sealed)) FROM docs} ],
	[ 'malformed path' => q{SELECT decrypt_fields(sealed, ARRAY['a']) FROM docs} ],
	[ 'NULL context' => q{SELECT decrypt_fields(bound, '{"{name}"}', CASE WHEN id < 7 THEN id::text END) FROM docs WHERE id % 7 = 0} ]);

same_both_ways($session, @$_) for @STATEMENTS;
is($session->query(q{SELECT count(*) FROM docs WHERE record_image_eq(ROW(decrypt_fields(sealed)), ROW(plain))}),
	300, 'all documents are what they were, byte for byte');
is(requests_of($session, $watch, 'SELECT count(decrypt_fields(sealed)) FROM docs'), 1, '300 documents: one request');
$session->query('SET evcrypt.batch = off');
is(requests_of($session, $watch, 'SELECT decrypt_fields(sealed) FROM docs'),
	$session->query(q{SELECT count(*) FROM docs WHERE sealed::text LIKE '%"ev:%'}), 'without batches one for each that has fields');
$session->query('RESET evcrypt.batch');
is(requests_of($session, $watch, 'EXPLAIN (VERBOSE) SELECT decrypt_fields(sealed) FROM docs WHERE plain = decrypt_fields(sealed)'), 0, 'EXPLAIN: none');
is(requests_of($session, $watch, q{SELECT decrypt_fields(sealed) FROM docs WHERE id % 7 = 3}), 0, 'nothing to decrypt: none');

# A structure as an SDK makes it: each string, number and boolean a string of its own.
{
	my @sdk = grep { $_->{source} eq 'sdk' } @{ $vectors->{ciphertexts} };
	my $json = JSON::PP->new->ascii->allow_nonref;
	my $structure = sub {
		my ($of) = @_;
		my $all = join ', ', map { $of->($_) } @sdk;
		return sprintf q{$d${"user": {"all": [%s], "first": %s, "none": null}, "plain": [1, "x"], "empty": {}}$d$::jsonb}, $all, $of->($sdk[0]);
	};
	my $sealed = $structure->(sub { qq{"$_[0]{string}"} });
	my $plain = $structure->(sub { $_[0]{datatype} eq 'string' ? $json->encode($_[0]{text}) : $_[0]{text} });

	cmp_ok(scalar @sdk, '>=', 5, scalar(@sdk) . ' strings that an SDK made');
	$session->query(q{SET evcrypt.app = 'json_sdk'});
	is($session->query("SELECT decrypt_fields($sealed) = $plain"), 't', 'the structure opens');
	is($session->query(qq{SELECT decrypt_fields($sealed, '{"{user}"}') = $plain}), 't', 'by its path as well');
	is($session->query(qq{SELECT decrypt_fields(encrypt_fields($plain, '{"{}"}')) = $plain}), 't', 'what is made here opens alike');
	$session->query('RESET evcrypt.app');
}

# 10,000 documents with 20 fields each.
my $fields = join ', ', map { "'f$_', 'value $_ of ' || i" } 1 .. 20;
my $paths = '{' . join(',', map { qq{"{f$_}"} } 1 .. 20) . '}';
set_up("CREATE TABLE many AS SELECT i, jsonb_build_object('id', i, $fields) AS plain FROM generate_series(1, 10000) i;
	CREATE TABLE sealed AS SELECT i, encrypt_fields(plain, '$paths') AS doc FROM many; ANALYZE many; ANALYZE sealed");

# Requests, values, and values in a second.
sub measured
{
	my ($what, $sql) = @_;
	my $count = sub { my $stats = $watch->stats; ($stats->{requests_encrypt} + $stats->{requests_decrypt}, $stats->{values_done}) };
	my @before = $count->();
	my $start = time;

	$session->query($sql);
	my $seconds = time - $start;
	BAIL_OUT("$sql: $session->{error}") if $session->sqlstate ne '00000';
	my @after = $count->();
	my $requests = $after[0] - $before[0];
	my $values = $after[1] - $before[1];
	diag(sprintf '%-36s %6d requests, %6d values, %7.0f values/s', $what, $requests, $values, $values / $seconds);
	return ($requests, $values, $values / $seconds);
}

my $each = sub {
	my ($call, $table) = @_;
	return 'SELECT ' . join(', ', map { "count(" . sprintf($call, "f$_") . ")" } 1 .. 20) . " FROM $table";
};
my @encrypt = measured('encrypt_fields', "SELECT count(encrypt_fields(plain, '$paths')) FROM many");
my @decrypt = measured('decrypt_fields', 'SELECT count(decrypt_fields(doc)) FROM sealed');
my @by_path = measured('decrypt_fields, 20 paths', "SELECT count(decrypt_fields(doc, '$paths')) FROM sealed");
my @calls = measured('20 calls of decrypt, in batches', $each->(q{decrypt((doc ->> '%s')::encrypted)}, 'sealed'));
$session->query('SET evcrypt.batch = off');
my @scalar = measured('20 calls of decrypt, one by one', $each->(q{decrypt((doc ->> '%s')::encrypted)}, 'sealed WHERE i <= 100'));
my @document = measured('decrypt_fields, one by one', 'SELECT count(decrypt_fields(doc)) FROM sealed WHERE i <= 1000');

is("$_->[1]", 200_000, 'all values') for \@encrypt, \@decrypt, \@by_path, \@calls;
is($scalar[0], 2000, 'a call per field: a request per field');
is($document[0], 1000, 'a document alone: a request');
# The first batch is of 512 documents, the next of twice as many, and so on to 4096; and a
# batch ends at evcrypt.batch_bytes. With its values a document has some 1.1 kB, as
# ciphertext 5.2 kB.
is($encrypt[0], 6, '10,000 documents are encrypted in 6 requests');
is($decrypt[0], 24, 'and decrypted in 24');
is($by_path[0], $decrypt[0], 'by paths in as many');
cmp_ok($decrypt[2], '>', 5 * $scalar[2], sprintf('%.0f times as fast as a call per field', $decrypt[2] / $scalar[2]));
$session->query(q{RESET evcrypt.batch; SET evcrypt.batch_bytes = '64kB'});
is(requests_of($session, $watch, 'SELECT count(decrypt_fields(doc)) FROM sealed WHERE i <= 1000'), 72, 'in batches of 64 kB: 14 documents each');
is($session->query('SELECT count(*) FROM many JOIN sealed USING (i) WHERE decrypt_fields(doc) = plain'), 10000, 'they are what they were');

$session->query('SET client_min_messages = warning; DROP SCHEMA json CASCADE');
$watch->close;
$session->close;
done_testing();
