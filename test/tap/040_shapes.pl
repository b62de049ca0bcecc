# Every shape of statement, with batches and without: the same rows, and the
# requests that were promised.
# Release build only: it is about plans.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Shapes qw(@SHAPES set_up_shapes why_not run_shape);
use Test::More;

my $LIMIT = 12;

my $e3 = start_e3();
my $node = new_node('shapes', $e3, extra => "max_prepared_transactions = 2\njit_provider = 'llvmjit'");
my $session = session($node);
my $watch = E3Client->new($e3->{socket});
my @table;

set_up_shapes($session);

# Empty if both are equal.
sub first_difference
{
	my @on = split /\n/, $_[0];
	my @off = split /\n/, $_[1];
	my ($at) = grep { ($on[$_] // '') ne ($off[$_] // '') } 0 .. (@on > @off ? $#on : $#off);

	return '' unless defined $at;
	return sprintf 'row %d of %d: %s; of %d: %s', $at + 1, scalar @on, $on[$at] // 'none',
	  scalar @off, $off[$at] // 'none';
}

for my $shape (@SHAPES)
{
	my ($name, $expected, undef, %option) = @$shape;

  SKIP:
	{
		my $missing = why_not($session, $shape);
		skip "$name: $missing", 1 if $missing;
		my $off = run_shape($session, $watch, $shape, 'off');
		my $on = run_shape($session, $watch, $shape, 'on');
		push @table, [ $name, $expected, $off->{requests}, $on->{requests} ];

		subtest $name => sub {
			is($off->{error}, '', 'no error, batching off');
			is($on->{error}, '', 'no error, batching on');
			like($off->{rows}, qr/\S/, 'it gives rows');
			is(first_difference($on->{rows}, $off->{rows}), '', 'the same rows');
			cmp_ok($off->{requests}, '>', 0, 'it makes requests');
			if ($expected eq 'scalar')
			{
				is($on->{requests}, $off->{requests}, 'as many requests');
				return;
			}
			cmp_ok($on->{requests}, '<', $off->{requests}, 'fewer requests');
			cmp_ok($on->{requests}, '<=', $option{limit} // $LIMIT, 'a few requests');
			is($on->{values}, $off->{values}, 'as many values') if $option{exact};
		};
	}
}

cmp_ok(scalar @SHAPES, '>=', 60, scalar(@SHAPES) . ' shapes');
diag(sprintf "\n%-42s %-8s %6s %6s", 'shape', '', 'off', 'on');
diag(sprintf '%-42s %-8s %6d %6d', @$_) for @table;

$watch->close;
$session->close;
$node->stop;
done_testing();
