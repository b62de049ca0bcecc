# One E3 has the audit log, for as long as it runs: a second one is refused before it
# writes anything, and a kill leaves nothing behind that keeps the next one out.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $e3 = start_e3(stopped => 1);
my $log = "$e3->{dir}/audit";
my $client;

# Numbers of the records, in order.
sub numbers { return join ' ', slurp($log) =~ /^seq=(\d+) /mg; }

sub decrypt
{
	return $client->call('DECRYPT', { app => 'default' }, E3Client::column('x'))->{type};
}

sub is_whole
{
	my ($name) = @_;
	my ($status, undef, $err) = $e3->try_ctl('audit', 'verify');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is("$status$err", '0', $name);
	return;
}

# Tries to start an E3 of this configuration beside the one that runs.
sub is_refused
{
	my ($name, $config) = @_;
	my @before = (slurp($log), slurp("$log.head"));
	my ($status, $said) = (bless { %$e3, config => $config }, ref $e3)->try_start;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like("$status $said", qr/^1 .*event=audit_refused cause="\Q$log\E\.head is another E3's, which runs"/s,
		"$name is refused");
	is_deeply([ slurp($log), slurp("$log.head") ], \@before, 'and has written nothing');
	is(decrypt(), $E3Client::VERB{RESULT}, 'the first one serves on');
	is_whole('and its log is whole');
	return;
}

spit($e3->{config}, slurp($e3->{config}) . "[audit]\nfile = $log\n");
$e3->start;
$client = E3Client->new($e3->{socket});
is(decrypt(), $E3Client::VERB{RESULT}, 'a decrypt');
is(numbers(), '1 2', 'has its record');

is_refused('a second E3 of the same configuration', $e3->{config});
spit("$e3->{dir}/other.conf", slurp($e3->{config}) =~ s/e3\.sock/other.sock/r);
is_refused('one with another socket', "$e3->{dir}/other.conf");
ok(!-e "$e3->{dir}/other.sock", 'which nobody finds');

# Also while the log is moved away.
rename $log, "$log.1" or die;
my $other = bless { %$e3, config => "$e3->{dir}/other.conf" }, ref $e3;
like(($other->try_start)[1], qr/event=audit_refused cause="[^"]*another E3's/, 'nor does it begin a new file');
ok(!-e $log, 'there is none');
rename "$log.1", $log or die;

my $before = numbers();
$e3->kill9;
$e3->start;
$client = E3Client->new($e3->{socket});
is(decrypt(), $E3Client::VERB{RESULT}, 'the one after a kill starts and serves');
like(numbers(), qr/^$before \d+ \d+$/, 'and goes on where that was');
is_whole('in one chain');

# A newer keyring that has another key for the audit: the log could not go on under it.
my $foreign = start_e3(stopped => 1);
my $own = slurp("$e3->{dir}/keyring");
$foreign->ctl('app', 'add', "more$_") for 1 .. 3;
spit("$e3->{dir}/keyring", slurp("$foreign->{dir}/keyring"));
$e3->ctl_fails(1, qr/E3 refuses: .* \(AUDIT_LOG\)/, 'reload');
like(slurp($e3->{log}), qr/event=keyring_refused cause="the audit log was begun under the key of another keyring"/, 'and says why');
is(decrypt(), $E3Client::VERB{RESULT}, 'E3 serves on with its own');
spit("$e3->{dir}/keyring", $own);
is_whole('and its log is whole');
$client->close;
is($e3->stop, 0, 'E3 ends well');
done_testing();
