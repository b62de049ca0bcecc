-- What test/sqlsmith makes statements over; after $Queries::SETUP.  sqlsmith picks
-- relations, operators and functions by chance: so decrypting ones are many.
DROP TABLE p_1, p_2, p_3;

CREATE TABLE kept (id int PRIMARY KEY, owner text, v encrypted, n encrypted);
INSERT INTO kept SELECT id, CASE WHEN id % 3 > 0 THEN 'smith' ELSE 'else' END, v, n FROM e_1;
ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON kept USING (owner = current_user AND decrypt(v) < 'v5');
CREATE TABLE parent (id int, v encrypted);
CREATE TABLE child (more text) INHERITS (parent);
INSERT INTO parent SELECT id, v FROM e_2;
INSERT INTO child SELECT id, v, 'more ' || id FROM e_2;
CREATE TABLE typed (id int, b encrypted, d encrypted, j encrypted);
INSERT INTO typed SELECT i, encrypt(i % 2 = 0), encrypt(date '2000-01-01' + i),
	encrypt(jsonb_build_object('n', i)) FROM generate_series(1, 40) i;

CREATE VIEW v_list AS SELECT id, k, decrypt(v) AS v, decrypt_as(n, NULL::int) AS n FROM e_1;
CREATE VIEW v_filter AS SELECT id, v, n FROM e_1 WHERE decrypt(v) LIKE '%1%';
CREATE VIEW v_both AS SELECT id, k, decrypt(v) AS v FROM e_2 WHERE decrypt_as(n, NULL::int) > 3;
CREATE VIEW v_try AS SELECT id, try_decrypt(v) AS v, upper(decrypt(v)) AS u FROM e_3;
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, k, decrypt(v) AS v FROM e_1 WHERE k < 5;
CREATE VIEW v_joined AS SELECT a.id, decrypt(a.v) AS v, decrypt(b.v) AS w, b.n FROM e_1 a LEFT JOIN e_2 b ON b.id = a.k;
CREATE VIEW v_grouped AS SELECT k, count(decrypt(v)) AS c, max(decrypt(v)) AS v FROM e_1 GROUP BY k;
CREATE VIEW v_by_call AS SELECT decrypt(v) AS v, count(*) AS c, array_agg(id ORDER BY id) AS ids FROM e_3 GROUP BY 1;
CREATE VIEW v_sets AS SELECT k, decrypt(v) AS v, sum(decrypt_as(n, NULL::int)) AS n
	FROM e_2 GROUP BY GROUPING SETS ((k), (decrypt(v)), ());
CREATE VIEW v_window AS SELECT id, lag(decrypt(v)) OVER (ORDER BY id) AS v,
	rank() OVER (PARTITION BY k ORDER BY decrypt(v)) AS r FROM e_1;
CREATE VIEW v_distinct AS SELECT DISTINCT ON (k) k, id, decrypt(v) AS v FROM e_1 ORDER BY k, id;
CREATE VIEW v_sorted AS SELECT id, decrypt(v) AS v FROM e_3 ORDER BY decrypt(v), id LIMIT 20;
CREATE VIEW v_limited AS SELECT id, decrypt(v) AS v, n FROM e_3 ORDER BY id LIMIT 10 OFFSET 3;
CREATE VIEW v_union AS SELECT id, decrypt(v) AS v FROM e_1 UNION ALL SELECT id, decrypt(v) FROM e_2;
CREATE VIEW v_except AS SELECT decrypt(v) AS v FROM e_1 EXCEPT SELECT decrypt(v) FROM e_2;
CREATE VIEW v_cte AS WITH w AS MATERIALIZED (SELECT id, decrypt(v) AS v FROM e_1)
	SELECT a.id, a.v, b.v AS w FROM w a JOIN w b ON b.id = a.id + 1;
CREATE VIEW v_recursive AS WITH RECURSIVE w (id, v) AS (SELECT id, decrypt(v) FROM e_2 WHERE id < 6
	UNION ALL SELECT w.id + 7, decrypt(x.v) FROM w JOIN e_2 x ON x.id = w.id + 7) SELECT * FROM w;
CREATE VIEW v_lateral AS SELECT a.id, q.v FROM e_2 a, LATERAL
	(SELECT decrypt(b.v) AS v FROM e_1 b WHERE b.k = a.k ORDER BY b.id LIMIT 3) q;
CREATE VIEW v_sub AS SELECT id, (SELECT max(decrypt(b.v)) FROM e_2 b WHERE b.k = a.k) AS v FROM e_1 a;
CREATE VIEW v_exists AS SELECT id, v FROM e_1 a WHERE EXISTS (SELECT FROM e_2 b WHERE b.id = a.id AND decrypt(b.v) > 'v2');
CREATE VIEW v_guarded AS SELECT id, CASE WHEN k > 3 THEN decrypt(v) ELSE 'none' END AS v,
	COALESCE(decrypt(v), 'null') AS c FROM e_1;
-- Two of three values of g open, and ok says which: the branch decides what is sent.
CREATE VIEW v_case AS SELECT id, CASE WHEN ok THEN decrypt(g) END AS v FROM e_1;
CREATE VIEW v_and AS SELECT id, ok AND decrypt(g) > 'v2' AS b FROM e_2;
CREATE VIEW v_or AS SELECT id, k FROM e_3 WHERE NOT ok OR decrypt(g) LIKE '%1%';
CREATE VIEW v_agg_filter AS SELECT k, max(decrypt(g)) FILTER (WHERE ok) AS v, count(*) AS c FROM e_3 GROUP BY k;
CREATE VIEW v_keys AS SELECT a.id, b.v FROM e_1 a JOIN e_2 b ON decrypt(a.v) = decrypt(b.v);
CREATE VIEW v_opened AS SELECT id, try_decrypt(g) AS v, encrypted_info(g) IS NULL AS b FROM e_1;
CREATE VIEW v_srf AS SELECT id, unnest(string_to_array(decrypt(v), '1')) AS v FROM e_1;
CREATE VIEW v_twice AS SELECT id, decrypt(encrypt(decrypt(v) || '!')) AS v, encrypt(k) AS n FROM e_1;
CREATE VIEW v_typed AS SELECT id, decrypt_as(b, NULL::bool) AS b, decrypt_as(d, NULL::date) AS d,
	decrypt_as(j, NULL::jsonb) AS j FROM typed;
CREATE VIEW v_kept AS SELECT id, decrypt(v) AS v FROM kept;
CREATE VIEW v_parent AS SELECT id, decrypt(v) AS v FROM parent;
CREATE MATERIALIZED VIEW m_list AS SELECT id, decrypt(v) AS v, n FROM e_1;

CREATE FUNCTION text_of(encrypted) RETURNS text LANGUAGE sql STABLE AS 'SELECT decrypt($1)';
CREATE FUNCTION length_of(encrypted) RETURNS int LANGUAGE sql STABLE AS 'SELECT length(decrypt($1))';
CREATE FUNCTION text_looped(encrypted) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT decrypt(v) AS v FROM e_2 ORDER BY id LOOP
		EXIT WHEN r.v > decrypt($1);
	END LOOP;
	RETURN r.v;
END $$;
CREATE FUNCTION same(encrypted, text) RETURNS bool LANGUAGE sql STABLE AS 'SELECT decrypt($1) = $2';
CREATE FUNCTION less(encrypted, text) RETURNS bool LANGUAGE sql STABLE AS 'SELECT decrypt($1) < $2';
CREATE FUNCTION same(encrypted, encrypted) RETURNS bool LANGUAGE sql STABLE AS 'SELECT decrypt($1) = decrypt($2)';
DO $$
BEGIN
	FOR i IN 1 .. 60 LOOP
		EXECUTE format('CREATE OPERATOR %s= (FUNCTION = same, LEFTARG = encrypted, RIGHTARG = text)', repeat('@', i));
		EXECUTE format('CREATE OPERATOR %s< (FUNCTION = less, LEFTARG = encrypted, RIGHTARG = text)', repeat('@', i));
		EXECUTE format('CREATE OPERATOR %s= (FUNCTION = same, LEFTARG = encrypted, RIGHTARG = encrypted)', repeat('@', i));
		EXECUTE format('CREATE FUNCTION open_%s(encrypted) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
			AS ''$libdir/evcrypt'', ''evc_decrypt''', i);
	END LOOP;
END $$;

CREATE ROLE smith LOGIN;
GRANT ALL ON ALL TABLES IN SCHEMA public TO smith;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO smith;
-- Numbers that change by themselves.
REVOKE ALL ON evcrypt_stat FROM smith;
REVOKE ALL ON FUNCTION evcrypt_stat_reset(), evcrypt_stat_rows() FROM smith;
VACUUM ANALYZE;
