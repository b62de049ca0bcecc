# COPY of columns with labels, both ways, at a size: what the functions open with the
# app, type and context that a label names, and nothing else opens; requests as few as
# kinds of columns; the same for tables, partitions and whatever order of columns.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use CopyTest;
use List::Util qw(shuffle);
use Test::More;

my $ROWS = 20_000;
my $BATCHES = int(($ROWS + 4095) / 4096);
my $SEED = $ENV{EVCRYPT_SEED} // time;
diag("seed $SEED");
srand $SEED;

for my $app (qw(shop bank))
{
	system("e3ctl app add $app >/dev/null") == 0 or die "e3ctl app add $app";
}
system('e3ctl reload >/dev/null') == 0 or die 'e3ctl reload';

# Column, its label, and how the functions open it.
my %COLUMN = (
	none => [ undef, 'default', 'decrypt(%s)' ],
	typed => [ 'type=int', 'default', 'decrypt_as(%s, 0)::text' ],
	role => [ 'role=pii', 'default', 'decrypt(%s)' ],
	constant => [ q{context='all'}, 'default', q{decrypt(%s, 'all')} ],
	byrow => [ 'context=column(id)', 'default', 'decrypt(%s, id::text)' ],
	mixed => [ q{type=numeric, context='t/' || column("Key")}, 'default', q{decrypt(%s, 't/' || "Key")} ],
	shop => [ 'app=shop', 'shop', 'decrypt(%s)' ],
	shop_row => [ 'app=shop, context=column(id), role=pii', 'shop', 'decrypt(%s, id::text)' ],
	bank => [ 'app=bank, type=int', 'bank', 'decrypt(%s)' ]);
my @names = sort keys %COLUMN;

# Kinds of requests: of app, role and context when it is encrypted; of app and context else.
my $ENCRYPTING = 6;
my $DECRYPTING = 5;

my $columns = join ', ', 'id int', '"Key" text', map { "$_ encrypted" } @names;
my %TABLE = (
	plain => "CREATE TABLE plain ($columns)",
	parted => "CREATE TABLE parted ($columns) PARTITION BY HASH (id);
		CREATE TABLE parted1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE parted2 (gone int, " . join(', ', '"Key" text', (map { "$_ encrypted" } reverse @names), 'id int') . ');
		ALTER TABLE parted2 DROP gone;
		ALTER TABLE parted ATTACH PARTITION parted2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)');

sub requests { return query('SELECT coalesce(sum(requests), 0) FROM evcrypt_stat'); }

# What row number $id has in a column.
sub value { my ($name, $id) = @_; return $name eq 'id' ? $id : $name eq 'Key' ? "k$id" : ($id * 7 + length $name) % 10_007; }

sub quoted { return $_[0] eq 'Key' ? '"Key"' : $_[0]; }

for my $table (sort keys %TABLE)
{
	my @order = shuffle('id', 'Key', @names);
	my $list = join ', ', map { quoted($_) } @order;

	set_up($TABLE{$table});
	set_up(join ';', map { "SECURITY LABEL FOR evcrypt ON COLUMN $table.$_ IS " . ($COLUMN{$_}[0] =~ s/'/''/gr =~ s/^|$/'/gr) }
		grep { $COLUMN{$_}[0] } @names);
	my $file = input(join '', map { my $id = $_; join(',', map { value($_, $id) } @order) . "\n" } 1 .. $ROWS);
	my $before = requests();
	query("COPY $table ($list) FROM '$file' (FORMAT csv, ENCRYPT *)");
	is(requests() - $before, $BATCHES * $ENCRYPTING, "$table: a request for a batch of each kind is made to load");

	# The functions open it, under the app that the label names and no other.
	for my $name (@names)
	{
		my ($label, $app, $call) = @{ $COLUMN{$name} };
		my $right = sprintf "SELECT count(*) FROM $table WHERE $call = ((id * 7 + %d) %% 10007)::text", $name, length $name;

		is(query("SET evcrypt.app = $app; $right"), $ROWS, "$table.$name: every value opens as its label says");
		my ($other) = grep { $_ ne $app } qw(shop bank);
		is((psql("SET evcrypt.app = $other; $right"))[2], 3, "$table.$name: not for another app");
		is((psql("SET evcrypt.app = $app; SELECT count(" . sprintf($call, $name) . ") FROM (SELECT id + 1 AS id, \"Key\" || 'x' AS \"Key\", $name FROM $table) x"))[2],
			($call =~ /id|Key/ ? 3 : 0), "$table.$name: bound to its row, or to none");
		is((psql("SET evcrypt.app = $app; SELECT count(decrypt($name)) FROM $table"))[2], ($label // '') =~ /context/ ? 3 : 0,
			"$table.$name: bound or not");
	}

	# And COPY brings out what it took in, all columns or some, without the context's.
	for my $from ($table eq 'parted' ? qw(parted1 parted2) : $table)
	{
		my $rows = query("SELECT count(*) FROM $from");
		my $batches = int(($rows + 4095) / 4096);
		my @some = grep { $_ ne 'id' and $_ ne 'Key' } @order;
		my $out = "$CopyTest::DIR/out";

		$before = requests();
		query("SET evcrypt.batch_bytes = '8MB'; COPY $from ($list) TO '$out' (FORMAT csv, DECRYPT *)");
		is(requests() - $before, $batches * $DECRYPTING, "$from: and to unload");
		my @lines = split /\n/, slurp($out);
		is(scalar @lines, $rows, "$from: every row comes out");
		my %at = map { $order[$_] => $_ } 0 .. $#order;
		my $wrong = grep { my @f = split /,/; grep { $f[ $at{$_} ] ne value($_, $f[ $at{id} ]) } @order } @lines;
		is($wrong, 0, "$from: as it went in");
		query("COPY $from (" . join(', ', @some) . ") TO '$out' (FORMAT csv, DECRYPT (" . join(', ', @some) . '))');
		my @keep = map { $at{$_} } @some;
		is(slurp($out), join('', map { my @f = split /,/; join(',', @f[@keep]) . "\n" } @lines),
			"$from: without the columns of the contexts as well");
	}
}

# Between two rows, columns, apps or roles nothing can be exchanged that is bound.
query('CREATE TABLE swapped (LIKE plain); INSERT INTO swapped SELECT * FROM plain WHERE id <= 2');
query("SECURITY LABEL FOR evcrypt ON COLUMN swapped.$_ IS " . ($COLUMN{$_}[0] =~ s/'/''/gr =~ s/^|$/'/gr)) for grep { $COLUMN{$_}[0] } @names;
for my $name (@names)
{
	my $bound = ($COLUMN{$name}[0] // '') =~ /column/;
	my ($out, $err) = psql("BEGIN; UPDATE swapped a SET $name = b.$name FROM swapped b WHERE a.id <> b.id;
		COPY swapped ($name) TO STDOUT (DECRYPT *)");

	is($err =~ /EV020: ciphertext does not open/ ? 1 : 0, $bound ? 1 : 0, "rows exchange $name: " . ($bound ? 'refused' : 'opens'));
}
for my $pair ([ qw(byrow constant) ], [ qw(byrow mixed) ], [ qw(constant none) ], [ qw(none byrow) ], [ qw(shop none) ], [ qw(shop bank) ], [ qw(shop_row byrow) ])
{
	my ($to, $from) = @$pair;
	my ($out, $err) = psql("BEGIN; UPDATE swapped SET $to = $from; COPY swapped ($to) TO STDOUT (DECRYPT *)");

	like($err, qr/ERROR:  EV0(?:11|20|23):/, "$from in the place of $to does not open");
}

set_up('DROP TABLE plain, parted, swapped');
done_testing();
