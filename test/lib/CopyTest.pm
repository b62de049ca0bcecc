# COPY with ENCRYPT and DECRYPT on the server of test/stack: files, statements and
# what came of them.
package CopyTest;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use IPC::Run ();
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(psql query set_up input slurp wait_until $MAJOR $DEADLINE);

# Seconds that anything may take before the test gives up on it.
our $DEADLINE = 120;

# Where the server can read and write, too.
our $DIR = File::Temp->newdir("$ENV{EVCRYPT_STACK}/copyXXXXXX");
chmod 0755, $DIR;
if ($> == 0)
{
	my (undef, undef, $uid, $gid) = getpwnam $ENV{EVCRYPT_STACK_USER};
	chown $uid, $gid, $DIR;
}

our $MAJOR = query('SHOW server_version_num') / 10000 | 0;

# Runs statements; what they print, their errors and messages, psql's status.
sub psql
{
	my ($sql, %option) = @_;
	my @role = $option{role} ? ('-c', "SET ROLE $option{role}") : ();
	my ($out, $err);

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1', @role, '-f', '-' ],
		'<', \$sql, '>', \$out, '2>', \$err, IPC::Run::timeout($DEADLINE));
	chomp $out;
	return ($out, $err, $? >> 8);
}

# What statements print that must succeed.
sub query
{
	my ($sql) = @_;
	my ($out, $err, $status) = psql($sql);

	die "$sql: $err" if $status != 0;
	return $out;
}

sub set_up
{
	my ($sql) = @_;

	query("SET client_min_messages = warning; $sql");
	return;
}

my $inputs = 0;

# A file with this content that the server can read; its path.
sub input
{
	my ($content) = @_;
	my $path = "$DIR/input" . ++$inputs;

	open my $file, '>:raw', $path or die "$path: $!";
	print $file $content;
	close $file or die "$path: $!";
	return $path;
}

sub slurp
{
	my ($path) = @_;

	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# Polls until the condition holds; dies after the deadline.
sub wait_until
{
	my ($what, $condition) = @_;
	my $deadline = time + $DEADLINE;

	until ($condition->())
	{
		die "waited too long: $what" if time > $deadline;
		select undef, undef, undef, 0.002;
	}
	return;
}

1;
