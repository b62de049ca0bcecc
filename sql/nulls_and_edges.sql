-- NULL, the empty string, and the ends of the range of every type.

-- NULL is NULL, everywhere.
SELECT encrypt(NULL) IS NULL AS a, encrypt(NULL::text) IS NULL AS b, encrypt(NULL::int) IS NULL AS c,
	decrypt(NULL) IS NULL AS d, try_decrypt(NULL) IS NULL AS e, decrypt_as(NULL, NULL::date) IS NULL AS f,
	decrypt_as(NULL, DATE '2020-01-01') IS NULL AS g;

-- A domain may refuse it.
CREATE DOMAIN present AS text CHECK (VALUE IS NOT NULL);
CREATE DOMAIN required AS int NOT NULL;
CREATE DOMAIN absent AS text CHECK (VALUE IS NULL);
CREATE DOMAIN given AS date;
CREATE TABLE nothing AS SELECT NULL::encrypted AS e;
\set VERBOSITY terse
SELECT decrypt_as(e, 'x'::present) FROM nothing;
SELECT decrypt_as(e, 1::required) FROM nothing;
\set VERBOSITY default
SELECT decrypt_as(e, NULL::absent) IS NULL AS a, decrypt_as(e, NULL::given) IS NULL AS b FROM nothing;
SELECT decrypt_as(encrypt('x'), 'y'::present), decrypt_as(encrypt(2), 1::required);
DROP TABLE nothing;
DROP DOMAIN present, required, absent, given;

-- '' is a value like any other.
SELECT encrypt('') IS NULL AS is_null, decrypt(encrypt('')) = '' AS same,
	(encrypted_info(encrypt(''))).stored_bytes - (encrypted_info(encrypt('x'))).stored_bytes AS difference,
	decrypt_as(encrypt(''), NULL::bytea) AS bytes, decrypt_as(encrypt(''::bytea), NULL::bytea) AS bytes2;

CREATE TABLE texts (id serial, value text);
INSERT INTO texts (value) VALUES (''), ('x'), (' '), (E' \t padded \n'), ('ev:'), ('null'),
	('ev:QkTC:a:b:c:$'), ('NULL'), ('Zażółć gęślą jaźń'), ('日本語'), (E'e\u0301'), ('😀👩‍👩‍👧‍👦🇺🇳'),
	(chr(1) || chr(127) || chr(128) || chr(65533) || chr(1114111)),
	(repeat('x', 65536)), (repeat('😀', 100000));
SELECT id, length(value), decrypt(encrypt(value)) = value AS same,
	decrypt_as(encrypt(value), NULL::text) = value AS same_as,
	convert_from(decrypt_as(encrypt(value), NULL::bytea), 'UTF8') = value AS same_bytes
FROM texts ORDER BY id;
SELECT string_agg(decrypt(encrypt(chr(i))), '' ORDER BY i) = string_agg(chr(i), '' ORDER BY i) AS all_ascii
FROM generate_series(1, 127) AS i;

-- bytea is its bytes, all of them.
CREATE TABLE blobs AS
SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), '' ORDER BY i), 'hex') AS value
FROM generate_series(0, 255) AS i;
INSERT INTO blobs VALUES (''), ('\x00'), ('\xff'), ('\x0000'), ('\xc3'), ('\xeda080'), ('\xf4908080');
SELECT length(value), decrypt_as(encrypt(value), NULL::bytea) = value AS same,
	(encrypted_info(encrypt(value))).datatype, try_decrypt(encrypt(value)) IS NULL AS not_text
FROM blobs ORDER BY length(value), value;
SELECT decrypt(encrypt('text'::bytea)), decrypt_as(encrypt('text'), NULL::bytea);

-- Numbers in JSON's grammar; what JSON has no number for is a string.
CREATE TABLE numbers (value numeric);
INSERT INTO numbers VALUES (0), (-0.0), (1), (-1), (0.1), (-0.00001), (1e100), (1e-100), (100.00),
	('NaN'), ('Infinity'), ('-Infinity'), (repeat('9', 1000)::numeric),
	(('0.' || repeat('123456789', 111) || '1')::numeric), (-(repeat('7', 500) || '.' || repeat('3', 500))::numeric);
SELECT left(value::text, 12) AS value, length(value::text), decrypt(encrypt(value)) = value::text AS same_text,
	decrypt_as(encrypt(value), NULL::numeric) = value AS same, (encrypted_info(encrypt(value))).datatype
FROM numbers;
SELECT value, decrypt_as(encrypt(value), NULL::float8) = value AS same, decrypt(encrypt(value)) AS text,
	(encrypted_info(encrypt(value))).datatype
FROM (VALUES (0::float8), ('-0'), (1.5), (-1e-300), (1e300), (4.94065645841247e-324), (1.7976931348623157e308),
	(0.1 + 0.2::float8), ('NaN'), ('Infinity'), ('-Infinity')) AS v(value);
SELECT value, decrypt_as(encrypt(value), NULL::float4) = value AS same, decrypt(encrypt(value)) AS text
FROM (VALUES (0.1::float4), (16777217), (3.4028235e38), (1e-45), ('NaN')) AS v(value);
SELECT decrypt(encrypt((-32768)::int2)), decrypt(encrypt((-2147483648)::int4)),
	decrypt(encrypt((-9223372036854775808)::int8)), decrypt(encrypt(9223372036854775807));
SELECT decrypt(encrypt(true)), decrypt(encrypt(false)), decrypt_as(encrypt(true), NULL::bool),
	decrypt_as(encrypt(false), NULL::bool), (encrypted_info(encrypt(true))).datatype;

-- Other types as their text form.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine", \o/');
CREATE TYPE place AS (name text, at point, seen timestamptz, moods mood[]);
CREATE DOMAIN label AS text CHECK (length(VALUE) < 20);
CREATE DOMAIN short_label AS label CHECK (VALUE <> 'no');
CREATE DOMAIN amount AS numeric(8, 2);
CREATE DOMAIN blob AS bytea CHECK (length(VALUE) < 8);
CREATE DOMAIN flag AS bool;
CREATE FUNCTION comes_back(value anyelement, OUT same boolean, OUT datatype text, OUT text text)
LANGUAGE plpgsql AS $$
DECLARE
	e encrypted := encrypt(value);
BEGIN
	same := decrypt_as(e, value)::text = value::text;
	datatype := (encrypted_info(e)).datatype;
	text := left(try_decrypt(e), 50);
END
$$;
SELECT * FROM comes_back('varchar'::varchar(10));
SELECT * FROM comes_back('name'::name);
SELECT * FROM comes_back('c'::"char");
SELECT * FROM comes_back(''::"char");
SELECT * FROM comes_back('padded'::char(10));
SELECT * FROM comes_back('a domain'::label);
SELECT * FROM comes_back('a domain'::short_label);
SELECT * FROM comes_back(12.5::amount);
SELECT * FROM comes_back('\x00ff'::blob);
SELECT * FROM comes_back(true::flag);
SELECT * FROM comes_back('it''s "fine", \o/'::mood);
SELECT * FROM comes_back('8d3c1f60-9f0e-4d8e-9a44-0a1b2c3d4e5f'::uuid);
SELECT * FROM comes_back('{"b": [1, 1.50, null, true, "\u00fc"], "a": {}}'::jsonb);
SELECT * FROM comes_back('{"b": 1,  "a" : [ ]}'::json);
SELECT * FROM comes_back('null'::jsonb);
SELECT * FROM comes_back('infinity'::date);
SELECT * FROM comes_back('-infinity'::date);
SELECT * FROM comes_back('4713-01-01 BC'::date);
SELECT * FROM comes_back('5874897-12-31'::date);
SELECT * FROM comes_back('infinity'::timestamp);
SELECT * FROM comes_back('-infinity'::timestamptz);
SELECT * FROM comes_back('294276-12-31 23:59:59.999999'::timestamp);
SELECT * FROM comes_back('24:00:00'::time);
SELECT * FROM comes_back('12:34:56.789-11:30'::timetz);
SELECT * FROM comes_back('-178000000 years 11 mons -5 days 00:00:00.000001'::interval);
SELECT * FROM comes_back('{}'::int[]);
SELECT * FROM comes_back('{1,NULL,3}'::int[]);
SELECT * FROM comes_back('[2:3][0:1]={{1,2},{3,4}}'::int[]);
SELECT * FROM comes_back(ARRAY['', NULL, 'NULL', 'null', 'a,b', '{"}', E'\\']);
SELECT * FROM comes_back('{"\\x00","\\xff"}'::bytea[]);
SELECT * FROM comes_back('{2020-01-01,infinity,NULL}'::date[]);
SELECT * FROM comes_back('{12.50,NULL}'::amount[]);
SELECT * FROM comes_back(int4range(1, 10));
SELECT * FROM comes_back('empty'::tstzrange);
SELECT * FROM comes_back('{[1,3),[5,7)}'::int4multirange);
SELECT * FROM comes_back(row('a "b", c', point(1.5, -0), '2020-02-29', '{ok}')::place);
SELECT * FROM comes_back(row('', point(0.1, 1e300), '2020-02-29 12:00+02', '{ok,NULL}')::place);
SELECT * FROM comes_back('10.1.2.3/8'::inet);
SELECT * FROM comes_back('08:00:2b:01:02:03'::macaddr);
SELECT * FROM comes_back(B'0101'::varbit);
SELECT * FROM comes_back('12.34'::money);
SELECT * FROM comes_back('<a b="c">&amp;</a>text'::xml);
SELECT * FROM comes_back('a fat cat'::tsvector);
SELECT * FROM comes_back('pg_catalog.pg_class'::regclass);
SELECT * FROM comes_back('vectors'::regclass);
SELECT * FROM comes_back('((0.1,0.2),(3,4))'::box);
SELECT decrypt_as(encrypt(9), NULL::text), decrypt_as(encrypt('9'), NULL::int) + 1,
	decrypt_as(encrypt('2020-01-31'), NULL::date) + 1, decrypt_as(encrypt('t'), NULL::bool),
	decrypt_as(encrypt('[1, 2]'), NULL::jsonb) -> 1;

-- The second argument gives its type, whatever its value.
SELECT decrypt_as(encrypt(5), 0), pg_typeof(decrypt_as(encrypt(5), 0::int8)),
	pg_typeof(decrypt_as(encrypt('a'), NULL::short_label)), pg_typeof(decrypt_as(encrypt('{}'), NULL::int[]));

DROP FUNCTION comes_back(anyelement);
DROP TABLE texts, blobs, numbers;
DROP TYPE place, mood;
DROP DOMAIN short_label, label, amount, blob, flag;
