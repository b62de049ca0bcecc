# What is encrypted stays what it was, whatever is done to the ciphertext.
#
# There is a table for each type, t_1, t_2, ..., with the plaintext beside its
# ciphertext and the context that this is bound to (NULL: none).  A walk picks a table and
# does something to its ciphertexts that must not change what they hold; then it opens
# them all, and compares images, not what "=" of the type takes for equal.  Likewise a
# table of documents, some of whose fields are encrypted.  The walk has an app of its own,
# whose keys it rotates and retires.
package Properties;

use strict;
use warnings;

use parent 'Values';

use CopyTest ();
use Time::HiRes qw(time);
use Values qw(quote);

our $ROWS = 12;
our @ROLES = ('', '', 'reader', 'auditor-2');
# Versions that the keys have at most.
our $VERSIONS_MOST = 5;
# Characters of a statement that fails.
our $SHOWN = 1000;
our @FORMATS = qw(text csv binary);

# The settings of a session that must not matter, and what they may be.
my %SETTINGS = (
	'DateStyle' => [ 'ISO, MDY', 'German, DMY', 'SQL, MDY', 'Postgres, YMD' ],
	'IntervalStyle' => [qw(postgres sql_standard postgres_verbose iso_8601)],
	'TimeZone' => [qw(UTC Asia/Kathmandu America/St_Johns <+1245>-12:45)],
	'extra_float_digits' => [ 1, 0, -15, 3 ],
	'bytea_output' => [qw(hex escape)],
	'xmlbinary' => [qw(base64 hex)],
	'xmloption' => [qw(content document)],
	'array_nulls' => [qw(on off)],
	'quote_all_identifiers' => [qw(on off)],
	'evcrypt.batch' => [qw(on on off)],
	'evcrypt.batch_rows' => [ 1, 3, 4096 ],
	'evcrypt.curve' => [qw(p256 p256 secp256k1)],
	'evcrypt.max_values_per_key' => [ 0, 1, 5 ]);

# A new walk in a database of its own; $report is called with each failure.
sub new
{
	my ($class, $seed, $report) = @_;
	my $self = $class->SUPER::new($seed);

	@$self{qw(seed report steps values databases step)} = ($seed, $report, 0, 0, 0, 'the beginning');
	$self->{types} = [ Values::types() ];
	$self->{database} = "walk_0";
	$self->{app} = "walk-$seed";
	$self->{versions} = [1];
	$self->ctl('app', 'add', $self->{app});
	CopyTest::query("CREATE DATABASE $self->{database}");
	$self->connect;
	$self->do("CREATE EXTENSION evcrypt; $Values::SETUP;" . join '', map {
		"CREATE TABLE t_$_ (id int PRIMARY KEY, ctx text, plain $self->{types}[$_], v encrypted);"
	} 0 .. $#{ $self->{types} });
	$self->do('CREATE TABLE documents (id int PRIMARY KEY, ctx text, paths text[], plain jsonb, v jsonb)');
	return $self;
}

# e3ctl must succeed.
sub ctl
{
	my ($self, @arguments) = @_;
	my ($out, $err);

	IPC::Run::run([ 'test/lib/as-server', 'e3ctl', @arguments ], '>', \$out, '2>', \$err, IPC::Run::timeout($CopyTest::DEADLINE))
	  or $self->fail("e3ctl @arguments: $err");
	return;
}

sub connect
{
	my ($self) = @_;
	local $ENV{PGDATABASE} = $self->{database};
	local $ENV{PGOPTIONS} = "-c evcrypt.app=$self->{app}";

	$self->{session} = CopyTest::session();
	$self->do('SET client_min_messages = warning');
	return;
}

# Types of the server, built in or of the extensions here, that the walk does not have.
sub missing_types
{
	my ($self) = @_;
	my $known = join ', ', map { quote($_) . '::regtype' } @{ $self->{types} };
	my $unreadable = join ', ', map { quote($_) } @Values::UNREADABLE;

	return $self->do("SELECT string_agg(typname, ' ') FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace
		AND typtype NOT IN ('c', 'p') AND typinput <> 'array_in'::regproc
		AND oid NOT IN (SELECT unnest(ARRAY[$known])) AND typname NOT IN ($unreadable)");
}

# Statements that must succeed; what they print.
sub do
{
	my ($self, $sql) = @_;

	utf8::encode($sql);
	my $out = $self->{session}->query($sql);
	$self->fail(substr($sql, 0, $SHOWN) . "\n$self->{session}{error}") if $self->{session}{error} =~ /ERROR|FATAL|PANIC/;
	return $out;
}

sub fail
{
	my ($self, $what) = @_;

	$self->{report}->("seed $self->{seed}, step $self->{steps} ($self->{step}): $what");
	return;
}

# --- settings, contexts ------------------------------------------------------

sub set_at_random
{
	my ($self, @names) = @_;

	return join '', map { "SET $_ = " . quote($self->pick(@{ $SETTINGS{$_} })) . ';' } @names;
}

sub any_settings
{
	my ($self) = @_;

	return $self->set_at_random(grep { $self->chance(30) } sort keys %SETTINGS) . "SET evcrypt.role = '" . $self->pick(@ROLES) . "';";
}

sub context { my ($self) = @_; return $self->pick(undef, undef, '', 'patients.ssn', $self->text, 'x' x 1000); }

# encrypt(...) and the like of a row, under the context that it has.
sub call
{
	my ($function, @arguments) = @_;
	my $arguments = join ', ', @arguments;

	return "CASE WHEN ctx IS NULL THEN $function($arguments) ELSE $function($arguments, ctx) END";
}

# --- what may be done to the ciphertexts of a table ---------------------------

# The rows are made anew, of random values.
sub step_fill
{
	my ($self, $t) = @_;
	my @rows = map { "($_, " . quote($self->context) . ', ' . quote($self->value($self->{types}[$t])) . ')' } 1 .. $ROWS;

	$self->do("TRUNCATE t_$t; INSERT INTO t_$t (id, ctx, plain) VALUES " . join ', ', @rows);
	$self->do($self->any_settings . "UPDATE t_$t SET v = " . call('encrypt', 'plain') . '; RESET ALL');
	$self->{values} += $ROWS;
	return;
}

# Opened and encrypted anew, some under another context.
sub step_renew
{
	my ($self, $t) = @_;
	my $other = quote($self->context);

	$self->do($self->any_settings . "CREATE TEMP TABLE opened AS SELECT id, " . call('decrypt_as', 'v', 'plain') . " AS plain FROM t_$t;
		UPDATE t_$t SET ctx = $other WHERE id % 3 = 0;
		UPDATE t_$t AS t SET v = " . call('encrypt', 'o.plain') . " FROM opened AS o WHERE o.id = t.id;
		DROP TABLE opened; RESET ALL");
	return;
}

# Through text, as a driver moves it.
sub step_text { my ($self, $t) = @_; $self->do("UPDATE t_$t SET v = v::text::encrypted"); return; }

# Ciphertext out and in.
sub step_copy
{
	my ($self, $t) = @_;
	my $format = $self->pick(@FORMATS);

	$self->do('CREATE TEMP TABLE moved (id int, v encrypted)');
	$self->through_file($self->any_settings, "SELECT id, v FROM t_$t", "FORMAT $format", "FORMAT $format");
	$self->do("UPDATE t_$t AS t SET v = m.v FROM moved AS m WHERE m.id = t.id; DROP TABLE moved");
	return;
}

# Those of plaintext: one type has no binary form.
sub formats { my ($self, $t) = @_; return $self->{types}[$t] =~ /^aclitem/ ? qw(text csv) : @FORMATS; }

# Plaintext out and in; what has a context stays.  Text depends on the settings, which
# are therefore those that lose nothing.
sub step_load
{
	my ($self, $t) = @_;
	my $format = $self->pick($self->formats($t));
	my $type = quote("v $self->{types}[$t]");

	$self->do('CREATE TEMP TABLE moved (id int, v encrypted)');
	$self->through_file('', "SELECT id, v FROM t_$t WHERE ctx IS NULL", "FORMAT $format, DECRYPT ($type)", "FORMAT $format, ENCRYPT ($type)");
	$self->do("UPDATE t_$t AS t SET v = m.v FROM moved AS m WHERE m.id = t.id; DROP TABLE moved");
	return;
}

# The same for what has a context, which the column's label says is in another column.
sub step_label
{
	my ($self, $t) = @_;
	my $format = $self->pick($self->formats($t));
	my $label = quote('type=' . Values::qualified($self->{types}[$t]) . ', context=column(ctx)');

	$self->do("CREATE TEMP TABLE moved (id int, ctx text, v encrypted); SECURITY LABEL FOR evcrypt ON COLUMN moved.v IS $label");
	$self->through_file('', "SELECT id, ctx, v FROM t_$t WHERE ctx IS NOT NULL", "FORMAT $format, DECRYPT *", "FORMAT $format, ENCRYPT *");
	$self->do("UPDATE t_$t AS t SET v = m.v FROM moved AS m WHERE m.id = t.id; DROP TABLE moved");
	return;
}

# The rows of a query into the table "moved", and on by way of a file.
sub through_file
{
	my ($self, $settings, $query, $out, $in) = @_;
	my $file = "$CopyTest::DIR/walk";

	$self->do("$settings INSERT INTO moved $query; COPY moved TO '$file' WITH ($out);
		TRUNCATE moved; COPY moved FROM '$file' WITH ($in); RESET ALL");
	return;
}

# The whole database, and on in the copy.
sub step_dump
{
	my ($self) = @_;
	my $old = $self->{database};
	my $new = $self->{database} = 'walk_' . ++$self->{databases};
	my ($out, $err);

	$self->{session}->close;
	CopyTest::query("CREATE DATABASE $new");
	IPC::Run::run([ 'pg_dump', '-Fc', $old ], '|', [ 'pg_restore', '--exit-on-error', '-d', $new ],
		'>', \$out, '2>', \$err, IPC::Run::timeout($CopyTest::DEADLINE)) or $self->fail($err);
	CopyTest::query("DROP DATABASE $old");
	$self->connect;
	return;
}

# New versions of the rows, in a new file; large values are toasted.
sub step_vacuum { my ($self, $t) = @_; $self->do("VACUUM FULL t_$t"); return; }

# Under the newest keys; E3 alone sees what it is.
sub step_reencrypt
{
	my ($self, $t) = @_;

	$self->do($self->any_settings . "UPDATE t_$t SET v = " . call('reencrypt', 'v') . '; RESET ALL');
	return;
}

# As the field of a document.  Of other types JSON has no values.
sub step_field
{
	my ($self, $t) = @_;

	return $self->step_reencrypt($t) unless $self->{types}[$t] =~ /^(?:text|varchar|word|bool|int[248]|numeric|price|uuid|citext|mood)\z/;
	$self->do($self->any_settings . "UPDATE t_$t SET v = ("
		  . call('encrypt_fields', "jsonb_build_object('f', ARRAY[plain])", q('{"{f,0}"}')) . " #>> '{f,0}')::encrypted; RESET ALL");
	return;
}

my @PATHS = ('{a}', '{b,*}', '{b,-1}', '{c,d}', '{c,e,*,f}', '{*,*}', '{none,1}');

# Documents are made anew, and some of their fields encrypted.
sub step_documents
{
	my ($self) = @_;
	my $leaf = sub { $self->pick($self->json_string, $self->json_number, $self->pick('true', 'false', 'null')) };
	my @rows = map {
		my $document = sprintf '{"a": %s, "b": [%s, %s], "c": {"d": %s, "e": [{"f": %s, "g": %s}, {"f": %s}]}, "open": %s}',
		  $self->times(8, $leaf);
		my @paths = map { quote($_) } grep { $self->chance(40) } @PATHS;
		"($_, " . quote($self->context) . ', ARRAY[' . join(', ', @paths) . ']::text[], ' . quote($document) . ')'
	} 1 .. $ROWS;

	$self->do('TRUNCATE documents; INSERT INTO documents (id, ctx, paths, plain) VALUES ' . join ', ', @rows);
	$self->do($self->any_settings . 'UPDATE documents SET v = ' . call('encrypt_fields', 'plain', 'paths') . '; RESET ALL');
	return;
}

# A new version of the app's keys.
sub step_rotate
{
	my ($self) = @_;

	return $self->step_retire if @{ $self->{versions} } >= $VERSIONS_MOST;
	$self->ctl('app', 'rotate', $self->{app});
	push @{ $self->{versions} }, $self->{versions}[-1] + 1;
	return;
}

# All is brought under the newest version, and the oldest is retired.
sub step_retire
{
	my ($self) = @_;

	return if @{ $self->{versions} } == 1;
	$self->step_reencrypt($_) for 0 .. $#{ $self->{types} };
	$self->step_documents;
	$self->ctl('app', 'retire', $self->{app}, shift @{ $self->{versions} }, '--force');
	return;
}

my %STEPS = (
	fill => 300, renew => 150, text => 100, copy => 150, load => 150, label => 100, vacuum => 40, reencrypt => 100, field => 100,
	documents => 40, dump => 8, rotate => 8, retire => 3);
my @STEPS = map { ($_) x $STEPS{$_} } sort keys %STEPS;

# --- the properties --------------------------------------------------------------

sub check
{
	my ($self, $t) = @_;
	my $opened = call('decrypt_as', 'v', 'plain');
	my $wrong = $self->do($self->any_settings . "
		SELECT id, ctx, to_json(plain::text), to_json(($opened)::text) FROM t_$t
		WHERE record_image_eq(row($opened), row(plain)) IS NOT TRUE
			OR (encrypted_info(v)).bound IS DISTINCT FROM (ctx IS NOT NULL)
			OR ctx IS NOT NULL AND try_decrypt(v) IS NOT NULL
			OR try_decrypt(v, concat(ctx, '!')) IS NOT NULL;
		RESET ALL");

	$self->fail("$self->{types}[$t]: $wrong") if $wrong ne '';
	return;
}

sub check_documents
{
	my ($self) = @_;
	my $opened = call('decrypt_fields', 'v', 'paths');
	# Without paths, text that claims to be a ciphertext is an error.
	my $wrong = $self->do($self->any_settings . "
		SELECT id, ctx, paths, plain, v FROM documents
		WHERE record_image_eq(row($opened), row(plain)) IS NOT TRUE OR v -> 'open' IS DISTINCT FROM plain -> 'open'
			OR ctx IS NULL AND plain::text NOT LIKE '%\"ev:%' AND record_image_eq(row(decrypt_fields(v)), row(plain)) IS NOT TRUE;
		RESET ALL");

	$self->fail("documents: $wrong") if $wrong ne '';
	return;
}

# Every table once, then at random until the time is over; the number of steps and of
# values that were encrypted.
sub walk
{
	my ($self, $seconds) = @_;
	my $end = time + $seconds;
	my @tables = 0 .. $#{ $self->{types} };

	$self->step('fill', $_) for @tables;
	$self->step_documents;
	$self->step($self->pick(@STEPS), $self->pick(@tables)) while time < $end;
	$self->{step} = 'the end';
	$self->check($_) for @tables;
	$self->check_documents;
	$self->{session}->close;
	CopyTest::query("DROP DATABASE $self->{database}");
	return @$self{qw(steps values)};
}

# How often each step has been taken, as text.
sub steps_taken { my ($self) = @_; return join ', ', map { "$self->{done}{$_} $_" } sort keys %{ $self->{done} }; }

sub step
{
	my ($self, $step, $t) = @_;
	my $method = "step_$step";

	$self->{steps}++;
	$self->{done}{$step}++;
	$self->{step} = "$step of $self->{types}[$t]";
	$self->$method($t);
	$self->check($t);
	$self->check_documents if $step =~ /^(?:documents|dump|rotate|retire)\z/;
	return;
}

1;
