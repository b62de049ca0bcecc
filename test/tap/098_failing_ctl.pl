# A call of e3ctl fails, of the system or of OpenSSL, each of those that a command makes
# once: it says so in one line, or all is as if it had not; what was there before is whole,
# and the command does its work when it is given again.
# Release build only: sanitizers make calls of their own.
use strict;
use warnings;

use EvcryptTest;
use Evidence;
use File::Temp ();
use Hinder;
use Test::More;

my $MOST = 400;

my $dir = File::Temp->newdir('failingXXXXXX', TMPDIR => 1);
my $hinder = Hinder->new("$dir/control", 'e3ctl');
my $count = 0;

# Each of the calls that a command makes fails, of an E3 that "fresh" gives.  "done" says
# what is wrong afterwards, by what the command has printed if it has succeeded; "again",
# when it has been given again.  {name of a call}{exit status}.
sub sweep
{
	my ($what, $fresh, $done, $command, $again) = @_;
	my (%statuses, %wrong);
	my $number = 1;

	for (; $number < $MOST; $number++)
	{
		my $e3 = $fresh->();
		my @command = $command->($e3);
		my ($status, $out, $err) = hindered($e3, $number, @command);
		my $name = $hinder->failed =~ s/^__(\w+?)_(?:2|chk)$/$1/r;
		my @wrong = $done->($e3, $status == 0 ? $out : undef);

		push @wrong, "ends with $status: $err" if $status != 0 and "$status $err" !~ /^1 e3ctl: [^\n]+\n\z/;
		push @wrong, $again->($e3, $e3->try_ctl(@command)) if $again;
		$wrong{"$number $name"} = join ', ', @wrong if @wrong;
		push @wrong, $err if $name eq '' and $status != 0;
		last if $name eq '';
		$statuses{$name}{$status}++;
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(\%wrong, {}, "$what: each of $number calls fails once");
	cmp_ok($number, '<', $MOST, 'and then none has failed');
	note("$_: " . join ' ', %{ $statuses{$_} }) for sort keys %statuses;
	return \%statuses;
}

sub hindered
{
	my ($e3, $number, @command) = @_;
	my %environment = $hinder->environment;

	$hinder->fail_own($number);
	local @ENV{ keys %environment } = values %environment;
	return $e3->try_ctl(@command);
}

# Failing calls of these names are noticed.
sub are_noticed
{
	my ($statuses, @names) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([ grep { join(' ', keys %{ $statuses->{$_} // {} }) ne '1' } @names ], [], "whenever it is @names it is noticed");
	return;
}

# --- a keyring that changes -------------------------------------------------------------

my $kept = start_e3(stopped => 1);
my $keyring = "$kept->{dir}/keyring";
my $before = slurp($keyring);

sub versions { my ($e3) = @_; return join ' ', map { (split /\t/)[1] } grep { /^default\t/ } split /\n/, $e3->ctl('app', 'list'); }

sub as_before
{
	unlink grep { !/(?:e3\.conf|e3\.log|keyring|passphrase|keyring\.lock)\z/ } glob "$kept->{dir}/*";
	spit($keyring, $before);
	return $kept;
}

sub is_whole
{
	my ($expected) = @_;

	return sub {
		my ($e3, $out) = @_;
		my $now = slurp($keyring) eq $before ? '1' : eval { versions($e3) } // $@;
		my @wrong = -e "$keyring.new" ? 'half a keyring is left' : ();

		push @wrong, "versions $now" unless $now eq $expected or !defined $out && $now eq '1';
		return @wrong;
	};
}

are_noticed(sweep('app rotate', \&as_before, is_whole('2 1'), sub { qw(app rotate default) }),
	qw(open malloc calloc RAND_priv_bytes write fsync rename));
are_noticed(sweep('keyring reseal', \&as_before, is_whole('1'), sub { qw(keyring reseal) }), qw(open malloc write fsync rename));

# --- what is made anew --------------------------------------------------------------------

sub nothing { return bless { config => "$dir/new" . ++$count . '/e3.conf' }, 'EvcryptTest::E3'; }

are_noticed(sweep('init', \&nothing, sub { }, sub { 'init' }, sub {
		my ($e3, $status, undef, $err) = @_;
		my @files = map { s{.*/}{}r } sort glob $e3->{config} =~ s{[^/]*$}{*}r;

		return ($status != 0 ? "again: $err" : (), "@files" ne 'e3.conf keyring keyring.lock passphrase' ? "makes @files" : ());
	}), qw(mkdir fchmod write fsync linkat RAND_priv_bytes));

sub half { my (undef, $status, undef, $err) = @_; return $status == 0 || $err =~ /one is there without the other/ ? () : "again: $err"; }

are_noticed(sweep('attest ca', sub { $count++; $kept }, sub { }, sub { ('attest', 'ca', "$dir/authority$count") }, \&half),
	qw(mkdir X509_sign PEM_write_bio_X509 PEM_write_bio_PrivateKey chmod));

# --- questions to an E3 -------------------------------------------------------------------

my $e3 = start_e3(stopped => 1);
my $authority = Evidence::authority($e3, "$dir/authority");
spit("$dir/policy", "[rule all]\nidentity = uid:$>\noperations = encrypt\napps = *\nroles = *\n");
spit($e3->{config}, slurp($e3->{config}) . Evidence::section($authority)
	. "[access]\npolicy = $dir/policy\n[audit]\nfile = $e3->{dir}/audit\n");
$e3->start;

sub says { my ($pattern) = @_; return sub { my (undef, $out) = @_; return !defined $out || $out =~ $pattern ? () : "says $out"; }; }

sub answers { my ($pattern) = @_; return sub { my (undef, $status, $out, $err) = @_; return "$status$out" =~ $pattern ? () : "again: $err"; }; }

my @socket = qw(socket connect setsockopt fcntl);
are_noticed(sweep('health', sub { $e3 }, says(qr/^running: \d+$/m), sub { 'health' }, answers(qr/^0.*^running: \d+$/ms)), @socket);
are_noticed(sweep('attest', sub { unlink "$dir/document"; $e3 }, sub { defined $_[1] && !-s "$dir/document" ? 'no document' : () },
		sub { ('attest', "$dir/document") }, sub { -s "$dir/document" ? () : 'no document' }), @socket, qw(RAND_bytes rename));
are_noticed(sweep('audit verify', sub { $e3 }, says(qr/^records 1 to \d+ are whole$/m), sub { qw(audit verify) },
		answers(qr/^0records 1 to/)), qw(open fopen));
are_noticed(sweep('policy check', sub { $e3 }, says(qr/1 rules, 0 issuers, 0 quotas/), sub { ('policy', 'check', "$dir/policy") },
		answers(qr/^0.*1 rules/)), qw(open));
is($e3->stop, 0, 'E3 ends well');
done_testing();
