# The extended protocol's Bind fails, or is not followed by Execute: neither
# pg_stat_activity nor the log shows the statement and what was bound to it.  With
# evcrypt.redact off as a control.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Census;
use EvcryptTest;
use Extended;
use Test::More;

my $e3 = start_e3();
my $node = census_node('bind', $e3, 'evcrypt');

$node->safe_psql('postgres', <<'END');
CREATE TABLE stored (id int, v encrypted);
CREATE FUNCTION wrapper(text) RETURNS encrypted LANGUAGE sql AS $$SELECT encrypt($1)$$;
END

# What a session gets, shows and has logged that prepares a statement and then, each
# time after another one, sends these messages.
sub observe
{
	my ($redact, $setting, $sql, @then) = @_;
	my $client = Extended->connect($node, 'evcrypt.redact' => $redact, %$setting);
	my $state = $client->send(Extended::parse($sql, 's'));

	is($state, '', 'it is prepared');
	logged($node);
	for my $messages (@then)
	{
		$client->send(Extended::parse('SELECT 1'), Extended::bind_to(''), Extended::execute());
		$state = $client->send(@$messages);
	}
	return ($state,
		$node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $client->{backend}"),
		logged($node));
}

# :secret stands in the statement, or is bound.
sub is_hidden
{
	my ($name, $expected, $setting, $sql, @values) = @_;
	my $canary = canary();
	my $in_text = $sql =~ s/:secret/'$canary'/;

	s/:secret/$canary/ for @values;
	my @bind = ([ Extended::bind_to('s', @values) ]);
	# PostgreSQL makes a plan for any parameters then.
	unshift @bind, ([ Extended::bind_to('s', 7), Extended::execute() ]) x 7 if delete $setting->{often};
	my ($state, $shown, $log) = observe('off', $setting, $sql, @bind);
	is($state, $expected, "$name: SQLSTATE");
	like($shown, qr/$canary/, '... shows without redaction') if $in_text;
	like($log, qr/$canary/, '... and is logged') if $expected ne '' and not $setting->{log_min_messages};
	($state, $shown, $log) = observe('on', $setting, $sql, @bind);
	is($state, $expected, '... the same with it');
	is($shown, '[hidden by evcrypt.redact]', '... what is shown then');
	unlike($log, qr/$canary/, '... what is logged');
	return;
}

my $select = 'SELECT encrypt(:secret), $1::int';
my $insert = 'INSERT INTO stored VALUES ($1::int, encrypt(:secret))';

is_hidden('a parameter that is no number', '22P02', {}, $select, 'seven');
is_hidden('one of INSERT', '22P02', {}, $insert, 'seven');
is_hidden('one of INSERT, with a plan for any parameters', '22P02', { often => 1 }, $insert, 'seven');
is_hidden('through a function', '22P02', {}, 'SELECT wrapper(:secret), $1::int', 'seven');
is_hidden('with a quiet log', '22P02', { log_min_messages => 'fatal' }, $select, 'seven');
is_hidden('too few parameters', '08P01', {}, $select);
is_hidden('a bound value that is no ciphertext', '22P02', { log_parameter_max_length_on_error => -1 },
	'INSERT INTO stored VALUES (1, $1)', ':secret');
is_hidden('no Execute', '', {}, $select, 7);
is_hidden('no Execute, with a plan for any parameters', '', { often => 1 }, $select, 7);

$node->stop;
done_testing();
