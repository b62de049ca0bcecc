# What users know of COPY, with ENCRYPT and DECRYPT: progress, tags, nested loads,
# savepoints, prepared and cached statements, sessions of roles with few rights.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use Test::More;

my $session = session();
sub is_query
{
	my ($sql, $expected, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($session->query($sql), $expected, $name) or diag($session->{error});
	return;
}

set_up('CREATE TABLE t (id int, ssn encrypted); CREATE TABLE inner_t (id int, ssn encrypted)');
my $rows = 20_000;
my $file = input(join '', map { "$_,value $_\n" } 1 .. $rows);

# --- command tags ----------------------------------------------------------

sub tag_of
{
	my ($sql) = @_;
	my $out;

	IPC::Run::run([ 'psql', '-XAtc', $sql ], '>', \$out, '2>&1');
	return $out;
}
is(tag_of("COPY t FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))"), "COPY $rows\n", 'tag of COPY FROM');
is(tag_of("COPY t TO '/dev/null' WITH (FORMAT csv, DECRYPT (ssn))"), "COPY $rows\n", 'tag of COPY TO');
is_query('DO $$ DECLARE n bigint; BEGIN EXECUTE \'COPY t FROM \'\'' . $file . '\'\' WITH (FORMAT csv, ENCRYPT (ssn)) WHERE id <= 10\';
	GET DIAGNOSTICS n = ROW_COUNT; IF n <> 10 THEN RAISE EXCEPTION \'% rows\', n; END IF; END $$', '', 'rows in PL/pgSQL');
is($session->sqlstate, '00000', 'without an error');

# --- order -----------------------------------------------------------------

set_up('CREATE TABLE ordered (id int, wide text, ssn encrypted); CREATE INDEX ON ordered (id) INCLUDE (ssn)');
set_up(q{INSERT INTO ordered SELECT i, repeat('x', 500), encrypt('v' || i) FROM generate_series(3, 1, -1) i; VACUUM ANALYZE ordered});
$session->query('SET enable_seqscan = off');
is_query('COPY ordered (id, ssn) TO STDOUT WITH (FORMAT csv, DECRYPT (ssn))', "3,v3\n2,v2\n1,v1", 'rows come as they are stored');
is_query('SHOW enable_seqscan', 'off', 'with whatever settings of the planner');
$session->query('RESET enable_seqscan');

# --- progress --------------------------------------------------------------

set_up(<<"END");
CREATE TABLE seen AS SELECT * FROM pg_stat_progress_copy LIMIT 0;
CREATE TABLE watched (id int, ssn encrypted);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
	\$\$ BEGIN PERFORM pg_stat_clear_snapshot(); INSERT INTO seen SELECT * FROM pg_stat_progress_copy WHERE pid = pg_backend_pid(); RETURN NEW; END \$\$;
CREATE TRIGGER look BEFORE INSERT ON watched FOR EACH ROW WHEN (NEW.id IN (1, 15000, 20000)) EXECUTE FUNCTION look();
END
$session->query("COPY watched FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn)) WHERE id % 2 = 0 OR id = 1");
is_query(q{SELECT relid::regclass, command, type, bytes_total, tuples_processed, tuples_excluded FROM seen ORDER BY tuples_processed},
	join("\n", map { "watched|COPY FROM|FILE|" . (-s $file) . "|$_" } '0|0', '7500|7499', '10000|9999'), 'progress');
is_query('SELECT count(*) FROM seen WHERE bytes_processed NOT BETWEEN 1 AND bytes_total', 0, 'bytes of the input');
is_query('SELECT count(*) FROM pg_stat_progress_copy', 0, 'which ends');

# --- nested ----------------------------------------------------------------

my $small = input("1,inner 1\n2,inner 2\n");
my $bad = input("1,inner 1\nx,inner 2\n");
set_up(<<"END");
CREATE TABLE outer_t (id int, ssn encrypted);
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
	IF NEW.id % 1000 = 0 THEN
		EXECUTE 'COPY inner_t FROM ''$small'' WITH (FORMAT csv, ENCRYPT (ssn))';
		BEGIN
			EXECUTE 'COPY inner_t FROM ''$bad'' WITH (FORMAT csv, ENCRYPT (ssn))';
		EXCEPTION WHEN invalid_text_representation THEN NULL; END;
		PERFORM decrypt(ssn) FROM inner_t;
	END IF;
	RETURN NEW; END \$\$;
CREATE TRIGGER nest BEFORE INSERT ON outer_t FOR EACH ROW EXECUTE FUNCTION nest();
END
$session->query("COPY outer_t FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))");
is($session->sqlstate, '00000', 'COPY in a trigger of a COPY') or diag($session->{error});
is_query(q{SELECT count(*), count(*) FILTER (WHERE decrypt(ssn) = 'value ' || id) FROM outer_t}, "$rows|$rows", 'the outer one is whole');
is_query(q{SELECT count(*), count(*) FILTER (WHERE decrypt(ssn) = 'inner ' || id) FROM inner_t}, '40|40', 'so are the inner ones');

# An error of the inner one that nobody catches.
$session->query("CREATE OR REPLACE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
	EXECUTE 'COPY inner_t FROM ''$bad'' WITH (FORMAT csv, ENCRYPT (ssn))'; RETURN NEW; END \$\$");
$session->query("COPY outer_t FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))");
is($session->sqlstate, '22P02', 'an error of the inner one');
like($session->{error}, qr/CONTEXT:  COPY inner_t, line 2, column id\n.*COPY outer_t, line 1\n/s, 'names the lines of both');
$session->query('DROP TRIGGER nest ON outer_t');

# --- savepoints, cursors, prepared -----------------------------------------

$session->query('TRUNCATE t');
is_query("BEGIN; COPY t FROM '$small' WITH (FORMAT csv, ENCRYPT (ssn)); SAVEPOINT s;
	COPY t FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn)); ROLLBACK TO s;
	DECLARE c CURSOR FOR SELECT id, decrypt(ssn) FROM t ORDER BY id; FETCH 1 FROM c;
	COPY t FROM '$small' WITH (FORMAT csv, ENCRYPT (ssn)); FETCH 1 FROM c; COMMIT; SELECT count(*) FROM t",
	"1|inner 1\n2|inner 2\n4", 'savepoints and cursors');
$session->query("CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN
	COPY t FROM '$small' WITH (FORMAT csv, ENCRYPT (ssn)); END \$\$");
is_query('SELECT again(); SELECT again(); SELECT again(); SELECT count(*) FROM t', "\n\n10" =~ s/^/\n/r, 'a statement of a function, many times');
$session->query('ALTER TABLE t ADD more int DEFAULT 7; SELECT again()');
is($session->sqlstate, '22P04', 'which sees that the table has changed');
$session->query('ALTER TABLE t DROP more');

# FREEZE.
is_query("BEGIN; TRUNCATE t; COPY t FROM '$file' WITH (FORMAT csv, FREEZE, ENCRYPT (ssn)); COMMIT;
	SELECT count(*), count(*) FILTER (WHERE xmin::text::int > 0) FROM t", "$rows|$rows", 'FREEZE');
$session->query('CREATE EXTENSION IF NOT EXISTS pg_visibility');
SKIP:
{
	skip 'pg_visibility is not installed', 1 if $session->sqlstate ne '00000';
	# Newer versions add pages in advance, which are empty.
	is_query(q{SELECT count(*) FROM pg_visibility('t') WHERE NOT all_visible
		AND blkno IN (SELECT (ctid::text::point)[0] FROM t)}, 0, 'every page with rows is frozen');
	$session->query('DROP EXTENSION pg_visibility');
}
$session->query("COPY t FROM '$small' WITH (FORMAT csv, FREEZE, ENCRYPT (ssn))");
is($session->sqlstate, '55000', 'FREEZE of a table that is not new');

# --- a foreign table -------------------------------------------------------

$session->query("CREATE EXTENSION IF NOT EXISTS postgres_fdw");
SKIP:
{
	skip 'postgres_fdw is not installed', 2 if $session->sqlstate ne '00000';
	set_up("CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$ENV{PGHOST}', port '$ENV{PGPORT}', dbname '$ENV{PGDATABASE}', extensions 'evcrypt');
		CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
		CREATE TABLE far (id int, ssn encrypted);
		CREATE FOREIGN TABLE near (id int, ssn encrypted) SERVER loop OPTIONS (table_name 'far')");
	$session->query("COPY near FROM '$small' WITH (FORMAT csv, ENCRYPT (ssn))");
	is($session->sqlstate, '00000', 'COPY into a foreign table') or diag($session->{error});
	is_query('SELECT string_agg(decrypt(ssn), $$,$$ ORDER BY id) FROM far', 'inner 1,inner 2', 'ciphertext goes there');
	set_up('DROP SERVER loop CASCADE; DROP TABLE far; DROP EXTENSION postgres_fdw');
}

# --- large values ----------------------------------------------------------

my $large = input(join '', map { "$_," . chr(96 + $_) x (3 << 20) . "\n" } 1 .. 8);
$session->query('TRUNCATE t');
$session->query("COPY t FROM '$large' WITH (FORMAT csv, ENCRYPT (ssn))");
is_query(q{SELECT count(*), bool_and(decrypt(ssn) = repeat(chr(96 + id), 3 << 20)) FROM t}, '8|t', 'values of 3 MiB');
my $out = "$CopyTest::DIR/large.csv";
$session->query("COPY t TO '$out' WITH (FORMAT csv, DECRYPT (ssn))");
ok(slurp($out) eq slurp($large), 'which come out as they were');

# --- out and in ------------------------------------------------------------

$session->query('TRUNCATE t');
$session->query("COPY t FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))");
$session->query("COPY t TO '$out' WITH (FORMAT csv, DECRYPT (ssn))");
ok(slurp($out) eq slurp($file), 'what comes out is what went in, in order');
for my $format ('text', 'binary')
{
	$session->query("CREATE TABLE twin AS SELECT id, decrypt(ssn) AS ssn FROM t ORDER BY id;
		COPY twin TO '$out' WITH (FORMAT $format); COPY t TO '$out.ours' WITH (FORMAT $format, DECRYPT (ssn)); DROP TABLE twin");
	ok(slurp($out) eq slurp("$out.ours"), "and byte for byte what COPY of plaintext writes, $format");
}
$session->query("COPY t TO PROGRAM 'cat >$out' WITH (FORMAT csv, DECRYPT (ssn))");
ok(slurp($out) eq slurp($file), 'to a program');
$session->query("\\copy t TO '$out' WITH (FORMAT csv, DECRYPT (ssn))");
ok(slurp($out) eq slurp($file), 'by \copy');

# --- rows of every shape ---------------------------------------------------

# Lengths from none to beyond what a row's texts share; two columns that are decrypted between others, equal
# values, NULLs, other types; characters beyond ASCII in some batches and in none of the others.
my $some = q{SELECT i AS id, repeat(chr(97 + i % 26), i * 37 % 5000) AS a, repeat('p', i % 300) AS plain,
	nullif(i % 7, 3) AS n, CASE WHEN i % 11 = 0 THEN NULL WHEN i > 600 AND i % 5 = 0 THEN U&'\00E9t\00E9' || i ELSE 'b' || i % 4 END AS b
	FROM generate_series(0, 999) i};
set_up("CREATE TABLE shaped AS SELECT id, encrypt(a) AS a, plain, encrypt(n) AS n, encrypt(b) AS b FROM ($some) s");
for my $batch (1000, 300, 7)
{
	$session->query("SET evcrypt.batch_rows = $batch");
	for my $format ('text', 'csv', 'binary')
	{
		$session->query("COPY ($some) TO '$out' WITH (FORMAT $format);
			COPY shaped TO '$out.ours' WITH (FORMAT $format, DECRYPT (a, 'n int', b))");
		ok(slurp($out) eq slurp("$out.ours"), "rows of every shape, $batch in a batch, $format");
	}
}
$session->query('RESET evcrypt.batch_rows; DROP TABLE shaped');

# --- rights ----------------------------------------------------------------

set_up('CREATE ROLE loads LOGIN; GRANT INSERT, SELECT ON t TO loads');
my $copy = "\\copy t FROM '$small' WITH (FORMAT csv, ENCRYPT (ssn))";
like((psql($copy, role => 'loads'))[1], qr/ERROR:  42501: permission denied for function encrypt\n/, 'without EXECUTE');
set_up('GRANT EXECUTE ON FUNCTION encrypt(text) TO loads');
is((psql($copy, role => 'loads'))[1], '', 'with EXECUTE');
my $unload = "\\copy t TO '$out' WITH (FORMAT csv, DECRYPT (ssn))";
like((psql($unload, role => 'loads'))[1], qr/ERROR:  42501: permission denied for function decrypt\n/, 'out without EXECUTE');
set_up('GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO loads');
is((psql($unload, role => 'loads'))[1], '', 'with EXECUTE');
set_up('REVOKE ALL ON FUNCTION encrypt(text), decrypt(encrypted) FROM loads; REVOKE ALL ON t FROM loads; DROP ROLE loads');

# --- another encoding of the client ----------------------------------------

my $latin = input("1,Z\xfcrich\n");
$session->query("TRUNCATE t; SET client_encoding = latin1");
$session->query("\\copy t FROM '$latin' WITH (FORMAT csv, ENCRYPT (ssn))");
$session->query("\\copy t TO '$out' WITH (FORMAT csv, DECRYPT (ssn))");
ok(slurp($out) eq slurp($latin), 'client_encoding');
is_query("RESET client_encoding; SELECT decrypt(ssn) = U&'Z\\00FCrich' FROM t", 't', 'and UTF-8 inside');

$session->close;
set_up('DROP TABLE t, ordered, inner_t, outer_t, watched, seen; DROP FUNCTION look(), nest(), again()');
done_testing();
