# What a policy says of re-encrypting and of blind indexes, through SQL: rights, data
# roles and quotas of their own; and what the audit says.
use strict;
use warnings;

use CopyTest;
use Test::More;

my $uid = getpwnam $ENV{EVCRYPT_STACK_USER};
my $APP = 'policy139';
my $policy = "$CopyTest::DIR/policy";
my $audit = "$CopyTest::DIR/audit";

sub put_policy
{
	my ($text) = @_;

	open my $file, '>', $policy or die "$policy: $!";
	print $file $text;
	close $file or die;
	chmod 0644, $policy;
	return;
}

sub rule
{
	my ($operations, $roles) = @_;

	return "[rule r]\nidentity = uid:$uid\napps = $APP\noperations = $operations\nroles = $roles\n"
	  . "[rule ops]\nidentity = uid:0\noperations = administer\n";
}

is(system('e3ctl', 'app', 'add', $APP), 0, 'an app');
is(system('e3ctl', 'index', 'add', $APP), 0, 'and its index key');
put_policy(rule('encrypt, decrypt, reencrypt', '*'));
my $e3 = second_e3("policy = $policy", "[audit]\nfile = $audit\n");

sub reload
{
	my ($text) = @_;

	put_policy($text);
	local $ENV{E3_CONFIG} = $e3->{config};
	is(system('test/lib/as-server', 'e3ctl', 'reload'), 0, 'reload');
	return;
}

my $session = session();
$session->query("SET evcrypt.endpoints = 'unix:$e3->{socket}'; SET evcrypt.app = '$APP'; SET client_min_messages = warning");
$session->query(<<'END');
CREATE TABLE t (id int, v encrypted);
INSERT INTO t SELECT i, encrypt('x') FROM generate_series(1, 10) i;
SET evcrypt.role = 'pii';
INSERT INTO t VALUES (11, encrypt('personal'));
RESET evcrypt.role
END
is($session->{error}, '', 'values, one of them with a role');
is($session->query('SELECT count(reencrypt(v)) FROM t'), 11, 'reencrypt is allowed');
$session->query(q{SELECT blind_index('x')});
is($session->sqlstate, '42501', 'blind_index is not');
like($session->{error}, qr/blind_index: rule "r" \(line 1\) is not for this operation/, 'says the rule');

reload(rule('encrypt, reencrypt, blind_index', '(none)'));
is($session->query(q{SELECT blind_index('x') IS NOT NULL}), 't', 'now it is');
$session->query('SELECT decrypt(v) FROM t WHERE id = 1');
is($session->sqlstate, '42501', 'and decrypt is not');
is($session->query('SELECT count(reencrypt(v)) FROM t WHERE id < 11'), 10, 'who may not decrypt may re-encrypt');
$session->query('SELECT reencrypt(v) FROM t WHERE id = 11');
is($session->sqlstate, '42501', 'but not what has another role');

reload(rule('encrypt, decrypt', '*'));
for my $call ('reencrypt(v)', q{blind_index('x')}, q{blind_index_all('x')})
{
	$session->query("SELECT $call FROM t WHERE id = 1");
	is($session->sqlstate, '42501', "$call is refused");
}

reload(rule('encrypt, decrypt, reencrypt, blind_index', '*')
	  . "[quota q]\nidentity = any\noperations = blind_index\nvalues_per_day = 3\n");
my $indexed = 0;
$indexed++ while $session->query("SELECT blind_index('$indexed') IS NOT NULL") eq 't';
is($indexed, 3, 'a quota for blind indexes');
is($session->sqlstate, '53400', 'has its error');
is($session->query('SELECT count(decrypt(v)) FROM t'), 11, 'and counts nothing else');

# --- audit ---------------------------------------------------------------------

my $log = slurp($audit);
my @reencrypts = grep { /operation=reencrypt / } split /\n/, $log;
like($reencrypts[0], qr/app="$APP" roles="\(none\),pii" values=11 opened=11 refused=0 verdict=OK rule=r:1 /, 'a request that re-encrypts has a line as one that decrypts');
ok((grep { /values=1 opened=0 refused=1 verdict=OK/ } @reencrypts), 'so has a value that is refused for its role');
ok((grep { /verdict=POLICY_REFUSED/ } @reencrypts), 'and a request that is refused');
ok((grep { /operation=blind_index .*verdict=POLICY_REFUSED/ } split /\n/, $log), 'blind indexes have one where they are refused');
ok((grep { /operation=blind_index .*verdict=QUOTA_EXCEEDED/ } split /\n/, $log), 'by the quota too');
ok(!(grep { /operation=blind_index .*verdict=OK/ } split /\n/, $log), 'and none else');

$session->query('DROP TABLE t');
done_testing();
