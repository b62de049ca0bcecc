# evcrypt migrate: what it adds keeps its column apart from others, whatever they are
# called, is found again when they are renamed, and is taken away whole.
# Release build only: it is about PostgreSQL's side.
use strict;
use utf8;
use warnings;

use Encode qw(encode_utf8);
use MigrateTest;
use Test::More;

new_database('migrate_names');

sub utf8 { return map { encode_utf8($_) } @_ }
sub job { my ($table, $column, @options) = @_; return ('migrate', utf8('--table', $table, '--column', $column), @options) }
my $added = sub { query(q{SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~%') || ' ' || (SELECT count(*) FROM pg_proc
	WHERE proname LIKE 'evcrypt_migrate%') || ' ' || (SELECT count(*) FROM pg_constraint WHERE conname LIKE 'evcrypt_migrate%')}) };

# --- names of many bytes ------------------------------------------------------------

my $table = 'клиенты_персональные_данные';
set_up(utf8(qq{CREATE TABLE $table (id int PRIMARY KEY, фамилия text, отчество text);
	INSERT INTO $table SELECT i, 'a' || i, 'b' || i FROM generate_series(1, 5) i}));
evcrypt_ok('a column of a table with a long name', job($table, 'фамилия'));
evcrypt_ok('and another', job($table, 'отчество'));
is($added->(), '4 2 2', 'have each their own trigger, function and constraint');
set_up(utf8(qq{INSERT INTO $table (id, фамилия, отчество) VALUES (6, 'a6', 'b6')}));
is(query(utf8(qq{SELECT decrypt(фамилия_encrypted) || decrypt(отчество_encrypted) FROM $table WHERE id = 6})), 'a6b6',
	'which fill both');
evcrypt_ok('abandoned', job($table, 'фамилия', '--abandon'));
is($added->(), '2 1 1', 'of which one is taken away by itself');
evcrypt_ok('the other one to its end', job($table, 'отчество', '--finish', 'drop'));

my ($one, $other) = map { 'ж' x 30 . $_ } 'а', 'б';
set_up(utf8(qq{CREATE TABLE long (id int PRIMARY KEY, "$one" text, "$other" text); INSERT INTO long VALUES (1, 'a', 'b')}));
evcrypt_ok('a column of the longest name', job('long', $one));
evcrypt_is('another that would have the same encrypted column', 2,
	qr/is filled by another migration, whose constraint is .*\nHINT: Name another column with --to\./, job('long', $other));
evcrypt_ok('unless it is named', job('long', $other, '--to', 'other'));
evcrypt_ok('abandoned', job('long', $other, '--abandon'));
evcrypt_ok('swapped', job('long', $one, '--finish', 'swap'));
is(query(utf8(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'long'::regclass AND attname LIKE '%\_plaintext'})), 1,
	'the plaintext\'s name is not cut');

# --- renamed ------------------------------------------------------------------------

set_up(q{DELETE FROM evcrypt_job; DROP TABLE long; CREATE TABLE was (id int PRIMARY KEY, s text); INSERT INTO was VALUES (1, 'x')});
set_up(encode_utf8("DROP TABLE $table"));
evcrypt_ok('a table that will be renamed', job('was', 's'));
set_up(q{ALTER TABLE was RENAME TO became});
evcrypt_ok('goes on under its new name', job('became', 's'));
is($added->(), '2 1 1', 'with what it has');
evcrypt_ok('to be verified', job('became', 's', '--verify'));
set_up(q{ALTER TABLE became RENAME s TO s2});
evcrypt_is('a column that was renamed', 2, qr/^evcrypt: the column was called "s" when the job began\nHINT: Rename it back, or end the job with --abandon\./m,
	job('became', 's2'));
evcrypt_is('cannot be finished either', 2, qr/was called "s" when/, job('became', 's2', '--finish', 'drop'));
evcrypt_is('but abandoned', 0, qr/^the trigger and the job are gone; s_encrypted is left$/m, job('became', 's2', '--abandon'));
is($added->() . query('SELECT count(*) FROM evcrypt_job'), '0 0 00', 'which leaves nothing');
evcrypt_ok('begun again', job('became', 's2'));
set_up(q{ALTER TABLE became RENAME TO third; ALTER TABLE third RENAME s2 TO s3});
evcrypt_ok('and abandoned by the name that it had', job('third', 's2', '--abandon'));
is($added->() . query('SELECT count(*) FROM evcrypt_job'), '0 0 00', 'which leaves nothing');

# --- what makes work impossible does not stop the end -------------------------------

set_up(q{CREATE TABLE unkeyed (id int PRIMARY KEY, s text, c text); INSERT INTO unkeyed VALUES (1, 'x', 'c')});
evcrypt_ok('a table', job('unkeyed', 's', '--context', 'c'));
set_up(q{ALTER TABLE unkeyed DROP CONSTRAINT unkeyed_pkey; ALTER TABLE unkeyed RENAME c TO d;
	CREATE RULE r AS ON UPDATE TO unkeyed WHERE false DO INSTEAD NOTHING});
evcrypt_is('without its key, and with a rule', 2, qr/has a rule for UPDATE/, job('unkeyed', 's'));
evcrypt_ok('can be let go', job('unkeyed', 's', '--abandon'));
is($added->() . query('SELECT count(*) FROM evcrypt_job'), '0 0 00', 'which leaves nothing');

set_up(q{CREATE TABLE swapped (id int PRIMARY KEY, s text); INSERT INTO swapped VALUES (1, 'x')});
evcrypt_ok('a table', job('swapped', 's'));
evcrypt_ok('that is swapped', job('swapped', 's', '--finish', 'swap'));
evcrypt_is('is not abandoned any more', 2, qr/^evcrypt: the columns are swapped already\nHINT: --finish drop ends the job\./m, job('swapped', 's', '--abandon'));
evcrypt_ok('and can be dropped still', job('swapped', 's', '--finish', 'drop'));
set_up(q{ALTER TABLE swapped RENAME s TO old; ALTER TABLE swapped ADD s text DEFAULT 'new'});
evcrypt_is('a new column of its name', 2, qr/the job of an earlier column s is finished\nHINT: --abandon forgets that job/, job('swapped', 's'));
evcrypt_is('is free for another job', 0, qr/^the job is gone, which was finished$/m, job('swapped', 's', '--abandon'));
evcrypt_ok('which begins', job('swapped', 's'));
evcrypt_ok('and ends', job('swapped', 's', '--finish', 'drop'));
is(query('SELECT decrypt(old) || decrypt(s) FROM swapped'), 'xnew', 'as its own');

# --- the order of triggers ----------------------------------------------------------

set_up(utf8(q{CREATE TABLE lowered (id int PRIMARY KEY, s text); INSERT INTO lowered VALUES (1, 'ABC');
	CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.s := lower(NEW.s); RETURN NEW; END';
	CREATE TRIGGER "имя" BEFORE INSERT OR UPDATE ON lowered FOR EACH ROW EXECUTE FUNCTION low()}));
my $late = encode_utf8('имя');
evcrypt_is('a trigger that would fire after ours', 2, qr/these triggers would change a row after it is encrypted: "$late"\nHINT: .*rename/, job('lowered', 's'));
evcrypt_is('also of a dry run', 2, qr/these triggers would change/, job('lowered', 's', '--dry-run'));
set_up(utf8(q{ALTER TRIGGER "имя" ON lowered RENAME TO name}));
evcrypt_ok('one that fires before', job('lowered', 's'));
set_up(q{INSERT INTO lowered VALUES (2, 'DEF')});
is(query('SELECT decrypt(s_encrypted) FROM lowered WHERE id = 2'), 'def', 'is followed');

# --- the terminal -------------------------------------------------------------------

set_up(q{CREATE TABLE loud (id int PRIMARY KEY, s text); INSERT INTO loud VALUES (1, 'x'); CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN RAISE WARNING E'warn\x1b[31mRED'; RAISE EXCEPTION E'boo\x1b[31mRED' USING ERRCODE = '42501', HINT = E'\x1b]0;owned\x07'; END$$;
	CREATE TRIGGER loud BEFORE UPDATE ON loud FOR EACH ROW EXECUTE FUNCTION loud()});
my ($status, $out, $err) = evcrypt(job('loud', 's'));
is($status, 2, 'words of a stranger\'s trigger');
unlike($out . $err, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'do not get to the terminal as they are');
like($err, qr/^WARNING:  warn\?\[31mRED\n.*boo\?\[31mRED \(42501\)\nHINT: \?\]0;owned\?$/ms, 'but can be read');

done_testing();
