# A process that preloads hinder.so, and what fails in it; see hinder.c.
package Hinder;

use strict;
use warnings;

use Files;

# Where the numbers lie, and behind them the name of the call that has failed.
my %AT = (allocation => 0, clock => 8, own => 16, failed => 24);
my $SIZE = 64;

# With the name of a program or library, calls of its own can be made to fail.
sub new
{
	my ($class, $path, $own) = @_;
	my %environment = (LD_PRELOAD => "$ENV{TESTDIR}/hinder.so", HINDER_CONTROL => $path,
		$own ? (HINDER_OWN => $own) : ());

	spit($path, "\0" x $SIZE);
	return bless { path => $path, environment => \%environment }, $class;
}

# What that process is to have.
sub environment { return %{ $_[0]{environment} }; }

sub poke
{
	my ($self, $at, $bytes) = @_;

	open my $handle, '+<', $self->{path} or die "$self->{path}: $!";
	sysseek $handle, $at, 0;
	syswrite $handle, $bytes;
	close $handle or die "$self->{path}: $!";
	return;
}

# The next allocation but so many, from 1; 0: none.
sub fail_allocation { $_[0]->poke($AT{allocation}, pack 'q', $_[1]); return; }

# Seconds from now.
sub shift_clock { $_[0]->poke($AT{clock}, pack 'q', $_[1]); return; }

# The same of its own calls.
sub fail_own { $_[0]->poke($AT{own}, pack 'q x40', $_[1]); return; }

# The name of the one that has failed, '' if none has.
sub failed { return unpack 'Z*', substr slurp($_[0]{path}), $AT{failed}; }

1;
