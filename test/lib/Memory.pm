# What lies in the memory of a process, or in a file: looks for secrets in all the forms
# that one may have.
package Memory;

use strict;
use warnings;

use Exporter qw(import);
use MIME::Base64;

our @EXPORT = qw(forms_of scan_process scan_file read_mapping);

my $CHUNK = 1 << 20;

# Bytes as they are, the other way round (as numbers lie), as hexadecimal and base64.
sub forms_of
{
	my ($bytes) = @_;
	my $hex = unpack 'H*', $bytes;
	my @base64 = map { substr encode_base64(substr($bytes, $_), ''), 0, 36 } 0 .. 2;

	return ($bytes, scalar reverse($bytes), $hex, uc $hex, @base64);
}

# Reads on from a handle; what is found, as names, into %$found; how many bytes there were.
sub scan_handle
{
	my ($handle, $length, $secrets, $found, $where) = @_; # names and forms
	my $total = 0;
	my $tail = '';

	while ($length > 0)
	{
		my $got = sysread $handle, my $bytes, $length < $CHUNK ? $length : $CHUNK;
		last unless $got;
		my $text = $tail . $bytes;
		for my $name (keys %$secrets)
		{
			$found->{"$name in $where"} = 1
			  if grep { index($text, $_) >= 0 } @{ $secrets->{$name} };
		}
		$tail = substr $text, -256 if length $text >= 256;
		$total += $got;
		$length -= $got;
	}
	return $total;
}

# Of the secrets, a hash of names and bytes: where they are in a process, as sorted texts;
# how many bytes of it could be read; which mappings could not, as a hash.
sub scan_process
{
	my ($pid, %secrets) = @_;
	my (%found, %closed);
	my %forms = map { ($_ => [ forms_of($secrets{$_}) ]) } keys %secrets;
	my $total = 0;

	open my $maps, '<', "/proc/$pid/maps" or die "maps of $pid: $!";
	open my $memory, '<:raw', "/proc/$pid/mem" or die "memory of $pid: $!";
	while (my $line = <$maps>)
	{
		my ($from, $to, $name) = $line =~ /^(\w+)-(\w+) r\S+ \S+ \S+ \S+ *(.*)$/ or next;
		next if $name =~ /^\[v/;
		($from, $to) = map { unpack 'Q>', pack 'H*', substr "0" x 16 . $_, -16 } $from, $to;
		sysseek $memory, $from, 0 or die "seek: $!";
		my $read = scan_handle($memory, $to - $from, \%forms, \%found, $name || 'a mapping');
		$closed{ $name || sprintf '%x', $from } += $to - $from if $read == 0;
		$total += $read;
	}
	return ([ sort keys %found ], $total, \%closed);
}

# Reads some bytes of the first readable mapping of this name by process_vm_readv(2): "read", or
# what the kernel says; undef if this perl does not know the number of that call.
sub read_mapping
{
	my ($pid, $name) = @_; # a pattern
	my $bytes = "\0" x 8;

	no warnings qw(redefine portable);
	eval { require 'sys/syscall.ph' } or return undef;
	open my $maps, '<', "/proc/$pid/maps" or die "maps of $pid: $!";
	my ($from) = map { /^(\w+)-\w+ r.*$name/ ? hex $1 : () } <$maps>;
	die "no mapping $name" unless defined $from;
	my $here = pack 'PQ', $bytes, length $bytes;
	my $there = pack 'QQ', $from, length $bytes;
	return syscall(SYS_process_vm_readv(), 0 + $pid, $here, 1, $there, 1, 0) == length $bytes ? 'read' : "$!";
}

# The same of a file; where it says so, of a core.
sub scan_file
{
	my ($path, %secrets) = @_;
	my %found;
	my %forms = map { ($_ => [ forms_of($secrets{$_}) ]) } keys %secrets;

	open my $file, '<:raw', $path or die "$path: $!";
	my $total = scan_handle($file, -s $path, \%forms, \%found, 'the file');
	return ([ sort keys %found ], $total);
}

1;
