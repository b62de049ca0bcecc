-- The extension goes as a whole, and comes back in a schema of its own.

DROP TABLE vectors;
DROP FUNCTION requests_of(text), requests_made(), error_of(text), plan_has(text, text);
CREATE TABLE keeps (e encrypted);
DROP EXTENSION evcrypt;
DROP TABLE keeps;
DROP EXTENSION evcrypt;
SELECT count(*) FROM pg_type WHERE typname = 'encrypted';

CREATE SCHEMA "Odd schema";
SET search_path = pg_catalog;
CREATE EXTENSION evcrypt SCHEMA "Odd schema";
SELECT "Odd schema".decrypt("Odd schema".encrypt('elsewhere'));
SELECT "Odd schema".decrypt_as("Odd schema".encrypt(1), NULL::int);
SELECT count(*) > 0 AS has_rows FROM "Odd schema".evcrypt_stat;
ALTER EXTENSION evcrypt SET SCHEMA public;
DROP SCHEMA "Odd schema" CASCADE;
RESET search_path;
