# evcrypt migrate and evcrypt rotate: what they refuse, the rights that they need, the
# command line, and what they end with.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use JSON::PP;
use MigrateTest;
use Test::More;

new_database('migrate_refused');

# --- the command line ------------------------------------------------------------

for my $case (
	[ '--table and --column say what is to be worked on', 'migrate', '--table', 't' ],
	[ '--table and --column say what is to be worked on', 'rotate', '--column', 'c' ],
	[ '--to, --type and --finish are for migrate', 'rotate', '--table', 't', '--column', 'c', '--to', 'd' ],
	[ '--to, --type and --finish are for migrate', 'rotate', '--table', 't', '--column', 'c', '--finish', 'drop' ],
	[ 'neither swap nor drop: both', 'migrate', '--table', 't', '--column', 'c', '--finish', 'both' ],
	[ 'only one of --dry-run, --verify, --finish and --abandon', 'migrate', '--dry-run', '--verify' ],
	[ 'not a number within its limits: 0', 'migrate', '--batch-rows', 0 ],
	[ 'not a number within its limits: 100001', 'migrate', '--batch-rows', 100001 ],
	[ 'not a number within its limits: 65', 'migrate', '--workers', 65 ],
	[ 'not a number within its limits: -1', 'rotate', '--lock-timeout-ms', -1 ])
{
	my ($message, @arguments) = @$case;

	evcrypt_is("@arguments", 2, qr/^evcrypt: \Q$message\E\nTry "evcrypt --help"\.\n\z/, @arguments);
}

# --- tables and columns -----------------------------------------------------------

set_up(q{CREATE TABLE t (id int PRIMARY KEY, v text, e encrypted, g text GENERATED ALWAYS AS (v || '!') STORED);
	INSERT INTO t (id, v) SELECT i, 'v' || i FROM generate_series(1, 20) i;
	CREATE TABLE no_key (id int UNIQUE, v text); CREATE UNIQUE INDEX ON no_key ((id + 1)); CREATE TABLE partial_key (id int NOT NULL, v text);
	CREATE UNIQUE INDEX ON partial_key (id) WHERE id > 5; CREATE VIEW w AS SELECT * FROM t;
	CREATE TABLE parent (LIKE t INCLUDING INDEXES); CREATE TABLE child () INHERITS (parent);
	CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parted DEFAULT;
	CREATE TABLE ruled (LIKE t INCLUDING INDEXES); CREATE RULE r AS ON UPDATE TO ruled DO INSTEAD NOTHING;
	CREATE TABLE guarded (LIKE t INCLUDING INDEXES); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE ROLE owner_of_guarded; GRANT USAGE ON SCHEMA vault TO owner_of_guarded; GRANT CREATE, USAGE ON SCHEMA public TO owner_of_guarded;
	ALTER ROLE owner_of_guarded LOGIN; ALTER TABLE guarded OWNER TO owner_of_guarded});
my $nothing_done = sub { query(q{SELECT (SELECT count(*) FROM evcrypt_job) || ' ' || (SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~%')}) };

for my $case (
	[ qr/relation "nowhere" does not exist \(42P01\)/, 'nowhere', 'v' ],
	[ qr/public.t has no column "nowhere"/, 't', 'nowhere' ],
	[ qr/public.t has no column "V"/, 't', 'V' ],
	[ qr/"g" is a generated column\nHINT: Work on the columns/, 't', 'g' ],
	[ qr/"e" is of type encrypted\nHINT: evcrypt rotate renews it/, 't', 'e' ],
	[ qr/"id" is there and not of type encrypted\nHINT: Name another one with --to/, 't', 'v', '--to', 'id' ],
	[ qr/public.no_key has no key to walk it by\nHINT: ALTER TABLE \.\.\. ADD PRIMARY KEY/, 'no_key', 'v' ],
	[ qr/public.partial_key has no key to walk it by/, 'partial_key', 'v' ],
	[ qr/public.w is not a table/, 'w', 'v' ],
	[ qr/public.parent has tables that inherit from it/, 'parent', 'v' ],
	[ qr/public.part is a partition\nHINT: Name the partitioned table/, 'part', 'v' ],
	[ qr/public.ruled has a rule for UPDATE/, 'ruled', 'v' ],
	[ qr/pg_catalog.pg_class is a catalog/, 'pg_class', 'relname' ],
	[ qr/type "nothing" does not exist \(42704\)/, 't', 'v', '--type', 'nothing' ])
{
	my ($pattern, $table, $column, @options) = @$case;

	evcrypt_is("$table $column @options", 2, qr/^evcrypt: (?:could not .*: )?$pattern/m,
		'migrate', '--table', $table, '--column', $column, @options);
}
evcrypt_is('row-level security', 2, qr/public.guarded has row-level security, which would hide rows from this role\nHINT: .*BYPASSRLS/,
	'migrate', '-U', 'owner_of_guarded', '--table', 'guarded', '--column', 'v');
evcrypt_is('rotate plaintext', 2, qr/"v" is not of type encrypted\nHINT: evcrypt migrate/, 'rotate', '--table', 't', '--column', 'v');
is($nothing_done->(), '0 0', 'what is refused leaves nothing');
evcrypt_is('no extension', 2, qr/evcrypt is not in the database template1\nHINT: CREATE EXTENSION/, 'migrate', '-d', 'template1', '--table', 't', '--column', 'v');
my ($status, $out) = evcrypt('migrate', '--json', '--table', 'nowhere', '--column', 'v');
is_deeply([ $status, decode_json($out) ], [ 2, { event => 'error', sqlstate => '42P01', hint => undef,
	message => 'could not find the table: relation "nowhere" does not exist' } ], 'as JSON');

# --- rights ------------------------------------------------------------------------

set_up(q{DROP TABLE guarded; CREATE TABLE owned (id int PRIMARY KEY, v text); INSERT INTO owned SELECT i, 'v' || i FROM generate_series(1, 20) i;
	ALTER TABLE owned OWNER TO owner_of_guarded});
my @owned = ('migrate', '-U', 'owner_of_guarded', '--table', 'owned', '--column', 'v');
evcrypt_is('without a right to the jobs', 2, qr/evcrypt_job \(42501\)\nHINT: GRANT SELECT, INSERT, UPDATE, DELETE ON "?vault"?.evcrypt_job/, @owned);
set_up('GRANT SELECT, INSERT, UPDATE, DELETE ON evcrypt_job TO owner_of_guarded');
evcrypt_is('without a right to encrypt', 2, qr/permission denied for function encrypt \(42501\)/, @owned);
set_up('GRANT EXECUTE ON FUNCTION encrypt(text) TO owner_of_guarded');
evcrypt_ok('with these', @owned);
evcrypt_is('to verify it takes more', 2, qr/permission denied for function decrypt_as \(42501\)/, @owned, '--verify');
set_up('GRANT EXECUTE ON FUNCTION decrypt_as(encrypted, anyelement) TO owner_of_guarded');
evcrypt_ok('with that', @owned, '--verify');
set_up('CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA vault TO stranger; GRANT SELECT, UPDATE ON t TO stranger;
	GRANT SELECT, INSERT, UPDATE, DELETE ON evcrypt_job TO stranger; GRANT SELECT ON evcrypt_progress TO stranger');
is(query(q{SET ROLE stranger; SELECT (SELECT count(*) FROM evcrypt_job) || ' ' || (SELECT count(*) FROM evcrypt_progress)}), '0 1',
	'nobody sees the jobs of others but in evcrypt_progress');
like((psql(q{SET ROLE stranger; INSERT INTO evcrypt_job (owner, operation, relation, column_name, phase, context)
	VALUES ('postgres', 'migrate', 't'::regclass, 'v', 'encrypt', 'hostile(id)')}))[1], qr/42501: new row violates row-level security policy/,
	'or makes some for others');
evcrypt_ok('to the end', @owned, '--finish', 'drop');
evcrypt_is('the table is somebody else\'s', 2, qr/must be owner of table t \(42501\)/, 'migrate', '-U', 'stranger', '--table', 't', '--column', 'v');

set_up('CREATE ROLE clerk LOGIN; GRANT UPDATE (v) ON t TO clerk');
evcrypt_is('who writes and may not encrypt', 0, qr/^may write to public.t and not execute encrypt, which the trigger calls: clerk, stranger$/m,
	'migrate', '--table', 't', '--column', 'v', '--dry-run');
set_up('DROP OWNED BY clerk; DROP ROLE clerk');

evcrypt_is('no credential', 2, qr/^evcrypt: could not read the credential from \/nowhere$/m,
	'migrate', '--table', 't', '--column', 'v', '--credential-file', '/nowhere');
my $token = CopyTest::input("a.b.c\n");
evcrypt_is('a credential', 0, qr/^SET v_encrypted/m, 'migrate', '--table', 't', '--column', 'v', '--credential-file', $token, '--dry-run');
unlike(CopyTest::slurp("$ENV{EVCRYPT_STACK}/postgresql.log"), qr/a\.b\.c/, 'is not in the log');

# A function in the place of one of ours is not asked, whatever the path.
set_up(q{CREATE SCHEMA hostile; CREATE FUNCTION hostile.encrypt(text) RETURNS vault.encrypted LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION $$asked with %$$, $1; END'; CREATE FUNCTION hostile.md5(text) RETURNS text LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION $$asked$$; END';
	DO 'BEGIN EXECUTE format($$ALTER DATABASE %I SET search_path = hostile, pg_catalog, public, vault$$, current_database()); END'});
evcrypt_ok('a hostile path', 'migrate', '--table', 't', '--column', 'v');
set_up(q{INSERT INTO t (id, v) VALUES (100, 'new')});
is(query('SELECT vault.decrypt(v_encrypted) FROM t WHERE id = 100'), 'new', 'changes nothing for the trigger either');
is((psql(q{SET ROLE stranger; UPDATE t SET v = 'x' WHERE id = 100}))[1] =~ /permission denied for function encrypt/, 1,
	'who writes to the table needs the right to encrypt');
evcrypt_is('abandoned', 0, qr/^the trigger and the job are gone; v_encrypted is left$/m, 'migrate', '--table', 't', '--column', 'v', '--abandon');

set_up('DROP OWNED BY owner_of_guarded, stranger; DROP ROLE owner_of_guarded, stranger');
done_testing();
