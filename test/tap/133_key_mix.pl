# What SDKs encrypted under the key of another version opens where E3 is told so, and
# its log says how often that was needed; and contexts by a client that is not ours.
use strict;
use warnings;

use E3Client;
use File::Temp ();
use Files;
use FindBin qw($RealBin);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $DEADLINE = 60;
my $vectors = decode_json(slurp("$RealBin/../vectors/ciphertexts.json"));
my $dir = File::Temp->newdir;
my $pid;

END
{
	my $status = $?;
	stop_e3() if $pid;
	$? = $status;
}

sub configure
{
	my ($key_mix) = @_;

	spit("$dir/e3.conf", <<"END");
[e3]
socket = $dir/e3.sock
[keyring]
file = $dir/keyring
passphrase_file = $dir/passphrase
[crypto]
key_mix = $key_mix
END
	return;
}

sub ctl
{
	my (@words) = @_;
	local $ENV{E3_CONFIG} = "$dir/e3.conf";

	return system("e3ctl @words > '$dir/out' 2>&1") >> 8;
}

sub start_e3
{
	spit("$dir/e3.log", '');
	$pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$dir/e3.log" or die;
		open STDERR, '>&', \*STDOUT;
		exec 'e3', '--config', "$dir/e3.conf";
		die "cannot run e3: $!";
	}
	my $deadline = time + $DEADLINE;
	until (ctl('health') == 0)
	{
		die 'E3 does not start: ' . slurp("$dir/e3.log") if time > $deadline or waitpid($pid, 1) != 0;
		sleep 0.01;
	}
	return;
}

sub stop_e3
{
	kill 'TERM', $pid;
	waitpid $pid, 0;
	$pid = undef;
	return $?;
}

spit("$dir/passphrase", "a passphrase for tests only\n");
chmod 0600, "$dir/passphrase";
for my $curve (qw(p256 secp256k1))
{
	spit("$dir/$curve", "$vectors->{curves}{$curve}{private}\n");
	chmod 0600, "$dir/$curve";
}
configure('no');
is(ctl('init'), 0, 'a keyring');
is(ctl('app', 'import', 'demo', '--private-key', "$dir/p256", '--secp256k1-private-key', "$dir/secp256k1"), 0, 'an app');

# Plaintexts and statuses of envelopes, in one request; a context for all, if given.
sub opened
{
	my ($client, $context, @envelopes) = @_;
	my $reply = $client->call('DECRYPT', { app => 'demo' }, E3Client::column(@envelopes),
		defined $context ? (undef, E3Client::column($context)) : ());
	my @status = unpack 'C*', ${ \($reply->{columns}[2] // "\0" x @envelopes) };

	return ([ E3Client::values_of($reply) ], \@status);
}

my @mixed = map { pack 'H*', $_->{envelope} } @{ $vectors->{mixed} };
my @right = map { pack 'H*', $_->{envelope} } grep { $_->{tag} =~ /^(?:RFVC|S0lS|QlJV)$/ } @{ $vectors->{ciphertexts} };
my @right_texts = map { $_->{text} } grep { $_->{tag} =~ /^(?:RFVC|S0lS|QlJV)$/ } @{ $vectors->{ciphertexts} };

for my $key_mix (qw(no yes))
{
	configure($key_mix);
	start_e3();
	my $client = E3Client->new("$dir/e3.sock");
	my ($texts, $statuses) = opened($client, undef, @mixed, @right);
	my $log = slurp("$dir/e3.log");

	is_deeply($texts, [ ($key_mix eq 'yes' ? 'hello world' : '') x @mixed, @right_texts ], "key_mix = $key_mix: plaintexts");
	is_deeply($statuses, [ ($key_mix eq 'yes' ? 0 : 1) x @mixed, (0) x @right ], 'and statuses');
	if ($key_mix eq 'yes')
	{
		like($log, qr/event=key_mix_on curve=secp256k1/, 'the log says that it is on');
		like($log, qr/level=info event=key_mix app=demo values=3\n/, 'and how many values needed it');
		unlike($log, qr/hello/, 'and no value');
	}
	else { unlike($log, qr/key_mix/, 'the log says nothing'); }
	$client->close;
	is(stop_e3(), 0, 'E3 ends well');
}

# --- contexts, as docs/protocol.md has them --------------------------------

configure('no');
start_e3();
my $client = E3Client->new("$dir/e3.sock");
my $reply = $client->call('ENCRYPT', { app => 'demo' }, E3Client::column('one', '', 'two'), undef, E3Client::column('a', '', 'b'));
my @sealed = E3Client::values_of($reply);

is_deeply([ map { ord } @sealed ], [ 9, 9, 9 ], 'bound on P-256: RVZS');
is_deeply([ (opened($client, 'a', @sealed))[1] ], [ [ 0, 1, 1 ] ], 'each opens under its own context');
is_deeply([ (opened($client, '', @sealed))[1] ], [ [ 1, 0, 1 ] ], 'also if that is empty');
is_deeply([ (opened($client, undef, @sealed))[1] ], [ [ 4, 4, 4 ] ], 'CONTEXT_MISSING');
is_deeply([ (opened($client, 'a', @right))[1] ], [ [ (5) x @right ] ], 'CONTEXT_UNEXPECTED');
$reply = $client->call('DECRYPT', { app => 'demo' }, E3Client::column(@sealed), undef, E3Client::column('a', '', 'b'));
is_deeply([ E3Client::values_of($reply) ], [ 'one', '', 'two' ], 'all open under all of them');
$reply = $client->call('ENCRYPT', { app => 'demo' }, E3Client::column('one', 'two', 'three'), undef, E3Client::column('a', 'b'));
is($reply->{header}{name}, 'BAD_COLUMNS', 'two contexts are too few for three values, and too many for all of them');
$reply = $client->call('ENCRYPT', { app => 'demo', curve => 'secp256k1' }, E3Client::column('one', 'two'), undef, E3Client::column('all'));
@sealed = E3Client::values_of($reply);
is_deeply([ map { ord } @sealed ], [ 10, 10 ], 'bound on secp256k1: RVZL');
is_deeply([ (opened($client, 'all', @sealed))[0] ], [ [ 'one', 'two' ] ], 'one context for all');
$reply = $client->call('ENCRYPT', { app => 'demo' }, E3Client::column('x'), undef, E3Client::column('c' x 1048577));
is($reply->{header}{name}, 'CONTEXT_TOO_LONG', 'CONTEXT_TOO_LONG');
$client->close;
is(stop_e3(), 0, 'E3 ends well');

done_testing();
