# The census: every channel through which PostgreSQL shows statements, with a value
# in a literal and in a bind parameter.  With evcrypt.redact off as a control, where
# it must be found, and with it on, where it must not, or for a reason that is named.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Census;
use EvcryptTest;
use File::Find;
use Test::More;

my $INSERT = 'INSERT INTO stored VALUES (1, encrypt(:secret))';
my $ALL_LOG = { log_statement => 'all' };

# channel, where it shows, settings, statements, and where it shows with redact off:
# l(iteral), e(xtended protocol with a literal), b(ind parameter).  What is not run has no
# letter in "modes".  "normalised" are statements whose constants pg_stat_statements
# leaves out by itself since PostgreSQL 16; there auto_explain shows parameters.
my @channels = (
	{ name => 'failing statement', place => 'log', off => 'le',
		sql => ['INSERT INTO stored SELECT 1/0, encrypt(:secret)'] },
	{ name => 'failing in parse analysis', place => 'log', off => 'le',
		sql => ['INSERT INTO stored SELECT nothing, encrypt(:secret)'] },
	{ name => 'syntax error', place => 'log', off => 'le', sql => ['SELECT encrypt(:secret) FROM FROM stored'] },
	{ name => 'log_statement', place => 'log', off => 'leb', settings => $ALL_LOG, sql => [$INSERT] },
	(map { { name => "log_statement: $_->[0]", place => 'log', off => 'le', modes => 'le', settings => $ALL_LOG, sql => [$_->[1]] } }
		[ 'too many arguments' => 'SELECT encrypt(:secret, 1, 2)' ],
		[ 'paths forgotten' => 'SELECT encrypt_fields(:secret)' ],
		[ 'in no schema' => 'SELECT nosuch.encrypt(:secret)' ],
		[ 'into no table' => 'INSERT INTO nosuch VALUES (public.encrypt(:secret, 1, 2))' ]),
	{ name => 'log_min_duration_statement', place => 'log', off => 'leb',
		settings => { log_min_duration_statement => 0 }, sql => [$INSERT] },
	{ name => 'STATEMENT of a LOG message', place => 'log', off => 'le',
		settings => { log_executor_stats => 'on' }, sql => [$INSERT] },
	{ name => 'log_parameter_max_length_on_error', place => 'log', off => 'eb', modes => 'eb',
		settings => { log_parameter_max_length_on_error => -1 },
		sql => ['INSERT INTO stored SELECT 1/0, encrypt(:secret)'] },
	{ name => 'auto_explain', place => 'log', off => 'le', off_since_16 => 'leb',
		settings => { 'auto_explain.log_min_duration' => 0 }, sql => [$INSERT] },
	{ name => 'auto_explain.log_verbose, json', place => 'log', off => 'leb',
		settings => { 'auto_explain.log_min_duration' => 0, 'auto_explain.log_verbose' => 'on',
			'auto_explain.log_format' => 'json' },
		sql => ['SELECT id FROM stored WHERE decrypt(v) = :secret'] },
	{ name => 'auto_explain.log_nested_statements', place => 'log', off => 'leb',
		settings => { 'auto_explain.log_min_duration' => 0, 'auto_explain.log_verbose' => 'on',
			'auto_explain.log_nested_statements' => 'on' },
		sql => ['SELECT keep(:secret)'] },
	{ name => 'debug_print_parse', place => 'log', off => 'le',
		settings => { debug_print_parse => 'on' }, sql => [$INSERT] },
	{ name => 'debug_print_rewritten, _plan', place => 'log', off => 'leb',
		settings => { debug_print_rewritten => 'on', debug_print_plan => 'on' }, sql => [$INSERT] },
	{ name => 'CONTEXT and QUERY of a function', place => 'log', off => 'leb',
		sql => ['SELECT fail(:secret)'] },
	{ name => 'DETAIL of a unique violation', place => 'log', off => 'leb',
		sql => [('INSERT INTO unique_text VALUES (decrypt(encrypt(:secret)))') x 2] },
	{ name => 'DETAIL of a deferred violation', place => 'log', off => 'leb',
		sql => ['BEGIN', 'INSERT INTO unique_later VALUES (decrypt(encrypt(:secret))), (decrypt(encrypt(:secret)))', 'COMMIT'] },
	{ name => 'CONTEXT of COPY', place => 'log', off => 'l', modes => 'l',
		sql => ['COPY stored (v) FROM stdin'] },
	{ name => 'CONTEXT of COPY with ENCRYPT', place => 'log', off => '', modes => 'l',
		sql => ['COPY stored (v, id) FROM stdin WITH (ENCRYPT (v))'] },
	{ name => 'pg_stat_activity', place => 'activity', off => 'le',
		sql => ['INSERT INTO seen SELECT query, encrypt(:secret) FROM pg_stat_activity WHERE pid = pg_backend_pid()'] },
	{ name => 'pg_stat_activity of a CALL to a view', place => 'activity', off => 'le',
		sql => ['CALL look(:secret)'] },
	(map { { name => "log_statement: $_->[0]", place => 'log', off => 'le', modes => 'le', settings => $ALL_LOG, sql => [$_->[1]] } }
		[ 'function that reads a view' => 'SELECT find_person(:secret)' ],
		[ 'function in SQL that reads one' => 'SELECT find_sql(:secret)' ],
		[ 'function that writes to one, dynamic' => 'SELECT add_dynamic(:secret)' ],
		[ 'partition that encrypts' => 'INSERT INTO parted VALUES (1, :secret)' ]),
	{ name => 'pg_stat_activity of a parallel worker', place => 'activity', off => 'le',
		settings => { FORCE_PARALLEL => 'on' },
		sql => ['CREATE TABLE made AS SELECT query_of_worker(encrypt(:secret)) AS query',
			'INSERT INTO seen SELECT query FROM made', 'DROP TABLE made'] },
	{ name => 'pg_stat_statements: plain DML', place => 'statements', off => '', sql => [$INSERT] },
	{ name => 'pg_stat_statements, reset meanwhile', place => 'statements', off => 'e', modes => 'e',
		sql => ['SELECT pg_stat_statements_reset()', $INSERT] },
	(map { { name => "pg_stat_statements: $_->[0]", place => 'statements', off => 'le', modes => 'le',
				normalised => $_->[0] !~ /^DO|FUNCTION/, sql => ['PREPARE encrypting (text) AS SELECT encrypt($1)', 'BEGIN', $_->[1], 'ROLLBACK', 'DEALLOCATE encrypting'] } }
		[ DO => 'DO $$BEGIN PERFORM encrypt(:secret); END$$' ],
		[ CALL => 'CALL run(:secret)' ],
		[ 'DO with a comment' => 'DO $$BEGIN PERFORM encrypt/*c*/(:secret); END$$' ],
		[ 'DO with a view' => 'DO $$BEGIN INSERT INTO "People V" (ssn) VALUES (:secret); END$$' ],
		[ 'CALL with a view' => 'CALL add_person(:secret)' ],
		[ 'EXPLAIN with a view' => 'EXPLAIN ANALYZE SELECT find_person(:secret)' ],
		[ EXPLAIN => 'EXPLAIN SELECT encrypt(:secret)' ],
		[ 'EXPLAIN EXECUTE' => 'EXPLAIN EXECUTE encrypting(:secret)' ],
		[ 'CREATE TABLE AS' => 'CREATE TABLE made AS SELECT encrypt(:secret)' ],
		[ 'CREATE VIEW' => 'CREATE VIEW seen_through AS SELECT encrypt(:secret)' ],
		[ 'DECLARE CURSOR' => 'DECLARE c CURSOR FOR SELECT encrypt(:secret)' ],
		[ 'CREATE FUNCTION' => 'CREATE FUNCTION made() RETURNS encrypted LANGUAGE sql AS $$SELECT encrypt(:secret)$$' ]),
	{ name => 'pg_stat_statements: COPY (query)', place => 'statements', off => 'l', modes => 'l',
		sql => ['COPY (SELECT encrypt(:secret)) TO stdout'] },
	{ name => 'SET evcrypt.credential', place => 'log', off => 'le', modes => 'le', settings => $ALL_LOG,
		sql => ['SET evcrypt.credential = :secret'] },
	{ name => 'EXPLAIN VERBOSE of decrypt(constant)', place => 'client', off => '', modes => 'l',
		sql => ['EXPLAIN (VERBOSE, COSTS OFF) SELECT decrypt(v) FROM (SELECT v FROM stored LIMIT 1) s'] },
	{ name => 'text of an error of PostgreSQL\'s', place => 'log', off => 'leb',
		because => 'the client gets the same message: decrypt_as(v, NULL::int) is one without the value',
		sql => ['SELECT decrypt(encrypt(:secret))::int'] },
	(map { { name => "text of an error of PostgreSQL's: $_->[0]", place => 'log', off => 'l', modes => 'l',
				because => 'the client gets the same message', sql => $_->[1] } }
		[ 'cast to an enum' => ['SELECT encrypt(:secret::color)'] ],
		[ 'EXECUTE' => [ 'PREPARE q (int) AS SELECT encrypt($1::text)', 'EXECUTE q(:secret)' ] ],
		[ 'COPY WHERE' => ['COPY stored (id, v) FROM stdin WITH (ENCRYPT (v)) WHERE id > :secret::int'] ]),
	);

my %run = (l => \&run_literal, e => \&run_extended, b => \&run_bind);
my %mode_name = (l => 'literal', e => 'literal, extended protocol', b => 'bind parameter');

sub set_up_node
{
	my ($node) = @_;

	$node->safe_psql('postgres', <<'END');
CREATE EXTENSION pg_stat_statements;
CREATE TABLE stored (id int, v encrypted);
CREATE TABLE seen (query text, v encrypted);
CREATE TYPE color AS ENUM ('red');
CREATE TABLE unique_text (e text UNIQUE);
CREATE TABLE unique_later (e text UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION keep(secret text) RETURNS void LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO stored VALUES (2, encrypt(secret)); END$$;
CREATE FUNCTION fail(secret text) RETURNS void LANGUAGE plpgsql AS
	$$BEGIN EXECUTE format('INSERT INTO stored VALUES (1/0, encrypt(%L))', secret); END$$;
CREATE PROCEDURE run(secret text) LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO stored VALUES (2, encrypt(secret)); END$$;
CREATE VIEW "People V" AS SELECT id, decrypt(v) AS ssn FROM stored;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO stored VALUES (NEW.id, encrypt(NEW.ssn)); RETURN NEW; END$$;
CREATE TRIGGER put INSTEAD OF INSERT ON "People V" FOR EACH ROW EXECUTE FUNCTION put();
CREATE PROCEDURE add_person(secret text) LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO "People V" (ssn) VALUES (secret); END$$;
CREATE FUNCTION add_dynamic(secret text) RETURNS void LANGUAGE plpgsql AS
	$$BEGIN EXECUTE format('INSERT INTO %I (ssn) VALUES (%L)', 'People V', secret); END$$;
CREATE FUNCTION find_person(secret text) RETURNS int LANGUAGE plpgsql AS
	$$BEGIN RETURN (SELECT count(*) FROM "People V" WHERE ssn = secret); END$$;
CREATE FUNCTION find_sql(secret text) RETURNS bigint LANGUAGE sql AS
	'SELECT count(*) FROM "People V" WHERE ssn = secret';
CREATE PROCEDURE look(secret text) LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO seen SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
	PERFORM ssn FROM "People V" WHERE ssn = secret; END$$;
CREATE TABLE parted (id int, ssn text) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TRIGGER put BEFORE INSERT ON parted_1 FOR EACH ROW EXECUTE FUNCTION put();
CREATE FUNCTION query_of_worker(v encrypted) RETURNS text LANGUAGE sql PARALLEL SAFE AS
	$$SELECT string_agg(backend_type || ': ' || query, ' ') FROM pg_stat_activity
		WHERE pid = pg_backend_pid()$$;
END
	return;
}

# How often the value is seen in the channel's place, and how often anywhere.
sub look
{
	my ($node, $channel, $mode, $redact) = @_;
	my $canary = canary();
	my %settings = (%{ $channel->{settings} // {} }, 'evcrypt.redact' => $redact);

	# It has another name since PostgreSQL 16.
	$settings{ $node->pg_version < 16 ? 'force_parallel_mode' : 'debug_parallel_query' } = $_
	  for grep { defined } delete $settings{FORCE_PARALLEL};

	$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset(); TRUNCATE seen');
	my $client = $run{$mode}->($node, \%settings, $canary, @{ $channel->{sql} });
	my %places = (places($node), client => $client);
	my $here = count_in($places{ $channel->{place} }, $canary);
	delete $places{client};
	my $anywhere = 0;
	$anywhere += count_in($_, $canary) for values %places;
	return ($here, $anywhere, $client);
}

sub cell
{
	my ($node, $channel, $mode) = @_;

	return '-' unless ($channel->{modes} // 'leb') =~ /$mode/;
	my $name = "$channel->{name}: $mode_name{$mode}";
	my $since_16 = $node->pg_version >= 16;
	my $shows = (($since_16 && $channel->{off_since_16}) || $channel->{off}) =~ /$mode/;
	my ($off, undef, $client) = look($node, $channel, $mode, 'off');
	if ($channel->{normalised} and $since_16)
	{
		$shows = $off > 0;
	}
	else
	{
		ok($shows ? $off > 0 : $off == 0, "$name: " . ($shows ? 'shows' : 'does not show') . ' without redaction')
		  or diag($client);
	}
	my ($here, $on) = look($node, $channel, $mode, 'on');
	if ($channel->{because})
	{
		cmp_ok($on, '>', 0, "$name: shows all the same");
		return 'shows';
	}
	is($on, 0, "$name: shows nowhere with it");
	return $shows ? 'clean (shows without)' : 'clean';
}

# --- what is data -----------------------------------------------------------------

# How often a value is in the files of the node, its logs apart.
sub count_in_files
{
	my ($node, $canary, @folders) = @_;
	my $found = 0;

	$node->safe_psql('postgres', 'CHECKPOINT');
	# Files come and go meanwhile.
	find({ no_chdir => 1, wanted => sub { $found += () = eval { slurp($_) } =~ /\Q$canary\E/g if -f } },
		map { $node->data_dir . "/$_" } @folders);
	return $found;
}

sub count_in_memory
{
	my ($pid, $canary) = @_;
	my $found = 0;

	open my $memory, '<:raw', "/proc/$pid/mem" or return;
	for my $range (slurp("/proc/$pid/maps") =~ /^(\S+ rw\S*) /mg)
	{
		my ($start, $end) = map { hex } $range =~ /^(\w+)-(\w+)/;
		next unless sysseek $memory, $start, 0;
		next unless sysread $memory, my $bytes, $end - $start;
		$found += () = $bytes =~ /\Q$canary\E/g;
	}
	return $found;
}

# Channels that redaction has no part in: the name, what shows it, and why.
my @data = (
	[ 'CREATE TABLE AS SELECT decrypt(), materialized views', 'it stores what the query gives: heap, WAL, backups',
		sub {
			my ($node, $session, $canary) = @_;
			$session->query('CREATE TABLE told AS SELECT decrypt(v) FROM stored');
			return count_in_files($node, $canary, 'base', 'pg_wal');
		}, 'DROP TABLE told' ],
	[ 'extended statistics on decrypt()', 'ANALYZE stores samples; PostgreSQL lets it',
		sub {
			my ($node, $session, $canary) = @_;
			$session->query('CREATE STATISTICS told ON decrypt(v), id FROM stored; ANALYZE stored');
			return count_in($session->query('SELECT most_common_vals FROM pg_stats_ext_exprs'), $canary);
		}, 'DROP STATISTICS told' ],
	[ 'an index on decrypt()', undef,
		sub {
			my ($node, $session, $canary) = @_;
			$session->query('CREATE INDEX told ON stored (decrypt(v))');
			return $session->sqlstate eq '42P17' ? 0 : 1;
		} ],
	[ 'a sort or cursor that spills decrypted values', 'work_mem decides: docs/sql.md has what can be done',
		sub {
			my ($node, $session, $canary) = @_;
			$session->query(q{SET work_mem = '64kB'; BEGIN; DECLARE told CURSOR WITH HOLD FOR
				SELECT decrypt(v) || repeat('.', 1000) FROM stored, generate_series(1, 20) i; COMMIT});
			return count_in_files($node, $canary, 'base/pgsql_tmp');
		}, 'CLOSE told' ],
	[ 'memory of an idle backend', 'PostgreSQL wipes no memory',
		sub {
			my ($node, $session, $canary) = @_;
			$session->query('SELECT decrypt(v) FROM stored');
			return count_in_memory($session->{backend}, $canary);
		} ]);

sub data_rows
{
	my ($node) = @_;

	diag(sprintf '%-60s %-10s %s', 'data', 'literal', 'bind parameter');
	for my $row (@data)
	{
		my ($name, $because, $look, $remove) = @$row;
		my @cells;
		for my $mode ('l', 'b')
		{
			my $canary = canary();
			my $session = session($node);
			$node->safe_psql('postgres', 'TRUNCATE stored');
			$run{$mode}->($node, {}, $canary, 'INSERT INTO stored SELECT i, encrypt(:secret) FROM generate_series(1, 50) i');
			my $found = $look->($node, $session, $canary);
		  SKIP:
			{
				skip "$name: /proc/PID/mem cannot be read here", 1 unless defined $found;
				$because ? cmp_ok($found, '>', 0, "$name, $mode_name{$mode}: shows, as is documented")
				  : is($found, 0, "$name, $mode_name{$mode}: does not show");
			}
			push @cells, !defined $found ? 'not seen' : $found > 0 ? 'shows' : 'clean';
			$session->query($remove) if $remove;
			$session->close;
		}
		diag(sprintf '%-60s %-10s %-10s %s', $name, @cells, $because // '');
	}
	return;
}

my $e3 = start_e3();
for my $preload ('evcrypt,pg_stat_statements,auto_explain', 'pg_stat_statements,auto_explain,evcrypt')
{
	my $node = census_node($preload =~ /^evcrypt/ ? 'first' : 'last', $e3, $preload);
	set_up_node($node);
	# The whole table is shown once.
	my $show = $preload =~ /^evcrypt/ ? \&note : \&diag;
	$show->("preloaded: $preload");
	$show->(sprintf '%-48s %-22s %-22s %s', 'channel', 'literal', 'extended, literal', 'bind parameter');
	for my $channel (@channels)
	{
		# The order matters to what other libraries show.
		next if $preload =~ /^evcrypt/ and $channel->{name} !~ /auto_explain|pg_stat_statements/;
		my @cells = map { cell($node, $channel, $_) } qw(l e b);
		$show->(sprintf '%-48s %-22s %-22s %-22s %s', $channel->{name}, @cells, $channel->{because} // '');
	}
	data_rows($node) if $preload =~ /evcrypt$/;
	$node->stop;
}
done_testing();
