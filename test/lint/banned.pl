#!/usr/bin/perl
# What has no place in the sources, and why.
use strict;
use warnings;

use File::Find;

my $bad = 0;

sub ban
{
	my ($file, $text, $pattern, $reason) = @_;
	my $number = 0;

	for my $line (split /\n/, $text)
	{
		$number++;
		next unless $line =~ $pattern;
		print "$file:$number: $line   ($reason)\n";
		$bad = 1;
	}
	return;
}

sub call_of { my $names = join '|', @_; return qr/\b(?:$names)\s*\(/; }

my @everywhere = (
	[ call_of(qw(strcpy strcat sprintf vsprintf gets strncpy strncat)), 'length is not checked' ],
	[ call_of(qw(strtok atoi atol atof rand srand)), 'state or errors are lost' ],
	[ call_of(qw(system popen execl execlp execle execv execvp)), 'nothing is executed' ],
	[ call_of(qw(alloca)), 'stack of unknown size' ],
	[ call_of(qw(sleep usleep nanosleep)), 'waits are for events' ],
	[ qr{//}, 'comments are /* */' ],
	[ qr/^\s*#\s*if\s+0/, 'dead code' ]);
my @beside_secrets = ([ call_of('memcmp'), 'compare secrets with CRYPTO_memcmp' ]);

# Comments and literals count for nothing but this.
my @in_text = ([ qr/\b(?:TODO|FIXME|XXX|HACK)\b/, 'finish it' ]);

# An extension's script replaces nothing and gives no rights away.
my @in_script = (
	[ qr/CREATE\s+OR\s+REPLACE/i, 'a script replaces nothing' ],
	[ qr/SECURITY\s+DEFINER/i, 'no security-definer functions' ],
	[ qr/CREATE\s+(?:ROLE|USER)\b/i, 'a script makes no roles' ]);

sub slurp
{
	my ($file) = @_;

	open my $handle, '<', $file or die "$file: $!";
	local $/;
	return scalar <$handle>;
}

my @sources;
my @dirs = grep { -d } qw(src enclave test/unit test/fuzz);
find({ no_chdir => 1,
	wanted => sub { push @sources, $_ if /\.[ch]$/ and not m{/build/} } }, @dirs);
die "no sources\n" unless @sources;

for my $file (sort @sources)
{
	my $text = slurp($file);
	my $code = $text;

	# Blank out comments and literals, keeping lines.
	$code =~ s{/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'}
		{ my $m = $&; $m =~ s/[^\n]/ /g; $m }gse;
	ban($file, $code, @$_) for @everywhere;
	ban($file, $text, @$_) for @in_text;
	if ($file =~ m{^enclave/crypto/}) { ban($file, $code, @$_) for @beside_secrets }
}
for my $file (glob 'evcrypt--*.sql')
{
	ban($file, slurp($file), @$_) for @in_script, @in_text;
}
exit $bad;
