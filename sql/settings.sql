-- Written under one DateStyle, TimeZone and number of digits, read under another.

CREATE TYPE seen AS (at timestamptz, how_long interval, value float8);
CREATE TABLE samples (kind text PRIMARY KEY, make text NOT NULL);
INSERT INTO samples VALUES
('date', $$DATE 'epoch' + 19500$$),
('date bc', $$make_date(-44, 3, 15)$$),
('timestamp', $$make_timestamp(2024, 2, 3, 4, 5, 6.789)$$),
('timestamptz', $$to_timestamp(1700000000.123456)$$),
('timestamptz old', $$to_timestamp(-5000000000)$$),
('time', $$make_time(23, 59, 59.5)$$),
('timetz', $$(make_time(1, 2, 3)::text || '+05:45')::timetz$$),
('interval', $$make_interval(1, -2, 0, 3, -4, 5, 6.7)$$),
('interval negative', $$make_interval(-1, -2, 0, -3, 4)$$),
('float4', $$0.1::float4 / 3$$),
('float8', $$0.1::float8 + 0.2::float8$$),
('float8 array', $$ARRAY[1::float8 / 3, 'NaN', -0.0]$$),
('point', $$point(1::float8 / 3, 1e-300)$$),
('numeric', $$1::numeric / 3$$),
('money', $$12345.67::money$$),
('bytea', $$'\x00ff5c27'::bytea$$),
('bytea array', $$ARRAY['\x00ff5c27'::bytea, NULL]$$),
('array of NULL', $$ARRAY['NULL', NULL]$$),
('date array', $$ARRAY[DATE 'epoch' + 19500, NULL, 'infinity']$$),
('tstzrange', $$tstzrange(to_timestamp(0), to_timestamp(1700000000))$$),
('daterange', $$daterange(DATE 'epoch', DATE 'epoch' + 19500)$$),
('composite', $$row(to_timestamp(1700000000.5), make_interval(0, 1, 0, -1), 1::float8 / 3)::seen$$),
('composite array', $$ARRAY[row(to_timestamp(0), make_interval(), 0.1::float4)::seen]$$),
('jsonb', $$jsonb_build_object('at', 1.10, 'b', 'x')$$),
('xml', $$xmlparse(content '<a>text</a> and more')$$),
('regclass', $$'public.vectors'::regclass$$),
('boolean', $$true$$),
('text', $$'text'::text$$);

-- SQL that depends on the session to be spelled is made from numbers above.
CREATE TABLE written (setting int, kind text, e encrypted);
CREATE FUNCTION write_all(setting int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	s samples;
BEGIN
	FOR s IN TABLE samples LOOP
		EXECUTE format('INSERT INTO written VALUES (%s, %L, encrypt(%s))', setting, s.kind, s.make);
	END LOOP;
	RETURN count(*) FROM written w WHERE w.setting = write_all.setting;
END
$$;
CREATE FUNCTION read_all(OUT kind text, OUT written_under int) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	s samples;
	w written;
	same boolean;
BEGIN
	FOR s IN TABLE samples LOOP
		FOR w IN SELECT * FROM written WHERE written.kind = s.kind LOOP
			EXECUTE format('SELECT decrypt_as($1, v)::text = v::text FROM (SELECT %s) AS s(v)', s.make)
			INTO STRICT same USING w.e;
			IF same IS NOT TRUE THEN
				kind := s.kind;
				written_under := w.setting;
				RETURN NEXT;
			END IF;
		END LOOP;
	END LOOP;
END
$$;

SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET extra_float_digits = 1;
SELECT write_all(1);
SELECT kind, decrypt(e) FROM written WHERE kind NOT IN ('bytea') ORDER BY kind COLLATE "C";

SET TimeZone = 'America/St_Johns';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -15;
SET bytea_output = 'escape';
SET array_nulls = off;
SET xmloption = 'document';
SET xmlbinary = 'hex';
SET quote_all_identifiers = on;
SET search_path = pg_catalog, public;
SELECT write_all(2);
SELECT * FROM read_all();
SELECT current_setting('TimeZone'), current_setting('DateStyle'), current_setting('IntervalStyle'),
	current_setting('extra_float_digits'), current_setting('bytea_output'), current_setting('search_path');

SET TimeZone = '<+1245>-12:45';
SET DateStyle = 'German, MDY';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = 0;
SET search_path = public;
SELECT write_all(3);
SELECT * FROM read_all();

-- An error in between puts the settings back too, and so does one that is caught.
SELECT decrypt_as(encrypt('x'), NULL::timestamptz);
DO $$
BEGIN
	PERFORM decrypt_as(encrypt('x'), NULL::timestamptz);
EXCEPTION WHEN invalid_datetime_format THEN
	RAISE NOTICE '% %', current_setting('DateStyle'), current_setting('TimeZone');
END
$$;
SHOW DateStyle;

RESET ALL;
SELECT * FROM read_all();
-- The text is the same whoever wrote it.
SELECT kind, count(DISTINCT decrypt_as(e, NULL::bytea)) FROM written GROUP BY kind
HAVING count(DISTINCT decrypt_as(e, NULL::bytea)) <> 1;
SELECT count(*) FROM written;

DROP FUNCTION write_all(int), read_all();
DROP TABLE samples, written;
DROP TYPE seen;
