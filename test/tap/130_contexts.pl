# Contexts in SQL: NULL and '', limits, encodings, what errors say, what is asked of E3.
use strict;
use warnings;

use File::Temp ();
use Files;
use Test::More;

my $dir = File::Temp->newdir;
my $SERVER_LOG = "$ENV{EVCRYPT_STACK}/postgresql.log";

# Output and errors of one psql that runs these statements.
sub psql
{
	my ($sql, $database) = @_;

	spit("$dir/q.sql", $sql);
	my $out = `psql -XAtq -v VERBOSITY=verbose -f $dir/q.sql @{[ $database // '' ]} 2>&1`;
	chomp $out;
	return $out;
}

# What an expression gives, or the SQLSTATE of its error.
my $OUTCOME = <<'END';
CREATE FUNCTION pg_temp.outcome(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE 'SELECT (' || expression || ')::text' INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
END

sub outcomes_are
{
	my @cases = @_;
	my $sql = $OUTCOME;
	my @shall;

	for (my $i = 0; $i < @cases; $i += 2)
	{
		$sql .= "SELECT pg_temp.outcome(\$e\$$cases[$i]\$e\$);\n";
		push @shall, $cases[ $i + 1 ];
	}
	my @is = split /\n/, psql($sql), -1;
	is($is[$_], $shall[$_], $cases[ 2 * $_ ]) for 0 .. $#shall;
	is(scalar @is, scalar @shall, 'as many outcomes');
	return;
}

# --- NULL and '' -----------------------------------------------------------

psql(<<'END');
CREATE DOMAIN ctx_required AS text NOT NULL;
CREATE TABLE ctx (id int, e encrypted, plain encrypted);
INSERT INTO ctx SELECT i, encrypt('value ' || i, i::text), encrypt('value ' || i) FROM generate_series(1, 500) i;
END

outcomes_are(
	q{encrypt('x', NULL)} => '22004',
	q{encrypt(1, NULL)} => '22004',
	q{encrypt('x'::"char", NULL)} => '22004',
	q{encrypt(NULL::text, NULL)} => 'NULL',
	q{encrypt(NULL::int, NULL)} => 'NULL',
	q{encrypt(NULL::text, 'c')} => 'NULL',
	q{decrypt(encrypt('x', 'c'), NULL)} => '22004',
	q{try_decrypt(encrypt('x', 'c'), NULL)} => '22004',
	q{decrypt_as(encrypt('x', 'c'), NULL::text, NULL)} => '22004',
	q{decrypt(NULL, NULL)} => 'NULL',
	q{try_decrypt(NULL, NULL)} => 'NULL',
	q{decrypt_as(NULL, NULL::text, NULL)} => 'NULL',
	q{decrypt_as(NULL, NULL::ctx_required, 'c')} => '23502',
	q{decrypt(encrypt('x', ''), '')} => 'x',
	q{decrypt(encrypt('', ''), '')} => '',
	q{decrypt(encrypt('x', ''))} => 'EV023',
	q{decrypt(encrypt('x'), '')} => 'EV023',
	q{decrypt(encrypt('x', ''), ' ')} => 'EV020',
	q{decrypt(encrypt('x', 'c'), 'C')} => 'EV020',
	q{decrypt(encrypt('x', 'c'), '')} => 'EV020',
	q{try_decrypt(encrypt('x', 'c'), '')} => 'NULL',
	q{try_decrypt(encrypt('x', 'c'))} => 'NULL',
	q{try_decrypt(encrypt('x'), 'c')} => 'NULL',
	q{try_decrypt(encrypt('x', 'c'), 'c')} => 'x',
	q{decrypt_as(encrypt(7, 'c'), NULL::int, 'c') + 1} => '8',
	q{decrypt_as(encrypt('\xff00'::bytea, 'c'), NULL::bytea, 'c')} => '\xff00',
	# Two ways to write one letter are two contexts.
	q{decrypt(encrypt('x', U&'\00e9'), U&'\00e9')} => 'x',
	q{decrypt(encrypt('x', U&'\00e9'), U&'e\0301')} => 'EV020',
	q{(encrypted_info(encrypt('x', 'c'))).bound} => 'true',
	q{(encrypted_info(encrypt('x'))).bound} => 'false');

# A row fails when it is its turn, with batches and without.
for my $batch (qw(on off))
{
	my $fails_at = q{SELECT decrypt(e, CASE WHEN id <> 400 THEN id::text END) AS v FROM ctx ORDER BY id};

	is(psql("SET evcrypt.batch = $batch; SELECT count(v) FROM ($fails_at LIMIT 399) s;"), '399', "batch $batch: rows before the NULL");
	like(psql("SET evcrypt.batch = $batch; SELECT count(v) FROM ($fails_at LIMIT 400) s;"), qr/ERROR:  22004: context is null/, 'and that row');
	is(psql("SET evcrypt.batch = $batch; SELECT count(decrypt(e, id::text)), count(decrypt(plain)) FROM ctx;"), '500|500', 'each has its own');
	is(psql("SET evcrypt.batch = $batch; SELECT count(*) FROM ctx WHERE try_decrypt(e, (id + 1)::text) IS NULL
		AND try_decrypt(e) IS NULL AND try_decrypt(plain, id::text) IS NULL;"), '500', 'and no other');
}

# --- limits ----------------------------------------------------------------

outcomes_are(
	q{decrypt(encrypt('x', repeat('c', 1048576)), repeat('c', 1048576))} => 'x',
	q{encrypt('x', repeat('c', 1048577))} => '54000',
	q{decrypt(encrypt('x', 'c'), repeat('c', 1048577))} => '54000',
	# It is bytes of UTF-8 that count.
	q{decrypt(encrypt('x', repeat(U&'\00e9', 524288)), repeat(U&'\00e9', 524288))} => 'x',
	q{encrypt('x', repeat(U&'\00e9', 524288) || 'c')} => '54000',
	q{encrypt('x', repeat('c', 5000000))} => '54000',
	q{length(decrypt(encrypt(repeat('v', 300000), repeat('c', 300000)), repeat('c', 300000)))} => '300000');

# A long one stands once in a frame until another comes; then not all fit any more.
is(psql(<<'END'), '90|90', 'contexts that fill more than a frame');
SET evcrypt.batch_bytes = '8MB';
CREATE TEMP TABLE long AS SELECT i, repeat(CASE WHEN i > 85 THEN 'd' ELSE 'c' END, 1000000) AS context
	FROM generate_series(1, 90) i;
CREATE TEMP TABLE sealed AS SELECT i, encrypt(i, context) AS e FROM long;
SELECT count(*), count(*) FILTER (WHERE decrypt_as(e, NULL::int, context) = i) FROM sealed JOIN long USING (i);
END

# --- encodings -------------------------------------------------------------

psql(q{CREATE DATABASE ctx_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
my $database = "-d ctx_latin1";
psql('CREATE EXTENSION evcrypt', $database);
my $made = psql(q{SELECT encrypt('value', chr(233))}, $database);
is(psql("SELECT decrypt('$made', chr(233))"), 'value', 'a context is UTF-8 whatever the server encoding');
$made = psql(q{SELECT encrypt('value', chr(233))});
is(psql("SELECT decrypt('$made', chr(233))", $database), 'value', 'both ways');
like(psql("SELECT decrypt('$made', chr(232))", $database), qr/EV020/, 'and no other');
psql('DROP DATABASE ctx_latin1');

psql(q{CREATE DATABASE ctx_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'});
psql('CREATE EXTENSION evcrypt', '-d ctx_ascii');
like(psql(q{SELECT encrypt('value', E'\\xe9')}, '-d ctx_ascii'), qr/ERROR:  22021: context is not valid text of encoding "UTF8"/,
	'a context that is no text is an error of its own');
psql('DROP DATABASE ctx_ascii');

# --- what errors say -------------------------------------------------------

my $refused = psql(<<'END');
SELECT decrypt(encrypt('canary value', 'canary context'), 'canary other');
SELECT decrypt(encrypt('canary value', 'canary context'));
SELECT decrypt(encrypt('canary value'), 'canary context');
SELECT decrypt_as(encrypt('canary value', 'canary context'), NULL::int, 'canary context');
SELECT encrypt('canary value', repeat('canary context', 100000));
SELECT decrypt(e, 'canary context') FROM ctx;
END
my @errors = $refused =~ /ERROR:  (\w+)/g;
is("@errors", 'EV020 EV023 EV023 22P02 54000 EV020', 'six errors');
like($refused, qr/DETAIL:  It is damaged, was encrypted for another key, or is bound to another context\./, 'one of them names three causes');
unlike($refused =~ s/^psql:.*?(ERROR)/$1/gmr, qr/canary/, 'none has a value or a context');
unlike(slurp($SERVER_LOG), qr/canary/, "nor has the server's log");

# --- what is asked of E3 ---------------------------------------------------

sub asked
{
	my ($sql) = @_;
	my $count = 'SELECT sum(requests) FROM evcrypt_stat;';
	my @lines = split /\n/, psql("$count\n$sql\n$count");

	return $lines[-1] - $lines[0];
}

my $constant = psql(q{SELECT encrypt('value 7', 'c')});
is(asked("\\o /dev/null\nEXPLAIN SELECT * FROM ctx WHERE id::text = decrypt('$constant', 'c');\n\\o"), 0, 'EXPLAIN with a constant call asks nothing');
is(asked("PREPARE p AS SELECT * FROM ctx WHERE id::text = decrypt('$constant', 'c');"), 0, 'nor does PREPARE');
is(asked("PREPARE p(text) AS SELECT count(*) FROM ctx WHERE id::text = decrypt('$constant', \$1);\n\\o /dev/null\nEXECUTE p('c');\n\\o"), 1,
	'EXECUTE asks once');

sub bytes_sent
{
	my ($expression) = @_;
	my ($bytes) = psql("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT $expression FROM generate_series(1, 10000) i")
	  =~ /Bytes Sent: (\d+)/;
	return $bytes // die 'no batch';
}

my ($none, $one, $each) = map { bytes_sent($_) } 'encrypt(i)', q{encrypt(i, 'a context')}, 'encrypt(i, i::text)';
cmp_ok($one - $none, '<', 1000, 'one context for all is sent once a request');
cmp_ok($each - $none, '>', 50000, 'others with each value');

psql('DROP TABLE ctx; DROP DOMAIN ctx_required');
done_testing();
