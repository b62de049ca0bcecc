# A configuration that is not understood: E3 does not start with it, and one
# that runs refuses it at SIGHUP and serves on; the log names file and line, and
# never shows the value.  Then the socket: what E3 replaces and what it does not.
# Without the thread sanitizer: one thread does it.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use IO::Socket::UNIX;
use Test::More;

my $CANARY = 'canary-5c1e';

my $e3 = start_e3();
my $GOOD = slurp($e3->{config});
my $LINES = $GOOD =~ tr/\n//;
my $client = E3Client->new($e3->{socket});

sub is_served
{
	my ($app) = @_;

	return $client->call('ENCRYPT', { app => $app }, E3Client::column('x'))->{type} == $E3Client::VERB{RESULT};
}

# "good" with a line more at the end, or whatever else.
sub with { return $GOOD . join '', map { "$_\n" } @_; }

# --- what is not understood ------------------------------------------------

# The text, the line that is named, and the cause.
my %broken = (
	'unknown key' => [ with("colour = $CANARY"), $LINES + 1, '[keyring] has no key of this name' ],
	'key of another section' => [ with('workers = 2'), $LINES + 1, '[keyring] has no key of this name' ],
	'unknown section' => [ with("[$CANARY]"), $LINES + 1, 'unknown section' ],
	'key given twice' => [ with("file = /$CANARY"), $LINES + 1, '[keyring] file: is given twice' ],
	'key given twice, apart' => [ with('[limits]', '[e3]', "socket = /$CANARY"), $LINES + 3,
		'[e3] socket: is given twice' ],
	'key before the sections' => [ "socket = /$CANARY\n$GOOD", 1, 'key stands before the first section' ],
	'key missing' => [ $GOOD =~ s/^file = .*\n//mr, $LINES - 1, '[keyring] file: is missing' ],
	'empty file' => [ '', 0, '[e3] socket: is missing' ],
	'no key = value' => [ with($CANARY), $LINES + 1, 'neither a [section] nor a key = value' ],
	'heading without end' => [ with("[$CANARY"), $LINES + 1,
		'a section is a name in square brackets and nothing more' ],
	'white space before a key' => [ with(" credential = $CANARY"), $LINES + 1, 'line begins with white space' ],
	'a unit where none may be' => [ with('[limits]', 'idle_timeout_ms = 5s'), $LINES + 2,
		'[limits] idle_timeout_ms: must be a whole number of milliseconds, without a unit' ],
	'an unknown unit' => [ with('[e3]', 'locked_memory = 1GB'), $LINES + 2,
		'[e3] locked_memory: must be a whole number of bytes, kB or MB' ],
	'no power of two' => [ with('[e3]', 'locked_memory = 100kB'), $LINES + 2,
		'[e3] locked_memory: must be a power of two between 65536 and 67108864 bytes' ],
	'no number' => [ with('[e3]', "workers = $CANARY"), $LINES + 2, '[e3] workers: must be a whole number' ],
	'out of range' => [ with('[e3]', 'workers = 257'), $LINES + 2, '[e3] workers: must be between 1 and 256' ],
	'negative' => [ with('[e3]', 'workers = -1'), $LINES + 2, '[e3] workers: must be a whole number' ],
	'far out of range' => [ with('[e3]', 'connections = 99999999999999999999'), $LINES + 2,
		'[e3] connections: must be between 1 and 65536' ],
	'bad mode' => [ with('[e3]', 'socket_mode = rw-rw----'), $LINES + 2,
		'[e3] socket_mode: must be octal permissions such as 0660' ],
	'bad level' => [ with('[e3]', "log_level = $CANARY"), $LINES + 2,
		'[e3] log_level: must be debug, info, warning or error' ],
	'unknown library' => [ with('[crypto]', "aead = $CANARY"), $LINES + 2,
		'[crypto] aead: must be auto, openssl or ipsec-mb' ],
	'unknown user' => [ with('[access]', "allow_users = $CANARY"), $LINES + 2,
		'[access] allow_users: names a user that does not exist' ],
	'relative path' => [ $GOOD =~ s{^file = /}{file = $CANARY/}mr, 5, '[keyring] file: must be an absolute path' ],
	'both kinds of passphrase' => [ with("credential = $CANARY"), $LINES + 1,
		'[keyring] credential: there is no $CREDENTIALS_DIRECTORY' ],
	'socket path too long' => [ $GOOD =~ s{^socket = .*}{'socket = /' . 'x' x 107}mer, 2,
		'[e3] socket: must be shorter than 108 bytes' ],
	'line too long' => [ with('# ' . 'x' x 195), $LINES + 1, 'line is longer than 196 bytes' ],
	'megabyte' => [ with('x' x (1 << 20)), undef, 'file is too long' ],
	'byte order mark' => [ "\xef\xbb\xbf$GOOD", 1, 'file begins with a byte order mark' ],
	'NUL byte' => [ with("# nothing\0here"), $LINES + 1, 'line has a NUL byte' ]);

delete $ENV{CREDENTIALS_DIRECTORY};
for my $what (sort keys %broken)
{
	my ($text, $line, $cause) = @{ $broken{$what} };
	my $error = defined $line ? "$e3->{config}:$line: $cause" : "$e3->{config}: $cause";

	spit($e3->{config}, $text);
	my ($status, $log) = $e3->try_start;
	like("$status $log", qr/^1 .* event=config_refused cause="\Q$error\E"\n.* event=stopped status=CONFIG\n\z/,
		"$what: E3 does not start");
	$log = $e3->hup;
	like($log, qr/^\S+ level=error event=config_refused cause="\Q$error\E"$/m, "$what: SIGHUP names it");
	like($log, qr/event=reload_refused status=CONFIG$/m, 'and is refused');
	ok(is_served('default'), 'E3 serves on');
	$e3->ctl_fails(1, qr/\Q$error\E/, 'app', 'list');
}

unlink $e3->{config} or die;
like($e3->hup, qr/event=config_refused cause="\Q$e3->{config}\E: No such file or directory"$/m, 'no file: SIGHUP');
mkdir $e3->{config} or die;
like($e3->hup, qr/event=config_refused cause="\Q$e3->{config}\E: not a regular file"$/m, 'a directory: SIGHUP');
rmdir $e3->{config} or die;
unlike(slurp($e3->{log}), qr/$CANARY/, 'no value is in the log');

# --- what is understood ----------------------------------------------------

spit($e3->{config}, $GOOD =~ s/\n/\r\n/gr);
like($e3->hup, qr/event=keyring_loaded generation=2 apps=1$/m, 'lines that end with CR LF are fine');
spit($e3->{config}, with('[e3]', 'log_level = error', "socket_mode = 0600 ; a comment", 'workers = 7'));
is($e3->ctl('reload'), '', 'another log level');
my $quiet = slurp($e3->{log});
$e3->ctl('reload');
is(slurp($e3->{log}), $quiet, 'counts at once');
spit($e3->{config}, $GOOD);
is($e3->ctl('reload'), '', 'and back');
spit($e3->{config}, $GOOD =~ s{^socket = .*}{socket = $e3->{dir}/moved.sock}mr);
like($e3->hup, qr/event=keyring_loaded/, 'another socket');
spit($e3->{config}, $GOOD);
is($e3->ctl('reload'), '', 'counts at restart only: E3 listens where it did');
ok(!-e "$e3->{dir}/moved.sock", 'and nowhere else');

# --- the policy: said, taken up, and not dropped by the way -----------------

like(slurp($e3->{log}), qr/level=warning event=policy_none apps=all$/m, 'that there is no policy is said');
spit("$e3->{dir}/policy", "[rule own]\nidentity = uid:$>\noperations = encrypt\napps = default\nroles = *\n");
chmod 0600, "$e3->{dir}/policy";
spit($e3->{config}, with('[access]', "policy = $e3->{dir}/policy"));
is($e3->ctl('reload'), '', 'a policy at reload');
like(slurp($e3->{log}), qr/event=policy_loaded rules=1$/m, 'is said to be there');
is($client->call('DECRYPT', { app => 'default' }, E3Client::column('x'))->{header}{name}, 'POLICY_REFUSED', 'and counts');
spit($e3->{config}, $GOOD);
like($e3->hup, qr/event=policy_refused cause="\Q$e3->{config}\E names none any more: that takes a restart"\n.*event=reload_refused status=CONFIG$/m,
	'a reload without it is refused');
isnt(($e3->try_ctl('reload'))[0], 0, 'and e3ctl says so');
is($client->call('DECRYPT', { app => 'default' }, E3Client::column('x'))->{header}{name}, 'POLICY_REFUSED', 'it counts as before');
ok(is_served('default'), 'and allows what it did');
is($e3->stop, 0, 'E3 ends');
$e3->start;
$client = E3Client->new($e3->{socket});
is($client->call('DECRYPT', { app => 'default' }, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT}, 'a restart does without');

for my $arguments ([ '--frob' ], [ '--config' ], [ 'x' ])
{
	IPC::Run::run([ 'e3', @$arguments ], '<', \undef, '>&', \my $out);
	is($? >> 8, 2, "e3 @$arguments: usage");
	like($out, qr/^usage: e3 \[--config FILE\]$/m, 'which is shown');
}

# --- the socket ------------------------------------------------------------

my $inode = (stat $e3->{socket})[1];
my ($status, $log) = $e3->try_start;
like("$status $log", qr/^1 .*event=listen_failed socket="\Q$e3->{socket}\E" cause="another process listens there"$/sm,
	'a second E3 on the same socket is refused');
is((stat $e3->{socket})[1], $inode, 'the socket stays');
is(E3Client->new($e3->{socket})->call('KEYS', { app => 'default' })->{type}, $E3Client::VERB{RESULT},
	'and the first one serves new clients');
is(sprintf('%o', (stat $e3->{socket})[2] & 07777), '660', 'the socket is 0660');

my $listener = IO::Socket::UNIX->new(Local => "$e3->{dir}/foreign.sock", Listen => 1) or die;
spit("$e3->{dir}/regular", 'not ours');
symlink "$e3->{dir}/regular", "$e3->{dir}/link" or die;
for my $case (
	[ 'regular', 'something that is not a socket is there' ],
	[ 'link', 'something that is not a socket is there' ],
	[ 'foreign.sock', 'another process listens there' ],
	[ 'no/e3.sock', 'No such file or directory' ])
{
	my ($name, $cause) = @$case;
	my $path = "$e3->{dir}/$name";

	spit($e3->{config}, $GOOD =~ s/^socket = .*/socket = $path/mr);
	my ($status, $log) = $e3->try_start;
	like("$status $log", qr/^1 .*event=listen_failed socket="\Q$path\E" cause="\Q$cause\E"$/sm, "$name: $cause");
}
is(slurp("$e3->{dir}/regular"), 'not ours', 'the file is as it was');
ok(-l "$e3->{dir}/link", 'and the link');
ok(IO::Socket::UNIX->new(Peer => "$e3->{dir}/foreign.sock"), 'and the other process listens on');
spit($e3->{config}, with('[e3]', 'socket_mode = 0600', '[crypto]', 'aead = openssl', 'agreement = openssl'));

$e3->kill9;
ok(-S $e3->{socket}, 'a killed E3 leaves its socket');
$e3->start;
$client = E3Client->new($e3->{socket});
ok(is_served('default'), 'which the next one replaces');
is(sprintf('%o', (stat $e3->{socket})[2] & 07777), '600', 'with the mode that is configured');
like($e3->ctl('health'), qr/^backend: openssl [0-9.]+ \([a-z ]+\)$/m, 'and the libraries');
like(slurp($e3->{log}), qr/event=starting .* backend="openssl [0-9.]+ \([a-z ]+\)"$/m, 'which the log names, too');
is($e3->stop, 0, 'E3 ends');
ok(!-e $e3->{socket}, 'and removes its socket');

done_testing();
