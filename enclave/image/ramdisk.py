#!/usr/bin/env python3
"""Packs a folder as a ramdisk: a cpio archive of the form "newc", not compressed.

Only names, contents and two bits of each file's mode are taken: who runs this, when and
where, makes no difference, and neither does a compressor's version.  An executable file
becomes 0755 and any other 0644, of root; one that nobody but its owner may read becomes
0600, of the user that --owner names.

The format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.

usage: ramdisk.py --owner UID FOLDER FILE
"""

import argparse
import os
import stat

ALIGNED = 4
BLOCK = 512  # ramdisks follow each other in memory
TRAILER = "TRAILER!!!"
READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


def padded(data, to):
    return data + bytes(-len(data) % to)


def entry(number, name, mode=0, owner=0, data=b""):
    links = 2 if stat.S_ISDIR(mode) else 1
    raw = name.encode() + b"\0"
    # number, mode, user, group, links, time, size, device of the file system and of the
    # file, length of the name, checksum of other forms
    fields = (number, mode, owner, owner, links, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return padded(head + raw, ALIGNED) + padded(data, ALIGNED)


def read(path):
    """Mode, whether it is its owner's alone, and the data."""
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):
        return stat.S_IFDIR | 0o755, False, b""
    if stat.S_ISLNK(status.st_mode):
        return stat.S_IFLNK | 0o777, False, os.readlink(path).encode()
    if not stat.S_ISREG(status.st_mode):
        raise SystemExit(f"ramdisk: {path} is neither a file, a folder nor a link")
    with open(path, "rb") as file:
        data = file.read()
    if not status.st_mode & READABLE_BY_OTHERS:
        return stat.S_IFREG | 0o600, True, data
    return stat.S_IFREG | (0o755 if status.st_mode & stat.S_IXUSR else 0o644), False, data


def fail(trouble):
    raise SystemExit(f"ramdisk: {trouble}")


def names(folder):
    found = []
    # What cannot be listed would be left out without a word.
    for where, folders, files in os.walk(folder, onerror=fail):
        found += [os.path.relpath(os.path.join(where, name), folder)
                  for name in folders + files]
    return sorted(found)


def pack(folder, owner):
    parts = []
    for number, name in enumerate(names(folder), start=1):
        mode, private, data = read(os.path.join(folder, name))
        parts.append(entry(number, name, mode, owner if private else 0, data))
    parts.append(entry(0, TRAILER))
    return padded(b"".join(parts), BLOCK)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--owner", type=int, required=True)
    parser.add_argument("folder")
    parser.add_argument("file")
    options = parser.parse_args()
    packed = pack(options.folder, options.owner)
    with open(options.file, "wb") as file:
        file.write(packed)


if __name__ == "__main__":
    main()
