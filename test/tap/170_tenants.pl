# Two tenants, every verb: what a policy does not give is refused, by the name of a
# rule, and not to be seen.  Needs root, to be somebody else.
use strict;
use warnings;

use E3Client;
use Files;
use Test::More;

plan skip_all => 'only root can connect as somebody else' if $> != 0;

$E3Client::VERB{RELOAD} = 12;

my %UID = map { $_->[0] => scalar getpwnam($_->[1]) }
  ([ ada => 'daemon' ], [ bob => 'bin' ], [ writer => 'games' ], [ ops => 'man' ], [ nobody => 'nobody' ]);
die 'a user is missing' if grep { !defined } values %UID;

my $policy = "$ENV{EVCRYPT_STACK}/tenants.policy";
my $POLICY = <<"END";
; two tenants, one that only writes, one that only administers
[rule ada]
identity = uid:$UID{ada}
operations = encrypt, decrypt, reencrypt, blind_index
apps = ada
roles = *

[rule bob]
identity = uid:$UID{bob}
operations = encrypt, decrypt, reencrypt, blind_index
apps = bob
roles = (none), public

[rule writer]
identity = user:games
operations = encrypt
apps = ada
roles = (none), secret, public

[rule ops]
identity = uid:$UID{ops}
operations = administer

END
my $config = slurp($ENV{E3_CONFIG});
my $allowed = join ', ', values %UID;
my $mode = (stat $ENV{E3_SOCKET})[2];

# A reload does not do without a policy again: then one that allows everything.
my $OPEN_POLICY = "[rule all]\nidentity = any\noperations = encrypt, decrypt\napps = *\nroles = *\n";
my $open_config = $config =~ s/^(allow_users = .*)/$1\npolicy = $policy/mr;

# As it was, but for that, also after a failure.
END
{
	my $status = $?;
	if (defined $mode)
	{
		chmod $mode & 07777, $ENV{E3_SOCKET};
		chmod 0700, $ENV{EVCRYPT_STACK};
		spit($policy, $OPEN_POLICY);
		spit($ENV{E3_CONFIG}, $open_config);
		$status ||= 1 if system('e3ctl', 'reload');
	}
	$? = $status;
}

for my $app (qw(ada bob))
{
	is(system('e3ctl', 'app', 'add', $app), 0, "app $app");
	is(system('e3ctl', 'index', 'add', $app), 0, 'with an index key');
}
chmod 0666, $ENV{E3_SOCKET};
chmod 0711, $ENV{EVCRYPT_STACK};
spit($policy, $POLICY);
spit($ENV{E3_CONFIG},
	$config =~ s/^allow_users = (.*)/allow_users = $1, $allowed\npolicy = $policy/mr);
is(system('e3ctl', 'reload'), 0, 'the policy is taken up');

sub client_of
{
	my ($name) = @_;
	local $> = $UID{$name};

	return E3Client->new($ENV{E3_SOCKET});
}

my %client = map { $_ => client_of($_) } keys %UID;

# A ciphertext of each app, and with roles.
sub encrypted
{
	my ($who, $app, %more) = @_;
	my $reply = $client{$who}->call('ENCRYPT', { app => $app, %more }, E3Client::column("of $app"));

	return (E3Client::values_of($reply))[0];
}

my %value = (ada => encrypted('ada', 'ada'), bob => encrypted('bob', 'bob'));

# Name of the answer: RESULT, or that of the ERROR.
sub answer
{
	my ($who, $verb, $app) = @_;
	my @columns =
		$verb =~ /^(?:DECRYPT|REENCRYPT)$/ ? E3Client::column($value{$app})
	  : $verb =~ /^(?:ENCRYPT|BLIND_INDEX|ECHO)$/ ? E3Client::column('value')
	  : ();
	my $reply = $client{$who}->call($verb, { app => $app }, @columns);

	return ($reply->{header}{name} // 'RESULT', $reply->{header}{message} // '');
}

# verb: who may, for the app that is theirs.
my %MAY = (
	ENCRYPT => { ada => 'ada', bob => 'bob', writer => 'ada' },
	DECRYPT => { ada => 'ada', bob => 'bob' },
	REENCRYPT => { ada => 'ada', bob => 'bob' },
	BLIND_INDEX => { ada => 'ada', bob => 'bob' },
	KEYS => { ada => 'ada', bob => 'bob', writer => 'ada' });
for my $verb (sort keys %MAY)
{
	for my $who (sort keys %UID)
	{
		for my $app (qw(ada bob))
		{
			my ($name, $message) = answer($who, $verb, $app);
			my $may = ($MAY{$verb}{$who} // '') eq $app;

			if ($may)
			{
				is($name, 'RESULT', "$who: $verb for $app is allowed");
				next;
			}
			is($name, 'POLICY_REFUSED', "$who: $verb for $app is refused");
			my $rule = $who eq 'nobody' ? qr/no rule is for this peer/
			  : $verb eq 'KEYS' ? qr/no rule is for this peer and this app/
			  : qr/rule "$who" \(line \d+\) is not for this (?:app|operation)/;
			like($message, $rule, 'and the rule is named');
		}
	}
}

# An app that is another's and one that is not there look alike.
is_deeply([ answer('ada', 'KEYS', 'bob') ], [ answer('ada', 'KEYS', 'nosuch') ],
	'KEYS does not say whether an app is there');
for my $who (sort keys %UID)
{
	for my $app (qw(ada bob))
	{
		my $versions = $client{$who}->call('HEALTH', { app => $app })->{header}{key_versions};
		my $sees = ($MAY{KEYS}{$who} // '') eq $app;
		is(scalar @$versions, $sees ? 1 : 0, "HEALTH: $who " . ($sees ? 'sees' : 'does not see') . " $app");
	}
	my $counters = $client{$who}->stats;
	is(exists $counters->{connections_open} ? 'all' : 'own', $who eq 'ops' ? 'all' : 'own', "$who: STATS");
	my $more = $client{$who}->stats->{requests} - $counters->{requests};
	is($more, 1, 'which count its own requests');
	is((answer($who, 'RELOAD', 'ada'))[0], $who eq 'ops' ? 'RESULT' : 'POLICY_REFUSED', "$who: RELOAD");
	is((answer($who, 'ECHO', 'ada'))[0], $who eq 'nobody' ? 'POLICY_REFUSED' : 'RESULT', "$who: ECHO");
}

# The values of one are nothing to the other, whatever app is named.
my $crossed = $client{ada}->call('DECRYPT', { app => 'ada' }, E3Client::column($value{bob}));
is(unpack('C', ${ \($crossed->{columns}[2]) }), 3, "bob's ciphertext names a key that ada has not");

# CANCEL is for one's own requests.
my $long = $client{ada}->request('DECRYPT', { app => 'ada' }, E3Client::costly_column(20_000));
$client{bob}->cancel($long);
is($client{bob}->call('ECHO', {}, E3Client::column('x'))->{type}, $E3Client::VERB{RESULT},
	"bob cancels ada's id");
$client{ada}->cancel($long);
my $cancelled = $client{ada}->receive;
is("$cancelled->{id} $cancelled->{type}", "$long $E3Client::VERB{CANCELLED}", 'and only ada has cancelled it');

# --- data roles --------------------------------------------------------------

my %role = map { $_ => encrypted('ada', 'ada', $_ ? (role => $_) : ()) } ('', 'public', 'secret');

sub statuses
{
	my ($who, $app, @values) = @_;
	my $reply = $client{$who}->call('DECRYPT', { app => $app }, E3Client::column(@values));

	return join ' ', unpack 'C*', $reply->{columns}[2] // "\0" x @values;
}

is(statuses('ada', 'ada', @role{ '', 'public', 'secret' }), '0 0 0', 'ada may read every role');
is((answer('writer', 'DECRYPT', 'ada'))[0], 'POLICY_REFUSED', 'who only writes reads none');
my $with_role = sub { $client{ $_[0] }->call('ENCRYPT', { app => $_[1], role => $_[2] }, E3Client::column('x')) };
is($with_role->('writer', 'ada', 'secret')->{type}, $E3Client::VERB{RESULT}, 'it writes a role of its rule');
my $refused = $with_role->('writer', 'ada', 'other')->{header};
is($refused->{name}, 'POLICY_REFUSED', 'and no other');
like($refused->{message}, qr/rule "writer" \(line \d+\) is not for this data role/, 'with the rule named');
is($with_role->('bob', 'bob', 'secret')->{header}{name}, 'POLICY_REFUSED', 'bob may not write one that is not his');

# bob may read of app ada what has no role or is public; the relabelled metadata too.
spit($policy, $POLICY =~ s/^apps = bob/apps = bob, ada/mr);
is(system('e3ctl', 'reload'), 0, 'bob gets the app ada');
is(statuses('bob', 'ada', @role{ '', 'public', 'secret', 'public' }), '0 0 7 0',
	'a value of another role is refused, and harms no other');
my @together = E3Client::values_of($client{ada}->call('ENCRYPT', { app => 'ada', role => 'secret' }, E3Client::column(1 .. 100)));
is(statuses('bob', 'ada', @together, $role{public}), join(' ', (7) x 100, 0), 'also of those that are opened together');
my $plain = $client{bob}->call('DECRYPT', { app => 'ada' }, E3Client::column(@role{ 'secret', 'public' }));
is_deeply([ E3Client::values_of($plain) ], [ '', 'of ada' ], 'and has no bytes');
for my $who (qw(ada bob))
{
	is((answer($who, 'ENCRYPT', 'ada'))[0], 'RESULT', "$who encrypts for ada after the reload, on the old connection");
}

# --- a bad policy is refused, the old one stays --------------------------------

for my $bad (
	[ "[rule x]\nidentity = uid:1\n", 'line 1: no operations' ],
	[ "[rule x]\nidentity = no\n", 'line 2: an identity that is none' ],
	[ "identity = any\n", 'a key before a section' ],
	[ "[rule x]\nidentity = any\noperations = encrypt\napps = *\nroles = *\ncredential = y\n", 'an issuer that is not there' ])
{
	my ($text, $name) = @$bad;

	spit($policy, $text);
	isnt(system("e3ctl reload 2>/dev/null"), 0, "refused: $name");
	is((answer('ada', 'ENCRYPT', 'ada'))[0], 'RESULT', 'and ada may what she could');
	is((answer('bob', 'RELOAD', 'ada'))[0], 'POLICY_REFUSED', 'and bob no more than that');
}
like(slurp("$ENV{EVCRYPT_STACK}/e3.log"), qr{event=policy_refused cause="[^"]*tenants\.policy:2: identity: must be},
	'the log names file, line and cause');
spit($policy, $POLICY);
chmod 0666, $policy;
isnt(system("e3ctl reload 2>/dev/null"), 0, 'a policy that others may write is refused');
chmod 0644, $policy;
spit($policy, "; nothing\n");
is(system('e3ctl', 'reload'), 0, 'an empty policy');
is((answer('ada', 'ENCRYPT', 'ada'))[0], 'POLICY_REFUSED', 'allows nothing to anybody');

# --- back to how it was ----------------------------------------------------------

spit($policy, $OPEN_POLICY);
is(system('e3ctl', 'reload'), 0, 'a policy of one rule');
is((answer('bob', 'ENCRYPT', 'ada'))[0], 'RESULT', 'lets whoever is connected use every app');
spit($ENV{E3_CONFIG}, $open_config);
is(system('e3ctl', 'reload'), 0, 'without the tenants');
$_->close for values %client;
done_testing();
