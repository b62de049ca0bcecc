# e3ctl bench: what it says that it did is what E3 says that it did; and its
# command line.
use strict;
use warnings;

use E3Client;
use JSON::PP;
use Test::More;

my $watch = E3Client->new($ENV{E3_SOCKET});

# Runs it; exit status, standard output and standard error.
sub bench
{
	my (@options) = @_;

	open my $errors, '+>', undef or die $!;
	my $pid = open my $out, '-|';
	die $! unless defined $pid;
	if ($pid == 0)
	{
		open STDERR, '>&', $errors or die $!;
		exec 'e3ctl', 'bench', @options or die $!;
	}
	my $text = join '', <$out>;
	close $out;
	my $status = $? >> 8;
	seek $errors, 0, 0;
	return ($status, $text, join '', <$errors>);
}

# A second of it, and how E3's counters changed meanwhile.
sub measured
{
	my (@options) = @_;
	my $before = $watch->stats;
	my ($status, $text, $errors) = bench('--duration', 1, '--json', @options);
	my $after = $watch->stats;

	is($status, 0, "@options: ends well") or diag($errors);
	return (decode_json($text), { map { $_ => $after->{$_} - $before->{$_} } keys %$after });
}

my ($found, $counted) = measured('--mix', '80:30,18:150,2:2000', '--rate', 300, '--connections', 4);
is($found->{all}{answered}, $counted->{requests_encrypt}, 'encrypt: as many requests as E3 counted');
is($found->{values}, $counted->{values_done}, 'encrypt: as many values');
is($found->{all}{sent} + $found->{all}{unsent}, 300, 'encrypt: as many as the rate says');
is(scalar @{ $found->{classes} }, 3, 'encrypt: three sizes');
cmp_ok($found->{classes}[0]{p50_us}, '<=', $found->{classes}[0]{p99_us}, 'encrypt: percentiles in order');
cmp_ok($found->{all}{max_us}, '>=', $found->{all}{p999_us}, 'encrypt: up to the maximum');
is($counted->{connections_accepted}, 5, 'encrypt: four connections, and the first');

($found, $counted) = measured('--verb', 'decrypt', '--mix', '1:500', '--curve', 'secp256k1', '--in-flight', 3);
cmp_ok($found->{all}{answered}, '>', 0, 'decrypt: something was done');
is($found->{all}{answered}, $counted->{requests_decrypt}, 'decrypt: as many requests as E3 counted');
is($counted->{requests_encrypt}, 1, 'decrypt: one request made the ciphertexts');
is($found->{values}, $counted->{values_done} - 500, 'decrypt: as many values');
is($found->{all}{sent}, $found->{all}{answered}, 'decrypt: every request was answered, and right');

($found, $counted) = measured('--verb', 'echo', '--value-bytes', 100_000, '--mix', '1:20', '--connections', 2);
is($found->{all}{answered}, $counted->{requests_echo}, 'echo: as many requests as E3 counted');
cmp_ok($counted->{bytes_in}, '>=', $found->{values} * 100_000, 'echo: all bytes went in');
is($counted->{requests_failed}, 0, 'echo: none failed');

($found, $counted) = measured('--app', 'nobody', '--rate', 10);
is_deeply($found->{errors}, { UNKNOWN_APP => 10 }, 'errors are counted by name');
is($found->{all}{refused}, $counted->{requests_failed}, 'as many as E3 counted');
is($found->{values}, 0, 'and nothing was done');

# The report comes also when it is interrupted, and says what was done until then.
my $before = $watch->stats;
my $pid = open my $out, '-|', 'e3ctl', 'bench', '--duration', 600, '--json';
die $! unless $pid;
my $deadline = time + 30;
until ($watch->stats->{requests_encrypt} > $before->{requests_encrypt} + 100)
{
	die 'it does not begin' if time > $deadline;
	select undef, undef, undef, 0.01;
}
kill INT => $pid;
my $report = decode_json(join '', <$out>);
close $out;
is($?, 0, 'interrupted: ends well');
is($report->{all}{answered}, $watch->stats->{requests_encrypt} - $before->{requests_encrypt},
	'interrupted: as many requests as E3 counted');

my ($status, $text, $errors) = bench('--duration', 1);
is($status, 0, 'a table');
like($text, qr/^values\/s: \d+$/m, 'for people');

($status, $text, $errors) = bench('--mix', '30');
is($status, 2, 'a word that is not understood');
like($errors, qr/^e3ctl: --mix: must be like/, 'is named');
($status, $text, $errors) = bench('--json=yes');
is($status, 2, 'a flag has no value');
($status, $text, $errors) = bench('--duration', 1, '--duration', 1);
is($status, 2, 'an option given twice');
($status, $text, $errors) = bench('--socket', '/nowhere/e3.sock');
is($status, 1, 'no E3');
like($errors, qr/E3 is not running/, 'is said');

done_testing();
