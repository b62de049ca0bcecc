# Ciphertexts in each other's places: between rows, columns, roles, curves and apps.
# Bound to a context that names its place, none opens in another; without a context
# those of an app do, and the documentation says so.
use strict;
use warnings;

use File::Temp ();
use Files;
use Test::More;

my $dir = File::Temp->newdir;

sub psql
{
	my ($sql) = @_;

	spit("$dir/q.sql", $sql);
	my $out = `psql -XAtq -v VERBOSITY=verbose -f $dir/q.sql 2>&1`;
	chomp $out;
	return $out;
}

for my $app (qw(swap_one swap_two))
{
	is(system("e3ctl app add $app > /dev/null"), 0, "app $app");
}

# A place is a row, a column, a data role and an app; each holds two ciphertexts, one a curve.
my $sql = "CREATE TABLE places (number serial, app text, context text, bound encrypted, free encrypted);\n";
for my $app (qw(swap_one swap_two))
{
	$sql .= "SET evcrypt.app = $app;\n";
	for my $curve (qw(p256 secp256k1))
	{
		$sql .= "SET evcrypt.curve = $curve;\n";
		for my $role ('clerk', 'doctor', '')
		{
			$sql .= "SET evcrypt.role = '$role';\n"
			  . 'INSERT INTO places (app, context, bound, free) '
			  . "SELECT '$app', c, encrypt('secret ' || c, c), encrypt('secret ' || c) "
			  . "FROM (SELECT format('patients.%s row %s %s %s', col, r, '$role', '$curve') AS c "
			  . "FROM unnest('{ssn,name}'::text[]) col, generate_series(1, 2) r) p;\n";
		}
	}
}
is(psql($sql), '', 'places are filled');

for my $batch (qw(on off))
{
	for my $app (qw(swap_one swap_two))
	{
		my $set = "SET evcrypt.app = $app; SET evcrypt.batch = $batch;";

		# 24 places, the ciphertexts of 48 in each.
		is(psql(<<"END"), '24|1128|0', "batch $batch, $app: each opens in its place, none in another");
$set
SELECT count(*) FILTER (WHERE is_own AND plain = 'secret ' || context), count(*) FILTER (WHERE NOT is_own AND plain IS NULL),
	count(*) FILTER (WHERE is_own <> (plain IS NOT NULL))
FROM (SELECT p.context, p.number = q.number AS is_own, try_decrypt(q.bound, p.context) AS plain
	FROM places p, places q WHERE p.app = '$app') s;
END
		is(psql(<<"END"), '1152', 'nor without its context');
$set
SELECT count(*) FROM places p, places q WHERE p.app = '$app' AND try_decrypt(q.bound) IS NULL;
END
		# A ciphertext without a context says nothing of its place.
		is(psql(<<"END"), '576|576', 'without contexts: those of the app open anywhere, those of another nowhere');
$set
SELECT count(*) FILTER (WHERE q.app = p.app AND plain IS NOT NULL), count(*) FILTER (WHERE q.app <> p.app AND plain IS NULL)
FROM (SELECT number, try_decrypt(free) AS plain FROM places) d JOIN places q USING (number), places p WHERE p.app = '$app';
END
	}
}

# Exchanged in the table itself, as somebody may who can write it and has no keys.
is(psql(<<'END'), "EV020\nsecret patients.ssn row 1 clerk p256\nsecret patients.ssn row 2 clerk p256", 'an UPDATE that swaps two rows is found out');
SET evcrypt.app = swap_one;
CREATE FUNCTION pg_temp.read(row_id int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT decrypt(bound, context) FROM places WHERE number = row_id);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
BEGIN;
UPDATE places p SET bound = q.bound FROM places q WHERE (p.number, q.number) IN ((1, 2), (2, 1));
SELECT DISTINCT pg_temp.read(n) FROM generate_series(1, 2) n;
ROLLBACK;
SELECT pg_temp.read(n) FROM generate_series(1, 2) n;
END

psql('DROP TABLE places');
done_testing();
