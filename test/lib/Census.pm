# Where does a value show?  A server with every way of logging on, statements with a
# canary in them, and the places where it could have come to light.
package Census;

use strict;
use warnings;

use EvcryptTest;
use Exporter qw(import);
use File::Find;
use IPC::Run;
use Test::More;

our @EXPORT = qw(census_node run_literal run_extended run_bind logged places count_in canary);

my $canaries = 0;

# A value that no other statement has.
sub canary { $canaries++; return sprintf 'CANARY%04dX', $canaries; }

# A node that logs in all three formats; "preload" is the order of the libraries.
sub census_node
{
	my ($name, $e3, $preload) = @_;
	my $node = new_node($name, $e3, no_preload => 1, extra => <<"END");
shared_preload_libraries = '$preload'
evcrypt.app = 'default'
logging_collector = on
log_destination = 'stderr,csvlog,jsonlog'
log_filename = 'census'
log_rotation_age = 0
log_rotation_size = 0
log_statement = none
compute_query_id = on
track_activity_query_size = 16kB
END
	return $node;
}

# Options that give a session these settings.
sub options
{
	my (%setting) = @_;

	return join ' ', map { "-c $_=" . ($setting{$_} =~ s/([ \\])/\\$1/gr) } sort keys %setting;
}

sub run_client
{
	my ($node, $settings, $input, @command) = @_;
	my ($out, $err) = ('', '');
	local $ENV{PGOPTIONS} = options(%$settings);

	IPC::Run::run(\@command, '<', \$input, '>', \$out, '2>', \$err,
		IPC::Run::timeout($EvcryptTest::DEADLINE));
	return "$out$err";
}

# Statements in the simple protocol, one message each; what the client saw.
sub run_literal
{
	my ($node, $settings, $canary, @statements) = @_;
	my @commands = map { ('-c', s/:secret/'$canary'/gr) } @statements;

	# Who does not read it may be gone before it is written.
	my $input = (grep { /stdin/ } @statements) ? "$canary\n" : '';

	return run_client($node, $settings, $input, 'psql', '-XAtq', '-d',
		$node->connstr('postgres'), @commands);
}

# In the extended one; "mode" is pgbench's, and seven times is when a prepared
# statement has a plan for any parameters.
sub run_pgbench
{
	my ($node, $settings, $mode, $canary, @statements) = @_;
	my $script = "$ENV{TESTDIR}/census.sql";

	spit($script, join '', map { "$_;\n" } @statements);
	return run_client($node, $settings, '', 'pgbench', '-n', '-M', $mode, '-t', 7,
		'-D', "secret=$canary", '-f', $script, $node->connstr('postgres'));
}

sub run_extended
{
	my ($node, $settings, $canary, @statements) = @_;

	return run_pgbench($node, $settings, 'prepared', $canary,
		map { s/:secret/'$canary'/gr } @statements);
}

sub run_bind
{
	my ($node, $settings, $canary, @statements) = @_;

	return run_pgbench($node, $settings, 'prepared', $canary,
		map { s/:secret/:secret\::text/gr } @statements);
}

# How far a node's log files have been read.
my %read;

# A file from where the last reading ended.
sub rest_of
{
	my ($file) = @_;

	open my $handle, '<', $file or return '';
	seek $handle, $read{$file} // 0, 0;
	local $/;
	return <$handle> // '';
}

# What has been logged since the last time, in any format; it is complete.
sub logged
{
	my ($node) = @_;
	my $end = canary();
	my $text = '';

	# One line, the last.
	run_client($node, { log_statement => 'all' }, '', 'psql', '-XAtq', '-d',
		$node->connstr('postgres'), '-c', "SELECT '$end'");
	for my $file (map { $node->data_dir . "/log/census$_" } '', '.csv', '.json')
	{
		my $rest;
		wait_until("$file has the last line", sub { ($rest = rest_of($file)) =~ /$end.*\n\z/ });
		$read{$file} += length $rest;
		$text .= $rest;
	}
	return $text;
}

sub texts_on_disk
{
	my ($node) = @_;
	my $text = '';

	find({ no_chdir => 1, wanted => sub { $text .= slurp($_) if /pgss_query_texts/ and -f } },
		$node->data_dir . '/pg_stat_tmp', $node->data_dir . '/pg_stat');
	return $text;
}

# Place by place, what is to be seen.
sub places
{
	my ($node) = @_;

	return (
		log => logged($node),
		statements => $node->safe_psql('postgres', 'SELECT query FROM pg_stat_statements')
		  . texts_on_disk($node),
		activity => $node->safe_psql('postgres', 'SELECT query FROM seen')
		  . $node->safe_psql('postgres', 'SELECT query FROM pg_stat_activity'));
}

# How often; as text, or as the numbers of its bytes, which is how trees are printed.
sub count_in
{
	my ($text, $canary) = @_;
	my $bytes = join ' ', map { ord } split //, $canary;

	$text =~ s/\s+/ /g;
	return () = $text =~ /\Q$canary\E|\b$bytes\b/g;
}

1;
