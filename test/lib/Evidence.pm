# E3s that give evidence of the kind "software", and what is expected of it.
package Evidence;

use strict;
use warnings;

use Digest::SHA qw(sha384_hex);
use EvcryptTest;
use File::Spec;

sub program
{
	my ($found) = grep { -x } map { "$_/e3" } File::Spec->path;

	return $found // die 'no e3 on the PATH';
}

# An authority: root.crt, issuer.crt, issuer.key in this folder.
sub authority
{
	my ($e3, $dir, @options) = @_;

	$e3->ctl('attest', 'ca', $dir, @options);
	return $dir;
}

# [attest] of a configuration.
sub section
{
	my ($dir, $extra) = @_;

	return <<"END" . ($extra // '');
[attest]
evidence = software
root = $dir/root.crt
certificate = $dir/issuer.crt
key = $dir/issuer.key
END
}

# evcrypt.expected_pcrs of an E3 without a policy.
sub pcrs
{
	my ($e3) = @_;

	return join ',', "0=" . sha384_hex(slurp(program())), "1=" . sha384_hex(slurp($e3->{config})),
	  "2=" . sha384_hex('');
}

# Settings of a server that demands it.
sub settings
{
	my ($dir, $pcrs) = @_;

	return <<"END";
evcrypt.attestation = 'software'
evcrypt.attestation_root = '$dir/root.crt'
evcrypt.expected_pcrs = '$pcrs'
END
}

# Names of the messages in what went one way.
sub verbs
{
	my ($text) = @_;
	my %name = reverse %E3Client::VERB;
	my @verbs;

	while (length $text >= 4)
	{
		my $body = substr $text, 4, unpack('N', $text);
		my ($type) = @{ E3Client::unpack_object(\$body) };

		push @verbs, $name{$type} // $type;
		substr $text, 0, 4 + unpack('N', $text), '';
	}
	return "@verbs";
}

1;
