-- Of the table "strings", read from column "v": those that are not what the SDK was given.
SELECT id, curve, role, kind, datatype, to_json(plain) AS plain, to_json(try_decrypt(v)) AS opened, sealed
FROM strings
WHERE decrypt(v) IS DISTINCT FROM plain
	OR v::text <> sealed
	OR (encrypted_info(v)).datatype <> datatype
	OR (encrypted_info(v)).curve <> curve
	OR datatype = 'number' AND decrypt_as(v, NULL::float8) IS DISTINCT FROM plain::float8
	OR datatype = 'number' AND decrypt_as(v, NULL::numeric) IS DISTINCT FROM plain::numeric
	OR decrypt_fields(jsonb_build_array(sealed)) -> 0 IS DISTINCT FROM
		coalesce(CASE datatype WHEN 'string' THEN to_jsonb(plain) ELSE plain::jsonb END, 'null')
	OR datatype = 'boolean' AND decrypt_as(v, NULL::bool) IS DISTINCT FROM plain::bool
