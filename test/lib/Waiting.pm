# Waiting for what will come, but not for ever; for tests of all kinds.
package Waiting;

use strict;
use warnings;

use Exporter qw(import);
use Time::HiRes qw(time);

our @EXPORT = qw(wait_until);

# Seconds that anything may take before the test gives up on it.
our $DEADLINE = 60;

# Polls until the condition holds; dies after the deadline.
sub wait_until
{
	my ($what, $condition) = @_;
	my $deadline = time + $DEADLINE;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.002;
	}
	return;
}

1;
