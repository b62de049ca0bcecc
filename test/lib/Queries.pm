# Random queries over encrypted columns, each in two forms: over the tables with
# encrypted columns, and over plaintext twins of them, which are the oracle.
#
# A query is made as a template.  In it
#   {T:n}        is the n-th table, e_n or its twin p_n
#   {d:column}   decrypt(column), or the twin's column; {t:column} by try_decrypt
#   {n:column}   decrypt_as(column, NULL::int), or the twin's column
#   {r:text}     decrypt(encrypt(text)), or the text itself; {q:text} with a context, {f:text}
#                as a document that decrypt_fields and encrypt_fields are given
#   {b:alias}    the table's column v out of b, whose context is the row's id; {c:alias}
#                out of c, where it is a constant; {m:alias} its column n out of m,
#                where it is the row's k
# Column g opens only where ok is true: a branch must keep other rows away from it.
# Every query is deterministic as a set of rows; whole results are compared
# sorted, unless the query orders them all.
package Queries;

use strict;
use warnings;

use parent 'Chance';

use Settings qw($FORCE_PARALLEL);
use Time::HiRes qw(time);

our @BATCH_ROWS = (1, 2, 3, 7, 64, 4096);

# However slow the machine is.
our $QUERIES_MIN = 40;

our $SETUP = q{
CREATE TABLE p_1 (id int PRIMARY KEY, k int, v text, n int);
CREATE TABLE p_2 (id int PRIMARY KEY, k int, v text, n int);
CREATE TABLE p_3 (id int NOT NULL, k int, v text, n int);
INSERT INTO p_1 SELECT i, i % 7, CASE WHEN i % 11 > 0 THEN 'v' || i % 23 END, CASE WHEN i % 13 > 0 THEN i % 17 END
	FROM generate_series(1, 80) i;
INSERT INTO p_2 SELECT i, i % 5, CASE WHEN i % 5 > 0 THEN 'v' || i % 31 END, CASE WHEN i % 7 > 0 THEN i % 11 END
	FROM generate_series(1, 30) i;
INSERT INTO p_3 SELECT i, i % 3, 'v' || i % 13, i % 19 FROM generate_series(1, 150) i;
CREATE TABLE e_1 (id int PRIMARY KEY, k int, v encrypted, n encrypted);
CREATE TABLE e_2 (id int PRIMARY KEY, k int, v encrypted, n encrypted);
CREATE TABLE e_3 (id int NOT NULL, k int, v encrypted, n encrypted) PARTITION BY RANGE (id);
CREATE TABLE e_3a PARTITION OF e_3 FOR VALUES FROM (0) TO (70);
CREATE TABLE e_3b PARTITION OF e_3 FOR VALUES FROM (70) TO (1000);
INSERT INTO e_1 SELECT id, k, encrypt(v), encrypt(n) FROM p_1;
INSERT INTO e_2 SELECT id, k, encrypt(v), encrypt(n) FROM p_2;
INSERT INTO e_3 SELECT id, k, encrypt(v), encrypt(n) FROM p_3;
ALTER TABLE p_1 ADD ok bool, ADD g text;
ALTER TABLE p_2 ADD ok bool, ADD g text;
ALTER TABLE p_3 ADD ok bool, ADD g text;
ALTER TABLE e_1 ADD ok bool, ADD g encrypted;
ALTER TABLE e_2 ADD ok bool, ADD g encrypted;
ALTER TABLE e_3 ADD ok bool, ADD g encrypted;
UPDATE p_1 SET ok = id % 3 < 2, g = v;
UPDATE e_1 SET ok = id % 3 < 2, g = CASE WHEN id % 3 < 2 THEN v
	ELSE overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted END;
UPDATE p_2 SET ok = id % 3 < 2, g = v;
UPDATE e_2 SET ok = id % 3 < 2, g = CASE WHEN id % 3 < 2 THEN v
	ELSE overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted END;
UPDATE p_3 SET ok = id % 3 < 2, g = v;
UPDATE e_3 SET ok = id % 3 < 2, g = CASE WHEN id % 3 < 2 THEN v
	ELSE overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted END;
ALTER TABLE e_1 ADD b encrypted, ADD c encrypted, ADD m encrypted;
ALTER TABLE e_2 ADD b encrypted, ADD c encrypted, ADD m encrypted;
ALTER TABLE e_3 ADD b encrypted, ADD c encrypted, ADD m encrypted;
UPDATE e_1 e SET b = encrypt(p.v, p.id::text), c = encrypt(p.v, 'constant'), m = encrypt(p.n, p.k::text)
	FROM p_1 p WHERE p.id = e.id;
UPDATE e_2 e SET b = encrypt(p.v, p.id::text), c = encrypt(p.v, 'constant'), m = encrypt(p.n, p.k::text)
	FROM p_2 p WHERE p.id = e.id;
UPDATE e_3 e SET b = encrypt(p.v, p.id::text), c = encrypt(p.v, 'constant'), m = encrypt(p.n, p.k::text)
	FROM p_3 p WHERE p.id = e.id;
CREATE INDEX ON e_1 (k) INCLUDE (v);
CREATE INDEX ON e_3 (k);
};

# What queries may hold depends on the server's version, as server_version_num has it.
sub new
{
	my ($class, $seed, $version) = @_;
	my $self = $class->SUPER::new($seed);

	$self->{has_json} = $version >= 170000;
	return $self;
}

# --- expressions over the tables with these aliases ------------------------

sub number
{
	my ($self, $depth, @tables) = @_;
	my $t = $self->pick(@tables);

	return $self->pick("$t.id", "$t.k", "{n:$t.n}", "{n:$t.n}", "{m:$t}", $self->below(20)) if $depth <= 0;
	my $one = $self->number($depth - 1, @tables);
	my $two = $self->number($depth - 1, @tables);
	my $condition = $self->condition($depth - 1, @tables);
	my $text = $self->text($depth - 1, @tables);
	return $self->pick("($one + $two)", "length($text)", "COALESCE($one, $two)", "GREATEST($one, $two)",
		"LEAST($one, $two)", "NULLIF($one, $two)", "CASE WHEN $condition THEN $one ELSE $two END",
		"CASE $one WHEN $two THEN $one WHEN 3 THEN $two END", "(ARRAY[$one, $two, 5])[1 + abs($one) % 3]");
}

sub text
{
	my ($self, $depth, @tables) = @_;
	my $t = $self->pick(@tables);

	return $self->pick("{d:$t.v}", "{d:$t.v}", "{d:$t.v}", "{t:$t.v}", "{b:$t}", "{c:$t}", q{'v1'}, $self->guarded($t)) if $depth <= 0;
	my $one = $self->text($depth - 1, @tables);
	my $two = $self->text($depth - 1, @tables);
	my $number = $self->number($depth - 1, @tables);
	my $condition = $self->condition($depth - 1, @tables);
	return $self->pick("($one || $two)", "upper($one)", "concat($one, $number)", "{r:$one}", "{q:$one}", "{f:$one}",
		"COALESCE($one, $two)", "NULLIF($one, $two)", "CASE WHEN $condition THEN $one ELSE $two END",
		"CASE $one WHEN $two THEN $two ELSE 'none' END", "($number)::text", $self->json_text($one, $two));
}

# SQL/JSON, where the server has it: a text, and a condition.  The default for a document
# that is NULL depends on the row before, in PostgreSQL up to 18.6: none is.
sub json_text
{
	my ($self, $one, $two) = @_;

	return () unless $self->{has_json};
	return $self->pick("JSON_VALUE(to_jsonb(($one)::text), '\$ ? (@ >= \$x)' PASSING ($two)::text AS x)",
		"JSON_VALUE(to_jsonb(concat($one)), '\$.none' DEFAULT 'none' ON EMPTY)", "JSON_OBJECT('a': $one, 'b': $two)::text");
}

sub json_condition
{
	my ($self, $one) = @_;

	return () unless $self->{has_json};
	return $self->pick("JSON_EXISTS(to_jsonb(($one)::text), '\$ ? (@ like_regex \"1\")')", "($one IS JSON)");
}

# Says 'none' where the value does not open.
sub guarded
{
	my ($self, $t) = @_;

	return $self->pick("CASE WHEN $t.ok THEN {d:$t.g} ELSE 'none' END", "CASE WHEN NOT $t.ok THEN 'none' ELSE {d:$t.g} END",
		"CASE $t.ok WHEN true THEN {d:$t.g} ELSE 'none' END", "COALESCE(CASE WHEN NOT $t.ok THEN 'none' END, {d:$t.g})",
		$self->{has_json} ? "COALESCE(JSON_VALUE(CASE WHEN $t.ok THEN to_jsonb('v2'::text) END, '\$ ? (@ >= \$x)' PASSING {d:$t.g} AS x), 'none')" : (),
		"CASE WHEN NOT $t.ok OR {d:$t.g} < 'v' THEN 'none' WHEN $t.ok AND {d:$t.g} > 'v2' THEN {d:$t.v} ELSE {d:$t.g} END");
}

sub condition
{
	my ($self, $depth, @tables) = @_;
	my $op = $self->pick('=', '<', '>=', '<>', 'IS DISTINCT FROM');

	return $self->number($depth, @tables) . " $op " . $self->number(0, @tables) if $self->chance(40);
	return $self->text($depth, @tables) . " $op " . $self->text(0, @tables) if $depth <= 0 or $self->chance(30);
	my $one = $self->condition($depth - 1, @tables);
	my $two = $self->condition($depth - 1, @tables);
	my $text = $self->text($depth - 1, @tables);
	return $self->pick("($one AND $two)", "($one OR $two)", "NOT ($one)", "($text IS NULL)",
		"($one) IS NOT TRUE", "$text LIKE '%1%'", "$text = ANY (ARRAY['v1', 'v2', 'v3'])",
		$self->sub_condition($depth - 1, @tables), $self->json_condition($text));
}

sub sub_condition
{
	my ($self, $depth, @tables) = @_;
	my $s = $self->alias;
	my $from = '{T:' . (1 + $self->below(2)) . "} $s";
	my $where = $self->condition($depth, $s, $self->chance(60) ? @tables : ());
	my $text = $self->text(0, @tables);

	return $self->pick("EXISTS (SELECT FROM $from WHERE $where)", "NOT EXISTS (SELECT FROM $from WHERE $where)",
		"$text IN (SELECT {d:$s.v} FROM $from WHERE $where)",
		"(SELECT count(*) FROM $from WHERE $where) > 2",
		"$text <= (SELECT max({d:$s.v}) FROM $from WHERE $where)");
}

sub alias { my ($self) = @_; return 'a' . ++$self->{aliases}; }

# --- sources ---------------------------------------------------------------

# Something for FROM with columns id, k, v (text), n (int): already opened.
sub derived
{
	my ($self, $depth) = @_;
	my $s = $self->alias;
	my ($v, $n) = ($self->text($depth, $s), $self->number($depth, $s));
	my $where = $self->condition($depth, $s);
	my $tail = $self->pick('', 'OFFSET 0', "ORDER BY $s.id LIMIT 20", "ORDER BY $s.k, $s.id OFFSET 3");

	return "(SELECT $s.id, $s.k, $v AS v, $n AS n FROM {T:" . (1 + $self->below(3)) . "} $s WHERE $where $tail)";
}

# A FROM clause; returns it and the aliases of tables that are encrypted.
sub from
{
	my ($self, $depth) = @_;
	my $a = $self->alias;
	my $from = '{T:' . (1 + $self->below(3)) . "} $a";
	my @tables = ($a);

	for (1 .. $self->pick(0, 0, 1, 1, 2))
	{
		my $b = $self->alias;
		my $kind = $self->pick('JOIN', 'LEFT JOIN', 'JOIN', 'FULL JOIN');
		my $on = $self->pick("$b.id = $a.id", "$b.k = $a.id", "{n:$b.n} = $a.id", "{d:$b.v} = {d:$a.v}",
			"{n:$a.n} = {n:$b.n} AND $b.k < 3", "lower({d:$b.v}) = " . $self->text(0, $a), "$b.id = $a.id AND {d:$b.v} >= 'v2'");
		$on = "$b.id = $a.id" if $kind eq 'FULL JOIN';

		if ($self->chance(25))
		{
			my $c = $self->alias;
			my $condition = $self->condition($depth - 1, $c, $a);
			$from .= " CROSS JOIN LATERAL (SELECT count(*) AS c FROM {T:2} $c WHERE $condition) $b";
			next;
		}
		$from .= " $kind {T:" . (1 + $self->below(2)) . "} $b ON $on";
		push @tables, $b;
	}
	return ($from, @tables);
}

# --- queries ---------------------------------------------------------------

sub plain_select
{
	my ($self, $depth, $columns) = @_;
	my ($from, @tables) = $self->from($depth);
	my @list = map { $_ % 2 ? $self->text($depth, @tables) : $self->number($depth, @tables) } 1 .. $columns;
	my $where = $self->chance(70) ? 'WHERE ' . $self->condition($depth, @tables) : '';

	return 'SELECT ' . join(', ', @list) . " FROM $from $where";
}

sub aggregate
{
	my ($self, $depth) = @_;
	my ($from, @tables) = $self->from($depth);
	my $key = $self->pick("$tables[0].k", $self->text(0, @tables), $self->number(0, @tables));
	my ($text, $number) = ($self->text($depth, @tables), $self->number($depth, @tables));
	my $condition = $self->condition(0, @tables);
	my $aggregate = $self->pick("count($text)", "max($text)", "sum($number)", "count(DISTINCT $text)",
		"string_agg($text, ',' ORDER BY $text)", "count($text) FILTER (WHERE $condition)",
		"percentile_disc(0.5) WITHIN GROUP (ORDER BY $number)", "array_agg($number ORDER BY $number, $text)");
	my $grouping = $self->pick("GROUP BY $key", "GROUP BY ROLLUP ($key)", "GROUP BY GROUPING SETS (($key), ())");
	my $having = $self->pick('', '', "HAVING count(*) > 2", "HAVING max($text) > 'v1'");

	return "SELECT $aggregate, count(*) FROM $from" if $self->chance(25);
	return "SELECT $key, $aggregate, count(*) FROM $from $grouping $having";
}

# Frames whose rows are fully ordered by id.
sub window
{
	my ($self, $depth) = @_;
	my $a = $self->alias;
	my ($text, $number) = ($self->text($depth, $a), $self->number($depth, $a));
	my $partition = $self->pick('', "PARTITION BY $a.k", 'PARTITION BY ' . $self->text(0, $a));
	my $order = $self->pick("ORDER BY $a.id", 'ORDER BY ' . $self->text(0, $a) . ", $a.id");
	my $frame = $self->pick('', 'ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING', 'GROUPS 1 PRECEDING');
	my $function = $self->pick("lag($text)", "sum($number)", "max($text)", "row_number()", "first_value($text)",
		"max($text) FILTER (WHERE " . $self->condition(0, $a) . ')');
	my $where = $self->condition($depth, $a);

	return "SELECT $a.id, $function OVER ($partition $order $frame) FROM {T:" . (1 + $self->below(3)) . "} $a WHERE $where";
}

# Ordered by something unique, so that a limit takes the same rows everywhere.
sub ordered
{
	my ($self, $depth) = @_;
	my $a = $self->alias;
	my ($text, $number) = ($self->text($depth, $a), $self->number($depth, $a));
	my $by = $self->pick("$a.id", "$a.k, $a.id", "$text COLLATE \"C\" DESC NULLS LAST, $a.id", "$number, $a.id DESC");
	my $where = $self->condition($depth, $a);
	my $limit = $self->pick('', "LIMIT " . $self->below(60), 'LIMIT 10 OFFSET ' . $self->below(30), 'OFFSET 5');

	return "SELECT $a.id, $text, $number FROM {T:" . (1 + $self->below(3)) . "} $a WHERE $where ORDER BY $by $limit";
}

sub set_operation
{
	my ($self, $depth) = @_;
	my $op = $self->pick('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL');

	return '(' . $self->plain_select($depth, 2) . ") $op (" . $self->plain_select($depth, 2) . ')';
}

sub cte
{
	my ($self, $depth) = @_;
	my $materialized = $self->pick('', 'MATERIALIZED', 'NOT MATERIALIZED');
	my ($a, $w) = ($self->alias, $self->alias);
	my $where = $self->condition($depth, $a);

	return "WITH $w AS $materialized " . $self->derived($depth)
	  . " SELECT $w.v, $w.n, " . $self->text($depth, $a)
	  . " FROM {T:1} $a JOIN $w ON $w.id = $a.id WHERE $where"
	  . $self->pick('', " AND $w.id IN (SELECT id FROM $w WHERE n > 2)");
}

sub derived_select
{
	my ($self, $depth) = @_;
	my ($q, $r) = ($self->alias, $self->alias);

	return "SELECT $q.*, $r.v FROM " . $self->derived($depth) . " $q JOIN " . $self->derived($depth)
	  . " $r ON $r.id = $q.id " . $self->pick('', "WHERE $q.v > $r.v", "WHERE $q.n IS NOT NULL");
}

sub recursive
{
	my ($self) = @_;
	my $w = $self->alias;

	return "WITH RECURSIVE $w (id, v) AS (SELECT id, {d:v} FROM {T:2} WHERE id < 6
		UNION ALL SELECT $w.id + 7, {r:$w.v || '.'} FROM $w JOIN {T:2} x ON x.id = $w.id + 7
		WHERE {d:x.v} IS NOT NULL AND $w.id < 40) SELECT * FROM $w";
}

# The next query, as a template.
sub query
{
	my ($self) = @_;
	my $depth = $self->pick(0, 1, 1, 2);
	my $kind = $self->pick(qw(plain_select plain_select aggregate aggregate window ordered ordered
		set_operation cte derived_select recursive));

	$self->{aliases} = 0;
	return $self->$kind($depth, $kind eq 'plain_select' ? (1 + $self->below(4)) : ());
}

my %REAL = (
	T => sub { "e_$_[0]" },
	d => sub { "decrypt($_[0])" },
	t => sub { "try_decrypt($_[0])" },
	n => sub { "decrypt_as($_[0], NULL::int)" },
	b => sub { "decrypt($_[0].b, $_[0].id::text)" },
	c => sub { "try_decrypt($_[0].c, 'constant')" },
	m => sub { "decrypt_as($_[0].m, NULL::int, $_[0].k::text)" },
	r => sub { "decrypt(encrypt($_[0]))" },
	q => sub { "decrypt(encrypt($_[0], 'some context'), 'some context')" },
	# The path '{}'; templates that hold others have no braces.
	f => sub { "(decrypt_fields(encrypt_fields(to_jsonb(($_[0])::text), ARRAY[chr(123) || chr(125)])) #>> ARRAY[]::text[])" });
my %TWIN = (
	T => sub { "p_$_[0]" },
	(map { $_ => sub { $_[0] } } qw(d t n)),
	(map { $_ => sub { "$_[0].v" } } qw(b c)),
	m => sub { "$_[0].n" },
	(map { $_ => sub { "($_[0])::text" } } qw(r q f)));

# A template as SQL.  {r:...}, {q:...} and {f:...} may hold others, which go first.
sub fill
{
	my ($template, $with) = @_;

	1 while $template =~ s/\{([Tdtnrqfbcm]):([^{}]*)\}/$with->{$1}->($2)/ge;
	return $template;
}

sub real { return fill($_[0], \%REAL); }
sub twin { return fill($_[0], \%TWIN); }

# --- running ---------------------------------------------------------------

my %SETTINGS = (
	default => '',
	parallel => "$FORCE_PARALLEL; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
		SET LOCAL min_parallel_index_scan_size = 0",
	JIT => 'SET LOCAL jit_above_cost = 0; SET LOCAL jit_inline_above_cost = 0; SET LOCAL jit_optimize_above_cost = 0',
	'small memory' => "SET LOCAL work_mem = '64kB'",
	'no hashing' => 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_hashagg = off',
	'nested loops' => 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off');

sub result_of
{
	my ($session, $settings, $sql) = @_;

	$session->query("BEGIN; SET LOCAL statement_timeout = '30s'; $settings");
	my $rows = $session->query($sql);
	my $state = $session->sqlstate;
	$session->query('ROLLBACK');
	return "SQLSTATE $state" if $state ne '00000';
	return join "\n", sort split /\n/, $rows, -1;
}

# One query, every way; returns what differed, '' if nothing did.
sub compare
{
	my ($self, $session) = @_;
	my $template = $self->query;
	# Compiling takes longer than most of these queries.
	my $setting = $self->chance(5) ? 'JIT' : $self->pick(grep { $_ ne 'JIT' } sort keys %SETTINGS);
	my $rows = $self->pick(@BATCH_ROWS);
	my $twin = result_of($session, 'SET LOCAL max_parallel_workers_per_gather = 0', twin($template));
	my $sql = real($template);
	my %result = (
		'batching off' => result_of($session, "SET LOCAL evcrypt.batch = off; $SETTINGS{$setting}", $sql),
		"batch_rows $rows, $setting" => result_of($session,
			"SET LOCAL evcrypt.batch = on; SET LOCAL evcrypt.batch_rows = $rows; $SETTINGS{$setting}", $sql));

	$self->{queries}++;
	$self->{failed}++ if $twin =~ /^SQLSTATE/;
	my @different = grep { $result{$_} ne $twin } sort keys %result;
	return '' unless @different;
	return join '', "$sql\n", map { "$_: " . difference($result{$_}, $twin) } @different;
}

sub difference
{
	my ($got, $twin) = @_;
	my %count;

	return "$got, twin: " . substr($twin, 0, 80) . "\n" if "$got$twin" =~ /^SQLSTATE/m;
	$count{$_}++ for split /\n/, $got;
	$count{$_}-- for split /\n/, $twin;
	my ($row) = grep { $count{$_} } sort keys %count;
	return "a row " . ($count{$row} > 0 ? 'too many' : 'is missing') . ": $row\n";
}

# Queries for so many seconds, and some at least; calls back with each difference.  Returns how
# many were run, and how many of them the twin refused.
sub run
{
	my ($self, $session, $seconds, $different) = @_;
	my $end = time + $seconds;

	while (time < $end or $self->{queries} < $QUERIES_MIN)
	{
		my $what = $self->compare($session);
		$different->($what) if $what;
	}
	return ($self->{queries}, $self->{failed} // 0);
}

1;
