# Random queries: batching on gives what batching off gives, and what the
# plaintext twins give.  With fixed seeds: test/stack test/lib/queries takes others.
# Release build only: it is about plans.
use strict;
use warnings;

use EvcryptTest;
use Queries;
use Test::More;

my $SECONDS = 10;

my $e3 = start_e3();
my $node = new_node('random', $e3, extra => 'max_parallel_workers_per_gather = 2');
my $session = session($node);
my $version = $session->query('SHOW server_version_num');
$session->query($Queries::SETUP);
BAIL_OUT($session->{error}) if $session->{error} =~ /ERROR/;
$session->query('VACUUM ANALYZE');

for my $seed (20150, 7)
{
	my @different;
	my ($queries, $refused) = Queries->new($seed, $version)->run($session, $SECONDS, sub { push @different, @_ });

	diag("seed $seed: $queries queries, $refused of them refused");
	is(scalar @different, 0, "seed $seed") or diag(join "\n", @different[ 0 .. ($#different > 4 ? 4 : $#different) ]);
	cmp_ok($queries, '>=', $Queries::QUERIES_MIN, 'queries were run');
	cmp_ok($refused, '<', $queries / 4, 'most of them mean something');
}

$session->close;
$node->stop;
done_testing();
