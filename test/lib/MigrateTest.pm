# evcrypt migrate and evcrypt rotate on the server of test/stack, each test in a
# database of its own.
package MigrateTest;

use strict;
use warnings;

use CopyTest ();
use Exporter qw(import);
use IPC::Run ();
use JSON::PP;
use Test::More;

our @EXPORT = qw(query set_up psql session wait_until new_database evcrypt evcrypt_ok evcrypt_is
  start_evcrypt progress $DEADLINE);
our $DEADLINE = $CopyTest::DEADLINE;

*query = \&CopyTest::query;
*set_up = \&CopyTest::set_up;
*psql = \&CopyTest::psql;
*session = \&CopyTest::session;
*wait_until = \&CopyTest::wait_until;

my @made;

# A database with the extension in the schema "vault", in which the test goes on.
sub new_database
{
	my ($name) = @_;

	{
		local $ENV{PGDATABASE} = 'postgres';
		query("CREATE DATABASE $name");
	}
	$ENV{PGDATABASE} = $name;
	push @made, $name;
	set_up(q{CREATE SCHEMA vault; CREATE EXTENSION evcrypt SCHEMA vault;
		DO 'BEGIN EXECUTE format($$ALTER DATABASE %I SET search_path = public, vault$$, current_database()); END'});
	return;
}

END
{
	my $status = $?;

	for my $name (@made)
	{
		local $ENV{PGDATABASE} = 'postgres';
		system('psql', '-Xqc', "DROP DATABASE $name WITH (FORCE)");
	}
	$? = $status;
}

# Exit status, output, errors.  What goes on for too long is ended, and has no status.
sub evcrypt
{
	my (@arguments) = @_;
	my ($out, $err);
	my $has_ended = eval {
		IPC::Run::run([ 'evcrypt', @arguments ], '<', \undef, '>', \$out, '2>', \$err,
			IPC::Run::timeout($DEADLINE));
		1;
	};

	return ($? >> 8, $out, $err) if $has_ended;
	die $@ if $@ !~ /timeout/;
	return ('none', $out, $err);
}

# A test: it ends well; what it has printed.
sub evcrypt_ok
{
	my ($name, @arguments) = @_;
	my ($status, $out, $err) = evcrypt(@arguments);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($status, 0, $name) or diag($out, $err);
	return $out;
}

# A test: its exit status, and a pattern for all that it prints.
sub evcrypt_is
{
	my ($name, $expected, $pattern, @arguments) = @_;
	my ($status, $out, $err) = evcrypt(@arguments);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($status, $expected, "$name: exit status");
	like($out . $err, $pattern, $name);
	return;
}

# One that runs beside the test: a harness of IPC::Run with its output in {out} and {err}.
sub start_evcrypt
{
	my (@arguments) = @_;
	my %run = (out => '', err => '');

	$run{harness} = IPC::Run::start([ 'evcrypt', @arguments ], '<', \undef, '>', \$run{out},
		'2>', \$run{err}, IPC::Run::timeout($DEADLINE));
	return \%run;
}

# Of the only job, as a hash.
sub progress
{
	my $json = query('SELECT to_json(p) FROM vault.evcrypt_progress p');

	return $json eq '' ? {} : decode_json($json);
}

1;
