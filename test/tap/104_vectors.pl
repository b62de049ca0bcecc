# Strings that an SDK made open under an imported key, in SQL; anything cut off
# or flipped does not.
use strict;
use warnings;

use File::Temp ();
use FindBin qw($RealBin);
use JSON::PP;
use Test::More;

sub slurp
{
	my ($path) = @_;

	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return <$file>;
}

my $vectors = decode_json(slurp("$RealBin/../vectors/ciphertexts.json"));
my $dir = File::Temp->newdir;

sub key_file
{
	my ($curve) = @_;

	open my $file, '>', "$dir/$curve" or die;
	print $file $vectors->{curves}{$curve}{private}, "\n";
	close $file;
	return "$dir/$curve";
}

is(system('e3ctl', 'app', 'import', 'vectors', '--private-key', key_file('p256'),
		'--secp256k1-private-key', key_file('secp256k1')), 0, 'e3ctl app import');

# Output and errors of one psql that runs these statements as the app "vectors".
sub psql
{
	my ($sql) = @_;
	open my $file, '>', "$dir/q.sql" or die;
	print $file $sql;
	close $file;
	local $ENV{PGOPTIONS} = '-c evcrypt.app=vectors';
	my $out = `psql -XAt -v VERBOSITY=verbose -f $dir/q.sql 2>&1`;
	chomp $out;
	return $out;
}

sub hex_text
{
	my ($text) = @_;
	utf8::encode($text);
	return unpack('H*', $text);
}

for my $vector (@{ $vectors->{ciphertexts} })
{
	my $string = $vector->{string};
	my $name = join ' ', map { $_ // '-' } @$vector{qw(tag curve datatype role)};
	my $out = psql("SELECT encode(convert_to(decrypt('$string'::encrypted), 'UTF8'), 'hex');");

	if (defined $vector->{context})
	{
		like($out, qr/ERROR:  EV023/, "$name: bound to a context");
		is(psql("SELECT decrypt('$string'::encrypted, '$vector->{context}');"), $vector->{text}, 'with which it opens');
	}
	else { is($out, hex_text($vector->{text}), "$name opens"); }
	is(psql("SELECT '$string'::encrypted;"), $string, 'and its text stays as it was');
}

my ($qktc) = grep { $_->{tag} eq 'QkTC' and $_->{source} eq 'sdk' } @{ $vectors->{ciphertexts} };
my $length = length $qktc->{string};

# Counts the outcomes of decrypting each of an array of texts, by SQLSTATE.
my $count_outcomes = <<'END';
CREATE FUNCTION pg_temp.outcome(candidate text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM decrypt(candidate::encrypted);
	RETURN 'opened';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
END

my $out = psql(<<"END");
$count_outcomes
SELECT pg_temp.outcome(left('$qktc->{string}', n)), count(*)
FROM generate_series(0, $length - 1) n GROUP BY 1;
SELECT pg_temp.outcome('$qktc->{string}');
END
is($out, "CREATE FUNCTION\n22P02|$length\nopened", 'no truncation is a ciphertext');

# A flipped top bit makes a byte that is no ASCII: not even text in UTF-8.
$out = psql(<<"END");
$count_outcomes
SELECT count(*), count(*) FILTER (WHERE pg_temp.outcome(
	overlay('$qktc->{string}' placing chr(ascii(substr('$qktc->{string}', at, 1)) # (1 << bit))
		from at for 1)) = 'opened')
FROM generate_series(1, $length) at, generate_series(0, 6) bit
WHERE ascii(substr('$qktc->{string}', at, 1)) # (1 << bit) <> 0;
END
is($out, "CREATE FUNCTION\n" . 7 * $length . '|0', 'no text with a flipped bit opens');

# Each refusal says what it is.
my %refused = (
	'ev:debug:QkTC:a:b:c:$' => qr/EV021: ciphertext is a debug string/,
	'ev:key:1:abc:def:ghi' => qr/EV022: text is an API key/,
	'plain text' => qr/22P02: text does not begin with "ev:"/,
	substr($qktc->{string}, 0, -1) => qr/22P02: ciphertext does not end with ":\$"/,
	'ev:QkTD' . substr($qktc->{string}, 7) => qr/22P02: ciphertext has an unknown version/,
	$qktc->{string} . ' ' => qr/22P02: ciphertext does not end with ":\$"/,
	"EV" . substr($qktc->{string}, 2) => qr/22P02: text does not begin with "ev:"/,
);
for my $text (sort keys %refused)
{
	like(psql("SELECT '$text'::encrypted;"), $refused{$text}, 'refused by name: ' . substr($text, 0, 20));
}

done_testing();
