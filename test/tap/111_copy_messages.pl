# What loads that fail say, to the client and in the server's log: where the trouble is,
# and nothing of what stands there, in whatever column it stands.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use Test::More;

# Values for the column that is encrypted; values that strayed into others; and one
# that is shown, by a COPY that does not encrypt.
my $CANARY = 'canary-5f0e-secret';
my $STRAY = 'stray-81c2-secret';
my $CONTROL = 'control-3d97-open';

set_up(<<'END');
CREATE SCHEMA messages;
CREATE DOMAIN messages.short AS text CHECK (length(VALUE) < 8);
CREATE FUNCTION messages.even(text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN IF $1 LIKE '%-secret' THEN RAISE EXCEPTION 'not even: %', $1; END IF; RETURN true; END $$;
CREATE DOMAIN messages.evens AS text CHECK (messages.even(VALUE));
CREATE TABLE messages.t (id int PRIMARY KEY, name text CHECK (length(name) < 10), ssn encrypted NOT NULL,
	born encrypted, n numeric(4,1), j jsonb, at timestamptz, m messages.short, e messages.evens, u uuid, a int[]);
CREATE TABLE messages.indexed (name text, ssn encrypted);
CREATE UNIQUE INDEX ON messages.indexed ((name::text));
INSERT INTO messages.indexed VALUES ('stray-81c2-secret');
CREATE INDEX ON messages.indexed ((CASE WHEN name LIKE 'x%' THEN substr(name, 2)::int END));
CREATE TABLE messages.parts (name text, ssn encrypted) PARTITION BY LIST (name);
CREATE TABLE messages.computed (name text, ssn encrypted, n int GENERATED ALWAYS AS (name::int) STORED);
CREATE TABLE messages.excluded (name text, ssn encrypted, EXCLUDE (name WITH =));
INSERT INTO messages.excluded VALUES ('stray-81c2-secret');
CREATE TABLE messages.parent (name text PRIMARY KEY);
CREATE TABLE messages.child (name text REFERENCES messages.parent, ssn encrypted);
CREATE TABLE messages.notes (id int, note text, ssn encrypted, x xml, q tsquery);
CREATE TABLE messages.rendered (note text, ssn encrypted, x xml GENERATED ALWAYS AS (xmlparse(content note)) STORED);
CREATE EXTENSION cube SCHEMA messages;
CREATE TABLE messages.cubes (c messages.cube, ssn encrypted);
CREATE TABLE messages.searched (note text, ssn encrypted, q tsquery GENERATED ALWAYS AS (to_tsquery('simple', note)) STORED);
CREATE TABLE messages.set (note text CHECK (current_setting(note) IS NOT NULL), ssn encrypted);
CREATE TABLE messages.related (note text CHECK (note::regclass IS NOT NULL), ssn encrypted);
CREATE TABLE messages.typed (note text CHECK (note::regtype IS NOT NULL), ssn encrypted);
CREATE TABLE messages.next (note text CHECK (nextval(note) > 0), ssn encrypted);
CREATE VIEW messages.notes_short AS SELECT note, ssn FROM messages.notes WHERE length(note) < 5 WITH CHECK OPTION;
CREATE VIEW messages.told AS SELECT note, ssn FROM messages.notes;
CREATE FUNCTION messages.tell() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN RAISE NOTICE 'the trigger says'; INSERT INTO messages.notes_short VALUES (NEW.note, NEW.ssn); RETURN NEW; END $$;
CREATE TRIGGER tell INSTEAD OF INSERT ON messages.told FOR EACH ROW EXECUTE FUNCTION messages.tell();
CREATE TABLE messages.pair (id int NOT NULL, name text, ssn encrypted);
END

my $good = "1,a,$CANARY\n";
my $missing = '22P04';
# Name, table with columns, input, options, SQLSTATE, line, column.
my @LOADS = (
	[ 'int', 't (id, name, ssn)', "$good$STRAY,b,$CANARY\n", '', '22P02', 2, 'id' ],
	[ 'int in quotes over lines', 't (id, name, ssn)', "${good}2,a,\"$CANARY\n\"\n$STRAY,b,x\n", '', '22P02', 4, 'id' ],
	[ 'int out of range', 't (id, name, ssn)', $good . '9' x 30 . ",b,$CANARY\n", '', '22003', 2, 'id' ],
	[ 'numeric', 't (id, ssn, n)', "1,$CANARY,1\n2,$CANARY,$STRAY\n", '', '22P02', 2, 'n' ],
	[ 'numeric too large', 't (id, ssn, n)', "1,$CANARY,123456\n", '', '22003', 1, 'n' ],
	[ 'json', 't (id, ssn, j)', qq(1,$CANARY,"{""$STRAY"": $STRAY}"\n), '', '22P02', 1, 'j' ],
	[ 'timestamp', 't (id, ssn, at)', "1,$CANARY,$STRAY\n", '', '22007', 1, 'at' ],
	[ 'domain', 't (id, ssn, m)', "1,$CANARY,$STRAY\n", '', '23514', 1, 'm' ],
	[ 'domain with a function that tells', 't (id, ssn, e)', "1,$CANARY,$STRAY\n", '', 'P0001', 1, 'e' ],
	[ 'uuid', 't (id, ssn, u)', "1,$CANARY,$STRAY\n", '', '22P02', 1, 'u' ],
	[ 'array', 't (id, ssn, a)', "1,$CANARY,\"{$STRAY}\"\n", '', '22P02', 1, 'a' ],
	[ 'type of the plaintext', 't (id, ssn, born)', "1,$CANARY,$CANARY\n", q{, 'born date'}, '22007', 1, 'born' ],
	[ 'modifier of the plaintext', 't (id, ssn, born)', "1,x,$CANARY\n", q{, 'born varchar(5)'}, '22001', 1, 'born' ],
	[ 'domain of the plaintext', 't (id, ssn, born)', "1,x,$CANARY\n", q{, 'born messages.evens'}, 'P0001', 1, 'born' ],
	[ 'too many fields', 't (id, name, ssn)', "$good$CANARY,b,$CANARY,$CANARY\n", '', '22P04', 2, '' ],
	[ 'too few fields', 't (id, name, ssn)', "$good$CANARY\n", '', '22P02', 2, 'id' ],
	[ 'one field too few', 't (ssn, name, id)', "$CANARY,a,1\n$CANARY,b\n", '', '22P04', 2, '' ],
	[ 'open quote', 't (id, name, ssn)', "$good" . qq(2,b,"$CANARY\n), '', '22P04', 3, '' ],
	[ 'unquoted carriage return', 't (id, name, ssn)', $good . "2,b,$CANARY\r$CANARY\n", '', '22P04', 2, '' ],
	[ 'header that is data', 't (id, name, ssn)', "$STRAY,$STRAY,$CANARY\n", '), HEADER match, FORCE_NULL (ssn', '22P04', 1, '' ],
	[ 'not UTF-8', 't (id, name, ssn)', "$good" . "2,b,$CANARY\xff\n", '', '22021', 2, '' ],
	[ 'not UTF-8 next to it', 't (id, name, ssn)', "$good" . "2,$STRAY\xff,$CANARY\n", '', '22021', 2, '' ],
	[ 'not of the encoding', 't (id, name, ssn)', "1,a,$CANARY\x81\n", q{), ENCODING 'WIN1252', FORCE_NULL (ssn}, '22P05', 1, '' ],
	[ 'CHECK', 't (id, name, ssn)', "$good" . "2,$STRAY,$CANARY\n", '', '23514', 2, '' ],
	[ 'NOT NULL', 'pair (id, name, ssn)', "$good,$STRAY,$CANARY\n", '), FORCE_NULL (id', '23502', 2, '' ],
	[ 'NOT NULL of a ciphertext', 't (id, name, ssn)', "$good" . "2,b,\n", '', '23502', 2, '' ],
	[ 'unique', 't (id, name, ssn)', "$good$good", '', '23505', 2, '' ],
	[ 'unique expression', 'indexed (name, ssn)', "$STRAY,$CANARY\n", '', '23505', 1, '' ],
	[ 'expression of an index', 'indexed (name, ssn)', "x$STRAY,$CANARY\n", '', '22P02', 1, '' ],
	[ 'no partition', 'parts (name, ssn)', "$STRAY,$CANARY\n", '', '23514', 1, '' ],
	[ 'generated column', 'computed (name, ssn)', "$STRAY,$CANARY\n", '', '22P02', 1, '' ],
	[ 'exclusion', 'excluded (name, ssn)', "$STRAY,$CANARY\n", '', '23P01', 1, '' ],
	[ 'detail of a harmless message', 'cubes (c, ssn)', "$STRAY,$CANARY\n", '', '22P02', 1, 'c' ],
	[ 'limit of a type', 'notes (id, ssn, q)', "1,$CANARY," . $STRAY x 200 . "\n", '', '54000', 1, 'q' ],
	[ 'search in a generated column', 'searched (note, ssn)', "$STRAY $STRAY,$CANARY\n", '', '42601', 1, '' ],
	[ 'setting', 'set (note, ssn)', "$STRAY,$CANARY\n", '', '42704', 1, '' ],
	[ 'regclass', 'related (note, ssn)', "$STRAY,$CANARY\n", '', '42P01', 1, '' ],
	[ 'regtype', 'typed (note, ssn)', "\"\"\"$STRAY\"\"\",$CANARY\n", '', '42704', 1, '' ],
	[ 'sequence', 'next (note, ssn)', "\"\"\"$STRAY\"\"\",$CANARY\n", '', '42P01', 1, '' ],
	[ 'CHECK OPTION', 'told (note, ssn)', "$STRAY,$CANARY\n", '', '44000', 1, '' ],
	[ 'foreign key', 'child (name, ssn)', "$STRAY,$CANARY\n", '', '23503', '', '' ],
);

my $log = "$ENV{EVCRYPT_STACK}/postgresql.log";
my $begin = -s $log;
my $said = '';

for my $load (@LOADS)
{
	my ($name, $table, $content, $more, $state, $line, $column) = @$load;
	my $file = input($content);
	my ($bare) = $table =~ /^(\w+)/;

	# From a file on the server, and from a client.
	for my $sql ("COPY messages.$table FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn$more))",
		"\\copy messages.$table FROM '$file' WITH (FORMAT csv, ENCRYPT (ssn$more))")
	{
		my (undef, $err) = psql("$sql\n;\n");
		my ($found) = $err =~ /ERROR:  (\w{5}):/;
		my ($at) = $err =~ /^CONTEXT:  COPY $bare, line (\d+)/m;
		my ($which) = $err =~ /^CONTEXT:  COPY $bare, line \d+, column (\w+)/m;

		$said .= $err;
		is(join('|', map { $_ // '' } $found, $at, $which), "$state|$line|$column", $name) or diag($err);
	}
}

like($said, qr/NOTICE:  00000: the trigger says\n/, 'what a trigger says is passed on');

# Messages that are no errors, with the value that is encrypted, one beside it, or one
# that an expression makes; on the way in and out.
my @WARNINGS = (
	[ 'of the plaintext', 'notes (note, ssn)', qq(a,"<a xml:space=""$CANARY""/>"\n), q{'ssn xml'}, 1, 'ssn' ],
	[ 'beside it', 'notes (note, ssn, x)', qq(a,$CANARY,\nb,$CANARY,"<a xml:space=""$STRAY""/>"\n), 'ssn', 2, 'x' ],
	[ 'of an expression', 'rendered (note, ssn)', qq("<a xml:space=""$STRAY""/>",$CANARY\n), 'ssn', 1, '' ],
);
for my $load (@WARNINGS)
{
	my ($name, $table, $content, $columns, $line, $column) = @$load;
	my $file = input($content);
	my ($bare) = $table =~ /^(\w+)/;

	for my $server ('notice', 'error')
	{
		my (undef, $err, $status) = psql("\\set SHOW_CONTEXT always\nBEGIN; SET LOCAL log_min_messages = $server;\n"
			. "\\copy messages.$table FROM '$file' WITH (FORMAT csv, ENCRYPT ($columns))\n;\nCOMMIT;\n");
		my ($at, $which) = $err =~ /^CONTEXT:  COPY $bare, line (\d+)(?:, column (\w+))?/m;

		$said .= $err;
		is($status, 0, "a warning $name: it is loaded");
		like($err, qr/WARNING:  01000: a value of the input causes a warning\n/, "a warning $name");
		is(join('|', map { $_ // '' } $at, $which), "$line|$column", "a warning $name: where") or diag($err);
	}
}
query("DELETE FROM messages.notes WHERE note IS DISTINCT FROM 'a'");
for my $sql (q{COPY messages.notes (ssn) TO '/dev/null' WITH (DECRYPT ('ssn xml'))}, 'SELECT count(decrypt_as(ssn, NULL::xml)) FROM messages.notes')
{
	my (undef, $err, $status) = psql($sql);

	$said .= $err;
	is($status, 0, 'a warning on the way out');
	like($err, qr/WARNING:  01000: a decrypted value causes a warning\n/, 'which shows nothing');
}

# And one of a check that has a detail and a hint.
set_up(q{CREATE FUNCTION messages.talks(text) RETURNS boolean STRICT LANGUAGE plpgsql AS
	$$ BEGIN RAISE WARNING 'it is %', $1 USING DETAIL = $1, HINT = 'not ' || $1; RETURN true; END $$;
	CREATE DOMAIN messages.talking AS text CHECK (messages.talks(VALUE))});
{
	my (undef, $err, $status) = psql(q{DELETE FROM messages.notes; INSERT INTO messages.notes (ssn) VALUES (encrypt('} . $CANARY
		  . q{')); SELECT count(decrypt_as(ssn, NULL::messages.talking)) FROM messages.notes});

	$said .= $err;
	is($status, 0, 'a warning of a check');
	like($err, qr/WARNING:  01000: a decrypted value causes a warning\nDETAIL:  .*\nHINT:  Look at the value\.\n/, 'has a hint that shows nothing');
}

# Rows that ON_ERROR skips.
SKIP:
{
	skip 'ON_ERROR: PostgreSQL 17', 1 if $MAJOR < 17;
	my $file = input("$good$STRAY,b,$CANARY\n2,b,$CANARY\n");
	my (undef, $err) = psql("COPY messages.pair FROM '$file' WITH (FORMAT csv, ON_ERROR ignore, LOG_VERBOSITY verbose, ENCRYPT (ssn))");
	like($err, qr/skipping row due to data type incompatibility at line 2(?: for column "id")?\n/, 'a skipped row is told of');
	$said .= $err;
}

# Mistakes in the options, which have no values, are named with evcrypt.redact on, too.
is(query('SHOW evcrypt.redact'), 'on', 'statements are hidden');
for my $case ([ 'DELIMETER true, ENCRYPT (ssn)', 'option "delimeter" not recognized' ], [ q{ENCRYPT ('"ssn')}, 'invalid element of option "encrypt"' ])
{
	my ($options, $expected) = @$case;
	my (undef, $err) = psql("COPY messages.t FROM '/dev/null' WITH ($options)");

	like($err, qr/ERROR:  42601: \Q$expected/, $options);
}

# What a statement is called with, shown or not, is the statement's.
my $file = input("$CONTROL,a,b\n");
$said .= (psql("COPY messages.t (id, name, ssn) FROM '$file' WITH (FORMAT csv)"))[1];
query("INSERT INTO messages.parent VALUES ('$CONTROL')");
query('CHECKPOINT');

my $logged = substr(slurp($log), $begin);
for my $text ($CANARY, $STRAY, 'canary-', 'stray-', 'at or near "')
{
	ok(index($said, $text) < 0, "$text: no client was shown it");
	ok(index($logged, $text) < 0, "$text: it is not in the log");
}
ok(index($said, $CONTROL) >= 0, 'a client was shown the control');
ok(index($logged, $CONTROL) >= 0, 'which is in the log');

sub in_data
{
	my ($text) = @_;
	my $out;

	IPC::Run::run([ 'grep', '-rlaF', $text, "$ENV{EVCRYPT_STACK}/data" ], '>', \$out);
	return scalar split /\n/, $out;
}
is(in_data($CANARY), 0, 'no file of the data directory holds what was to be encrypted');
cmp_ok(in_data($CONTROL), '>', 0, 'one holds the control');

is(query('SELECT count(*) FROM messages.t'), 0, 'nothing was loaded');
set_up('DROP SCHEMA messages CASCADE');
done_testing();
