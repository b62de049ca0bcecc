# Ten thousand statements leave the descriptors of backend and E3 where they
# were.
use strict;
use warnings;

use E3Client;
use Test::More;

my $STATEMENTS = 10_000;

sub descriptors
{
	my ($pid) = @_;

	opendir my $dir, "/proc/$pid/fd" or return undef;
	my @open = grep { !/^\./ } readdir $dir;
	return scalar @open;
}

my ($to, $from);
my $psql = do
{
	require IPC::Open2;
	IPC::Open2::open2($from, $to, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-');
};
my $ask = sub {
	print $to "$_[0]\n";
	$to->flush;
	chomp(my $line = <$from> // die 'psql has ended');
	return $line;
};

my $watch = E3Client->new($ENV{E3_SOCKET});
my $backend = $ask->('SELECT pg_backend_pid();');
is($ask->(q{SELECT decrypt(encrypt('warm'));}), 'warm', 'connected');
my @before = (descriptors($backend), descriptors($ENV{E3_PID}), $watch->stats->{connections_open});

my $good = 0;
for my $i (1 .. $STATEMENTS)
{
	# Every tenth fails, in a way that comes back from E3 as well.
	my $sql = $i % 10
	  ? "SELECT decrypt(encrypt('$i'));"
	  : "SELECT coalesce(try_decrypt(overlay(encrypt('$i')::text placing 'AAAA' from 9)::encrypted), '$i');";
	$good++ if $ask->($sql) eq $i;
}
is($good, $STATEMENTS, "$STATEMENTS statements");
my @after = (descriptors($backend), descriptors($ENV{E3_PID}), $watch->stats->{connections_open});

SKIP:
{
	skip 'the descriptors of the backend may be seen by root alone', 1 unless defined $before[0];
	is($after[0], $before[0], "the backend has $before[0] descriptors, as before");
}
SKIP:
{
	skip 'the descriptors of E3 may be seen by root alone', 1 unless defined $before[1];
	is($after[1], $before[1], "E3 has $before[1] descriptors, as before");
}
is($after[2], $before[2], 'and its connections are the same');

close $to;
waitpid $psql, 0;
is($?, 0, 'psql ended well');

# Sessions that come and go, well or badly.
for (1 .. 50)
{
	system('psql', '-XAtqo', '/dev/null', '-c', "SELECT encrypt('x')");
	system("psql -XAtqo /dev/null -c \"SELECT encrypt('x'), pg_terminate_backend(pg_backend_pid())\" 2>/dev/null");
}
my $deadline = time + 30;
select undef, undef, undef, 0.01
  while $watch->stats->{connections_open} > 1 and time < $deadline;
is($watch->stats->{connections_open}, 1, 'sessions that have gone leave no connection');

done_testing();
