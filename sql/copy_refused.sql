-- COPY with ENCRYPT or DECRYPT: what can't be right is refused, before any data is read.

CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	e record;
BEGIN
	SELECT * INTO e FROM error_of(statement);
	RETURN concat_ws(' | ', e.code, e.message, e.detail, e.hint);
END $$;
CREATE TABLE r (id int, name text, a encrypted, b encrypted, many encrypted[], "Upper" encrypted,
	twice int GENERATED ALWAYS AS (id * 2) STORED);

SELECT option, refusal(format('COPY r %s FROM ''/dev/null'' (%s)', list, option)) FROM (VALUES
	('', 'ENCRYPT'),
	('', 'ENCRYPT a'),
	('', 'ENCRYPT true'),
	('', 'ENCRYPT 1'),
	('', 'ENCRYPT (a), ENCRYPT (b)'),
	('', 'ENCRYPT (a, a)'),
	('', 'ENCRYPT (a, ''a date'')'),
	('', 'ENCRYPT (c)'),
	('', 'ENCRYPT (UPPER)'),
	('', 'ENCRYPT (ctid)'),
	('', 'ENCRYPT (name)'),
	('', 'ENCRYPT (many)'),
	('', 'ENCRYPT (twice)'),
	('(id, a)', 'ENCRYPT (b)'),
	('(id, name)', 'ENCRYPT *'),
	('(id, nowhere)', 'ENCRYPT *'),
	('', 'ENCRYPT (''a nothing'')'),
	('', 'ENCRYPT (''a encrypted'')'),
	('', 'ENCRYPT (''a encrypted[]'')'),
	('', 'ENCRYPT (''a record'')'),
	('', 'ENCRYPT (''a setof int'')'),
	('', 'ENCRYPT ('''')'),
	('', 'ENCRYPT (''"a'')'),
	('', 'ENCRYPT (''"" text'')'),
	('', 'DECRYPT *'),
	('', 'ENCRYPT *, DECRYPT *')) AS cases (list, option);
-- Core's own refusals, whose words differ between versions.
SELECT option, left(refusal(format('COPY r FROM ''/dev/null'' (%s)', option)), 5) FROM (VALUES
	('FORMAT xml, ENCRYPT *'), ('ENCRYPT *, QUOTE ''"'''), ('ENCRYPT *, FORCE_QUOTE *'), ('ENCRYPT *, "ENCRYPT" *'))
	AS cases (option);

-- These are right.
SELECT option, refusal(format('COPY r FROM ''/dev/null'' (%s)', option)) FROM (VALUES
	('ENCRYPT (a)'), ('ENCRYPT (A, "Upper")'), ('ENCRYPT (''Upper'')'), ('ENCRYPT (''"Upper" text'')'),
	('ENCRYPT (''A   numeric ( 10 , 2 ) '')'), ('ENCRYPT (''a timestamp with time zone'', b)'),
	('ENCRYPT *, FORMAT csv, HEADER')) AS cases (option);

-- The name of a column comes first.
CREATE TABLE tricky (a encrypted, "a date" encrypted);
SELECT refusal($$COPY tricky FROM PROGRAM 'printf "x\tnot a date\n"' (ENCRYPT ('a date', a))$$);
SELECT decrypt(a), decrypt("a date") FROM tricky;
DROP TABLE tricky;

SELECT option, refusal(format('COPY r %s TO ''/dev/null'' (%s)', list, option)) FROM (VALUES
	('', 'DECRYPT'),
	('', 'DECRYPT (name)'),
	('(id)', 'DECRYPT (a)'),
	('(id)', 'DECRYPT *'),
	('', 'DECRYPT (''a encrypted'')'),
	('', 'ENCRYPT *')) AS cases (list, option);
SELECT refusal('COPY (SELECT * FROM r) TO ''/dev/null'' (DECRYPT *)');

-- Relations that nothing can be copied into, or from.
CREATE VIEW v AS SELECT id, a FROM r;
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM r;
CREATE SEQUENCE s;
CREATE TABLE p (id int, a encrypted) PARTITION BY LIST (id);
SELECT refusal('COPY v FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY m FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY s FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY p FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY v TO ''/dev/null'' (DECRYPT *)');
SELECT refusal('COPY p TO ''/dev/null'' (DECRYPT *)');
SELECT refusal('COPY nowhere TO ''/dev/null'' (DECRYPT *)');
DROP TABLE p;
DROP SEQUENCE s;
DROP MATERIALIZED VIEW m;
DROP VIEW v;

-- Tables whose COPY another extension has taken over.  A table of that name that
-- is not the extension's says nothing.
CREATE SCHEMA _timescaledb_catalog;
CREATE TABLE _timescaledb_catalog.hypertable (id int, schema_name name, table_name name);
INSERT INTO _timescaledb_catalog.hypertable VALUES (1, 'public', 'r');
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY r TO ''/dev/null'' (DECRYPT *)');
BEGIN;
SET LOCAL allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
	VALUES (4294960000, 'timescaledb', 10, '_timescaledb_catalog'::regnamespace, false, '1');
COMMIT;
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
ALTER EXTENSION timescaledb ADD TABLE _timescaledb_catalog.hypertable;
UPDATE _timescaledb_catalog.hypertable SET table_name = 'other';
INSERT INTO _timescaledb_catalog.hypertable VALUES (2, 'elsewhere', 'r');
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
INSERT INTO _timescaledb_catalog.hypertable VALUES (3, 'public', 'r');
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY r TO ''/dev/null'' (DECRYPT *)');
SELECT refusal('COPY r TO ''/dev/null''');
ALTER TABLE _timescaledb_catalog.hypertable ALTER table_name TYPE text;
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
DROP EXTENSION timescaledb;
DROP SCHEMA _timescaledb_catalog;

-- Privileges: of core, and EXECUTE besides.
CREATE ROLE regress_evcrypt_loader;
GRANT pg_read_server_files, pg_write_server_files TO regress_evcrypt_loader;
CREATE FUNCTION refusal_as(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	RETURN refusal(statement);
END $$;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r FROM ''/dev/null'' (ENCRYPT (a))');
GRANT INSERT (id, a, b), SELECT (id, a) ON r TO regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a))');
GRANT EXECUTE ON FUNCTION encrypt(text), decrypt(encrypted) TO regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, name, a) FROM ''/dev/null'' (ENCRYPT (a))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a)) WHERE id > 1');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a)) WHERE name > ''''');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (''a varchar(3)''))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (''a date''))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (''a "char"''))');
GRANT EXECUTE ON FUNCTION encrypt(anyelement) TO regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (''a date''))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM PROGRAM ''true'' (ENCRYPT (a))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) TO ''/dev/null'' (DECRYPT (a))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) TO ''/dev/null'' (DECRYPT (''a date''))');
SELECT refusal_as('regress_evcrypt_loader', 'COPY r TO ''/dev/null'' (DECRYPT (a))');
REVOKE EXECUTE ON FUNCTION decrypt(encrypted) FROM regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) TO ''/dev/null'' (DECRYPT (a))');
REVOKE pg_read_server_files FROM regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a))');

-- Row security.
CREATE POLICY odd ON r USING (id % 2 = 1);
ALTER TABLE r ENABLE ROW LEVEL SECURITY;
INSERT INTO r (id, a) SELECT i, encrypt(i::text) FROM generate_series(1, 4) i;
GRANT pg_read_server_files TO regress_evcrypt_loader;
GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO regress_evcrypt_loader;
SELECT refusal_as('regress_evcrypt_loader', 'COPY r (id, a) FROM ''/dev/null'' (ENCRYPT (a))');
SET ROLE regress_evcrypt_loader;
COPY r (id, a) TO STDOUT (FORMAT csv, DECRYPT (a));
SET row_security = off;
COPY r (id, a) TO STDOUT (FORMAT csv, DECRYPT (a));
RESET row_security;
RESET ROLE;

-- Read-only, but for temporary tables.
CREATE TEMP TABLE t (LIKE r);
BEGIN READ ONLY;
SELECT refusal('COPY t FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY r FROM ''/dev/null'' (ENCRYPT *)');
SELECT refusal('COPY r TO ''/dev/null'' (DECRYPT *)');
COMMIT;

REVOKE ALL ON FUNCTION encrypt(text), encrypt(anyelement), decrypt(encrypted) FROM regress_evcrypt_loader;
DROP TABLE r, t;
DROP FUNCTION refusal_as(name, text), refusal(text);
DROP ROLE regress_evcrypt_loader;
