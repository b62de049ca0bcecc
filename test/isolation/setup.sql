-- What every spec uses.  E3 stops at debug points (enclave/base/debug_point.h) that
-- are FIFOs in a directory; the server's environment has its name.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION evcrypt;

CREATE FUNCTION shell(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	printed text;
BEGIN
	CREATE TEMP TABLE output (n serial, line text);
	EXECUTE format('COPY output (line) FROM PROGRAM %L', command);
	SELECT string_agg(line, E'\n' ORDER BY n) INTO printed FROM output;
	DROP TABLE output;
	RETURN printed;
END $$;

-- From now on whoever comes to this point stops there.
CREATE FUNCTION park(point text) RETURNS void LANGUAGE sql AS $$
	SELECT shell('mkfifo -m 600 "$E3_DEBUG_POINTS"/' || point);
$$;

-- Whoever stands there goes on, and nobody stops any more.
CREATE FUNCTION release(point text) RETURNS void LANGUAGE sql AS $$
	SELECT shell(format('cd "$E3_DEBUG_POINTS" && [ ! -p %1$s ] || { mv %1$s %1$s.off
		while [ -e %1$s.parked ]; do : <>%1$s.off; sleep 0.01; done
		rm %1$s.off; }', point));
$$;

CREATE FUNCTION release_all() RETURNS void LANGUAGE sql AS $$
	SELECT release(point)
	FROM unnest('{before_slice,after_slice,finished,half_sent}'::text[]) point;
$$;

CREATE FUNCTION parked() RETURNS bool LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM pg_ls_dir(current_setting('test.debug_points')) file
		WHERE file LIKE '%.parked');
$$;

-- Waits until somebody stands there.
CREATE FUNCTION await(point text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 1000 LOOP
		IF pg_stat_file(current_setting('test.debug_points') || '/' || point || '.parked', true) IS NOT NULL THEN
			RETURN true;
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN false;
END $$;

-- What E3 says of itself.
CREATE FUNCTION e3(command text, name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT substring(shell('e3ctl ' || command) FROM '(?:^|\n)' || name || ': (\d+)')::bigint;
$$;

-- Waits until E3 has nothing to do, and says so.
CREATE FUNCTION idle() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 1000 LOOP
		IF e3('health', 'running') + e3('health', 'queued') = 0 THEN
			RETURN 'idle';
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN 'busy';
END $$;

-- Requests that E3 has counted as cancelled and as failed since the last call.
CREATE TABLE counted (cancelled bigint, failed bigint);
INSERT INTO counted VALUES (0, 0);
CREATE FUNCTION count_up(OUT cancelled bigint, OUT failed bigint) LANGUAGE plpgsql AS $$
DECLARE
	old counted;
	new counted := (e3('stats', 'requests_cancelled'), e3('stats', 'requests_failed'));
BEGIN
	SELECT * INTO old FROM counted;
	UPDATE counted SET cancelled = new.cancelled, failed = new.failed;
	cancelled := new.cancelled - old.cancelled;
	failed := new.failed - old.failed;
END $$;

-- The backend of a session of the running spec.
CREATE FUNCTION backend(session text) RETURNS int LANGUAGE sql AS $$
	SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'isolation/%/' || session;
$$;

-- Waits until its statement is over.
CREATE FUNCTION ended(session text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 1000 LOOP
		IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = backend(session) AND state = 'active') THEN
			RETURN true;
		END IF;
		PERFORM pg_stat_clear_snapshot(), pg_sleep(0.01);
	END LOOP;
	RETURN false;
END $$;

-- isolationtester reports a step as waiting, and goes on, when this says so.  For us
-- that is also a backend that waits for E3 while E3 stands at a point.
SET allow_system_table_mods = on;
ALTER FUNCTION pg_catalog.pg_isolation_test_session_is_blocked(int, int[])
	RENAME TO pg_isolation_test_session_is_blocked_by_lock;
CREATE FUNCTION pg_catalog.pg_isolation_test_session_is_blocked(int, int[]) RETURNS bool
LANGUAGE sql AS $$
	SELECT pg_catalog.pg_isolation_test_session_is_blocked_by_lock($1, $2)
		OR public.parked() AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity
			WHERE pid = $1 AND wait_event_type = 'Extension');
$$;
RESET allow_system_table_mods;

-- One request of many slices, and one whose reply does not fit a socket's buffer.
CREATE TABLE many AS SELECT i AS id, encrypt('value ' || i) AS v FROM generate_series(1, 4000) i;
CREATE TABLE large AS SELECT i AS id, encrypt(repeat(chr(64 + i), 100000)) AS v
	FROM generate_series(1, 20) i;
CREATE TABLE target (id int, v encrypted);
