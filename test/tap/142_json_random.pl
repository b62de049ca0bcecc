# Random documents and random paths: what is encrypted is what an oracle of the test's own
# says, all else stays byte for byte, and what comes back is the document. Random texts are
# paths where PostgreSQL reads them as arrays, and lead to the same place.
use strict;
use warnings;

use CopyTest qw(session);
use Test::More;

my $DOCUMENTS = 1500;
my $TEXTS = 3000;
my $seed = $ENV{EVCRYPT_SEED} // time ^ $$;

srand $seed;
diag("seed $seed");
my $session = session();

sub set_up
{
	my ($sql) = @_;

	$session->query($sql);
	BAIL_OUT("set up: $session->{error}") if $session->{error} =~ /ERROR|FATAL/;
	return;
}

sub one_of { return $_[ int rand @_ ]; }

# --- documents ---------------------------------------------------------------

# A node is [ o => key => node, ... ], [ a => node, ... ], or [ leaf => type, JSON ].
my @KEYS = ('a', 'b', 'key', '*', '0', '1', '-1', '', 'a,b', '{x}', '"', '\\', ' a ', 'null', "\xc3\xa9", 'ev:QkTC:');
my @LEAVES = ([ string => '"text"' ], [ string => '""' ], [ string => '"ev:"' ], [ string => '" \\" \\\\ \\n"' ],
	[ string => '"null"' ], [ string => "\"\xc5\xbe\xf0\x9f\x90\x8e\"" ], [ string => '"' . 'long ' x 60 . '"' ],
	[ number => '0' ], [ number => '-1.50' ], [ number => '1e30' ], [ number => '123456789012345678901234567890.5' ],
	[ boolean => 'true' ], [ boolean => 'false' ], [ null => 'null' ]);

sub random_node
{
	my ($depth) = @_;
	my $kind = $depth > 0 ? int rand 10 : 9;

	return [ leaf => @{ one_of(@LEAVES) } ] if $kind >= 6;
	return [ a => map { random_node($depth - 1) } 1 .. int rand 5 ] if $kind >= 3;
	my %object = map { one_of(@KEYS) => random_node($depth - 1) } 1 .. int rand 6;
	return [ o => %object ];
}

sub json_string
{
	my ($text) = @_;

	return '"' . $text =~ s/(["\\])/\\$1/gr . '"';
}

# As JSON, with a leaf as $leaf says.
sub json_of
{
	my ($node, $leaf) = @_;
	my ($kind, @rest) = @$node;

	return $leaf->($node) if $kind eq 'leaf';
	return '[' . join(', ', map { json_of($_, $leaf) } @rest) . ']' if $kind eq 'a';
	my %object = @rest;
	return '{' . join(', ', map { json_string($_) . ': ' . json_of($object{$_}, $leaf) } sort keys %object) . '}';
}

# --- paths -------------------------------------------------------------------

my $ANY = \'*';

# A way into the document; now and then to where nothing is.
sub random_way
{
	my ($node) = @_;
	my ($kind, @rest) = @$node;

	return rand() < 0.1 ? one_of(@KEYS, 7) : () if $kind eq 'leaf' or @rest == 0 or rand() < 0.15;
	my %object = $kind eq 'o' ? @rest : ();
	my $at = $kind eq 'o' ? one_of(sort keys %object) : int rand @rest;
	my $below = $kind eq 'o' ? $object{$at} : $rest[$at];
	my $step = rand() < 0.25 ? $ANY : $kind eq 'a' && rand() < 0.3 ? $at - @rest : rand() < 0.05 ? one_of(@KEYS) : $at;

	return ($step, random_way($below));
}

sub path_text
{
	my (@way) = @_;

	return '{' . join(',', map {
			ref $_ ? one_of('*', ' * ')
			: /^[a-z0-9-]+$/ && lc ne 'null' && rand() < 0.5 ? $_
			: '"' . s/(["\\])/\\$1/gr . '"'
		} @way) . '}';
}

# --- the oracle --------------------------------------------------------------

sub leads_on
{
	my ($step, $kind, $key, $count) = @_;

	return 1 if ref $step;
	return $step eq $key if $kind eq 'o';
	return $step =~ /^-?[0-9]+$/ && ($step == $key || $step + $count == $key && $step < 0);
}

# Marks the leaves that one of the ways leads to.
sub mark
{
	my ($node, @ways) = @_;
	my ($kind, @rest) = @$node;
	my $whole = grep { @$_ == 0 } @ways;

	if ($kind eq 'leaf')
	{
		$node->[3] = 1 if $whole && $rest[0] ne 'null';
		return;
	}
	my %object = $kind eq 'o' ? @rest : map { $_ => $rest[$_] } 0 .. $#rest;
	for my $key (keys %object)
	{
		my @on = map { [ @$_[ 1 .. $#$_ ] ] } grep { @$_ && leads_on($_->[0], $kind, $key, scalar @rest) } @ways;
		mark($object{$key}, $whole ? [] : @on);
	}
	return;
}

# --- the test ----------------------------------------------------------------

set_up(q{SET client_min_messages = warning; CREATE SCHEMA json_random; SET search_path = json_random, public;
	CREATE TABLE docs (id int PRIMARY KEY, doc jsonb, paths text[], expected jsonb, context text);
	CREATE FUNCTION masked(doc jsonb, version text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
		SELECT regexp_replace(doc::text, '"ev:' || version || ':((number|boolean):)?[A-Za-z0-9+/:]+:\$"', '"<\2>"', 'g')::jsonb $$});
my ($fields, $untouched) = (0, 0);
my @rows;
for my $id (1 .. $DOCUMENTS)
{
	my $document = random_node(5);
	my @ways = map { [ random_way($document) ] } 1 .. 1 + int rand 4;
	my $plain = json_of($document, sub { $_[0][2] });

	mark($document, @ways);
	my $expected = json_of($document, sub {
		my ($leaf) = @_;
		$leaf->[3] ? $fields++ : $untouched++;
		return !$leaf->[3] ? $leaf->[2] : $leaf->[1] eq 'string' ? '"<>"' : "\"<$leaf->[1]>\"";
	});
	push @rows, sprintf q{(%d, $d$%s$d$, ARRAY[%s]::text[], $d$%s$d$, 'context %d')}, $id, $plain,
	  join(', ', map { '$d$' . path_text(@$_) . '$d$' } @ways), $expected, rand 10;
}
set_up('INSERT INTO docs VALUES ' . join(', ', @rows));
cmp_ok($fields, '>', $DOCUMENTS / 2, "$fields fields");
cmp_ok($untouched, '>', $DOCUMENTS / 2, "$untouched other leaves");

# Numbers of documents for which this does not hold.
sub none
{
	my ($condition, $name) = @_;
	my $bad = $session->query("SELECT id FROM docs WHERE ($condition) IS NOT TRUE ORDER BY id LIMIT 5");

	is($session->{error}, '', "$name: no error");
	is($bad, '', "$name: all documents")
	  or diag($session->query("SELECT doc, paths, expected, masked(encrypt_fields(doc, paths), 'QkTC') FROM docs WHERE id = " . ($bad =~ /(\d+)/)[0]));
	return;
}

for my $batch ('on', 'off')
{
	$session->query("SET evcrypt.batch = $batch");
	none(q{masked(encrypt_fields(doc, paths), 'QkTC') = expected}, "batch $batch: what is encrypted");
	none(q{masked(encrypt_fields(doc, paths, context), 'RVZS') = expected}, "batch $batch: what is encrypted with a context");
	none('record_image_eq(ROW(decrypt_fields(encrypt_fields(doc, paths))), ROW(doc))', "batch $batch: and back");
	none('record_image_eq(ROW(decrypt_fields(encrypt_fields(doc, paths), paths)), ROW(doc))', "batch $batch: and back by paths");
	none('record_image_eq(ROW(decrypt_fields(encrypt_fields(doc, paths, context), paths, context)), ROW(doc))',
		"batch $batch: and back with a context");
}
$session->query('RESET evcrypt.batch');

# --- texts of paths ----------------------------------------------------------

# How a text is read: its elements, or NULL if it is no path.
set_up(q{
	CREATE FUNCTION elements(path text) RETURNS text[] LANGUAGE plpgsql AS $$
	DECLARE
		read text[];
	BEGIN
		read := path::text[];
		RETURN CASE WHEN array_ndims(read) > 1 OR array_position(read, NULL) IS NOT NULL OR path ~ '^\s*\[' THEN NULL ELSE read END;
	EXCEPTION WHEN invalid_text_representation OR array_subscript_error OR program_limit_exceeded THEN
		RETURN NULL;
	END $$;
	CREATE FUNCTION is_path(path text) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		RETURN encrypt_fields('{}', ARRAY[path]) = '{}';
	EXCEPTION WHEN invalid_text_representation OR null_value_not_allowed THEN
		RETURN false;
	END $$;
	CREATE FUNCTION nested(keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN cardinality(keys) = 0 THEN '"leaf"' ELSE jsonb_build_object(keys[1], nested(keys[2:]), keys[1] || '!', 'other') END $$;
	CREATE TABLE texts (path text)});
my @PIECES = ('{', '}', '{', '}', ',', ',', '"', '"', '\\', ' ', "\t", 'a', 'b', '*', '0', '-1', 'null', 'NULL', '[', ':', "\xc3\xa9");
my @texts = map {
	my $text = join '', map { one_of(@PIECES) } 1 .. 1 + int rand 8;
	rand() < 0.7 ? "{$text}" : $text;
} 1 .. $TEXTS;
set_up('INSERT INTO texts VALUES ' . join(', ', map { "(\$d\$$_\$d\$)" } @texts));

my $paths = $session->query('SELECT count(*) FROM texts WHERE is_path(path)');
cmp_ok($paths, '>', $TEXTS / 20, "$paths of $TEXTS texts are paths");
is($session->query('SELECT DISTINCT path FROM texts WHERE is_path(path) <> (elements(path) IS NOT NULL) ORDER BY 1 LIMIT 5'), '',
	'they are those that PostgreSQL reads');
my $elsewhere = $session->query(q{SELECT path FROM (SELECT path, nested(elements(path)) AS doc, elements(path) AS keys FROM texts WHERE is_path(path) OFFSET 0) AS s
	WHERE encrypt_fields(doc, ARRAY[path]) #>> keys NOT LIKE 'ev:QkTC:%' OR path !~ '[*]'
		AND regexp_count(encrypt_fields(doc, ARRAY[path])::text, '"ev:QkTC:') <> 1 LIMIT 5});
is($session->{error}, '', 'their elements are keys');
is($elsewhere, '', 'and they lead to the same place');

$session->query('DROP SCHEMA json_random CASCADE');
$session->close;
done_testing();
