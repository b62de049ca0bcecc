# Credentials for tests: keys made by openssl, tokens signed by it.
package Token;

use strict;
use warnings;

use IPC::Run ();
use MIME::Base64 qw(encode_base64url);

# A key pair in this directory: $dir/$name.key and $dir/$name.pem.
sub make_key
{
	my ($dir, $name, $curve) = @_;

	run('', 'openssl', 'ecparam', '-name', $curve // 'prime256v1', '-genkey', '-noout', '-out', "$dir/$name.key");
	run('', 'openssl', 'ec', '-in', "$dir/$name.key", '-pubout', '-out', "$dir/$name.pem");
	chmod 0644, "$dir/$name.pem";
	return "$dir/$name";
}

sub run
{
	my ($in, @command) = @_;
	my ($out, $err);

	IPC::Run::run(\@command, '<', \$in, '>', \$out, '2>', \$err) or die "@command: $err";
	return $out;
}

# r and s of a DER signature, 32 bytes each.
sub raw_signature
{
	my ($der) = @_;
	my @numbers = unpack 'x2 (x C/a)2', $der;

	return join '', map { substr("\0" x 32 . $_, -32) } @numbers;
}

# JSON of strings, integers, arrays and hashes, as much as a claim needs.
sub json
{
	my ($value) = @_;

	return '{' . join(',', map { json("$_") . ':' . json($value->{$_}) } sort keys %$value) . '}'
	  if ref $value eq 'HASH';
	return '[' . join(',', map { json($_) } @$value) . ']' if ref $value eq 'ARRAY';
	return $value if $value =~ /^-?\d+(?:\.\d+)?$/;
	return '"' . ($value =~ s/(["\\])/\\$1/gr) . '"';
}

# A token with these claims; undef takes one out.
sub make
{
	my ($key, %claims) = @_;
	my $now = time;
	my %all = (
		iss => 'https://issuer.test', sub => 'app-1', iat => $now, exp => $now + 300,
		app => 'default', operations => ['decrypt'], %claims);
	my $header = delete $all{header} // { alg => 'ES256', typ => 'JWT' };
	my $text;

	delete $all{$_} for grep { !defined $all{$_} } keys %all;
	$text = join '.', map { encode_base64url(json($_)) } $header, \%all;
	return "$text." . encode_base64url(raw_signature(
			run($text, 'openssl', 'dgst', '-sha256', '-sign', "$key.key")));
}

1;
