-- Which encrypt() a call finds, and what its value is then taken for.

CREATE DOMAIN label AS text;
CREATE DOMAIN code AS "char";
CREATE TYPE color AS ENUM ('red');
CREATE TABLE sources (t text, v varchar(9), c char(5), n name, ch "char", l label, co code, i int, e color,
	b bytea, x xml, o bool, d date, a text[]);
INSERT INTO sources VALUES ('t', 'v', 'c', 'n', 'h', 'l', 'o', 1, 'red', 'b', 'x', true, '2020-01-01', '{a}');

-- The function that a call has been resolved to.
CREATE FUNCTION resolved(argument text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('CREATE VIEW resolving AS SELECT encrypt(%s) FROM sources', argument);
	SELECT DISTINCT pg_get_function_arguments(d.refobjid) INTO STRICT found
	FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
	WHERE r.ev_class = 'resolving'::regclass AND d.refclassid = 'pg_proc'::regclass;
	DROP VIEW resolving;
	RETURN found;
END
$$;
SELECT argument, resolved(argument)
FROM (VALUES ('NULL'), ('''literal'''), ('t'), ('v'), ('c'), ('n'), ('ch'), ('l'), ('co'), ('i'), ('e'), ('b'), ('x'),
	('o'), ('d'), ('a'), ('1'), ('1.5'), ('t || v'), ('array[1]'), ('current_user'), ('now()'), ('''x''::unknown')) AS v(argument);

SELECT decrypt(encrypt(t)) AS t, decrypt(encrypt(v)) AS v, decrypt(encrypt(c)) AS c, decrypt(encrypt(n)) AS n,
	decrypt(encrypt(ch)) AS ch, decrypt(encrypt(l)) AS l, decrypt(encrypt(co)) AS co, decrypt(encrypt(i)) AS i,
	decrypt(encrypt(e)) AS e, decrypt(encrypt(b)) AS b, decrypt(encrypt(x)) AS x, decrypt(encrypt(o)) AS o,
	decrypt(encrypt(d)) AS d, decrypt(encrypt(a)) AS a
FROM sources;

-- Parameters without a type are text; named notation.
PREPARE p AS SELECT decrypt(encrypt($1));
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'p';
EXECUTE p('as text');
DEALLOCATE p;
PREPARE q AS SELECT decrypt_as($1, NULL::int);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'q';
DEALLOCATE q;
SELECT decrypt(value => encrypt(value => 'named')),
	decrypt_as(type => NULL::int, value => encrypt(value => 7));


\set VERBOSITY terse
SELECT encrypt();
SELECT encrypt('a', 'context', 'more');
SELECT decrypt('not a ciphertext');
SELECT decrypt('text'::text);
SELECT decrypt_as(encrypt('a'), NULL);
SELECT decrypt(1);
\set VERBOSITY default

DROP FUNCTION resolved(text);
DROP TABLE sources;
DROP TYPE color;
DROP DOMAIN label, code;
