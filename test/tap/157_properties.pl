# Random values of every type stay what they were, in random order of all that moves
# ciphertexts; for a short while, by a seed that is printed.  test/properties walks longer.
# Release build only: it is about types and ciphertexts.
use strict;
use warnings;

use CopyTest ();
use Properties;
use Test::More;

my $SECONDS = 30;
my $seed = time;
my @failures;

my $walk = Properties->new($seed, sub { push @failures, @_ });
is($walk->missing_types, '', 'every type of the server has random values');
my ($steps, $values) = $walk->walk($SECONDS);
diag("seed $seed: $steps steps, $values values of " . @{ $walk->{types} } . ' types: ' . $walk->steps_taken);
is(scalar @failures, 0, 'every value is what it was') or diag(join "\n", @failures[ 0 .. ($#failures > 4 ? 4 : $#failures) ]);
cmp_ok($steps, '>', @{ $walk->{types} } + 20, 'there were steps enough');
done_testing();
