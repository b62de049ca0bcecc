# A LATIN1 database: ciphertext is UTF-8 inside whatever the server encoding.
# Release build only: it is about encodings.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3(stopped => 1);
spit($e3->{config}, slurp($e3->{config}) . "[audit]\nfile = $e3->{dir}/audit\n");
$e3->start;
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

# A role's name is the database's bytes, whatever it is in; in the audit it is UTF-8.
$latin->query(qq{SET client_encoding = 'LATIN1'; CREATE ROLE "caf\xe9" SUPERUSER; SET ROLE "caf\xe9"});
$latin->is(q{SELECT decrypt(encrypt('of a role'))}, 'of a role', 'a role whose name is LATIN1');
$utf->query(qq{CREATE ROLE "th\xc3\xa9" SUPERUSER; SET ROLE "th\xc3\xa9"});
$utf->is(q{SELECT decrypt(encrypt('of a role'))}, 'of a role', 'one whose name is UTF-8');
like(slurp("$e3->{dir}/audit"), qr/ operation=decrypt [^\n]*label="caf\?" .* operation=decrypt [^\n]*label="th\\xc3\\xa9" /s,
	'what is not UTF-8 is masked');

$_->close for $latin, $utf;
$node->stop;
done_testing();
