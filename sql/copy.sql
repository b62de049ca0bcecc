-- COPY: plaintext in and out, ciphertext in the table.

CREATE TABLE patients (id int PRIMARY KEY, name text, ssn encrypted, born encrypted, "Weird Col" encrypted);

COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
1,Ada,078-05-1120
2,Bob,
3,"Cy, jr.","two
lines"
4,Dee,ev:QkTC:text that begins like a ciphertext
\.
SELECT id, name, ssn::text LIKE 'ev:QkTC:%:$' AS ciphertext, decrypt(ssn) FROM patients ORDER BY id;

-- Names and types.
COPY patients FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn, 'born date', '"Weird Col" numeric(10,2)'));
5,Eve,x,1912-06-23,1.005
6,Fay,,,
\.
SELECT id, decrypt(ssn), decrypt_as(born, NULL::date) AS born, decrypt("Weird Col") AS weird,
	(encrypted_info(born)).datatype, (encrypted_info("Weird Col")).datatype AS weird_datatype
FROM patients WHERE id > 4 ORDER BY id;
COPY patients (id, name, "Weird Col") FROM STDIN WITH (ENCRYPT ("Weird Col"));
7	Gus	tab\there
\.
COPY patients FROM STDIN WITH (FORMAT csv, HEADER match, ENCRYPT *, FORCE_NULL (name));
id,name,ssn,born,Weird Col
8,"",s,b,w
\.
SELECT id, name, decrypt(ssn) AS ssn, decrypt(born) AS born, decrypt("Weird Col") AS weird
FROM patients WHERE id > 6 ORDER BY id;

-- Without the option COPY moves ciphertext, and asks nobody.
SELECT requests_made() AS before \gset
CREATE TABLE moved (LIKE patients);
COPY (SELECT * FROM patients) TO PROGRAM 'cat >/dev/null';
SELECT requests_made() - :before AS requests;

-- Out again.
COPY patients (id, ssn, born) TO STDOUT WITH (FORMAT csv, HEADER, DECRYPT (ssn, 'born text'), FORCE_QUOTE (ssn));
COPY patients (id, "Weird Col") TO STDOUT WITH (DECRYPT ('"Weird Col"'));
COPY patients TO STDOUT WITH (FORMAT csv, NULL '-', DECRYPT *);
COPY (SELECT id, decrypt(ssn) FROM patients ORDER BY id LIMIT 2) TO STDOUT;

-- Requests.
SELECT requests_of($$COPY moved (id, ssn) FROM PROGRAM 'seq 1 10000 | sed "s/$/,x/"' (FORMAT csv, ENCRYPT (ssn))$$);
SET evcrypt.batch_rows = 100;
SELECT requests_of($$COPY moved (id, ssn) FROM PROGRAM 'seq 1 10000 | sed "s/$/,x/"' (FORMAT csv, ENCRYPT (ssn))$$);
RESET evcrypt.batch_rows;
SELECT count(*), count(DISTINCT ssn::text) FROM moved;
SELECT requests_of($$COPY moved (id) TO PROGRAM 'cat >/dev/null'$$);

-- Two columns are one request; NULLs are none.
SELECT requests_of($$COPY moved FROM PROGRAM 'echo 1,2,3,4,5' (FORMAT csv, ENCRYPT *)$$);
SELECT requests_of($$COPY moved FROM PROGRAM 'echo 1,,,,' (FORMAT csv, ENCRYPT *)$$);
TRUNCATE moved;

-- WHERE and triggers see ciphertext.
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %', NEW.id, NEW.ssn::text LIKE 'ev:%';
	RETURN NEW;
END $$;
CREATE TRIGGER see BEFORE INSERT ON moved FOR EACH ROW EXECUTE FUNCTION see();
COPY moved (id, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn)) WHERE ssn::text LIKE 'ev:%' AND id <> 2;
1,a
2,b
3,
4,d
\.
SELECT id, decrypt(ssn) FROM moved ORDER BY id;
DROP TRIGGER see ON moved;

-- A domain over the type.
CREATE DOMAIN sealed AS encrypted NOT NULL CHECK ((encrypted_info(VALUE)).stored_bytes < 100);
CREATE TABLE in_domain (id int, s sealed);
COPY in_domain FROM STDIN WITH (FORMAT csv, ENCRYPT (s));
1,short
\.
COPY in_domain FROM STDIN WITH (FORMAT csv, ENCRYPT *);
2,short
3,a value that is much too long for it
\.
COPY in_domain FROM STDIN WITH (FORMAT csv, ENCRYPT *);
2,short
3,
\.
COPY in_domain TO STDOUT WITH (FORMAT csv, DECRYPT *);
DROP TABLE in_domain;
DROP DOMAIN sealed;

-- Ciphertext by default, also where the input asks for it.
CREATE TABLE with_default (id int, s encrypted DEFAULT encrypt('by default'));
COPY with_default (id) FROM STDIN;
1
\.
COPY with_default FROM STDIN WITH (FORMAT csv, ENCRYPT (s));
2,given
\.
COPY with_default TO STDOUT WITH (FORMAT csv, DECRYPT *);
DROP TABLE with_default;

-- Errors name line and column, and show nothing.
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
10,Ada,secret
secret,Bob,secret
\.
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
10,Ada,secret
11,Bob,secret,secret
\.
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
10,Ada,secret
11,Bob
\.
COPY patients (id, born) FROM STDIN WITH (FORMAT csv, ENCRYPT ('born date'));
10,1912-06-23
11,secret
\.
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
10,Ada,secret
1,Bob,secret
\.
ALTER TABLE patients ADD CONSTRAINT short CHECK (length(name) < 10);
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
10,Ada,secret
11,a secret much too long,secret
\.
COPY patients (id, name, ssn) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn)) WHERE name::int > 0;
10,1,secret
11,secret,secret
\.
SELECT count(*) FROM patients WHERE id > 8;

DROP FUNCTION see();
DROP TABLE moved, patients;
