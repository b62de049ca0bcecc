-- Every type: values go in and come back as they were, in arrays, domains, rows
-- and ranges too, and whatever the settings of the session.

SET client_min_messages = warning;
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION hstore;
CREATE EXTENSION intarray;
CREATE EXTENSION isn;
CREATE EXTENSION lo;
CREATE EXTENSION ltree;
CREATE EXTENSION seg;
CREATE TYPE mood AS ENUM ('sad', 'it''s "fine", \o/', '', '日本');
CREATE TABLE "Odd . name" ();
CREATE SCHEMA "Odd schema";

-- Values of a type, as text: its edges, and what its text form might trip over.
CREATE TABLE samples (type regtype, value text);
INSERT INTO samples VALUES
	('bool', 't'), ('bool', 'f'),
	('bytea', ''), ('bytea', '\x00'), ('bytea', '\x5c6e22ff'), ('bytea', '\xc3'),
	('"char"', 'c'), ('"char"', ''), ('"char"', '"'), ('"char"', '\'),
	('name', 'a name'), ('name', ''),
	('int8', '-9223372036854775808'), ('int8', '9223372036854775807'),
	('int2', '-32768'), ('int2', '0'),
	('int4', '-2147483648'), ('int4', '2147483647'),
	('int2vector', '1 2 -3'), ('int2vector', ''),
	('oidvector', '1 2 4294967295'), ('oidvector', ''),
	('text', 'text'), ('text', ''), ('text', E'NULL, "quoted" \\ {(\n\t[]'), ('text', 'ev:QkTC:a:b:c:$'), ('text', '日本語😀'),
	('bpchar', ' blank'), ('bpchar', ''),
	('varchar', ' varchar '),
	('oid', '4294967295'),
	('regproc', 'pg_catalog.now'), ('regproc', '-'), ('regproc', '4294967295'),
	('regprocedure', 'pg_catalog.length(text)'), ('regprocedure', 'encrypted_out(encrypted)'),
	('regoper', 'pg_catalog.||/'),
	('regoperator', 'pg_catalog.+(int4,int4)'), ('regoperator', 'pg_catalog.-(none,int4)'),
	('regclass', 'pg_catalog.pg_class'), ('regclass', 'samples'), ('regclass', '"Odd . name"'),
	('regtype', 'timestamp with time zone'), ('regtype', 'encrypted'), ('regtype', '"Odd . name"[]'),
	('regrole', 'postgres'), ('regnamespace', 'public'), ('regnamespace', '"Odd schema"'),
	('regconfig', 'simple'), ('regdictionary', 'simple'), ('regcollation', '"C"'),
	('tid', '(4294967295,65535)'), ('xid', '4294967295'), ('cid', '4294967295'), ('xid8', '18446744073709551615'),
	('json', '{"b": 1,  "a" : [ null, "\u00fc", 1e+21 ], "b":2}'), ('json', '"ev:QkTC:a:b:c:$"'), ('json', 'null'),
	('jsonb', '{"b": [1, 1.50, null, true, "\u00fc\"\\"], "": {}}'), ('jsonb', 'null'), ('jsonb', '1.00'),
	('jsonpath', 'strict $."a b"[*] ? (@.c like_regex "^x" flag "i")'),
	('xml', '<a b="c">&amp;<![CDATA[<]]></a> text'), ('xml', ''), ('xml', '<?xml version="1.0" standalone="yes"?><a/>'),
	('point', '(-0,1e300)'), ('point', '(NaN,-Infinity)'), ('point', '(0.1,0.30000000000000004)'),
	('lseg', '[(0.1,2),(3,4)]'), ('path', '((0.1,0),(1,2),(3,-4))'), ('path', '[(0,0)]'),
	('box', '(3,4),(0.1,0.2)'), ('polygon', '((0.1,0),(1,2),(3,-4))'),
	('line', '{0.1,-1,1e-300}'), ('circle', '<(0.1,2),3e10>'),
	('float4', '0.1'), ('float4', '-0'), ('float4', '3.4028235e38'), ('float4', 'NaN'), ('float4', '-Infinity'),
	('float8', '0.30000000000000004'), ('float8', '-0'), ('float8', '4.94065645841247e-324'),
	('float8', '1.7976931348623157e308'), ('float8', 'NaN'), ('float8', 'Infinity'),
	('numeric', '-0.000000000000000000010'), ('numeric', '1e1000'), ('numeric', '1.500'), ('numeric', '0.00'),
	('numeric', 'NaN'), ('numeric', '-Infinity'),
	('money', '-92233720368547758.08'), ('money', '1,234.50'), ('money', '0'),
	('macaddr', '08:00:2b:01:02:03'), ('macaddr8', '08:00:2b:ff:fe:01:02:03'),
	('inet', '10.1.2.3/8'), ('inet', '::ffff:1.2.3.4'), ('inet', 'fe80::1/64'),
	('cidr', '10.0.0.0/8'), ('cidr', '2001:db8::/32'),
	('aclitem', 'postgres=arwdDxt/postgres'), ('aclitem', '=r*/postgres'),
	('date', '4713-01-01 BC'), ('date', '5874897-12-31'), ('date', '0044-03-15 BC'), ('date', 'infinity'), ('date', '2001-02-03'),
	('time', '24:00:00'), ('time', '00:00:00.000001'),
	('timestamp', '294276-12-31 23:59:59.999999'), ('timestamp', '-infinity'), ('timestamp', '2001-02-03 04:05:06.7'),
	('timestamp', '4713-01-01 00:00:00 BC'),
	('timestamptz', '2001-02-03 04:05:06.000007+13:45'), ('timestamptz', 'infinity'), ('timestamptz', '1883-11-18 12:00:00-04:56:02'),
	('timestamptz', '294276-12-31 23:59:59.999999+00'), ('timestamptz', '0001-01-01 00:00:00+00 BC'),
	('interval', '-178000000 years 11 mons -5 days 00:00:00.000001'), ('interval', '1 mon -1 day -00:00:01.5'),
	('interval', '-1 year -2 mons +3 days -04:05:06.789'), ('interval', '0'),
	('timetz', '12:34:56.789-11:30'), ('timetz', '24:00:00+15:59:59'),
	('bit', '0'), ('bit', '10110011101'), ('varbit', ''), ('varbit', '0101'),
	('refcursor', '<unnamed portal 1>'),
	('uuid', '8d3c1f60-9f0e-4d8e-9a44-0a1b2c3d4e5f'),
	('pg_lsn', 'FFFFFFFF/FFFFFFFF'), ('pg_lsn', '0/0'),
	('tsvector', '''a b'':1A,3 ''it''''s'' \\back:16383D'), ('tsvector', ''),
	('tsquery', '!(''it''''s'':*A <2> b) | c'), ('tsquery', ''),
	('txid_snapshot', '10:20:10,14,15'), ('pg_snapshot', '10:20:10,14,15'),
	('int4range', '[1,10)'), ('int4range', 'empty'), ('int4range', '(,)'),
	('int8range', '[-9223372036854775808,)'),
	('numrange', '(1.50,2.5]'), ('numrange', '[-Infinity,NaN]'),
	('tsrange', '["2001-02-03 04:05:06",infinity]'), ('tstzrange', '("2001-02-03 04:05:06+00",)'),
	('daterange', '[0044-03-15 BC,infinity)'),
	('int4multirange', '{[1,3),[5,7)}'), ('int4multirange', '{}'), ('int8multirange', '{(,5)}'),
	('nummultirange', '{[1.10,2.20),[3,4]}'), ('tsmultirange', '{["2001-02-03 04:05:06","2002-02-03 04:05:06")}'),
	('tstzmultirange', '{["2001-02-03 04:05:06+00","2002-02-03 04:05:06+00")}'),
	('datemultirange', '{[2001-02-03,2001-02-05),[2002-01-01,)}'),
	('information_schema.cardinal_number', '0'), ('information_schema.character_data', 'a "quoted" text'),
	('information_schema.sql_identifier', 'name'), ('information_schema.time_stamp', '2001-02-03 04:05:06.78+09'),
	('information_schema.yes_or_no', 'YES'),
	('mood', 'it''s "fine", \o/'), ('mood', ''), ('mood', '日本'), ('samples', '(integer,"a ""b"", c\\")'), ('samples', '(,)'),
	('citext', 'MiXeD "x"'), ('cube', '(0.1,2,3),(4,5,1e300)'), ('cube', '(0)'),
	('hstore', '"a"=>"1", "b \"c"=>NULL, ""=>"NULL"'), ('hstore', ''), ('query_int', '1&(2|!3)'),
	('ean13', '978-0-393-04002-9'), ('isbn', '0-393-04002-X'), ('isbn13', '978-0-393-04002-9'), ('ismn', 'M-060-11561-5'),
	('ismn13', '979-0-060-11561-5'), ('issn', '1436-4522'), ('issn13', '977-1436-452-00-8'), ('upc', '220356483481'),
	('lo', '4294967295'), ('ltree', 'Top.Science_1.a'), ('ltree', ''), ('lquery', '*{1,2}.a@*|b%.!c'), ('ltxtquery', 'a* & (b@ | !c)'),
	('seg', '6.50 .. 7.0'), ('seg', '~6.50'), ('seg', '< 1e10');

-- A built-in type without a value here, or in this list of those whose input
-- functions take nothing, fails the test.
CREATE TABLE unreadable AS
SELECT unnest('{pg_node_tree,pg_ndistinct,pg_dependencies,pg_mcv_list,pg_brin_bloom_summary,
	pg_brin_minmax_multi_summary,gtsvector}'::regtype[]) AS type;
SELECT typname FROM pg_type
WHERE typnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
	AND typtype NOT IN ('c', 'p') AND typinput <> 'array_in'::regproc
	AND oid NOT IN (SELECT type FROM samples UNION ALL SELECT type FROM unreadable);

-- As it is spelled without a modifier: "bit" is bit(1), "char" is char(1).
CREATE FUNCTION spelled(type regtype) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s.%I', t.typnamespace::regnamespace, t.typname) FROM pg_type t WHERE t.oid = type
$$;

-- Has the type an order, so that there may be ranges of it?
CREATE FUNCTION is_ordered(type regtype) RETURNS bool LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod
		WHERE a.amname = 'btree' AND o.opcdefault AND o.opcintype = type)
$$;

-- A table "plain" with a row for each value of the type, and a column for each of
-- the shapes that it may have; as many columns of "sealed" are its ciphertexts.
CREATE FUNCTION make_tables(type regtype, OUT columns text[], OUT delimiter text) LANGUAGE plpgsql AS $$
BEGIN
	columns := '{v,a,b,d,e,f,c,g,h}';
	EXECUTE format('CREATE DOMAIN own_domain AS %s CHECK (VALUE IS DISTINCT FROM NULL)', spelled(type));
	EXECUTE format('CREATE DOMAIN own_array AS %s[] CHECK (array_length(VALUE, 1) > 0)', spelled(type));
	EXECUTE format('CREATE TYPE own_row AS (i int, v %s, a %1$s[], d own_domain)', spelled(type));
	CREATE DOMAIN own_row_domain AS own_row CHECK ((VALUE).i > 0);
	IF is_ordered(type) THEN
		columns := columns || '{r,m,s}';
		EXECUTE format('CREATE TYPE own_range AS RANGE (SUBTYPE = %s, MULTIRANGE_TYPE_NAME = own_multirange)', spelled(type));
	ELSE
		CREATE TYPE own_range AS RANGE (SUBTYPE = int4, MULTIRANGE_TYPE_NAME = own_multirange);
	END IF;
	EXECUTE format('CREATE TABLE plain (id serial, v %s, a %1$s[], b %1$s[], d own_domain, e own_domain[], f own_array,
		c own_row, g own_row[], h own_row_domain, r own_range, m own_multirange, s own_range[])', spelled(type));
	CREATE TABLE sealed (id int, columns encrypted[]);
	SELECT typdelim INTO STRICT delimiter FROM pg_type WHERE oid = type;
END
$$;

CREATE FUNCTION fill_plain(type regtype, value text, delimiter text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	element text := format('"%s"', replace(replace(value, '\', '\\'), '"', '\"'));
	one text := format('{%s%sNULL%2$s%1$s}', element, delimiter);
	two text := format('[-1:0][2:3]={{%s%sNULL}%2$s{%1$s%2$s%1$s}}', element, delimiter);
BEGIN
	EXECUTE format('INSERT INTO plain (v, a, b, d, e, f) VALUES (%1$L::%2$s, %3$L::%2$s[], %4$L::%2$s[],
		%1$L::own_domain, %5$L::own_domain[], %3$L::own_array)',
		value, spelled(type), one, two, format('{%s%s%1$s}', element, delimiter));
	IF is_ordered(type) THEN
		UPDATE plain SET r = own_range(v, NULL, '(]'), m = own_multirange(own_range(v, v, '[]'));
		UPDATE plain SET s = ARRAY[r, NULL, own_range(v, v, '[]')];
	END IF;
	UPDATE plain SET c = row(1, v, a, d), g = ARRAY[row(1, v, a, d)::own_row, NULL, row(NULL, NULL, '{}', d)::own_row];
	UPDATE plain SET h = c;
END
$$;

-- Columns that did not come back image for image.
CREATE FUNCTION different(columns text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE (SELECT format('SELECT concat_ws('' '', %s) FROM plain JOIN sealed USING (id)',
		string_agg(format('CASE WHEN NOT bool_and(record_image_eq(row(decrypt_as(columns[%s], %I)), row(%2$I))) THEN %2$L END', n, c), ', '))
		FROM unnest(columns) WITH ORDINALITY AS u(c, n)) INTO STRICT found;
	RETURN found;
END
$$;

CREATE FUNCTION seal(columns text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE sealed;
	EXECUTE (SELECT format('INSERT INTO sealed SELECT id, ARRAY[%s] FROM plain', string_agg(format('encrypt(%I)', c), ', '))
		FROM unnest(columns) AS c);
END
$$;

CREATE FUNCTION odd_settings(odd bool) RETURNS void LANGUAGE sql AS $$
	SELECT count(set_config(name, CASE WHEN odd THEN odd_value ELSE usual END, false))
	FROM (VALUES ('DateStyle', 'German, DMY', 'ISO, MDY'), ('IntervalStyle', 'sql_standard', 'postgres'),
		('TimeZone', 'Asia/Kathmandu', 'UTC'), ('extra_float_digits', '-15', '1'), ('bytea_output', 'escape', 'hex'),
		('array_nulls', 'off', 'on'), ('quote_all_identifiers', 'on', 'off'), ('search_path', '"Odd schema", public', 'public'),
		('xmlbinary', 'hex', 'base64'), ('xmloption', 'document', 'content')) AS s(name, odd_value, usual)
$$;

-- Written under the usual settings and read under odd ones, and the other way round.
CREATE FUNCTION trip(type regtype) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	columns text[];
	delimiter text;
	sample text;
	found text := '';
BEGIN
	SELECT * INTO columns, delimiter FROM make_tables(type);
	FOR sample IN SELECT value FROM samples AS s WHERE s.type = trip.type LOOP
		PERFORM fill_plain(type, sample, delimiter);
	END LOOP;
	FOR odd IN 0..1 LOOP
		PERFORM odd_settings(odd = 1), seal(columns), odd_settings(odd = 0);
		found := found || different(columns);
		PERFORM odd_settings(false);
	END LOOP;
	DROP TABLE plain, sealed;
	DROP DOMAIN own_row_domain;
	DROP TYPE own_range, own_row;
	DROP DOMAIN own_domain, own_array;
	RETURN found;
END
$$;
SELECT type, trip FROM (SELECT DISTINCT type FROM samples) AS t, LATERAL trip(type) WHERE trip <> '' ORDER BY 1;
SELECT count(*) > 80 AS types, sum(n) > 180 AS "values" FROM (SELECT count(*) AS n FROM samples GROUP BY type) AS s;

-- The padding of char(n) is not part of its text, and an XML declaration that says nothing not of its.
SELECT decrypt(encrypt(v)) AS unpadded, decrypt_as(encrypt(v), v) = v AS equal FROM (SELECT 'ab'::char(5)) AS s(v);
SELECT decrypt(encrypt('<?xml version="1.0"?><a/>'::xml));

-- Large and deep ones.
SELECT decrypt_as(encrypt(a), a) = a AS million FROM (SELECT array_agg(CASE WHEN i % 1000 > 0 THEN i END) AS a FROM generate_series(1, 1000000) AS i) AS s;
SELECT decrypt_as(encrypt(a), a) = a AS dimensions, array_dims(a) FROM (SELECT array_fill(7, '{2,1,3,2,1,2}', '{5,-3,0,1,1,9}') AS a) AS s;
SELECT decrypt_as(encrypt(n), n) = n AS digits FROM (SELECT (repeat('9', 131072) || '.' || repeat('7', 16383))::numeric AS n) AS s;
SELECT decrypt_as(encrypt(j), j) = j AS keys FROM (SELECT jsonb_object_agg(i, i) AS j FROM generate_series(1, 20000) AS i) AS s;
SELECT decrypt_as(encrypt(j), j) = j AS depth FROM (SELECT (repeat('[', 2000) || repeat(']', 2000))::jsonb AS j) AS s;
SELECT decrypt_as(encrypt(repeat('[', 100000) || '"canary"' || repeat(']', 100000)), NULL::jsonb);
SELECT decrypt_as(encrypt(m), m) = m AS ranges FROM (SELECT range_agg(int4range(i * 10, i * 10 + 5)) AS m FROM generate_series(1, 20000) AS i) AS s;

-- What has no text form that could be read back is refused, also inside of others.
CREATE TYPE internal_row AS (i int, n pg_node_tree);
CREATE FUNCTION refusal(expression text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %s', expression);
	RETURN 'none';
EXCEPTION WHEN datatype_mismatch THEN
	RETURN sqlerrm;
END
$$;
SELECT refusal(format('decrypt_as(NULL::encrypted, NULL::%s)', type)) FROM unreadable ORDER BY type::text;
SELECT refusal(format('encrypt(%s)', e)) FROM unnest(ARRAY['row(1, NULL)::internal_row', 'ARRAY[NULL::internal_row]', 'row(1, 2)',
	'ARRAY[row(1, 2)]', 'row(''int'', 1)::samples', '(SELECT histogram_bounds FROM pg_stats LIMIT 1)']) AS e;

-- A type that has changed since reads what its text form still fits.
CREATE TYPE changing AS (a int, b text, c date);
CREATE TYPE light AS ENUM ('red', 'green');
CREATE TABLE before_change AS SELECT encrypt(row(1, 'canary', '2020-02-03')::changing) AS r, encrypt('red'::light) AS l;
ALTER TYPE changing DROP ATTRIBUTE b;
ALTER TYPE light RENAME VALUE 'red' TO 'stop';
SELECT decrypt_as(r, NULL::changing) FROM before_change;
SELECT decrypt_as(l, NULL::light) FROM before_change;
SELECT decrypt_as(encrypt(row(1, '2020-02-03')::changing), NULL::changing), decrypt_as(encrypt('stop'::light), NULL::light);
ALTER TYPE changing ADD ATTRIBUTE d text;
SELECT decrypt_as(r, NULL::changing) FROM before_change;
ALTER TYPE changing ALTER ATTRIBUTE c TYPE text, ALTER ATTRIBUTE d TYPE date;
SELECT decrypt_as(r, NULL::changing) FROM before_change;
DROP TABLE before_change;
DROP TYPE changing, light;

-- A domain's constraints hold, and are what an error names, wherever in the value it stands.
CREATE DOMAIN short AS text CONSTRAINT at_most_five CHECK (length(VALUE) < 6) CONSTRAINT not_empty CHECK (VALUE <> '');
CREATE DOMAIN needed AS short NOT NULL;
CREATE TYPE needy AS (i int, n needed);
CREATE DOMAIN positive AS needy CHECK ((VALUE).i > 0);
CREATE DOMAIN few AS int[] CHECK (array_length(VALUE, 1) < 3);
CREATE DOMAIN later AS date CHECK (VALUE > '2000-01-01');
CREATE DOMAIN small_range AS int4range CHECK (upper(VALUE) - lower(VALUE) < 10);
CREATE DOMAIN even_bytes AS bytea CHECK (length(VALUE) % 2 = 0);
CREATE TABLE kinds (short short, needed needed, short_array short[], needed_array needed[], needy needy, needy_array needy[],
	positive positive, few few, later later, small_range small_range, even_bytes even_bytes, mood mood, sample samples);
CREATE FUNCTION try(plain text, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	detail text;
	con text;
	named text;
	space text;
BEGIN
	EXECUTE format('SELECT decrypt_as(encrypt(%L::text), k.%I)::text FROM (SELECT) AS s LEFT JOIN kinds AS k ON true', plain, kind)
		INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = pg_exception_detail, con = constraint_name, named = pg_datatype_name, space = schema_name;
	RETURN concat_ws(' | ', sqlstate, sqlerrm, nullif(detail, ''), nullif(concat_ws('.', nullif(space, ''), nullif(named, ''), nullif(con, '')), ''));
END
$$;
\x
SELECT try('fine', 'short') AS short, try('fine', 'needed') AS needed, try('too long', 'short') AS long,
	try('too long', 'needed') AS inherited, try('', 'needed') AS empty, try('{fine,NULL,x}', 'short_array') AS short_array,
	try('{fine,NULL}', 'needed_array') AS needed_array, try('{fine,"too long"}', 'needed_array') AS long_array,
	try('(1,fine)', 'needy') AS needy, try('(1,)', 'needy') AS null_inside, try('(1,too long)', 'needy') AS long_inside,
	try('{"(1,fine)","(2,)"}', 'needy_array') AS null_in_array,
	try('(1,fine)', 'positive') AS positive, try('(0,fine)', 'positive') AS "negative", try('(1,too long)', 'positive') AS long_in_positive,
	try('{1,2}', 'few') AS few, try('{1,2,3}', 'few') AS many, try('{1,x}', 'few') AS no_number,
	try('2020-01-01', 'later') AS later, try('1999-01-01', 'later') AS sooner, try('1999-99-01', 'later') AS no_date, try('new', 'later') AS no_form,
	try('[1,5)', 'small_range') AS small, try('[1,50)', 'small_range') AS large, try('[5,1)', 'small_range') AS backwards,
	try('abcd', 'even_bytes') AS even_bytes, try('abc', 'even_bytes') AS odd_bytes, try('gloomy', 'mood') AS gloomy, try('1', 'sample') AS row;
-- A function in a CHECK may say what it likes: only names that are in the catalogs are repeated.
CREATE FUNCTION tell(value text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the value is %', value USING ERRCODE = split_part(value, ' ', 1), DETAIL = value, HINT = value,
		CONSTRAINT = split_part(value, ' ', 2), DATATYPE = split_part(value, ' ', 3), SCHEMA = split_part(value, ' ', 4),
		COLUMN = value, TABLE = value;
END
$$;
CREATE DOMAIN telling AS text CHECK (public.tell(VALUE));
ALTER TABLE kinds ADD telling telling;
SELECT try('P0001 secret telling public', 'telling') AS a, try('23514 secret telling public', 'telling') AS b,
	try('23514 telling_check secret public', 'telling') AS c, try('23514 telling_check telling secret', 'telling') AS d,
	try('23514 telling_check telling public', 'telling') AS e, try('23502 secret telling public', 'telling') AS f,
	try('23502 secret mood public', 'telling') AS g, try('23514 at_most_five samples public', 'telling') AS h;
\x

-- A number that others have written: 1.0 and 1e+21 are integers, 1.5 is none.  A string is
-- read as its type is.
SELECT v, decrypt_as(encrypt(v), NULL::numeric) AS "numeric", decrypt_as(encrypt(v), NULL::float8) AS float8,
	decrypt_as(encrypt(v), NULL::int8) AS int8
FROM (VALUES (1.0), (-1.000), (100), (0.0), (9223372036854775807.0)) AS s(v);
SELECT decrypt(encrypt(v)) AS text, decrypt_as(encrypt(v), NULL::numeric), decrypt_as(encrypt(v), NULL::int8)
FROM (VALUES (1e15::float8), (1e18::float8)) AS s(v);
CREATE DOMAIN digit AS int2 CHECK (VALUE < 10);
SELECT decrypt_as(encrypt(7.0), NULL::digit), decrypt_as(encrypt(7.0), NULL::int4), decrypt_as(encrypt(7.50), NULL::money);
SELECT decrypt_as(encrypt(70.0), NULL::digit);
SELECT decrypt_as(encrypt(1.5), NULL::int4);
SELECT decrypt_as(encrypt(1e21::float8), NULL::int8);
SELECT decrypt_as(encrypt('1.0'), NULL::int4);
SELECT decrypt_as(encrypt('NaN'::float8), NULL::int4);

-- What SDKs write for numbers.  Tk9D does not bind the datatype, so that it can be made here.
SET evcrypt.format = 'Tk9D';
CREATE TABLE written AS
SELECT n, number, replace(encrypt(number)::text, 'ev:Tk9D:', 'ev:Tk9D:number:')::encrypted AS e
FROM unnest(ARRAY['null', 'NaN', 'nan', 'Infinity', '-Infinity', 'inf', '-inf', '1e+21', '1.0E21', '1.0e+3', '1e-7', '-0', '00123',
	'1.0', '2.50', '-7.000', '1e3', '9e18', '9e19', '1e100000', '1e999999999', 'true', '1', 'x', '', '1.5.e']) WITH ORDINALITY AS u(number, n);
RESET evcrypt.format;
CREATE FUNCTION opened(e encrypted, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT left(decrypt_as($1, NULL::%s)::text, 25)', type) INTO result USING e;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END
$$;
SELECT number, coalesce(decrypt(e), 'NULL') AS decrypt, coalesce(try_decrypt(e), 'NULL') AS try_decrypt, opened(e, 'numeric') AS "numeric",
	opened(e, 'float8') AS float8, opened(e, 'int8') AS int8, opened(e, 'int2') AS int2, opened(e, 'jsonb') AS jsonb, opened(e, 'bool') AS bool,
	opened(e, 'bytea') AS bytea
FROM written ORDER BY n;
-- The datatype is what makes it NULL, not the text; and a domain may object.
CREATE DOMAIN numeral AS numeric NOT NULL;
CREATE TABLE numerals (n numeral);
SELECT decrypt(encrypt('null')), decrypt(encrypt('null'::jsonb));
SELECT decrypt_as(e, numerals.n) FROM written LEFT JOIN numerals ON true WHERE number = 'null';
DROP TABLE written, numerals;
DROP DOMAIN numeral;
DROP FUNCTION opened(encrypted, text);

DROP FUNCTION trip(regtype), odd_settings(bool), seal(text[]), different(text[]), fill_plain(regtype, text, text),
	make_tables(regtype), is_ordered(regtype), spelled(regtype), refusal(text), try(text, text);
DROP TABLE kinds;
DROP DOMAIN short, positive, few, later, small_range, even_bytes, telling, digit CASCADE;
DROP FUNCTION tell(text);
DROP TYPE internal_row, needy CASCADE;
DROP TABLE samples, unreadable, "Odd . name";
DROP SCHEMA "Odd schema";
DROP TYPE mood;
DROP EXTENSION citext, cube, hstore, intarray, isn, lo, ltree, seg;
