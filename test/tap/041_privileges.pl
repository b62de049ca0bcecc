# A role that may not EXECUTE a function cannot have it called by any shape of
# statement, with batches and without; nor is anything asked of E3 for it.
# Release build only: it is about plans.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Shapes qw(@SHAPES set_up_shapes why_not run_shape);
use Test::More;

my $e3 = start_e3();
my $node = new_node('privileges', $e3);
my $session = session($node);
my $watch = E3Client->new($e3->{socket});

set_up_shapes($session);

for my $shape (@SHAPES)
{
	my ($name, undef, undef, %option) = @$shape;

	next if $option{owner};
  SKIP:
	{
		my $missing = why_not($session, $shape);
		skip "$name: $missing", 4 if $missing;
		for my $batch ('off', 'on')
		{
			my $result = run_shape($session, $watch, $shape, $batch, 'stranger');

			like($result->{error},
				qr/ERROR:  42501: permission denied for function (?:encrypt|decrypt|decrypt_as|try_decrypt|encrypt_fields|decrypt_fields)\n/,
				"$name, batching $batch");
			is($result->{requests}, 0, 'and E3 is not asked');
		}
	}
}

# The same role with EXECUTE: the tables are not what kept it out.
$session->query('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO stranger');
for my $batch ('off', 'on')
{
	my ($first) = @SHAPES;
	is(run_shape($session, $watch, $first, $batch, 'stranger')->{error}, '',
		"with EXECUTE, batching $batch");
}

$watch->close;
$session->close;
$node->stop;
done_testing();
