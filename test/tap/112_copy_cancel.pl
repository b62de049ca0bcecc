# COPY ENCRYPT that is cancelled at any moment, fails, is ended by its client or loses
# it: the connection is in sync, nothing was loaded, and no process is left.
use strict;
use warnings;

use CopyTest;
use IO::Socket::UNIX;
use Test::More;
use Time::HiRes qw(time);

my $ROUNDS = 200;
my $ROWS = 30_000;

set_up('CREATE TABLE loaded (id int, ssn encrypted)');
my $file = input(join '', map { "$_,value $_\n" } 1 .. $ROWS);
my $copy = "\\copy loaded FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn))";

sub backends { return query(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'}) }

# --- cancelled -------------------------------------------------------------

my $loader = session();
my $other = session();
my $start = time;
$loader->query("BEGIN;\n$copy\nROLLBACK");
is($loader->{error}, '', "$ROWS rows are loaded");
my $whole = time - $start;

my ($cancelled, $finished, $in_sync) = (0, 0, 0);
srand(20);
for my $round (1 .. $ROUNDS)
{
	$loader->query('TRUNCATE loaded');
	$loader->send($copy);
	select undef, undef, undef, rand($whole);
	$other->query("SELECT pg_cancel_backend($loader->{backend})");
	$loader->receive;
	my $state = $loader->sqlstate;
	my $expected = $state eq '57014' ? 0 : $ROWS;
	$cancelled++ if $state eq '57014';
	$finished++ if $state eq '00000';
	# A cancel that comes late hits the next statement, and that is the one to fail.
	my $count = $loader->query('SELECT count(*) FROM loaded');
	$count = $loader->query('SELECT count(*) FROM loaded') if $loader->sqlstate eq '57014';
	$in_sync++ if $count eq $expected;
}
is($in_sync, $ROUNDS, "cancelled at random moments $ROUNDS times, in sync each time ($cancelled cancelled, $finished done)");
is($cancelled + $finished, $ROUNDS, 'no other error');
cmp_ok($cancelled, '>', $ROUNDS / 4, 'many were cancelled');
is($loader->query("TRUNCATE loaded;\n$copy\nSELECT count(*), count(*) FILTER (WHERE decrypt(ssn) = 'value ' || id) FROM loaded"),
	"$ROWS|$ROWS", 'and the file can be loaded');

# A timeout is a cancel.
$loader->query("SET statement_timeout = '5ms'");
$loader->query($copy);
is($loader->sqlstate, '57014', 'statement_timeout');
$loader->query('RESET statement_timeout');

# --- raw protocol ----------------------------------------------------------

sub connect_raw
{
	my $socket = IO::Socket::UNIX->new(Peer => "$ENV{PGHOST}/.s.PGSQL.$ENV{PGPORT}") or die "cannot connect: $!";
	my $startup = pack 'N (Z*)4 x', 196608, 'user', $ENV{PGUSER}, 'database', $ENV{PGDATABASE};
	my $self = { socket => $socket };

	print {$socket} pack('N', 4 + length $startup) . $startup;
	$socket->flush;
	until_ready($self);
	return $self;
}

sub send_raw
{
	my ($self, $type, $body) = @_;

	print { $self->{socket} } $type . pack('N', 4 + length $body) . $body;
	$self->{socket}->flush;
	return;
}

sub receive_raw
{
	my ($self) = @_;

	read($self->{socket}, my $head, 5) == 5 or return ('end', '');
	my ($type, $length) = unpack 'a N', $head;
	read($self->{socket}, my $body, $length - 4) == $length - 4 or return ('end', '');
	return ($type, $body);
}

# Messages until the server is ready for the next statement; SQLSTATEs by the way.
sub until_ready
{
	my ($self) = @_;
	my $types = '';

	for (;;)
	{
		my ($type, $body) = receive_raw($self);
		return "$types end" if $type eq 'end';
		$types .= $type =~ /[GE]/ ? $type : '';
		$types .= $1 if $type eq 'E' and $body =~ /\0C(\w{5})\0/;
		$types .= " $1" if $type eq 'C' and $body =~ /^(.*)\0/;
		return $types if $type eq 'Z';
	}
}

my $sql = "COPY loaded FROM STDIN WITH (FORMAT csv, ENCRYPT (ssn))\0";
my $raw = connect_raw();

query('TRUNCATE loaded');
send_raw($raw, 'Q', $sql);
send_raw($raw, 'd', "1,a\n2,b\n");
send_raw($raw, 'f', "enough\0");
is(until_ready($raw), 'GE57014', 'CopyFail');
send_raw($raw, 'Q', $sql);
send_raw($raw, 'd', "1,a\n2,b");
send_raw($raw, 'H', '');
send_raw($raw, 'S', '');
send_raw($raw, 'd', "c\n");
send_raw($raw, 'c', '');
is(until_ready($raw), 'G COPY 2', 'Flush and Sync in between');
is(query('SELECT string_agg(decrypt(ssn), $$,$$) FROM loaded'), 'a,bc', 'and a line in two messages');

# A bad row early, while the client goes on sending.
send_raw($raw, 'Q', $sql);
send_raw($raw, 'd', "x,a\n");
send_raw($raw, 'd', join '', map { "$_,b\n" } 1 .. 1000) for 1 .. 100;
send_raw($raw, 'c', '');
is(until_ready($raw), 'GE22P02', 'a bad row, and much after it');
send_raw($raw, 'Q', "SELECT 1\0");
is(until_ready($raw), ' SELECT 1', 'the connection goes on');

# The extended protocol.
send_raw($raw, 'P', "\0$sql" . pack('n', 0));
send_raw($raw, 'B', "\0\0" . pack('nnn', 0, 0, 0));
send_raw($raw, 'E', "\0" . pack('N', 0));
send_raw($raw, 'd', "1,a\n");
send_raw($raw, 'c', '');
send_raw($raw, 'S', '');
is(until_ready($raw), 'G COPY 1', 'the extended protocol');
send_raw($raw, 'B', "\0\0" . pack('nnn', 0, 0, 0));
send_raw($raw, 'E', "\0" . pack('N', 0));
send_raw($raw, 'd', "x,a\n");
send_raw($raw, 'c', '');
send_raw($raw, 'S', '');
is(until_ready($raw), 'GE22P02', 'and an error there');

# A client that goes.
my $before = backends();
query('TRUNCATE loaded');
for my $sent (0, 1, 5000, 20_000)
{
	my $gone = connect_raw();
	send_raw($gone, 'Q', $sql);
	send_raw($gone, 'd', join '', map { "$_,x\n" } 1 .. $sent) if $sent;
	close $gone->{socket};
	wait_until('the backend has gone', sub { backends() <= $before });
	is(query('SELECT count(*) FROM loaded'), 0, "a client that goes after $sent rows leaves nothing");
}

# A backend that is terminated.
$loader->send($copy);
$other->query("SELECT pg_terminate_backend($loader->{backend})");
wait_until('it has gone', sub { backends() < $before });
is(query('SELECT count(*) FROM loaded WHERE decrypt(ssn) IS NULL'), 0, 'a terminated backend leaves no row half');

$other->close;
set_up('DROP TABLE loaded');
done_testing();
