# Whole files, read and written at once; for tests of all kinds.
package Files;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(slurp spit);

sub slurp
{
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# In place: the owner of a file that is there stays.
sub spit
{
	my ($path, $text) = @_;

	open my $file, '>', $path or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
	return;
}

1;
