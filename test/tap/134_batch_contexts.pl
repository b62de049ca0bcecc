# Contexts in batches from which a document was taken out again, because it was refused
# or found no place: each of the others keeps its own.
use strict;
use warnings;

use Batching qw(same_both_ways);
use CopyTest qw(session);
use Test::More;

my $session = session();
my $PATHS = q('{"{a}","{b}"}');

sub set_up
{
	my ($sql) = @_;

	$session->query($sql);
	BAIL_OUT("set up: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return;
}

# What a statement gives, or the SQLSTATE of its error.
sub gives
{
	my ($name, $sql, $shall) = @_;

	for my $batch (qw(on off))
	{
		$session->query("SET evcrypt.batch = $batch");
		my $rows = $session->query($sql);
		my $is = $session->sqlstate eq '00000' ? $rows : $session->sqlstate;
		is($is, $shall, "$name, batch $batch") or diag($session->{error});
	}
	$session->query('RESET evcrypt.batch');
	return;
}

# Those whose second field is encrypted already are refused, after the first was added.
set_up(q{SET max_parallel_workers_per_gather = 0; CREATE SCHEMA seams; SET search_path = seams, public;
	CREATE FUNCTION doc(i int, refused bool) RETURNS jsonb LANGUAGE sql AS $$
		SELECT jsonb_build_object('a', 'x' || i, 'b', CASE WHEN refused THEN encrypt('y')::text ELSE 'z' || i END) $$;
	CREATE TABLE docs AS SELECT i AS id, doc(i, i = 3) AS doc FROM generate_series(1, 9) i;
	CREATE TABLE first AS SELECT i AS id, doc(i, i = 1) AS doc FROM generate_series(1, 9) i;
	CREATE TABLE sealed AS SELECT i AS id, encrypt_fields(doc(i, false), '{"{a}","{b}"}', i::text) AS doc FROM generate_series(1, 9) i;
	UPDATE sealed SET doc = doc || '{"b": "plain"}' WHERE id IN (3, 6)});

for my $rows (1 .. 5, 4096)
{
	set_up("SET evcrypt.batch_rows = $rows");
	gives("a refused one is not asked for, $rows rows", qq{SELECT string_agg(id::text, ',') FROM (SELECT id FROM
		(SELECT id, encrypt_fields(doc, $PATHS, id::text) AS x FROM docs OFFSET 0) s
		WHERE length(decrypt_fields(x, '{"{a}"}', id::text) ->> 'a') > 0 LIMIT 2) t}, '1,2');
	gives("the first is refused, $rows rows", "SELECT encrypt_fields(doc, $PATHS, 'C') FROM first", '42804');
	gives("the first is refused, contexts differ, $rows rows", "SELECT encrypt_fields(doc, $PATHS, id::text) FROM first", '42804');
	# Each is asked for its own context only, by itself and behind a refused one.
	for my $context ("'C'", 'id::text', "(id / 2)::text", "CASE WHEN id < 4 THEN 'A' ELSE 'B' END")
	{
		gives("those before it, $context, $rows rows", qq{SELECT count(*) FROM (SELECT id, encrypt_fields(doc, $PATHS, $context) AS x
			FROM docs ORDER BY id LIMIT 2) s WHERE decrypt_fields(x, $PATHS, $context) = doc(id, false)}, '2');
		same_both_ways($session, "up to it, $context, $rows rows",
			"SELECT id, encrypt_fields(doc, $PATHS, $context) IS NULL FROM docs ORDER BY id");
	}
	gives("what is opened, $rows rows", qq{SELECT string_agg(a, ',') FROM (SELECT decrypt_fields(doc, $PATHS, id::text) ->> 'a' AS a
		FROM sealed WHERE id > 3 LIMIT 2) s}, 'x4,x5');
}

# What is caught leaves nothing behind for the next call.
is($session->query(qq{DO \$\$ DECLARE r record; j jsonb; BEGIN
	FOR r IN SELECT * FROM docs ORDER BY id LOOP BEGIN
		j := decrypt_fields(encrypt_fields(r.doc, $PATHS, 'c' || r.id % 2), $PATHS, 'c' || r.id % 2);
		IF j <> r.doc OR r.id = 3 THEN RAISE 'document %', r.id; END IF;
	EXCEPTION WHEN datatype_mismatch THEN IF r.id <> 3 THEN RAISE; END IF; END; END LOOP; END \$\$; SELECT 'all'}), 'all',
	'one by one, with one that is refused') or diag($session->{error});

# A document that takes more than a frame, and one of the same row, which finds no place there.
gives('behind one of two frames', q{SELECT (x ->> 1) LIKE 'ev:%', decrypt_fields(y) FROM (SELECT
	encrypt_fields(jsonb_build_array(repeat(id::text, 42000000), repeat(id::text, 42000000)), '{"{}"}') AS x,
	encrypt_fields(jsonb_build_array(id), '{"{}"}') AS y FROM docs WHERE id = 1 OFFSET 0) s}, 't|[1]');

$session->query('SET client_min_messages = warning; DROP SCHEMA seams CASCADE');
$session->close;
done_testing();
