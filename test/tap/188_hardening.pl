# What E3's programs were hardened with, as the programs themselves show it: position
# independent, nothing to overwrite or execute, stacks and indexes checked.
# Release build only: it is about that one.
# Not when lines are counted: what is built for that is not optimised, and so not hardened.
use strict;
use warnings;

use Test::More;

# Debug information says with which options a file was compiled.
my @OPTIONS = qw(-fPIE -fstack-protector-strong -fstack-clash-protection -fsanitize=bounds -fsanitize-undefined-trap-on-error);
push @OPTIONS, '-fcf-protection' if `uname -m` =~ /^(?:x86_64|i\d86)$/;

sub said
{
	my (@command) = @_;

	open my $pipe, '-|', @command or die "$command[0]: $!";
	my $text = do { local $/ = undef; <$pipe> };
	close $pipe or die "@command failed";
	return $text;
}

# Of each of our files in the program: its name, and what the compiler was told.
sub units
{
	my ($program) = @_;
	my %units;
	my $producer;

	for (split /\n/, said('readelf', '--debug-dump=info', '--dwarf-depth=1', $program))
	{
		$producer = $1 if /DW_AT_producer\s*:\s*(?:\(.*?\): )?(.*)$/;
		$units{$1} = $producer if /DW_AT_name\s*:\s*(?:\(.*?\): )?(\S+\.c)\s*$/;
	}
	return %units;
}

plan skip_all => 'there is no readelf' if system('readelf --version >/dev/null 2>&1') != 0;
for my $name (qw(e3 e3ctl))
{
	my $program = "$ENV{EVCRYPT_STACK}/bin/$name";
	my $header = said('readelf', '-W', '-h', '-l', '-d', $program);
	my $symbols = said('readelf', '-W', '--dyn-syms', $program);
	my %units = units($program);

	like($header, qr/^\s*Type:\s+DYN\b/m, "$name: may lie anywhere");
	like($header, qr/^\s*GNU_RELRO\b/m, "$name: what is relocated is read-only then");
	like($header, qr/\(FLAGS_1\).*\bNOW\b.*\bPIE\b/, "$name: all of it, before it starts");
	like($header, qr/^\s*GNU_STACK(?:\s+0x\w+){5}\s+RW\s/m, "$name: no stack is executed");
	unlike($header, qr/^\s*LOAD(?:\s+0x\w+){5}\s+RWE\s/m, "$name: nothing is both written and executed");
	unlike($header, qr/\(R(?:UN)?PATH\)|\(TEXTREL\)/, "$name: libraries come from where the system has them");
	like($symbols, qr/\b__stack_chk_fail\b/, "$name: stacks have a guard");
	cmp_ok(scalar(() = $symbols =~ /UND __\w+_chk\b/g), '>=', 5, "$name: functions of libc know the sizes of buffers");
	cmp_ok(scalar keys %units, '>=', 80, "$name: debug information knows its files");
	for my $option (@OPTIONS)
	{
		is(join(' ', grep { $units{$_} !~ /(?:^|\s)\Q$option\E(?:[\s=]|$)/ } sort keys %units), '', "$name: each was compiled with $option");
	}
}
done_testing();
