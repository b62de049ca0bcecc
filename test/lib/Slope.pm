# Does a series grow?  Samples swing with what a process is doing, so what is looked at
# is the least of each stretch of time: what stays when the work is done.
package Slope;

use strict;
use warnings;

use Exporter qw(import);

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

# The median of the slopes between any two points (Theil 1950, Sen 1968), in units an hour:
# what grows all the time has the same one by least squares, but a few samples that are
# off, such as those while a backend had two files fewer open, do not move it.
sub slope
{
	my (@points) = @_;
	my @slopes;

	die 'a line takes two points' if @points < 2;
	while (my $first = shift @points)
	{
		push @slopes, map { ($_->[1] - $first->[1]) / ($_->[0] - $first->[0]) } @points;
	}
	@slopes = sort { $a <=> $b } @slopes;
	return ($slopes[$#slopes / 2] + $slopes[@slopes / 2]) / 2;
}

1;
