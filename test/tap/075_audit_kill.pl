# E3 killed while it writes its audit: what is there is whole, E3 starts again on it, and
# every decrypt that was answered has its record.
use strict;
use warnings;

use E3Client;
use EvcryptTest;
use Test::More;

my $e3 = start_e3(stopped => 1);
my $log = "$e3->{dir}/audit";

spit($e3->{config}, slurp($e3->{config}) . "[audit]\nfile = $log\n");

my %counts;
my $answered = 0;
for my $round (1 .. 12)
{
	$e3->start;
	my @clients = map { E3Client->new($e3->{socket}) } 1 .. 3;
	my $frame = join '', map { E3Client::frame($E3Client::VERB{DECRYPT}, $_, { app => 'default' }, E3Client::column('x')) } 1 .. 60;

	# So many answers, and then death with the others on their way.
	$_->send_bytes($frame) for @clients;
	for (1 .. $round * 4)
	{
		$clients[0]->receive;
		$answered++;
	}
	$e3->kill9;
	# What had been sent before it died counts as well.
	for my $client (@clients)
	{
		$answered++ while eval { $client->receive };
		$client->close;
	}
	my ($status, $out, $err) = $e3->try_ctl('audit', 'verify');
	is($status, 0, "round $round: whole after a kill") or diag($err);
	my $records = () = slurp($log) =~ / operation=decrypt .* mac=[0-9a-f]{64}\n/g;
	cmp_ok($records, '>=', $answered, "and what was answered has a record: $answered of $records");
	$counts{ $err =~ /not finished/ ? 'half a record' : 'to the end of one' }++;
}
note("$counts{$_} times the log ended with $_") for sort keys %counts;
$e3->start;
is(($e3->try_ctl('audit', 'verify'))[0], 0, 'E3 goes on');
is(scalar(() = slurp($log) =~ / operation=start /g), 13, 'and tells of each start');
is($e3->stop, 0, 'E3 ends well');
done_testing();
