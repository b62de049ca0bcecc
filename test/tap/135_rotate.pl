# Key versions: values of before open after the keys were rotated, twice, and do not
# open, by name, when their version was retired.
use strict;
use warnings;

use CopyTest;
use E3Client;
use IPC::Run ();
use Test::More;

my $APP = 'rotate135';
my $watch = E3Client->new($ENV{E3_SOCKET});

# e3ctl's exit status, what it printed, and its errors.
sub e3ctl
{
	my ($out, $err);

	IPC::Run::run([ 'e3ctl', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($? >> 8, $out, $err);
}

sub ctl
{
	my ($status, $out, $err) = e3ctl(@_);

	die "e3ctl @_: $err" if $status != 0 || $err ne '';
	return $out;
}

# Ids of the app's keys by version: on P-256 and on secp256k1.
sub key_ids { return map { (split /\t/)[1] => [ (split /\t/)[3, 4] ] } grep { /^$APP\t/ } split /\n/, ctl('app', 'list') }

ctl('app', 'add', $APP);
my $session = session();
$session->query("SET evcrypt.app = '$APP'");
set_up('CREATE TABLE kept (version int, how text, v encrypted, context text)');

# One of every kind under the newest key.
sub add_values
{
	my ($version) = @_;

	for my $how ([ 'p256', 'default', '' ], [ 'p256', 'Tk9D', '' ], [ 'secp256k1', 'default', 'pii' ], [ 'secp256k1', 'RFVC', '' ])
	{
		my ($curve, $format, $role) = @$how;
		$session->query("SET evcrypt.curve = $curve; SET evcrypt.format = '$format'; SET evcrypt.role = '$role';"
			  . "INSERT INTO kept VALUES ($version, '@$how', encrypt('value @$how'))");
		is($session->{error}, '', "version $version: @$how");
	}
	$session->query(q{RESET evcrypt.format; RESET evcrypt.role; RESET evcrypt.curve;}
		  . qq{INSERT INTO kept VALUES ($version, 'bound', encrypt('value bound', 'c$version'), 'c$version');}
		  . qq{INSERT INTO kept VALUES ($version, 'text', encrypt('value text')::text::encrypted)});
	is($session->{error}, '', "version $version: bound, and as text");
	return;
}

my $OPEN = q{SELECT version, count(CASE WHEN context IS NULL THEN decrypt(v) ELSE decrypt(v, context) END = 'value ' || how) FROM kept GROUP BY 1 ORDER BY 1};

add_values(1);
ctl('app', 'rotate', $APP);
add_values(2);
is($session->query($OPEN), "1|6\n2|6", 'rotated: values of before and after open');
ctl('app', 'rotate', $APP);
add_values(3);
is($session->query($OPEN), "1|6\n2|6\n3|6", 'rotated twice: values of all versions open');
is($session->query('SELECT key_versions FROM evcrypt_health()'), '{3,2,1}', 'evcrypt_health() says which there are');

my %id = key_ids();
is(join(' ', sort keys %id), '1 2 3', 'app list has a line for each version');
is($session->query(q{SELECT DISTINCT version, (encrypted_info(v)).key_id FROM kept WHERE how = 'bound' ORDER BY 1}),
	join("\n", map { "$_|$id{$_}[0]" } 1 .. 3), 'and the ids of the keys that values name');
is($session->query(q{SELECT DISTINCT (encrypted_info(v)).key_id FROM kept WHERE how LIKE 'secp256k1 default%' AND version = 2}),
	$id{2}[1], 'on secp256k1 as well');
my $keys = $watch->call('KEYS', { app => $APP })->{header}{keys};
is(join(' ', map { $_->[0] } @$keys), '3 2 1', 'KEYS lists them, newest first');

# --- under load --------------------------------------------------------------

# One statement that encrypts and decrypts on and on, until it has met three versions.
$session->query('CREATE TABLE busy (i int, v encrypted)');
$session->send(<<'END');
DO $$
BEGIN
	FOR n IN 1 .. 20000 LOOP
		INSERT INTO busy SELECT i, encrypt('busy ' || i) FROM generate_series(n * 100, n * 100 + 99) i;
		IF EXISTS (SELECT FROM busy WHERE i / 100 = n AND decrypt(v) <> 'busy ' || i) THEN RAISE 'another value'; END IF;
		EXIT WHEN (SELECT count(DISTINCT (encrypted_info(v)).key_id) FROM busy) = 3;
	END LOOP;
END $$
END
ctl('app', 'rotate', $APP) for 1 .. 2;
$session->receive;
is($session->{error}, '', 'rotated twice while a statement encrypts and decrypts');
is($session->query(q{SELECT count(DISTINCT (encrypted_info(v)).key_id), count(*) - count(*) FILTER (WHERE decrypt(v) = 'busy ' || i) FROM busy}),
	'3|0', 'which goes over to each new version, and all of it opens');
is($session->query('SELECT key_versions FROM evcrypt_health()'), '{5,4,3,2,1}', 'five versions');
$session->query('DROP TABLE busy');

# --- retired ---------------------------------------------------------------

my $named = "p256 $id{1}[0], secp256k1 $id{1}[1]";
for my $case ([ [ 1 ], qr/whatever is encrypted under key version 1 \(\Q$named\E\), in backups as well, will never open again; .* --force/ ],
	[ [ 5, '--force' ], qr/key version 5 is the newest, which is encrypted with; rotate first/ ],
	[ [ 6, '--force' ], qr/no key version 6/ ], [ [ 0, '--force' ], qr/0: a version is a whole number from 1 on/ ])
{
	my ($arguments, $pattern) = @$case;
	my ($status, $out, $err) = e3ctl('app', 'retire', $APP, @$arguments);
	like("$status$out$err", qr/^1e3ctl: .*$pattern\n\z/, "app retire $APP @$arguments");
}
is($session->query($OPEN), "1|6\n2|6\n3|6", 'what was refused has retired nothing');

cmp_ok($watch->stats->{keys_cached}, '>', 0, 'derived keys are cached');
ctl('app', 'retire', $APP, 1, '--force');
is($watch->stats->{keys_cached}, 0, 'retired: no derived key is left in the cache');
is($session->query($OPEN =~ s/GROUP/WHERE version > 1 GROUP/r), "2|6\n3|6", 'values of the others open');
is($session->query('SELECT key_versions FROM evcrypt_health()'), '{5,4,3,2}', 'and it is gone');
for my $how ('p256 default ', 'secp256k1 RFVC ')
{
	is($session->query("SELECT decrypt(v) FROM kept WHERE version = 1 AND how = '$how'"), '', "a value of the retired version ($how)");
	is($session->sqlstate, 'EV011', 'has an error of its own');
	like($session->{error}, qr/ciphertext names a key that E3 does not have\n.*HINT:  .*and not been retired\./s, 'with a hint');
	is($session->query("SELECT try_decrypt(v) IS NULL FROM kept WHERE version = 1 AND how = '$how'"), 't', 'try_decrypt: NULL');
	$session->query("SELECT reencrypt(v) FROM kept WHERE version = 1 AND how = '$how'");
	is($session->sqlstate, 'EV011', 'nor can it be re-encrypted');
}
$session->query("SELECT decrypt(v) FROM kept WHERE version = 1 AND how = 'text'");
is($session->sqlstate, 'EV020', 'one that names no key does not open');

# --- re-encrypted, then retired --------------------------------------------

$session->query(q{UPDATE kept SET v = CASE WHEN context IS NULL THEN reencrypt(v) ELSE reencrypt(v, context) END WHERE version > 1});
is($session->{error}, '', 'all that opens is re-encrypted');
%id = key_ids();
is($session->query(q{SELECT DISTINCT (encrypted_info(v)).key_id FROM kept WHERE version > 1}), $id{5}[0], 'and names the newest key');
ctl('app', 'retire', $APP, $_, '--force') for 2 .. 4;
is($session->query($OPEN =~ s/GROUP/WHERE version > 1 GROUP/r), "2|6\n3|6", 'so that the versions before can be retired');
my ($status, $out, $err) = e3ctl('app', 'rotate', 'nobody');
is("$status$out$err", "1e3ctl: nobody: no app of this name\n", 'app rotate of an app that is not there');

query('DROP TABLE kept');
done_testing();
