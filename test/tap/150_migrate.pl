# evcrypt migrate: tables, keys and types of all kinds, from plaintext to the end.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use JSON::PP;
use MigrateTest;
use Test::More;

new_database('migrate_kinds');

# --- the whole way -------------------------------------------------------------

set_up(q{CREATE TABLE patients (id bigint PRIMARY KEY, ssn text NOT NULL DEFAULT 'none');
	CREATE INDEX patients_ssn ON patients (ssn);
	INSERT INTO patients SELECT i, 'ssn-' || i FROM generate_series(1, 5000) i;
	CREATE TABLE twin AS TABLE patients});
my @job = ('--table', 'patients', '--column', 'ssn');

my $dump_command = q{pg_dump --schema-only | grep -v '^\\\\'};
my $before = qx($dump_command) . query('SELECT md5(string_agg(p::text, $$,$$ ORDER BY id)), max(xmin::text) FROM patients p');
my $plan = evcrypt_ok('a dry run', 'migrate', @job, '--dry-run', '--context', q{'p' || id});
like($plan, qr/^table public\.patients, by key \(id\), 4096 rows a transaction, 1 at a time$/m, 'names table and key');
like($plan, qr/^SET ssn_encrypted = "?vault"?\.encrypt\(ssn, \(\('p'::text \|\| id\)\)\), in a new column$/m, 'and what is set');
like($plan, qr/^5000 rows, of which 5000 are to be worked on$/m, 'and how many rows');
is(qx($dump_command) . query('SELECT md5(string_agg(p::text, $$,$$ ORDER BY id)), max(xmin::text) FROM patients p'),
	$before, 'and changes nothing');
is(query('SELECT count(*) FROM vault.evcrypt_job'), 0, 'no job is begun');

evcrypt_is('to finish what has not begun', 2, qr/^evcrypt: there is no such job$/m, 'migrate', @job, '--finish', 'drop');
my $out = evcrypt_ok('migrate', 'migrate', @job, '--batch-rows', 100, '--workers', 3);
like($out, qr/^ssn is encrypted in ssn_encrypted, 5000 rows by this job;/m, 'says how many');
my $job = progress();
is_deeply([ @$job{qw(operation relation column_name phase running rows_done rows_total rows_changed)} ],
	[ 'migrate', 'patients', 'ssn', 'encrypted', JSON::PP::false, 5000, 5000, 5000 ], 'evcrypt_progress');
is(query('SELECT count(*) FROM patients p JOIN twin t USING (id) WHERE decrypt(p.ssn_encrypted) = t.ssn AND p.ssn = t.ssn'),
	5000, 'every row, as it was');
is(query('SELECT count(DISTINCT xmin::text) FROM patients'), 50, 'in transactions of 100 rows');
$out = evcrypt_ok('again', 'migrate', @job);
like($out, qr/^ssn is encrypted already$/m, 'nothing is to be done');

# Writers.
set_up(q{INSERT INTO patients VALUES (-1, 'inserted'); UPDATE patients SET ssn = 'updated' WHERE id = 5;
	UPDATE patients SET id = -2 WHERE id = 6; DELETE FROM patients WHERE id = 7;
	INSERT INTO patients VALUES (8, 'conflict') ON CONFLICT (id) DO UPDATE SET ssn = EXCLUDED.ssn});
is(query('SELECT count(*) FROM patients WHERE decrypt(ssn_encrypted) IS DISTINCT FROM ssn'), 0, 'what is written is encrypted');
my ($error) = (psql(q{SET session_replication_role = replica; INSERT INTO patients VALUES (-3, 'past the trigger')}))[1];
like($error, qr/ERROR:  23514: .*violates check constraint "evcrypt_migrate_patients_ssn_[0-9a-f]{8}"/, 'nor does anything get past the trigger');

my ($status, $json) = evcrypt('migrate', @job, '--verify', '--json', '--workers', 2);
my %verified = map { %$_ } grep { $_->{event} eq 'verified' } map { decode_json($_) } split /\n/, $json;
is($status, 0, 'verified');
is_deeply([ @verified{qw(rows values missing stray old_key unlike failed)} ], [ 5000, 5000, 0, 0, 0, 0, 0 ], 'in numbers');

# What --verify is for.
set_up(q{UPDATE patients SET ssn_encrypted = encrypt('other') WHERE id = 11});
evcrypt_is('another value', 2, qr/^1 values that open to something else than the plaintext$/m, 'migrate', @job, '--verify');
evcrypt_is('which keeps the plaintext', 2, qr/^evcrypt: public.patients is not all encrypted$/m, 'migrate', @job, '--finish', 'drop');
set_up(q{UPDATE patients SET ssn_encrypted = overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted WHERE id = 11});
evcrypt_is('a damaged value', 2, qr/^row \{"11"\}: .*\(EV020\)\n.*^1 values that do not open$/ms, 'migrate', @job, '--verify');
set_up(q{UPDATE patients SET ssn_encrypted = encrypt(ssn)::text::encrypted WHERE id = 11});
evcrypt_is('a key that is not known', 2, qr/^1 values under another key than the newest$/m, 'migrate', @job, '--verify');
set_up(q{UPDATE patients SET ssn_encrypted = NULL WHERE id = 11});
is(query('SELECT decrypt(ssn_encrypted) FROM patients WHERE id = 11'), 'ssn-11', 'a value that is taken away comes back');

set_up('CREATE VIEW seen AS SELECT ssn FROM patients');
evcrypt_is('a view would go on with the plaintext', 2, qr/these depend on the plaintext column: rule _RETURN on view public.seen$/m,
	'migrate', @job, '--finish', 'swap');
set_up('DROP VIEW seen');
like(evcrypt_ok('swap', 'migrate', @job, '--finish', 'swap'), qr/on the plaintext column alone, which nothing fills any more, stays: index public.patients_ssn$/m,
	'says what does not come with it');
is(query('SELECT count(*) FROM patients WHERE decrypt(ssn) = ssn_plaintext'), 5000, 'the names are swapped');
set_up(q{INSERT INTO patients (id, ssn) VALUES (-4, encrypt('written encrypted'))});
is((psql('INSERT INTO patients (id) VALUES (-5)'))[1] =~ /23502/, 1, 'NOT NULL is the encrypted column\'s');
like(evcrypt_ok('and verified still', 'migrate', @job, '--verify'), qr/^the plaintext of before the swap is still in ssn_plaintext$/m,
	'with a word about the plaintext');
$out = evcrypt_ok('drop', 'migrate', @job, '--finish', 'drop');
like($out, qr/with the plaintext column goes: index public.patients_ssn$/m, 'says what goes with it');
like($out, qr/still in the table's file until it is rewritten/, 'and what remains');
is(query(q{SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum) FROM pg_attribute
	WHERE attrelid = 'patients'::regclass AND attnum > 0 AND NOT attisdropped}), 'id bigint, ssn encrypted', 'one column is left');
is(query(q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'patients'::regclass}) . query(q{SELECT count(*) FROM pg_constraint
	WHERE conrelid = 'patients'::regclass AND contype = 'c'}) . query(q{SELECT count(*) FROM pg_proc WHERE proname LIKE 'evcrypt_migrate%'}),
	'000', 'and nothing of the migration');
evcrypt_ok('and verified still', 'migrate', @job, '--verify');
evcrypt_is('there is no more to do', 2, qr/is encrypted already\nHINT: evcrypt rotate renews it\./, 'migrate', @job);

set_up('DELETE FROM evcrypt_job');

# --- keys ----------------------------------------------------------------------

# A table with this key, odd names, NULLs and empty values, and its rows in batches of 7.
sub key_is_walked
{
	my ($name, $definition, $values, @options) = @_;
	my $count = 100;

	set_up(qq{CREATE TABLE "Odd ""table" ($definition, "the ""Value" text);
		INSERT INTO "Odd ""table" SELECT $values, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'v' || i END
		FROM generate_series(1, $count) i ORDER BY random()});
	evcrypt_ok("$name: migrate", 'migrate', '--table', '"Odd ""table"', '--column', 'the "Value', '--batch-rows', 7,
		'--workers', 2, '--to', 'En"crypted', @options);
	is(query(q{SELECT count(*) FROM "Odd ""table" WHERE decrypt("En""crypted") IS NOT DISTINCT FROM "the ""Value"}),
		$count, "$name: every row");
	is(progress()->{rows_done}, $count, "$name: each once");
	evcrypt_ok("$name: verify", 'migrate', '--table', '"Odd ""table"', '--column', 'the "Value', '--verify', '--batch-rows', 9);
	evcrypt_ok("$name: drop", 'migrate', '--table', '"Odd ""table"', '--column', 'the "Value', '--finish', 'drop');
	set_up('DROP TABLE "Odd ""table"; DELETE FROM evcrypt_job');
	return;
}

set_up(q{CREATE TYPE pair AS (a int, b text); CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
	CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	CREATE EXTENSION citext});
key_is_walked('text', 'k text PRIMARY KEY', q~CASE i % 3 WHEN 0 THEN 'k"' || i WHEN 1 THEN E'\\\\{' || i ELSE 'ä,' || i END~);
key_is_walked('text that begins with nothing', 'k text PRIMARY KEY', q{repeat(' ', i)});
key_is_walked('a collation of its own', 'k text COLLATE blind PRIMARY KEY', q{CASE WHEN i % 2 = 0 THEN 'k' ELSE 'K' END || i});
key_is_walked('two columns', 'a int, b text, PRIMARY KEY (b, a)', q{i % 10, (i / 10)::text});
key_is_walked('three columns', 'a int, b mood, c date, PRIMARY KEY (a, b, c)',
	q{1, (enum_range(NULL::mood))[1 + i % 3], '2000-01-01 BC'::date + i});
key_is_walked('operators of another schema', 'k citext PRIMARY KEY', q{CASE WHEN i % 2 = 0 THEN 'k' ELSE 'K' END || i});
key_is_walked('operators of two schemas', 'a citext, b int, c citext, PRIMARY KEY (a, b, c)',
	q{CASE WHEN i % 3 = 0 THEN 'k' ELSE 'K' END || i / 20, i % 3, 'c' || i});
key_is_walked('floats', 'k float8 PRIMARY KEY',
	q{CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity' ELSE 0.1::float8 * i / 3 END});
key_is_walked('numeric', 'k numeric PRIMARY KEY', q{1e-30 * i});
key_is_walked('timestamps', 'k timestamptz PRIMARY KEY', q{'2000-01-01'::timestamptz + i * interval '1 us'});
key_is_walked('bytea', 'k bytea PRIMARY KEY', q{sha256(i::text::bytea)});
key_is_walked('uuid', 'k uuid PRIMARY KEY', q{md5(i::text)::uuid});
key_is_walked('characters', 'k character(5) PRIMARY KEY', q{i::text});
key_is_walked('a domain', 'k positive PRIMARY KEY', q{i});
key_is_walked('arrays', 'k int[] PRIMARY KEY', q{ARRAY[i % 3, i]});
key_is_walked('a unique index', 'k int UNIQUE, n int NOT NULL UNIQUE', q{nullif(i, 5), -i});

set_up(q{CREATE TABLE descending (k text NOT NULL, v text);
	CREATE UNIQUE INDEX ON descending (k text_pattern_ops DESC); INSERT INTO descending SELECT 'k' || i, 'v' || i FROM generate_series(1, 50) i});
evcrypt_ok('an index that descends, by other operators', 'migrate', '--table', 'descending', '--column', 'v', '--batch-rows', 7);
is(query('SELECT count(*) FROM descending WHERE decrypt(v_encrypted) = v'), 50, 'every row');

# --- types ---------------------------------------------------------------------

for my $case ([ 'int', 'i' ], [ 'numeric', 'i / 7.0' ], [ 'float8', 'i / 7.0::float8' ], [ 'boolean', 'i % 2 = 0' ],
	[ 'bytea', q{decode(lpad(to_hex(i), 8, '0'), 'hex')} ], [ 'jsonb', q{jsonb_build_object('k', i)} ], [ 'date', q{'2000-01-01'::date + i} ],
	[ 'character(12)', q{'c' || i} ], [ 'varchar(20)', q{'c' || i} ], [ 'text[]', q{ARRAY['a', 'b"' || i]} ],
	[ 'timestamptz', q{now() + i * interval '1 ms'} ], [ 'point', 'point(i, -i)' ], [ 'mood', q{'happy'::mood} ], [ 'int4range', 'int4range(i, i + 5)' ],
	[ 'pair', '(CASE WHEN i % 2 = 0 THEN i END, NULL)::pair' ])
{
	my ($type, $value) = @$case;

	set_up(qq{DROP TABLE IF EXISTS typed; DELETE FROM evcrypt_job; CREATE TABLE typed (id int PRIMARY KEY, v $type);
		INSERT INTO typed SELECT i, $value FROM generate_series(1, 20) i; INSERT INTO typed VALUES (0)});
	evcrypt_ok("$type: migrate", 'migrate', '--table', 'typed', '--column', 'v');
	is(query("SELECT count(*) FROM typed WHERE decrypt_as(v_encrypted, NULL::$type)::text = v::text"), 20, "$type: every value");
	evcrypt_ok("$type: verify", 'migrate', '--table', 'typed', '--column', 'v', '--verify');
	evcrypt_ok("$type: drop", 'migrate', '--table', 'typed', '--column', 'v', '--finish', 'drop');
	evcrypt_ok("$type: verify without it", 'migrate', '--table', 'typed', '--column', 'v', '--verify');
}

set_up(q{CREATE TABLE cast_to (id int PRIMARY KEY, v text); INSERT INTO cast_to VALUES (1, '1.50'), (2, '-3'), (3, NULL)});
evcrypt_ok('another type', 'migrate', '--table', 'cast_to', '--column', 'v', '--type', 'numeric');
is(query(q{SELECT string_agg((encrypted_info(v_encrypted)).datatype || ' ' || decrypt(v_encrypted), ', ' ORDER BY id) FROM cast_to}),
	'number 1.50, number -3', 'is what is encrypted');
evcrypt_ok('and verified', 'migrate', '--table', 'cast_to', '--column', 'v', '--verify');
set_up(q{ALTER TABLE cast_to DISABLE TRIGGER USER; INSERT INTO cast_to VALUES (5, '5', encrypt(5))});
evcrypt_is('another --type', 2, qr/^evcrypt: the job was begun with another --type\nHINT:/m, 'migrate', '--table', 'cast_to', '--column', 'v', '--type', 'int');
evcrypt_ok('a trigger that was off', 'migrate', '--table', 'cast_to', '--column', 'v');
is(query(q{SELECT string_agg(tgenabled, '') FROM pg_trigger WHERE tgrelid = 'cast_to'::regclass}), 'OO', 'is on again');

# The same text is another date in another session.
set_up(q{CREATE TABLE moody (id int PRIMARY KEY, v text); INSERT INTO moody VALUES (1, '01/02/03')});
evcrypt_is('a cast that depends on settings', 2, qr/^evcrypt: could not use the type: .*\(42P17\)\nHINT: The same text would be another value/m,
	'migrate', '--table', 'moody', '--column', 'v', '--type', 'date');
is(query(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'moody'::regclass AND attnum > 0}), 2, 'changes nothing');

set_up(q{CREATE TABLE rounded (id int PRIMARY KEY, v text); INSERT INTO rounded VALUES (1, '1.005'), (2, '3')});
evcrypt_ok('a type with a modifier', 'migrate', '--table', 'rounded', '--column', 'v', '--type', 'numeric(10,2)');
set_up(q{INSERT INTO rounded VALUES (3, '2.125')});
is(query(q{SELECT string_agg(decrypt(v_encrypted), ' ' ORDER BY id) FROM rounded}), '1.01 3.00 2.13', 'is that type, for the trigger as well');
evcrypt_ok('and verified', 'migrate', '--table', 'rounded', '--column', 'v', '--verify');

# Whose cast it is to text does not matter to what is verified, and it is not called.
set_up(q{CREATE TYPE two AS ENUM ('a', 'b'); CREATE TABLE liar (id int PRIMARY KEY, v two); INSERT INTO liar VALUES (1, 'a');
	CREATE FUNCTION lie(two) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION SQLSTATE ''99999''; END'});
evcrypt_ok('an enum', 'migrate', '--table', 'liar', '--column', 'v');
set_up(q{CREATE CAST (two AS text) WITH FUNCTION lie(two)});
evcrypt_ok('a cast that raises is not called', 'migrate', '--table', 'liar', '--column', 'v', '--verify');
set_up(q{CREATE OR REPLACE FUNCTION lie(two) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'x'$$;
	SET session_replication_role = replica; UPDATE liar SET v_encrypted = encrypt('b'::two); RESET session_replication_role});
evcrypt_is('a cast that says the same of all', 2, qr/^evcrypt: .*liar is not all encrypted/m, 'migrate', '--table', 'liar', '--column', 'v', '--verify');

set_up(q{CREATE TABLE bad (id int PRIMARY KEY, v text); INSERT INTO bad SELECT i, i FROM generate_series(1, 300) i;
	UPDATE bad SET v = 'secret' WHERE id IN (17, 250)});
my ($bad, $said, $err) = evcrypt('migrate', '--table', 'bad', '--column', 'v', '--type', 'int', '--batch-rows', 64);
is($bad, 2, 'values that are none of the type');
is($said, join('', map { qq{row {"$_"}: a value is not valid for its type (22P02)\n} } 17, 250), 'are named by their keys, and not shown');
like($err, qr/^evcrypt: 2 rows could not be encrypted\nHINT: Mend them, and run the command again\.$/m, 'and counted');
is(query('SELECT count(v_encrypted) FROM bad'), 298, 'the others are encrypted');
set_up(q{UPDATE bad SET v = '17' WHERE id IN (17, 250)});
evcrypt_ok('when they are mended', 'migrate', '--table', 'bad', '--column', 'v');
evcrypt_ok('it is complete', 'migrate', '--table', 'bad', '--column', 'v', '--verify');

# --- contexts ------------------------------------------------------------------

set_up(q{CREATE TABLE bound (tenant int, id int, name varchar(9) DEFAULT 'n', v text, made timestamptz DEFAULT now(),
	twice int GENERATED ALWAYS AS (2 * id) STORED, PRIMARY KEY (tenant, id));
	INSERT INTO bound SELECT i % 3, i, 'n' || i, 'v' || i FROM generate_series(1, 500) i; DELETE FROM evcrypt_job});
my @bound = ('--table', 'bound', '--column', 'v');
for my $case (
	[ 'made', qr/could not use the context: generation expression is not immutable \(42P17\)\nHINT: It must give the same/ ],
	[ q{id || random()::text}, qr/\(42P17\)/ ],
	[ '(SELECT 1)', qr/could not use the context: cannot use subquery/ ],
	[ 'max(id)', qr/could not use the context: aggregate/ ],
	[ 'nowhere', qr/could not use the context: column "nowhere" does not exist \(42703\)/ ],
	[ 'v', qr/a context cannot be made of the column "v"/ ],
	[ 'id || v', qr/a context cannot be made of the column "v"/ ],
	[ 'twice', qr/could not use the context|a context cannot be made of the column "twice"/ ],
	[ 'tableoid::int', qr/could not use the context|a context cannot be made of tableoid/ ],
	[ 'id) STORED; DROP TABLE bound --', qr/could not use the context: syntax error/ ])
{
	my ($context, $pattern) = @$case;

	evcrypt_is("context $context", 2, $pattern, 'migrate', @bound, '--context', $context);
}
is(query('SELECT count(*) FROM evcrypt_job') . query(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'bound'::regclass AND attname = 'v_encrypted'}),
	'00', 'refused contexts leave nothing');
evcrypt_ok('a context of columns and constants', 'migrate', @bound, '--context', q{tenant || '/' || bound.id /* its row */}, '--batch-rows', 64);
is(query(q{SELECT count(*) FROM bound WHERE decrypt(v_encrypted, tenant || '/' || id) = v}), 500, 'every row opens with its own');
set_up(q{UPDATE bound SET id = id + 1000 WHERE id < 10; UPDATE bound SET tenant = 4 WHERE id = 20; UPDATE bound SET v = 'w' WHERE id = 30;
	INSERT INTO bound VALUES (9, 9, 'n', 'new'); UPDATE bound SET v = NULL WHERE id = 40});
is(query(q{SELECT count(*) FROM bound WHERE decrypt(v_encrypted, tenant || '/' || id) = v}), 500, 'also where the context changes');
evcrypt_ok('verified', 'migrate', @bound, '--verify');
evcrypt_is('another context', 2, qr/^evcrypt: the job was begun with another --context$/m, 'migrate', @bound, '--context', 'id');
evcrypt_ok('the same context', 'migrate', @bound, '--context', q{(tenant || '/' || id)});
set_up(q{UPDATE bound SET v_encrypted = encrypt(v, 'elsewhere') WHERE id = 50});
evcrypt_is('a value bound to something else', 2, qr/^row \{"2","50"\}: .*\(EV020\)$/m, 'migrate', @bound, '--verify');
set_up(q{UPDATE bound SET v_encrypted = NULL WHERE id = 50});
evcrypt_ok('dropped', 'migrate', @bound, '--finish', 'drop');
is(query(q{SELECT count(decrypt(v, tenant || '/' || id)) FROM bound}), 500, 'all open');
evcrypt_ok('verified by the context that the job knows', 'migrate', @bound, '--verify');
set_up(q{CREATE TABLE of_null (id int PRIMARY KEY, c text, v text); INSERT INTO of_null SELECT i, nullif(i, 5), 'v' FROM generate_series(1, 10) i});
evcrypt_is('a context of NULL', 2, qr/^row \{"5"\}: .*context.*\(22004\)\n/m, 'migrate', '--table', 'of_null', '--column', 'v', '--context', 'c');

# --- labels --------------------------------------------------------------------

system('test/lib/as-server', 'e3ctl', 'app', 'add', 'labelled') == 0 or BAIL_OUT('no app');
set_up(q{CREATE TABLE labelled (id int PRIMARY KEY, v text, v_encrypted encrypted);
	SECURITY LABEL FOR evcrypt ON COLUMN labelled.v_encrypted IS 'app=labelled, role=pii, type=numeric, context=''row '' || column(id)';
	INSERT INTO labelled SELECT i, i || '.50' FROM generate_series(1, 30) i});
my $label_works = sub { query(q{SET evcrypt.app = labelled; SELECT count(*) FROM labelled
	WHERE decrypt_as(v_encrypted, NULL::numeric, 'row ' || id) = v::numeric AND (encrypted_info(v_encrypted)).datatype = 'number'}) };
evcrypt_is('a label of another app', 2, qr/^evcrypt: evcrypt\.app is not "labelled"/, 'migrate', '--table', 'labelled', '--column', 'v');
{
	local $ENV{PGOPTIONS} = '-c evcrypt.app=labelled -c evcrypt.role=pii';
	evcrypt_ok('a column with a label', 'migrate', '--table', 'labelled', '--column', 'v');
	is($label_works->(), 30, 'is encrypted as that says');
	evcrypt_ok('verified', 'migrate', '--table', 'labelled', '--column', 'v', '--verify');
	evcrypt_is('another context than the label\'s', 2, qr/begun with another --context/, 'migrate', '--table', 'labelled', '--column', 'v', '--context', 'id');
}
like((psql(q{INSERT INTO labelled VALUES (31, '31')}))[1], qr/42501: the column is encrypted with evcrypt.app = labelled/,
	'a writer of another app is refused');
like((psql(q{SET evcrypt.app = labelled; INSERT INTO labelled VALUES (31, '31')}))[1], qr/42501: the column is encrypted with evcrypt.role = pii/,
	'and of another role');
set_up(q{SET evcrypt.app = labelled; SET evcrypt.role = pii; INSERT INTO labelled VALUES (31, '31')});
is($label_works->(), 31, 'but not one who has both');
{
	local $ENV{PGOPTIONS} = '-c evcrypt.app=labelled -c evcrypt.role=pii';
	evcrypt_ok('dropped', 'migrate', '--table', 'labelled', '--column', 'v', '--finish', 'drop');
}
like(query(q{COPY labelled TO STDOUT WITH (DECRYPT *)}), qr/^31\t31$/m, 'COPY goes by the same label');
set_up(q{CREATE TABLE of_time (at timestamptz PRIMARY KEY, v text, v_encrypted encrypted);
	SECURITY LABEL FOR evcrypt ON COLUMN of_time.v_encrypted IS 'context=column(at)'});
evcrypt_is('a label whose context depends on settings', 2, qr/could not use the context: .*\(42P17\)/, 'migrate', '--table', 'of_time', '--column', 'v');

# --- tables --------------------------------------------------------------------

set_up(q{CREATE TABLE parted (a int, b int, v text, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);
	CREATE TABLE parted_2 (v text, b int NOT NULL, gone int, a int NOT NULL) ; ALTER TABLE parted_2 DROP gone;
	ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (50) TO (1000);
	INSERT INTO parted SELECT i, -i, 'v' || i FROM generate_series(0, 99) i});
evcrypt_ok('a partitioned table', 'migrate', '--table', 'parted', '--column', 'v', '--batch-rows', 7);
set_up(q{UPDATE parted SET a = a + 50 WHERE a < 10; UPDATE parted SET v = 'changed' WHERE b = -80; INSERT INTO parted VALUES (500, 1, 'new')});
is(query('SELECT count(*) FROM parted WHERE decrypt(v_encrypted) = v'), 101, 'every row, and those that move to another partition');
evcrypt_ok('verified', 'migrate', '--table', 'parted', '--column', 'v', '--verify');
evcrypt_ok('dropped', 'migrate', '--table', 'parted', '--column', 'v', '--finish', 'drop');
is(query('SELECT count(decrypt(v)) FROM ONLY parted_2'), 61, 'in the partitions too');

set_up('CREATE TABLE empty (id int PRIMARY KEY, v text)');
evcrypt_ok('an empty table', 'migrate', '--table', 'empty', '--column', 'v');
evcrypt_ok('verified', 'migrate', '--table', 'empty', '--column', 'v', '--verify');
evcrypt_ok('abandoned', 'migrate', '--table', 'empty', '--column', 'v', '--abandon');
is(query(q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'empty'::regclass}) . query(q{SELECT count(*) FROM evcrypt_job WHERE relation = 'empty'::regclass}),
	'00', 'leaves neither trigger nor job');

# The user's triggers.
set_up(q{CREATE TABLE watched (id int PRIMARY KEY, v text, seen int DEFAULT 0);
	CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := NEW.seen + 1; RETURN NEW; END';
	CREATE TRIGGER watch BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION watch();
	INSERT INTO watched SELECT i, 'v' FROM generate_series(1, 10) i});
evcrypt_ok('triggers', 'migrate', '--table', 'watched', '--column', 'v');
is(query('SELECT sum(seen) FROM watched'), 10, 'see the work');
evcrypt_ok('abandoned', 'migrate', '--table', 'watched', '--column', 'v', '--abandon');
set_up('UPDATE watched SET v_encrypted = NULL, seen = 0');
evcrypt_ok('unless they are not to', 'migrate', '--table', 'watched', '--column', 'v', '--skip-triggers');
is(query('SELECT sum(seen) || $$ $$ || count(decrypt(v_encrypted)) FROM watched'), '10 10', 'and do not');

# On a terminal.
set_up(q{DELETE FROM evcrypt_job WHERE relation = 'watched'::regclass; UPDATE watched SET v_encrypted = NULL});
my $terminal = qx(script -qec 'evcrypt migrate --table watched --column v' /dev/null);
is($?, 0, 'on a terminal');
like($terminal, qr{\r\[#{20}\] 100\.0 %  10 of 10 rows  \d[\d,]* rows/s  ETA 0:00\e\[K\r?\n}, 'there is a bar');

# A dump in the middle, into another database.
set_up(q{CREATE TABLE dumped (id int PRIMARY KEY, v text); INSERT INTO dumped SELECT i, 'v' || i FROM generate_series(1, 10) i});
evcrypt_ok('a table to be dumped', 'migrate', '--table', 'dumped', '--column', 'v');
system("pg_dump -Fc -f $CopyTest::DIR/dump && createdb migrate_copy && pg_restore -e -d migrate_copy $CopyTest::DIR/dump") == 0
  or BAIL_OUT('no dump');
{
	local $ENV{PGDATABASE} = 'migrate_copy';
	set_up(q{SET search_path = public, vault; INSERT INTO dumped VALUES (11, 'v11')});
	is(query('SET search_path = public, vault; SELECT count(*) FROM dumped WHERE decrypt(v_encrypted) = v'), 11, 'is restored with its trigger');
	evcrypt_ok('and gone on with', 'migrate', '--table', 'dumped', '--column', 'v');
	evcrypt_ok('under keys that are known, though values came in as text', 'migrate', '--table', 'dumped', '--column', 'v', '--verify');
}
system('dropdb', 'migrate_copy');

done_testing();
