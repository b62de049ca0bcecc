# A LATIN1 database: ciphertext is UTF-8 inside whatever the server encoding.
# Release build only: it is about encodings.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('latin1', $e3);

$node->safe_psql('postgres',
	q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
	  CREATE DATABASE utf ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
$node->safe_psql($_, 'CREATE EXTENSION evcrypt') for 'latin', 'utf';
my $latin = session($node, 'latin');
my $utf = session($node, 'utf');
$_->query("SET client_encoding = 'UTF8'") for $latin, $utf;

$latin->is(q{SELECT decrypt(encrypt('déjà vu'))}, 'déjà vu', 'comes back');
$latin->is(q{SELECT octet_length(decrypt(encrypt('déjà vu')))}, 7, 'as LATIN1');
$latin->is(q{SELECT encode(decrypt_as(encrypt('\x00ff80'::bytea), NULL::bytea), 'hex')}, '00ff80',
	'raw bytes are not converted');

my $accents = $utf->query(q{SELECT encrypt('déjà vu')});
$latin->is("SELECT decrypt('$accents')", 'déjà vu', 'from a UTF8 database');
my $back = $latin->query(q{SELECT encrypt('déjà vu')});
$utf->is("SELECT decrypt('$back')", 'déjà vu', 'and to one');

$latin->is(q{SELECT decrypt_fields(encrypt_fields('{"é": "déjà vu"}', '{"{é}"}'))}, '{"é": "déjà vu"}', 'a field of a document comes back');
my $document = $utf->query(q{SELECT encrypt_fields('{"a": "déjà vu", "é": "5 €"}', '{"{*}"}')});
$latin->is("SELECT decrypt_fields(\$d\$$document\$d\$, '{\"{a}\"}') ->> 'a'", 'déjà vu', 'from a UTF8 database');
$latin->query("SELECT decrypt_fields(\$d\$$document\$d\$)");
is($latin->sqlstate, '22P05', 'a field that LATIN1 lacks');

for my $text ('5 €', 'Ożarowski', '🔑')
{
	my $foreign = $utf->query("SELECT encrypt('$text')");
	$latin->query("SELECT decrypt('$foreign')");
	is($latin->sqlstate, '22P05', 'text that LATIN1 lacks');
	unlike($latin->{error}, qr/\Q$text/, 'is not in the error');
	$latin->query("SELECT decrypt_as('$foreign', NULL::varchar)");
	is($latin->sqlstate, '22P05', 'nor by decrypt_as');
}

$_->close for $latin, $utf;
$node->stop;
done_testing();
