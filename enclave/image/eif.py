#!/usr/bin/env python3
"""Writes and reads Enclave Image Files, and says what they will be measured as.

The format is that of AWS's aws-nitro-enclaves-image-format, "Enclave Image File (EIF)
Specification", version 4: a header, then sections, each with a header of its own; numbers
are big-endian.  Nothing here asks for the time, the machine or the user: the same input
makes the same bytes.

usage: eif.py build --kernel FILE --cmdline TEXT --ramdisk FILE... --name NAME
                    --version TEXT --time SECONDS --system TEXT --kernel-version TEXT FILE
       eif.py show FILE
"""

import argparse
import datetime
import hashlib
import json
import struct
import sys
import zlib

MAGIC = b".eif"
VERSION = 4
MAX_SECTIONS = 32
KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5
NAMES = {KERNEL: "kernel", CMDLINE: "cmdline", RAMDISK: "ramdisk",
         SIGNATURE: "signature", METADATA: "metadata"}

# magic, version, flags (0: x86_64), memory, processors, reserved, sections, their
# offsets and sizes, reserved, CRC-32 of all the other bytes
HEADER = struct.Struct(f">4sHHQQHH{MAX_SECTIONS}Q{MAX_SECTIONS}QII")
CRC_LEN = 4
SECTION = struct.Struct(">HHQ")  # type, flags, size of the data

# Nobody reads these two yet.
DEFAULT_MEMORY = 512 << 20
DEFAULT_PROCESSORS = 2


class Malformed(Exception):
    """What the file breaks of the format."""


def encode(sections):
    """The bytes of an image of these (type, data)."""
    if not 2 <= len(sections) <= MAX_SECTIONS:
        raise Malformed(f"{len(sections)} sections")
    offsets, body = [], bytearray()
    for kind, data in sections:
        offsets.append(HEADER.size + len(body))
        body += SECTION.pack(kind, 0, len(data)) + data
    none = [0] * (MAX_SECTIONS - len(sections))
    sizes = [len(data) for _, data in sections]
    header = HEADER.pack(MAGIC, VERSION, 0, DEFAULT_MEMORY, DEFAULT_PROCESSORS, 0,
                         len(sections), *offsets, *none, *sizes, *none, 0, 0)
    header = header[:-CRC_LEN]
    crc = zlib.crc32(body, zlib.crc32(header))
    return header + struct.pack(">I", crc) + bytes(body)


def check_order(sections):
    kinds = [kind for kind, _ in sections]
    for kind in (KERNEL, CMDLINE, METADATA):
        if kinds.count(kind) != 1:
            raise Malformed(f"{kinds.count(kind)} sections of the kind {NAMES[kind]}")
    if RAMDISK not in kinds or kinds.index(RAMDISK) < kinds.index(KERNEL):
        raise Malformed("no ramdisk after the kernel")


def decode(image):
    """The (type, data) of an image; Malformed if it breaks the format."""
    if len(image) < HEADER.size:
        raise Malformed("ends within its header")
    fields = HEADER.unpack_from(image)
    magic, version, flags, count = fields[0], fields[1], fields[2], fields[6]
    if magic != MAGIC or version != VERSION or flags != 0:
        raise Malformed(f"not an image for x86_64 of version {VERSION}")
    if not 2 <= count <= MAX_SECTIONS:
        raise Malformed(f"{count} sections")
    crc_at = HEADER.size - CRC_LEN
    if zlib.crc32(image[HEADER.size:], zlib.crc32(image[:crc_at])) != fields[-1]:
        raise Malformed("its CRC-32 is wrong")
    offsets, sizes = fields[7:7 + count], fields[7 + MAX_SECTIONS:7 + MAX_SECTIONS + count]
    sections, end = [], HEADER.size
    for offset, size in zip(offsets, sizes):
        if offset != end or offset + SECTION.size + size > len(image):
            raise Malformed("a section is not where the one before it ends")
        kind, _, inner = SECTION.unpack_from(image, offset)
        if kind not in NAMES or inner != size:
            raise Malformed("the header of a section is wrong")
        end = offset + SECTION.size + size
        sections.append((kind, image[offset + SECTION.size:end]))
    if end != len(image):
        raise Malformed("bytes follow the last section")
    check_order(sections)
    return sections


def extended(parts):
    """A PCR, zero before, after the SHA-384 of these parts."""
    digest = hashlib.sha384()
    for part in parts:
        digest.update(part)
    return hashlib.sha384(bytes(digest.digest_size) + digest.digest()).hexdigest()


def measure(sections):
    """PCR0: all; PCR1: kernel, cmdline and first ramdisk; PCR2: the other ramdisks."""
    def of(kind):
        return [data for found, data in sections if found == kind]
    boot, ramdisks = of(KERNEL) + of(CMDLINE), of(RAMDISK)
    return [extended(boot + ramdisks), extended(boot + ramdisks[:1]),
            extended(ramdisks[1:])]


def metadata(options):
    built = datetime.datetime.fromtimestamp(options.time, datetime.timezone.utc)
    return json.dumps({
        "ImageName": options.name,
        "ImageVersion": options.version,
        "BuildMetadata": {
            "BuildTime": built.isoformat(),
            "BuildTool": "evcrypt enclave/image/build",
            "BuildToolVersion": options.version,
            "OperatingSystem": options.system,
            "KernelVersion": options.kernel_version},
        "DockerInfo": {}}, sort_keys=True).encode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def show(sections):
    for kind, data in sections:
        print(f"{NAMES[kind]:9} {len(data):10} bytes")
    for number, value in enumerate(measure(sections)):
        print(f"PCR{number} {value}")


def build(options):
    sections = [(KERNEL, read(options.kernel)), (CMDLINE, options.cmdline.encode())]
    sections += [(RAMDISK, read(path)) for path in options.ramdisk]
    sections += [(METADATA, metadata(options))]
    check_order(sections)
    with open(options.file, "wb") as file:
        file.write(encode(sections))
    show(sections)


def parse_arguments():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build")
    for name in ("kernel", "cmdline", "name", "version", "system", "kernel-version"):
        command.add_argument("--" + name, required=True)
    command.add_argument("--ramdisk", action="append", required=True)
    command.add_argument("--time", type=int, required=True)
    command.add_argument("file")
    command = commands.add_parser("show")
    command.add_argument("file")
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        if options.command == "build":
            build(options)
        else:
            show(decode(read(options.file)))
    except Malformed as trouble:
        sys.exit(f"eif: {options.file}: {trouble}")


if __name__ == "__main__":
    main()
