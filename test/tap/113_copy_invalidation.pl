# What others do to the table during the load, as far as its lock lets them: what core
# remembers of the table is thrown away and made anew, and no row is stored as plaintext.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use Test::More;

my $ROWS = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release' ? 400_000 : 50_000;
my $CANARY = 'canary-6b1f';

# Looks into the catalogs for every row, which is when news of the table arrive.
set_up(<<'END');
CREATE FUNCTION looks(int) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RETURN has_table_privilege('pg_class', 'SELECT') AND $1 IS NOT NULL; END $$;
CREATE TABLE altered (id int CHECK (looks(id)), name text, ssn encrypted) WITH (autovacuum_enabled = off);
CREATE TABLE parted (id int CHECK (looks(id)), name text, ssn encrypted) PARTITION BY HASH (id);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted2 (ssn encrypted, id int CONSTRAINT parted_id_check CHECK (looks(id)), name text);
ALTER TABLE parted ATTACH PARTITION parted2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
END

my $file = input(join '', map { "$_,n,$CANARY-$_\n" } 1 .. $ROWS);
my $loader = session();
my $other = session();
my %alter = (
	altered => [ 'ALTER TABLE altered SET (fillfactor = %d)', 'ALTER TABLE altered ALTER ssn SET STATISTICS %d',
		q{COMMENT ON COLUMN altered.ssn IS '%d'}, 'ANALYZE altered' ],
	parted => [ 'ALTER TABLE parted1 SET (fillfactor = %d)', 'ALTER TABLE parted2 ALTER ssn SET STATISTICS %d',
		'ALTER TABLE parted ALTER name SET STATISTICS %d', 'ANALYZE parted1' ]);

for my $table (sort keys %alter)
{
	for my $how ('FORMAT csv', 'FORMAT csv, HEADER false, NULL \'\\N\'')
	{
		my $altered = 0;

		$loader->send("COPY $table FROM '$file' WITH ($how, ENCRYPT (ssn))");
		until ($loader->done)
		{
			for my $sql (@{ $alter{$table} })
			{
				$other->query("SET lock_timeout = '1s'; " . $sql =~ s{%d}{50 + $altered % 50}er);
				$altered++ if $other->sqlstate eq '00000';
			}
		}
		is($loader->receive, '', "$table: loaded");
		is($loader->sqlstate, '00000', "$table: without an error") or diag($loader->{error});
		cmp_ok($altered, '>', 4, "$table: while it was altered $altered times");
		is(query("SELECT count(*), count(*) FILTER (WHERE decrypt(ssn) = '$CANARY-' || id) FROM $table"),
			"$ROWS|$ROWS", "$table: every row decrypts to what it was");
		query("TRUNCATE $table") if $how eq 'FORMAT csv';
	}
}

query('CHECKPOINT');
my $out;
IPC::Run::run([ 'grep', '-rlaF', $CANARY, "$ENV{EVCRYPT_STACK}/data" ], '>', \$out);
is($out, '', 'no file of the data directory holds a plaintext');

# What needs a stronger lock waits until the load is over.
my $last = session();
query('TRUNCATE altered');
$loader->send("COPY altered FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))");
wait_until('the load has begun', sub {
	query(q{SELECT count(*) FROM pg_locks WHERE relation = 'altered'::regclass AND mode = 'RowExclusiveLock'}) });
$last->query('ALTER TABLE altered DROP ssn');
is($last->sqlstate, '00000', 'a column is dropped');
$loader->receive;
is($loader->sqlstate, '00000', 'after it was loaded');

$_->close for $loader, $other, $last;
set_up('DROP TABLE altered, parted; DROP FUNCTION looks(int)');
done_testing();
