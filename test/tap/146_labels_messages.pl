# Errors of COPY with labels: where the trouble is, what to do about it, and neither a
# value nor a context, to the client or in the server's log.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use Test::More;

my $CANARY = 'canary-7d41';
my $BOUND = 'bound-90e2';
my $CONTROL = 'control-55aa';
my $LOG = "$ENV{EVCRYPT_STACK}/postgresql.log";

set_up(<<'END');
CREATE TABLE m (id text, n int, at date, ssn encrypted, born encrypted, other encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN m.ssn IS 'context=''m/'' || column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN m.born IS 'type=date, context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN m.other IS 'app=nowhere';
END

my $logged = length slurp($LOG);

sub fails
{
	my ($sql, $expected, $name) = @_;
	my ($out, $err) = psql($sql);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($err, $expected, $name);
	unlike($out . $err, qr/canary|bound-9/, "$name: nothing is shown");
	return;
}

sub load
{
	my ($columns, $rows, $expected, $name) = @_;
	my $file = input($rows);

	fails("COPY m ($columns) FROM '$file' (FORMAT csv, ENCRYPT *)", $expected, $name);
	is(query('SELECT count(*) FROM m'), 0, "$name: and no row is stored");
	return;
}

load('id, ssn', "$BOUND,x\n,$CANARY\n",
	qr/ERROR:  22004: context of column "ssn" is null\nHINT:  Its security label binds it.*\nCONTEXT:  COPY m, line 2, column ssn\n/,
	'a context of NULL');
load('ssn, n', "$CANARY,1\n", qr/22004: context of column "ssn" is null\n.*\nCONTEXT:  COPY m, line 1, column ssn\n/, 'a column that the input lacks');
load('id, born', "$BOUND,$CANARY\n", qr/22007: value is not valid for type date\n.*\nCONTEXT:  COPY m, line 1, column born\n/,
	"a value that is not of the label's type");
load('ssn, n, id', "$CANARY,$CANARY,$BOUND\n", qr/22P02: value is not valid for type integer\n.*\nCONTEXT:  COPY m, line 1, column n\n/,
	'a value in the wrong column');
load('id, ssn', ('z' x 1_048_575) . ",$CANARY\n", qr/54000: .*limit.*|54000: .*\nDETAIL:  The limit is 1 MiB/, 'a context that is too long');
load('id, other', "$BOUND,$CANARY\n", qr/EV010: app is not known to E3\n.*\nCONTEXT:  COPY m, lines 1 to 1\n/s, 'an app that is not there');

# The longest context that there is.
query("COPY m (id, ssn) FROM '" . input(('z' x 1_048_574) . ",x\n") . "' (FORMAT csv, ENCRYPT *)");
is(query('COPY m (ssn) TO STDOUT (DECRYPT *)'), 'x', 'a context of 1 MiB binds');
query('TRUNCATE m');

# Out again.
query("COPY m (id, ssn) FROM '" . input("$BOUND,$CANARY\n$BOUND-2,$CANARY-2\n") . "' (FORMAT csv, ENCRYPT *)");
my $swap = "BEGIN; UPDATE m SET id = id || 'x'";
fails("$swap; COPY m (ssn) TO '/dev/null' (DECRYPT *)", qr/EV020: ciphertext does not open\n/, 'another context');
fails("BEGIN; UPDATE m SET id = NULL; COPY m (ssn) TO '/dev/null' (DECRYPT *)",
	qr/22004: context of column "ssn" is null\nHINT:  Its security label binds it/, 'no context');
fails(q{BEGIN; UPDATE m SET born = ssn; SECURITY LABEL FOR evcrypt ON COLUMN m.born IS 'type=date, context=''m/'' || column(id)';
	COPY m (born) TO '/dev/null' (DECRYPT *)}, qr/22007: decrypted value is not valid for type date\n/, 'another type');
fails("BEGIN; UPDATE m SET other = ssn; COPY m (other) TO '/dev/null' (DECRYPT *)", qr/ERROR:  EV010: /, 'another app');
fails(q{BEGIN; SECURITY LABEL FOR evcrypt ON COLUMN m.ssn IS NULL; COPY m (ssn) TO '/dev/null' (DECRYPT *)},
	qr/EV023: ciphertext is bound to a context and none was given\n/, 'no label any more');
fails(q{BEGIN; CREATE TABLE copied AS TABLE m; COPY copied (ssn) TO '/dev/null' (DECRYPT *)},
	qr/EV023: ciphertext is bound/, 'a copy of the table has no labels');

# While E3 is away.
my $e3 = second_e3();
$e3->kill9;
fails("SET evcrypt.endpoints = 'unix:$e3->{socket}'; COPY m (ssn) TO '/dev/null' (DECRYPT *)", qr/ERROR:  08001: /, 'without E3');

# Each said why in the log as well.  What the tests themselves gave away is there: this
# shows that it would be found.
psql("SELECT '$CONTROL'::int");
my $log = substr slurp($LOG), $logged;
like($log, qr/\Q$CONTROL/, 'the log shows what it is shown');
like($log, qr/context of column "ssn" is null/, 'and the errors');
unlike($log, qr/canary|bound-9/, 'but no value and no context');

set_up('DROP TABLE m');
done_testing();
