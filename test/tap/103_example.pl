# The client that docs/protocol.md shows does what the document says.
use strict;
use warnings;

use Test::More;

sub run_example
{
	my (@arguments) = @_;

	open my $out, '-|', '/usr/bin/python3', 'docs/protocol-example.py', $ENV{E3_SOCKET}, @arguments or die $!;
	my @lines = <$out>;
	close $out;
	return ($?, @lines);
}

my ($status, @lines) = run_example('default', 'hello world', 'déjà vu');
is($status, 0, 'ends well');
is(@lines, 3, 'one line for each value after the greeting');
like($lines[0], qr{^E3/1, frames up to 83886080 bytes$}, 'E3 says who it is');
like($lines[1], qr/^0800[0-9a-f]{8}0[23][0-9a-f]+ -> hello world$/, 'an envelope, and the value again');
like($lines[2], qr/-> déjà vu$/, 'as UTF-8');

done_testing();
