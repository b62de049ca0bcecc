# The keyring's key is released by a key management service against evidence of E3: to
# this program under this configuration alone, and in an envelope that nobody else opens.
# E3 does not need the service once it serves.
# Without the thread sanitizer: 194 has E3 wait for a device with it.
use strict;
use warnings;

use Custody;
use E3Client;
use Files;
use JSON::PP ();
use Memory;
use Test::More;
use Waiting;

my $NOT_READY = 510;

Custody::need('openssl', 'python3');
my $lacks = Custody::Kms::lacks();
plan skip_all => $lacks if defined $lacks;
my $kms = Custody::Kms->new;
my $e3 = Custody->new($kms->lines);
my @lines = @{ $e3->{lines} };

# The E3 of now, and that it has once custody = kms.
$e3->configure('kms');
$e3->configure('passphrase');
$kms->admit($e3);
my ($status, $said) = $e3->try_ctl('keyring', 'reseal', '--custody', 'kms');
plan skip_all => 'this E3 is built without kms' if $said =~ /built without/;

is($status, 0, 'reseal') or diag($said);
is($kms->asked, "Encrypt OK\nDecrypt OK\n", 'the key was encrypted, and released again before anything was written');
$e3->configure('kms');
is(unpack('H4', substr slurp($e3->{keyring}), 4, 2), '0204', 'the file names its custody');
my $blob_len = unpack 'n', substr slurp($e3->{keyring}), 6, 2;

# --- it opens --------------------------------------------------------------

sub libraries { return join '', slurp("/proc/$e3->{process}{pid}/maps") =~ /\/libcurl/g }

$e3->start;
ok($e3->serves('default'), 'E3 starts');
is($kms->asked, "Decrypt OK\n", 'it has asked once');
SKIP:
{
	skip 'only root reads the memory of E3', 2 if $> != 0;
	skip 'sanitizers keep copies of what was freed', 2 if ($ENV{EVCRYPT_VARIANT} // 'release') ne 'release';
	skip 'this kernel has no secret memory', 2 unless $e3->ctl('health') =~ /^isolation: .*\bsecret_memory\b/m;
	my ($id, $secret, $session) = split /\n/, slurp($kms->{credentials});
	my ($found) = scan_process($e3->{process}{pid}, key => slurp("$kms->{dir}/released"), secret => $secret, session => $session,
		control => $kms->{setup}{key});
	cmp_ok(scalar(grep { /^control / } @$found), '>', 0, 'what is no secret is found in its memory');
	is_deeply([ grep { !/^control / } @$found ], [], 'the key and the credentials are not');
}
$e3->ctl('app', 'add', 'second');
ok($e3->serves('second'), 'and takes a change up');
is($kms->asked, "Decrypt OK\n", 'e3ctl has asked, E3 has not');
$kms->stop;
$e3->ctl('reload');
ok($e3->serves('second'), 'it reloads without the service');
is($e3->stop, 0, 'and stops');

# --- it does not open ------------------------------------------------------

$e3->refuses('CUSTODY_ABSENT', 'no KMS at 127.0.0.1:\d+: ', 'no service');
$kms->start;
$e3->{lines} = [ @lines = map { s/127\.0\.0\.1:\d+/127.0.0.1:$kms->{port}/r } @lines ];
$e3->configure('kms');
$e3->refuses('CUSTODY_REFUSED', 'the KMS answers 400 AccessDeniedException: PCR1 is not one that may', 'another configuration');
$kms->admit($e3);
my $pcrs = $kms->{setup}{pcrs};
$kms->set(pcrs => { %$pcrs, 0 => [ $pcrs->{0}[1] ] });
$e3->refuses('CUSTODY_REFUSED', 'AccessDeniedException: PCR0 is not one that may', 'another program');
is(($e3->try_ctl('app', 'list'))[0], 0, 'the program that may does open it');
$kms->set(pcrs => $pcrs, root => "$kms->{dir}/server.crt");
for my $unsigned (JSON::PP::false, JSON::PP::true)
{
	$kms->set(unsigned_for_tests => $unsigned);
	$e3->refuses('CUSTODY_REFUSED', "AccessDeniedException: the document's root is not the one that counts",
		'evidence of another root' . ($unsigned ? ', though it need not be signed' : ''));
}
$kms->set(root => "$kms->{dir}/evidence/root.crt", unsigned_for_tests => JSON::PP::false);

my @bad = (
	[ 'wrong-recipient' => 'CUSTODY_REFUSED', 'envelope does not open' ],
	[ 'wrong-key'       => 'KEYRING_UNSEAL',  '' ],
	[ 'short-key'       => 'CUSTODY_REFUSED', 'or has no key' ],
	[ 'long-key'        => 'CUSTODY_REFUSED', 'or has no key' ],
	[ 'double-key'      => 'CUSTODY_REFUSED', 'or has no key' ],
	[ 'truncated'       => 'CUSTODY_REFUSED', 'envelope is damaged' ],
	[ 'trailing'        => 'CUSTODY_REFUSED', 'envelope is damaged' ],
	[ 'two-recipients'  => 'CUSTODY_REFUSED', 'is not RSAES-OAEP-SHA-256' ],
	[ 'sha1'            => 'CUSTODY_REFUSED', 'is not RSAES-OAEP-SHA-256' ],
	[ 'aes128'          => 'CUSTODY_REFUSED', 'envelope does not open' ],
	[ 'plain'           => 'CUSTODY_REFUSED', 'answers in plain' ],
	[ 'nothing'         => 'CUSTODY_REFUSED', 'has no good CiphertextForRecipient' ],
	[ 'not-base64'      => 'CUSTODY_REFUSED', 'has no good CiphertextForRecipient' ],
	[ 'not-json'        => 'CUSTODY_REFUSED', 'is not a JSON object' ],
	[ 'long'            => 'CUSTODY_REFUSED', 'answer is longer than 16384 bytes' ],
	[ 'redirect'        => 'CUSTODY_REFUSED', 'the KMS answers 307' ],
	[ 'throttle'        => 'CUSTODY_ABSENT',  'the KMS answers 400 ThrottlingException: Rate exceeded' ],
	[ 'trouble'         => 'CUSTODY_ABSENT',  'the KMS answers 500 KMSInternalException' ]);
for my $case (@bad)
{
	my ($mode, $refused, $pattern) = @$case;

	$kms->set(mode => $mode);
	$e3->refuses($refused, $pattern, "an answer that is $mode");
}
$kms->set(mode => 'definite');
is(($e3->try_ctl('app', 'list'))[0], 0, 'an envelope in DER is as good as one in BER');
$kms->set(mode => 'good');
$e3->damage_is_refused(4 .. 7, 12, 20, 36, 48, 49, 47 + $blob_len, 48 + $blob_len);
$e3->older_is_refused('kms', sub { $kms->admit($e3) });

# --- who asks, and where ---------------------------------------------------

# With lines of the configuration that are others, or more.
sub says
{
	my ($status, $pattern, $what, %other) = @_;
	my $names = join '|', keys %other;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$e3->{lines} = [ (grep { !/^(?:$names) = / } @lines), map { "$_ = $other{$_}" } keys %other ];
	$e3->configure('kms');
	$kms->admit($e3);
	if (defined $status) { $e3->refuses($status, $pattern, $what) }
	else { like(join(' ', $e3->try_ctl('app', 'list')), qr/^0 default\t/, $what) }
	$e3->{lines} = [@lines];
	$e3->configure('kms');
	$kms->admit($e3);
	return;
}

my $credentials = slurp($kms->{credentials});
for my $wrong ('', "\n", "AKIDEXAMPLE\n", "AKIDEXAMPLE\n\nx\n", "a b\nc\n", "a:b\nc\n", "a\nb\nc\nd\n", "a\nb\0\n", 'x' x 4097)
{
	spit($kms->{credentials}, $wrong);
	$e3->refuses('PASSPHRASE', 'not two or three lines', 'credentials that are none: ' . substr($wrong =~ s/[\n\0]/./gr, 0, 20));
}
spit($kms->{credentials}, $credentials =~ s/secret/Secret/r);
$e3->refuses('CUSTODY_REFUSED', '400 InvalidSignatureException: the signature is not right', 'a wrong secret');
spit($kms->{credentials}, $credentials =~ s/session/Session/r);
$e3->refuses('CUSTODY_REFUSED', '400 UnrecognizedClientException: the session token is not right', 'a wrong session token');
spit($kms->{credentials}, $credentials);
chmod 0644, $kms->{credentials} or die;
$e3->refuses('PASSPHRASE', 'others may read it', 'credentials that others may read');
chmod 0600, $kms->{credentials} or die;
says('CUSTODY_REFUSED', '400 InvalidSignatureException: scope', 'another region', 'kms_region', 'eu-test-2');
says('CUSTODY_REFUSED', '400 NotFoundException', 'another key', 'kms_key', 'alias/other');
says('CUSTODY_ABSENT', 'no KMS at .*SSL', 'another authority', 'kms_ca_file', "$kms->{dir}/evidence/root.crt");
says('CUSTODY_ABSENT', 'no KMS at localhost:\d+: .*SSL', 'another name', 'kms_endpoint', "https://localhost:$kms->{port}");
says(undef, '', 'through a socket, without a name service', 'kms_endpoint', 'https://kms.test', 'kms_socket', "$kms->{dir}/kms.sock");
says('CUSTODY_ABSENT', 'no KMS at 127.0.0.1:\d+: ', 'no such socket', 'kms_socket', "$kms->{dir}/none");

# --- it is waited for ------------------------------------------------------

$e3->{lines} = [ map { s/^(kms_timeout_ms) = .*/$1 = 2000/r } @lines ];
$e3->configure('kms');
$kms->set(mode => 'hang');
spit($e3->{log}, '');
$e3->{process} = Custody::spawn($e3->{log}, sub { slurp($e3->{log}) =~ /event=waiting_for_keys/ }, 'e3', '--config', $e3->{config});
my $reply = E3Client->new("$e3->{dir}/e3.sock")->call('HEALTH', {});
is($reply->{header}{code}, $NOT_READY, 'while it is waited for HEALTH is refused');
waitpid $e3->{process}{pid}, 0;
is($? >> 8, 1, 'when it takes too long E3 ends');
$e3->{process}{pid} = undef;
like(slurp($e3->{log}), qr/event=keyring_refused .*status=CUSTODY_ABSENT .*no KMS at .*timed out/, 'and says so');
$kms->set(mode => 'good');
$e3->{lines} = [@lines];
$e3->configure('kms');

# --- another service, and back ---------------------------------------------

$e3->ctl('keyring', 'backup', "$e3->{dir}/backup", '--passphrase-file', "$e3->{dir}/passphrase");
$kms->stop;
my $second = Custody::Kms->new;
$e3->{lines} = [ $second->lines ];
$e3->configure('kms');
$second->admit($e3);
($status, $said) = $e3->try_ctl('keyring', 'restore', "$e3->{dir}/backup", '--passphrase-file', "$e3->{dir}/passphrase");
is($status, 0, 'a backup under a passphrase is restored to another service') or diag($said);
$e3->start;
ok($e3->serves('newest'), 'and E3 starts');
isnt(libraries(), '', 'libcurl is in its process');
is($e3->stop, 0, 'and stops');

$e3->reseal('passphrase');
$e3->start;
ok($e3->serves('newest'), 'back under the passphrase');
is(libraries(), '', 'without libcurl');
is($e3->stop, 0, 'E3 stops');

# Where there is no evidence the key is sealed all the same, for an E3 elsewhere.
$second->asked;
$e3->{lines} = [ ($second->lines)[ 5 .. 11 ] ];
$e3->configure('passphrase');
like($e3->ctl('keyring', 'reseal', '--custody', 'kms'), qr/whether the KMS releases the key is not tried/, 'reseal without evidence says what it leaves out');
is($second->asked, "Encrypt OK\n", 'it has not asked for the key');
$e3->configure('kms');
like(join(' ', $e3->try_ctl('app', 'list')), qr/^1 .*\[attest\] evidence: is missing, and custody = kms needs it/, 'here it does not open');
$e3->{lines} = [ $second->lines ];
$e3->configure('kms');
$second->admit($e3);
is(($e3->try_ctl('app', 'list'))[0], 0, 'with evidence it does');

done_testing();
