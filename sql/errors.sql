-- Every refusal has its SQLSTATE, names its cause, and shows no value.

\x on
-- What is encrypted already, or could not be read back, is not encrypted.
CREATE DOMAIN sealed AS encrypted;
CREATE TYPE sealed_pair AS (label text, inner_pairs sealed[]);
CREATE TYPE sealed_range AS RANGE (subtype = int4);
CREATE TABLE sealed_rows (id int, p sealed_pair);
SELECT * FROM error_of($$SELECT encrypt(encrypt('x'))$$);
SELECT * FROM error_of($$SELECT encrypt(NULL::encrypted)$$);
SELECT * FROM error_of($$SELECT encrypt(encrypt('x')::sealed)$$);
SELECT * FROM error_of($$SELECT encrypt(ARRAY[encrypt('x')])$$);
SELECT * FROM error_of($$SELECT encrypt(ARRAY[encrypt('x')::sealed])$$);
SELECT * FROM error_of($$SELECT encrypt(row('x', NULL)::sealed_pair)$$);
SELECT * FROM error_of($$SELECT encrypt(row(1, NULL)::sealed_rows)$$);
SELECT * FROM error_of($$SELECT encrypt(row(1, 'x'))$$);
SELECT * FROM error_of($$SELECT encrypt(ARRAY[row(1, 'x')])$$);
SELECT * FROM error_of($$SELECT encrypt(textin('x'::cstring))$$);
SELECT * FROM error_of($$SELECT encrypt('x'::cstring)$$);
SELECT * FROM error_of($$SELECT decrypt_as(encrypt('x'), NULL::encrypted)$$);
SELECT * FROM error_of($$SELECT decrypt_as(encrypt('x'), NULL::record)$$);
SELECT * FROM error_of($$SELECT decrypt_as(NULL, NULL::sealed_pair)$$);
-- An attribute that comes later counts as well.
CREATE TYPE grows AS (a int);
SELECT * FROM error_of($$SELECT encrypt(row(1)::grows)$$);
ALTER TYPE grows ADD ATTRIBUTE b encrypted;
SELECT * FROM error_of($$SELECT encrypt(row(1, NULL)::grows)$$);
ALTER TYPE grows DROP ATTRIBUTE b;
SELECT * FROM error_of($$SELECT encrypt(row(1)::grows)$$);

-- What does not open.
SELECT name, (error_of(format('SELECT decrypt(%L)', ciphertext))).* FROM vectors ORDER BY name;
SELECT name, (error_of(format('SELECT try_decrypt(%L)', ciphertext))).message FROM vectors ORDER BY name;
SELECT * FROM error_of($$SELECT decrypt(overlay(e placing CASE substr(e, 50, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 50)::encrypted)
	FROM (SELECT encrypt('x')::text AS e) AS s$$);
SELECT * FROM error_of($$SELECT decrypt(replace(encrypt(1)::text, 'number', 'boolean')::encrypted)$$);
SELECT * FROM error_of($$SELECT decrypt(replace(encrypt('x')::text, 'QkTC', 'RVZS')::encrypted)$$);
SELECT * FROM error_of($$SELECT decrypt_as(replace(encrypt('x')::text, 'QkTC', 'Tk9D')::encrypted, NULL::bytea)$$);
SELECT * FROM error_of($$SELECT decrypt('ev:debug:QkTC:a:b:c:$')$$);
SELECT * FROM error_of($$SELECT decrypt('ev:key:1:2:3:4')$$);
SET evcrypt.app = 'nobody';
SELECT * FROM error_of($$SELECT encrypt('x')$$);
SELECT e.* FROM vectors, error_of(format('SELECT try_decrypt(%L)', ciphertext)) AS e WHERE name = 'QkTC';
RESET evcrypt.app;

-- Bytes that are not text.
SELECT * FROM error_of($$SELECT decrypt(encrypt('\xff'::bytea))$$);
SELECT * FROM error_of($$SELECT decrypt(encrypt('\x6100'::bytea))$$);
SELECT * FROM error_of($$SELECT decrypt_as(encrypt('\xc3'::bytea), NULL::int)$$);

-- Errors of a type's input function and of a domain never show the value.
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE DOMAIN tag AS bytea CHECK (length(VALUE) = 3);
CREATE FUNCTION tells_all(value text) RETURNS boolean LANGUAGE plpgsql STRICT AS $$
BEGIN
	RAISE EXCEPTION 'the value is %', value USING ERRCODE = 'XX000', DETAIL = value, HINT = value;
END
$$;
CREATE DOMAIN indiscreet AS text CHECK (public.tells_all(VALUE));
CREATE FUNCTION cancels(value text) RETURNS boolean LANGUAGE plpgsql STRICT AS $$
BEGIN
	PERFORM pg_catalog.pg_cancel_backend(pg_catalog.pg_backend_pid());
	PERFORM pg_catalog.pg_sleep(60);
	RETURN true;
END
$$;
CREATE DOMAIN patient AS text CHECK (public.cancels(VALUE));
\x off
CREATE TABLE bad_values AS
SELECT type, value FROM (VALUES ('int', 'canary'), ('int', '99999999999'), ('int2', '70000'), ('numeric', 'canary'),
	('float8', '1e400'), ('date', '2020-02-30'), ('date', 'canary'), ('timestamptz', '2020-01-01 Canary/Zone'),
	('interval', 'canary'), ('bool', 'canary'), ('uuid', 'canary'), ('jsonb', '{"canary": }'), ('json', 'canary'),
	('int[]', '{1,canary}'), ('inet', 'canary'), ('xml', '<canary'), ('small', '10'), ('small', 'canary'),
	('tag', 'canary'), ('indiscreet', 'canary'), ('regclass', 'canary'), ('"char"[]', '{canary'),
	('int4range', '[9,1]'), ('point', '(canary)'), ('grows', '(canary)'), ('varbit', '012')) AS v(type, value);
SELECT type, (e).code, (e).message, (e).detail <> '' AS detail, strpos(e::text, value) > 0 AS shown
FROM (SELECT type, value, error_of(format('SELECT decrypt_as(encrypt(%L), NULL::%s)', value, type)) AS e
	FROM bad_values) AS s
ORDER BY type COLLATE "C", (e).code;
-- No type modifier, so nothing is cut off or rounded.
SELECT decrypt_as(encrypt('canary'), NULL::varchar(3)), decrypt_as(encrypt(1.25), NULL::numeric(3, 1));

-- A statement that ends while the input function runs ends as it would anywhere.
DO $$
BEGIN
	PERFORM decrypt_as(encrypt('canary'), NULL::patient);
EXCEPTION WHEN query_canceled THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;

-- The session goes on after all of that.
SELECT decrypt(encrypt('still here'));

DROP TABLE bad_values, sealed_rows;
DROP TYPE sealed_pair, sealed_range, grows;
DROP DOMAIN sealed, small, tag, indiscreet, patient;
DROP FUNCTION tells_all(text), cancels(text);
