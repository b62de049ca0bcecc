# A standby decrypts; replication itself needs no E3.
# Release build only: it is about replication.
use strict;
use warnings;

use EvcryptTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $e3 = start_e3();
my $primary = new_node('primary', $e3, streaming => 1);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE TABLE t (id int, v encrypted);
	INSERT INTO t SELECT i, encrypt('value ' || i) FROM generate_series(1, 100) i;
});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM t WHERE decrypt(v) = 'value ' || id}),
	'100', 'the standby decrypts');
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'it is one');
is($standby->safe_psql('postgres', 'COPY t TO STDOUT WITH (DECRYPT (v))'), join("\n", map { "$_\tvalue $_" } 1 .. 100),
	'COPY TO decrypts there');
my (undef, undef, $err) = $standby->psql('postgres', q{\set VERBOSITY sqlstate
	COPY t FROM '/dev/null' WITH (ENCRYPT (v))});
like($err, qr/ERROR:  25006$/m, 'COPY FROM is refused');

$e3->stop;
$primary->safe_psql('postgres', 'INSERT INTO t SELECT id + 100, v FROM t');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT count(*) FROM t WHERE v::text LIKE \'ev:QkTC:%\''),
	'200', 'ciphertext is replicated without E3');

$standby->stop;
$primary->stop;
done_testing();
