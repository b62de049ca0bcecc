# A worker of E3 that forks or executes a program, which only a debug build can be made
# to do, ends the whole of E3 by SIGSYS, and one that writes beyond an array by a trap;
# one that is let go on does not.
# Release build only: it is about the debug build, which is another.
use strict;
use warnings;

use E3Client;
use Files;
use OwnE3;
use POSIX qw(mkfifo);
use Test::More;
use Waiting;

my ($SIGSYS, $SIGILL) = (31, 4);
my $program = 'enclave/build/debug/e3';
plan skip_all => "there is no $program: make -C enclave VARIANT=debug" unless -x $program;

my $e3 = OwnE3->new;
system('cp', $program, "$e3->{dir}/e3-debug") == 0 or die 'cp';
$e3->{program} = './e3-debug';
mkdir "$e3->{dir}/points", 0755 or die;
$e3->hand_over;
$ENV{E3_DEBUG_POINTS} = "$e3->{dir}/points";
$e3->ctl('init');
$e3->ctl('app', 'add', 'default');

# A worker stops, is told this, and goes on.
sub tell_worker
{
	my ($word) = @_;
	my $fifo = "$e3->{dir}/points/before_slice";

	unlink "$e3->{dir}/status";
	$e3->start;
	plan skip_all => 'this kernel has no filter of system calls' unless $e3->ctl('health') =~ /^isolation: .*\bseccomp\b/m;
	my $client = E3Client->new($e3->{socket});
	mkfifo($fifo, 0644) or die "mkfifo: $!";
	$client->request('ENCRYPT', { app => 'default' }, E3Client::column('value'));
	wait_until('a worker is parked', sub { -e "$fifo.parked" });
	open my $to, '>', $fifo or die;
	print $to $word;
	# Nobody else shall stop there.
	unlink $fifo;
	close $to;
	return $client;
}

my $client = tell_worker('-');
is($client->receive->{type}, $E3Client::VERB{RESULT}, 'a worker that goes on answers');
is($e3->stop, 0, 'E3 ends');
for my $case ([ 'f', 'forks', $SIGSYS ], [ 'e', 'executes a program', $SIGSYS ], [ 'w', 'writes beyond an array', $SIGILL ])
{
	my ($word, $what, $signal) = @$case;
	my $gone = tell_worker($word);
	wait_until('E3 ends', sub { defined $e3->status });
	is($e3->status, 128 + $signal, "a worker that $what ends E3 by signal $signal");
	is($gone->receive, undef, 'its client is told nothing');
}
done_testing();
