# A generator of random choices of its own, so that a seed means the same everywhere.
package Chance;

use strict;
use warnings;

sub new
{
	my ($class, $seed) = @_;

	return bless { state => $seed % 2147483647 || 1 }, $class;
}

# 0 .. below - 1 (Park and Miller's minimal standard)
sub below
{
	my ($self, $below) = @_;

	$self->{state} = $self->{state} * 48271 % 2147483647;
	return int($self->{state} / 16) % $below;
}

sub pick { my ($self, @from) = @_; return $from[ $self->below(scalar @from) ]; }
sub chance { my ($self, $percent) = @_; return $self->below(100) < $percent; }

# What the code gives when it is called this often.
sub times { my ($self, $count, $code) = @_; return map { $code->() } 1 .. $count; }

1;
