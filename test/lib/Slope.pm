# Does a series grow?  Samples swing with what a process is doing, so what is looked at
# is the least of each stretch of time: what stays when the work is done.
package Slope;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(min sum);

our @EXPORT = qw(floors slope);

# Of points [hours, value] the least value of each stretch, as points.
sub floors
{
	my ($stretch, @points) = @_; # hours
	my %least;

	for my $point (@points)
	{
		my $number = int($point->[0] / $stretch);
		$least{$number} = $point if !$least{$number} || $point->[1] < $least{$number}[1];
	}
	return map { $least{$_} } sort { $a <=> $b } keys %least;
}

# By least squares, in units an hour.
sub slope
{
	my (@points) = @_;
	my $count = @points;

	die 'a line takes two points' if $count < 2;
	my $x = sum(map { $_->[0] } @points) / $count;
	my $y = sum(map { $_->[1] } @points) / $count;
	return sum(map { ($_->[0] - $x) * ($_->[1] - $y) } @points) / sum(map { ($_->[0] - $x)**2 } @points);
}

1;
