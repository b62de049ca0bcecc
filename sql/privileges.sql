-- Nothing but the type itself is for everybody; the rest is by plain GRANT.

CREATE ROLE regress_evcrypt_reader;
CREATE ROLE regress_evcrypt_writer;
CREATE TABLE vault (id int, secret encrypted);
GRANT SELECT, INSERT ON vault TO regress_evcrypt_reader, regress_evcrypt_writer;
INSERT INTO vault VALUES (1, encrypt('one'));

SET ROLE regress_evcrypt_reader;
\set VERBOSITY terse
SELECT id, secret::text LIKE 'ev:QkTC:%:$' AS ciphertext FROM vault;
SELECT (encrypted_info(secret)).version FROM vault;
INSERT INTO vault SELECT 2, secret::text FROM vault;
SELECT encrypt('x');
SELECT encrypt(1);
SELECT encrypt('x'::"char");
SELECT decrypt(secret) FROM vault;
SELECT decrypt_as(secret, NULL::int) FROM vault;
SELECT try_decrypt(secret) FROM vault;
SELECT * FROM evcrypt_health();
SELECT * FROM evcrypt_stat;
SELECT evcrypt_stat_reset();
-- Constant arguments and EXPLAIN are checked as well.
SELECT id FROM vault WHERE id::text = decrypt('ev:Tk9D:ERITFBUWFxgZGhsc:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:n24rEkFWMLPq6Ey8O9z7fWQTVdLQ0jUerumq:$');
EXPLAIN SELECT id FROM vault WHERE id::text = decrypt('ev:Tk9D:ERITFBUWFxgZGhsc:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:n24rEkFWMLPq6Ey8O9z7fWQTVdLQ0jUerumq:$');
RESET ROLE;

GRANT EXECUTE ON FUNCTION decrypt(encrypted), evcrypt_health(), evcrypt_stat_rows() TO regress_evcrypt_reader;
GRANT SELECT ON evcrypt_stat TO regress_evcrypt_reader;
GRANT EXECUTE ON FUNCTION encrypt(text) TO regress_evcrypt_writer;
SET ROLE regress_evcrypt_reader;
SELECT id, decrypt(secret) FROM vault ORDER BY id;
SELECT encrypt('x');
SELECT count(*) FROM evcrypt_health();
SELECT count(*) > 0 FROM evcrypt_stat;
SELECT evcrypt_stat_reset();
-- Where and what E3 is, and for which app it works, is the administrator's to say.
SET evcrypt.endpoints = 'unix:/tmp/other';
SET evcrypt.app = 'other';
SET evcrypt.sslcert = '/tmp/other';
SET evcrypt.sslcrl = '/tmp/other';
SET evcrypt.sslkey = '/tmp/other';
SET evcrypt.sslrootcert = '/tmp/other';
RESET ROLE;
SET ROLE regress_evcrypt_writer;
INSERT INTO vault VALUES (3, encrypt('three'));
INSERT INTO vault VALUES (4, encrypt(4));
SELECT decrypt(secret) FROM vault;
RESET ROLE;
SELECT id, decrypt(secret) FROM vault ORDER BY id;
\set VERBOSITY default

-- A function of the owner's gives only what it gives.
CREATE FUNCTION last_two(e encrypted) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS 'SELECT right(public.decrypt(e), 2)';
SET ROLE regress_evcrypt_writer;
SELECT id, last_two(secret) FROM vault ORDER BY id;
RESET ROLE;

-- Row security keeps hidden rows from being decrypted.
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON vault USING (decrypt(secret) <> 'three' AND id % 2 = 1);
GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO regress_evcrypt_writer;
SET ROLE regress_evcrypt_writer;
SELECT id, decrypt(secret) FROM vault ORDER BY id;
RESET ROLE;

DROP FUNCTION last_two(encrypted);
DROP TABLE vault;
REVOKE ALL ON FUNCTION decrypt(encrypted), encrypt(text), evcrypt_health(), evcrypt_stat_rows()
	FROM regress_evcrypt_reader, regress_evcrypt_writer;
REVOKE ALL ON evcrypt_stat FROM regress_evcrypt_reader;
DROP ROLE regress_evcrypt_reader, regress_evcrypt_writer;
