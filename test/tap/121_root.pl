# e3ctl run by root in a directory of E3's user: what it makes belongs to that user,
# and it gives away nothing that the user has planted there.  Needs root.
use strict;
use warnings;

use File::Temp ();
use IPC::Run ();
use Test::More;

plan skip_all => 'only root can give files away' if $> != 0;

my $TIMEOUT = 60;
my ($UID, $GID) = (getpwnam 'nobody')[2, 3];
die 'there is no user "nobody"' unless defined $UID;
my $ROOTS = 'cannot lock .*keyring\.lock: not an empty file of this name alone';

my $top = File::Temp->newdir(TMPDIR => 1);
chmod 0755, $top or die;

sub try_ctl
{
	my ($config, @arguments) = @_;

	IPC::Run::run([ 'e3ctl', '--config', $config, @arguments ], '<', \undef, '>', \my $out, '2>', \my $err,
		IPC::Run::timeout($TIMEOUT));
	return ($? >> 8, $err);
}

sub owner_of { return join ':', (lstat $_[0])[4, 5]; }

# A directory that E3's user has.
sub users_dir
{
	my ($name) = @_;

	mkdir "$top/$name", 0700 or die;
	chown $UID, $GID, "$top/$name" or die;
	return "$top/$name";
}

# A file of root's, and a second name for it at "path".
sub plant
{
	my ($path, $text) = @_;
	my $roots = "$top/roots";

	unlink $roots;
	open my $file, '>', $roots or die;
	print $file $text;
	close $file or die;
	link $roots, $path or die;
	return $roots;
}

# --- who owns what is made -------------------------------------------------

for my $case ([ 'given', users_dir('given') ], [ 'new', "$top/new" ], [ "root's", "$top/roots-own" ])
{
	my ($what, $dir) = @$case;
	mkdir $dir or die if $what eq "root's";
	my ($status, $err) = try_ctl("$dir/e3.conf", 'init', '--owner', 'nobody');
	is("$status$err", '0', "$what directory: init --owner");
	is(owner_of("$dir/$_"), "$UID:$GID", "$_ is the owner's") for qw(e3.conf passphrase keyring keyring.lock);
}
is(owner_of("$top/new"), "$UID:$GID", 'a new directory too');
is(owner_of("$top/roots-own"), '0:0', 'one that was there keeps its owner');

# One that notes the generation down: what it notes is E3's to read.
my $noting = users_dir('noting');
my $config = do { local $/; open my $file, '<', "$top/given/e3.conf" or die; <$file> };
open my $conf, '>', "$noting/e3.conf" or die;
print $conf $config =~ s/\Q$top\E\/given/$noting/gr =~ s/^\[keyring\]\n/[keyring]\ngeneration_file = $noting\/newest\n/mr;
close $conf or die;
my ($noted, $errors) = try_ctl("$noting/e3.conf", 'init', '--owner', 'nobody');
is("$noted$errors", '0', 'init --owner, with a file of the generation');
is(owner_of("$noting/$_"), "$UID:$GID", "$_ is the owner's") for qw(newest keyring);

my ($nobody, $said) = try_ctl("$top/never/e3.conf", 'init', '--owner', 'no such user');
is("$nobody$said", "1e3ctl: no such user: no user of this name\n", 'init --owner of nobody');
ok(!-e "$top/never", 'makes nothing');

# --- files of root's, planted ----------------------------------------------

my $dir = "$top/given";
unlink "$dir/keyring.lock" or die;
my ($status) = try_ctl("$dir/e3.conf", 'app', 'add', 'a');
is($status, 0, 'app add by root');
is(owner_of("$dir/keyring.lock"), "$UID:$GID", "a new lock is the keyring's owner's");

for my $text ('', 'secret of root')
{
	unlink "$dir/keyring.lock" or die;
	my $roots = plant("$dir/keyring.lock", $text);
	for my $command ([ 'app', 'add', 'b' ], [ 'init', '--owner', 'nobody' ])
	{
		my ($refused, $err) = try_ctl("$dir/e3.conf", @$command);
		like("$refused$err", qr/^1e3ctl: $ROOTS\n\z/, "@$command: a second name of a file is no lock");
	}
	is(owner_of($roots), '0:0', "root's file stays root's");
}

# The only name of a file that is not empty.
unlink "$top/roots" or die;
my ($refused, $err) = try_ctl("$dir/e3.conf", 'app', 'add', 'b');
like("$refused$err", qr/^1e3ctl: $ROOTS\n\z/, 'a file with something in it is no lock');
is(owner_of("$dir/keyring.lock"), '0:0', 'and stays root\'s');

# Root's own lock, of before the keyring was given away.
unlink "$dir/keyring.lock" or die;
open my $lock, '>', "$dir/keyring.lock" or die;
close $lock or die;
($status, $err) = try_ctl("$dir/e3.conf", 'app', 'add', 'b');
is($status, 0, 'an empty lock of root\'s') or diag($err);
is(owner_of("$dir/keyring.lock"), "$UID:$GID", 'is given to the keyring\'s owner');

# A policy is judged as E3 would, by the keyring's owner.
open my $policy, '>', "$dir/policy" or die;
print $policy "[rule all]\nidentity = any\noperations = encrypt\napps = *\nroles = *\n";
close $policy or die;
chmod 0600, "$dir/policy" or die;
chown $UID, $GID, "$dir/policy" or die;
# Whoever has changed uid is not dumpable, and so not to be searched for leaks.
local $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS}, 'detect_leaks=0';
($status, $err) = try_ctl("$dir/e3.conf", 'policy', 'check', "$dir/policy");
is("$status$err", '0', 'a policy that is E3\'s user\'s is fine');
chown 1, $GID, "$dir/policy" or die;
chmod 0644, "$dir/policy" or die;
($status, $err) = try_ctl("$dir/e3.conf", 'policy', 'check', "$dir/policy");
like("$status$err", qr/^1e3ctl: \Q$dir\E\/policy: /, 'another user\'s is not');

done_testing();
