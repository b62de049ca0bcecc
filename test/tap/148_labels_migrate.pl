# evcrypt migrate and the label of the column that it encrypts into: context and type are
# the label's where the options say nothing, and what COPY ... DECRYPT opens after it.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use MigrateTest;
use Test::More;

new_database('labels_migrate');

set_up(q{CREATE TABLE p (id int PRIMARY KEY, ssn text, born text, ssn_encrypted vault.encrypted, born_e vault.encrypted);
	INSERT INTO p SELECT i, 'ssn-' || i, date '2000-01-01' + i FROM generate_series(1, 3000) i;
	SECURITY LABEL FOR evcrypt ON COLUMN p.ssn_encrypted IS 'context=''p/'' || column(id)';
	SECURITY LABEL FOR evcrypt ON COLUMN p.born_e IS 'type=date'});
my @ssn = ('--table', 'p', '--column', 'ssn');
my @born = ('--table', 'p', '--column', 'born', '--to', 'born_e');

like(evcrypt_ok('a dry run', 'migrate', @ssn, '--dry-run'),
	qr/^SET ssn_encrypted = "?vault"?\.encrypt\(ssn, \(\('p\/'::text \|\| \(?id\)?::text\)\)\)$/m, 'the context is the label\'s');
like(evcrypt_ok('with an option', 'migrate', @ssn, '--dry-run', '--context', q{'x'}),
	qr/^SET ssn_encrypted = "?vault"?\.encrypt\(ssn, \('x'::text\)\)$/m, 'unless an option gives one');
like(evcrypt_ok('a type', 'migrate', @born, '--dry-run'), qr/^SET born_e = "?vault"?\.encrypt\(born::date\)$/m, 'the type is the label\'s');
like(evcrypt_ok('with an option', 'migrate', @born, '--dry-run', '--type', 'timestamp'),
	qr/^SET born_e = "?vault"?\.encrypt\(born::timestamp without time zone\)$/m, 'unless an option gives one');
set_up(q{SECURITY LABEL FOR evcrypt ON COLUMN p.born_e IS 'app=elsewhere'});
evcrypt_is('another app', 2, qr/^evcrypt: evcrypt\.app is not "elsewhere", which the column's label names$/m, 'migrate', @born);
set_up(q{SECURITY LABEL FOR evcrypt ON COLUMN p.born_e IS 'role=pii'});
evcrypt_is('another role', 2, qr/^evcrypt: evcrypt\.role is not "pii", which the column's label names$/m, 'migrate', @born);
is(query('SELECT count(*) FROM vault.evcrypt_job'), 0, 'no job has begun');

evcrypt_ok('migrate', 'migrate', @ssn);
is(query(q{SELECT count(*) FROM p WHERE decrypt(ssn_encrypted, 'p/' || id) = ssn}), 3000, 'every row is bound');
set_up(q{INSERT INTO p VALUES (0, 'inserted'); UPDATE p SET id = -1 WHERE id = 1; UPDATE p SET ssn = 'updated' WHERE id = 2});
is(query(q{SELECT count(*) FROM p WHERE decrypt(ssn_encrypted, 'p/' || id) = ssn}), 3001, 'and so is what is written meanwhile');

# A job goes on as it was begun.
set_up(q{SECURITY LABEL FOR evcrypt ON COLUMN p.ssn_encrypted IS 'context=''q'''});
evcrypt_ok('again, with another label', 'migrate', @ssn, '--verify');
set_up(q{SECURITY LABEL FOR evcrypt ON COLUMN p.ssn_encrypted IS 'context=''p/'' || column(id)'});

evcrypt_ok('swap', 'migrate', @ssn, '--finish', 'swap');
is(query(q{SELECT count(*) FROM pg_seclabels WHERE objname = 'p.ssn'}), 1, 'the label is the encrypted column\'s still');
is(query(q{COPY p (id, ssn, ssn_plaintext) TO '/dev/null' (DECRYPT *);
	SELECT context FROM vault.evcrypt_label('p', 'ssn')}), q{'p/'::pg_catalog.text OPERATOR(pg_catalog.||) id::pg_catalog.text},
	'and COPY opens every row by it');
evcrypt_ok('drop', 'migrate', @ssn, '--finish', 'drop');
like(evcrypt_ok('to rotate', 'rotate', @ssn, '--dry-run'), qr/^SET ssn = "?vault"?\.reencrypt\(ssn, \(\('p\/'::text \|\| \(?id\)?::text\)\)\)$/m,
	'rotate takes the context as well');

done_testing();
