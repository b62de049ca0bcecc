# The audit: one record for every decrypt request and every refusal, and e3ctl audit
# verify finds every cut, change and drop.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;
use Token;

my $key = Token::make_key($ENV{TMPDIR}, 'audit');
my $e3 = start_e3(stopped => 1);
my $dir = $e3->{dir};
my $log = "$dir/audit";

spit("$dir/policy", <<"END");
[rule plain]
identity = uid:$>
operations = encrypt, decrypt
apps = default
roles = (none), public
[rule token]
identity = uid:$>
operations = decrypt
apps = default
roles = secret
credential = app
[issuer app]
issuer = https://issuer.test
key = $key.pem
[quota small]
identity = any
values_per_day = 1000
END
my $plain_config = slurp($e3->{config});
spit($e3->{config}, "$plain_config\[access]\npolicy = $dir/policy\n[audit]\nfile = $log\n");
$e3->start;
my $node = new_node('audit', $e3);
my $session = session($node);

# The records, each a hash of its fields.
sub records
{
	my @lines = split /\n/, slurp($log);
	shift @lines;
	return map { my %field = / (\w+)=(?|"([^"]*)"|(\S+))/g; \%field } @lines;
}

sub verified
{
	my ($name, $note) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($from) = slurp($log) =~ /first=(\d+)/;
	my ($status, $out, $err) = $e3->try_ctl('audit', 'verify', '--from', $from);
	is("$status$err", '0' . ($note // ''), $name);
	return $out;
}

# --- one record each -------------------------------------------------------------

$session->query('CREATE TABLE t (v encrypted)');
$session->query(q{INSERT INTO t SELECT encrypt('canary ' || i) FROM generate_series(1, 3) i});
$session->query(q{SET evcrypt.role = 'secret'});
$session->query(q{INSERT INTO t SELECT encrypt('canary')});
is($session->sqlstate, '42501', 'a role that no rule lets it write');
$session->query('SET evcrypt.role = public');
$session->query(q{INSERT INTO t SELECT encrypt('canary 4')});
$session->query(qq{CREATE ROLE "n\xc3\xa4me with "" and \\" SUPERUSER; SET ROLE "n\xc3\xa4me with "" and \\"});
$session->query('SELECT decrypt(v) FROM t');
$session->query('RESET ROLE');
$session->query(q{SET evcrypt.app = 'other'});
$session->query('SELECT decrypt(v) FROM t LIMIT 1');
$session->query('RESET evcrypt.app');
$session->query("SET evcrypt.credential = '" . Token::make($key, sub => 'shop "7"') . "'");
$session->query('SELECT decrypt(v) FROM t LIMIT 1');
$session->query("SET evcrypt.credential = 'a.b.c'");
$session->query('SELECT decrypt(v) FROM t LIMIT 1');
$session->query("SET evcrypt.credential = ''");
$session->query('SET evcrypt.batch = off');
$session->query('SELECT decrypt(v) FROM t, generate_series(1, 400)');
is($session->sqlstate, '53400', 'the quota ends');
my @refused = grep { ($_->{operation} // '') eq 'decrypt' or ($_->{verdict} // '') ne 'OK' } records();
my @seen = map {
	my $record = $_;
	join ' ', map { "$_=" . ($record->{$_} // '-') } qw(operation app label subject roles values opened verdict rule);
} @refused;
my $label = 'n\\xc3\\xa4me with \\x22 and \\x5c';
my @quota = splice @seen, 5;

is_deeply(\@seen, [
	'operation=encrypt app=default label=postgres subject=- roles=- values=1 opened=0 verdict=POLICY_REFUSED rule=plain:1',
	"operation=decrypt app=default label=$label subject=- roles=(none),public values=4 opened=4 verdict=OK rule=plain:1",
	'operation=decrypt app=other label=postgres subject=- roles=- values=1 opened=0 verdict=POLICY_REFUSED rule=plain:1',
	'operation=decrypt app=default label=postgres subject=shop \\x227\\x22 roles=(none) values=1 opened=1 verdict=OK rule=plain:1',
	'operation=decrypt app=default label=postgres subject=- roles=- values=1 opened=0 verdict=CREDENTIAL_INVALID rule=token:6',
], 'a record for every decrypt and every refusal, in order') or diag(join "\n", @seen);
is((grep { /verdict=QUOTA_EXCEEDED/ } @quota), 1, 'and one when the quota is used up');
is((grep { $_->{peer} && $_->{peer} ne "uid:$>" } records()), 0, 'all by the peer that asked');
unlike(slurp($log), qr/canary|ey[JI]/, 'no value and no credential in any');
verified('it is whole');

# A request that is cancelled has its record, and nothing was given.
my $client = E3Client->new($e3->{socket});
my $before = records();
$e3->stop;
spit("$dir/policy", slurp("$dir/policy") =~ s/values_per_day = .*/values_per_day = 1000000/r);
$e3->start;
$client = E3Client->new($e3->{socket});
my $id = $client->request('DECRYPT', { app => 'default' }, E3Client::costly_column(20_000));
wait_until('it runs', sub { $e3->ctl('health') =~ /running: 1/ });
$client->cancel($id);
$client->receive;
$client->close;
my $gone = E3Client->new($e3->{socket});
$gone->request('DECRYPT', { app => 'default' }, E3Client::costly_column(20_000));
wait_until('it runs', sub { $e3->ctl('health') =~ /running: 1/ });
$gone->close;
wait_until('both have a record', sub { 2 == grep { ($_->{verdict} // '') eq 'CANCELLED' } records() });
is((grep { ($_->{verdict} // '') eq 'CANCELLED' and $_->{opened} > 0 } records()), 0, 'in which nothing was given');
verified('whole over a restart');
is(scalar(grep { ($_->{operation} // '') =~ /^st(?:art|op)$/ } records()), 3, 'which it tells of');

# --- going on in another file ------------------------------------------------------

rename $log, "$log.1" or die;
$e3->ctl('reload');
wait_until('a new file, and its first line', sub { -e $log and slurp($log) =~ /first=\d/ });
my ($next) = slurp($log) =~ /first=(\d+)/;
is($e3->ctl('audit', 'verify', '--from', $next), "no record yet; the first will be $next\n", 'of nothing there is nothing');
$session->query('SELECT decrypt(v) FROM t LIMIT 1');
like(slurp($log), qr/\Aevcrypt-audit 1 key=\w+ first=(?!1 )\d+ .*\nseq=\d+ .* verdict=OK /, 'a new file goes on');
my ($begins) = slurp($log) =~ /first=(\d+)/;
$e3->ctl_fails(1, qr/.*records are missing at the start: it begins with $begins; .*/, 'audit', 'verify');
$e3->ctl_fails(1, qr/.*records are missing at the start.*/, 'audit', 'verify', '--from', $begins - 1);
like($e3->ctl('audit', 'verify', '--from', $begins), qr/^records $begins to \d+ are whole$/, 'whole from where it begins');
is(($e3->try_ctl('audit', 'verify', "$log.1"))[1] =~ /^records 1 to \d+ are whole$/, 1, 'with the earlier file from the start');
my ($status, undef, $err) = $e3->try_ctl('audit', 'verify', "$log.1", "$log.1");
isnt($status, 0, "the earlier one twice is not: $err");

# --- every cut, change and drop ------------------------------------------------------

$session->query('SELECT decrypt(v) FROM t LIMIT 1') for 1 .. 4;
$session->close;
$node->stop;
$e3->stop;
my $whole = slurp($log);
my $head = slurp("$log.head");
my @lines = split /(?<=\n)/, $whole;
cmp_ok(scalar @lines, '>', 5, 'some records');

sub is_found
{
	my ($name, $text) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	spit($log, $text);
	my ($exit, $out, $error) = $e3->try_ctl('audit', 'verify', '--from', $begins);
	is($exit, 1, "found: $name");
	like($error, qr/^e3ctl: \Q$log\E/, 'with the place');
	return;
}

# Every place of a log is the unit test's; here the first line, records and the last one.
for my $i (0, 1, 2, $#lines)
{
	is_found("line $i dropped", join '', @lines[ grep { $_ != $i } 0 .. $#lines ]);
	is_found("cut before line $i", join '', @lines[ 0 .. $i - 1 ]);
	is_found("line $i twice", join '', @lines[ 0 .. $i, $i .. $#lines ]);
	is_found("line $i changed", join '', @lines[ 0 .. $i - 1 ], $lines[$i] =~ s/(\d)(?=\D)/($1 + 1) % 10/er, @lines[ $i + 1 .. $#lines ]);
}
is_found('the last newline cut', substr $whole, 0, -1);
is_found('two lines exchanged', join '', @lines[ 0, 2, 1, 3 .. $#lines ]);
is_found('another line behind', $whole . $lines[-1]);
is_found('empty', '');
unlink $log;
is(($e3->try_ctl('audit', 'verify', '--from', $begins))[0], 1, 'found: no log');
spit($log, $whole);
my $not_asked = "e3ctl: $log: the last record was not compared with what a running E3 has written: "
  . "nobody listens at $e3->{socket}\n";
verified('as it was, as far as its head says, since E3 cannot be asked', $not_asked);
unlink "$log.head";
is(($e3->try_ctl('audit', 'verify', '--from', $begins))[0], 1, 'found: no head');
spit("$log.head", $head =~ s/last=(\d+)/'last=' . ($1 - 1)/egr);
is(($e3->try_ctl('audit', 'verify', '--from', $begins))[0], 1, 'found: a changed head');
spit("$log.head", $head);
chmod 0600, $log, "$log.head";

# E3 does not go on where something is missing, and finishes what was cut by a kill.
spit($log, join '', @lines[ 0 .. $#lines - 1 ]);
my ($exit, $said) = $e3->try_start;
isnt($exit, 0, 'E3 does not start on a log whose tail is missing');
like($said, qr/event=audit_refused cause="[^"]*ends before the record that its head names"/, 'and says why');
spit($log, "${whole}seq=99 time=1 oper");
like(join('', ($e3->try_ctl('audit', 'verify', '--from', $begins))), qr/^0records $begins to \d+ are whole\n.*: a record is being written, or was not finished\n\Q$not_asked\E\z/,
	'half a line behind the last one is no damage');
chmod 0600, $log;
$e3->start;
is(length slurp($log) > length $whole, 1, 'half a line of a writer that was killed is replaced');
verified('and all is whole');

# Both files put back: a running E3 knows better.
my @then = (slurp($log), slurp("$log.head"));
$client = E3Client->new($e3->{socket});
$client->call('DECRYPT', { app => 'default' }, E3Client::column('x')) for 1 .. 3;
my @now = (slurp($log), slurp("$log.head"));
spit($log, $then[0]);
spit("$log.head", $then[1]);
like(($e3->try_ctl('audit', 'verify', '--from', $begins))[2], qr/E3 has written \d+/, 'found: log and head put back together');
spit($log, $now[0]);
spit("$log.head", $now[1]);
verified('as it was');
$client->close;
is($e3->stop, 0, 'E3 ends well');

# The log is dropped, and the head not.
rename $log, "$log.gone" or die;
$e3->start;
like(slurp($e3->{log}), qr/level=warning event=audit_missing file="\Q$log\E" next=\d+$/m, 'E3 says that its log is missing');
$e3->ctl_fails(1, qr/.*records are missing at the start.*/, 'audit', 'verify');
is($e3->stop, 0, 'E3 ends well');

# --- a keyring that is older than the audit --------------------------------------------

my $old = start_e3(stopped => 1);
$old->ctl_fails(1, qr/\Q$old->{config}\E names no audit log/, 'audit', 'verify');
spit($old->{config}, slurp($old->{config}) . "[audit]\nfile = $old->{dir}/audit\nsync = yes\n");
is(($old->try_ctl('audit', 'init'))[2], "e3ctl: $old->{dir}/keyring has a key for the audit already\n",
	'a new keyring has a key for the audit');
$old->start;
$client = E3Client->new($old->{socket});
$client->call('DECRYPT', { app => 'default' }, E3Client::column('x'));
is(($old->try_ctl('audit', 'verify'))[1], "records 1 to 2 are whole\n", 'without a policy as well, and synced');
$client->close;
is($old->stop, 0, 'E3 ends well');
done_testing();
