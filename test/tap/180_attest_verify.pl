# evcrypt attest verify: what it shows of a document, what it says of it, and the exit
# statuses.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Files;
use IPC::Run;
use JSON::PP;
use File::Temp;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $dir = File::Temp->newdir;
my $vector = decode_json(slurp('test/vectors/evidence.json'));
my $NITRO = defined $ENV{EVCRYPT_VECTORS} ? "$ENV{EVCRYPT_VECTORS}/nitro" : '';

spit("$dir/document", pack 'H*', $vector->{document});
spit("$dir/root.pem", "-----BEGIN CERTIFICATE-----\n" . encode_base64(pack 'H*', $vector->{root})
	. "-----END CERTIFICATE-----\n");

# Exit status, output and errors.
sub verify
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'evcrypt', 'attest', 'verify', @_ ], '<', '/dev/null', '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# The verdict alone.
sub verdict
{
	my ($status, $out, $err) = verify(@_, '--json');

	return $err if $err ne '';
	my $said = decode_json($out);
	is($status, $said->{verdict} eq 'GOOD' ? 0 : 1, "exit status of $said->{verdict}");
	return $said->{verdict};
}

my @document = ("$dir/document", '--root', "$dir/root.pem");
my @at = ('--at', $vector->{at});
my @pcrs = ('--pcr', "0=$vector->{pcr0}", '--pcr', "8=$vector->{pcr8}");
my @bound = ('--nonce', $vector->{nonce}, '--user-data', uc $vector->{user_data});

# What it says of a good one.
my ($status, $out, $err) = verify(@document, @at, @pcrs, @bound);
is($status, 0, 'a document that was made before');
is($err, '', 'without a complaint');
like($out, qr/^module_id   i-0123456789abcdef0-enc0123456789abcdef$/m, 'where it was made');
like($out, qr/^made        2023-11-14T22:13:20Z$/m, 'when');
like($out, qr/^expires     2023-11-14T23:13:20Z$/m, 'how long it is good');
like($out, qr/^PCR0        $vector->{pcr0}$/m, 'its measurements');
like($out, qr/^nonce       $vector->{nonce}$/m, 'what it holds');
unlike($out, qr/not checked/, 'all of which was checked');
like($out, qr/^good\n\z/m, 'and the verdict');

($status, $out) = verify(@document, @at, @pcrs, @bound, '--json');
my $said = decode_json($out);
is($said->{verdict}, 'GOOD', 'the same in JSON');
is($said->{pcrs}{8}, $vector->{pcr8}, 'with its measurements');
is(scalar keys %{ $said->{pcrs} }, 16, 'all of them');
is($said->{user_data}, $vector->{user_data}, 'and what it is bound to');
ok($said->{nonce_checked} && $said->{user_data_checked}, 'which was checked');

($status, $out) = verify(@document, @at, @pcrs);
like($out, qr/^not checked: the nonce.*^not checked: user_data.*^good$/ms, 'it says what it has not checked');

# Each refusal has its name.
is(verdict(@document, @at, '--pcr', "0=$vector->{pcr0}"), 'GOOD', 'one measurement will do');
is(verdict(@document, @at), 'POLICY_EMPTY', 'none will not');
is(verdict(@document, @at, '--pcr', "0=$vector->{pcr8}"), 'PCR_DIFFERS', 'another measurement');
is(verdict(@document, @at, '--pcr', "31=$vector->{pcr8}"), 'PCR_MISSING', 'one that is not there');
is(verdict(@document, @at, @pcrs, '--nonce', '00' x 32), 'NONCE', 'another nonce');
is(verdict(@document, @at, @pcrs, '--user-data', '00' x 32), 'BINDING', 'another connection');
is(verdict("$dir/document", @at, @pcrs), 'ROOT', 'without its root');
is(verdict(@document, @pcrs), 'EXPIRED', 'today');
is(verdict(@document, '--at', '2023-11-14T22:00:00Z', @pcrs), 'FROM_THE_FUTURE', 'earlier');
is(verdict(@document, '--at', '2023-11-14T22:30:00Z', @pcrs), 'STALE', 'later');
is(verdict(@document, '--at', '0', @pcrs), 'NOT_YET_VALID', 'in 1970');
spit("$dir/bad", substr(pack('H*', $vector->{document}), 0, -1) . 'x');
is(verdict("$dir/bad", '--root', "$dir/root.pem", @at, @pcrs), 'SIGNATURE', 'another signature');
spit("$dir/bad", 'x');
is(verdict("$dir/bad", @pcrs), 'TRUNCATED', 'a text');
spit("$dir/bad", '');
is(verdict("$dir/bad", @pcrs), 'TRUNCATED', 'nothing');
spit("$dir/bad", "\0" x 100_000);
is(verdict("$dir/bad", @pcrs), 'TOO_LONG', 'a long file');

# What it does not understand.
for my $case ([ 'no file there' => "$dir/none" ], [ 'a folder' => "$dir" ], [ 'no file' ], [ 'two files' => 'a', 'b' ],
	[ 'no option' => @document, '--what' ], [ 'no root' => "$dir/document", '--root', "$dir/none" ],
	[ 'a root that is none' => "$dir/document", '--root', "$dir/bad" ],
	map { [ "no time: $_" => @document, '--at', $_ ] } 'now', '', '-1', '2023-11-14', '2023-11-14T22:13:20', '253402300800')
{
	my ($what, @words) = @$case;
	my ($status, $out, $err) = verify(@words);
	is($status, 2, $what);
	is($out, '', 'says nothing');
	like($err, qr/^evcrypt: .+/m, 'and complains');
}
for my $case ([ 'pcr', 'x' ], [ 'pcr', "0=$vector->{pcr0}00" ], [ 'pcr', "32=$vector->{pcr0}" ], [ 'nonce', '' ], [ 'nonce', '0' ],
	[ 'nonce', '0g' ], [ 'nonce', '00' x 1025 ], [ 'user-data', 'x' ])
{
	is((verify(@document, "--$case->[0]", $case->[1]))[0], 2, "--$case->[0] " . substr $case->[1], 0, 20);
}
is((verify(@document, ('--pcr', "0=$vector->{pcr0}") x 2))[0], 2, 'a PCR twice');
is(verdict(@document, @at, @pcrs, '--nonce', '00' x 1024), 'NONCE', 'the longest nonce');

# Documents of real enclaves.
SKIP:
{
	skip 'EVCRYPT_VECTORS is not set, so there are no documents of Nitro enclaves', 1 unless -d $NITRO;
	my $index = decode_json(slurp("$NITRO/INDEX.json"));

	for my $name (sort keys %$index)
	{
		my $about = $index->{$name};
		my @expect = map { ('--pcr', "$_=$about->{pcrs}{$_}") } keys %{ $about->{pcrs} // {} };
		my @then = ('--at', int(($about->{timestamp_ms} // 0) / 1000));

		if ($about->{error})
		{
			is(verdict("$NITRO/$name", @pcrs), 'NOT_COSE_SIGN1', "$name is malformed");
			next;
		}
		my $verdict = !$about->{signature_ok} ? 'SIGNATURE' : $about->{debug_mode} ? 'DEBUG' : 'GOOD';
		is(verdict("$NITRO/$name", @then, @expect), $verdict, "$name at its time");
		is(verdict("$NITRO/$name", @then, @expect, '--debug-allowed'), $verdict eq 'DEBUG' ? 'GOOD' : $verdict,
			'with debug mode allowed');
		is(verdict("$NITRO/$name", @expect, '--debug-allowed'), 'EXPIRED', 'today');
		is(verdict("$NITRO/$name", @then, @expect, '--root', "$dir/root.pem"), 'ROOT', 'with another root');
	}
}

done_testing();
