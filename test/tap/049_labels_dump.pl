# Labels in dumps: restored where the library is loaded, with every context, type, app
# and role, in another encoding too; and what a restore says where it is not.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use EvcryptTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $e3 = start_e3();
$e3->ctl('app', 'add', 'shop');
$e3->hup;
my $node = new_node('labels', $e3);
my $DUMP = "$PostgreSQL::Test::Utils::tmp_check/labels";
my $LABELS = q{SELECT objtype, objname, label FROM pg_seclabels WHERE provider = 'evcrypt' ORDER BY objname};

$node->safe_psql('postgres', <<'END');
CREATE SCHEMA "Other one";
CREATE TYPE "Other one"."Mo,od" AS ENUM ('sad', 'fine');
CREATE DOMAIN "Other one".sealed AS encrypted;
CREATE TABLE people (id int, ssn encrypted, born encrypted, mood "Other one".sealed, "Z" text);
SECURITY LABEL FOR evcrypt ON COLUMN people.ssn IS 'app=shop, role=pii, context=''Zürich/'' || column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN people.born IS 'type=date, context=column("Z")';
SECURITY LABEL FOR evcrypt ON COLUMN people.mood IS 'type="Other one"."Mo,od"';
CREATE TABLE parted (k int, v encrypted) PARTITION BY LIST (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
SECURITY LABEL FOR evcrypt ON COLUMN parted.v IS 'type=int, context=column(k)';
CREATE VIEW shown AS SELECT id, ssn FROM people;
SECURITY LABEL FOR evcrypt ON COLUMN shown.ssn IS 'type=text';
COPY people FROM PROGRAM 'printf "1,a,1912-06-23,fine,z1\n2,b,,sad,z2\n"' (FORMAT csv, ENCRYPT *);
COPY parted FROM PROGRAM 'echo 1,42' (FORMAT csv, ENCRYPT *);
END

# What a database says and holds.
sub content
{
	my ($of, $db) = @_;

	return join "\n", map { $of->safe_psql($db, $_) } $LABELS, 'COPY people TO STDOUT (FORMAT csv, DECRYPT *)',
		'COPY parted1 TO STDOUT (FORMAT csv, DECRYPT *)';
}

my $before = content($node, 'postgres');
is($before, <<'END' =~ s/\n\z//r, 'labelled and loaded');
column|parted.v|type=int, context=column(k)
column|people.born|type=date, context=column("Z")
column|people.mood|type="Other one"."Mo,od"
column|people.ssn|app=shop, role=pii, context='Zürich/' || column(id)
column|shown.ssn|type=text
1,a,1912-06-23,fine,z1
2,b,,sad,z2
1,42
END
is($node->safe_psql('postgres', q{SET evcrypt.app = shop; SELECT string_agg(decrypt(ssn, 'Zürich/' || id), ',' ORDER BY id) FROM people}),
	'a,b', 'the functions open it with app and context');

for my $format (qw(plain custom directory))
{
	$node->command_ok([ 'pg_dump', "--format=$format", '-d', $node->connstr('postgres'), '-f', "$DUMP.$format" ],
		"$format dump");
}
like(slurp("$DUMP.plain"), qr/^SECURITY LABEL FOR evcrypt ON COLUMN public\.people\.ssn IS /m, 'labels are in it');

sub restore
{
	my ($to, $format, $db, %option) = @_;
	my $connection = $to->connstr($db);
	my @command = $format eq 'plain' ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=' . ($option{go_on} ? 0 : 1), '-f', "$DUMP.plain", '-d', $connection)
	  : ('pg_restore', ($option{go_on} ? () : '--exit-on-error'), ($format eq 'directory' ? '--jobs=2' : ()),
		'-d', $connection, "$DUMP.$format");
	my $err;
	local $ENV{PGOPTIONS} = $option{options} // '';

	IPC::Run::run(\@command, '>', '/dev/null', '2>', \$err);
	return ($? >> 8, $err);
}

for my $format (qw(plain custom directory))
{
	$node->safe_psql('postgres', "CREATE DATABASE r_$format");
	is_deeply([ restore($node, $format, "r_$format") ], [ 0, '' ], "$format is restored");
	is(content($node, "r_$format"), $before, "$format: labels and values are as before");
}

# A constant is the same text in another encoding.
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
is_deeply([ restore($node, 'plain', 'latin') ], [ 0, '' ], 'restored in LATIN1');
{
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	is(content($node, 'latin'), $before, 'LATIN1: labels and values are as before');
}

# Without the library a label is an error, which says what is missing.  CREATE EXTENSION
# loads it, for its session.
my $bare = new_node('bare', $e3, no_preload => 1, extra => "evcrypt.app = 'default'");
$bare->safe_psql('postgres', "CREATE DATABASE $_") for qw(none session created);
$bare->safe_psql($_, 'CREATE EXTENSION evcrypt') for qw(none session);
my ($status, $err) = restore($bare, 'custom', 'none', go_on => 1);
is($status, 1, 'not preloaded: pg_restore fails');
is(scalar(() = $err =~ /error: could not execute query: ERROR:  security label provider "evcrypt" is not loaded/g), 3,
	'not preloaded: for each table') or diag($err);
is($bare->safe_psql('none', 'SELECT count(*), count(ssn) FROM people'), '2|2', 'not preloaded: the rows are there');
is($bare->safe_psql('none', $LABELS), '', 'not preloaded: no label is');
is(($bare->psql('none', 'COPY people (ssn) TO STDOUT (DECRYPT *)'))[0], 3, 'so that nothing is decrypted to something else');
is_deeply([ restore($bare, 'custom', 'created') ], [ 0, '' ], 'not preloaded: CREATE EXTENSION in the same session will do');
is($bare->safe_psql('created', 'SELECT count(*) FROM pg_seclabels'), 5, 'for all labels');
is_deeply([ restore($bare, 'custom', 'session', options => '-c session_preload_libraries=evcrypt') ], [ 0, '' ],
	'session_preload_libraries restores them');
is($bare->safe_psql('session', 'LOAD $$evcrypt$$; COPY people TO STDOUT (FORMAT csv, DECRYPT *)'),
	"1,a,1912-06-23,fine,z1\n2,b,,sad,z2", 'and they count');

# Nor does a session without it know that a column is named; whoever copies is told.
my $session = session($bare, 'session');
$session->query('ALTER TABLE people RENAME "Z" TO y; ALTER TABLE people RENAME id TO "Z"');
is($session->sqlstate, '00000', 'not loaded: a column that labels name is renamed');
$session->query("LOAD 'evcrypt'; COPY people (ssn) TO STDOUT (DECRYPT *)");
is($session->sqlstate, '42703', 'which is an error where the label is used');
like($session->{error}, qr/column "id" of relation "people" does not exist\nCONTEXT:  security label for evcrypt of column "ssn"/,
	'that names the label');
$session->query('COPY people (born) TO STDOUT (DECRYPT *)');
is($session->sqlstate, 'EV020', 'and nothing opens under another column');
$session->query('ALTER TABLE people RENAME "Z" TO id');
is($session->sqlstate, '2BP01', 'loaded: it is refused');
$session->close;

# Who restores needs the rights that the labels need.
$node->safe_psql('postgres', <<'END');
CREATE ROLE restorer LOGIN;
CREATE DATABASE owned OWNER restorer;
\c owned
CREATE EXTENSION evcrypt;
CREATE TABLE t (id int, v encrypted, w encrypted);
ALTER TABLE t OWNER TO restorer;
SECURITY LABEL FOR evcrypt ON COLUMN t.v IS 'app=shop';
SECURITY LABEL FOR evcrypt ON COLUMN t.w IS 'type=int, context=column(id)';
END
$node->command_ok([ 'pg_dump', '-t', 't', '-d', $node->connstr('owned'), '-f', "$DUMP.owned" ], 'one table is dumped');
for my $right ('none', 'SET ON PARAMETER')
{
	$node->safe_psql('owned', 'DROP TABLE t');
	$node->safe_psql('owned', 'GRANT SET ON PARAMETER evcrypt.app TO restorer') if $right ne 'none';
	IPC::Run::run([ 'psql', '-Xq', '-U', 'restorer', '-d', $node->connstr('owned'), '-f', "$DUMP.owned" ], '>', '/dev/null', '2>', \$err);
	is($right eq 'none' ? $err =~ /permission denied to set "evcrypt.app" by a security label/ : $err eq '', 1, "restored with the right: $right")
	  or diag($err);
	is($node->safe_psql('owned', $LABELS), ($right eq 'none' ? '' : "column|t.v|app=shop\n") . 'column|t.w|type=int, context=column(id)',
		"labels with the right: $right");
}

$_->stop for $node, $bare;
done_testing();
