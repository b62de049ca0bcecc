# Who may connect: another user is refused by name until the configuration lets
# it in, and administers nothing even then.  Needs root, to be somebody else.
use strict;
use warnings;

use E3Client;
use Test::More;

plan skip_all => 'only root can connect as somebody else' if $> != 0;

my $NOBODY = getpwnam('nobody') // die 'there is no user "nobody"';
my $RELOAD = 12;
local $E3Client::VERB{RELOAD} = $RELOAD;

sub slurp
{
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# In place: the owner stays.
sub spit
{
	my ($path, $text) = @_;

	open my $file, '+<', $path or die "$path: $!";
	truncate $file, 0;
	print $file $text;
	close $file or die;
	return;
}

# The first message that E3 sends to this user; a HELLO if it is let in.
sub greeting_of
{
	my ($uid) = @_;
	local $> = $uid;
	my $client = E3Client->connect($ENV{E3_SOCKET});

	$client->send_message($E3Client::VERB{HELLO}, 0, { version_min => 1, version_max => 1 });
	my $reply = $client->receive;
	return ($client, $reply);
}

sub is_let_in
{
	my ($uid, $name) = @_;
	my ($client, $reply) = greeting_of($uid);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($reply->{type}, $E3Client::VERB{HELLO}, $name);
	return $client;
}

sub is_turned_away
{
	my ($uid, $name) = @_;
	my ($client, $reply) = greeting_of($uid);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($reply->{header}{name}, 'PEER_REFUSED', $name);
	is($reply->{id}, 0, 'as the connection\'s error');
	is($client->receive, undef, 'and closed');
	return;
}

my $config = slurp($ENV{E3_CONFIG});
my $mode = (stat $ENV{E3_SOCKET})[2];
my ($owner) = getpwuid((stat $ENV{E3_SOCKET})[4]);

sub allow
{
	my (@users) = @_;

	spit($ENV{E3_CONFIG}, $config =~ s/^allow_users = .*/@users ? 'allow_users = ' . join ', ', @users : ''/mer);
	is(system('e3ctl', 'reload'), 0, 'allowed: ' . (join(', ', @users) || 'nobody but its own user'));
	return;
}

# The stack is as it was, whatever happens.
END
{
	my $status = $?;
	if (defined $mode)
	{
		chmod $mode & 07777, $ENV{E3_SOCKET};
		chmod 0700, $ENV{EVCRYPT_STACK};
		spit($ENV{E3_CONFIG}, $config);
		$status ||= 1 if system('e3ctl', 'reload');
	}
	$? = $status;
}

my $watch = E3Client->new($ENV{E3_SOCKET});

# The file system would let it in, so that E3 itself has to decide.
is(eval { greeting_of($NOBODY) }, undef, 'another user does not even reach the socket');
chmod 0711, $ENV{EVCRYPT_STACK} or die;
chmod 0666, $ENV{E3_SOCKET} or die;
my $refused = $watch->stats->{connections_refused};
is_turned_away($NOBODY, 'a user that is not allowed is refused by name');
is($watch->stats->{connections_refused}, $refused + 1, 'and counted');
like(slurp("$ENV{EVCRYPT_STACK}/e3.log"), qr/event=peer_refused peer=uid:$NOBODY status=PEER_REFUSED$/m, 'and logged');

allow($owner, 'root', 'nobody');
my $client = is_let_in($NOBODY, 'a user that is allowed is let in');
is($client->call('ECHO', { app => 'default' }, E3Client::column('on'))->{type}, $E3Client::VERB{RESULT},
	'and served');
is($client->call('RELOAD', {})->{header}{name}, 'NOT_ALLOWED', 'but administers nothing');
is($client->call('HEALTH', {})->{type}, $E3Client::VERB{RESULT}, 'and the connection goes on');
$client->close;
allow($owner, 'root', $NOBODY);
$client = is_let_in($NOBODY, 'by its number as well');
my $helloless = do { local $> = $NOBODY; E3Client->connect($ENV{E3_SOCKET}) };
is($client->call('ECHO', { app => 'default' }, E3Client::column('on'))->{type}, $E3Client::VERB{RESULT}, 'and served');
$refused = $watch->stats->{connections_refused};
allow($owner, 'root');
for ([ $client, 'connected' ], [ $helloless, 'has not said HELLO yet' ])
{
	my ($cut, $what) = @$_;

	is(eval { $cut->receive->{header}{name} }, 'PEER_REFUSED', "taken off the list it is refused where it $what");
	is($cut->receive, undef, 'and closed');
	$cut->close;
}
is($watch->stats->{connections_refused}, $refused + 2, 'both are counted, and who is still on the list goes on');
is_turned_away($NOBODY, 'and it is refused when it comes again');

allow();
is(eval { $watch->receive->{header}{name} }, 'PEER_REFUSED', 'root is, too');
is_turned_away(0, 'nor may root, if it is not on the list');
is_let_in(scalar getpwnam($owner), 'E3\'s own user always may')->close;
is(system("e3ctl health >$ENV{EVCRYPT_STACK}/health"), 0, 'and e3ctl run by root is that user');
allow($owner, 'root');
$watch = E3Client->new($ENV{E3_SOCKET});
is($watch->call('RELOAD', {})->{type}, $E3Client::VERB{RESULT}, 'root administers');

# --- descriptors -----------------------------------------------------------

sub descriptors
{
	opendir my $dir, "/proc/$ENV{E3_PID}/fd" or die "/proc/$ENV{E3_PID}/fd: $!";
	return scalar grep { !/^\./ } readdir $dir;
}

sub alone
{
	my $deadline = time + 30;

	select undef, undef, undef, 0.002 while $watch->stats->{connections_open} > 1 && time < $deadline;
	is($watch->stats->{connections_open}, 1, 'one connection is left');
	return;
}

alone();
my $before = descriptors();
for my $i (1 .. 1000)
{
	my $visitor = $i % 2 ? E3Client->new($ENV{E3_SOCKET}) : E3Client->connect($ENV{E3_SOCKET});
	$visitor->request('ECHO', { app => 'default' }, E3Client::column('x')) if $i % 4 == 1;
	$visitor->close;
}
# And those that are turned away, and the files of a reload.
my $strangers = 0;
for (1 .. 20)
{
	my ($stranger, $reply) = greeting_of($NOBODY);
	$strangers++ if $reply->{header}{name} eq 'PEER_REFUSED';
	$stranger->close;
}
is($strangers, 20, 'twenty strangers are turned away');
$watch->call('RELOAD', {}) for 1 .. 5;
alone();
is(descriptors(), $before, "E3 has $before descriptors, as before");

done_testing();
