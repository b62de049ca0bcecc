# Quotas: values a second and a day, per peer, with an error of their own; and policies
# that change under load.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;
use Time::HiRes qw(time);

my %APP = (app => 'default');
my $e3 = start_e3(stopped => 1);
my $policy = "$e3->{dir}/policy";
my $RULE = <<"END";
[rule all]
identity = uid:$>
operations = encrypt, decrypt
apps = *
roles = *
END

spit($policy, $RULE . <<"END");
[quota second]
identity = uid:$>
values_per_second = 100
burst = 500
END
spit($e3->{config}, slurp($e3->{config}) . "[access]\npolicy = $policy\n");
$e3->start;
my $client = E3Client->new($e3->{socket});

sub decrypt
{
	my ($count) = @_;

	return $client->call('DECRYPT', \%APP, E3Client::column(('x') x $count))->{header};
}

# --- a second ------------------------------------------------------------------

is(decrypt(500)->{name}, undef, 'the burst at once');
my $error = decrypt(400);
is($error->{name}, 'QUOTA_EXCEEDED', 'and no more');
like($error->{message}, qr/quota "second" \(line 6\)$/, 'by the name of the quota');
cmp_ok($error->{retry_ms}, '>', 0, 'which says when to try again');
cmp_ok($error->{retry_ms}, '<=', 4001, 'as soon as there is enough');
my $start = time;
wait_until('the quota fills up', sub { !defined decrypt(100)->{name} });
cmp_ok(time - $start, '<', 30, 'in time');
$error = decrypt(501);
is($error->{name}, 'QUOTA_EXCEEDED', 'more than the burst');
like($error->{message}, qr/the request has more values than it allows$/, 'never fits');
is($error->{retry_ms}, undef, 'and need not be tried again');
is($client->call('ENCRYPT', \%APP, E3Client::column(('x') x 5_000))->{type}, $E3Client::VERB{RESULT},
	'encrypting is not counted');

# --- a day, through SQL -----------------------------------------------------------

spit($policy, "$RULE\[quota day]\nidentity = any\nvalues_per_day = 3000\n");
$e3->ctl('reload');
my $node = new_node('quota', $e3);
my $session = session($node);
$session->query('CREATE TABLE t AS SELECT encrypt(i::text) AS v FROM generate_series(1, 1000) i');
$session->is('SELECT count(decrypt(v)) FROM t', '1000', 'a thousand');
my $used = 1000;
while ($session->query('SELECT count(decrypt(v)) FROM t') eq '1000') { $used += 1000 }
cmp_ok($used, '<=', 3000, 'a day ends');
is($session->sqlstate, '53400', 'with an error of its own');
like($session->{error}, qr/DETAIL:  Cause: quota "day" \(line 6\)\./, 'that names the quota');
is($session->query('SELECT try_decrypt(v) FROM t'), '', 'try_decrypt does not hide it');
is($session->sqlstate, '53400', 'either');
$e3->ctl('reload');
is($session->query('SELECT count(decrypt(v)) FROM t'), '', 'a reload does not give another one');
$session->query(q{SELECT count(encrypt('x')) FROM t});
is($session->sqlstate, '00000', 'and encrypting goes on');
$e3->stop;
$e3->start;
$session->is('SELECT count(decrypt(v)) FROM t', '1000', 'a restart does');
$session->close;
$client->close;
$node->stop;

# --- policies that change under load ------------------------------------------------

my $all = "$RULE";
my $none = $RULE =~ s/operations = .*/operations = encrypt/r;
my @clients = map { E3Client->new($e3->{socket}) } 1 .. 4;
my ($value) = E3Client::values_of($clients[0]->call('ENCRYPT', \%APP, E3Client::column('plain')));
my %answers;

spit($policy, $all);
$e3->ctl('reload');
for my $round (1 .. 20)
{
	# In flight while the policy changes: each is decided by the one or the other.
	my @ids = map { my $c = $_; map { $c->request('DECRYPT', \%APP, E3Client::column(($value) x 200)) } 1 .. 5 } @clients;
	spit($policy, $round % 2 ? $none : $all);
	$e3->ctl('reload');
	for my $c (@clients)
	{
		for (1 .. 5)
		{
			my $reply = $c->receive;
			my %given = map { $_ => 1 } $reply->{type} == $E3Client::VERB{RESULT} ? E3Client::values_of($reply) : ();
			$answers{ $reply->{header}{name} // join ',', keys %given }++;
		}
	}
	my $after = $clients[0]->call('DECRYPT', \%APP, E3Client::column($value));
	my $shall = $round % 2 ? 'POLICY_REFUSED' : 'plain';
	is($after->{header}{name} // (E3Client::values_of($after))[0], $shall, "round $round: the new policy counts when reload returns");
}
is(join(' ', sort keys %answers) =~ s/^POLICY_REFUSED //r, 'plain', 'every answer is whole, or a refusal');
my $sum = 0;
$sum += $_ for values %answers;
is($sum, 20 * 20, 'and each request had one');
$_->close for @clients;
is($e3->stop, 0, 'E3 ends well');
done_testing();
