# The enclave's image: what writes its ramdisks and the file itself, against the formats
# taken apart here.
# Release build only: E3 has no part in it.
use strict;
use warnings;

use Compress::Zlib qw(crc32);
use Digest::SHA qw(sha384 sha384_hex);
use Files;
use File::Temp;
use IPC::Run;
use JSON::PP;
use Test::More;

my $HEADER_LEN = 548;
my $SECTIONS_MAX = 32;
my ($KERNEL, $CMDLINE, $RAMDISK, $METADATA) = (1, 2, 3, 5);

my $dir = File::Temp->newdir;

# Exit status, output and errors.
sub run
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ @_ ], '<', '/dev/null', '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

sub eif { return run('enclave/image/eif.py', @_); }

sub build
{
	my ($name, @more) = @_;

	return eif('build', '--kernel', "$dir/kernel", '--cmdline', 'console=ttyS0', '--name', 'test', '--version', '1.0',
		'--time', '1700000000', '--system', 'Debian', '--kernel-version', '6', @more, "$dir/$name");
}

sub ramdisk_arguments { return map { ('--ramdisk', "$dir/$_") } @_; }

# --- the file -------------------------------------------------------------------------------

spit("$dir/kernel", my $kernel = join '', map { chr $_ % 251 } 1 .. 70_001);
spit("$dir/one", my $one = 'first' x 1000);
spit("$dir/two", my $two = 'second' x 3);
spit("$dir/three", my $three = "\0" x 513);

my ($status, $out, $err) = build('image', ramdisk_arguments(qw(one two three)));
is("$status$err", '0', 'an image is made');
my $image = slurp("$dir/image");
my ($magic, $version, $flags, undef, undef, undef, $count, @rest) = unpack "a4 n n Q> Q> n n Q>${SECTIONS_MAX}Q>$SECTIONS_MAX N N", $image;
my @offsets = splice @rest, 0, $SECTIONS_MAX;
my @sizes = splice @rest, 0, $SECTIONS_MAX;

is("$magic $version $flags $count", '.eif 4 0 6', 'its header: magic, version, x86_64, sections');
is($rest[1], crc32(substr($image, $HEADER_LEN), crc32(substr $image, 0, $HEADER_LEN - 4)), 'CRC-32 of all but itself');
my @sections;
my $at = $HEADER_LEN;
for my $i (0 .. $count - 1)
{
	my ($kind, $section_flags, $size) = unpack 'n n Q>', substr $image, $at, 12;

	is("$offsets[$i] $sizes[$i] $section_flags", "$at $size 0", "section $i is where the header says");
	push @sections, [ $kind, substr $image, $at + 12, $size ];
	$at += 12 + $size;
}
is($at, length $image, 'and nothing follows the last');
is(join(',', (@offsets, @sizes)[$count .. 31, 32 + $count .. 63]), join(',', (0) x (2 * (32 - $count))), 'no others');
is_deeply([ @sections[0 .. 4] ],
	[ [ $KERNEL, $kernel ], [ $CMDLINE, 'console=ttyS0' ], [ $RAMDISK, $one ], [ $RAMDISK, $two ], [ $RAMDISK, $three ] ],
	'in their order, as they were given');
is($sections[5][0], $METADATA, 'then the metadata');
my $metadata = decode_json($sections[5][1]);
is(join(' ', sort keys %$metadata), 'BuildMetadata DockerInfo ImageName ImageVersion', 'all that is required');
is(join(' ', sort keys %{ $metadata->{BuildMetadata} }), 'BuildTime BuildTool BuildToolVersion KernelVersion OperatingSystem', 'of the build as well');
is($metadata->{BuildMetadata}{BuildTime}, '2023-11-14T22:13:20+00:00', 'the time that was given');

# --- measurements ---------------------------------------------------------------------------

sub pcr { return sha384_hex("\0" x 48 . sha384(join '', @_)); }

my %measured = (PCR0 => pcr($kernel, 'console=ttyS0', $one, $two, $three), PCR1 => pcr($kernel, 'console=ttyS0', $one), PCR2 => pcr($two, $three));
for my $said ($out, (eif('show', "$dir/image"))[1])
{
	is($said =~ /^$_ ([0-9a-f]+)$/m && $1, $measured{$_}, "$_ when it is " . ($said eq $out ? 'made' : 'shown')) for sort keys %measured;
}
build('alone', ramdisk_arguments('one'));
like((eif('show', "$dir/alone"))[1], qr/^PCR2 @{[ pcr() ]}$/m, 'PCR2 of one ramdisk is that of nothing');
build('again', ramdisk_arguments(qw(one two three)));
is(slurp("$dir/again"), $image, 'the same input makes the same bytes');

# --- files that are none ---------------------------------------------------------------------

sub with_crc
{
	my ($bytes) = @_;

	substr $bytes, $HEADER_LEN - 4, 4, pack 'N', crc32(substr($bytes, $HEADER_LEN), crc32(substr $bytes, 0, $HEADER_LEN - 4));
	return $bytes;
}

sub changed
{
	my ($place, $value) = @_;
	my $bytes = $image;

	substr $bytes, $place, length $value, $value;
	return with_crc($bytes);
}

my $flipped = $image;
substr $flipped, -1, 1, substr($flipped, -1) ^ "\1";
my @refused = (
	[ 'cut within its header', substr($image, 0, $HEADER_LEN - 1), qr/within its header/ ],
	[ 'another magic', changed(0, '.elf'), qr/not an image/ ],
	[ 'another version', changed(4, pack 'n', 3), qr/not an image/ ],
	[ 'for another processor', changed(6, pack 'n', 1), qr/not an image/ ],
	[ 'a bit flipped', $flipped, qr/CRC-32/ ],
	[ 'one section', changed(26, pack 'n', 1), qr/1 sections/ ],
	[ '33 sections', changed(26, pack 'n', 33), qr/33 sections/ ],
	[ 'a section too few', changed(26, pack 'n', 5), qr/follow the last/ ],
	[ 'a section elsewhere', changed(28, pack 'Q>', $HEADER_LEN + 1), qr/not where/ ],
	[ 'a section beyond the end', changed(28 + 8 * $SECTIONS_MAX + 8 * 5, pack 'Q>', 1 << 62), qr/not where/ ],
	[ 'two sizes of a section', changed($HEADER_LEN + 4, pack 'Q>', 1), qr/header of a section/ ],
	[ 'an unknown section', changed($HEADER_LEN, pack 'n', 6), qr/header of a section/ ],
	[ 'no kernel', changed($HEADER_LEN, pack 'n', $RAMDISK), qr/0 sections of the kind kernel/ ],
	[ 'two kernels', changed($offsets[2], pack 'n', $KERNEL), qr/2 sections of the kind kernel/ ],
	[ 'no metadata', changed($offsets[5], pack 'n', $RAMDISK), qr/0 sections of the kind metadata/ ],
	[ 'bytes after it', with_crc($image . 'x'), qr/follow the last/ ]);
for my $case (@refused)
{
	spit("$dir/bad", $case->[1]);
	($status, $out, $err) = eif('show', "$dir/bad");
	is($status, 1, $case->[0]);
	like($err, $case->[2], 'and it says so');
}
spit("$dir/good", with_crc($image));
is((eif('show', "$dir/good"))[0], 0, 'and the file as it was is good');

# --- ramdisks --------------------------------------------------------------------------------

my $folder = "$dir/folder";
mkdir $_ or die "mkdir: $!" for $folder, "$folder/b", "$folder/a";
spit("$folder/b/file", 'content');
spit("$folder/a/program", '#!');
spit("$folder/a/secret", 'key');
symlink 'file', "$folder/b/link" or die "symlink: $!";
chmod 0640, "$folder/b/file";
chmod 0775, "$folder/a/program";
chmod 0400, "$folder/a/secret";
is((run('enclave/image/ramdisk.py', '--owner', 7433, $folder, "$dir/ramdisk"))[0], 0, 'a folder is packed');
my $ramdisk = slurp("$dir/ramdisk");
is(length($ramdisk) % 512, 0, 'to whole blocks');
my @entries;
for (my $place = 0; ;)
{
	my ($form, @fields) = unpack 'a6 ' . 'a8' x 13, substr $ramdisk, $place, 110;
	my ($number, $mode, $user, $group, $links, $time, $size, @more) = map { hex } @fields;
	my $name = substr $ramdisk, $place + 110, $more[4] - 1;

	die "not of the form newc at $place" if $form ne '070701';
	$place += 110 + $more[4];
	$place += -$place % 4;
	last if $name eq 'TRAILER!!!';
	push @entries, sprintf '%s %o %d:%d %d %s', $name, $mode, $user, $group, $time, substr $ramdisk, $place, $size;
	$place += $size;
	$place += -$place % 4;
}
is_deeply(\@entries,
	[ 'a 40755 0:0 0 ', 'a/program 100755 0:0 0 #!', 'a/secret 100600 7433:7433 0 key', 'b 40755 0:0 0 ', 'b/file 100644 0:0 0 content', 'b/link 120777 0:0 0 file' ],
	'names in order, modes and owners in a few forms, no time');
utime 1, 1, "$folder/b/file";
chmod 0444, "$folder/b/file";
my $elsewhere = "$dir/elsewhere";
rename $folder, $elsewhere or die "rename: $!";
run('enclave/image/ramdisk.py', '--owner', 7433, $elsewhere, "$dir/again");
is(slurp("$dir/again"), $ramdisk, 'another time, another place, the same bytes');
isnt((run('enclave/image/ramdisk.py', '--owner', 7433, "$dir/nowhere", "$dir/none"))[0], 0, 'no folder is no empty ramdisk');
ok(!-e "$dir/none", 'and makes none');

done_testing();
