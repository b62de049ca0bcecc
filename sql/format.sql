-- Curve, format, and how many values share a key.
CREATE TABLE made (setting text, v encrypted);
INSERT INTO made SELECT 'default', encrypt('value ' || i) FROM generate_series(1, 3) i;
SET evcrypt.curve = secp256k1;
INSERT INTO made SELECT 'k1', encrypt('value ' || i) FROM generate_series(1, 3) i;
SET evcrypt.format = 'RFVC';
INSERT INTO made SELECT 'k1, RFVC', encrypt('value ' || i) FROM generate_series(1, 3) i;
INSERT INTO made VALUES ('k1, RFVC', encrypt(4.5)), ('k1, RFVC', encrypt(true));
SET evcrypt.curve = p256;
-- A format belongs to a curve.
SELECT encrypt('x');
SET evcrypt.format = 'Tk9D';
INSERT INTO made SELECT 'Tk9D', encrypt('value ' || i) FROM generate_series(1, 3) i;
SET evcrypt.format = 'QkTC';
INSERT INTO made SELECT 'QkTC', encrypt('value ' || i) FROM generate_series(1, 3) i;
SET evcrypt.format = 'QlJV';
RESET evcrypt.format;
RESET evcrypt.curve;
SELECT setting, left(v::text, 8) AS head, (encrypted_info(v)).curve, decrypt(v) FROM made ORDER BY setting, 4;

-- Values of one statement share an ephemeral key, or some of them do.
CREATE FUNCTION keys(OUT keys bigint, OUT "values" bigint) LANGUAGE sql AS $$
	SELECT count(DISTINCT split_part(e::text, ':', 4)), count(*)
	FROM (SELECT encrypt(i::text) AS e FROM generate_series(1, 100) i OFFSET 0) q $$;
SELECT * FROM keys();
SET evcrypt.max_values_per_key = 10;
SELECT * FROM keys();
SET evcrypt.max_values_per_key = 1;
SELECT * FROM keys();
SELECT count(DISTINCT decrypt(encrypt(i))) FROM generate_series(1, 100) i;
RESET evcrypt.max_values_per_key;

-- A role that is not a superuser chooses none of them.
CREATE ROLE clerk;
SET ROLE clerk;
SET evcrypt.curve = secp256k1;
SET evcrypt.format = 'Tk9D';
SET evcrypt.max_values_per_key = 5;
RESET ROLE;
DROP ROLE clerk;
DROP FUNCTION keys;
DROP TABLE made;
