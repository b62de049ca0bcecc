# Amounts of money, whose text form depends on lc_monetary as on no other setting: written
# under one locale and read under another they are the same.
# Release build only: it is about types.
use strict;
use warnings;

use EvcryptTest;
use File::Temp ();
use Test::More;

# Comma and point change places, and there are three digits after the comma.
my $LOCALE = join "\n", 'LC_MONETARY', 'int_curr_symbol "ODD "', 'currency_symbol "ODD"', 'mon_decimal_point ","',
  'mon_thousands_sep "."', 'mon_grouping 3;3', 'positive_sign ""', 'negative_sign "-"', 'int_frac_digits 3', 'frac_digits 3',
  (map { ("${_}_cs_precedes 0", "${_}_sep_by_space 1", "${_}_sign_posn 1") } qw(p n)), 'END LC_MONETARY',
  (map { ("LC_$_", 'copy "POSIX"', "END LC_$_") } qw(CTYPE COLLATE TIME NUMERIC MESSAGES)), '';

my $dir = File::Temp->newdir;
spit("$dir/odd", $LOCALE);
IPC::Run::run([ 'localedef', '-c', '-i', "$dir/odd", '-f', 'UTF-8', "$dir/odd_ODD" ], '>&', \my $log);
plan skip_all => "localedef cannot make a locale (Debian's package locales has what it needs): $log"
  unless -e "$dir/odd_ODD/LC_MONETARY";

my $e3 = start_e3();
my $node = new_node('money', $e3, environment => { LOCPATH => "$dir" });
my $session = session($node);

sub use_locale
{
	my ($locale) = @_;

	$session->query("SET lc_monetary = '$locale'");
	die $session->{error} if $session->{error} ne '';
	return;
}

$session->query('CREATE TABLE amounts (value money, sealed encrypted, sealed_array encrypted)');
use_locale('odd_ODD');
$session->is('SELECT 1234567.891::numeric::money', '1.234.567,891 ODD', 'the locale is an odd one');
for my $locale ('C', 'odd_ODD')
{
	use_locale($locale);
	$session->query('INSERT INTO amounts SELECT v, encrypt(v), encrypt(ARRAY[v, NULL])
		FROM unnest(ARRAY[0, 1234567, -12345.67]) AS n, LATERAL (SELECT n::money OFFSET 0) AS s(v)');
	is($session->{error}, '', "amounts are written under $locale");
}
for my $locale ('C', 'odd_ODD')
{
	use_locale($locale);
	$session->is('SELECT count(*), bool_and(decrypt_as(sealed, value) = value),
			bool_and(decrypt_as(sealed_array, ARRAY[value]) = ARRAY[value, NULL]) FROM amounts', '6|t|t', "and read under $locale");
	$session->is(q{SELECT string_agg(decrypt(sealed), ' ' ORDER BY value) FROM amounts},
		'-$123,456.70 -$12,345.67 $0.00 $0.00 $1,234,567.00 $12,345,670.00', "with the same text under $locale");
}

$session->close;
$node->stop;
done_testing();
