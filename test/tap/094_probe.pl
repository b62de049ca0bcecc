# evcrypt probe: what it says, and the exit statuses that alarms go by.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use EvcryptTest;
use IPC::Run;
use JSON::PP;
use Test::More;

my $e3 = start_e3();
my $node = new_node('probe', $e3);

sub probe
{
	my (@arguments) = @_;
	my ($out, $err);

	IPC::Run::run([ 'evcrypt', 'probe', '-h', $node->host, '-p', $node->port, '-d', 'postgres', @arguments ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($EvcryptTest::DEADLINE));
	return ($? >> 8, $out, $err);
}

my ($status, $out) = probe();
is($status, 0, 'all is well');
like($out, qr/^ok: 100 values encrypted in [\d.]+ ms, decrypted in [\d.]+ ms, connected in [\d.]+ ms\n\z/, 'in a line');

for my $values (1, 5000)
{
	($status, $out) = probe('--json', '--values', $values, '--max-ms', 60000);
	my $report = decode_json($out);
	is_deeply([ $status, @$report{qw(status values error)} ], [ 0, 'ok', $values, undef ], "$values values");
	cmp_ok($report->{encrypt_ms} + $report->{decrypt_ms} + $report->{connect_ms} - $report->{total_ms}, '<', 0.01,
		'the total is the sum');
}
my ($rows) = $node->safe_psql('postgres', q{SELECT sum("values") FROM evcrypt_stat});
is($rows, 2 * (100 + 1 + 5000), 'E3 has seen all of them');

($status, $out) = probe('--values', 20000, '--max-ms', 1);
is($status, 1, 'too slow is a warning');
like($out, qr/^slow: 20000 values/, 'and says so');

# A hanging E3.
$e3->pause;
($status, $out) = probe('--timeout-ms', 300);
$e3->resume;
is($status, 2, 'a hanging E3 is a failure');
like($out, qr/^failure: could not encrypt: canceling statement due to statement timeout/, 'within its time');
is((probe())[0], 0, 'and it goes on');

# Another function in evcrypt's place is not asked.
$node->safe_psql('postgres', q{CREATE SCHEMA hostile; CREATE FUNCTION hostile.encrypt(text) RETURNS encrypted
	LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$asked$$; END'; ALTER DATABASE postgres SET search_path = hostile, public});
is((probe())[0], 0, 'a hostile search path changes nothing');

# Without rights, without E3, without the extension, without a server.
$node->safe_psql('postgres', 'CREATE ROLE clerk LOGIN; GRANT EXECUTE ON FUNCTION public.encrypt(text) TO clerk');
($status, $out) = probe('-U', 'clerk');
is("$status $out", "2 failure: could not decrypt: permission denied for function decrypt\n", 'without a right to decrypt');
$e3->stop;
($status, $out) = probe('--json');
is($status, 2, 'without E3');
like(decode_json($out)->{error}, qr/^could not encrypt: could not connect to E3/, 'it says why');
($status, $out) = probe('-d', 'template1');
is("$status $out", "2 failure: evcrypt is not in the database template1\n", 'without the extension');
$node->stop;
($status, $out) = probe();
is($status, 2, 'without a server');
like($out, qr/^failure: connection to server/, 'it says why');

# The command line.
for my $case (
	[ 'no command', [] ],
	[ 'unknown command nonsense', ['nonsense'] ],
	[ 'not a number within its limits: 0', [ 'probe', '--values', 0 ] ],
	[ 'not a number within its limits: 100001', [ 'probe', '--values', 100001 ] ],
	[ 'not a number within its limits: 1x', [ 'probe', '--max-ms', '1x' ] ],
	[ 'not a number within its limits: 99999999999999999999', [ 'probe', '--timeout-ms', '99999999999999999999' ] ],
	[ 'too many words: c', [ 'probe', 'a', 'c' ] ])
{
	my ($message, $arguments) = @$case;
	my $err;
	IPC::Run::run([ 'evcrypt', @$arguments ], '<', \undef, '>', \my $nothing, '2>', \$err);
	is(($? >> 8) . " $err", "2 evcrypt: $message\nTry \"evcrypt --help\".\n", $message);
}
my $help;
IPC::Run::run([ 'evcrypt', '--help' ], '<', \undef, '>', \$help);
like($help, qr/^usage: evcrypt COMMAND/, 'help');
done_testing();
