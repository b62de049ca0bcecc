# An E3 of a test's own whose keyring's key is kept by a device, and such devices:
# a TPM by swtpm, a PKCS #11 token by SoftHSM, a key management service by kms.py.
package Custody;

use strict;
use warnings;

use E3Client;
use File::Temp ();
use Files;
use IPC::Run ();
use Test::More;
use Waiting;

our @MODULES = grep { -e } '/usr/lib/softhsm/libsofthsm2.so',
  glob('/usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so');
our $PIN = '123456';

my @running;

END
{
	my $status = $?;
	for my $process (grep { $_->{pid} && $_->{owner} == $$ } @running)
	{
		kill 'KILL', $process->{pid};
		waitpid $process->{pid}, 0;
	}
	$? = $status;
}

# Runs a program; its exit status, and all that it printed.
sub run_program
{
	my (@words) = @_;
	my $said;
	my $has_ended = eval {
		IPC::Run::run(\@words, '<', \undef, '>&', \$said, IPC::Run::timeout($Waiting::DEADLINE));
		1;
	};

	return ($? >> 8, $said) if $has_ended;
	die $@ if $@ !~ /timeout/;
	return ('none', $said);
}

sub has { my ($program) = @_; return grep { -x "$_/$program" } split /:/, $ENV{PATH}; }

# Ends a test, with the reason, where any of these programs is not to be had.
sub need
{
	my (@programs) = @_;

	for my $program (@programs)
	{
		plan(skip_all => "$program is not installed") unless has($program);
	}
	return;
}

# Starts a program that goes on; "up" is true once it is there.
sub spawn
{
	my ($log, $up, @words) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log or die;
		open STDERR, '>&', \*STDOUT;
		exec @words;
		die "cannot run $words[0]: $!";
	}
	my $process = { pid => $pid, owner => $$ };
	push @running, $process;
	Waiting::wait_until("$words[0] starts", sub {
		die "$words[0] ended: " . slurp($log) if waitpid($pid, 1) != 0;
		return $up->();
	});
	return $process;
}

sub end
{
	my ($process, $signal) = @_;

	kill $signal, $process->{pid};
	waitpid $process->{pid}, 0;
	$process->{pid} = undef;
	return $?;
}

# --- E3 --------------------------------------------------------------------

# A keyring with the app "default" under a passphrase, and lines of [keyring] beside.
sub new
{
	my ($class, @lines) = @_;
	my $dir = File::Temp->newdir('custodyXXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, keyring => "$dir/keyring", log => "$dir/e3.log", lines => [@lines] }, $class;

	spit($self->{log}, '');
	$self->configure('passphrase');
	$self->ctl('init');
	$self->ctl('app', 'add', 'default');
	return $self;
}

# Writes the configuration, for this custody.
sub configure
{
	my ($self, $custody) = @_;

	$self->{config} = "$self->{dir}/$custody.conf";
	spit($self->{config}, join "\n", '[e3]', "socket = $self->{dir}/e3.sock", '[keyring]',
		"file = $self->{keyring}", "passphrase_file = $self->{dir}/passphrase", "custody = $custody",
		@{ $self->{lines} }, '');
	return;
}

# Exit status of e3ctl, and what it printed.
sub try_ctl { my ($self, @words) = @_; return run_program('e3ctl', '--config', $self->{config}, @words); }

sub ctl
{
	my ($self, @words) = @_;
	my ($status, $said) = $self->try_ctl(@words);

	die "e3ctl @words: $said" if $status;
	return $said;
}

# Seals the keyring for this custody, which the configuration then says.
sub reseal
{
	my ($self, $custody) = @_;

	$self->ctl('keyring', 'reseal', '--custody', $custody);
	$self->configure($custody);
	return;
}

# E3 does not start; "status" is in its log, and matches "pattern".
sub refuses
{
	my ($self, $status, $pattern, $what) = @_;
	my ($exit, $log) = run_program('e3', '--config', $self->{config});

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like("$exit $log", qr/^1 .*event=keyring_refused [^\n]*status=$status [^\n]*$pattern.*event=stopped status=/s, $what);
}

sub start
{
	my ($self) = @_;

	$self->{process} = spawn($self->{log}, sub { ($self->try_ctl('health'))[0] == 0 }, 'e3', '--config', $self->{config});
	return;
}

sub stop { my ($self) = @_; return end($self->{process}, 'TERM'); }

# Does a running E3 encrypt for this app?
sub serves
{
	my ($self, $app) = @_;
	my $client = E3Client->new("$self->{dir}/e3.sock");

	return $client->call('ENCRYPT', { app => $app }, E3Client::column('x'))->{type} == $E3Client::VERB{RESULT};
}

sub generation { my ($self) = @_; return unpack 'Q>', substr(slurp($self->{keyring}), 12, 8); }

# The keyring's bytes, put in its place.
sub put
{
	my ($self, $bytes) = @_;

	unlink $self->{keyring};
	spit($self->{keyring}, $bytes);
	chmod 0600, $self->{keyring} or die;
	return;
}

# No part of the file, and no bit of its outside or of its end, may be missing or other.
sub damage_is_refused
{
	my ($self, @at) = @_;
	my $whole = slurp($self->{keyring});
	my $any = qr/(?:KEYRING_FORMAT|KEYRING_UNSEAL|CUSTODY|CUSTODY_REFUSED)/;

	for my $len (0, 4, 47, 48, 63, 64, length($whole) - 1)
	{
		$self->put(substr $whole, 0, $len);
		$self->refuses(qr/(?:KEYRING_FORMAT|KEYRING_UNSEAL)/, '', "truncated to $len bytes");
	}
	for my $at (@at, length($whole) - 1)
	{
		my $flipped = $whole;
		substr($flipped, $at, 1) ^= "\x10";
		$self->put($flipped);
		$self->refuses($any, '', "a bit of byte $at flipped");
	}
	$self->put($whole);
	is(($self->try_ctl('app', 'list'))[0], 0, 'undamaged it opens');
	return;
}

# E3 does not start with a keyring that is older than the last one.  "tell" is called
# whenever the configuration has changed.
sub older_is_refused
{
	my ($self, $custody, $tell) = @_;
	my $before = slurp($self->{keyring});
	my @lines = @{ $self->{lines} };
	my $configure = sub { $self->{lines} = [@_]; $self->configure($custody); $tell->() if $tell };

	$configure->(@lines, "generation_file = $self->{dir}/newest");
	$self->ctl('keyring', 'accept');
	$self->ctl('app', 'add', 'newest');
	my $later = slurp($self->{keyring});
	$self->put($before);
	$self->refuses('KEYRING_ROLLBACK', 'older', 'an older keyring');
	$self->put($later);
	is(($self->try_ctl('app', 'list'))[0], 0, 'the newest opens');
	$configure->(@lines);
	return;
}

# --- TPM -------------------------------------------------------------------

package Custody::Tpm;

# A fresh TPM, which runs.
sub new
{
	my ($class) = @_;
	my $dir = File::Temp->newdir('tpmXXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, socket => "$dir/tpm" }, $class;

	$self->{tcti} = "swtpm:path=$self->{socket}";
	$self->start;
	return $self;
}

sub start
{
	my ($self) = @_;

	unlink $self->{socket}, "$self->{socket}.ctrl";
	$self->{process} = Custody::spawn("$self->{dir}/log", sub { -S $self->{socket} && -S "$self->{socket}.ctrl" },
		'swtpm', 'socket', '--tpm2', '--tpmstate', "dir=$self->{dir}", '--server', "type=unixio,path=$self->{socket}",
		'--ctrl', "type=unixio,path=$self->{socket}.ctrl", '--flags', 'not-need-init,startup-clear');
	return;
}

sub stop { my ($self) = @_; Custody::end($self->{process}, 'KILL'); return; }

# As a machine that is switched off and on: whatever a program that was killed has left in
# it is gone.
sub reset { my ($self) = @_; $self->stop; $self->start; return; }

sub tool
{
	my ($self, $name, @words) = @_;
	my ($status, $said) = Custody::run_program("tpm2_$name", '-T', $self->{tcti}, @words);

	die "tpm2_$name: $said" if $status;
	return $said;
}

sub extend { my ($self, $pcr) = @_; $self->tool('pcrextend', "$pcr:sha256=" . '11' x 32); return; }

# --- PKCS #11 --------------------------------------------------------------

package Custody::Token;

# A fresh token with this label and an AES key "keyring"; it is the one that programs
# which are started from now on find.
sub new
{
	my ($class, $label) = @_;
	my $dir = File::Temp->newdir('tokenXXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, label => $label, module => $Custody::MODULES[0] }, $class;

	mkdir "$dir/tokens" or die;
	Files::spit("$dir/conf", "directories.tokendir = $dir/tokens\nobjectstore.backend = file\nlog.level = ERROR\n");
	Files::spit("$dir/pin", "$Custody::PIN\n");
	chmod 0600, "$dir/pin" or die;
	$self->use;
	my ($status, $said) = Custody::run_program('softhsm2-util', '--init-token', '--free', '--label', $label,
		'--pin', $Custody::PIN, '--so-pin', '87654321');
	die $said if $status;
	$self->add_key('keyring');
	return $self;
}

sub use { my ($self) = @_; $ENV{SOFTHSM2_CONF} = "$self->{dir}/conf"; return; }

sub add_key
{
	my ($self, $label) = @_;
	my ($status, $said) = Custody::run_program('pkcs11-tool', '--module', $self->{module}, '--token-label', $self->{label},
		'--login', '--pin', $Custody::PIN, '--keygen', '--key-type', 'AES:32', '--label', $label, '--usage-wrap', '--sensitive');

	die $said if $status;
	return;
}

# Lines of [keyring].
sub lines
{
	my ($self) = @_;

	return ("pkcs11_module = $self->{module}", "pkcs11_token = $self->{label}", 'pkcs11_key = keyring',
		"pkcs11_pin_file = $self->{dir}/pin");
}

# --- KMS -------------------------------------------------------------------

package Custody::Kms;

use Cwd ();
use Digest::SHA ();
use File::Basename ();
use JSON::PP ();

our $LIB = File::Basename::dirname(Cwd::abs_path(__FILE__));

# Why there can be none here; undef if there can.
sub lacks
{
	my ($status) = Custody::run_program('python3', '-c', 'import cryptography');

	return $status ? 'python3 has no cryptography' : undef;
}

# A service that runs, and the authority whose evidence it goes by.
sub new
{
	my ($class) = @_;
	my $dir = File::Temp->newdir('kmsXXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, setup => {} }, $class;
	my ($status, $said) = Custody::run_program('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
		'-nodes', '-subj', '/CN=kms', '-addext', 'subjectAltName=DNS:kms.test,IP:127.0.0.1', '-keyout', "$dir/server.key",
		'-out', "$dir/server.crt");
	die $said if $status;
	($status, $said) = Custody::run_program('e3ctl', 'attest', 'ca', "$dir/evidence");
	die $said if $status;
	$self->{credentials} = "$dir/credentials";
	Files::spit($self->{credentials}, "AKIDEXAMPLE\nsecret/of+a=user\nsession+token/==\n");
	chmod 0600, $self->{credentials} or die;
	$self->set(mode => 'good', id => 'AKIDEXAMPLE', secret => 'secret/of+a=user', token => 'session+token/==',
		region => 'eu-test-1', key => 'arn:aws:kms:eu-test-1:111122223333:key/keyring', root => "$dir/evidence/root.crt", pcrs => {});
	$self->start;
	return $self;
}

# What it goes by from now on.
sub set
{
	my ($self, %words) = @_;

	$self->{setup} = { %{ $self->{setup} }, %words };
	Files::spit("$self->{dir}/setup.new", JSON::PP::encode_json($self->{setup}));
	rename "$self->{dir}/setup.new", "$self->{dir}/setup.json" or die;
	return;
}

sub start
{
	my ($self) = @_;
	my $dir = $self->{dir};

	unlink "$dir/port", "$dir/kms.sock";
	$self->{process} = Custody::spawn("$dir/log", sub { -e "$dir/port" }, 'python3', "$LIB/kms.py", $dir);
	chomp($self->{port} = Files::slurp("$dir/port"));
	return;
}

sub stop { my ($self) = @_; Custody::end($self->{process}, 'KILL'); return; }

# Lines of [keyring], and [attest].
sub lines
{
	my ($self) = @_;

	return ('[attest]', 'evidence = software', map({ "$_->[0] = $self->{dir}/evidence/$_->[1]" }
			[ root => 'root.crt' ], [ certificate => 'issuer.crt' ], [ key => 'issuer.key' ]),
		'[keyring]', "kms_endpoint = https://127.0.0.1:$self->{port}", 'kms_region = eu-test-1',
		"kms_key = $self->{setup}{key}", "kms_credentials_file = $self->{credentials}", "kms_ca_file = $self->{dir}/server.crt",
		'kms_timeout_ms = 5000');
}

sub measure { my ($path) = @_; return Digest::SHA::sha384_hex(Files::slurp($path)); }

# Releases keys to e3 and e3ctl under the configurations that an E3 of a test has had.
sub admit
{
	my ($self, $e3) = @_;
	my @programs = map { my $name = $_; (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0] } qw(e3 e3ctl);

	$self->set(pcrs => { 0 => [ map { measure($_) } @programs ], 1 => [ map { measure($_) } glob "$e3->{dir}/*.conf" ],
			2 => [ Digest::SHA::sha384_hex('') ] });
	return;
}

# What it was asked since the last call, a line each.
sub asked
{
	my ($self) = @_;
	my $path = "$self->{dir}/requests";
	my $lines = -e $path ? Files::slurp($path) : '';

	unlink $path;
	return $lines =~ s/TrentService\.//gr;
}

1;
