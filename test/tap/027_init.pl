# e3ctl init beside other inits, beside other people's files, and where a
# configuration could not name the directory; and the lock of the keyring.
# Without the thread sanitizer: one thread does it.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $N_INITS = 8;
my $ROUNDS = 5;
my $LONGEST_SOCKET = 107;

my $e3 = start_e3(stopped => 1);
my $dir = $e3->{dir};

# An e3ctl whose configuration is this file.
sub ctl_of { return bless { config => $_[0] }, 'EvcryptTest::E3'; }

# --- side by side ----------------------------------------------------------

# Each one's exit status and errors, and what all of them have made.
sub init_together
{
	my ($config) = @_;
	my (@out, @err);
	my @jobs = map
	{
		IPC::Run::start([ 'e3ctl', '--config', $config, 'init' ], '<', \undef, '>', \$out[$_], '2>', \$err[$_])
	} 0 .. $N_INITS - 1;

	$_->finish for @jobs;
	return (join('', map { $jobs[$_]->full_result(0) . $err[$_] } 0 .. $#jobs), sort map { split /\n/ } @out);
}

for my $round (1 .. $ROUNDS)
{
	my $fresh = "$dir/fresh$round";
	mkdir $fresh or die if $round % 2;
	my ($statuses, @made) = init_together("$fresh/e3.conf");
	is($statuses, '0' x $N_INITS, "$N_INITS inits at a time, round $round");
	is_deeply(\@made, [ map { "made $_" } ($round % 2 ? () : $fresh), map { "$fresh/$_" } qw(e3.conf keyring passphrase) ],
		'each file is made once');
	is_deeply([ map { s{.*/}{}r } sort glob "$fresh/*" ], [qw(e3.conf keyring keyring.lock passphrase)],
		'nothing else is left');
	is(ctl_of("$fresh/e3.conf")->ctl('app', 'list'), '', 'and the keyring opens');
}

# --- what is not ours ------------------------------------------------------

mkdir "$dir/mine" or die;
my @neighbours = map { "$dir/mine/$_" } qw(e3.conf.new passphrase.new);
spit($_, 'of somebody else') for @neighbours;
my $mine = ctl_of("$dir/mine/e3.conf");
$mine->ctl('init');
is(join(' ', map { slurp($_) } @neighbours), 'of somebody else of somebody else', 'init leaves other files alone');

# --- names that a configuration cannot hold --------------------------------

sub is_not_made
{
	my ($name, $pattern) = @_;
	my $parent = $name =~ s{/[^/]*\z}{}r;
	my $before = join ' ', glob "$parent/*";

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ctl_of("$name/e3.conf")->ctl_fails(1, qr/not made: $pattern/, 'init');
	ok(!-e $name, 'and there is no directory');
	mkdir $name or die;
	ctl_of("$name/e3.conf")->ctl_fails(1, qr/not made: $pattern/, 'init');
	opendir my $handle, $name or die;
	is(join(' ', grep { !/^\.+\z/ } readdir $handle), '', 'nothing is made in one that is there');
	return;
}

sub long_dir { return "$dir/" . 'd' x ($_[0] - length("$dir/")); }

my $longest = $LONGEST_SOCKET - length '/e3.sock';
is_not_made(long_dir($longest + 1), qr{.*/e3\.conf:4: \[e3\] socket: must be shorter than 108 bytes});
is_not_made(long_dir(190), qr{.*/e3\.conf:4: line is longer than 196 bytes});
is_not_made("$dir/a ;b", qr{\Q$dir\E/a ;b: a configuration cannot name this directory});
like(ctl_of(long_dir($longest) . '/e3.conf')->ctl('init'), qr/^made .*keyring$/m, 'the longest directory that fits');
is(ctl_of(long_dir($longest) . '/e3.conf')->ctl('app', 'list'), '', 'and its keyring opens');
ctl_of("$dir/no/where/e3.conf")->ctl_fails(1, qr{\Q$dir\E/no/where: No such file or directory}, 'init');

# A configuration that is there is read wherever it is.
my $deep = long_dir(150);
mkdir $deep or die;
spit("$deep/e3.conf", slurp("$dir/mine/e3.conf"));
is(ctl_of("$deep/e3.conf")->ctl('init'), '', 'a long path of a configuration that names short ones');

# --- where nothing can be made ---------------------------------------------

sub fails { my ($config, $why) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return ctl_of($config)->ctl_fails(1, $why, 'init'); }

fails("$dir/mine/keyring/e3.conf", qr{\Q$dir\E/mine/keyring/e3\.conf: Not a directory});
mkdir "$dir/closed" or die;
chmod 0500, "$dir/closed" or die;
fails("$dir/closed/e3.conf", qr{\Q$dir\E/closed/e3\.conf: Permission denied});
fails("$dir/closed/new/e3.conf", qr{\Q$dir\E/closed/new: Permission denied});
chmod 0300, "$dir/closed" or die;
fails("$dir/closed/e3.conf", qr{.*\Q$dir\E/closed: Permission denied});
chmod 0700, "$dir/closed" or die;
is(join(' ', glob "$dir/closed/*"), '', 'and nothing is');
mkdir "$dir/apart" or die;
for my $case ([ "$dir/mine/keyring/passphrase", 'Not a directory' ], [ "$dir/none/passphrase", 'No such file or directory' ])
{
	my ($passphrase, $why) = @$case;

	spit("$dir/apart/e3.conf", slurp("$dir/mine/e3.conf") =~ s{^(file) = .*}{$1 = $dir/apart/keyring}mr
		  =~ s{^(passphrase_file) = .*}{$1 = $passphrase}mr);
	fails("$dir/apart/e3.conf", qr{\Q$passphrase\E: $why});
	ok(!-e "$dir/apart/keyring", 'no keyring without its passphrase');
}

# Relative paths are written as absolute ones.
{
	chdir $dir or die;
	like(ctl_of('relative/e3.conf')->ctl('init'), qr{^made relative$}m, 'a relative path');
	like(slurp('relative/e3.conf'), qr{^file = /.*/relative/keyring$}m, 'is absolute in the file');
	chdir '/' or die;
}

# --- the lock of the keyring -----------------------------------------------

my $lock = "$dir/mine/keyring.lock";
my $NO_LOCK = qr/cannot lock \Q$lock\E: not an empty file of this name alone/;
my $keyring = slurp("$dir/mine/keyring");

link $lock, "$dir/mine/other" or die;
$mine->ctl_fails(1, $NO_LOCK, 'app', 'add', 'x');
unlink "$dir/mine/other" or die;
spit($lock, 'x');
$mine->ctl_fails(1, $NO_LOCK, 'app', 'add', 'x');
unlink $lock or die;
symlink "$dir/mine/target", $lock or die;
$mine->ctl_fails(1, qr/cannot open \Q$lock\E: Too many levels of symbolic links/, 'app', 'add', 'x');
ok(!-e "$dir/mine/target", 'a link is not followed');
unlink $lock or die;
is(slurp("$dir/mine/keyring"), $keyring, 'what was refused has left the keyring as it was');
is($mine->ctl('app', 'add', 'x'), '', 'a lock that is missing is made');
ok(-e $lock, 'and stays');

done_testing();
