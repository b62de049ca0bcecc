-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION evcrypt" to load this file. \quit

--
-- The type.  Reading and writing it never asks E3.
--

CREATE TYPE @extschema@.encrypted;

CREATE FUNCTION @extschema@.encrypted_in(pg_catalog.cstring)
RETURNS @extschema@.encrypted
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_encrypted_in';
COMMENT ON FUNCTION @extschema@.encrypted_in(pg_catalog.cstring) IS 'I/O';

CREATE FUNCTION @extschema@.encrypted_out(@extschema@.encrypted)
RETURNS pg_catalog.cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_encrypted_out';
COMMENT ON FUNCTION @extschema@.encrypted_out(@extschema@.encrypted) IS 'I/O';

CREATE FUNCTION @extschema@.encrypted_recv(pg_catalog.internal)
RETURNS @extschema@.encrypted
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_encrypted_recv';
COMMENT ON FUNCTION @extschema@.encrypted_recv(pg_catalog.internal) IS 'I/O';

CREATE FUNCTION @extschema@.encrypted_send(@extschema@.encrypted)
RETURNS pg_catalog.bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_encrypted_send';
COMMENT ON FUNCTION @extschema@.encrypted_send(@extschema@.encrypted) IS 'I/O';

-- Ciphertext does not compress: external.
CREATE TYPE @extschema@.encrypted (
	INPUT = @extschema@.encrypted_in,
	OUTPUT = @extschema@.encrypted_out,
	RECEIVE = @extschema@.encrypted_recv,
	SEND = @extschema@.encrypted_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = external,
	CATEGORY = 'U'
);
COMMENT ON TYPE @extschema@.encrypted IS
	'one encrypted value; its text form is an "ev:...:$" string';

-- Drivers bind strings.  Both only check that the text is a ciphertext.
CREATE CAST (pg_catalog.text AS @extschema@.encrypted) WITH INOUT AS ASSIGNMENT;
CREATE CAST (pg_catalog.varchar AS @extschema@.encrypted) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (pg_catalog.text AS @extschema@.encrypted) IS
	'checks that the text is a ciphertext; encrypts nothing';
COMMENT ON CAST (pg_catalog.varchar AS @extschema@.encrypted) IS
	'checks that the text is a ciphertext; encrypts nothing';

CREATE FUNCTION @extschema@.encrypted_info(
	value @extschema@.encrypted,
	OUT version pg_catalog.text,
	OUT curve pg_catalog.text,
	OUT datatype pg_catalog.text,
	OUT bound pg_catalog.bool,
	OUT key_id pg_catalog.text,
	OUT stored_bytes pg_catalog.int4)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_encrypted_info';
COMMENT ON FUNCTION @extschema@.encrypted_info(@extschema@.encrypted) IS
	'what a ciphertext says of itself, without asking E3; key_id is NULL where unknown';

--
-- Encrypt and decrypt.  Other functions named like these, in a schema that a
-- caller's search_path lists, could receive plaintext in their place.
--

-- Asked by the planner, it loads the library in time for the statement's batches.
CREATE FUNCTION @extschema@.evcrypt_support(pg_catalog.internal)
RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_support';
COMMENT ON FUNCTION @extschema@.evcrypt_support(pg_catalog.internal) IS 'planner support';

CREATE FUNCTION @extschema@.encrypt(value pg_catalog.text)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog.text) IS
	'encrypts text';

CREATE FUNCTION @extschema@.encrypt(value pg_catalog.anyelement)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog.anyelement) IS
	'encrypts a value of any type: bytea as its bytes, others as their text form';

CREATE FUNCTION @extschema@.encrypt(value pg_catalog."char")
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog."char") IS
	'encrypts one character';

CREATE FUNCTION @extschema@.decrypt(value @extschema@.encrypted)
RETURNS pg_catalog.text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt';
COMMENT ON FUNCTION @extschema@.decrypt(@extschema@.encrypted) IS
	'decrypts to text';

CREATE FUNCTION @extschema@.decrypt_as(
	value @extschema@.encrypted, type pg_catalog.anyelement)
RETURNS pg_catalog.anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt_as';
COMMENT ON FUNCTION @extschema@.decrypt_as(@extschema@.encrypted, pg_catalog.anyelement) IS
	'decrypts to the type of the second argument, as in decrypt_as(born, NULL::date)';

CREATE FUNCTION @extschema@.try_decrypt(value @extschema@.encrypted)
RETURNS pg_catalog.text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_try_decrypt';
COMMENT ON FUNCTION @extschema@.try_decrypt(@extschema@.encrypted) IS
	'decrypts to text; NULL for a value that does not open';

--
-- The same with a context, to which a ciphertext is bound.  Of NULL for a context they
-- make an error, so they are not strict.
--

CREATE FUNCTION @extschema@.encrypt(value pg_catalog.text, context pg_catalog.text)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog.text, pg_catalog.text) IS
	'encrypts text, bound to a context';

CREATE FUNCTION @extschema@.encrypt(value pg_catalog.anyelement, context pg_catalog.text)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog.anyelement, pg_catalog.text) IS
	'encrypts a value of any type, bound to a context';

CREATE FUNCTION @extschema@.encrypt(value pg_catalog."char", context pg_catalog.text)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt';
COMMENT ON FUNCTION @extschema@.encrypt(pg_catalog."char", pg_catalog.text) IS
	'encrypts one character, bound to a context';

CREATE FUNCTION @extschema@.decrypt(value @extschema@.encrypted, context pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt';
COMMENT ON FUNCTION @extschema@.decrypt(@extschema@.encrypted, pg_catalog.text) IS
	'decrypts to text what is bound to this context';

CREATE FUNCTION @extschema@.decrypt_as(
	value @extschema@.encrypted, type pg_catalog.anyelement, context pg_catalog.text)
RETURNS pg_catalog.anyelement
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt_as';
COMMENT ON FUNCTION @extschema@.decrypt_as(
	@extschema@.encrypted, pg_catalog.anyelement, pg_catalog.text) IS
	'decrypts what is bound to this context to the type of the second argument';

CREATE FUNCTION @extschema@.try_decrypt(value @extschema@.encrypted, context pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_try_decrypt';
COMMENT ON FUNCTION @extschema@.try_decrypt(@extschema@.encrypted, pg_catalog.text) IS
	'decrypts to text what is bound to this context; NULL for a value that does not open';

--
-- Under new keys, and for equality.
--

CREATE FUNCTION @extschema@.reencrypt(value @extschema@.encrypted)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_reencrypt';
COMMENT ON FUNCTION @extschema@.reencrypt(@extschema@.encrypted) IS
	'encrypts anew under the newest key what this ciphertext holds';

CREATE FUNCTION @extschema@.reencrypt(value @extschema@.encrypted, context pg_catalog.text)
RETURNS @extschema@.encrypted
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_reencrypt';
COMMENT ON FUNCTION @extschema@.reencrypt(@extschema@.encrypted, pg_catalog.text) IS
	'the same for what is bound to this context, and stays bound to it';

CREATE FUNCTION @extschema@.blind_index(value pg_catalog.text)
RETURNS pg_catalog.bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_blind_index';
COMMENT ON FUNCTION @extschema@.blind_index(pg_catalog.text) IS
	'a keyed hash, by which equal values are found';

CREATE FUNCTION @extschema@.blind_index(value pg_catalog.text, context pg_catalog.text)
RETURNS pg_catalog.bytea
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_blind_index';
COMMENT ON FUNCTION @extschema@.blind_index(pg_catalog.text, pg_catalog.text) IS
	'a keyed hash, by which equal values of the same context are found';

CREATE FUNCTION @extschema@.blind_index_all(value pg_catalog.text)
RETURNS pg_catalog.bytea[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_blind_index_all';
COMMENT ON FUNCTION @extschema@.blind_index_all(pg_catalog.text) IS
	'blind indexes under every version of the index key, newest first';

CREATE FUNCTION @extschema@.blind_index_all(value pg_catalog.text, context pg_catalog.text)
RETURNS pg_catalog.bytea[]
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_blind_index_all';
COMMENT ON FUNCTION @extschema@.blind_index_all(pg_catalog.text, pg_catalog.text) IS
	'blind indexes with a context under every version of the index key, newest first';

--
-- Fields of JSON documents.
--

CREATE FUNCTION @extschema@.encrypt_fields(doc pg_catalog.jsonb, paths pg_catalog.text[])
RETURNS pg_catalog.jsonb
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt_fields';
COMMENT ON FUNCTION @extschema@.encrypt_fields(pg_catalog.jsonb, pg_catalog.text[]) IS
	'encrypts the strings, numbers and booleans on paths like {card,*,number}';

CREATE FUNCTION @extschema@.encrypt_fields(
	doc pg_catalog.jsonb, paths pg_catalog.text[], context pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_encrypt_fields';
COMMENT ON FUNCTION @extschema@.encrypt_fields(
	pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text) IS
	'encrypts what is on the paths, bound to a context';

CREATE FUNCTION @extschema@.decrypt_fields(doc pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt_fields';
COMMENT ON FUNCTION @extschema@.decrypt_fields(pg_catalog.jsonb) IS
	'decrypts every string that is a ciphertext';

CREATE FUNCTION @extschema@.decrypt_fields(doc pg_catalog.jsonb, paths pg_catalog.text[])
RETURNS pg_catalog.jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt_fields';
COMMENT ON FUNCTION @extschema@.decrypt_fields(pg_catalog.jsonb, pg_catalog.text[]) IS
	'decrypts what is on the paths';

CREATE FUNCTION @extschema@.decrypt_fields(
	doc pg_catalog.jsonb, paths pg_catalog.text[], context pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
SUPPORT @extschema@.evcrypt_support
AS 'MODULE_PATHNAME', 'evc_decrypt_fields';
COMMENT ON FUNCTION @extschema@.decrypt_fields(
	pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text) IS
	'decrypts what is on the paths, bound to a context';

--
-- Labels of columns.
--

CREATE FUNCTION @extschema@.evcrypt_label(
	relation pg_catalog.regclass,
	"column" pg_catalog.name,
	OUT app pg_catalog.text,
	OUT role pg_catalog.text,
	OUT type pg_catalog.text,
	OUT context pg_catalog.text)
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'evc_label_info';
COMMENT ON FUNCTION @extschema@.evcrypt_label(pg_catalog.regclass, pg_catalog.name) IS
	'what the security label of a column says, NULL where it says nothing; context is an '
	'SQL expression over the row';

--
-- Administration.
--

CREATE FUNCTION @extschema@.evcrypt_health(
	OUT endpoint pg_catalog.text,
	OUT reachable pg_catalog.bool,
	OUT latency_ms pg_catalog.float8,
	OUT version pg_catalog.text,
	OUT key_versions pg_catalog.int4[],
	OUT index_versions pg_catalog.int4[],
	OUT crypto_backend pg_catalog.text,
	OUT attested pg_catalog.bool,
	OUT clock_offset_ms pg_catalog.float8,
	OUT error pg_catalog.text,
	OUT isolation_missing pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'evc_health';
COMMENT ON FUNCTION @extschema@.evcrypt_health() IS
	'one row per endpoint of evcrypt.endpoints: is it there, and what does it say';

CREATE FUNCTION @extschema@.evcrypt_stat_rows(
	OUT operation pg_catalog.text,
	OUT curve pg_catalog.text,
	OUT requests pg_catalog.int8,
	OUT "values" pg_catalog.int8,
	OUT bytes_sent pg_catalog.int8,
	OUT bytes_received pg_catalog.int8,
	OUT cancels pg_catalog.int8,
	OUT errors pg_catalog.int8,
	OUT retries pg_catalog.int8,
	OUT e3_ms pg_catalog.float8,
	OUT wait_ms pg_catalog.float8,
	OUT cache_hits pg_catalog.int8,
	OUT requests_small pg_catalog.int8,
	OUT requests_medium pg_catalog.int8,
	OUT requests_large pg_catalog.int8,
	OUT latency_small_ms pg_catalog.float8,
	OUT latency_medium_ms pg_catalog.float8,
	OUT latency_large_ms pg_catalog.float8)
RETURNS SETOF pg_catalog.record
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED ROWS 7
AS 'MODULE_PATHNAME', 'evc_stat';
COMMENT ON FUNCTION @extschema@.evcrypt_stat_rows() IS
	'rows of the view evcrypt_stat, whose readers need EXECUTE on this';

CREATE VIEW @extschema@.evcrypt_stat AS
SELECT operation, curve, requests, "values", bytes_sent, bytes_received, cancels,
	errors, retries, e3_ms, wait_ms, cache_hits,
	requests_small, requests_medium, requests_large,
	latency_small_ms, latency_medium_ms, latency_large_ms
FROM @extschema@.evcrypt_stat_rows();
COMMENT ON VIEW @extschema@.evcrypt_stat IS
	'what has been asked of E3, one row per operation and curve: by the whole server '
	'if evcrypt is in shared_preload_libraries, else by this session';

CREATE FUNCTION @extschema@.evcrypt_stat_reset()
RETURNS pg_catalog.void
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'evc_stat_reset_all';
COMMENT ON FUNCTION @extschema@.evcrypt_stat_reset() IS
	'sets the counters of evcrypt_stat to zero';

--
-- Jobs of evcrypt migrate and evcrypt rotate.  They are of this cluster and not dumped:
-- a restored table is begun with anew, and what is done already is left alone.
--

CREATE TABLE @extschema@.evcrypt_job (
	id pg_catalog.int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	owner pg_catalog.name NOT NULL DEFAULT CURRENT_USER,
	operation pg_catalog.text NOT NULL,
	relation pg_catalog.oid NOT NULL,
	column_name pg_catalog.text NOT NULL,
	target_name pg_catalog.text,
	plain_type pg_catalog.text,
	context pg_catalog.text,
	phase pg_catalog.text NOT NULL,
	key_columns pg_catalog.text,
	last_key pg_catalog.text[],
	rows_total pg_catalog.int8,
	rows_done pg_catalog.int8 NOT NULL DEFAULT 0,
	rows_changed pg_catalog.int8 NOT NULL DEFAULT 0,
	rows_per_second pg_catalog.float8,
	started_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	updated_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	UNIQUE (owner, operation, relation, column_name)
);

-- The context of a job is an expression that its owner's session evaluates: nobody else
-- may write it.
ALTER TABLE @extschema@.evcrypt_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON @extschema@.evcrypt_job
	USING (owner OPERATOR(pg_catalog.=) CURRENT_USER)
	WITH CHECK (owner OPERATOR(pg_catalog.=) CURRENT_USER);
COMMENT ON TABLE @extschema@.evcrypt_job IS
	'jobs of evcrypt migrate and evcrypt rotate, for these to go on from; last_key is '
	'a key of the table that is worked on';

-- Who runs a job holds its advisory lock.
CREATE VIEW @extschema@.evcrypt_progress AS
SELECT j.id AS job, j.owner, j.operation, j.relation::pg_catalog.regclass AS relation, j.column_name,
	j.phase,
	EXISTS (SELECT FROM pg_catalog.pg_locks l
		WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
		AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d
			WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
		AND l.classid OPERATOR(pg_catalog.=) 1702257001::pg_catalog.oid
		AND l.objid::pg_catalog.int8 OPERATOR(pg_catalog.=) (pg_catalog.hashtext(
			pg_catalog.concat_ws(' ', j.operation, j.relation, j.column_name))::pg_catalog.int8
			OPERATOR(pg_catalog.&) 4294967295)
		AND l.objsubid OPERATOR(pg_catalog.=) 2 AND l.granted) AS running,
	j.rows_done, j.rows_total, j.rows_changed, j.rows_per_second, j.started_at, j.updated_at
FROM @extschema@.evcrypt_job j;
COMMENT ON VIEW @extschema@.evcrypt_progress IS
	'one row per job of evcrypt migrate or evcrypt rotate: what it does, how far it is, '
	'and whether it is being run';

--
-- Privileges are for the owner to give.
--

REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog.anyelement) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog."char") FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt(@extschema@.encrypted) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt_as(@extschema@.encrypted, pg_catalog.anyelement)
	FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.try_decrypt(@extschema@.encrypted) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog.anyelement, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt(pg_catalog."char", pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt(@extschema@.encrypted, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt_as(
	@extschema@.encrypted, pg_catalog.anyelement, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.try_decrypt(@extschema@.encrypted, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.reencrypt(@extschema@.encrypted) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.reencrypt(@extschema@.encrypted, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.blind_index(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.blind_index(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.blind_index_all(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.blind_index_all(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt_fields(pg_catalog.jsonb, pg_catalog.text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.encrypt_fields(pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text)
	FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt_fields(pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt_fields(pg_catalog.jsonb, pg_catalog.text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.decrypt_fields(pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text)
	FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.evcrypt_support(pg_catalog.internal) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.evcrypt_label(pg_catalog.regclass, pg_catalog.name)
	FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.evcrypt_health() FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.evcrypt_stat_rows() FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.evcrypt_stat_reset() FROM PUBLIC;
REVOKE ALL ON @extschema@.evcrypt_stat FROM PUBLIC;
REVOKE ALL ON @extschema@.evcrypt_job FROM PUBLIC;
REVOKE ALL ON @extschema@.evcrypt_progress FROM PUBLIC;

DO $notice$
DECLARE
	pattern CONSTANT pg_catalog.text := '(^|[,/" ])evcrypt(\.so)?($|[," ])';
	unplanned CONSTANT pg_catalog.text := 'The first statement of a session that uses it may be '
		'planned without it, and EXPLAIN of such a statement can make requests to E3. ';
BEGIN
	IF pg_catalog.current_setting('shared_preload_libraries') OPERATOR(pg_catalog.!~) pattern THEN
		-- CREATE EXTENSION has raised this for the duration of the script.
		PERFORM pg_catalog.set_config('client_min_messages', 'notice', true);
		RAISE NOTICE 'evcrypt is not preloaded by the server'
			USING DETAIL = pg_catalog.concat(
				CASE WHEN pg_catalog.current_setting('session_preload_libraries')
					OPERATOR(pg_catalog.!~) pattern THEN unplanned END,
				'evcrypt.app and evcrypt.endpoints have no defaults, and a session whose client '
				'gives one of them itself has none, and cannot encrypt or decrypt.'),
			HINT = 'With evcrypt in shared_preload_libraries, EXPLAIN and PREPARE never make a '
				'request, and such a client is refused at once; session_preload_libraries does '
				'only the first.';
	END IF;
END
$notice$;
