#!/usr/bin/env python3
"""The table of test/coverage: which lines of src/ and enclave/ ran, file by file.

usage: coverage.py TREE LINES [--reasons FILE] [--missed FILE]

TREE is what was built with gcov's counters, and ran.  A file that is compiled several
times has a line for each of its own, wherever that ran.  LINES is a file that keeps which
lines ran: a process that is killed while it writes its counts spoils those of all before
it, so this is called now and then.  With --reasons, test/coverage.reasons, it prints the
table, and ends with status 1 where a file has less than it must have, or was not built
though no reason with 0 percent says why.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

AIM = 90.0
ROOMS = ("src", "enclave")
AT_ONCE = 40


def notes_of(tree):
    for folder, _, names in os.walk(tree):
        for name in names:
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)


def reports(tree):
    """What gcov says of every object, as dictionaries."""
    notes = sorted(notes_of(tree))
    if not notes:
        sys.exit("coverage: nothing there was built with counters")
    for start in range(0, len(notes), AT_ONCE):
        part = notes[start:start + AT_ONCE]
        # Its status also says that some object never ran.
        done = subprocess.run(["gcov", "--json-format", "--stdout", *part], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        found = done.stdout.splitlines()
        if len(found) != len(part):
            sys.exit(f"coverage: gcov failed: {done.stderr}")
        for line in done.stderr.splitlines():
            if not line.endswith(("not a gcov data file", "assuming not executed", "no functions found")):
                print(f"coverage: {line}", file=sys.stderr)
        for line in found:
            yield json.loads(line)


def read_lines(path):
    """What was kept."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    return {name: {int(line): ran for line, ran in lines.items()} for name, lines in kept.items()}


def write_lines(files, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(files, file)
    os.rename(path + ".new", path)


def add_lines(tree, kept):
    """{file: {line: ran}} of the rooms, now and before."""
    root = os.path.realpath(tree)
    files = collections.defaultdict(dict, kept)
    for report in reports(tree):
        for part in report["files"]:
            path = os.path.realpath(os.path.join(report["current_working_directory"], part["file"]))
            name = os.path.relpath(path, root)
            if name.split("/")[0] not in ROOMS:
                continue
            lines = files[name]
            for line in part["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, False) or line["count"] > 0
    return files


def read_reasons(path):
    """{file: (floor, reason)}, of lines "file floor reason"; "#" begins a comment."""
    reasons = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.strip() or line.startswith("#"):
                continue
            name, floor, reason = line.split(maxsplit=2)
            reasons[name] = (float(floor), reason.strip())
    return reasons


def percent(covered, total):
    return 100.0 * covered / total


def sums(files):
    total = sum(len(lines) for lines in files)
    return total, sum(sum(lines.values()) for lines in files)


def room_of(name):
    return name.rsplit("/", 1)[0]


def print_table(files, reasons):
    rooms = collections.defaultdict(list)
    for name in sorted(files):
        rooms[room_of(name)].append(name)
    print(f"{'file':<44}{'lines':>7}{'covered':>9}{'percent':>9}")
    for room, names in sorted(rooms.items()):
        print()
        for name in names:
            total, covered = sums([files[name]])
            note = "  *" if name in reasons else ""
            print(f"{name:<44}{total:>7}{covered:>9}{percent(covered, total):>9.1f}{note}")
        total, covered = sums([files[name] for name in names])
        print(f"{'  ' + room + ', ' + str(len(names)) + ' files':<44}{total:>7}{covered:>9}{percent(covered, total):>9.1f}")


def print_reasons(reasons):
    print(f"\n* Below {AIM:g} %, or so now and then, for a reason that is stated (and no lower than this):\n")
    for name, (floor, reason) in sorted(reasons.items()):
        print(f"{name}, {floor:g} %: {reason}")


def print_summary(files):
    total, covered = sums(files.values())
    good = sum(1 for lines in files.values() if percent(*reversed(sums([lines]))) >= AIM)
    print(f"\nsrc/ and enclave/: {covered} of {total} lines covered, {percent(covered, total):.1f} %;"
          f" {good} of {len(files)} files have {AIM:g} % or more")


def find_fault(files, unbuilt, reasons):
    faults = [f"test/coverage.reasons: there is no {name}" for name in reasons if name not in files and name not in unbuilt]
    faults += [f"{name}: was not built, so no line of it is counted" for name in unbuilt if reasons.get(name, (AIM,))[0] > 0]
    for name, lines in sorted(files.items()):
        total, covered = sums([lines])
        floor = min(AIM, reasons.get(name, (AIM, ""))[0])
        if percent(covered, total) < floor:
            faults.append(f"{name}: {percent(covered, total):.1f} % of lines covered, less than {floor:g} %")
    return faults


def find_unbuilt(tree, files):
    """Sources of the rooms that nothing was compiled of: no line of theirs is counted."""
    sources = {os.path.relpath(os.path.join(folder, name), tree) for room in ROOMS
               for folder, _, names in os.walk(os.path.join(tree, room)) for name in names if name.endswith(".c")}
    return sorted(sources - set(files))


def ranges(numbers):
    """[3, 4, 7] as "3-4 7"."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in parts)


def write_missed(files, path):
    with open(path, "w", encoding="utf-8") as out:
        for name, lines in sorted(files.items()):
            missed = sorted(number for number, ran in lines.items() if not ran)
            if missed:
                print(f"{name}: {ranges(missed)}", file=out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree")
    parser.add_argument("lines")
    parser.add_argument("--reasons")
    parser.add_argument("--missed", help="a file to write the lines to that did not run")
    options = parser.parse_args()

    found = add_lines(options.tree, read_lines(options.lines))
    files = {name: lines for name, lines in found.items() if lines}
    unbuilt = find_unbuilt(options.tree, found)
    write_lines(files, options.lines)
    if options.missed:
        write_missed(files, options.missed)
    if not options.reasons:
        return
    reasons = read_reasons(options.reasons)
    print_table(files, reasons)
    print_reasons(reasons)
    print_summary(files)
    faults = find_fault(files, unbuilt, reasons)
    if faults:
        sys.exit("\n".join(["coverage: FAILED:", *faults]))


if __name__ == "__main__":
    main()
