# Ciphertext at rest and in a dump: a canary is found nowhere that a plaintext
# control is found; the dump restores, byte for byte, without E3.
use strict;
use warnings;

use EvcryptTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $CANARY = 'canary-7f3a-Zürich-secret';
my $CONTROL = 'control-51bc-Zürich-open';

my $e3 = start_e3();
my $node = new_node('dump', $e3);

# Is it in any file below the directory?
sub found
{
	my ($text, $dir) = @_;
	my ($out, $err);

	IPC::Run::run([ 'grep', '-rlaF', $text, $dir ], '>', \$out, '2>', \$err);
	return scalar grep { $_ } split /\n/, $out;
}

$node->safe_psql('postgres', q{
	CREATE TABLE people (id int PRIMARY KEY, open text, secret encrypted);
	CREATE INDEX ON people (open);
});
# With bind parameters and with literals, updated, toasted, and prepared.
$node->safe_psql('postgres', <<"END");
INSERT INTO people SELECT i, '$CONTROL', encrypt('$CANARY') FROM generate_series(1, 50) i;
INSERT INTO people VALUES (51, '$CONTROL', encrypt(repeat('$CANARY', 2000)));
UPDATE people SET secret = encrypt('$CANARY' || id) WHERE id % 2 = 0;
PREPARE p(int, text) AS INSERT INTO people VALUES (\$1, '$CONTROL', encrypt(\$2));
EXECUTE p(52, '$CANARY');
INSERT INTO people VALUES (53, '$CONTROL', encrypt(''::text)), (54, '$CONTROL', NULL);
ANALYZE people;
VACUUM people;
CHECKPOINT;
END

cmp_ok(found($CONTROL, $node->data_dir), '>', 0, 'the control is found under the data directory');
is(found($CANARY, $node->data_dir), 0, 'the canary is not');

is($node->safe_psql('postgres', "SELECT count(*) FROM people WHERE position('$CANARY' in decrypt(secret)) = 1"),
	'52', 'it is there all the same');

my $before = $node->safe_psql('postgres', 'SELECT id, secret::text FROM people ORDER BY id');
$e3->stop;

for my $format ('plain', 'custom')
{
	my $dump = "$PostgreSQL::Test::Utils::tmp_check/people.$format";
	my $copy = "copy_$format";

	$node->command_ok([ 'pg_dump', "--format=$format", '-d', $node->connstr('postgres'), '-f', $dump ],
		"$format dump without E3");
	if ($format eq 'plain')
	{
		like(slurp($dump), qr/\Q$CONTROL/, 'the control is in the dump');
		unlike(slurp($dump), qr/canary-7f3a/, 'the canary is not');
		like(slurp($dump), qr/\tev:QkTC:/, 'its ciphertext is');
	}
	$node->safe_psql('postgres', "CREATE DATABASE $copy");
	my @restore = $format eq 'plain'
	  ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr($copy))
	  : ('pg_restore', '--exit-on-error', '-d', $node->connstr($copy), $dump);
	$node->command_ok(\@restore, "$format restore without E3");
	is($node->safe_psql($copy, 'SELECT id, secret::text FROM people ORDER BY id'),
		$before, 'every text form is identical');
}

# Binary COPY moves ciphertext too, and refuses what is none.
$node->safe_psql('postgres', <<"END");
CREATE TABLE moved (LIKE people);
\\copy people TO '$PostgreSQL::Test::Utils::tmp_check/people.bin' (FORMAT binary)
\\copy moved FROM '$PostgreSQL::Test::Utils::tmp_check/people.bin' (FORMAT binary)
END
is($node->safe_psql('postgres', 'SELECT id, secret::text FROM moved ORDER BY id'),
	$before, 'binary COPY moves it byte for byte');

$e3->start;
is($node->safe_psql('copy_plain', 'SELECT count(*) FROM people WHERE decrypt(secret) IS NOT NULL'),
	'53', 'a second database reads it');
is($node->safe_psql('copy_plain', q{SELECT decrypt(encrypt('here too'))}), 'here too',
	'and writes its own');

$node->stop;
done_testing();
