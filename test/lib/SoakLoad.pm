# The load of test/soak: processes that work until a time, each of which counts what it
# did by outcome, and knows which outcomes are right.
package SoakLoad;

use strict;
use warnings;

use Exporter qw(import);
use IPC::Run ();
use POSIX ();
use Session;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(start_worker tallies);

my $DEADLINE = 120;
my $ROWS = 2000;
my $PAUSE = 0.15;         # between actions, so that two cores do for all

my (%tally, %unexpected);

# Counts; what was not to come is kept, a few of each.
sub count
{
	my ($action, $outcome, $right, $detail) = @_;

	$tally{"$action $outcome"}++;
	return if $right;
	push @{ $unexpected{"$action $outcome"} }, $detail if @{ $unexpected{"$action $outcome"} // [] } < 3;
	return;
}

# A worker in a process of its own, which calls a function until then, with its number of
# the call; its pid.
sub start_worker
{
	my ($name, $until, $make) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	my $good = eval {
		srand $$;
		my $act = $make->();
		for (my $i = 0; time < $until; $i++)
		{
			$act->($i);
			sleep $PAUSE;
		}
		1;
	};
	count($name, 'died', 0, $@) unless $good;
	open my $out, '>', "$ENV{SOAK_DIR}/tally.$name" or POSIX::_exit(2);
	print {$out} map { "count\t$_\t$tally{$_}\n" } sort keys %tally;
	for my $what (sort keys %unexpected)
	{
		print {$out} map { "wrong\t$what\t" . s/\s+/ /gr . "\n" } @{ $unexpected{$what} };
	}
	close $out;
	POSIX::_exit($good ? 0 : 1);
}

# Of all workers that have ended: outcomes with their numbers, and what was not to come.
sub tallies
{
	my (%all, @wrong);

	for my $file (glob "$ENV{SOAK_DIR}/tally.*")
	{
		open my $in, '<', $file or die "$file: $!";
		while (my $line = <$in>)
		{
			chomp $line;
			my ($kind, $what, $value) = split /\t/, $line, 3;
			if ($kind eq 'count') { $all{$what} += $value; }
			else { push @wrong, "$what: $value"; }
		}
	}
	return (\%all, \@wrong);
}

# Sends, and judges: the output must be as expected, unless one of the states that may
# come has come.
sub act
{
	my ($session, $action, $sql, $expected, @states) = @_;
	my $out = $session->query($sql);
	my @seen = $session->{error} =~ /^(?:psql:[^\n]*?)?(?:ERROR|FATAL):  ([0-9A-Z]{5}):/mg;

	if (@seen)
	{
		my %may = map { $_ => 1 } @states;
		count($action, $_, $may{$_}, $session->{error}) for @seen;
		return;
	}
	my $right = !defined $expected || $out eq $expected;
	count($action, $right ? 'good' : 'wrong', $right, "$out instead of " . ($expected // ''));
	return;
}

sub over { return $_[0] eq 'tls' ? "SET evcrypt.endpoints = '$ENV{SOAK_TLS}';" : ''; }

# --- one session that does everything, and never ends -------------------------

# Everything that users do, as [name, SQL, what comes out, states that may come].
sub actions
{
	my ($table, $file) = @_;
	my $fill = "INSERT INTO $table SELECT i, 'value ' || i, encrypt('value ' || i), encrypt('value ' || i, 'row ' || i)"
	  . " FROM generate_series(1, $ROWS) i";
	my $all = "SELECT count(*) FROM $table WHERE decrypt(v) = plain AND decrypt(bound, 'row ' || id) = plain";
	my $broken = "overlay(v::text placing 'AAAA' from 60)::encrypted";

	return (
		[ 'fill', "TRUNCATE $table; $fill", '' ],
		[ 'read', $all, $ROWS ],
		[ 'read without batches', "SET evcrypt.batch = off; SELECT count(*) FROM $table WHERE id <= 50 AND decrypt(v) = plain; RESET evcrypt.batch", 50 ],
		[ 'values', "INSERT INTO $table VALUES " . join(',', map { "(-$_, 'value -$_', encrypt('value -$_'), encrypt('value -$_', 'row -$_'))" } 1 .. 50), '' ],
		[ 'update', "UPDATE $table SET v = reencrypt(v) WHERE id % 3 = 0; $all", $ROWS + 50 ],
		[ 'delete', "DELETE FROM $table WHERE id < 0", '' ],
		[ 'join', "SELECT count(*) FROM $table a JOIN $table b ON decrypt(a.v) = decrypt(b.v) WHERE a.id <= 300 AND b.id <= 300", 300 ],
		[ 'group', "SELECT count(DISTINCT decrypt(v)) FROM $table", $ROWS ],
		[ 'secp256k1', "SET evcrypt.curve = secp256k1; SELECT count(decrypt(encrypt(i::text))) FROM generate_series(1, 200) i; RESET evcrypt.curve", 200 ],
		[ 'large', "SELECT length(decrypt(encrypt(repeat('x', 300000))))", 300000 ],
		[ 'typed', "SELECT sum(decrypt_as(encrypt(i), NULL::int)) FROM generate_series(1, 500) i", 125250 ],
		[ 'json', q{SELECT decrypt_fields(encrypt_fields('{"card": {"number": "4242"}, "n": 1}', '{"{card,number}"}'))}, '{"n": 1, "card": {"number": "4242"}}' ],
		[ 'blind index', "SELECT count(DISTINCT blind_index(plain)) FROM $table WHERE id <= 500", 500 ],
		[ 'copy out', "\\copy $table (id, v, bound) TO '$file' WITH (FORMAT csv, DECRYPT (v))", undef ],
		[ 'copy', "\\copy $table (id, plain, v, bound) FROM '$file.in' WITH (FORMAT csv, ENCRYPT (v))", undef ],
		[ 'copied', "SELECT count(*) FROM $table WHERE id > 10000 AND decrypt(v) = plain", 500 ],
		[ 'copy wrong', "\\copy $table (id, plain, v) FROM '$file.wrong' WITH (FORMAT csv, ENCRYPT (v))", undef, '22P02' ],
		[ 'cursor', "BEGIN; DECLARE c CURSOR FOR SELECT decrypt(v) FROM $table ORDER BY id; MOVE 10 IN c; FETCH 2 FROM c; CLOSE c; COMMIT", "value 11\nvalue 12" ],
		[ 'prepared', "PREPARE p(int) AS SELECT decrypt(v) FROM $table WHERE id = \$1; EXECUTE p(7); DEALLOCATE p", 'value 7' ],
		[ 'savepoint', "BEGIN; SAVEPOINT a; SELECT decrypt($broken) FROM $table WHERE id = 5; ROLLBACK TO a; SELECT decrypt(v) FROM $table WHERE id = 5; COMMIT", undef, 'EV020' ],
		[ 'caught', "DO \$\$ BEGIN FOR i IN 1 .. 40 LOOP BEGIN PERFORM decrypt(CASE WHEN i % 2 = 0 THEN $broken ELSE v END) FROM $table WHERE id = i;"
			  . " EXCEPTION WHEN SQLSTATE 'EV020' THEN NULL; END; END LOOP; END \$\$", '' ],
		[ 'no context', "SELECT decrypt(bound) FROM $table WHERE id = 3", undef, 'EV023' ],
		[ 'no ciphertext', "SELECT decrypt('ev:nonsense')", undef, '22P02' ],
		[ 'no app', "BEGIN; SET LOCAL evcrypt.app = 'nobody'; SELECT encrypt('x'); ROLLBACK", undef, 'EV010' ],
		[ 'timeout', "SET statement_timeout = " . int(5 + rand 60) . "; SELECT count(decrypt(a.v)) FROM $table a, generate_series(1, 100); RESET statement_timeout", undef, '57014' ],
		[ 'after it', "RESET statement_timeout; SELECT decrypt(v) FROM $table WHERE id = 9", 'value 9' ],
		[ 'health', 'SELECT bool_and(reachable) FROM evcrypt_health()', 't' ],
		[ 'statistics', 'SELECT count(*) > 0 FROM evcrypt_stat', 't' ],
	);
}

# A function that does the next action in a session whose backend is in %$note.
sub long_session
{
	my ($name, $link) = @_;
	my $file = "$ENV{SOAK_DIR}/$name.csv";
	my $session = Session->new($DEADLINE);

	open my $in, '>', "$file.in" or die "$file: $!";
	print {$in} map { 10_000 + $_ . ",value $_,value $_,\n" } 1 .. 500;
	close $in;
	open my $bad, '>', "$file.wrong" or die "$file: $!";
	print {$bad} "20001,plain,plain\nno number,plain,plain\n";
	close $bad;
	$session->query(over($link));
	$session->query("CREATE TABLE soak_$name (id int PRIMARY KEY, plain text, v encrypted, bound encrypted)");
	note_backend($name, $session);
	my @actions;
	return sub {
		@actions = actions("soak_$name", $file) unless @actions;
		act($session, @{ shift @actions });
	};
}

# Whose memory the watch is to look at.
sub note_backend
{
	my ($name, $session) = @_;

	open my $out, '>', "$ENV{SOAK_DIR}/backend.$name.new" or die;
	print {$out} $session->{backend};
	close $out;
	rename "$ENV{SOAK_DIR}/backend.$name.new", "$ENV{SOAK_DIR}/backend.$name" or die;
	return;
}

# --- the others ---------------------------------------------------------------

# Control: a session that keeps what it makes, so that the watch has something to see.
sub keeper
{
	my ($every, $statements) = @_;
	my $session = Session->new($DEADLINE);
	my $made = 0;
	my $next = 0;

	note_backend('keeper', $session);
	return sub {
		return if time < $next;
		$next = time + $every;
		$session->query(join ';', map { 'PREPARE kept_' . ++$made . ' AS SELECT decrypt(encrypt($1::text))' } 1 .. $statements);
		count('keeper', 'good', 1);
	};
}

# Statements that another session cancels after a moment, by either kind of link.
sub canceller
{
	my $killer = Session->new($DEADLINE);
	my %victim = map { $_ => Session->new($DEADLINE) } qw(unix tls);
	my $heavy = "SELECT count(decrypt(encrypt('v' || i))) FROM generate_series(1, 400000) i";

	$victim{$_}->query(over($_)) for keys %victim;
	return sub {
		my ($i) = @_;
		my $victim = $victim{ $i % 2 ? 'tls' : 'unix' };

		$victim->send($heavy);
		sleep rand 0.08;
		$killer->query("SELECT pg_cancel_backend($victim->{backend})");
		$victim->receive;
		my $state = $victim->sqlstate;
		count('cancel', $state, $state =~ /^(?:57014|00000)$/, $victim->{error});
		# A cancel that came too early may hit this one.
		act($victim, 'after a cancel', q{SELECT decrypt(encrypt('alive'))}, 'alive', '57014');
		sleep 0.5;
	};
}

# Sessions that come, do one thing and go: well, ended by the server, or killed.
sub comer
{
	my @ways = (
		[ 'come', q{SELECT decrypt(encrypt('here'))}, 'here' ],
		[ 'come and end', q{SELECT length(encrypt('x')::text) > 0, pg_terminate_backend(pg_backend_pid())}, undef, 57 ],
		[ 'come without right', q{SET ROLE soak_nobody; SELECT encrypt('x')}, undef, 42 ],
		[ 'come and vanish', q{SELECT count(decrypt(encrypt('v' || i))) FROM generate_series(1, 400000) i}, undef, 9 ],
	);
	return sub {
		my ($i) = @_;
		my ($action, $sql, $expected, $end) = @{ $ways[ $i % @ways ] };
		my $link = int($i / @ways) % 2 ? 'tls' : 'unix';
		local $ENV{PGOPTIONS} = $link eq 'tls' ? "-c evcrypt.endpoints=$ENV{SOAK_TLS}" : '';
		my ($out, $err) = ('', '');
		my $psql = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-c', $sql ], '<', \undef, '>', \$out, '2>', \$err,
			IPC::Run::timeout($DEADLINE));

		if (($end // 0) == 9)
		{
			sleep 0.05 + rand 0.1;
			$psql->kill_kill(grace => 0);
			count($action, 'killed', 1);
			sleep 0.3;
			return;
		}
		$psql->finish;
		chomp $out;
		my $right = !$end ? $out eq $expected : $end == 42 ? $err =~ /ERROR:  42501/ : $err =~ /FATAL:  57P01/;
		count($action, $right ? 'as it should' : 'otherwise', $right, "$out $err");
		sleep 0.3;
	};
}

# e3ctl gives E3 ten seconds; where the machine gave it none, E3 is told once more.
sub run
{
	my (@command) = @_;
	my $out;

	return if IPC::Run::run(\@command, '<', \undef, '>&', \$out, IPC::Run::timeout($DEADLINE));
	my $late = $out =~ /E3 does not answer within/;
	count("@command[0, 1]", $late ? 'late' : 'failed', $late, "@command: $out");
	return unless $late;
	IPC::Run::run([qw(e3ctl reload)], '<', \undef, '>&', \$out, IPC::Run::timeout($DEADLINE))
	  or count('e3ctl reload', 'failed twice', 0, $out);
	return;
}

# Keys of an app of its own that turn, and what an operator reloads.
sub operator
{
	my ($e3_pid, $every) = @_;
	my $session = Session->new($DEADLINE);
	my $version = 1;
	my $next = 0;

	run(qw(e3ctl app add turning));
	run(qw(e3ctl index add turning));
	$session->query("SET evcrypt.app = 'turning'; CREATE TABLE soak_turning (id int, v encrypted);"
		  . "INSERT INTO soak_turning SELECT i, encrypt('turn ' || i) FROM generate_series(1, 500) i");
	return sub {
		my ($i) = @_;
		return if time < $next;
		$next = time + $every;
		run(qw(e3ctl app rotate turning));
		$version++;
		act($session, 'old key', q{SELECT count(*) FROM soak_turning WHERE decrypt(v) = 'turn ' || id}, 500);
		act($session, 're-encrypt', 'UPDATE soak_turning SET v = reencrypt(v)', '');
		run(qw(e3ctl app retire turning), $version - 1, '--force');
		run(qw(e3ctl index rotate turning));
		run(qw(e3ctl index retire turning), $version - 1, '--force');
		act($session, 'new key', q{SELECT count(*) FROM soak_turning WHERE decrypt(v) = 'turn ' || id}, 500);
		act($session, 'new index key', q{SELECT length(blind_index('x'))}, 16);
		# A new certificate of the same authority, then both servers read again what they have.
		unlink "$ENV{SOAK_DIR}/server.$_" for qw(crt key);
		run('e3ctl', 'certs', $ENV{SOAK_DIR}, qw(--server localhost --days 30));
		kill 'HUP', $e3_pid;
		run(qw(e3ctl reload));
		act($session, 'reload', 'VACUUM soak_turning; SELECT pg_reload_conf()', 't');
		count('rotation', 'good', 1);
	};
}

1;
