# Server encodings of several bytes: text comes back byte for byte, or is refused.
# Release build only: it is about encodings.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3();
my $node = new_node('encodings', $e3);

sub database
{
	my ($encoding) = @_;
	my $name = lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $name ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node->safe_psql($name, 'CREATE EXTENSION evcrypt');
	my $session = session($node, $name);
	# Bytes as they are, both ways, as text of the database.
	$session->query("SET client_encoding = '$encoding'");
	$session->query(q{CREATE FUNCTION same(bytes text) RETURNS boolean LANGUAGE sql AS
		$$SELECT decrypt(encrypt(v)) = v FROM convert_from(decode(bytes, 'hex'), getdatabaseencoding()) AS v$$});
	return $session;
}

my $japanese = database('EUC_JP');
$japanese->is("SELECT same('')", 't', 'nothing');
$japanese->is("SELECT same('61625c7e')", 't', 'ASCII');
$japanese->is("SELECT same('c6fccbdc61')", 't', 'Japanese');
$japanese->is("SELECT same('a2e2')", 't', 'a character with two codes, by its first');
$japanese->query("SELECT same('adf0')");
is($japanese->sqlstate, '22P05', 'and by its second');
like($japanese->{error}, qr/survive conversion/, 'is refused by name');
unlike($japanese->{error}, qr/adf0|\xad\xf0/, 'without the value');
$japanese->query("SELECT encrypt(ARRAY[convert_from(decode('c6fcadf0', 'hex'), 'EUC_JP')])");
is($japanese->sqlstate, '22P05', 'inside an array, too');
$japanese->is("SELECT encode(decrypt_as(encrypt('\\xadf0'::bytea), NULL::bytea), 'hex')", 'adf0',
	'bytea is not converted');
$japanese->close;

# Every character of two bytes is one or the other.
for my $encoding ('EUC_KR', 'EUC_CN', 'EUC_TW', 'EUC_JIS_2004')
{
	my $session = database($encoding);
	$session->query(q{CREATE FUNCTION kinds(OUT same bigint, OUT other bigint, OUT refused bigint) LANGUAGE plpgsql AS $$
		DECLARE
			text text;
		BEGIN
			same := 0; other := 0; refused := 0;
			FOR row IN 161..254 LOOP
				BEGIN
					text := NULL;
					text := convert_from(decode(to_hex(row) || 'b0', 'hex'), getdatabaseencoding());
					IF decrypt(encrypt(text)) = text THEN same := same + 1; ELSE other := other + 1; END IF;
				EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
					refused := refused + 1;
				END;
			END LOOP;
		END $$});
	my $kinds = $session->query('SELECT same > 40, other, same + refused FROM kinds()');
	is($kinds, 't|0|94', "$encoding: none comes back as another");
	$session->close;
}

$node->stop;
done_testing();
