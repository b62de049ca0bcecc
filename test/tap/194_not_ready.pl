# While E3 waits for the device that keeps its keyring's key it answers everything, HEALTH
# too, with NOT_READY; it goes on when the device has answered, ends when it refuses, and
# stops when it is told to.
use strict;
use warnings;

use Custody;
use E3Client;
use Files;
use Test::More;
use Waiting;

my $NOT_READY = 510;

Custody::need('swtpm', 'tpm2_pcrextend');
my $tpm = Custody::Tpm->new;
my $e3 = Custody->new("tpm = $tpm->{tcti}", 'tpm_pcrs = 16', '[e3]', 'socket_mode = 0666', '[access]',
	"allow_users = $ENV{EVCRYPT_STACK_USER}", '[keyring]');
my ($status, $said) = $e3->try_ctl('keyring', 'reseal', '--custody', 'tpm');
plan skip_all => 'this E3 is built without tpm' if $said =~ /built without/;

is($status, 0, 'reseal') or diag($said);
$e3->configure('tpm');
chmod 0711, $e3->{dir} or die;

# Starts E3 while the TPM does not answer.
sub start_waiting
{
	kill 'STOP', $tpm->{process}{pid};
	spit($e3->{log}, '');
	$e3->{process} = Custody::spawn($e3->{log}, sub { slurp($e3->{log}) =~ /event=waiting_for_keys/ }, 'e3', '--config', $e3->{config});
	return E3Client->new("$e3->{dir}/e3.sock");
}

sub code
{
	my ($client, $verb) = @_;
	my $reply = $client->call($verb, { app => 'default' }, $verb eq 'ENCRYPT' ? E3Client::column('x') : ());

	return $reply->{type} == $E3Client::VERB{ERROR} ? $reply->{header}{code} : 0;
}

sub health
{
	my ($error, $said) = ('');

	IPC::Run::run([ 'psql', '-XAtq', '-c', "SET evcrypt.endpoints = 'unix:$e3->{dir}/e3.sock'", '-c', 'SELECT reachable, error FROM evcrypt_health()' ],
		'<', \undef, '>', \$said, '2>', \$error, IPC::Run::timeout($Waiting::DEADLINE));
	return "$said$error";
}

my $client = start_waiting();
is(code($client, $_), $NOT_READY, "$_ is refused") for qw(ENCRYPT HEALTH STATS);
like(join(' ', $e3->try_ctl('health')), qr/^1 .*E3 has not opened its keys yet/, 'e3ctl health says so');
is(health(), "t|E3 has not opened its keys yet\n", 'evcrypt_health() too');
kill 'HUP', $e3->{process}{pid};
Waiting::wait_until('SIGHUP is refused', sub { slurp($e3->{log}) =~ /event=reload_refused status=NOT_READY/ });
unlike(slurp($e3->{log}), qr/event=ready/, 'it is not ready');

kill 'CONT', $tpm->{process}{pid};
Waiting::wait_until('E3 is ready', sub { slurp($e3->{log}) =~ /event=ready/ });
is(code($client, $_), 0, "then $_ is answered, on the same connection") for qw(ENCRYPT HEALTH STATS);
is(health(), "t|\n", 'evcrypt_health() has nothing to say');
is(($e3->try_ctl('reload'))[0], 0, 'a reload is taken');
is($e3->stop, 0, 'E3 stops');
ok(!-e "$e3->{dir}/e3.sock", 'and its socket is gone');

# --- stopped while it waits ------------------------------------------------

$client = start_waiting();
is(code($client, 'HEALTH'), $NOT_READY, 'it waits again');
$client = undef;
is($e3->stop, 0, 'it stops without the device');
like(slurp($e3->{log}), qr/event=stopped status=OK/, 'and says so');
ok(!-e "$e3->{dir}/e3.sock", 'its socket is gone');

# --- refused while it waits ------------------------------------------------

kill 'CONT', $tpm->{process}{pid};
$tpm->stop;
$tpm->start;
$tpm->extend(16);
$client = start_waiting();
is(code($client, 'HEALTH'), $NOT_READY, 'it waits again');
kill 'CONT', $tpm->{process}{pid};
waitpid $e3->{process}{pid}, 0;
is($? >> 8, 1, 'the TPM refuses, and E3 ends');
$e3->{process}{pid} = undef;
like(slurp($e3->{log}), qr/event=keyring_refused .*status=CUSTODY_REFUSED .*PCRs are not what they were/, 'for the reason that is logged');
ok(!-e "$e3->{dir}/e3.sock", 'its socket is gone');

done_testing();
