# Large requests that are cancelled at random moments on many connections leave
# nothing behind in E3 and disturb nobody's results.
use strict;
use warnings;

use JSON::PP;
use Test::More;

my @program = (
	'/usr/bin/python3', 'test/bench/engine/cancel.py', '--socket', $ENV{E3_SOCKET}, '--pid', $ENV{E3_PID},
	'--rounds', ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release' ? 20 : 4);

open my $out, '-|', @program or die $!;
my $text = join '', <$out>;
close $out;
is($?, 0, 'ends well');
my $found = decode_json($text);

note($text);
cmp_ok($found->{cancelled}, '>', 0, 'requests were cancelled');
is($found->{wrong}, 0, 'every other result is right, byte for byte');
is($found->{jobs}, 0, 'no job is left');
is($found->{uncounted}, 0, 'E3 has counted every cancelled request');
is($found->{locked_kib}, 0, 'no locked page is left');
SKIP:
{
	skip('E3 lets only root look at its descriptors', 1) unless defined $found->{descriptors};
	is($found->{descriptors}, 0, 'no descriptor is left');
}
SKIP:
{
	skip('a sanitizer keeps memory that was freed', 1) if ($ENV{EVCRYPT_VARIANT} // 'release') ne 'release';
	# What is kept of mappings for the next request, and of the heap.
	cmp_ok($found->{growth_mib}, '<', 96, 'no memory is left');
}
done_testing();
