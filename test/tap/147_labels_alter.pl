# What becomes of labels, and of what they name, when others alter the table: before,
# during and after a load; and that no label is left behind.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use POSIX qw(mkfifo);
use Test::More;

my $LABELS = q{SELECT string_agg(objname || ': ' || label, '; ' ORDER BY objname) FROM pg_seclabels WHERE provider = 'evcrypt'};
my $OPEN = q{SELECT count(*) || ' of ' || count(ssn) FROM a.t WHERE try_decrypt(ssn, 't' || id) = 'v' || id};

sub refused
{
	my ($sql, $sqlstate, $name) = @_;
	my (undef, $err) = psql($sql);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($err, qr/ERROR:  $sqlstate:/, $name);
	return;
}

set_up(<<'END');
CREATE SCHEMA a;
CREATE TABLE a.t (id int, "Key" varchar(5), amount numeric(5,2), ssn encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(id)';
END
query("COPY a.t (id, ssn) FROM '" . input("1,v1\n2,v2\n") . "' (FORMAT csv, ENCRYPT *)");

# What keeps the context's text form may be done.
for my $sql ('ALTER TABLE a.t ALTER id TYPE bigint', 'ALTER TABLE a.t ALTER id TYPE smallint', 'ALTER TABLE a.t ALTER id SET DEFAULT 3',
	'ALTER TABLE a.t ALTER id SET NOT NULL', 'ALTER TABLE a.t ALTER id SET (n_distinct = 5)', 'ALTER TABLE a.t ADD PRIMARY KEY (id)',
	'ALTER TABLE a.t DROP amount', 'ALTER TABLE a.t ADD amount numeric(5,2)', 'VACUUM FULL a.t', 'ALTER TABLE a.t RENAME TO u',
	'ALTER TABLE a.u RENAME TO t', 'ALTER SCHEMA a RENAME TO b', 'ALTER SCHEMA b RENAME TO a', 'COMMENT ON COLUMN a.t.id IS $$x$$',
	'CREATE INDEX ON a.t (id)', 'ALTER TABLE a.t RENAME ssn TO s', 'ALTER TABLE a.t RENAME s TO ssn')
{
	is((psql($sql))[1], '', $sql);
}
is(query($LABELS), q{a.t.ssn: context='t' || column(id)}, 'the label is as before');
is(query($OPEN), '2 of 2', 'and so is what was encrypted');

# What does not is refused, also inside a block that goes on.
refused('ALTER TABLE a.t RENAME id TO x', '2BP01', 'no other name');
refused('ALTER TABLE a.t DROP id', '2BP01', 'not dropped');
refused('ALTER TABLE a.t DROP id CASCADE', '2BP01', 'not with CASCADE');
refused('ALTER TABLE a.t ALTER id TYPE text', '2BP01', 'no other type');
refused('ALTER TABLE a.t ALTER id TYPE oid USING id::oid', '2BP01', 'nor one alike');
refused(q{ALTER TABLE a.t ALTER ssn TYPE text}, '2BP01', 'a labelled column stays one of ciphertexts');
is(query(q{DO $$ BEGIN ALTER TABLE a.t RENAME id TO x; EXCEPTION WHEN dependent_objects_still_exist THEN END $$; } . $OPEN), '2 of 2',
	'caught in a block');
query(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=column("Key")'});
is((psql('ALTER TABLE a.t ALTER "Key" TYPE text'))[1], '', 'varchar and text are alike');
query(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=column(amount)'});
refused('ALTER TABLE a.t ALTER amount TYPE numeric(6,3)', '2BP01', 'but not what writes other digits');
query(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(id)'});

# How it is done: the label goes and comes in one transaction.
query(q{BEGIN; SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS NULL; ALTER TABLE a.t RENAME id TO number;
	SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(number)'; COMMIT});
is(query('COPY a.t (ssn) TO STDOUT (DECRYPT *)'), "v1\nv2", 'a column is renamed with its label');
query(q{BEGIN; SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS NULL; ALTER TABLE a.t RENAME number TO id;
	SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(id)'; COMMIT});

# A copy of the table's definition has no label.
query('CREATE TABLE a.like (LIKE a.t INCLUDING ALL); CREATE TABLE a.child () INHERITS (a.t)');
is(query($LABELS), q{a.t.ssn: context='t' || column(id)}, 'LIKE and INHERITS bring no label');
query('DROP TABLE a.like, a.child');

# While a load runs its label may change: it began with another.
my $fifo = "$CopyTest::DIR/fifo";
mkfifo($fifo, 0644) or die "mkfifo: $!";
my $loader = session();
$loader->send("COPY a.t (id, ssn) FROM PROGRAM 'cat $fifo' (FORMAT csv, ENCRYPT *)");
open my $feed, '>', $fifo or die "$fifo: $!";
print $feed "$_,v$_\n" for 3 .. 3000;
$feed->flush;
wait_until('the load has begun', sub {
	query(q{SELECT count(*) FROM pg_locks WHERE relation = 'a.t'::regclass AND mode = 'RowExclusiveLock'}) });
query(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''other'''});
print $feed "$_,v$_\n" for 3001 .. 9000;
close $feed;
$loader->receive;
is($loader->sqlstate, '00000', 'loaded while the label was changed');
is(query($OPEN), '9000 of 9000', 'every row is bound as the label said when it began');
query(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(id)'});

# Whoever labels waits for whoever renames, and the other way round.
my $first = session();
my $second = session();
my $waits = sub { query("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $_[0]{backend}") };
$first->query('SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS NULL');
$first->query('BEGIN; ALTER TABLE a.t RENAME id TO number');
$second->send(q{SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=column(id)'});
wait_until('the second waits', sub { $waits->($second) });
$first->query('COMMIT');
$second->receive;
is($second->sqlstate, '42703', 'a label for a column that has just been renamed');
$first->query('ALTER TABLE a.t RENAME number TO id');
$first->query(q{BEGIN; SECURITY LABEL FOR evcrypt ON COLUMN a.t.ssn IS 'context=''t'' || column(id)'});
$second->send('ALTER TABLE a.t RENAME id TO number');
wait_until('the second waits', sub { $waits->($second) });
$first->query('COMMIT');
$second->receive;
is($second->sqlstate, '2BP01', 'a name for a column that has just been named');

# Views and temporary tables have labels of their own.
query(<<'END');
CREATE VIEW a.v AS SELECT id AS number, ssn FROM a.t;
CREATE FUNCTION a.put() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO a.t (id, ssn) VALUES (NEW.number, NEW.ssn); RETURN NEW; END $$;
CREATE TRIGGER put INSTEAD OF INSERT ON a.v FOR EACH ROW EXECUTE FUNCTION a.put();
SECURITY LABEL FOR evcrypt ON COLUMN a.v.ssn IS 'context=''t'' || column(number)';
END
query("COPY a.v FROM '" . input("9001,v9001\n") . "' (FORMAT csv, ENCRYPT *)");
is(query($OPEN), '9001 of 9001', 'a view binds as its label says');
refused('ALTER VIEW a.v RENAME number TO id', '2BP01', 'and is guarded');
is(query(q{CREATE TEMP TABLE passing (id int, s encrypted); SECURITY LABEL FOR evcrypt ON COLUMN passing.s IS 'context=column(id)';
	COPY passing FROM PROGRAM 'echo 1,x' (FORMAT csv, ENCRYPT *); SELECT decrypt(s, '1') FROM passing}), 'x', 'a temporary table');

# Labels go with what they are on.
is((psql('ALTER TABLE a.t DROP ssn CASCADE, DROP id'))[1] =~ /ERROR/ ? 1 : 0, 0, 'a column with its label, and then what that named');
is(query($LABELS), '', 'no label is left of the column, nor of the view that went with it');
for my $drop ('DROP TABLE gone.t', 'DROP SCHEMA gone CASCADE', 'DROP OWNED BY labels_owner', 'DROP EXTENSION evcrypt CASCADE')
{
	query('CREATE ROLE labels_owner') if $drop =~ /OWNED/;
	is(query(q{BEGIN; CREATE SCHEMA gone; CREATE TABLE gone.t (id int, s encrypted, t encrypted);
		SECURITY LABEL FOR evcrypt ON COLUMN gone.t.s IS 'context=column(id)';
		SECURITY LABEL FOR evcrypt ON COLUMN gone.t.t IS 'type=int'; } . ($drop =~ /OWNED/ ? 'ALTER TABLE gone.t OWNER TO labels_owner; ' : '')
		. "$drop; SELECT count(*) FROM pg_seclabel; ROLLBACK"), 0, "$drop leaves no label");
	query('DROP ROLE labels_owner') if $drop =~ /OWNED/;
}

$_->close for $loader, $first, $second;
set_up('DROP SCHEMA a CASCADE');
done_testing();
