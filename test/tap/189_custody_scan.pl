# The key that a TPM or a token keeps for the keyring is nowhere in E3 where root could
# read it, once it serves: neither libraries of devices nor the thread that asks them
# leave it behind.
# Release build only: sanitizers keep copies of what was freed.
use strict;
use warnings;

use Custody;
use Files;
use Memory;
use Test::More;

plan skip_all => 'only root can look into E3' if $> != 0;
Custody::need(qw(swtpm tpm2_unseal softhsm2-util pkcs11-tool));
plan skip_all => 'there is no libsofthsm2.so' unless @Custody::MODULES;

# What the file has between its header and what is wrapped.
sub blob_of
{
	my ($e3) = @_;
	my $file = slurp($e3->{keyring});

	return substr $file, 48, unpack 'n', substr $file, 6, 2;
}

# By the tools of the TPM: the same primary key, the same policy.
sub unsealed
{
	my ($e3, $tpm) = @_;
	my ($head, $public, $private) = unpack 'a4 n/a n/a', blob_of($e3);
	my $dir = $tpm->{dir};

	spit("$dir/public", pack 'n/a*', $public);
	spit("$dir/private", pack 'n/a*', $private);
	$tpm->tool('createprimary', '-Q', qw(-C o -g sha256 -G ecc256:aes128cfb -a),
		'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt', '-c', "$dir/primary");
	$tpm->tool('load', '-Q', '-C', "$dir/primary", '-u', "$dir/public", '-r', "$dir/private", '-c', "$dir/object");
	$tpm->tool('flushcontext', '-t');
	$tpm->tool('startauthsession', '-Q', '--policy-session', '-S', "$dir/session");
	$tpm->tool('policypcr', '-Q', '-S', "$dir/session", '-l', 'sha256:0,7,16');
	$tpm->tool('unseal', '-Q', '-c', "$dir/object", '-p', "session:$dir/session", '-o', "$dir/key");
	$tpm->tool('flushcontext', "$dir/session");
	return slurp("$dir/key");
}

# By the token's own tool, as a key that may be read.
sub unwrapped
{
	my ($e3, $token) = @_;
	my $dir = $token->{dir};
	my @tool = ('pkcs11-tool', '--module', $token->{module}, '--token-label', $token->{label}, '--login', '--pin', $Custody::PIN);

	spit("$dir/wrapped", substr blob_of($e3), 1);
	for my $words ([ qw(--unwrap --mechanism AES-KEY-WRAP --label keyring --key-type AES: --extractable),
			'--application-label', 'seen', '--input-file', "$dir/wrapped" ],
		[ qw(--read-object --type secrkey --label seen), '--output-file', "$dir/key" ])
	{
		my ($exit, $text) = Custody::run_program(@tool, @$words);
		die "pkcs11-tool: $text" if $exit;
	}
	return slurp("$dir/key");
}

my $tpm = Custody::Tpm->new;
my $token = Custody::Token->new('e3');
my @cases = ([ 'tpm', \&unsealed, $tpm, "tpm = $tpm->{tcti}", 'tpm_pcrs = 0, 7, 16' ], [ 'pkcs11', \&unwrapped, $token, $token->lines ]);
for my $case (@cases)
{
	my ($kind, $open, $device, @lines) = @$case;
  SKIP:
	{
		my $e3 = Custody->new(@lines);
		my (undef, $said) = $e3->try_ctl('keyring', 'reseal', '--custody', $kind);
		skip "this E3 is built without $kind", 4 if $said =~ /built without/;
		my $key = $open->($e3, $device);
		is(length $key, 32, "$kind: its key is known here");

		$e3->configure($kind);
		$e3->start;
		my $hidden = $e3->ctl('health') =~ /^isolation: .*\bsecret_memory\b/m;
		my ($found, $read) = scan_process($e3->{process}{pid}, key => $key);
	  SKIP:
		{
			skip 'this kernel has no secret memory', 1 unless $hidden;
			is(join('; ', @$found), '', sprintf '%s: in %d MB of E3 it is not found', $kind, $read >> 20);
		}
		is($e3->stop, 0, "$kind: E3 ends");

		push @{ $e3->{lines} }, '[isolation]', 'leave_out = secret_memory';
		$e3->configure($kind);
		$e3->start;
		($found) = scan_process($e3->{process}{pid}, key => $key);
		cmp_ok(scalar @$found, '>=', 1, "$kind: without secret memory it is");
		$e3->stop;
	}
}
done_testing();
