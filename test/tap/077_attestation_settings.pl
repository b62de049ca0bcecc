# The settings of attestation: what they take, who may change them, and that they are
# of one piece before anything is sent to E3.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use EvcryptTest;
use Settings qw($FORCE_PARALLEL);
use Test::More;

my $e3 = start_e3();
my $node = new_node('attestation', $e3);
$node->safe_psql('postgres', q{
	CREATE ROLE tenant LOGIN;
	GRANT EXECUTE ON FUNCTION encrypt(text) TO tenant;
});
my $PCR = '0123456789abcdef' x 6;
my $dir = PostgreSQL::Test::Utils::tempdir();

sub settings
{
	my (%settings) = @_;

	return join '', map { "SET evcrypt.$_ = '$settings{$_}'; " } sort keys %settings;
}

# Sets these in a new session and encrypts; SQLSTATE and the text of what went wrong.
sub attempt
{
	my (%settings) = @_;
	my $session = session($node);

	$session->query(settings(%settings) . q{SELECT encrypt('x') IS NOT NULL});
	my $outcome = join ' ', $session->sqlstate, $session->{error} // '';
	$session->close;
	return $outcome;
}

# One by one.
for my $good ([ attestation => 'off' ], [ attestation => 'nitro' ], [ attestation => 'software' ],
	[ expected_pcrs => '' ], [ expected_pcrs => "0=$PCR" ], [ expected_pcrs => " 0=$PCR, 31=$PCR " ],
	[ attestation_root => '' ], [ attestation_root => '/nowhere' ], [ attestation_debug => 'on' ],
	[ attestation_clock_skew => 0 ], [ attestation_clock_skew => 3600 ])
{
	is($node->psql('postgres', settings(@$good)), 0, "$good->[0] = $good->[1]");
}
for my $bad ([ attestation => '' ], [ attestation => 'on' ], [ attestation => 'NITRO' ],
	[ expected_pcrs => 'x' ], [ expected_pcrs => "32=$PCR" ], [ expected_pcrs => "0=$PCR,0=$PCR" ],
	[ expected_pcrs => "0=${PCR}0" ], [ expected_pcrs => "0=$PCR," ], [ expected_pcrs => ' ' x 8193 ],
	[ attestation_root => 'root.pem' ], [ attestation_debug => 'perhaps' ],
	[ attestation_clock_skew => -1 ], [ attestation_clock_skew => 3601 ])
{
	my $session = session($node);
	$session->query(q{LOAD 'evcrypt'; } . settings(@$bad));
	is($session->sqlstate, '22023', "$bad->[0] = " . substr $bad->[1], 0, 40);
	$session->close;
}

# The switch for evidence that nobody has signed is the start of the server's.
{
	my $session = session($node);
	$session->query('SET evcrypt.attestation_unsigned_for_tests = on');
	is($session->sqlstate, '55P02', 'not even a superuser may take unsigned evidence in a session');
	$session->is('SHOW evcrypt.attestation_unsigned_for_tests', 'off', 'and it is off');
	$session->query('ALTER SYSTEM SET evcrypt.attestation_unsigned_for_tests = on');
	is($session->sqlstate, '55P02', 'nor leave it behind for the next start');
	$session->close;
}

# Together, before anything is sent.
like(attempt(attestation => 'nitro'), qr/^EV006 .*evcrypt\.expected_pcrs is not set/s,
	'no measurement is expected: any program would do');
like(attempt(attestation => 'software', expected_pcrs => "0=$PCR"), qr/^EV006 .*evcrypt\.attestation_root is not set/s,
	'evidence of software has no root of its own');
like(attempt(attestation => 'software', expected_pcrs => "0=$PCR", attestation_root => "$dir/none"),
	qr/^EV006 .*cannot be read: No such file/s, 'the root is not there');
PostgreSQL::Test::Utils::append_to_file("$dir/root", "-----BEGIN CERTIFICATE-----\n");
like(attempt(attestation => 'nitro', expected_pcrs => "0=$PCR", attestation_root => "$dir/root"),
	qr/^EV006 .*has no certificate in PEM/s, 'the root is none');
unlike(attempt(attestation => 'nitro', expected_pcrs => "0=$PCR"), qr/^00000/,
	'an E3 that gives no such evidence gets no value');
like(attempt(attestation => 'off', expected_pcrs => "0=$PCR"), qr/^00000/, 'off is off');

# Only a superuser, and no client by way of a library that is not loaded yet.
for my $name ('attestation', 'attestation_root', 'attestation_debug', 'attestation_clock_skew', 'expected_pcrs')
{
	local $ENV{PGUSER} = 'tenant';
	my $session = session($node);
	$session->query("SET evcrypt.$name = DEFAULT");
	is($session->sqlstate, '42501', "$name is not for everybody");
	$session->close;
}
my $later = new_node('attestation_later', $e3, no_preload => 1,
	extra => "evcrypt.app = 'default'\nevcrypt.attestation = 'nitro'\nevcrypt.expected_pcrs = '0=$PCR'\n");
$later->safe_psql('postgres', q{
	CREATE ROLE tenant LOGIN;
	GRANT EXECUTE ON FUNCTION encrypt(text) TO tenant;
});
for my $options ('', '-c evcrypt.attestation=off', '-c evcrypt.attestation=', "-c evcrypt.expected_pcrs=0=$PCR",
	'-c evcrypt.attestation_root=/none', '-c evcrypt.attestation_debug=on',
	'-c evcrypt.attestation_unsigned_for_tests=on')
{
	local @ENV{qw(PGUSER PGOPTIONS)} = ('tenant', $options);
	my $session = session($later);
	$session->query(q{SELECT encrypt('x')});
	isnt($session->sqlstate, '00000', "nothing is encrypted without evidence, with the client's \"$options\"");
	$session->query(q{RESET ALL; SELECT encrypt('x')});
	isnt($session->sqlstate, '00000', 'nor after RESET');
	$session->close;
}

# A worker gets the settings of its leader, but loads the library anew.
for my $options ('-c evcrypt.attestation=off', "-c evcrypt.expected_pcrs=0=$PCR", '-c evcrypt.attestation_root=/none')
{
	local @ENV{qw(PGUSER PGOPTIONS)} = ('tenant', $options);
	my $session = session($later);
	$session->query(q{SELECT encrypt('x')});
	$session->query("BEGIN; $FORCE_PARALLEL");
	like($session->query(q{EXPLAIN (COSTS off) SELECT encrypt('x')}), qr/Gather/, 'a worker encrypts');
	$session->query(q{SELECT encrypt('x')});
	like($session->{error}, qr/is not set.*parallel worker/s, "in a worker neither, with the client's \"$options\"");
	isnt($session->sqlstate, '00000', 'it is an error');
	$session->close;
}
$later->stop;
$node->stop;

done_testing();
