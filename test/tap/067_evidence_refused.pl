# No value before the verdict: whoever stands between, or in the place of E3, and cannot
# show good evidence of this very connection, sees HELLO and ATTEST, and nothing else.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Evidence;
use FaultProxy;
use File::Temp ();
use IO::Socket::UNIX;
use Test::More;
use Time::HiRes qw(time);

my $SIGNER_SECONDS = 4;

my $dir = File::Temp->newdir('evidenceXXXXXX', TMPDIR => 1);
my $e3 = start_e3(stopped => 1);
my $authority = Evidence::authority($e3, "$dir/authority");

spit($e3->{config}, slurp($e3->{config}) . Evidence::section($authority, "signer_seconds = $SIGNER_SECONDS\n"));
$e3->start;
my $proxy = FaultProxy->new(to => $e3->{socket}, record => 1);
my $node = new_node('refused', $e3, extra => Evidence::settings($authority, Evidence::pcrs($e3))
	  . "evcrypt.endpoints = 'unix:$proxy->{path}'\n");
my $watch = E3Client->new($e3->{socket});
my $session = session($node);

# The document of an ATTEST of our own, as a reply to a request with that id.
sub document_for
{
	my ($client, $id, $nonce) = @_;
	my $reply = $client->call('ATTEST', { evidence => 'software', nonce => \$nonce });

	return E3Client::frame($E3Client::VERB{RESULT}, $id, { evidence => 'software' }, \$reply->{columns}[0]);
}

# The statement fails for this cause, and on all its connections nothing passed but this.
sub refused
{
	my ($cause, $verbs, $name, $sqlstate) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$session->query(q{SELECT encrypt('a value that must stay here')});
	is($session->sqlstate, $sqlstate // 'EV006', $name);
	like($session->{error}, $cause, 'and it says why') or diag($session->{error});
	my @seen = $proxy->seen;
	is(join('; ', map { Evidence::verbs($_->{request_text}) } @seen), $verbs,
		'what went out, a connection each');
	is(scalar(grep { $_->{request_text} =~ /must stay here/ } @seen), 0, 'and no value was in it');
	return;
}

# --- the control: what the capture shows where all is well ---------------------------------

$proxy->plan;
$session->query(q{SELECT encrypt('a value that must stay here')});
is($session->sqlstate, '00000', 'good evidence') or diag($session->{error});
my ($seen) = $proxy->seen;
is(Evidence::verbs($seen->{request_text}), 'HELLO ATTEST ENCRYPT', 'HELLO, ATTEST, a value');
is(Evidence::verbs($seen->{reply_text}), 'HELLO RESULT RESULT', 'and the replies');
like($seen->{request_text}, qr/must stay here/, 'the capture would show a value');
my ($hello) = $seen->{reply_text} =~ /^(.{4})/s;
my $replayed = substr $seen->{reply_text}, 4 + unpack 'N', $hello;
$replayed = substr $replayed, 0, 4 + unpack 'N', $replayed;
my $old = do { my $body = substr $replayed, 4; E3Client::unpack_object(\$body)->[3] };

# --- documents of other moments and other connections ---------------------------------------

$proxy->plan({ way => 'reply', message => 1, act => 'replace', with => $replayed });
refused(qr/nonce is another one/, 'HELLO ATTEST', 'a document that was good before');

$proxy->plan({ way => 'reply', message => 1, act => 'replace', with => document_for($watch, 1, 'n' x 32) });
refused(qr/nonce is another one/, 'HELLO ATTEST', 'a document with a nonce of somebody else');

for my $bad ([ 'that is none', "\xa0", qr/document is not a COSE_Sign1/ ],
	[ 'cut short', substr($old, 0, -1), qr/document ends too early/ ])
{
	$proxy->plan({ way => 'reply', message => 1, act => 'replace',
		with => E3Client::frame($E3Client::VERB{RESULT}, 1, { evidence => 'software' }, \"$bad->[1]") });
	refused($bad->[2], 'HELLO ATTEST', "a document $bad->[0]");
}

# Whoever does not give what was asked for.
for my $bad (
	[ 'of another kind', 'RESULT', { evidence => 'nitro' }, 'EV006', qr/evidence is of another kind/ ],
	[ 'in a reply that is none', 'RESULT', { evidence => 7 }, '08P01', undef ],
	[ 'in another message', 'CANCELLED', {}, '08P01', undef ],
	[ 'that it has not', 'ERROR', { code => 208, message => 'x' }, 'EV006', qr/E3 gives no evidence of this kind/ ],
	[ 'that it cannot make', 'ERROR', { code => 509, message => 'x' }, 'EV006', qr/evidence of what E3 is cannot be made/ ],
	[ 'that it does not give now', 'ERROR', { code => 504, message => 'x' }, '08001', qr/evidence: / ],
	[ 'in an error that is none', 'ERROR', { code => 0, message => 'x' }, '08P01', undef ])
{
	my ($name, $verb, $header, $sqlstate, $cause) = @$bad;

	$proxy->plan({ way => 'reply', message => 1, act => 'replace',
		with => E3Client::frame($E3Client::VERB{$verb}, 1, $header, $verb eq 'RESULT' ? \$old : ()) });
	refused($cause // qr/./, 'HELLO ATTEST', "a document $name", $sqlstate);
}

# Somebody in the middle, with a connection of his own to a good E3, hands our nonce on.
my $middle = File::Temp->newdir('middleXXXXXX', TMPDIR => 1);
my $listener = IO::Socket::UNIX->new(Local => "$middle/sock", Listen => 10) or die "listen: $!";
pipe my $said, my $say or die "pipe: $!";
my $pid = fork // die "fork: $!";
if ($pid == 0)
{
	close $said;
	while (my $socket = $listener->accept)
	{
		my $victim = bless { socket => $socket, buffer => '', next_id => 1 }, 'E3Client';
		my $own = E3Client->new($e3->{socket});
		my @heard;

		$victim->receive;
		$victim->send_message($E3Client::VERB{HELLO}, 0, $own->{hello});
		my $attest = $victim->receive;
		$victim->send_bytes(document_for($own, $attest->{id}, $attest->{header}{nonce}));
		while (my $more = $victim->receive) { push @heard, $more->{type} }
		syswrite $say, 'heard ' . scalar(@heard) . "\n";
	}
	POSIX::_exit(0);
}
close $say;
$session->query("SET evcrypt.endpoints = 'unix:$middle/sock'");
$session->query(q{SELECT encrypt('a value that must stay here')});
is($session->sqlstate, 'EV006', 'a document of another connection, with our nonce');
like($session->{error}, qr/document is bound to another connection/, 'and it says why');
is(scalar <$said>, "heard 0\n", 'who stands in the middle has heard nothing after it');
kill 'KILL', $pid;
waitpid $pid, 0;
$listener->close;

# --- other moments of a connection --------------------------------------------------------------

$session->query('RESET evcrypt.endpoints');
$proxy->plan;
my $before = $watch->stats->{requests_attest};
my $start = time;
my $works = 0;
my $asked = 0;
until ($asked > 1 or time - $start > 60)
{
	$works++ if $session->query(q{SELECT decrypt(encrypt('renewed'))}) eq 'renewed' and $session->sqlstate eq '00000';
	$asked++ while $asked < $watch->stats->{requests_attest} - $before;
	die $session->{error} if $session->sqlstate ne '00000';
}
cmp_ok($asked, '>', 1, "evidence was asked for again, $asked times in " . ms_since($start) . " ms, in $works statements");
is(scalar(my @all = $proxy->seen), 1, 'on one connection');

# The next document is an old one, here and on the connection that is made for it.
sub old { return E3Client::frame($E3Client::VERB{RESULT}, $_[0], { evidence => 'software' }, \$old); }

$proxy->plan({ connection => 1, way => 'reply', message => 3, act => 'replace', with => old(3) },
	{ connection => 2, way => 'reply', message => 1, act => 'replace', with => old(1) });
$session->query(q{SELECT encrypt('before')});
is($session->sqlstate, '00000', 'a value on a connection that is trusted');
$start = time;
select undef, undef, undef, 0.1 until time - $start > $SIGNER_SECONDS;
refused(qr/nonce is another one/, 'HELLO ATTEST ENCRYPT ATTEST; HELLO ATTEST',
	'the signer of the document nears his end, and there is no other');
$proxy->plan;
wait_until('E3 is tried again', sub { $session->query(q{SELECT decrypt(encrypt('x'))}) eq 'x' });
pass('good evidence, and it serves');

# A request is lost, and who answers then is somebody else.
$proxy->plan({ connection => 1, way => 'reply', message => 2, act => 'cut' },
	{ connection => 2, way => 'reply', message => 1, act => 'replace', with => old(1) });
$session->query(q{SELECT encrypt('lost')});
is($session->sqlstate, 'EV006', 'a request that was lost is not repeated without evidence');
is(join('; ', map { Evidence::verbs($_->{request_text}) } $proxy->seen), 'HELLO ATTEST ENCRYPT; HELLO ATTEST',
	'what went out, a connection each');

# --- E3s of another time ----------------------------------------------------------------------------

my $library = (glob '/usr/lib/*/faketime/libfaketime.so.1')[0];
SKIP: {
	skip 'no libfaketime', 9 unless $library;
	skip 'a build with sanitizers does not start behind libfaketime', 9 if $ENV{EVCRYPT_VARIANT} =~ /san/;
	for my $case ([ '-2h', 60, qr/certificate has expired/ ], [ '-2h', 10_800, qr/document is too old/ ],
		[ '+30m', 10_800, qr/document is from the future/ ])
	{
		my ($offset, $seconds, $cause) = @$case;
		my $elsewhen = start_e3(like => $e3, environment => { LD_PRELOAD => $library, FAKETIME => $offset },
			extra => Evidence::section($authority, "signer_seconds = $seconds\n"));
		my $there = E3Client->new($elsewhen->{socket});

		$session->query("SET evcrypt.expected_pcrs = '" . Evidence::pcrs($elsewhen) . q{'});
		$session->query("SET evcrypt.endpoints = 'unix:$elsewhen->{socket}'");
		$session->query(q{SELECT encrypt('a value that must stay here')});
		is($session->sqlstate, 'EV006', "the clock of E3 at $offset, signers of $seconds s");
		like($session->{error}, $cause, 'and it says why') or diag($session->{error});
		is($there->stats->{requests_encrypt}, 0, 'and it got no value');
		$there->close;
	}
	$session->query('RESET evcrypt.expected_pcrs');
}

# --- several endpoints --------------------------------------------------------------------------------

my $silent = start_e3(like => $e3);
my $there = E3Client->new($silent->{socket});
$session->query("SET evcrypt.endpoints = 'unix:$silent->{socket}, unix:$e3->{socket}'");
$session->is(qq{SELECT decrypt(encrypt('$_'))}, $_, 'one of two gives no evidence: the other serves') for 1 .. 5;
$session->is('SELECT count(decrypt(encrypt(i))) FROM generate_series(1, 20000) i', '20000', 'large batches too');
$session->is('SELECT attested, error IS NULL FROM evcrypt_health()', "f|f\nt|t", 'and evcrypt_health() says which');
my $stats = $there->stats;
cmp_ok($stats->{requests_encrypt} + $stats->{requests_decrypt}, '==', 0, 'the one without got no value');
$session->query("SET evcrypt.endpoints = 'unix:$silent->{socket}'");
$session->query(q{SELECT encrypt('x')}) for 1 .. 2;
is($session->sqlstate, 'EV006', 'alone it is refused, and refused again');
$session->query('SET evcrypt.attestation = off');
$session->is(q{SELECT decrypt(encrypt('x'))}, 'x', 'and serves where none is demanded');

$_->close for $session, $watch, $there, $proxy;
$node->stop;
done_testing();
