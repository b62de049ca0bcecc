# Random values of every type, as the text of their literals.
package Values;

use strict;
use utf8;
use warnings;

use parent 'Chance';

use Exporter qw(import);

our @EXPORT_OK = qw(quote);

# Types of one's own, for those that are made of others.
our $SETUP = q{
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'it''s "fine", \o/', '', '日本');
CREATE DOMAIN word AS text CHECK (length(VALUE) < 10000);
CREATE DOMAIN price AS numeric(12,3) CHECK (VALUE < 1e9);
CREATE DOMAIN bits AS bytea;
CREATE TYPE entry AS (i int, at timestamptz, w word, a text[], m mood, p price);
CREATE DOMAIN dated AS entry CHECK (VALUE IS NULL OR (VALUE).at IS NOT NULL);
CREATE TYPE span AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = spans);
CREATE TYPE words AS RANGE (SUBTYPE = word, MULTIRANGE_TYPE_NAME = wordss);
};

# Those, and what the extensions bring.
my %OWN = map { $_ => 1 } qw(bits citext cube dated entry hstore ltree mood price span spans word words);

# Those that PostgreSQL writes and does not read.
our @UNREADABLE = qw(gtsvector pg_brin_bloom_summary pg_brin_minmax_multi_summary pg_dependencies pg_mcv_list
  pg_ndistinct pg_node_tree);

my @CHARACTERS = (
	sub { chr(1 + $_[0]->below(127)) },
	sub { $_[0]->pick('"', "'", '\\', "\t", "\n", "\r", ' ', ',', '{', '}', '(', ')', '[', ';', '%', 'NULL', 'ev:', '$', '\\N', '\\.', ':x') },
	sub { chr(0x80 + $_[0]->below(0x700)) },
	sub { chr(0x3040 + $_[0]->below(0x5000)) },
	sub { chr(0x1f300 + $_[0]->below(0x300)) },
	sub { $_[0]->pick("e\x{301}", "\x{200d}", "\x{feff}", "\x{10fffd}", "\x{a0}") });

my @SIZES = (0, 1, 2, 15, 16, 17, 64);

# A literal of SQL, standard_conforming_strings being on.
sub quote { my ($text) = @_; return defined $text ? "'" . ($text =~ s/'/''/gr) . "'" : 'NULL'; }

# --- texts and bytes -----------------------------------------------------------

sub text
{
	my ($self) = @_;
	my $one = $self->pick(@CHARACTERS);
	my $mixed = $self->chance(25);

	return join '', $self->times($self->pick(@SIZES, $self->below(40), $self->below(40), 300),
		sub { ($mixed ? $self->pick(@CHARACTERS) : $one)->($self) });
}

sub hex_bytes { my ($self, $count) = @_; return join '', $self->times($count, sub { sprintf '%02x', $self->below(256) }); }

# Letters and digits, the first a letter.
sub word
{
	my ($self) = @_;

	return join '', $self->pick('a' .. 'z'), $self->times($self->below(8), sub { $self->pick('a' .. 'z', 0 .. 9) });
}

sub bits { my ($self) = @_; return join '', $self->times($self->below(70), sub { $self->below(2) }); }

# --- numbers -------------------------------------------------------------------

sub digits { my ($self, $most) = @_; return join '', $self->times(1 + $self->below($most), sub { $self->below(10) }); }

# An integer of up to so many bits and a sign.
sub integer
{
	my ($self, $bits) = @_;
	my $size = 1 + $self->below($bits);
	my $value = 0;

	$value = $value * 2 + $self->below(2) for 1 .. $size;
	return $self->pick($value, -$value, -$value - 1);
}

# Without a sign, of up to 32 bits.
sub natural { my ($self) = @_; return $self->pick($self->below(100), $self->below(65536) * 65536 + $self->below(65536)); }

sub numeric
{
	my ($self) = @_;
	my $value = $self->pick('', '-') . $self->digits($self->pick(3, 20, 60));

	$value .= '.' . $self->digits($self->pick(2, 20)) if $self->chance(60);
	return $self->pick(($value) x 6, $value . 'e' . $self->integer(6), 'NaN', 'Infinity', '-Infinity');
}

sub float
{
	my ($self, $exponent) = @_;

	return $self->pick('0', '-0', 'NaN', 'Infinity', '-Infinity') if $self->chance(15);
	return $self->pick('', '-') . $self->below(10) . '.' . $self->digits(18) . 'e' . ($self->below(2 * $exponent) - $exponent);
}

# --- times ---------------------------------------------------------------------

# Of a year up to 4000, so that it may also be before Christ.
sub date_text { my ($self) = @_; return sprintf '%04d-%02d-%02d', 1 + $self->below(4000), 1 + $self->below(12), 1 + $self->below(28); }

sub time_text
{
	my ($self) = @_;

	return sprintf '%02d:%02d:%02d.%06d', $self->below(24), $self->below(60), $self->below(60), $self->below(1000000);
}

sub zone { my ($self) = @_; return sprintf '%s%02d:%02d', $self->pick('+', '-'), $self->below(15), $self->pick(0, 30, 45); }

sub date
{
	my ($self) = @_;

	return $self->pick($self->date_text . $self->pick('', '', '', ' BC'), $self->pick('infinity', '-infinity', '5874897-12-31'));
}

sub timestamp
{
	my ($self, $zone) = @_;

	return $self->pick('infinity', '-infinity') if $self->chance(5);
	return $self->date_text . ' ' . $self->time_text . $zone . $self->pick('', '', '', ' BC');
}

sub interval
{
	my ($self) = @_;

	return join ' ', $self->integer(20) . ' mons', $self->integer(20) . ' days', $self->pick('', '-') . $self->time_text;
}

# --- made of others --------------------------------------------------------------

sub json_string
{
	my ($self) = @_;
	my $text = $self->text =~ s/(["\\])/\\$1/gr =~ s/([\x01-\x1f])/sprintf '\\u%04x', ord $1/ger;

	return qq{"$text"};
}

sub json_number { my ($self) = @_; return $self->integer(40) . $self->pick('', '', '.' . $self->digits(6), 'e' . $self->below(20)); }

sub json
{
	my ($self, $depth) = @_;
	my @leaves = ($self->json_string, $self->json_number, $self->pick('true', 'false', 'null'));

	return $self->pick(@leaves) if $depth == 0 or $self->chance(30);
	return '[' . join(', ', $self->times($self->below(4), sub { $self->json($depth - 1) })) . ']' if $self->chance(40);
	return '{' . join(', ', $self->times($self->below(4), sub { $self->json_string . ': ' . $self->json($depth - 1) })) . '}';
}

sub xml
{
	my ($self) = @_;
	my $text = $self->text =~ tr/\x01-\x08\x0b\x0c\r\x0e-\x1f\x7f-\x9f//dr =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr;

	return sprintf '<%s b="%d">%s</%1$s> and more', $self->word, $self->below(100), $text;
}

sub tsvector
{
	my ($self) = @_;

	return join ' ', $self->times($self->below(6), sub {
		my $lexeme = substr('x' . $self->text, 0, 20) =~ s/(['\\])/$1$1/gr;
		return "'$lexeme'" . $self->pick('', ':1', ':' . (1 + $self->below(16000)) . $self->pick('', 'A', 'B'));
	});
}

sub tsquery
{
	my ($self) = @_;

	return $self->word . $self->pick(' & !' . $self->word, ' | ' . $self->word . ':*A', ' <' . $self->below(9) . '> ' . $self->word, '');
}

# Two bounds, in order, or one, or none, by a function that gives text that sorts.
sub range
{
	my ($self, $bound) = @_;
	my ($low, $high) = sort { $a <=> $b } $bound->(), $bound->();

	return 'empty' if $self->chance(5);
	return $self->pick('[', '(') . $self->pick($low, $low, '') . ',' . $self->pick($high, $high, '') . $self->pick(']', ')');
}

sub multirange { my ($self, $range) = @_; return '{' . join(',', $self->times($self->below(4), $range)) . '}'; }

# Of numbers there are ranges; of times in years of so many digits.
my %BOUND = (
	int => sub { my ($self) = @_; return sub { $self->integer(20) } },
	num => sub { my ($self) = @_; return sub { $self->integer(20) . '.' . $self->digits(5) } });

sub years
{
	my ($self, $rest) = @_;
	my ($low, $high) = sort $self->date_text, $self->date_text;

	return 'empty' if $self->chance(5);
	return $self->pick('[', '(') . $self->pick(qq{"$low$rest"}, '') . ',' . $self->pick(qq{"$high$rest"}, 'infinity', '') . ')';
}

sub point { my ($self) = @_; return '(' . $self->float(30) . ',' . $self->float(30) . ')'; }

sub finite { my ($self) = @_; return $self->integer(30) . '.' . $self->digits(6); }

sub finite_point { my ($self) = @_; return '(' . $self->finite . ',' . $self->finite . ')'; }

sub points { my ($self) = @_; return join ',', $self->times(1 + $self->below(5), sub { $self->finite_point }); }

sub in_quotes { my ($text) = @_; return '"' . ($text =~ s/(["\\])/\\$1/gr) . '"'; }

# Elements, some of them NULL, in one dimension or two.
sub array
{
	my ($self, $type) = @_;
	my $delimiter = $type eq 'box' ? ';' : ',';
	my $width = $self->below(4);
	my $row = sub {
		return '{' . join($delimiter, $self->times($width, sub { $self->chance(15) ? 'NULL' : in_quotes($self->value($type)) })) . '}';
	};

	return $row->() if $width == 0 or $self->chance(60);
	return $self->pick('', '[-1:0][2:' . (1 + $width) . ']=') . '{' . join($delimiter, $row->(), $row->()) . '}';
}

sub hstore
{
	my ($self) = @_;

	return join ', ', $self->times($self->below(4),
		sub { in_quotes($self->text) . '=>' . $self->pick('NULL', in_quotes($self->text)) });
}

sub row
{
	my ($self) = @_;

	return '(' . join(',', $self->pick('', $self->integer(31)), '"' . $self->timestamp('+00') . '"', in_quotes($self->text),
		in_quotes($self->array('text')), in_quotes($self->value('mood')), $self->pick('', $self->integer(29))) . ')';
}

# --- every type --------------------------------------------------------------------

my %MAKE = (
	'"char"' => sub { $_[0]->pick('', 'c', '"', '\\', ' ') },
	aclitem => sub { $_[0]->pick('postgres=arwdDxt/postgres', '=r*/postgres') },
	'"bit"' => sub { '1' . $_[0]->bits },
	bits => sub { '\x' . $_[0]->hex_bytes($_[0]->below(100)) },
	bool => sub { $_[0]->pick('t', 'f') },
	box => sub { $_[0]->finite_point . ',' . $_[0]->finite_point },
	bpchar => sub { $_[0]->text =~ s/ +\z//r },
	bytea => sub { '\x' . $_[0]->hex_bytes($_[0]->pick(@SIZES, $_[0]->below(1000))) },
	cid => \&natural,
	cidr => sub { $_[0]->pick($_[0]->below(224) . '.' . $_[0]->below(256) . '.0.0/16', sprintf '2001:%x::/32', $_[0]->below(65536)) },
	circle => sub { '<' . $_[0]->finite_point . ',' . $_[0]->below(1000) . '.' . $_[0]->digits(5) . '>' },
	citext => \&text,
	cube => sub { '(' . $_[0]->finite . ',' . $_[0]->finite . '),(' . $_[0]->finite . ',' . $_[0]->finite . ')' },
	date => \&date,
	dated => sub { '(1,"' . $_[0]->timestamp('+00') . '",,,,)' },
	datemultirange => sub { my ($self) = @_; $self->multirange(sub { $self->years('') }) },
	daterange => sub { $_[0]->years('') },
	entry => \&row,
	float4 => sub { $_[0]->float(35) },
	float8 => sub { $_[0]->float(300) },
	hstore => \&hstore,
	inet => sub {
		$_[0]->pick(sprintf('%d.1.2.3/%d', $_[0]->below(256), $_[0]->below(33)),
			sprintf('fe80::%x/%d', $_[0]->below(65536), $_[0]->below(129)))
	},
	int2 => sub { $_[0]->integer(15) },
	int2vector => sub { my ($self) = @_; join ' ', $self->times(1 + $self->below(5), sub { $self->integer(15) }) },
	int4 => sub { $_[0]->integer(31) },
	int4multirange => sub { my ($self) = @_; $self->multirange(sub { $self->range($BOUND{int}->($self)) }) },
	int4range => sub { $_[0]->range($BOUND{int}->($_[0])) },
	int8 => sub { $_[0]->integer(62) },
	int8multirange => sub { my ($self) = @_; $self->multirange(sub { $self->range($BOUND{int}->($self)) }) },
	int8range => sub { $_[0]->range($BOUND{int}->($_[0])) },
	interval => \&interval,
	json => sub { $_[0]->json(3) },
	jsonb => sub { $_[0]->json(3) },
	jsonpath => sub { '$.' . $_[0]->word . $_[0]->pick('', '[*]', ' ? (@.a > ' . $_[0]->below(100) . ')', '.type()') },
	line => sub { '{1' . $_[0]->digits(5) . ',' . $_[0]->finite . ',' . $_[0]->finite . '}' },
	lseg => sub { '[' . $_[0]->finite_point . ',' . $_[0]->finite_point . ']' },
	ltree => sub { my ($self) = @_; join '.', $self->times($self->below(5), sub { $self->word }) },
	macaddr => sub { $_[0]->hex_bytes(6) },
	macaddr8 => sub { $_[0]->hex_bytes(8) },
	money => sub { $_[0]->integer(50) . '.' . $_[0]->below(10) . $_[0]->below(10) },
	mood => sub { $_[0]->pick('sad', q{it's "fine", \o/}, '', '日本') },
	name => sub { substr($_[0]->text, 0, 12) },
	numeric => \&numeric,
	nummultirange => sub { my ($self) = @_; $self->multirange(sub { $self->range($BOUND{num}->($self)) }) },
	numrange => sub { $_[0]->range($BOUND{num}->($_[0])) },
	oid => \&natural,
	oidvector => sub { my ($self) = @_; join ' ', $self->times(1 + $self->below(5), sub { $self->natural }) },
	path => sub { my $points = $_[0]->points; $_[0]->pick("($points)", "[$points]") },
	pg_lsn => sub { sprintf '%X/%X', $_[0]->natural, $_[0]->natural },
	pg_snapshot => sub { my $low = 1 + $_[0]->below(1000); sprintf '%d:%d:%d', $low, $low + 10, $low + 3 },
	point => \&point,
	polygon => sub { '(' . $_[0]->points . ')' },
	price => sub { $_[0]->integer(29) . '.' . $_[0]->digits(5) },
	refcursor => \&text,
	regclass => sub { $_[0]->pick('pg_catalog.pg_class', 'pg_catalog.pg_type', '-', '4294967295') },
	regcollation => sub { $_[0]->pick('"C"', '"POSIX"', '-') },
	regconfig => sub { $_[0]->pick('simple', '-') },
	regdictionary => sub { $_[0]->pick('simple', '-') },
	regnamespace => sub { $_[0]->pick('public', 'pg_catalog', '-') },
	regoper => sub { $_[0]->pick('pg_catalog.||/', '0') },
	regoperator => sub { $_[0]->pick('pg_catalog.+(int4,int4)', 'pg_catalog.-(none,int8)', '0') },
	regproc => sub { $_[0]->pick('pg_catalog.now', '-') },
	regprocedure => sub { $_[0]->pick('pg_catalog.length(text)', '-') },
	regrole => sub { $_[0]->pick('postgres', '-') },
	regtype => sub { $_[0]->pick('timestamp with time zone', 'text[]', 'mood', '-') },
	span => sub { $_[0]->range($BOUND{num}->($_[0])) },
	spans => sub { my ($self) = @_; $self->multirange(sub { $self->range($BOUND{num}->($self)) }) },
	text => \&text,
	tid => sub { '(' . $_[0]->natural . ',' . $_[0]->below(65536) . ')' },
	time => \&time_text,
	timestamp => sub { $_[0]->timestamp('') },
	timestamptz => sub { $_[0]->timestamp($_[0]->zone) },
	timetz => sub { $_[0]->time_text . $_[0]->zone },
	tsmultirange => sub { my ($self) = @_; $self->multirange(sub { $self->years(' 01:02:03.4') }) },
	tsquery => \&tsquery,
	tsrange => sub { $_[0]->years(' 01:02:03.4') },
	tstzmultirange => sub { my ($self) = @_; $self->multirange(sub { $self->years(' 01:02:03.4+05') }) },
	tstzrange => sub { $_[0]->years(' 01:02:03.4+05') },
	tsvector => \&tsvector,
	txid_snapshot => sub { my $low = 1 + $_[0]->below(1000); sprintf '%d:%d:%d', $low, $low + 10, $low + 3 },
	uuid => sub { $_[0]->hex_bytes(16) },
	varbit => \&bits,
	varchar => \&text,
	word => \&text,
	words => sub { '[' . join(',', sort($_[0]->word, $_[0]->word)) . ']' },
	xid => \&natural,
	xid8 => sub { abs $_[0]->integer(62) },
	xml => \&xml);

# Their names, and those of arrays of them; in the order of the alphabet.
sub types { return map { ($_, "$_\[]") } sort keys %MAKE; }

# A type's name where the search_path is not the session's.
sub qualified { my ($type) = @_; return $OWN{ $type =~ s/\[\]\z//r } ? "public.$type" : $type; }

# A random value of a type.
sub value
{
	my ($self, $type) = @_;

	return $self->array($1) if $type =~ /^(.*)\[\]\z/;
	return $MAKE{$type}->($self);
}

1;
