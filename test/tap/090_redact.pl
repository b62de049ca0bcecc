# evcrypt.redact: what is hidden, who may say so, and that everything else is logged
# as PostgreSQL logs it.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Census;
use EvcryptTest;
use Test::More;

my $HIDDEN = qr/\[hidden by evcrypt\.redact\]/;
my %VERBOSE = (log_statement => 'all', log_min_duration_statement => 0,
	log_parameter_max_length_on_error => -1);

my $e3 = start_e3();
my $node = census_node('redact', $e3, 'pg_stat_statements,evcrypt');

$node->safe_psql('postgres', <<'END');
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION pgcrypto;
CREATE TABLE stored (id int, v encrypted);
CREATE TABLE log (line text);
CREATE VIEW people AS SELECT id, decrypt(v) AS ssn FROM stored;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO stored VALUES (NEW.id, encrypt(NEW.ssn)); RETURN NEW; END$$;
CREATE TRIGGER put INSTEAD OF INSERT ON people FOR EACH ROW EXECUTE FUNCTION put();
CREATE FUNCTION inner_one(text) RETURNS encrypted LANGUAGE plpgsql AS $$BEGIN RETURN encrypt($1); END$$;
CREATE FUNCTION outer_one(text) RETURNS encrypted LANGUAGE sql AS $$SELECT inner_one($1)$$;
CREATE FUNCTION atomic_one(text) RETURNS encrypted LANGUAGE sql BEGIN ATOMIC SELECT encrypt($1); END;
CREATE FUNCTION dynamic_one(text) RETURNS encrypted LANGUAGE plpgsql AS
	$$DECLARE r encrypted; BEGIN EXECUTE 'SELECT encrypt($1)' INTO r USING $1; RETURN r; END$$;
CREATE FUNCTION ping(int) RETURNS int LANGUAGE plpgsql AS
	$$BEGIN IF $1 = 0 THEN RETURN 0; END IF; RETURN pong($1 - 1); END$$;
CREATE FUNCTION pong(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN ping($1); END$$;
CREATE FUNCTION audit(text) RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE LOG 'AUDIT: SESSION,1,1,WRITE,INSERT,TABLE,public.stored,"INSERT ""%""",<not logged>', $1; END$$;
CREATE TYPE pair AS (a text);
CREATE DOMAIN checked_text AS text CHECK (decrypt(encrypt(value)) <> 'x');
CREATE TABLE statements AS SELECT 'SELECT encrypt($1)' AS s;
CREATE FUNCTION by_table(text) RETURNS encrypted LANGUAGE plpgsql AS
	$$DECLARE r encrypted; q text := (SELECT s FROM statements); BEGIN EXECUTE q INTO r USING $1; RETURN r; END$$;
CREATE OPERATOR #! (RIGHTARG = text, FUNCTION = inner_one);
CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.encrypt(text) RETURNS text LANGUAGE sql AS 'SELECT upper($1)';
CREATE TABLE checked (ssn text CHECK (decrypt(encrypt(ssn)) <> 'x'), u text UNIQUE);
CREATE VIEW shown AS SELECT ssn, u FROM checked;
CREATE ROLE tenant LOGIN;
CREATE TABLE guarded AS SELECT id, v, 'a'::text AS t FROM stored;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (decrypt(v) <> 'x');
GRANT SELECT ON guarded TO tenant;
GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO tenant;
END

# What is logged of statements in the simple protocol, and what the client sees.
sub log_of
{
	my ($settings, $canary, @statements) = @_;

	logged($node);
	my $client = run_literal($node, $settings, $canary, @statements);
	return (logged($node), $client);
}

# --- hidden -----------------------------------------------------------------

sub is_hidden
{
	my ($name, @statements) = @_;
	my $canary = canary();
	my ($log, $client) = log_of({%VERBOSE}, $canary, @statements);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(count_in($log, $canary), 0, "$name: not in the log");
	like($log, $HIDDEN, "$name: but a sign that something was") or diag($client);
	return $client;
}

is_hidden('in a sub-select', 'SELECT 1 WHERE EXISTS (SELECT encrypt(:secret))');
is_hidden('in a CTE', 'WITH x AS (INSERT INTO stored VALUES (1, encrypt(:secret)) RETURNING id) SELECT * FROM x');
is_hidden('a document', q{SELECT encrypt_fields(jsonb_build_object('a', :secret::text), '{"{a}"}')});
is_hidden('a document that is refused', q{SELECT decrypt_fields(jsonb_build_object('a', :secret::text), '{"{a}"}')});
unlike(is_hidden('a path that is none', q(SELECT encrypt_fields('{}', ARRAY[concat('{', :secret)]))), qr/^(?:ERROR|DETAIL|HINT|CONTEXT): .*CANARY/m,
	'and is not in the message');
is_hidden('beside, not inside', 'SELECT id FROM stored WHERE decrypt(v) = :secret');
is_hidden('with a schema', 'SELECT public.encrypt(:secret)');
is_hidden('without its paths', q{SELECT encrypt_fields(jsonb_build_object('ssn', :secret))});
is_hidden('too many arguments', 'SELECT encrypt_fields(:secret, :secret, :secret, :secret)');
is_hidden('no arguments that it takes', 'SELECT decrypt_as(:secret)');
is_hidden('a wrapper with too many', 'SELECT inner_one(:secret, 1)');
is_hidden('in no schema', 'SELECT nosuch.encrypt(:secret)');
is_hidden('in a schema without it', 'SELECT pg_catalog.decrypt(:secret)');
is_hidden('in one with another that takes no such call', 'SELECT elsewhere.encrypt(:secret, 1)');
is_hidden('out of the search path', 'SET search_path = pg_catalog', 'SELECT encrypt(:secret)');
is_hidden('quoted, in the wrong case', 'SELECT "Encrypt"(:secret)');
is_hidden('into no table', 'INSERT INTO nosuch VALUES (public.encrypt_fields(:secret))');
is_hidden('a quoted name', 'SELECT "encrypt"(:secret)');
is_hidden('an escaped name', q{SELECT U&"encryp\0074"(:secret)});
is_hidden('a comment between', 'SELECT encrypt /* ( */ (:secret)');
is_hidden('before the call, in one message', 'SELECT :secret; SELECT encrypt(1)');
is_hidden('after it', 'SELECT encrypt(1); SELECT :secret');
is_hidden('before it, failing', 'SELECT :secret, 1/0; SELECT encrypt(1)');
is_hidden('a view that decrypts', 'SELECT * FROM people WHERE ssn = :secret');
is_hidden('a trigger that encrypts', 'INSERT INTO people VALUES (1, :secret)');
is_hidden('a function that encrypts', 'SELECT inner_one(:secret)');
is_hidden('one that calls one', 'SELECT outer_one(:secret)');
is_hidden('one with a parsed body', 'SELECT atomic_one(:secret)');
is_hidden('one with a statement in a string', 'SELECT dynamic_one(:secret)');
is_hidden('named with its argument', 'SELECT inner_one($$:secret$$) WHERE :secret > $$ $$');
is_hidden('written as a field', 'SELECT (ROW(:secret)::pair).encrypt');
is_hidden('EXECUTE', 'PREPARE p (text) AS SELECT encrypt($1)', 'EXECUTE p(:secret)');
is_hidden('a failing EXECUTE', 'PREPARE p (text) AS SELECT encrypt($1)', 'EXECUTE p(:secret, 1)');
is_hidden('a prepared literal', 'PREPARE p AS SELECT encrypt(:secret)', 'EXECUTE p');
is_hidden('DO', q{DO 'BEGIN PERFORM inner_one(:secret); END'} =~ s/:secret/':secret'/r);
is_hidden('EXPLAIN ANALYZE', 'EXPLAIN ANALYZE INSERT INTO stored VALUES (1, encrypt(:secret))');
is_hidden('CREATE TABLE AS', 'CREATE TABLE made AS SELECT encrypt(:secret)', 'DROP TABLE made');
is_hidden('a cursor', 'BEGIN', 'DECLARE c CURSOR FOR SELECT encrypt(:secret)', 'FETCH c', 'COMMIT');
is_hidden('a default', 'ALTER TABLE log ADD COLUMN v encrypted DEFAULT encrypt(:secret)',
	'ALTER TABLE log DROP COLUMN v');
is_hidden('another schema first', 'SET search_path = elsewhere, public', 'SELECT inner_one(:secret)');
is_hidden('a value in a comment', 'SELECT id, decrypt(v) FROM stored -- WHERE ssn = :secret');
is_hidden('set_config', q{SELECT set_config('evcrypt.credential', :secret, false)});
is_hidden('SET in two parts', 'SET "evCrypt" /* . */ . credential TO :secret');
is_hidden('SET in quotes', 'SET "evcrypt.credential" = :secret');
is_hidden('SET LOCAL', 'BEGIN', 'SET LOCAL evcrypt.credential = :secret');
is_hidden('ALTER ROLE', 'ALTER ROLE tenant SET evcrypt.credential = :secret');
like(is_hidden('a syntax error', 'SELECT encrypt(:secret'), qr/^LINE 1: .*\n +\^/m,
	'the client is shown where it is');
like(is_hidden('a syntax error at the value', 'SELECT encrypt(1) FROM :secret'), qr/^LINE 1: .*\n +\^/m,
	'the client is shown where it is');
is_hidden('an unclosed string', 'SELECT encrypt(:secret), \'');
like(is_hidden('a failing row', 'INSERT INTO checked SELECT :secret, NULL UNION ALL SELECT :secret, \'x\' UNION ALL SELECT :secret, \'x\''),
	qr/DETAIL:.*Key/, 'the client is shown it');

# log_statement comes before anything can know; all else is later.
for my $case ([ 'the check of a domain', 'SELECT :secret::checked_text' ], [ 'an operator', 'SELECT #! :secret' ], [ 'a call through another name', 'SELECT by_table(:secret)' ],
	[ 'a check behind a view', 'INSERT INTO shown VALUES (:secret)' ],
	[ 'a policy', 'BEGIN', 'SET LOCAL ROLE tenant', 'SELECT id FROM guarded WHERE t = :secret' ],
	[ 'a policy, after a statement without', 'SET ROLE tenant; SELECT 1; SELECT id FROM guarded WHERE t = :secret' ])
{
	my $secret = canary();
	my ($later) = log_of({ log_min_duration_statement => 0, log_executor_stats => 'on' }, $secret, @$case[ 1 .. $#$case ]);
	is(count_in($later, $secret), 0, "$case->[0]: not in the log");
	like($later, $HIDDEN, "$case->[0]: but a sign of it");
}

# --- not hidden -------------------------------------------------------------

sub as_before
{
	my ($name, @statements) = @_;
	my $canary = canary();
	my @logs;

	for my $redact ('off', 'on')
	{
		my ($log) = log_of({ %VERBOSE, 'evcrypt.redact' => $redact }, $canary, @statements);
		# In the format that is made for reading, without times and processes.
		my @lines = $log =~ /^\S+ \S+ UTC \[\d+\] \S+ ((?:LOG|ERROR|STATEMENT|DETAIL|CONTEXT|HINT|QUERY): .*)$/mg;
		push @logs, join "\n", map { s/\d+\.\d{3} ms/TIME/r } @lines[ 0 .. $#lines - 1 ];
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($logs[0], qr/$canary/, "$name: is logged");
	is($logs[1], $logs[0], "$name: the same with redaction");
	return;
}

as_before('a plain statement', 'SELECT :secret');
as_before('a failing one', 'SELECT 1/0, :secret');
as_before('a syntax error', 'SELECT :secret FROM FROM');
as_before('an unknown column', 'SELECT :secret, nothing');
as_before('the word in a string', q{SELECT 'encrypt(1)', :secret});
as_before('the word in a comment', 'SELECT :secret /* encrypt(1) */');
as_before('the word as a column', 'SELECT encrypt, :secret FROM (SELECT 1 AS encrypt) s');
as_before('a function of that name elsewhere', 'SELECT elsewhere.encrypt(:secret)');
as_before('one that comes first in the path', 'SET search_path = elsewhere', 'SELECT encrypt(:secret)');
as_before('pgcrypto\'s, unknown types', q{SELECT encrypt(:secret, 'key', 'aes')});
as_before('pgcrypto\'s', q{SELECT encrypt(:secret::bytea, 'key', 'aes')});
as_before('a table with ciphertext', 'SELECT id, v FROM stored WHERE id::text = :secret');
as_before('its metadata', 'SELECT encrypted_info(v), :secret FROM stored');
as_before('functions in a circle', 'SELECT ping(3), :secret');
as_before('a unique violation', (q{INSERT INTO log SELECT :secret}) x 2);
as_before('a utility statement', 'CREATE TABLE made (t text DEFAULT :secret)', 'DROP TABLE made');
as_before('SET', 'SET application_name = :secret');
as_before('DO', 'DO $$BEGIN RAISE LOG :secret; END$$');
as_before('a transaction', 'BEGIN', 'SELECT :secret', 'ROLLBACK');
as_before('another message of a transaction with one', 'BEGIN', 'SELECT decrypt(v) FROM stored', 'SELECT 1/0, :secret', 'COMMIT');
as_before('EXECUTE', 'PREPARE p (text) AS SELECT $1', 'EXECUTE p(:secret)');

# Without a value there is nothing to hide.
my ($log) = log_of({%VERBOSE}, '', 'SELECT id, decrypt(v) FROM stored');
like($log, qr/statement: SELECT id, decrypt\(v\) FROM stored/, 'a statement without a value is shown');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'SELECT id, decrypt(v)%'}),
	'1', 'and counted');
my $canary = canary();
logged($node);
$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
run_bind($node, {%VERBOSE}, $canary, 'SELECT encrypt(:secret)');
is(count_in(logged($node), $canary), 0, 'bind parameters are not');
is($node->safe_psql('postgres', q{SELECT calls FROM pg_stat_statements WHERE query LIKE 'SELECT encrypt($1::text)%'}),
	'7', 'but pg_stat_statements counts a statement with placeholders');

# --- other messages of the same statement -------------------------------------

($log) = log_of({ log_statement => 'none' }, canary(), 'SELECT encrypt(:secret)', 'SELECT decrypt(overlay(encrypt(:secret)::text placing \'AAAA\' from 9)::encrypted)');
like($log, qr/ERROR: .*does not open.*\n.*DETAIL:  It is damaged/, 'details of our own errors stay');
like($log, qr/STATEMENT:  $HIDDEN/, 'without the statement');

($log) = log_of({ log_statement => 'none' }, $canary = canary(), 'SELECT audit(:secret), encrypt(:secret)');
like($log, qr/LOG:  AUDIT: SESSION,1,1,WRITE,INSERT,$HIDDEN$/m, 'of a line of pgaudit\'s what it is about');
is(count_in($log, $canary), 0, 'and no more');

# --- what resolves to nothing ----------------------------------------------------

$node->safe_psql('postgres', 'DROP EXTENSION pgcrypto');
is_hidden('three arguments, nobody\'s', q{SELECT encrypt(:secret, 'a', 'b')});
is_hidden('quoted', q{SELECT "encrypt"(:secret, 'a', 'b')});
is_hidden('numbers, into no table', 'INSERT INTO nosuch VALUES (public.encrypt(:secret, 1, 2))');
$node->safe_psql('postgres', 'CREATE DATABASE other');
logged($node);
$node->psql('other', "SET log_statement = 'all'; SELECT encrypt('ELSEWHERE')");
($log) = logged($node);
unlike($log, qr/ELSEWHERE/, 'a database without the extension: not in the log');
like($log, qr/statement: $HIDDEN/, 'but a sign of it');

# --- who may turn it off ------------------------------------------------------

$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION encrypt(text) TO tenant; GRANT ALL ON stored TO tenant');
my ($status, undef, $error) = $node->psql('postgres', 'SET evcrypt.redact = off',
	extra_params => [ '-U', 'tenant' ]);
like($error, qr/permission denied to set parameter "evcrypt.redact"/, 'a user may not turn it off');
is($node->safe_psql('postgres', 'SHOW evcrypt.redact'), 'on', 'preloaded, it is on');
$node->append_conf('postgresql.conf', 'evcrypt.redact = off');
$node->reload;
$canary = canary();
($log) = log_of({%VERBOSE}, $canary, 'SELECT encrypt(:secret)');
cmp_ok(count_in($log, $canary), '>', 0, 'off is off');

# What was planned before it was on.
$canary = canary();
($log) = log_of({ log_min_duration_statement => 0, 'evcrypt.redact' => 'off' }, $canary,
	q{PREPARE p AS SELECT id FROM stored WHERE false AND decrypt(v) = ''}, 'EXECUTE p',
	'SET evcrypt.redact = on', 'EXECUTE p /* :secret */', 'SELECT 1');
is(count_in($log, $canary), 0, 'a plan that was cached is marked as well');

# Nothing waits for a lock on account of us.
my $locker = session($node);
$locker->query('BEGIN; LOCK TABLE stored; LOCK TABLE people');
my $client = run_literal($node, {%VERBOSE, 'evcrypt.redact' => 'on', lock_timeout => 0}, canary(),
	map { ('BEGIN', "LOCK TABLE $_ NOWAIT", 'ROLLBACK') } qw(stored people));
my $refused = () = $client =~ /could not obtain lock on relation "(?:stored|people)"/g;
is($refused, 2, 'NOWAIT does not wait') or diag($client);
$locker->query('ROLLBACK');
$locker->close;

# --- strict -------------------------------------------------------------------

my %strict = (%VERBOSE, 'evcrypt.redact' => 'strict');
$canary = canary();
($log) = log_of({ %strict, log_statement => 'none' }, $canary, 'SELECT nothing, unknown_wrapper(:secret)');
is(count_in($log, $canary), 0, 'strict hides what could not be parsed, whatever it was');
($log) = log_of(\%strict, '', 'SELECT id, decrypt(v) FROM stored');
unlike($log, qr/decrypt/, 'and statements without a value');
$canary = canary();
($log) = log_of(\%strict, $canary, 'SELECT :secret');
cmp_ok(count_in($log, $canary), '>', 0, 'but not what has nothing to do with us');

# --- without preload -----------------------------------------------------------

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is($node->safe_psql('postgres', "SELECT encrypted_info(NULL) IS NULL; SHOW evcrypt.redact"), "t\noff",
	'not preloaded, it is off');

$node->stop;
done_testing();
