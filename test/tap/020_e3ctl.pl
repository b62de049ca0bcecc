# e3ctl: its command line, init, and apps; a running E3 serves a new app when
# the command returns.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use FaultProxy;
use JSON::PP;
use MIME::Base64;
use Test::More;

my $e3 = start_e3();

sub mode_of { return sprintf '%o', (stat $_[0])[2] & 07777; }

# Public keys that E3 itself serves, as hex; the name of the error if it does not.
sub served
{
	my ($app) = @_;
	my $client = E3Client->new($e3->{socket});
	my $reply = $client->call('KEYS', { app => $app });

	$client->close;
	return $reply->{header}{name} unless $reply->{type} == $E3Client::VERB{RESULT};
	return join ' ', map { my ($version, @points) = @$_; ($version, map { unpack 'H*', $_ } @points) }
	  @{ $reply->{header}{keys} };
}

# The same as "e3ctl app export" shows them.
sub exported
{
	my ($app) = @_;
	my $export = decode_json($e3->ctl('app', 'export', $app));

	return join ' ', map { ($_->{version}, $_->{p256}{hex}, $_->{secp256k1}{hex}) }
	  @{ $export->{versions} };
}

# --- the command line ------------------------------------------------------

like($e3->ctl('--help'), qr/^Usage: e3ctl .*keyring restore FILE/ms, '--help');
like($e3->ctl('--version'), qr/^e3ctl \d+\.\d+\n\z/, '--version');

for my $case (
	[ qr/unknown command; see e3ctl --help/ ],
	[ qr/unknown command; .*/, 'app' ],
	[ qr/unknown command; .*/, 'frobnicate' ],
	[ qr/unknown command; .*/, 'app', 'remove', 'x' ],
	[ qr/usage: e3ctl app add NAME; .*/, 'app', 'add' ],
	[ qr/usage: e3ctl app add NAME; .*/, 'app', 'add', 'x', 'y' ],
	[ qr/usage: e3ctl app list; .*/, 'app', 'list', 'x' ],
	[ qr/usage: e3ctl keyring backup FILE .*/, 'keyring', 'backup' ],
	[ qr/usage: e3ctl app add NAME; .*/, 'app', 'add', 'x', '--private-key', '/dev/null' ],
	[ qr/usage: e3ctl health; .*/, 'health', '--owner', 'root' ],
	[ qr/usage: e3ctl app add NAME; .*/, 'app', 'add', 'v', 'w', 'z' ],
	[ qr/too many words: z; .*/, 'audit', 'verify', ('x') x 16, 'z' ],
	[ qr/unknown option --frob; .*/, 'app', 'list', '--frob' ],
	[ qr/unknown option --config-file=x; .*/, '--config-file=x', 'app', 'list' ],
	[ qr/no value for --config; .*/, 'app', 'list', '--config' ],
	[ qr/no value for --config; .*/, '--config=', 'app', 'list' ],
	[ qr/given twice: --private-key; .*/, 'app', 'import', 'x', '--private-key', 'a', '--private-key=b' ])
{
	my ($pattern, @arguments) = @$case;
	$e3->ctl_fails(2, $pattern, @arguments);
}
is($e3->ctl('app', 'list') =~ tr/\n//, 1, 'none of them has done anything');

{
	my ($status, undef, $err) = do
	{
		local $ENV{E3_CONFIG} = '/nonexistent/e3.conf';
		my ($out, $err);
		IPC::Run::run([ 'e3ctl', '--config', $e3->{config}, 'health' ], '>', \$out, '2>', \$err);
		($?, $out, $err);
	};
	is($status, 0, '--config goes before E3_CONFIG') or diag($err);
	my $missing = bless { config => '/nonexistent/e3.conf' }, 'EvcryptTest::E3';
	$missing->ctl_fails(1, qr{/nonexistent/e3\.conf: No such file or directory}, 'health');
}
IPC::Run::run([ 'e3ctl', '--config', $e3->{config}, 'app', 'list' ], '>', '/dev/full', '2>', \my $full);
is($? >> 8, 1, 'output that cannot be written is a failure');
like($full, qr/^e3ctl: cannot write to standard output: /, 'by name');

# --- init ------------------------------------------------------------------

my $dir = "$e3->{dir}/made";
my $made = bless { config => "$dir/e3.conf" }, 'EvcryptTest::E3';
my @files = map { "$dir/$_" } qw(e3.conf passphrase keyring keyring.lock);
my $umask = umask 0;
my ($status, $out, $err) = $made->try_ctl('init');
is($status, 0, 'init') or diag($err);
is($out, join('', map { "made $_\n" } $dir, @files[0 .. 2]), 'it says what it has made');
is($err, '', 'and nothing else');
is(mode_of($dir), '700', 'the directory is 0700 whatever the umask');
is(mode_of($_), '600', "$_ is 0600") for @files;
umask $umask;

my @before = map { slurp($_) } @files;
is($made->ctl('init'), '', 'init again makes nothing');
is_deeply([ map { slurp($_) } @files ], \@before, 'and changes nothing');

rename "$dir/passphrase", "$dir/away" or die;
$made->ctl_fails(1, qr{\Q$dir\E/passphrase is missing, and a new one would not open \Q$dir\E/keyring}, 'init');
ok(!-e "$dir/passphrase", 'no passphrase is made where a keyring is');
rename "$dir/away", "$dir/passphrase" or die;
is(slurp("$dir/keyring"), $before[2], 'and the keyring is as it was');

spit("$dir/passphrase", "another\n");
$made->ctl_fails(1, qr{\Q$dir\E/keyring: keyring does not open: damaged, or another passphrase}, 'init');
spit("$dir/passphrase", $before[1]);
$made->ctl_fails(1, qr/--owner is for root/, 'init', '--owner', 'root');
$made->ctl_fails(1, qr/\Q$files[0]\E names no policy/, 'policy', 'check');

# Side by side they make one configuration, one passphrase, and the keyring that
# it opens.
my $four = bless { config => "$e3->{dir}/four/e3.conf" }, 'EvcryptTest::E3';
my @jobs = map { IPC::Run::start([ 'e3ctl', '--config', $four->{config}, 'init' ], '>', '/dev/null') } 1 .. 4;
$_->finish for @jobs;
is(join(' ', map { $_->full_result(0) } @jobs), '0 0 0 0', 'four inits at a time');
is($four->ctl('app', 'list'), '', 'and the keyring opens');
is_deeply([ glob "$e3->{dir}/four/*.new" ], [], 'nothing half made is left');

# --- apps ------------------------------------------------------------------

($status, $out, $err) = $made->try_ctl('app', 'add', 'early');
is("$status $err", "0 e3ctl: E3 is not running; it will have the change when it starts\n",
	'an app can be added while E3 does not run');

for my $name ('a', '0-dash_line', 'x' x 63)
{
	my ($status, $out, $err) = $e3->try_ctl('app', 'add', $name);
	is("$status$out$err", '0', "app add $name");
	is(served($name), exported($name), 'E3 serves it at once, with the keys that are exported');
}
my $list = $e3->ctl('app', 'list');
my @names = map { (split /\t/)[0] } split /\n/, $list;
is("@names", join(' ', sort @names), 'app list is sorted');
is(@names, 4, 'and complete');
is(scalar(grep { !/^[a-z0-9_-]+\t1\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?:\t[0-9a-f]{8}){2}$/ } split /\n/, $list), 0,
	'with name, key version, time and key ids');

my $keyring = slurp("$e3->{dir}/keyring");
for my $name ('', 'Upper', 'a b', 'a.b', '../x', "a\n", "\xc3\xa4", 'x' x 64)
{
	$e3->ctl_fails(1, qr/app name is not 1 to 63 of a-z, 0-9, '_' and '-'/, 'app', 'add', $name);
}
$e3->ctl_fails(1, qr/a: app exists already/, 'app', 'add', 'a');
$e3->ctl_fails(1, qr/nobody: no app of this name/, 'app', 'export', 'nobody');
is(slurp("$e3->{dir}/keyring"), $keyring, 'what was refused has left the keyring as it was');
is(served('nobody'), 'UNKNOWN_APP', 'and an app that is not there is not served');

my $export = decode_json($e3->ctl('app', 'export', 'a'));
is(join(' ', sort keys %$export), 'app versions', 'app export: the app and its versions');
for my $version (@{ $export->{versions} })
{
	is(join(' ', sort keys %$version), 'created p256 secp256k1 version', 'a version has these keys');
	for my $point (@$version{qw(p256 secp256k1)})
	{
		like($point->{hex}, qr/^0[23][0-9a-f]{64}\z/, 'a compressed point');
		is(unpack('H*', decode_base64($point->{base64})), $point->{hex}, 'in both ways of writing');
	}
}

# --- side by side ----------------------------------------------------------

my @parallel = map { "parallel-$_" } 1 .. 8;
my %job = map {
	$_ => IPC::Run::start([ 'e3ctl', '--config', $e3->{config}, 'app', 'add', $_ ], '<', \undef)
} @parallel;
$_->finish for values %job;
is(join(' ', map { $job{$_}->full_result(0) } @parallel), join(' ', (0) x 8), 'eight apps added at a time');
my %listed = map { (split /\t/)[0] => 1 } split /\n/, $e3->ctl('app', 'list');
is(scalar(grep { $listed{$_} } @parallel), 8, 'all of them are there');
is(served($_), exported($_), "E3 serves $_") for @parallel;

# After a restart they are the same.
my $was = exported('parallel-1');
is($e3->stop, 0, 'E3 ends');
$e3->start;
is(served('parallel-1'), $was, 'a restarted E3 serves the same keys');

like($e3->ctl('health'), qr/^version: .*\nuptime: \d+\.\d{3} s\n.*\nrunning: \d+\nisolation: no_core .*\nisolation_missing: .*\n\z/s, 'health');
like($e3->ctl('stats'), qr/^connections_open: 1$/m, 'stats');

# Who listens there may be somebody else.
{
	my $proxy = FaultProxy->new(to => $e3->{socket});
	my $through = bless { config => "$e3->{dir}/through.conf" }, 'EvcryptTest::E3';
	my $whole = { %{ E3Client->new($e3->{socket})->{hello} } };
	my $V = \%E3Client::VERB;

	spit($through->{config}, slurp($e3->{config}) =~ s/^socket = .*/socket = $proxy->{path}/mr);
	like($through->ctl('health'), qr/^version: /, 'through a proxy');
	for my $case (
		[ 0, $V->{HELLO}, 0, {}, qr/E3's HELLO is not understood/ ],
		[ 0, $V->{HELLO}, 0, { %$whole, version => 2 }, qr/E3 speaks protocol version 2, e3ctl 1/ ],
		[ 0, $V->{HELLO}, 7, $whole, qr/E3's answer belongs to no question/ ],
		[ 0, $V->{RESULT}, 0, $whole, qr/E3's answer belongs to no question/ ],
		[ 0, $V->{ERROR}, 0, { code => 0, message => 'x' }, qr/E3's answer is not understood/ ],
		[ 1, $V->{RESULT}, 7, {}, qr/E3's answer belongs to no question/ ],
		[ 1, $V->{ERROR}, 1, { code => 501, message => 'it rests' }, qr/E3 refuses: it rests \(BUSY\)/ ])
	{
		my ($message, $type, $id, $header, $pattern) = @$case;

		$proxy->plan({ way => 'reply', message => $message, act => 'replace', with => E3Client::frame($type, $id, $header) });
		$through->ctl_fails(1, $pattern, 'health');
	}
	$proxy->plan({ way => 'reply', byte => 1, act => 'cut' });
	$through->ctl_fails(1, qr/E3 closed the connection/, 'health');
	$proxy->close;
}
$e3->stop;
$e3->ctl_fails(1, qr/E3 is not running: nobody listens at \Q$e3->{socket}\E/, $_) for 'health', 'stats', 'reload';

done_testing();
