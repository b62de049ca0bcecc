# The watch of test/soak: starts the load, samples both servers, fits lines through what
# must not grow, and judges.
use strict;
use warnings;

use E3Client;
use IPC::Run ();
use List::Util qw(max min);
use Slope;
use SoakLoad;
use Time::HiRes qw(sleep time);

my $minutes = shift // die 'usage: soak.pl MINUTES';
my $PERIOD = 5;                                  # seconds between samples
my $WARM = min(10, $minutes / 6) * 60;           # not judged
my $STRETCH = min(60, $minutes * 2) / 3600;      # hours, of which the least value counts
my $PER_HOUR = 2 << 20;                          # bytes that resident memory may grow by
my $STATEMENTS = max(10, int(100 / $minutes));     # that the control keeps each $PERIOD

$| = 1;
$SIG{PIPE} = 'IGNORE';

sub slurp
{
	my ($path) = @_;

	open my $in, '<', $path or return undef;
	local $/;
	return scalar <$in>;
}

sub say_line
{
	my @now = gmtime;
	printf "%02d:%02d:%02d  %s\n", @now[ 2, 1, 0 ], join '', @_;
	return;
}

sub sql { my ($text) = @_; my $out = `psql -XAtqc "$text"`; chomp $out; return $out; }

sub descriptors
{
	my ($pid) = @_;

	opendir my $dir, "/proc/$pid/fd" or return undef;
	my @open = grep { !/^\./ } readdir $dir;
	return scalar @open;
}

# Bytes and counts of a process; nothing, if it is not there.
sub of_process
{
	my ($pid) = @_;
	my $status = slurp("/proc/$pid/status") // return;
	my %kb = $status =~ /^(Vm\w+|Rss\w+):\s+(\d+) kB/mg;

	# Shared memory of PostgreSQL is touched bit by bit, and is no backend's own.
	return (rss => $kb{VmRSS} << 10, own => $kb{RssAnon} << 10, locked => $kb{VmLck} << 10, fds => descriptors($pid));
}

# --- start ------------------------------------------------------------------------

my $watch = E3Client->new($ENV{E3_SOCKET});
my $postmaster = (split /\n/, slurp("$ENV{EVCRYPT_STACK}/data/postmaster.pid"))[0];
my $begin = time;
my $until = $begin + $minutes * 60;

sql('CREATE ROLE soak_nobody');
system('e3ctl index add default >/dev/null') == 0 or die 'e3ctl';
sql('CREATE TABLE bench_accounts (id int PRIMARY KEY, owner encrypted, balance encrypted);'
	  . "INSERT INTO bench_accounts SELECT i, encrypt('owner ' || i), encrypt(1000) FROM generate_series(1, 1000) i");

# Connections end when their sessions have, which takes a moment; until then, with so many.
sub come_to_rest
{
	my ($wanted) = @_;
	my $deadline = time + 60;
	my %now;

	do
	{
		sleep 0.1;
		%now = (connections => $watch->stats->{connections_open}, fds => descriptors($ENV{E3_PID}));
	} while (time < $deadline and $now{connections} > 1 || $now{fds} > $wanted);
	return %now;
}

my %rest = come_to_rest(1 << 20);

my %worker = (
	start_worker('unix', $until, sub { SoakLoad::long_session('unix', 'unix') }) => 'unix',
	start_worker('tls', $until, sub { SoakLoad::long_session('tls', 'tls') }) => 'tls',
	start_worker('keeper', $until, sub { SoakLoad::keeper($PERIOD, $STATEMENTS) }) => 'keeper',
	start_worker('canceller', $until, \&SoakLoad::canceller) => 'canceller',
	start_worker('comer', $until, \&SoakLoad::comer) => 'comer',
	start_worker('operator', $until, sub { SoakLoad::operator($ENV{E3_PID}, 15) }) => 'operator',
);

open my $script, '>', "$ENV{SOAK_DIR}/bench.sql" or die;
print {$script} <<'END';
\set id random(1, 1000)
\set delta random(-50, 50)
BEGIN;
UPDATE bench_accounts SET balance = encrypt(decrypt_as(balance, NULL::int) + :delta) WHERE id = :id;
SELECT decrypt(owner) FROM bench_accounts WHERE id = :id;
END;
END
close $script;

# pgbench by a kind of link; -C: a connection for each transaction.
sub pgbench
{
	my ($link, @options) = @_;
	my $run = { out => '', link => $link };
	local $ENV{PGOPTIONS} = $link eq 'tls' ? "-c evcrypt.endpoints=$ENV{SOAK_TLS}" : '';

	$run->{process} = IPC::Run::start([ 'pgbench', '-n', '-T', int($until - time), '-f', "$ENV{SOAK_DIR}/bench.sql", @options ],
		'<', \undef, '>&', \$run->{out});
	return $run;
}

my @pgbench = (pgbench('unix', qw(-c 4 -R 40)), pgbench('tls', qw(-c 2 -R 10 -C)));

# --- watch ------------------------------------------------------------------------

# Waits for nothing: a worker says who its backend is when it has one.
sub backend { my ($name) = @_; return slurp("$ENV{SOAK_DIR}/backend.$name"); }

say_line("$minutes minutes, a sample every $PERIOD s, of which the first ", int($WARM), ' s are for warming up');
open my $samples, '>', $ENV{SOAK_SAMPLES} or die "$ENV{SOAK_SAMPLES}: $!";
my %series;
my $told = 0;
my $stood_still = 0;      # seconds that the machine has not let this script run, which only slept
my @counters = qw(requests values_done requests_failed requests_cancelled protocol_errors handshakes_failed
  connections_accepted connections_open keys_cached);
my %pid = (e3 => $ENV{E3_PID}, postmaster => $postmaster);

sub note
{
	my ($at, $name, $value) = @_;

	return unless defined $value;
	push @{ $series{$name} }, [ $at / 3600, $value ];
	printf {$samples} "%.1f\t%s\t%s\n", $at, $name, $value;
	return;
}

# The last sample is before the load ends.
while (time < $until - $PERIOD)
{
	my $before = time;
	sleep $PERIOD;
	$stood_still = max($stood_still, time - $before - $PERIOD);
	my $at = time - $begin;

	# One that has ended is judged below.
	eval { $_->{process}->pump_nb if $_->{process}->pumpable } for @pgbench;
	$pid{$_} //= backend($_) for qw(unix tls keeper);
	for my $who (sort keys %pid)
	{
		my %now = defined $pid{$who} ? of_process($pid{$who}) : ();
		note($at, "$who $_", $now{$_}) for sort keys %now;
	}
	my $stats = eval { $watch->stats } or last;
	note($at, "e3 $_", $stats->{$_}) for @counters;
	next if $at < $told;
	$told = $at + 60;
	say_line(sprintf('E3 %.1f MB, %d descriptors, %d kB locked; backends %s MB; %d connections, %d requests, %d values, %d cancelled, %d refused',
		$series{'e3 rss'}[-1][1] / 1e6, $series{'e3 fds'}[-1][1], $series{'e3 locked'}[-1][1] >> 10,
		join(' and ', map { $series{"$_ own"} ? sprintf '%.1f', $series{"$_ own"}[-1][1] / 1e6 : '-' } qw(unix tls)),
		@$stats{qw(connections_open requests values_done requests_cancelled requests_failed)}));
}

# --- end --------------------------------------------------------------------------

my @bad;
for my $pid (keys %worker)
{
	waitpid $pid, 0;
	push @bad, "the worker $worker{$pid} ended with status $?" if $? != 0;
}
for my $run (@pgbench)
{
	eval { $run->{process}->finish };
	my ($done) = $run->{out} =~ /number of transactions actually processed: (\d+)/;
	my ($failed) = $run->{out} =~ /number of failed transactions: (\d+)/;
	say_line("pgbench, $run->{link}: ", $done // 'no', ' transactions, ', $failed // '?', ' failed');
	push @bad, "pgbench ($run->{link}): $run->{out}" if $run->{process}->result(0) != 0 or !$done or $failed;
}
my ($outcomes, $wrong) = tallies();
push @bad, @$wrong;
say_line(sprintf 'the machine has stood still for up to %.1f s', $stood_still);
# Ten seconds are much for E3, unless nobody else ran either.
push @bad, 'E3 was late and the machine was not' if $stood_still < 1 and grep { / late\z/ } keys %$outcomes;
say_line('what was done, by outcome:');
print map { "          $_: $outcomes->{$_}\n" } sort keys %$outcomes;

my %left = come_to_rest($rest{fds});
say_line("at rest E3 has $left{connections} connections and $left{fds} descriptors, as before: $rest{connections} and $rest{fds}");
push @bad, 'connections or descriptors of E3 are left' if $left{connections} != $rest{connections} or $left{fds} != $rest{fds};

# Of a series, after the warm-up: its slope an hour, and the growth over what was judged.
sub judge
{
	my ($name) = @_;
	my @points = grep { $_->[0] * 3600 >= $WARM } @{ $series{$name} // [] };
	my @floors = floors($STRETCH, @points);

	die "too few samples of $name" if @floors < 3;
	my $slope = slope(@floors);
	return ($slope, $slope * ($floors[-1][0] - $floors[0][0]), $floors[0][1], $floors[-1][1], scalar @floors);
}

# Runs of less than an hour may grow as much as one of an hour: noise does not shrink.  In
# less than ten minutes all is still being used for the first time.
sub check
{
	my ($name, $bound, $unit, $scale) = @_;
	my ($slope, $growth, $from, $to, $count) = judge($name);
	my $flat = $growth <= $bound && ($minutes < 60 || $slope <= $bound);

	$flat = 1 if $minutes < 10 and $unit ne '';
	say_line(sprintf '%-18s %9.1f -> %9.1f %-3s slope %+9.2f %s/h, bound %.2f, %d points: %s', $name,
		$from / $scale, $to / $scale, $unit, $slope / $scale, $unit, $bound / $scale, $count, $minutes < 10 && $unit ne '' ? 'too short a run to say' : $flat ? 'flat' : 'GROWS');
	return $flat ? () : "$name grows";
}

push @bad, map { check($_, $PER_HOUR, 'kB', 1024) } 'e3 rss', 'e3 own', 'unix own', 'tls own', 'postmaster own';
push @bad, map { check($_, 1, '', 1) } 'e3 locked', 'unix fds', 'tls fds', 'postmaster fds', 'e3 fds', 'e3 connections_open';
say_line('the control, a session that keeps what it prepares, which must not be flat:');
push @bad, 'the control was not seen to grow' unless check('keeper own', $PER_HOUR, 'kB', 1024) or $minutes < 10;

for my $log (qw(postgresql.log e3.log))
{
	my @lines = grep { /terminated by signal|PANIC|level=error|Sanitizer|WARNING:.*leak/ } split /\n/, slurp("$ENV{EVCRYPT_STACK}/$log");
	push @bad, map { "$log: $_" } @lines[ 0 .. min($#lines, 9) ];
}
my ($requests, $values) = map { $series{"e3 $_"}[-1][1] } qw(requests values_done);
my $errors = 0;
$errors += $outcomes->{$_} for grep { / [0-9A-Z]{5}\z/ && !/ 00000\z/ } keys %$outcomes;
print "soak: $_\n" for @bad;
printf "soak: %d minutes, %d requests, %d values, %d errors of which none unexpected, E3 %+.0f kB/h, backends %+.0f and %+.0f kB/h, descriptors as before: %s\n",
  $minutes, $requests, $values, $errors, (map { (judge($_))[0] / 1024 } 'e3 rss', 'unix own', 'tls own'), $minutes < 10 ? 'too short to be called flat' : 'flat' unless @bad;
print 'soak: ', scalar @bad, " findings: FAILED\n" if @bad;
exit(@bad > 0);
