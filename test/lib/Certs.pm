# Certificate authorities of a test's own, by the openssl command.
package Certs;

use strict;
use warnings;

use IPC::Run ();
use POSIX qw(strftime);

use EvcryptTest;

my $count = 0;

sub run
{
	my (@command) = @_;
	my $out;

	IPC::Run::run(\@command, '<', \undef, '>&', \$out) or die "@command: $out";
	return $out;
}

sub stamp { return strftime('%Y%m%d%H%M%SZ', gmtime(time + $_[0])); }

# A new key: "ec" or "rsa:BITS".
sub make_key
{
	my ($path, $kind) = @_;
	my @how = $kind =~ /^rsa:(\d+)$/ ? (qw(-algorithm RSA -pkeyopt), "rsa_keygen_bits:$1")
	  : qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256);

	run('openssl', 'genpkey', @how, '-out', $path);
	chmod 0600, $path or die;
	return;
}

# An authority below $dir, self-signed or, with "by", another one's.
sub new
{
	my ($class, $dir, %option) = @_;
	my $name = $option{name} // 'ca' . ++$count;
	my $self = bless { dir => "$dir/$name", issued => 0 }, $class;

	mkdir $self->{dir} or die "$self->{dir}: $!";
	@$self{qw(cert key config crl)} = map { "$self->{dir}/$_" } qw(ca.crt ca.key ca.conf ca.crl);
	EvcryptTest::spit("$self->{dir}/index.txt", '');
	EvcryptTest::spit("$self->{dir}/index.txt.attr", "unique_subject = no\n");
	EvcryptTest::spit("$self->{dir}/serial", sprintf("%06X01\n", rand 0xffffff));
	EvcryptTest::spit("$self->{dir}/crlnumber", "01\n");
	EvcryptTest::spit($self->{config}, <<"END");
[ca]
default_ca = this
[this]
dir = $self->{dir}
database = $self->{dir}/index.txt
new_certs_dir = $self->{dir}
certificate = $self->{cert}
private_key = $self->{key}
serial = $self->{dir}/serial
crlnumber = $self->{dir}/crlnumber
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
END
	my $extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
	  . "subjectKeyIdentifier=hash\n";
	if ($option{by})
	{
		my $made = $option{by}->issue("/CN=$name", extensions => $extensions);
		rename $made->{cert}, $self->{cert} or die;
		rename $made->{key}, $self->{key} or die;
	}
	else
	{
		EvcryptTest::spit("$self->{dir}/ext", "[req]\ndistinguished_name=name\n[name]\n[v3]\n$extensions");
		make_key($self->{key}, 'ec');
		run('openssl', 'req', '-x509', '-new', '-key', $self->{key}, '-subj', "/CN=$name", '-days', 30,
			'-config', "$self->{dir}/ext", '-extensions', 'v3', '-out', $self->{cert});
	}
	return $self;
}

# A certificate and its key: {cert}, {key}.  san => 'DNS:...', eku => 'clientAuth',
# from/to => seconds from now, key => 'rsa:1024', md => 'sha1', extensions => all of them.
sub issue
{
	my ($self, $subject, %option) = @_;
	my $base = "$self->{dir}/" . ++$self->{issued};
	my %made = (cert => "$base.crt", key => "$base.key");
	my $extensions = $option{extensions}
	  // "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
	  . ($option{eku} ? "extendedKeyUsage=$option{eku}\n" : '')
	  . ($option{san} ? "subjectAltName=$option{san}\n" : '');

	EvcryptTest::spit("$base.ext", $extensions);
	make_key($made{key}, $option{key} // 'ec');
	run('openssl', 'req', '-new', '-key', $made{key}, '-subj', $subject, '-out', "$base.csr",
		'-config', $self->{config});
	run('openssl', 'ca', '-batch', '-notext', '-config', $self->{config}, '-in', "$base.csr",
		'-out', $made{cert}, '-extfile', "$base.ext", '-md', $option{md} // 'sha256',
		'-startdate', stamp($option{from} // -3600), '-enddate', stamp($option{to} // 86400));
	return \%made;
}

sub server { my ($self, $san, %option) = @_; return $self->issue('/CN=e3', eku => 'serverAuth', san => $san, %option); }
sub client { my ($self, $san, %option) = @_; return $self->issue('/CN=client', eku => 'clientAuth', san => $san, %option); }

# What E3's configuration says of TLS, for an E3 that listens there, shows what "server" made
# and takes the clients of this authority.
sub section
{
	my ($self, $server, $listen) = @_;

	return <<"END";
[tls]
listen = $listen
certificate = $server->{cert}
key = $server->{key}
client_ca = $self->{cert}
END
}

# The list of what has been revoked, good for this many seconds; if negative, until so
# many ago.
sub make_crl
{
	my ($self, $seconds) = @_;
	my @good = $seconds >= 0 ? ('-crlsec', $seconds)
	  : ('-crl_lastupdate', stamp($seconds - 3600), '-crl_nextupdate', stamp($seconds));

	run('openssl', 'ca', '-gencrl', '-config', $self->{config}, @good, '-out', $self->{crl});
	return $self->{crl};
}

sub revoke
{
	my ($self, $made) = @_;

	run('openssl', 'ca', '-config', $self->{config}, '-revoke', $made->{cert});
	return;
}

1;
