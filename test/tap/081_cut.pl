# A connection is cut after every single byte of an exchange, both ways, HELLO
# included: with this one connection cut the one retry brings the right result, with
# the retry's cut as well the statement fails by name.  The session goes on.
# Release build only: it is about the client.
use strict;
use warnings;

use EvcryptTest;
use FaultProxy;
use Test::More;

# It is the backend that is tested: beside an E3 with a sanitizer some of them do.
my $STEP = ($ENV{EVCRYPT_VARIANT} // 'release') eq 'release' ? 1 : 5;

my $e3 = start_e3();
my $proxy = FaultProxy->new(to => $e3->{socket});
my $node = new_node('cut', $e3, extra => "evcrypt.endpoints = 'unix:$proxy->{path}'\n");
my $session = session($node);
my $backend = $session->{backend};

$session->query("CREATE TABLE t AS SELECT encrypt('a value') AS v");
my %exchange = (
	encrypt => q{SELECT length(encrypt('a value')::text)},
	decrypt => 'SELECT decrypt(v) FROM t',
);
# The retry waits a moment before it uses the same endpoint again, and goes to another at once.
symlink $proxy->{path}, "$proxy->{path}.alias" or die "symlink: $!";
my %endpoints = (
	encrypt => "unix:$proxy->{path}",
	decrypt => "unix:$proxy->{path}, unix:$proxy->{path}.alias",
);

# While HELLO is under way each endpoint is tried before that counts as a retry.
my %most = (encrypt => 2, decrypt => 4);

for my $name (sort keys %exchange)
{
	my $sql = $exchange{$name};

	$session->query("SET evcrypt.endpoints = '$endpoints{$name}'");
	$proxy->plan;
	my $expected = $session->query($sql);
	my ($whole) = $proxy->seen;
	my %wrong;
	my %states;
	my $positions = 0;

	ok($expected, "$name: an exchange of $whole->{request} and $whole->{reply} bytes");
	for my $way ('request', 'reply')
	{
		for my $byte (grep { $_ % $STEP == 0 } 0 .. $whole->{$way} - 1)
		{
			$positions++;
			my %cut = (way => $way, byte => $byte, act => 'cut');
			my $where = "$way byte $byte";

			$proxy->plan({ %cut, connection => 1 });
			my $result = $session->query($sql);
			$wrong{$where} = "once: $result $session->{error}" if $result ne $expected;
			my @seen = $proxy->seen;
			$wrong{$where} = 'was not cut once' if @seen != 2 or $seen[0]{done} != 1;

			$proxy->plan(\%cut);
			$result = $session->query($sql);
			$states{ $session->sqlstate }++;
			$wrong{$where} = "always: $result" if $result ne '';
			$wrong{$where} = "no hint: $session->{error}" if $session->{error} !~ /HINT: /;
			@seen = $proxy->seen;
			$wrong{$where} = 'was cut ' . @seen . ' times' if @seen < 2 or @seen > $most{$name};
			$proxy->plan;
			$wrong{$where} = 'next: ' . $session->{error} if $session->query($sql) ne $expected;
		}
	}
	is_deeply(\%wrong, {}, "$name: cut once, and cut always, at every byte");
	# While HELLO is under way there is no connection yet.
	my $hello = $states{'08001'};
	is_deeply([ sort keys %states ], [ '08001', '08006' ], 'and only these errors come of it');
	is($states{'08001'} + $states{'08006'}, $positions, "$hello connecting, $states{'08006'} later");
}
is($session->query('SELECT pg_backend_pid()'), $backend, 'the backend is the same');

$session->close;
$node->stop;
$proxy->close;
done_testing();
