# evcrypt doctor: all is well, and then one fault after the other is planted, each of
# which it must find, and find no more of when it is gone.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Certs;
use EvcryptTest;
use IPC::Run;
use JSON::PP;
use Test::More;

# An E3 that also speaks TLS, with certificates of our own.
my $certs = File::Temp->newdir('certsXXXXXX', TMPDIR => 1);
my $ca = Certs->new($certs);
my $server = $ca->server('DNS:localhost', to => 90 * 86400);
my $client = $ca->client('DNS:db1.test', to => 90 * 86400);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $e3 = start_e3(extra => $ca->section($server, "127.0.0.1:$port"));
chmod 0750, $e3->{dir};
my $node = new_node('doctor', $e3);
my $database = 'postgres';

sub doctor
{
	my (@arguments) = @_;
	my ($out, $err);
	my @faketime = @arguments && $arguments[0] eq 'faketime' ? splice(@arguments, 0, 3) : ();

	IPC::Run::run([ @faketime, 'evcrypt', 'doctor', '-h', $node->host, '-p', $node->port,
			'-d', $database, @arguments ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($EvcryptTest::DEADLINE));
	return ($? >> 8, $out, $err);
}

# What it finds, without what is well; and that status, text and JSON agree.
sub findings
{
	my (@arguments) = @_;
	my ($status, $json, $err) = doctor(@arguments, '--json');
	my $report = decode_json($json);
	my %status_of = (ok => 0, unknown => 0, warning => 1, failure => 2);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($err, '', 'no errors');
	is($status, $status_of{ $report->{status} }, "exit status for $report->{status}");
	return map { "$_->{status} $_->{check}: $_->{message}" }
	  grep { $_->{status} ne 'ok' } @{ $report->{checks} };
}

sub all_is_well
{
	my ($name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([ findings() ], [], "$name: all is well");
	return;
}

# Plants a fault, looks that it is what is found, and that it is gone afterwards.
sub finds
{
	my ($name, $pattern, $plant, $remove, @arguments) = @_;
	my $do = sub { ref $_[0] ? $_[0]->() : $node->safe_psql($database, $_[0]) };

	$do->($plant);
	my @found = findings(@arguments);
	$do->($remove);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(scalar(grep { /$pattern/ } @found), "$name: is found") or diag(join "\n", @found);
	is_deeply([ grep { /$pattern/ } findings() ], [], "$name: and is gone");
	return @found;
}

# Settings of the server, for as long as it takes.
sub with_settings
{
	my (%settings) = @_;
	my $apply = sub { spit($node->data_dir . '/postgresql.auto.conf', $_[0]); $node->restart };
	my $lines = join '', map { "$_ = '$settings{$_}'\n" } sort keys %settings;

	return (sub { $apply->($lines) }, sub { $apply->('') });
}

$node->safe_psql($database, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
all_is_well('at first');
my ($status, $text) = doctor();
is($status, 0, 'exit status 0');
like($text, qr/^ok +preload +the server preloads evcrypt$/m, 'as a table');
like($text, qr/^ok +endpoints +unix:\Q$e3->{socket}\E answers in [\d.]+ ms/m, 'with the endpoint');

# --- preload, redact, logging -------------------------------------------------

finds('not preloaded', qr/^warning preload: the server does not preload/,
	with_settings(shared_preload_libraries => ''));
my @found = finds('redaction is off', qr/^warning redact: evcrypt.redact is off/,
	with_settings('evcrypt.redact' => 'off', log_statement => 'mod',
		log_min_duration_statement => 0, log_parameter_max_length_on_error => -1,
		session_preload_libraries => 'auto_explain', 'auto_explain.log_min_duration' => 5,
		debug_print_plan => 'on'));
for my $setting (qw(log_min_error_statement log_statement log_min_duration_statement
	log_parameter_max_length_on_error auto_explain.log_min_duration debug_print_plan track_activities))
{
	ok(scalar(grep { /^warning logging: \Q$setting\E: / } @found), "and that $setting shows statements");
}
is(scalar(grep { /log_min_duration_sample/ } @found), 0, 'but not what is not set');
finds('redaction is off for a role', qr/^warning redact: evcrypt.redact is off for role clerk in all databases/,
	'CREATE ROLE clerk LOGIN; ALTER ROLE clerk SET evcrypt.redact = off', 'ALTER ROLE clerk RESET ALL');

# --- links, clocks --------------------------------------------------------------

finds('plaintext to other machines', qr/^warning link: the server listens to other machines without TLS/,
	with_settings(listen_addresses => '*'));
my @apart = grep { /^warning clock:/ } findings('faketime', '-f', '+10s');
like($apart[0], qr/differ by (?:9|10)\.\d s/, 'a clock that is ten seconds off');
@apart = grep { /^failure clock:/ } findings('faketime', '-f', '-10m');
like($apart[0], qr/differ by (?:599|600)\.\d s/, 'a clock that is ten minutes off');

SKIP:
{
	my $library = (glob '/usr/lib/*/faketime/libfaketime.so.1')[0];

	skip 'a sanitizer wants to be the first library', 1 if ($ENV{EVCRYPT_VARIANT} // 'release') ne 'release';
	local @ENV{qw(LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC)} = ($library, '+20s', 1);
	my $ahead = start_e3();
	local $ENV{LD_PRELOAD} = '';
	finds('an E3 whose clock is wrong', qr/^warning clock: the clock of .* is off by (?:19|20)\.\d s/,
		with_settings('evcrypt.endpoints' => "unix:$ahead->{socket}"));
}

# --- endpoints ------------------------------------------------------------------

my $nowhere = "unix:$e3->{dir}/nowhere.sock";
finds('an E3 that is not there', qr/^failure endpoints: \Q$nowhere\E: /,
	with_settings('evcrypt.endpoints' => $nowhere));
@found = finds('one of two', qr/^warning endpoints: \Q$nowhere\E: /,
	with_settings('evcrypt.endpoints' => "$nowhere, unix:$e3->{socket}"));
is(scalar(grep { /^failure/ } @found), 0, 'which is no failure yet');
finds('both of two', qr/^failure endpoints: no endpoint can be reached/,
	with_settings('evcrypt.endpoints' => "$nowhere, $nowhere"));
@found = finds('an unknown app', qr/^failure endpoints: .* has no app "tenant"/,
	with_settings('evcrypt.app' => 'tenant'));
ok(scalar(grep { /^failure policy: a value cannot be encrypted: .*\(EV010\)/ } @found),
	'and that a value cannot be encrypted');

# --- TLS ------------------------------------------------------------------------

my %tls = ('evcrypt.endpoints' => "tls://localhost:$port", 'evcrypt.sslrootcert' => $ca->{cert},
	'evcrypt.sslcert' => $client->{cert}, 'evcrypt.sslkey' => $client->{key});
my ($over_tls, $no_longer) = with_settings(%tls);
$over_tls->();
all_is_well('over TLS');
like((doctor())[1], qr/^ok +tls +\Q$client->{cert}\E is valid for 8\d days$/m, 'certificates are looked at');
finds('a key that others may read', qr/^failure tls: others may read or write the key/,
	sub { chmod 0640 | 04, $client->{key} or die }, sub { chmod 0600, $client->{key} or die });
$no_longer->();
finds('no certificate', qr/^failure tls: evcrypt.sslcert is not set, which tls:/,
	with_settings(%tls, 'evcrypt.sslcert' => ''));
finds('a certificate that expires soon', qr/^warning tls: .* expires in 4 days/,
	with_settings(%tls, 'evcrypt.sslcert' => $ca->client('DNS:db1.test', to => 5 * 86400 - 60)->{cert}));
@found = finds('one that has expired', qr/^failure tls: .* has expired/,
	with_settings(%tls, 'evcrypt.sslcert' => $ca->client('DNS:db1.test', to => -60)->{cert}));
finds("a $_->[0] that is not there", qr/^unknown tls: \Q$certs\E\/none: No such file or directory$/,
	with_settings(%tls, "evcrypt.$_->[1]" => "$certs/none"))
  for [ 'certificate', 'sslcert' ], [ 'key', 'sslkey' ], [ 'list of authorities', 'sslrootcert' ];
finds('something else', qr/^failure tls: .* has no certificate/, with_settings(%tls, 'evcrypt.sslcert' => $client->{key}));

# --- socket ---------------------------------------------------------------------

sub with_mode
{
	my ($path, $fault, $mode) = @_;

	return (sub { chmod $fault, $path or die }, sub { chmod $mode, $path or die });
}

finds('a socket for everybody', qr/^warning socket: every user of the machine can open/,
	with_mode($e3->{socket}, 0666, 0660));
finds('a folder for everybody', qr/^failure socket: anybody can put another socket/,
	with_mode($e3->{dir}, 0777, 0750));
finds('a folder for a group', qr/^warning socket: others than E3 can write to the folder/,
	with_mode($e3->{dir}, 0770, 0750));

# --- policy -----------------------------------------------------------------------

# An E3 whose policy has one rule for us.
sub with_rule
{
	my ($operation) = @_;
	my $ruled = start_e3(stopped => 1);

	spit("$ruled->{dir}/policy", "[rule database]\nidentity = uid:$>\noperations = $operation\napps = *\nroles = *\n");
	spit($ruled->{config}, slurp($ruled->{config}) . "[access]\npolicy = $ruled->{dir}/policy\n");
	$ruled->start;
	chmod 0750, $ruled->{dir};
	return with_settings('evcrypt.endpoints' => "unix:$ruled->{socket}");
}

finds('a policy that lets us not encrypt', qr/^failure policy: a value cannot be encrypted: .*\(42501\)/,
	with_rule('decrypt'));
my ($encrypt_only, $everything) = with_rule('encrypt');
$encrypt_only->();
all_is_well('a policy that lets us only encrypt');
like((doctor())[1], qr/^ok +policy +E3 lets this session encrypt, and without a credential not decrypt$/m, 'says so');
$everything->();

# --- names, schemas, privileges ---------------------------------------------------

finds('a better match in the search path', qr/^failure names: public\.encrypt\(integer\) of postgres could be given values/,
	q{CREATE FUNCTION encrypt(int) RETURNS text LANGUAGE sql AS 'SELECT $1::text'},
	'DROP FUNCTION encrypt(int)');
finds('one with a default', qr/^failure names: public\.decrypt\(encrypted,integer\)|^failure names: public\.decrypt\(public\.encrypted,integer\)/,
	q{CREATE FUNCTION decrypt(encrypted, int DEFAULT 0) RETURNS text LANGUAGE sql AS 'SELECT $2::text'},
	'DROP FUNCTION decrypt(encrypted, int)');
finds('one elsewhere', qr/^warning names: attic\.encrypt\(integer\) .* if a search path had its schema/,
	q{CREATE SCHEMA attic; CREATE FUNCTION attic.encrypt(int) RETURNS text LANGUAGE sql AS 'SELECT $1::text'},
	'DROP SCHEMA attic CASCADE');
finds('one in the search path of a role', qr/^failure names: attic\.encrypt\(integer\)/,
	q{CREATE SCHEMA attic; CREATE FUNCTION attic.encrypt(int) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
	ALTER ROLE clerk SET search_path = attic, public},
	'DROP SCHEMA attic CASCADE; ALTER ROLE clerk RESET ALL');
$node->safe_psql($database, 'CREATE EXTENSION pgcrypto');
all_is_well('pgcrypto\'s encrypt takes three arguments');
finds('a name that is an attack on a terminal', qr/^failure names: .*of "?evil/,
	qq{CREATE ROLE "evil\e[2J"; GRANT CREATE ON SCHEMA public TO "evil\e[2J"; SET ROLE "evil\e[2J";
	CREATE FUNCTION encrypt(bigint) RETURNS text LANGUAGE sql AS 'SELECT \$1::text'},
	qq{DROP OWNED BY "evil\e[2J"; DROP ROLE "evil\e[2J"});
finds('a schema in the path that anybody may write to', qr/^warning schemas: anybody can create functions in the schema public/,
	'GRANT CREATE ON SCHEMA public TO PUBLIC', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
finds('the extension\'s, for a role', qr/^warning schemas: clerk can create functions in the schema public/,
	'GRANT CREATE ON SCHEMA public TO clerk', 'REVOKE CREATE ON SCHEMA public FROM clerk');
finds('decrypt for everybody', qr/^failure privileges: anybody may execute (?:public\.)?decrypt\((?:public\.)?encrypted\)/,
	'GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO PUBLIC',
	'REVOKE EXECUTE ON FUNCTION decrypt(encrypted) FROM PUBLIC');

# --- stored -----------------------------------------------------------------------

$node->safe_psql($database, 'CREATE TABLE stored (id int, v encrypted)');
finds('statistics of plaintext', qr/^warning stored: the statistics object told/,
	'CREATE STATISTICS told ON decrypt(v), id FROM stored', 'DROP STATISTICS told');
finds('a materialized view of plaintext', qr/^warning stored: the materialized view (?:public\.)?told/,
	'CREATE MATERIALIZED VIEW told AS SELECT decrypt(v) FROM stored', 'DROP MATERIALIZED VIEW told');

# --- labels -----------------------------------------------------------------------

$node->safe_psql($database, q{CREATE TYPE mood AS ENUM ('fine');
	SECURITY LABEL FOR evcrypt ON COLUMN stored.v IS 'type=public.mood, context=column(id)'});
finds('a label whose type is gone', qr/^failure labels: (?:public\.)?stored\.v: type "public\.mood" does not exist$/,
	'DROP TYPE mood', q{CREATE TYPE mood AS ENUM ('fine')});
all_is_well('at last');

# --- what it may not see, and where it is not ---------------------------------------

$node->safe_psql($database, 'GRANT USAGE ON SCHEMA public TO clerk');
@found = findings('-U', 'clerk');
is_deeply([ map { /^(unknown \w+)/ } @found ],
	[ 'unknown preload', 'unknown endpoints', 'unknown policy', 'unknown labels' ], 'a role without rights is told what it misses');
is(scalar(@found), 4, 'and that is no warning');

$node->safe_psql($database, 'CREATE DATABASE other');
$database = 'other';
like((findings())[0], qr/^failure extension: is not in the database other/, 'a database without the extension');
$database = "dbname=postgres application_name='a connection string'";
all_is_well('with a connection string');
$node->stop;
like((findings())[0], qr/^failure connection: connection to server .* failed/, 'no server');
done_testing();
