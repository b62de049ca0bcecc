-- A column that is encrypted and read back, by every way through a statement.

CREATE TABLE people (id int PRIMARY KEY, name text, secret encrypted);
INSERT INTO people VALUES (1, 'Ada', encrypt('analytical engine')),
	(2, 'Grace', encrypt('nanosecond')), (3, 'Nobody', encrypt(NULL));
INSERT INTO people SELECT id + 10, name, encrypt(name) FROM people;
SELECT id, name, decrypt(secret) FROM people ORDER BY id;

-- It is ciphertext at rest and on its way out.
SELECT id, secret::text ~ '^ev:QkTC:[A-Za-z0-9+/]{16}:A[g-z0-9+/][A-Za-z0-9+/]{42}:[A-Za-z0-9+/]+:\$$' AS form,
	length(secret::text) AS length, pg_column_size(secret) - octet_length(decrypt(secret)) AS longer
FROM people WHERE secret IS NOT NULL ORDER BY id;
SELECT (encrypted_info(secret)).version, (encrypted_info(secret)).curve,
	(encrypted_info(secret)).key_id ~ '^[0-9a-f]{8}$' AS key_known
FROM people WHERE id = 1;

-- Equal values give different ciphertexts.
SELECT count(DISTINCT e::text), min(decrypt(e)), max(decrypt(e))
FROM (SELECT encrypt('same') AS e FROM generate_series(1, 20)) AS s;

-- The text form opens as well as the stored one.
SELECT decrypt(secret::text::encrypted) FROM people WHERE id = 1;

-- Where a statement may call it.
SELECT name FROM people WHERE decrypt(secret) = 'nanosecond';
SELECT name FROM people WHERE id < 10 ORDER BY decrypt(secret) DESC NULLS LAST;
SELECT count(decrypt(secret)), max(length(decrypt(secret))) FROM people;
SELECT decrypt(secret) AS d, count(*) FROM people GROUP BY 1 ORDER BY 1;
WITH open AS (SELECT id, decrypt(secret) AS d FROM people)
SELECT a.id, b.id FROM open a JOIN open b ON a.d = b.d AND a.id < b.id ORDER BY 1;
SELECT id, CASE WHEN id = 2 THEN decrypt(secret) ELSE '-' END FROM people WHERE id < 10 ORDER BY id;
UPDATE people SET secret = encrypt(upper(decrypt(secret))) WHERE id < 10 RETURNING id, decrypt(secret);
DELETE FROM people WHERE decrypt(secret) = 'Nobody' RETURNING id;
CREATE TABLE copied AS SELECT id, secret FROM people;
CREATE VIEW opened AS SELECT id, decrypt(secret) AS secret FROM people;
SELECT count(*) FROM copied JOIN opened USING (id) WHERE decrypt(copied.secret) = opened.secret;
MERGE INTO people AS p USING (VALUES (1, 'merged'), (20, 'new')) AS v(id, s) ON p.id = v.id
WHEN MATCHED THEN UPDATE SET secret = encrypt(v.s)
WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'New', encrypt(v.s));
INSERT INTO people VALUES (20, 'x', encrypt('conflict'))
ON CONFLICT (id) DO UPDATE SET secret = encrypt('conflict of ' || decrypt(people.secret));
SELECT id, decrypt(secret) FROM people WHERE id IN (1, 20) ORDER BY id;

-- Prepared statements, with and without a type for the parameter.
PREPARE untyped AS SELECT decrypt(encrypt($1));
EXECUTE untyped('über $1');
PREPARE typed(numeric) AS SELECT decrypt_as(encrypt($1), NULL::numeric) + 1;
EXECUTE typed(41);
PREPARE lookup(encrypted) AS SELECT id FROM people WHERE decrypt(secret) = decrypt($1) ORDER BY id;
SET plan_cache_mode = force_generic_plan;
SELECT secret AS parameter FROM people WHERE id = 1 \gset
EXECUTE lookup(:'parameter');
SET plan_cache_mode = force_custom_plan;
EXECUTE lookup(:'parameter');
RESET plan_cache_mode;
DEALLOCATE ALL;

-- PL/pgSQL: simple expressions, loops, cursors, exceptions, triggers.
CREATE FUNCTION encrypt_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.secret := encrypt(NEW.name);
	RETURN NEW;
END
$$;
CREATE TRIGGER encrypt_secret BEFORE INSERT ON copied FOR EACH ROW EXECUTE FUNCTION encrypt_secret();
ALTER TABLE copied ADD name text;
INSERT INTO copied (id, name) VALUES (100, 'by trigger');
SELECT decrypt(secret) FROM copied WHERE id = 100;
DO $$
DECLARE
	sealed encrypted;
	opened text;
	row_of record;
	names CURSOR FOR SELECT decrypt(secret) AS d FROM people WHERE secret IS NOT NULL ORDER BY id;
BEGIN
	sealed := encrypt('simple');
	opened := decrypt(sealed);
	RAISE NOTICE '%, %', opened, decrypt_as(sealed, NULL::text) || '!';
	IF decrypt(encrypt('ev:literal')) = 'ev:literal' THEN
		RAISE NOTICE 'text that begins with ev: is text';
	END IF;
	FOR row_of IN names LOOP
		RAISE NOTICE 'row %', row_of.d;
	END LOOP;
	FOR i IN 1..3 LOOP
		BEGIN
			opened := decrypt(overlay(sealed::text placing 'AAAA' from length(sealed::text) - 11)::encrypted);
		EXCEPTION WHEN SQLSTATE 'EV020' THEN
			RAISE NOTICE 'does not open; after it: %', decrypt(sealed);
		END;
	END LOOP;
END
$$;
CREATE FUNCTION open_secret(e encrypted) RETURNS text LANGUAGE sql STABLE AS 'SELECT decrypt(e)';
SELECT open_secret(encrypt('by function'));

-- Cursors, savepoints, parallel workers.
BEGIN;
DECLARE secrets SCROLL CURSOR FOR SELECT id, decrypt(secret) FROM people ORDER BY id;
FETCH 2 FROM secrets;
FETCH BACKWARD 1 FROM secrets;
SAVEPOINT s;
SELECT decrypt(encrypt('in a subtransaction'));
ROLLBACK TO s;
SELECT decrypt(encrypt('after a rollback'));
COMMIT;
CREATE TABLE many AS SELECT i, encrypt(i) AS e FROM generate_series(1, 200) AS i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT plan_has('SELECT sum(decrypt_as(e, 0)) FROM many', 'Gather') AS parallel;
SELECT sum(decrypt_as(e, 0)) FROM many;
SELECT count(*) FROM many WHERE decrypt_as(e, 0) = i AND decrypt(e) < decrypt(:'parameter');

DROP TABLE people, copied, many CASCADE;
DROP FUNCTION encrypt_secret(), open_secret(encrypted);
