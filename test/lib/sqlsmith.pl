# The rounds of test/sqlsmith, which says what they are; inside its test/stack.
#
# usage: sqlsmith.pl SECONDS SEED [DIR]
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use File::Basename qw(basename);
use File::Path qw(make_path);
use Files;
use IO::Handle;
use JSON::PP qw(decode_json);
use Queries;
use Time::HiRes qw(sleep time);

my ($SECONDS, $SEED, $KEEP) = @ARGV;
my $LOG = "$ENV{EVCRYPT_STACK}/data/log/server.json";
my $DEADLINE = 60;
my $LEAST_SHARE = 0.2;
# Errors that no statement has any business to raise while E3 is there.
my $SUSPECT = qr/^(?:XX|EV0[01]|08|53|58)/;
# Of suspects with one message so many are looked into.
my $OF_ONE_KIND = 5;
my $MOST_FAILURES = 20;
my $MESSAGE = 160;
my $SESSIONS = q{SELECT application_name, state, wait_event, query FROM pg_stat_activity WHERE usename = 'smith'};
my %OURS = map { basename($_) => 1 } glob "$FindBin::RealBin/../../src/*/*.c";

my @SETTINGS = (
	[ 'plain' ],
	[ 'batches of two', 'evcrypt.batch_rows=2' ],
	[ 'nested loops', 'enable_hashjoin=off', 'enable_mergejoin=off', 'enable_seqscan=off' ],
	[ 'parallel', 'force_parallel_mode=on', 'parallel_setup_cost=0', 'parallel_tuple_cost=0',
		'min_parallel_table_scan_size=0', 'min_parallel_index_scan_size=0' ],
	[ 'merge joins, sorted groups', 'enable_hashjoin=off', 'enable_nestloop=off', 'enable_hashagg=off' ],
	[ 'small memory', 'work_mem=64kB', 'evcrypt.batch_rows=16' ],
	[ 'JIT', 'jit=on', 'jit_above_cost=50' ]);

my (%total, %states, %examined, @failures);

sub say_line { print @_, "\n"; return; }

sub failure
{
	my ($what, $statement) = @_;

	push @failures, $what;
	say_line("FAILED: $what");
	return unless defined $statement;
	say_line("$statement;");
	return unless $KEEP;
	make_path($KEEP);
	open my $file, '>', "$KEEP/" . @failures . '.sql' or die "$KEEP: $!";
	print $file "-- $what\n$statement;\n";
	return;
}

# --- running statements ----------------------------------------------------

sub psql
{
	my ($options, @arguments) = @_;

	local $ENV{PGOPTIONS} = join ' ', map { "-c $_" } @$options;
	open my $pipe, '-|', 'psql', '-XAtq', @arguments or die "psql: $!";
	local $/ = undef;
	my $out = <$pipe> // '';
	close $pipe;
	return $out;
}

sub scalar_of
{
	my ($sql) = @_;

	my $out = psql([], '-c', $sql);
	chomp $out;
	return $out;
}

# Rows, without ciphertexts, or SQLSTATE and message of the error; the role is
# sqlsmith's, and what the statement does is rolled back.
sub outcome
{
	my ($statement, @options) = @_;
	my $file = "$ENV{EVCRYPT_STACK}/statement.sql";

	open my $out, '>', $file or die "$file: $!";
	print $out "BEGIN;\n$statement;\nROLLBACK;\n";
	close $out;
	open my $saved, '>&', \*STDERR or die;
	open STDERR, '>', "$file.err" or die;
	my $rows = psql([ 'statement_timeout=5s', @options ], '-U', 'smith', '-v', 'VERBOSITY=verbose', '-f', $file);
	open STDERR, '>&', $saved or die;
	my $error = slurp("$file.err");
	return "$1: $2" if $error =~ /(?:ERROR|FATAL|PANIC):  (\w{5}): (.*)/;
	return "lost: $error" if $error =~ /connection/;
	$rows =~ s/ev:\w+:[^ ,|)"}]*/CIPHERTEXT/g;
	return "rows:\n$rows";
}

sub wait_until
{
	my ($what, $true) = @_;
	my $end = time + $DEADLINE;

	until ($true->())
	{
		die "waited for: $what\n" . scalar_of($SESSIONS) if time > $end;
		sleep 0.05;
	}
	return;
}

# --- checks ----------------------------------------------------------------

sub state_of { my ($outcome) = @_; return $outcome =~ /^(\w{5}): / ? $1 : ''; }

# An error that should not be: is it PostgreSQL's own?
sub examine
{
	my ($error, @settings) = @_;
	my ($state, $message, $statement) = @$error{qw(state_code message statement)};
	my $what = "$state $message";
	(my $kind = $what) =~ s/\d+/N/g;

	$total{suspect}++;
	return if $examined{$kind}++ >= $OF_ONE_KIND;
	return failure("$what, in $error->{file_name}", $statement)
	  if $message =~ /evcrypt|\bE3\b/ or $OURS{ $error->{file_name} // '' };
	for (1 .. 3)
	{
		my $off = outcome($statement, @settings, 'evcrypt.batch=off');
		my $on = outcome($statement, @settings);
		if (state_of($off) eq $state)
		{
			$total{own}++;
			say_line('PostgreSQL\'s own: ' . substr($what, 0, $MESSAGE));
			return;
		}
		return failure("$what; not with evcrypt.batch = off", $statement) if state_of($on) eq $state;
	}
	return failure("$what; was not to be repeated", $statement);
}

# The same rows or SQLSTATE with batching and without?  Statements whose outcome
# changes by itself, and slow ones, say nothing.
sub compare
{
	my ($statement, @settings) = @_;
	my %outcomes = (on => [], off => []);

	# A sample is another one each time; ours has more rows, too.
	$statement =~ s/\btablesample (?:system|bernoulli) \([^)]*\)/tablesample bernoulli (70) repeatable (1)/g;
	@settings = (@settings, 'max_parallel_workers_per_gather=0');
	for my $try (1 .. 3)
	{
		for my $batch (qw(off on))
		{
			my $outcome = outcome($statement, @settings, "evcrypt.batch=$batch");
			return $total{slow}++ if state_of($outcome) eq '57014';
			push @{ $outcomes{$batch} }, state_of($outcome) || $outcome;
		}
		if ($outcomes{on}[0] eq $outcomes{off}[0])
		{
			$total{with_rows}++ if $outcomes{on}[0] =~ /^rows:\n./;
			return $total{same}++;
		}
	}
	for my $batch (qw(off on))
	{
		my ($first, @others) = @{ $outcomes{$batch} };
		return $total{changing}++ if grep { $_ ne $first } @others;
	}
	failure('another outcome with evcrypt.batch on: ' . excerpt($outcomes{on}[0])
		  . '; off: ' . excerpt($outcomes{off}[0]), $statement);
	return;
}

sub excerpt { my ($text) = @_; $text =~ s/\n/ \/ /g; return substr $text, 0, $MESSAGE; }

# --- a round ---------------------------------------------------------------

# What the server has logged since the last time: plans, as lines of JSON, which
# are many; and errors and the server's own messages, decoded.
sub read_log
{
	my ($round) = @_;

	scalar_of("DO \$\$ BEGIN RAISE LOG 'round $round ends'; END \$\$");
	wait_until('the log', sub { slurp($LOG) =~ /"round $round ends"/ });
	my @lines = split /\n/, slurp($LOG);
	truncate $LOG, 0 or die "$LOG: $!";
	my @plans = grep { /"message":"duration: / } @lines;
	return (\@plans, [ map { decode_json($_) } grep { !/"message":"duration: / } @lines ]);
}

sub configure
{
	psql([], map { ('-c', "ALTER SYSTEM $_") } @_);
	psql([], '-c', 'SELECT pg_reload_conf()');
	return;
}

# The settings are for the session that makes the statements, not for the one that
# reads the catalog before, with thousands of queries.
sub run_sqlsmith
{
	my ($seconds, $seed, @settings) = @_;
	my $target = "host=$ENV{PGHOST} port=$ENV{PGPORT} dbname=$ENV{PGDATABASE} user=smith";
	my $log = "$ENV{EVCRYPT_STACK}/sqlsmith.log";
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open STDOUT, '>', $log or die "$log: $!";
		open STDERR, '>&', \*STDOUT;
		exec 'timeout', $seconds, 'sqlsmith', "--target=$target", '--exclude-catalog', "--seed=$seed";
		die "cannot run sqlsmith: $!";
	}
	wait_until('sqlsmith', sub { scalar_of($SESSIONS) =~ /::dut/ });
	configure(map { 'SET ' . s/=(.*)/ = '$1'/r } @settings);
	waitpid $pid, 0;
	# 124: it ran until the time was up.
	die "sqlsmith ended with status $?: " . slurp($log) if $? >> 8 != 124;
	configure('RESET ALL');
	wait_until('the end of its sessions', sub { scalar_of($SESSIONS) eq '' });
	return;
}

sub server_trouble
{
	my (@entries) = @_;

	for my $entry (@entries)
	{
		my ($severity, $message) = @$entry{qw(error_severity message)};
		next unless $severity eq 'PANIC' or $message =~ /terminated by signal/
		  or $severity eq 'WARNING' and $message =~ /leak|not closed|problem in/;
		failure("$severity $message", $entry->{statement} // $entry->{detail});
	}
	return;
}

# The plan is JSON within JSON, and need not be right: MERGE into several relations
# makes a mistake of PostgreSQL's own.
sub query_of
{
	my ($line) = @_;

	my ($string) = decode_json($line)->{message} =~ /"Query Text": ("(?:[^"\\]|\\.)*")/ or die "no query: $line";
	return decode_json("[$string]")->[0];
}

sub has_rows { my ($line) = @_; return $line =~ /\\"Actual Rows\\": (\d+)/ && $1 > 0; }

sub evenly
{
	my ($most, @from) = @_;

	return @from if @from <= $most;
	return map { $from[ int($_ * @from / $most) ] } 0 .. $most - 1;
}

sub round
{
	my ($round, $seconds) = @_;
	my ($name, @settings) = @{ $SETTINGS[ $round % @SETTINGS ] };
	my $seed = $SEED + $round;

	run_sqlsmith($seconds, $seed, @settings);
	my ($plans, $entries) = read_log($round);
	# Of sqlsmith's two sessions, the one that makes the statements.
	my @plans = grep { /"application_name":"[^"]*::dut"/ } @$plans;
	my @nodes = grep { /\\"Custom Plan Provider\\": \\"Evcrypt Batch\\"/ } @plans;
	my @asked = grep { /\\"Requests\\": [1-9]/ } @nodes;
	my @errors = grep { $_->{error_severity} eq 'ERROR' and ($_->{application_name} // '') =~ /::dut$/ } @$entries;
	my %here;

	$here{ $_->{state_code} }++ for @errors;
	$states{$_} += $here{$_} for keys %here;
	$total{plans} += @plans;
	$total{nodes} += @nodes;
	$total{asked} += @asked;
	say_line("round $round, seed $seed, $name: ", scalar @plans, ' ran, ', scalar @nodes, ' with a node, ',
		scalar @asked, ' made requests; errors: ', join(', ', map { "$_ $here{$_}" } sort keys %here) || 'none');
	server_trouble(@$entries);
	examine($_, @settings) for grep { $_->{state_code} =~ $SUSPECT } @errors;
	my $end = time + $seconds / 2;
	# Those with rows say most.
	my ($rows, $none) = (int($seconds * 3), int($seconds));
	for my $plan (evenly($rows, grep { has_rows($_) } @asked), evenly($none, grep { !has_rows($_) } @asked))
	{
		last if time > $end;
		compare(query_of($plan), @settings);
	}
	system('e3ctl health >/dev/null') == 0 or failure('E3 does not answer');
	return;
}

sub set_up
{
	my $setup = "$ENV{EVCRYPT_STACK}/setup.sql";

	open my $file, '>', $setup or die "$setup: $!";
	print $file $Queries::SETUP, slurp("$FindBin::RealBin/sqlsmith.sql");
	close $file;
	system('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $setup) == 0 or die "set up failed\n";
	return;
}

STDOUT->autoflush(1);
set_up();
my $rounds = int($SECONDS / 60) > @SETTINGS ? int($SECONDS / 60) : scalar @SETTINGS;
say_line("seed $SEED, $rounds rounds of ", int($SECONDS / $rounds), ' seconds');
for my $round (0 .. $rounds - 1)
{
	eval { round($round, $SECONDS / $rounds); 1 } or failure("round $round ended: $@");
	last if $@ or @failures > $MOST_FAILURES;
}

eval { server_trouble(@{ (read_log($rounds))[1] }); 1 } or failure("the last log: $@");
$total{$_} //= 0 for qw(plans nodes asked suspect own same with_rows slow changing);
say_line('errors by SQLSTATE: ', join ', ', map { "$_ $states{$_}" } sort keys %states);
say_line("$total{suspect} errors of classes XX, EV00, EV01, 08, 53, 58; of those looked into, $total{own} were PostgreSQL's own");
say_line("$total{plans} statements ran, $total{nodes} with a node, $total{asked} of them made requests");
say_line("batching on and off: $total{same} the same ($total{with_rows} with rows), $total{slow} too slow, ",
	"$total{changing} change by themselves");
say_line(scalar_of(q{SELECT 'E3: ' || string_agg(operation || ' ' || requests || ' requests, ' || "values" || ' values, '
	|| errors || ' errors, ' || cancels || ' cancels', '; ') FROM evcrypt_stat WHERE requests > 0}));
failure('too few statements had a node') if $total{nodes} < $LEAST_SHARE * $total{plans} or $total{same} == 0;
say_line('sqlsmith: ', @failures ? scalar(@failures) . ' failures' : 'nothing failed');
exit(@failures ? 1 : 0);
