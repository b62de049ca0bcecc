#!/usr/bin/python3
"""What README.md says of speed: medians of ratios of the run that is kept in docs/bench.

usage: test/bench/claims.py [--write]

Says where they differ, with --write puts the run's into README.md.  The lines are those of tables
that end in a number and the name of a ratio.
"""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
import report  # pylint: disable=wrong-import-position

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
README = os.path.join(TOP, "README.md")
LINE = re.compile(r"^(\|.*\| )([0-9.]+)( \| `(\w+)` \|)$", re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def complaints():
    ratios = json.loads(read(os.path.join(TOP, "docs", "bench", "bench.json")))["ratios"]
    found = LINE.findall(read(README))
    if not found:
        yield "README.md: no ratios"
    for _, said, _, name in found:
        if name not in ratios:
            yield f"README.md: {name} is no ratio of docs/bench/bench.json"
        elif said != report.number(ratios[name]["median"]):
            yield f"README.md: {name} is {report.number(ratios[name]['median'])}, not {said}"


def write():
    ratios = json.loads(read(os.path.join(TOP, "docs", "bench", "bench.json")))["ratios"]
    text = LINE.sub(lambda line: line[1] + report.number(ratios[line[4]]["median"]) + line[3], read(README))
    with open(README, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments):
    if arguments == ["--write"]:
        write()
    bad = list(complaints())
    print("\n".join(bad) or "README.md says what was measured")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
