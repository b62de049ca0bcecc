# A call of the extension fails while it connects over TLS, asks for evidence and encrypts:
# of the system or of OpenSSL, each of them once.  The statement is right or
# has its error, no value goes out without evidence, and the session goes on.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use Certs;
use E3Client;
use EvcryptTest;
use Evidence;
use File::Temp ();
use Hinder;
use Test::More;

my $MOST = 300;

my $dir = File::Temp->newdir('failingXXXXXX', TMPDIR => 1);
my $ca = Certs->new($dir);
my $server = $ca->server('DNS:localhost');
my $client = $ca->client('DNS:db1.test');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $e3 = start_e3(stopped => 1);
my $authority = Evidence::authority($e3, "$dir/authority");

spit($e3->{config}, slurp($e3->{config}) . Evidence::section($authority)
	. $ca->section($server, "127.0.0.1:$port"));
$e3->start;
my $hinder = Hinder->new("$dir/control", 'evcrypt.so');
my $node = new_node('failing', $e3, extra => Evidence::settings($authority, Evidence::pcrs($e3)) . <<"END",
autovacuum = off
evcrypt.endpoints = 'tls://localhost:$port'
evcrypt.sslcert = '$client->{cert}'
evcrypt.sslkey = '$client->{key}'
evcrypt.sslrootcert = '$ca->{cert}'
END
	environment => { $hinder->environment });
my $watch = E3Client->new($e3->{socket});

sub encrypted { return $watch->stats->{requests_encrypt}; }

# Sockets and what waits for them.
sub connections
{
	my ($session) = @_;

	return scalar grep { (readlink $_ // '') =~ /^socket:|eventpoll/ } glob "/proc/$session->{backend}/fd/*";
}

# What is wrong with a statement of which this call fails, of a new backend's; its SQLSTATE.
sub attempt
{
	my ($number) = @_;
	my $session = session($node);
	my ($before, $values) = (connections($session), encrypted());
	my @wrong;

	$hinder->fail_own($number);
	my $out = $session->query(q{SELECT decrypt(encrypt('a value')) AS v});
	my $name = $hinder->failed;
	$hinder->fail_own(0);
	my $state = $session->sqlstate;

	push @wrong, "gives '$out'" if $out ne ($state eq '00000' ? 'a value' : '');
	push @wrong, $session->{error} if $state !~ /^(?:00000|08001|08006|53000|53200|EV006)$/;
	push @wrong, 'a value went out' if $state =~ /^(?:08001|EV006|53000)$/ and encrypted() > $values;
	wait_until('E3 is tried again', sub { $session->query(q{SELECT decrypt(encrypt('more'))}) eq 'more' });
	push @wrong, 'another connection is left' if connections($session) - $before != 2;
	$session->close;
	return ($name, $state, @wrong);
}

my (%states, %wrong);
my $number = 1;
for (; $number < $MOST; $number++)
{
	my ($name, $state, @wrong) = attempt($number);

	$wrong{"$number $name"} = join ', ', @wrong if @wrong;
	last if $name eq '';
	$states{$name}{$state}++;
}
is_deeply(\%wrong, {}, "each of $number calls fails once: what comes is right, or an error, and the backend goes on");
cmp_ok($number, '<', $MOST, 'and then none has failed');
my %expected = (
	socket => '53000', fcntl => '53000', setsockopt => '08001', connect => '08001',
	getaddrinfo => '08001', SSL_CTX_new => '08001', SSL_new => '08001', SSL_set_fd => '08001',
	map { $_ => 'EV006' } qw(SSL_export_keying_material RAND_bytes EVP_MD_CTX_new EVP_DigestInit_ex EVP_DigestUpdate
		EVP_DigestFinal_ex));
ok($states{$_}{ $expected{$_} }, "$_: $expected{$_}") for sort keys %expected;
note("$_: " . join ' ', %{ $states{$_} }) for sort keys %states;

$watch->close;
$node->stop;
done_testing();
