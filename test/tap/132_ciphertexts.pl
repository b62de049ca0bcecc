# Bad ciphertexts, by every way that somebody has found to make one: each is refused by
# name, and none opens.
use strict;
use warnings;

use File::Temp ();
use FindBin qw($RealBin);
use Files;
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

my $vectors = decode_json(slurp("$RealBin/../vectors/ciphertexts.json"));
my $dir = File::Temp->newdir;

sub psql
{
	my ($sql, $app) = @_;

	spit("$dir/q.sql", $sql);
	local $ENV{PGOPTIONS} = '-c evcrypt.app=' . ($app // 'hostile');
	my $out = `psql -XAtq -v VERBOSITY=verbose -f $dir/q.sql 2>&1`;
	chomp $out;
	return $out;
}

for my $curve (qw(p256 secp256k1))
{
	spit("$dir/$curve", "$vectors->{curves}{$curve}{private}\n");
}
is(system('e3ctl', 'app', 'import', 'hostile', '--private-key', "$dir/p256",
		'--secp256k1-private-key', "$dir/secp256k1"), 0, 'e3ctl app import');

# Outcomes of decrypting texts, with a context if there is one to give.
psql(<<'END');
CREATE FUNCTION outcome(candidate text, context text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	IF context IS NULL THEN
		result := decrypt(candidate::encrypted);
	ELSE
		result := decrypt(candidate::encrypted, context);
	END IF;
	RETURN 'opened';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
END

sub quoted { return defined $_[0] ? q{E'} . $_[0] =~ s/([\\'])/\\$1/gr =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger . q{'} : 'NULL'; }
sub outcome { my ($text, $context) = @_; return psql('SELECT outcome(' . quoted($text) . ', ' . quoted($context) . ')'); }

# --- C1, C2: what is cut off, or flipped -----------------------------------

for my $tag (qw(QkTC S0lS RVZS RVZL))
{
	my ($vector) = grep { $_->{tag} eq $tag } @{ $vectors->{ciphertexts} };
	my ($string, $context) = (quoted($vector->{string}), quoted($vector->{context}));
	my $length = length $vector->{string};

	is(outcome($vector->{string}, $vector->{context}), 'opened', "$tag: as it is");
	is(psql("SELECT count(*) FILTER (WHERE outcome(left($string, n), $context) ~ '^22P02') FROM generate_series(0, $length - 1) n"),
		$length, 'C1: no beginning of it is a ciphertext');
	is(psql(<<"END"), 7 * $length . '|0', 'C2: no text with a flipped bit opens');
SELECT count(*), count(*) FILTER (WHERE outcome(overlay($string placing chr(ascii(substr($string, at, 1)) # (1 << bit)) from at for 1), $context) = 'opened')
FROM generate_series(1, $length) at, generate_series(0, 6) bit
WHERE ascii(substr($string, at, 1)) # (1 << bit) <> 0;
END
}

# --- the others ------------------------------------------------------------

my ($vector) = grep { $_->{tag} eq 'QkTC' and $_->{source} eq 'sdk' } @{ $vectors->{ciphertexts} };
my ($iv, $key, $sealed) = (split /:/, $vector->{string})[2 .. 4];
my $p = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';

sub text { my (%part) = @_; return join ':', 'ev', $part{tag} // 'QkTC', $part{type} // (), $part{iv} // $iv, $part{key} // $key, ($part{sealed} // $sealed) . ':$'; }
sub base64 { return encode_base64($_[0], '') =~ s/=+$//r; }
sub point { return base64(pack 'H*', $_[0]); }

my $BASE64 = qr/22P02 ciphertext has a segment that is not canonical base64/;
my $SEGMENTS = qr/22P02 ciphertext has the wrong number of segments/;
my $POINT = qr/22P02 ephemeral key of the ciphertext is not a compressed point/;
my $CLOSED = qr/EV020 ciphertext does not open/;
my $END = qr/22P02 ciphertext does not end/;
my $TEXT = qr/^22P02 /;
my $own = $vectors->{curves}{p256}{public};
my $k1 = $vectors->{curves}{secp256k1}{epk};

my @cases = (
	[ 'C3: tag of another version', text(tag => 'Tk9D'), $CLOSED ],
	[ 'C3: tag of the other curve', text(tag => 'S0lS'), $CLOSED ],
	[ 'C3: tag of nobody', text(tag => 'QkTD'), qr/22P02 ciphertext has an unknown version/ ],
	[ 'C3: tag in small letters', text(tag => 'qktc'), $TEXT ],
	[ 'C3: datatype', text(type => 'number'), $CLOSED ],
	[ 'C3: datatype of nobody', text(type => 'date'), qr/22P02 ciphertext has an unknown datatype/ ],
	[ 'C4: no $', substr(text(), 0, -1), $END ],
	[ 'C4: no :', text() =~ s/:\$$/\$/r, $END ],
	[ 'C4: one : more', text() =~ s/:\$$/::\$/r, $TEXT ],
	[ 'C4: empty segment', text(iv => ''), $TEXT ],
	[ 'C5: bad character', text(sealed => '!' . substr($sealed, 1)), $BASE64 ],
	[ 'C5: alphabet of URLs', text(sealed => '-_' . substr($sealed, 2)), $BASE64 ],
	[ 'C5: white space', text(sealed => substr($sealed, 0, 8) . ' ' . substr($sealed, 8)), $BASE64 ],
	[ 'C5: end of line', text(sealed => substr($sealed, 0, 8) . "\r\n" . substr($sealed, 8)), $BASE64 ],
	[ 'C5: bits that nobody needs', text(sealed => base64('x' x 20) =~ s/g$/h/r), $BASE64 ],
	[ 'C5: too much padding', text(sealed => $sealed . '==='), $BASE64 ],
	[ 'C6: IV of no bytes', text(iv => ''), $TEXT ],
	[ 'C6: IV of 11 bytes', text(iv => base64('i' x 11)), $TEXT ],
	[ 'C6: IV of 13 bytes', text(iv => base64('i' x 13)), $TEXT ],
	[ 'C6: IV of 16 bytes', text(iv => base64('i' x 16)), $TEXT ],
	(map { [ "C7: $_ bytes of ciphertext and tag", text(sealed => base64('t' x $_)), qr/22P02 ciphertext (is shorter|has)/ ] } 1, 4, 12, 15),
	[ 'C7: nothing of them', text(sealed => ''), $TEXT ],
	[ 'C7: a tag cut to 12 bytes', text(sealed => base64(substr decode_base64($sealed), 0, -4)), $CLOSED ],
	[ 'C7: a tag and nothing else', text(sealed => base64('t' x 16)), $CLOSED ],
	[ 'C8: infinity', text(key => point('00')), $TEXT ],
	[ 'C8: infinity, filled up', text(key => point('00' x 33)), $POINT ],
	[ 'C8: uncompressed', text(key => point('04' . '11' x 64)), $TEXT ],
	[ 'C8: hybrid 06', text(key => point('06' . substr $key, 0, 0) . 'A' x 42), $TEXT ],
	[ 'C8: parity byte 05', text(key => point('05' . '11' x 32)), $POINT ],
	[ 'C8: not on the curve', text(key => point('02' . '00' x 31 . '01')), $CLOSED ],
	[ 'C8: x is p', text(key => point("02$p")), $CLOSED ],
	[ 'C8: x above p', text(key => point('02' . 'ff' x 32)), $CLOSED ],
	[ 'C8: a point of the other curve', text(key => point($k1)), $CLOSED ],
	[ 'C8: no bytes', text(key => ''), $TEXT ],
	[ 'C8: a megabyte', text(key => 'A' x 1048576), $TEXT ],
	[ "C9: the app's own key", text(key => point($own)), $CLOSED ],
	[ 'C16: a line after it', text() . "\n", $END ],
	[ 'C16: another after it', text() . text(), $TEXT ],
	[ 'C17: a letter that looks like it', "\xd0\xb5" . substr(text(), 1), qr/22P02 text does not begin with "ev:"/ ],
	[ 'C17: capitals', 'EV' . substr(text(), 2), qr/22P02 text does not begin with "ev:"/ ],
	[ 'a debug string', 'ev:debug:' . substr(text(), 3), qr/EV021 ciphertext is a debug string/ ],
	[ 'an API key', 'ev:key:1:abc:def:ghi', qr/EV022 text is an API key/ ],
);
like(outcome($_->[1]), $_->[2], $_->[0]) for @cases;
is(outcome(text()), 'opened', 'and what they were made of opens');

# C10, a shared secret that begins with a zero, and C12, metadata that are not what they
# should be, take keys and plaintexts that nobody has here: agree_test and metadata_test.
# C11: empty plaintext; C13: swapped contexts are in 131; here, the wrong one.
is(psql(q{SELECT '<' || decrypt(encrypt('')) || '>', '<' || decrypt(encrypt('', ''), '') || '>'}), '<>|<>', 'C11: nothing comes back as nothing');
like(psql(q{SELECT decrypt(encrypt('x', 'a'), 'b')}), qr/EV020/, 'C13: another context');

# C14: the key of an app that is not this one.
my $foreign = psql(q{SET evcrypt.app = 'default'; CREATE TABLE foreign_values AS SELECT encrypt('x') AS e; SELECT e FROM foreign_values});
like(psql('SELECT decrypt(e) FROM foreign_values'), qr/ERROR:  EV011: ciphertext names a key that E3 does not have/, 'C14: a key that is unknown, by its hint');
like(outcome($foreign), $CLOSED, 'C14: or without a hint');
psql('DROP TABLE foreign_values');

# C15: whoever knows both keys can make one ciphertext that opens under each; the version
# of the key comes from the hint, or is the newest that opens it.  It is one value of an
# app, never of two: an app has its own keys.
like(psql(q{SELECT decrypt('} . text() . q{'::encrypted)}, 'default'), qr/EV020/, 'C15: an app is asked for, and no other is tried');

# An SDK writes NaN as the JSON text null.
is(psql(q{SELECT decrypt(encrypt('NaN'::float8)), (encrypted_info(encrypt('NaN'::float8))).datatype}), 'NaN|string', 'NaN is a string here');

psql('DROP FUNCTION outcome');
done_testing();
