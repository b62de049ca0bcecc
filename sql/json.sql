-- encrypt_fields and decrypt_fields: fields of jsonb documents.

-- A document with its ciphertexts as <version datatype>.
CREATE FUNCTION masked(doc jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(doc::text, '"ev:([A-Za-z0-9]{4}):((number|boolean):)?[A-Za-z0-9+/:]+:\$"', '"<\1 \3>"', 'g')::jsonb
$$;
-- What is encrypted, and is it byte for byte the same when it has been decrypted?
CREATE FUNCTION there_and_back(doc jsonb, paths text[], OUT masked jsonb, OUT back boolean, OUT back_by_paths boolean)
LANGUAGE plpgsql AS $$
DECLARE
	sealed CONSTANT jsonb := encrypt_fields(doc, paths);
BEGIN
	masked := masked(sealed);
	back := record_image_eq(ROW(decrypt_fields(sealed)), ROW(doc));
	back_by_paths := record_image_eq(ROW(decrypt_fields(sealed, paths)), ROW(doc));
END
$$;

-- Shapes.
SELECT p AS paths, r.* FROM (VALUES
	('{"{ssn}"}'::text[]), ('{"{card,*,number}"}'), ('{"{card,0,number}","{card,-1,cvc}"}'), ('{"{card}"}'), ('{"{*}"}'),
	('{"{*,*}"}'), ('{"{*,*,number}","{card,1}"}'), ('{"{}"}'),
	('{"{missing}","{ssn,deeper}","{card,7,number}","{card,number}","{0}","{born,0}"}'),
	('{"{\"a,b\",\"*\"}"}'), ('{"{\"a,b\",*}"}'), ('{"{empty}","{nothing}"}'))
	AS v(p), LATERAL there_and_back('{"ssn": "078-05-1120", "born": {"y": 1912, "m": 6}, "vip": true, "empty": {"o": {}, "a": []},
	"nothing": null, "a,b": {"*": "star", "x": "ex"},
	"card": [{"number": "4111", "cvc": 123}, {"number": "4222", "cvc": false, "n": null}]}', p) AS r;
-- Documents that are scalars or arrays.
SELECT d, r.masked, r.back, r.back_by_paths
FROM (VALUES ('"text"'::jsonb), ('1.50'), ('true'), ('null'), ('[]'), ('{}'), ('["a", [2, ["b"]], null]')) AS v(d),
	there_and_back(d, '{"{}"}') AS r;
SELECT d, r.masked, r.back, r.back_by_paths FROM (VALUES ('"text"'::jsonb), ('["a", [2, ["b"]], {"0": 1}]')) AS v(d),
	there_and_back(d, '{"{0}","{*,0}","{1,1,*}"}') AS r;

-- Data types: numbers are exact, text is text whatever it looks like.
SELECT decrypt_fields(encrypt_fields('[0, -0, 1.10, 1e2, 0.00, 1e-30, 12345678901234567890.123456789, -7]', '{"{*}"}'));
SELECT length(decrypt_fields(encrypt_fields('[1e5000]', '{"{*}"}'))::text);
SELECT decrypt_fields(encrypt_fields('["", " x ", "1", "null", "true", "ev:", "ev:x", "ev:my", "é€😀", "a\tb\"\\"]', '{"{*}"}'));
SELECT jsonb_agg(jsonb_typeof(e)) FROM jsonb_array_elements(decrypt_fields(encrypt_fields('["1", 1, "true", true, null, "NaN"]', '{"{*}"}'))) e;
-- A field is a ciphertext like any other.
SELECT decrypt((doc ->> 'n')::encrypted), decrypt_as((doc ->> 'n')::encrypted, NULL::int) + 1, (encrypted_info((doc ->> 'n')::encrypted)).datatype
FROM (SELECT encrypt_fields('{"n": 41}', '{"{n}"}') AS doc OFFSET 0) AS s;
SELECT decrypt_fields(jsonb_build_object('s', encrypt('text')::text, 'n', encrypt(1.5)::text, 'b', encrypt(false)::text,
	'nan', encrypt('NaN'::float8)::text, 'bytes', encrypt('\x41'::bytea)::text));
SELECT decrypt_fields(jsonb_build_object('bytes', encrypt('\xff'::bytea)::text));

-- NULL, as jsonb's own functions have it; but a context is never NULL.
SELECT encrypt_fields(NULL, '{"{a}"}') IS NULL AS doc, encrypt_fields('{}', NULL) IS NULL AS paths,
	decrypt_fields(NULL) IS NULL AS doc, decrypt_fields(NULL, '{}') IS NULL AS doc, decrypt_fields('{}', NULL) IS NULL AS paths,
	encrypt_fields(NULL, '{}', 'c') IS NULL AS doc, decrypt_fields('{}', NULL, 'c') IS NULL AS paths;
SELECT encrypt_fields('{"a": 1}', '{"{a}"}', NULL);
SELECT decrypt_fields('{"a": 1}', '{"{a}"}', NULL);

-- A context.
SELECT encrypt_fields('{"a": 1, "b": ["x", true]}', '{"{a}","{b}"}', 'row 1') AS bound, encrypt_fields('{"a": 1}', '{"{a}"}') AS unbound \gset
SELECT masked(:'bound');
SELECT decrypt_fields(:'bound', '{"{a}","{b}"}', 'row 1');
SELECT decrypt_fields(:'bound', '{"{a}","{b}"}', 'row 2');
SELECT decrypt_fields(:'bound', '{"{a}","{b}"}', '');
SELECT decrypt_fields(:'bound', '{"{a}","{b}"}');
SELECT decrypt_fields(:'bound');
SELECT decrypt_fields(:'unbound', '{"{a}"}', 'row 1');
SELECT decrypt_fields(encrypt_fields('{"a": 1}', '{"{a}"}', ''), '{"{a}"}', '');
SELECT decrypt(((:'bound')::jsonb #>> '{b,0}')::encrypted, 'row 1');

-- Nothing is encrypted twice, silently.
SELECT encrypt_fields(:'unbound', '{"{a}"}');
SELECT encrypt_fields(:'unbound', '{"{}"}');
SELECT encrypt_fields(:'unbound', '{"{b}"}') = :'unbound'::jsonb AS untouched;
SELECT encrypt_fields('["ev:debug:QkTC:x"]', '{"{0}"}');
SELECT decrypt_fields(encrypt_fields('["ev:key:1:secret:abcdef:123456", "ev:QkTC:no ciphertext", "ev:x:$"]', '{"{*}"}'));

-- What is not a ciphertext: with paths always an error, without if it says that it is one.
SELECT decrypt_fields('["text", 1, null, "ev:", "ev:x", "ev:QkTC", "ev:note: paid :", {"ev:QkTC:": "ev:Qk"}]');
SELECT t AS text, without.code AS without_paths, without.message, by_path.code AS by_path
FROM (VALUES ('text'), ('ev:x'), ('ev:debug:QkTC:x:$'), ('ev:key:1:secret:abcdef:123456'), ('ev:QkTC:AAAA'), ('ev:x:$'), ('ev:XXXX:a:b:c:$'),
	('ev:QkTC:strung:AAAAAAAAAAAAAAAA:a:b:$'), ('')) AS v(t),
	error_of(format('SELECT decrypt_fields(jsonb_build_array(%L::text))', t)) AS without,
	error_of(format('SELECT decrypt_fields(jsonb_build_array(%L::text), ''{"{0}"}'')', t)) AS by_path;
SELECT * FROM error_of($$SELECT decrypt_fields('[1]', '{"{0}"}')$$);
SELECT * FROM error_of($$SELECT decrypt_fields('{"a": [null, false]}', '{"{a}"}')$$);
SELECT decrypt_fields('[null, [], {}]', '{"{*}"}');
-- A field that does not open has a number.
SELECT decrypt_fields(jsonb_set(encrypt_fields('["a", "b", "c"]', '{"{*}"}'), '{2}', to_jsonb(ciphertext)))
FROM vectors WHERE name = 'QkTC';
SELECT jsonb_object_agg(name, (error_of(format('SELECT decrypt_fields(%L)', jsonb_build_array(ciphertext)))).code) FROM vectors;

-- Paths that are none are named by their number.
\set VERBOSITY terse
SELECT encrypt_fields('{}', '{a}');
SELECT encrypt_fields('{}', '{"{a}","{a"}');
SELECT encrypt_fields('{}', ARRAY['{a}', '{{a}}']);
SELECT encrypt_fields('{}', ARRAY['{a}', '$.a']);
SELECT encrypt_fields('{}', ARRAY['{a}', NULL]);
SELECT encrypt_fields('{}', ARRAY['{a,null}']);
SELECT encrypt_fields('{}', ARRAY['{a,"null"}']);
\set VERBOSITY default
SELECT encrypt_fields('{}', ARRAY['a']);

-- No path at all: plaintext would stay.
SELECT encrypt_fields('{"a": 1}', '{}');
SELECT encrypt_fields('{"a": 1}', '{}', 'c');
SELECT encrypt_fields('{}', ARRAY(SELECT p FROM (VALUES ('{a}')) AS v(p) WHERE p = ''));
SELECT decrypt_fields('{"a": "ev:QkTC:"}', '{}'), decrypt_fields('{"a": 1}', '{}', 'c');

-- Limits, at and beyond.
SELECT encrypt_fields('{"a": 1}', array_agg('{x' || i || '}')) FROM generate_series(1, 256) AS i;
SELECT encrypt_fields('{"a": 1}', array_agg('{x' || i || '}')) FROM generate_series(1, 257) AS i;
SELECT encrypt_fields('{"a": 1}', ARRAY['{' || repeat('x', 8190) || '}']);
SELECT encrypt_fields('{"a": 1}', ARRAY['{' || repeat('x', 8191) || '}']);
SELECT encrypt_fields('{"a": 1}', ARRAY['{' || repeat('x,', 63) || 'x}']);
SELECT encrypt_fields('{"a": 1}', ARRAY['{' || repeat('x,', 64) || 'x}']);
CREATE FUNCTION nested(levels int, inner_value text) RETURNS jsonb LANGUAGE sql IMMUTABLE
	AS $$ SELECT (repeat('[', levels) || inner_value || repeat(']', levels))::jsonb $$;
SELECT (r).back, (r).back_by_paths FROM there_and_back(nested(1024, '1'), '{"{}"}') AS r;
SELECT encrypt_fields(nested(1025, '1'), '{"{}"}');
SELECT decrypt_fields(nested(1025, '1'));
SELECT masked(encrypt_fields(jsonb_build_object('a', nested(2000, '1'), 'b', 1), '{"{b}"}')) -> 'b' AS b;
SELECT (r).back, (r).back_by_paths, decrypt_fields(encrypt_fields(nested(64, '7'), ARRAY[p]), ARRAY[p]) #>> q AS inner
FROM (VALUES ('{' || repeat('*,', 63) || '*}', ('{' || repeat('0,', 63) || '0}')::text[])) AS v(p, q), there_and_back(nested(64, '7'), ARRAY[p]) AS r;

-- In batches.
CREATE TABLE docs AS SELECT i, jsonb_build_object('id', i, 'name', 'name ' || i, 'tags', jsonb_build_array('t' || i, i, i % 2 = 0)) AS plain
FROM generate_series(1, 100) AS i;
ALTER TABLE docs ADD sealed jsonb;
SELECT requests_of($$UPDATE docs SET sealed = encrypt_fields(plain, '{"{name}","{tags,*}"}')$$) BETWEEN 1 AND 4 AS few;
SELECT requests_of('SELECT decrypt_fields(sealed) FROM docs') BETWEEN 1 AND 5 AS few;
SELECT count(*) FROM docs WHERE decrypt_fields(sealed) = plain AND masked(sealed) = plain || '{"name": "<QkTC >", "tags": ["<QkTC >", "<QkTC number>", "<QkTC boolean>"]}';
SELECT count(*) FROM docs WHERE decrypt_fields(sealed, '{"{tags,1}"}') #> '{tags,1}' = to_jsonb(i);
EXPLAIN (VERBOSE, COSTS OFF) SELECT i, decrypt_fields(sealed, '{"{name}"}') FROM docs;
EXPLAIN (VERBOSE, COSTS OFF) SELECT i, encrypt_fields(plain, '{"{name}"}', i::text) FROM docs;
SELECT requests_of('SELECT decrypt_fields(sealed) FROM docs LIMIT 5') AS requests;
SELECT requests_of(format('EXPLAIN SELECT i FROM docs WHERE plain = decrypt_fields(%L)', sealed)) FROM docs WHERE i = 1;
-- A row that fails does so when it is reached; a branch is for the rows that take it.
UPDATE docs SET sealed = jsonb_set(sealed, '{tags,1}', '"ev:QkTC:cut"') WHERE i = 50;
SELECT count(d) FROM (SELECT decrypt_fields(sealed) AS d FROM docs ORDER BY i LIMIT 49) AS s;
SELECT count(d) FROM (SELECT decrypt_fields(sealed) AS d FROM docs ORDER BY i LIMIT 50) AS s;
SELECT count(d) FROM (SELECT CASE WHEN i <> 50 THEN decrypt_fields(sealed) END AS d FROM docs) AS s;
-- Paths and contexts that differ from row to row.
SELECT count(*) FROM (SELECT i, plain, p, encrypt_fields(plain, ARRAY[p], 'row ' || i) AS sealed
	FROM docs, LATERAL (SELECT CASE i % 3 WHEN 0 THEN '{name}' WHEN 1 THEN '{tags,*}' ELSE '{none}' END AS p) AS c OFFSET 0) AS s
WHERE decrypt_fields(sealed, ARRAY[p], 'row ' || i) = plain AND (masked(sealed) = plain) = (p = '{none}');

-- EXECUTE is checked.
CREATE ROLE regress_evcrypt_fields;
GRANT SELECT ON docs TO regress_evcrypt_fields;
GRANT EXECUTE ON FUNCTION decrypt_fields(jsonb, text[]) TO regress_evcrypt_fields;
SET ROLE regress_evcrypt_fields;
SELECT encrypt_fields(plain, '{}') FROM docs;
SELECT encrypt_fields(plain, '{}', '') FROM docs;
SELECT decrypt_fields(sealed) FROM docs;
SELECT decrypt_fields(sealed, '{}', '') FROM docs;
SELECT count(decrypt_fields(sealed, '{"{name}"}')) FROM docs;
RESET ROLE;
DROP TABLE docs;
DROP OWNED BY regress_evcrypt_fields;
DROP ROLE regress_evcrypt_fields;
DROP FUNCTION there_and_back(jsonb, text[]), masked(jsonb), nested(int, text);
