# Statements with evcrypt.batch on, against the same with it off.
package Batching;

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

our @EXPORT = qw(set_up outcome same_both_ways values_of requests_of $DAMAGED);

# A ciphertext that does not open, as an SQL expression.
our $DAMAGED = q{overlay(encrypt('x')::text placing 'AAAA' from 9)::encrypted};

# Runs statements that must succeed.
sub set_up
{
	my ($session, $sql) = @_;

	$session->query($sql);
	BAIL_OUT("set up: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return;
}

# What statements print, and the SQLSTATE of their first error, in a
# transaction that is rolled back.
sub outcome
{
	my ($session, $batch, $sql) = @_;

	$session->query("BEGIN; SET LOCAL evcrypt.batch = $batch; DISCARD PLANS");
	my $rows = $session->query($sql);
	my $state = $session->sqlstate;
	$session->query('ROLLBACK; DEALLOCATE ALL');
	return "$rows\n$state";
}

# A test: the outcome is the same, and is the one expected if that is given.
sub same_both_ways
{
	my ($session, $name, $sql, $expected) = @_;
	my $off = outcome($session, 'off', $sql);
	my $on = outcome($session, 'on', $sql);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	if (defined $expected)
	{
		is($off, $expected, "$name: batching off");
		is($on, $expected, "$name: batching on");
		return;
	}
	ok($on eq $off, "$name: the same both ways")
	  or diag('off: ' . excerpt($off) . 'on: ' . excerpt($on));
	return;
}

# The beginning and the end.
sub excerpt
{
	my ($text) = @_;

	$text =~ s{\n}{ / }g;
	return length $text < 240 ? "$text\n" : substr($text, 0, 120) . " ... " . substr($text, -120) . "\n";
}

# Values that E3 has worked on for a statement, by its own count.
sub values_of
{
	my ($session, $watch, $sql) = @_;

	return difference($session, $watch, $sql, 'values_done');
}

# Requests with values.
sub requests_of
{
	my ($session, $watch, $sql) = @_;

	return difference($session, $watch, $sql,
		map { "requests_$_" } qw(encrypt decrypt reencrypt blind_index));
}

sub difference
{
	my ($session, $watch, $sql, @counters) = @_;
	my $count = sub { my $stats = $watch->stats; my $sum = 0; $sum += $stats->{$_} for @counters; $sum };
	my $before = $count->();

	$session->query($sql);
	BAIL_OUT("$sql: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return $count->() - $before;
}

1;
