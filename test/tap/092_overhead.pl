# What evcrypt.redact costs statements that have nothing to do with it: parsing, planning
# and running many of them, with it on and off by turns, in processor time.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $ROUNDS = 7;
my $WORK = q{DO $$BEGIN FOR i IN 1 .. 20000 LOOP
	EXECUTE format('SELECT a.id, upper(b.t) FROM plain a JOIN plain b USING (id) WHERE a.id = %s', i);
END LOOP; END$$};

my $e3 = start_e3();
my $node = new_node('overhead', $e3, extra => 'log_statement = none');
my $session = session($node);

$session->query('CREATE TABLE plain AS SELECT i AS id, i::text AS t FROM generate_series(1, 1000) i');
$session->query('CREATE INDEX ON plain (id); ANALYZE plain');
$session->query($WORK) for 1 .. 2;

my %spent = (on => [], off => []);
for my $round (1 .. 2 * $ROUNDS)
{
	my $redact = $round % 2 ? 'on' : 'off';
	$session->query("SET evcrypt.redact = $redact");
	my $before = cpu_ms($session->{backend});
	$session->query($WORK);
	push @{ $spent{$redact} }, cpu_ms($session->{backend}) - $before;
}
my %least = map { $_ => (sort { $a <=> $b } @{ $spent{$_} })[0] } keys %spent;
note("processor time of 20000 statements, least of $ROUNDS: off $least{off} ms, on $least{on} ms");
note("all: off @{$spent{off}}; on @{$spent{on}}");
cmp_ok($least{on}, '<', 1.15 * $least{off}, 'no more than noise');

$session->close;
$node->stop;
done_testing();
