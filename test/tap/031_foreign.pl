# Plaintext does not leave for the server of a foreign table, nor for its log.
# Release build only: it is about plans.
use strict;
use warnings;

use EvcryptTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $sharedir = `pg_config --sharedir`;
chomp $sharedir;
plan skip_all => 'postgres_fdw is not installed'
  unless -e "$sharedir/extension/postgres_fdw.control";

my $CANARY = 'canary-31f0-of-a-foreign-table';
my $CONTROL = 'control-31f1-of-a-foreign-table';

my $e3 = start_e3();
my $node = new_node('foreign', $e3, extra => "log_statement = 'none'\n");
$node->safe_psql('postgres', 'CREATE DATABASE remote');
$node->safe_psql('remote', <<"END");
CREATE TABLE people (id int, name text);
INSERT INTO people VALUES (1, '$CANARY'), (2, 'somebody'), (3, '$CONTROL');
ALTER DATABASE remote SET log_statement = 'all';
ALTER DATABASE remote SET log_min_duration_statement = 0;
END
my $host = $node->host;
my $port = $node->port;
$node->safe_psql('postgres', <<"END");
CREATE EXTENSION postgres_fdw;
CREATE SERVER remote FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'remote');
CREATE USER MAPPING FOR PUBLIC SERVER remote;
CREATE FOREIGN TABLE people (id int, name text) SERVER remote;
CREATE TABLE local (id int, name text);
INSERT INTO local VALUES (1, 'a'), (2, 'b');
CREATE TABLE parted (id int, name text) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (9);
CREATE FOREIGN TABLE parted_2 PARTITION OF parted DEFAULT SERVER remote OPTIONS (table_name 'people');
CREATE TABLE parent (id int, name text);
CREATE FOREIGN TABLE child () INHERITS (parent) SERVER remote OPTIONS (table_name 'people');
CREATE VIEW by_view AS SELECT * FROM people;
CREATE FUNCTION by_function() RETURNS SETOF people STABLE LANGUAGE sql AS 'SELECT * FROM people';
END

# What the remote session has logged since the last call.
my $seen = 0;

sub sent
{
	my $log = substr(slurp($node->logfile), $seen);

	$seen += length $log;
	return $log;
}

my $session = session($node);
my $c = $session->query("SELECT encrypt('$CANARY')");
sent();

# A control: what is sent is seen.
$session->is("SELECT id FROM people WHERE name = '$CONTROL'", '3', 'a constant is sent');
like(sent(), qr/\Q$CONTROL/, 'and logged');

for my $from ('people', 'parted', 'parent', 'by_view', 'by_function()', '(SELECT * FROM people OFFSET 0) AS p')
{
	for my $call ("decrypt('$c')", "try_decrypt('$c')", "decrypt_as('$c', NULL::text)")
	{
		$session->is("SELECT id FROM $from WHERE name = $call", '1', $call =~ s/\(.*//r . " and $from");
	}
	my $log = sent();
	like($log, qr/execute <unnamed>|DECLARE c\d+ CURSOR/, "$from: the remote server was asked");
	unlike($log, qr/\Q$CANARY/, 'not about plaintext');
}
for my $statement (
	"WITH w AS (SELECT id FROM people WHERE name = decrypt('$c')) SELECT id FROM w",
	"WITH w AS MATERIALIZED (SELECT id FROM people WHERE name = decrypt('$c')) SELECT id FROM w",
	"SELECT id FROM local l WHERE EXISTS (SELECT FROM people p WHERE p.id = l.id AND p.name = decrypt('$c'))",
	"SELECT id FROM local WHERE id = (SELECT id FROM people WHERE name = decrypt('$c'))",
	"SELECT l.id FROM local l JOIN people p ON l.id = p.id AND p.name = decrypt('$c')",
	"SELECT p.id FROM people p JOIN people q ON p.id = q.id AND p.name = decrypt('$c')",
	"SELECT max(id) FROM people GROUP BY name HAVING name = decrypt('$c')",
	"SELECT 1 WHERE false UNION ALL SELECT id FROM people WHERE name = decrypt('$c')",
	"UPDATE people SET id = id WHERE name = decrypt('$c') RETURNING id",
	"PREPARE p(encrypted) AS SELECT id FROM people WHERE name = decrypt(\$1); "
	  . "SET plan_cache_mode = force_generic_plan; EXECUTE p('$c')",
  )
{
	$session->is($statement, '1', $statement =~ s/ev:\S+\$/.../r);
	unlike(sent(), qr/\Q$CANARY/, 'sends no plaintext');
}

# Elsewhere in the session calls are hoisted as ever.
like($session->query("EXPLAIN (COSTS OFF) SELECT id FROM local WHERE name = decrypt('$c')"),
	qr/InitPlan/, 'a local table');
unlike($session->query("EXPLAIN (COSTS OFF) SELECT id FROM parted WHERE id = 1 AND name = decrypt('$c')"),
	qr/InitPlan/, 'a foreign partition');
like($session->query("EXPLAIN (COSTS OFF) SELECT id FROM parted WHERE id = 9 AND name = decrypt('$c')"),
	qr/InitPlan/, 'a plan without the foreign partition');

$session->close;
$node->stop;
done_testing();
