-- The type: text and binary forms, casts, and what it does not have.
SELECT requests_made() AS before \gset

-- Text comes back byte for byte, also in forms that evcrypt does not write.
CREATE TABLE forms AS
SELECT name, ciphertext FROM vectors
UNION ALL SELECT 'unversioned', replace(ciphertext, 'RFVC:', '') FROM vectors WHERE name = 'RFVC'
UNION ALL SELECT 'unversioned number', replace(ciphertext, 'RFVC:', 'number:') FROM vectors WHERE name = 'RFVC'
UNION ALL SELECT 'boolean', replace(ciphertext, 'QkTC:', 'QkTC:boolean:') FROM vectors WHERE name = 'QkTC'
UNION ALL SELECT 'string named', replace(ciphertext, 'QkTC:', 'QkTC:string:') FROM vectors WHERE name = 'QkTC'
UNION ALL SELECT 'padded', replace(ciphertext, '43JM:$', '43JM=:$') FROM vectors WHERE name = 'QkTC'
UNION ALL SELECT 'bound', replace(ciphertext, 'QkTC', 'RVZS') FROM vectors WHERE name = 'QkTC'
UNION ALL SELECT 'bound secp256k1', replace(ciphertext, 'S0lS', 'RVZL') FROM vectors WHERE name = 'S0lS';

SELECT name, ciphertext::encrypted::text = ciphertext AS same
FROM forms ORDER BY name COLLATE "C";

-- What it says of itself, without E3.
SELECT name, (encrypted_info(ciphertext::encrypted)).*
FROM forms ORDER BY name COLLATE "C";
SELECT encrypted_info(NULL) IS NULL AS no_info;
SELECT requests_made() - :before AS made;

-- What is no ciphertext says why not.
SELECT input, (error_of(format('SELECT %L::encrypted', input))).*
FROM (VALUES (''), ('hello'), ('ev'), ('ev:'), ('ev:$'), ('EV:QkTC:a:b:c:$'), ('ev:a:b:$'),
	('ev:a:b:c:d:e:f:$'), ('ev:a:b:c'), ('ev:QKTC:a:b:c:$'), ('ev:QkTC:object:a:b:c:$'),
	('ev:debug:QkTC:a:b:c:$'), ('ev:key:1:2:3:4')) AS v(input);
SELECT change, (error_of(format('SELECT %L::encrypted', input))).message
FROM vectors, LATERAL (VALUES
	('trailing bytes', ciphertext || 'x'),
	('leading space', ' ' || ciphertext),
	('line break', replace(ciphertext, ':Gp/', E':\nGp/')),
	('padding too long', replace(ciphertext, '43JM:$', '43JM==:$')),
	('url alphabet', replace(ciphertext, 'Gp/', 'Gp_')),
	('spare bits', replace(ciphertext, '43JM:$', '43JN:$')),
	('IV short', replace(ciphertext, 'gYKDhIWGh4iJiouM', 'gYKDhIWGh4iJiouMAAAA')),
	('point uncompressed', replace(ciphertext, ':Aj', ':Bj')),
	('point short', replace(ciphertext, 'nrrc:', ':')),
	('tag cut', regexp_replace(ciphertext, ':Gp.*', ':Gp/w19VS6D1Qozfw/8hO:$'))
) AS c(change, input)
WHERE name = 'QkTC';

-- Cut at any length it is refused.
SELECT (error_of(format('SELECT %L::encrypted', left(ciphertext, n)))).message, min(n), max(n), count(*)
FROM vectors, generate_series(0, length(ciphertext) - 1) AS n
WHERE name = 'QkTC'
GROUP BY 1 ORDER BY 2;

-- Casts check, and encrypt nothing.
CREATE TABLE column_of (e encrypted);
INSERT INTO column_of SELECT ciphertext FROM vectors;
INSERT INTO column_of SELECT ciphertext::varchar FROM vectors;
INSERT INTO column_of VALUES ('hello');
INSERT INTO column_of VALUES ('hello'::text);
INSERT INTO column_of VALUES (1);
SELECT count(*), count(DISTINCT e::text) FROM column_of;
SELECT c.castsource::regtype, c.casttarget::regtype, c.castcontext, c.castmethod
FROM pg_cast c WHERE 'encrypted'::regtype IN (c.castsource, c.casttarget) ORDER BY 1;

-- COPY carries the text form, binary COPY the envelope.
COPY (SELECT ciphertext::encrypted FROM vectors WHERE name = 'Tk9D') TO STDOUT;
SELECT encrypted_send(ciphertext::encrypted) FROM vectors WHERE name = 'Tk9D number';
CREATE TABLE binary_copy (e encrypted);
\copy column_of TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
SELECT count(*) AS missing FROM
	(SELECT e::text FROM column_of EXCEPT ALL SELECT e::text FROM binary_copy) AS m;
-- Each of these differs from an envelope in one place.
CREATE TABLE envelopes AS
SELECT change, bytes FROM vectors, LATERAL (SELECT encrypted_send(ciphertext::encrypted)) AS s(good),
	LATERAL (VALUES ('none', good), ('empty', ''), ('short', substr(good, 1, 66)),
		('version', set_byte(good, 0, 11)), ('version 0', set_byte(good, 0, 0)),
		('datatype', set_byte(good, 1, 3)), ('flag', set_byte(good, 1, 16)),
		('point', set_byte(good, 6, 4))) AS c(change, bytes)
WHERE name = 'QkTC';
\copy (SELECT bytes FROM envelopes WHERE change = 'none') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\set VERBOSITY terse
\copy (SELECT bytes FROM envelopes WHERE change = 'empty') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'short') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'version') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'version 0') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'datatype') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'flag') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\copy (SELECT bytes FROM envelopes WHERE change = 'point') TO 'results/encrypted.copy' WITH (FORMAT binary)
\copy binary_copy FROM 'results/encrypted.copy' WITH (FORMAT binary)
\set VERBOSITY default
SELECT count(*) FROM binary_copy;

-- Ciphertexts of equal values differ, so nothing compares them.
\set VERBOSITY terse
SELECT e = e FROM column_of;
SELECT DISTINCT e FROM column_of;
SELECT e FROM column_of GROUP BY e;
SELECT e FROM column_of ORDER BY e;
SELECT count(*) FROM column_of a JOIN column_of b USING (e);
SELECT e FROM column_of UNION SELECT e FROM column_of;
CREATE UNIQUE INDEX ON column_of (e);
CREATE INDEX ON column_of USING hash (e);
SELECT e LIKE 'ev:%' FROM column_of;
\set VERBOSITY default

-- It can stand wherever a type can.
CREATE DOMAIN secret AS encrypted;
CREATE TYPE pair AS (label text, e encrypted);
CREATE TABLE placed (d secret, a encrypted[], p pair, k encrypted DEFAULT NULL);
INSERT INTO placed (d, a, p)
SELECT min(ciphertext), array_agg(ciphertext::encrypted), row('x', max(ciphertext)::encrypted)::pair
FROM vectors;
SELECT d IS NOT NULL, array_length(a, 1), (p).e IS NOT NULL, k FROM placed;

-- Stored out of line where it is long, never compressed.
SELECT typlen, typalign, typstorage, typcategory, typispreferred
FROM pg_type WHERE oid = 'encrypted'::regtype;

SELECT requests_made() - :before AS made;
DROP TABLE forms, column_of, binary_copy, envelopes, placed;
DROP TYPE pair;
DROP DOMAIN secret;
