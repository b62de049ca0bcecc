-- What the other themes use.  The library is preloaded, so there is no notice.
CREATE EXTENSION evcrypt;
SELECT extname, extversion, extrelocatable FROM pg_extension WHERE extname = 'evcrypt';

-- Requests that have been made, by whomever.
CREATE FUNCTION requests_made() RETURNS bigint
LANGUAGE sql AS 'SELECT coalesce(sum(requests), 0)::bigint FROM evcrypt_stat';

-- Requests that a statement makes, or how it fails.
CREATE FUNCTION requests_of(statement text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	before bigint := requests_made();
BEGIN
	EXECUTE statement;
	RETURN requests_made() - before;
END
$$;

CREATE FUNCTION error_of(statement text,
	OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	message := 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;

-- Does a line of the plan of a statement match?
CREATE FUNCTION plan_has(statement text, pattern text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || statement LOOP
		IF line ~ pattern THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;

-- Ciphertexts made elsewhere, for a key that this E3 does not have.
CREATE TABLE vectors (name text PRIMARY KEY, ciphertext text NOT NULL);
INSERT INTO vectors VALUES
('Tk9D', 'ev:Tk9D:ERITFBUWFxgZGhsc:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:n24rEkFWMLPq6Ey8O9z7fWQTVdLQ0jUerumq:$'),
('Tk9D number', 'ev:Tk9D:number:ISIjJCUmJygpKiss:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:SQEhRNIoSn75HCNHLGTnTD7jlMI2Uw:$'),
('RFVC', 'ev:RFVC:UVJTVFVWV1hZWltc:ApZjPyTIfiGdNrJ+A1QHTOO0IsgjLShsds7JUiR5uEul:Om7jztYw2RJXIOUQSY1tPHOH3qvYuQtwNEP3:$'),
('QkTC', 'ev:QkTC:gYKDhIWGh4iJiouM:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:Gp/w19VS6D1Qozfw/8hOu2fUjGDHJZdvMGpQQioKirLKExnyXQBa99w6d0ICTHFx9oTEQqQ43JM:$'),
('S0lS', 'ev:S0lS:sbKztLW2t7i5uru8:ApZjPyTIfiGdNrJ+A1QHTOO0IsgjLShsds7JUiR5uEul:E5KPRuIYFg5VNVNy97QPrvGXwzT+M6MP/iP6p/9eVnhqWVDo9wVESv2UCTrhKqzztZ35YphKOxU:$');
