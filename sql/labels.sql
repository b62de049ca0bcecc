-- Security labels of columns: what may be said, and what COPY makes of it.

CREATE TABLE labelled (id int, name text, ssn encrypted, born encrypted, "Weird Col" int);

-- What a label says.
SECURITY LABEL FOR evcrypt ON COLUMN labelled.ssn IS
	'app=shop, role=pii, type=numeric(10,2), context=''patients/'' || column(id)';
SELECT label FROM pg_seclabels WHERE provider = 'evcrypt' AND objname = 'labelled.ssn';
SELECT * FROM evcrypt_label('labelled', 'ssn');
SELECT * FROM evcrypt_label('labelled', 'born');
SELECT (evcrypt_label('labelled', 'none')).app;

CREATE FUNCTION said(label text, OUT app text, OUT role text, OUT type text, OUT context text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SECURITY LABEL FOR evcrypt ON COLUMN labelled.ssn IS %L', label);
	SELECT * INTO app, role, type, context FROM evcrypt_label('labelled', 'ssn');
END
$$;
SELECT * FROM said('app=default');
SELECT * FROM said('role=a-1');
SELECT * FROM said(E' type = timestamp (3) with time zone ,\n\trole=x ');
SELECT * FROM said('type=int[]');
SELECT * FROM said('type="char"');
SELECT * FROM said('context=''''');
SELECT * FROM said('context=''it''''s''');
SELECT * FROM said('context=column("Weird Col")');
SELECT * FROM said('context=column( ID )');
SELECT * FROM said('context=''a'' column(name), app=default');

-- Types are looked up in pg_catalog alone, whatever the search_path.
CREATE SCHEMA elsewhere;
CREATE TYPE elsewhere.mood AS ENUM ('sad', 'ok');
SELECT * FROM said('type=elsewhere.mood');
SET search_path = elsewhere, public;
SELECT * FROM error_of($$SELECT said('type=mood')$$);
CREATE DOMAIN elsewhere.date AS text;
SELECT * FROM said('type=date');
RESET search_path;

-- What is refused.
CREATE FUNCTION refused(label text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE sql AS $$ SELECT * FROM error_of(format('SELECT said(%L)', label)) $$;
SELECT * FROM refused('');
SELECT message, detail FROM refused('app=Shop');
SELECT message, detail FROM refused('role=a_b');
SELECT message, detail FROM refused('type=numeric(1');
SELECT message, detail FROM refused('type=text, key=a');
SELECT message, detail FROM refused('type=text, type=text');
SELECT message, detail FROM refused('type=text role=a');
SELECT message, detail FROM refused('context=id');
SELECT message, detail FROM refused('context=column(id) || ''a''');
SELECT message, detail FROM refused('context=''ä'' || column(');
SELECT message, detail FROM refused('context=''' || repeat('x', 1025) || '''');
SELECT message, detail FROM refused('app=a' || repeat(' ', 4092));
SELECT * FROM refused('context=column(none)');
SELECT * FROM refused('context=column(ctid)');
SELECT * FROM refused('context=column(ssn)');
SELECT * FROM refused('context=column(born)');
SELECT * FROM refused('type=nothing');
SELECT * FROM refused('type=public.encrypted');
SELECT * FROM refused('type=public.encrypted[]');
SELECT * FROM refused('type=record');
SELECT * FROM refused('type=public.labelled');
SELECT * FROM refused('type=numeric(1,2,3)');
SELECT * FROM refused('type=text; DROP TABLE labelled');
CREATE TEMP TABLE other (x int);
CREATE TYPE pg_temp.passing AS ENUM ('a');
SELECT * FROM refused('type=pg_temp.passing');
SELECT * FROM refused('type=passing');
DROP TYPE pg_temp.passing;

-- Only on columns of type encrypted.
CREATE TYPE pair AS (a encrypted, b int);
CREATE VIEW shown AS SELECT id, ssn FROM labelled;
CREATE MATERIALIZED VIEW kept AS SELECT id, ssn FROM labelled;
CREATE DOMAIN sealed AS encrypted;
CREATE TABLE in_domain (s sealed);
CREATE FUNCTION refused_on(object text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE sql AS $$ SELECT * FROM error_of(format('SECURITY LABEL FOR evcrypt ON %s IS %L', object, 'type=text')) $$;
SELECT * FROM refused_on('COLUMN labelled.id');
SELECT * FROM refused_on('COLUMN labelled.ctid');
SELECT * FROM refused_on('COLUMN labelled.none');
SELECT * FROM refused_on('COLUMN pair.a');
SELECT code FROM refused_on('COLUMN pg_class.relname');
SELECT * FROM refused_on('TABLE labelled');
SELECT * FROM refused_on('TYPE encrypted');
SELECT * FROM refused_on('SCHEMA public');
SELECT * FROM refused_on('DATABASE contrib_regression');
SELECT * FROM refused_on('ROLE pg_monitor');
SELECT * FROM refused_on('COLUMN shown.ssn');
SELECT * FROM refused_on('COLUMN kept.ssn');
SELECT * FROM refused_on('COLUMN in_domain.s');

-- Rights: the table's owner labels, and needs more for an app or a role.
CREATE ROLE regress_evcrypt_owner;
CREATE ROLE regress_evcrypt_other;
ALTER TABLE labelled OWNER TO regress_evcrypt_owner;
GRANT CREATE ON SCHEMA public TO regress_evcrypt_owner;
GRANT EXECUTE ON FUNCTION evcrypt_label(regclass, name) TO regress_evcrypt_owner;
SET ROLE regress_evcrypt_other;
SELECT * FROM refused_on('COLUMN labelled.ssn');
SELECT * FROM error_of($$SELECT * FROM evcrypt_label('labelled', 'ssn')$$);
SET ROLE regress_evcrypt_owner;
SELECT * FROM said('type=date, context=column(id)');
SELECT * FROM refused('app=default');
SELECT * FROM refused('role=pii');
RESET ROLE;
GRANT SET ON PARAMETER evcrypt.role TO regress_evcrypt_owner;
SET ROLE regress_evcrypt_owner;
SELECT * FROM refused('app=default, role=pii');
SELECT * FROM said('role=pii');
SECURITY LABEL FOR evcrypt ON COLUMN labelled.ssn IS NULL;
RESET ROLE;
REVOKE SET ON PARAMETER evcrypt.role FROM regress_evcrypt_owner;
SELECT count(*) FROM pg_seclabels WHERE objname = 'labelled.ssn';

-- A dropped column takes its label along.
SECURITY LABEL FOR evcrypt ON COLUMN labelled.born IS 'type=date';
ALTER TABLE labelled DROP born;
SELECT count(*) FROM pg_seclabels WHERE objname LIKE 'labelled%';
SELECT code, message FROM refused_on('COLUMN labelled.born');
SELECT code, message FROM refused_on('COLUMN labelled."........pg.dropped.4........"');
SELECT code, message FROM refused('context=column("........pg.dropped.4........")');

-- Where it is the only provider, FOR may be left out; one label replaces another.
SECURITY LABEL ON COLUMN labelled.ssn IS 'type=int';
SECURITY LABEL FOR evcrypt ON COLUMN labelled.ssn IS 'type=date';
SELECT label FROM pg_seclabels WHERE objname = 'labelled.ssn';
DROP VIEW shown;
DROP MATERIALIZED VIEW kept;
DROP TABLE labelled, in_domain, other;
DROP DOMAIN sealed;
DROP TYPE pair;
DROP OWNED BY regress_evcrypt_owner;
DROP ROLE regress_evcrypt_owner, regress_evcrypt_other;
DROP FUNCTION said(text), refused(text), refused_on(text);

-- COPY: types.
CREATE TABLE people (id int, ssn encrypted, born encrypted, weight encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN people.born IS 'type=date';
SECURITY LABEL FOR evcrypt ON COLUMN people.weight IS 'type=numeric(5,1)';
COPY people FROM STDIN WITH (FORMAT csv, ENCRYPT *);
1,a,1912-06-23,70.25
2,,,
\.
COPY people (id, weight) FROM STDIN WITH (FORMAT csv, ENCRYPT (weight));
3,80.04
\.
COPY people (id, weight) FROM STDIN WITH (FORMAT csv, ENCRYPT ('weight text'));
4,heavy
\.
COPY people (id, born) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
5,someday
\.
SELECT id, decrypt(ssn) AS ssn, decrypt(born) AS born, decrypt(weight) AS weight,
	(encrypted_info(weight)).datatype FROM people ORDER BY id;
SET datestyle = 'German';
COPY people TO STDOUT WITH (FORMAT csv, DECRYPT (ssn, born, 'weight text'));
RESET datestyle;
COPY people TO STDOUT WITH (FORMAT csv, DECRYPT *);
DELETE FROM people WHERE id = 4;
COPY people TO STDOUT WITH (FORMAT csv, DECRYPT *);

-- The functions know nothing of labels.
SELECT decrypt(encrypt('x')) AS x, requests_of('INSERT INTO people SELECT 6, encrypt(''y''), encrypt(''z'')');
SELECT decrypt(born) FROM people WHERE id = 6;
TRUNCATE people;

-- Contexts: a constant, a column, both; any order of columns; NULL stays NULL.
SECURITY LABEL FOR evcrypt ON COLUMN people.ssn IS 'context=''people.ssn''';
SECURITY LABEL FOR evcrypt ON COLUMN people.born IS 'type=date, context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN people.weight IS 'type=numeric, context=''people/'' || column(id)';
COPY people (weight, ssn, id, born) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
70.5,a,1,1912-06-23
80,b,2,2000-01-01
,,3,
\.
SELECT id, decrypt(ssn, 'people.ssn') AS ssn, decrypt_as(born, NULL::date, id::text) AS born,
	decrypt(weight, 'people/' || id) AS weight FROM people ORDER BY id;
SELECT * FROM error_of('SELECT decrypt(weight) FROM people');
SELECT * FROM error_of('SELECT decrypt(weight, ''people/2'') FROM people WHERE id = 1');
COPY people TO STDOUT WITH (FORMAT csv, HEADER, DECRYPT *);
COPY people (weight) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE *, DECRYPT (weight));
COPY people (born, weight) TO STDOUT WITH (FORMAT csv, HEADER, DECRYPT *);
INSERT INTO people VALUES (4, encrypt('c', 'people.ssn'), encrypt('2001-01-01'::date, '4'), encrypt(90, 'people/4'));
COPY people TO STDOUT WITH (FORMAT csv, DECRYPT *);

-- A value that is in another row does not open, when its row is reached.
UPDATE people a SET weight = b.weight FROM people b WHERE a.id IN (1, 2) AND b.id IN (1, 2) AND a.id <> b.id;
COPY people (id, weight) TO STDOUT WITH (FORMAT csv, DECRYPT *);
UPDATE people a SET weight = b.weight FROM people b WHERE a.id IN (1, 2) AND b.id IN (1, 2) AND a.id <> b.id;
COPY people (id, weight) TO STDOUT WITH (FORMAT csv, DECRYPT *);

-- A context of NULL is an error, but not for a value of NULL.
COPY people FROM STDIN WITH (FORMAT csv, ENCRYPT *);
5,d,2000-01-01,1
,e,2000-01-01,1
\.
COPY people FROM STDIN WITH (FORMAT csv, ENCRYPT *);
,e,,
\.
UPDATE people SET id = NULL WHERE id = 2;
COPY people (id, weight) TO STDOUT WITH (FORMAT csv, DECRYPT *);
TRUNCATE people;

-- Defaults are evaluated once, before the row is encrypted.
CREATE TABLE numbered (n int, id bigint GENERATED BY DEFAULT AS IDENTITY, at date DEFAULT '2000-01-01', s encrypted, t encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN numbered.s IS 'context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN numbered.t IS 'context=column(at)';
COPY numbered (s, n) FROM STDIN WITH (FORMAT csv, ENCRYPT *) WHERE n <> 2;
a,1
b,2
c,3
\.
COPY numbered (t) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
d
\.
SELECT id, decrypt(s, id::text) AS s, decrypt(t, '2000-01-01') AS t FROM numbered ORDER BY id;
COPY numbered (s) TO STDOUT WITH (DECRYPT *);
ALTER TABLE numbered ALTER at DROP DEFAULT;
COPY numbered (t) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
e
\.
DROP TABLE numbered;

-- One may depend on another's, or be ciphertext.
CREATE TABLE dependent (n serial, name text DEFAULT 'r' || currval('dependent_n_seq'), s encrypted,
	t encrypted DEFAULT encrypt('none', 'r1'), u int, gone int, g int GENERATED ALWAYS AS (n * 2) STORED);
ALTER TABLE dependent DROP gone;
SECURITY LABEL FOR evcrypt ON COLUMN dependent.s IS 'context=column(name)';
SECURITY LABEL FOR evcrypt ON COLUMN dependent.t IS 'context=column(name)';
COPY dependent (s) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
a
b
\.
COPY dependent (s, u) FROM STDIN WITH (FORMAT csv, ENCRYPT *);
c,3
\.
SELECT n, name, decrypt(s, name) AS s, decrypt(t, 'r1') AS t, u, g FROM dependent ORDER BY n;
DROP TABLE dependent;

-- What could be stored otherwise than it was bound is refused.
CREATE TABLE computed (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, s encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN computed.s IS 'context=column(twice)';
SELECT * FROM error_of('COPY computed FROM ''/dev/null'' (ENCRYPT *)');
INSERT INTO computed VALUES (1, DEFAULT, encrypt('x', '2'));
COPY computed TO STDOUT WITH (DECRYPT *);
SECURITY LABEL FOR evcrypt ON COLUMN computed.s IS 'context=column(id)';
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := 0; RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON computed FOR EACH ROW EXECUTE FUNCTION change();
SELECT * FROM error_of('COPY computed FROM ''/dev/null'' (ENCRYPT *)');
SELECT * FROM error_of('COPY computed FROM ''/dev/null''');
ALTER TABLE computed DISABLE TRIGGER change;
SELECT * FROM error_of('COPY computed FROM ''/dev/null'' (ENCRYPT *)');
ALTER TABLE computed ENABLE TRIGGER change;
SECURITY LABEL FOR evcrypt ON COLUMN computed.s IS 'context=''constant''';
SELECT * FROM error_of('COPY computed FROM ''/dev/null'' (ENCRYPT *)');
DROP TABLE computed;
DROP FUNCTION change();

-- The text form is that of a cast, under fixed settings.
CREATE TABLE forms (b bool, y bytea, c char(5), t timestamptz, i inet, d date, f float8, m elsewhere.mood, v varchar, a int[],
	s1 encrypted, s2 encrypted, s3 encrypted, s4 encrypted, s5 encrypted, s6 encrypted, s7 encrypted, s8 encrypted,
	s9 encrypted, s10 encrypted);
DO $$
DECLARE
	names CONSTANT text[] := '{b, y, c, t, i, d, f, m, v, a}';
BEGIN
	FOR i IN 1 .. 10 LOOP
		EXECUTE format('SECURITY LABEL FOR evcrypt ON COLUMN forms.s%s IS %L', i, format('context=''<'' || column(%s)', names[i]));
	END LOOP;
END
$$;
SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'; SET bytea_output = 'escape'; SET extra_float_digits = -5;
COPY forms FROM STDIN WITH (FORMAT csv, ENCRYPT *);
t,\x00ff,ab,2020-02-29 12:00+02,10.0.0.1,2020-01-02,0.1,ok,x y,"{1,NULL}",1,2,3,4,5,6,7,8,9,10
\.
RESET datestyle; RESET timezone; RESET bytea_output; RESET extra_float_digits;
SELECT decrypt(s1, '<true'), decrypt(s2, '<\x00ff'), decrypt(s3, '<ab'), decrypt(s4, '<2020-02-29 10:00:00+00'),
	decrypt(s5, '<10.0.0.1/32'), decrypt(s6, '<2020-01-02'), decrypt(s7, '<0.1'), decrypt(s8, '<ok'),
	decrypt(s9, '<x y'), decrypt(s10, '<{1,NULL}') FROM forms;
COPY forms (s1, s2, s3, s4, s5, s6, s7, s8, s9, s10) TO STDOUT WITH (DECRYPT *);
DROP TABLE forms;

-- Batches: one request for the columns of an app and a role that have a context, one for those that have none.
CREATE TABLE counted (id int, a encrypted, b encrypted, c encrypted, d encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN counted.a IS 'context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN counted.b IS 'context=''b''';
SECURITY LABEL FOR evcrypt ON COLUMN counted.c IS 'type=int';
SELECT requests_of($$COPY counted FROM PROGRAM 'seq 1 5000 | sed "s/$/,a,b,3,d/"' (FORMAT csv, ENCRYPT *)$$);
SELECT requests_of($$COPY counted TO PROGRAM 'cat >/dev/null' (FORMAT csv, DECRYPT *)$$);
SECURITY LABEL FOR evcrypt ON COLUMN counted.c IS 'role=pii';
SECURITY LABEL FOR evcrypt ON COLUMN counted.d IS 'role=pii, app=default';
SELECT requests_of($$COPY counted FROM PROGRAM 'seq 1 4000 | sed "s/$/,a,b,3,d/"' (FORMAT csv, ENCRYPT *)$$);
SET evcrypt.format = 'Tk9D';
SELECT * FROM error_of($$COPY counted FROM PROGRAM 'echo 1,,,1,' (FORMAT csv, ENCRYPT *)$$);
RESET evcrypt.format;
SECURITY LABEL FOR evcrypt ON COLUMN counted.c IS 'app=nowhere';
SELECT code, message FROM error_of($$COPY counted FROM PROGRAM 'echo 1,,,1,' (FORMAT csv, ENCRYPT *)$$);
DROP TABLE counted;

-- ALTER TABLE leaves alone what a label names.
SECURITY LABEL FOR evcrypt ON COLUMN people.ssn IS NULL;
SECURITY LABEL FOR evcrypt ON COLUMN people.weight IS NULL;
SELECT * FROM error_of('ALTER TABLE people RENAME id TO number');
SELECT * FROM error_of('ALTER TABLE people DROP id');
SELECT * FROM error_of('ALTER TABLE people ALTER id TYPE text');
SELECT * FROM error_of('ALTER TABLE people ALTER id TYPE numeric(10,2)');
SELECT * FROM error_of('ALTER TABLE people ALTER born TYPE text');
SELECT * FROM error_of('ALTER TABLE people DROP id, DROP born');
ALTER TABLE people ALTER id TYPE bigint;
ALTER TABLE people ALTER id SET NOT NULL, ALTER id SET STATISTICS 10;
ALTER TABLE people RENAME born TO birth;
SELECT type, context FROM evcrypt_label('people', 'birth');
ALTER TABLE people RENAME TO persons;
COPY persons FROM PROGRAM 'echo 1,a,2000-01-01,' (FORMAT csv, ENCRYPT *);
SELECT decrypt(birth, '1') FROM persons;
CREATE DOMAIN sealed AS encrypted;
ALTER TABLE persons ALTER birth TYPE sealed;
SELECT type, context FROM evcrypt_label('persons', 'birth');
ALTER TABLE persons DROP birth, DROP id;
DROP TABLE persons;
DROP DOMAIN sealed;

-- A type that is gone is an error of who uses the label.
CREATE TABLE moods (m encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN moods.m IS 'type=elsewhere.mood';
COPY moods FROM PROGRAM 'echo sad' (ENCRYPT *);
COPY moods TO STDOUT (DECRYPT *);
DROP TYPE elsewhere.mood;
COPY moods TO STDOUT (DECRYPT *);
COPY moods TO STDOUT (DECRYPT ('m text'));
DROP TABLE moods;
DROP SCHEMA elsewhere CASCADE;

-- Partitions have the labels of their root, whatever the order of their columns.
CREATE TABLE parted (id int, ssn encrypted, k int) PARTITION BY LIST (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted2 (k int, gone int, ssn encrypted, id int);
ALTER TABLE parted2 DROP gone;
ALTER TABLE parted ATTACH PARTITION parted2 FOR VALUES IN (2);
CREATE TABLE parted3 PARTITION OF parted FOR VALUES IN (3) PARTITION BY LIST (id);
CREATE TABLE parted31 PARTITION OF parted3 FOR VALUES IN (31);
SECURITY LABEL FOR evcrypt ON COLUMN parted.ssn IS 'type=int, context=''p'' || column(id)';
SELECT * FROM evcrypt_label('parted31', 'ssn');
COPY parted FROM STDIN WITH (FORMAT csv, ENCRYPT *);
11,1,1
12,2,2
31,3,3
\.
COPY parted2 (ssn, id, k) FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn));
4,13,2
\.
COPY parted31 FROM STDIN WITH (FORMAT csv, ENCRYPT *);
31,5,3
\.
SELECT id, decrypt_as(ssn, 0, 'p' || id) FROM parted ORDER BY 2;
COPY parted2 TO STDOUT WITH (FORMAT csv, DECRYPT *);
COPY parted31 (ssn) TO STDOUT WITH (FORMAT csv, DECRYPT *);
SELECT * FROM error_of('SECURITY LABEL FOR evcrypt ON COLUMN parted31.ssn IS ''type=text''');
SELECT * FROM error_of('ALTER TABLE parted RENAME id TO number');
SELECT * FROM error_of('ALTER TABLE parted ALTER id TYPE text');
SELECT * FROM error_of('ALTER TABLE parted DROP id');
ALTER TABLE parted DETACH PARTITION parted2;
SELECT * FROM evcrypt_label('parted2', 'ssn');
SECURITY LABEL FOR evcrypt ON COLUMN parted2.ssn IS 'type=text';
SELECT * FROM error_of('ALTER TABLE parted ATTACH PARTITION parted2 FOR VALUES IN (2)');
SECURITY LABEL FOR evcrypt ON COLUMN parted2.ssn IS NULL;
ALTER TABLE parted ATTACH PARTITION parted2 FOR VALUES IN (2);
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := 0; RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON parted2 FOR EACH ROW EXECUTE FUNCTION change();
SELECT message FROM error_of('COPY parted FROM ''/dev/null'' (ENCRYPT *)');
DROP TABLE parted;
DROP FUNCTION change();

-- Children by INHERITS have labels of their own.
CREATE TABLE parent (id int, s encrypted);
CREATE TABLE child () INHERITS (parent);
SECURITY LABEL FOR evcrypt ON COLUMN parent.s IS 'type=int';
SELECT * FROM evcrypt_label('child', 's');
SECURITY LABEL FOR evcrypt ON COLUMN child.s IS 'type=text';
ALTER TABLE child NO INHERIT parent;
ALTER TABLE child INHERIT parent;
DROP TABLE parent, child;
