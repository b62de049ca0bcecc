#!/usr/bin/python3
"""What is said of the run that is kept in docs/bench: by README.md of ratios, by docs/bench/README.md of goals missed.

usage: test/bench/claims.py [--write]

Says where they differ from it, with --write puts the run's ratios into README.md.  There the lines are
those of tables that end in a number and the name of a ratio.
"""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
import report  # pylint: disable=wrong-import-position

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
README = os.path.join(TOP, "README.md")
DOCS = os.path.join(TOP, "docs", "bench")
LINE = re.compile(r"^(\|.*\| )([0-9.]+)( \| `(\w+)` \|)$", re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def last_run():
    return json.loads(read(os.path.join(DOCS, "bench.json")))


def explained():
    """Goals that docs/bench/README.md says are missed."""
    part = re.search(r"^What that run misses.*?(?=^## )", read(os.path.join(DOCS, "README.md")), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^- `(\w+)`", part.group(), re.MULTILINE)) if part else set()


def complaints():
    run = last_run()
    ratios, missed = run["ratios"], set(run["reached"]["MISSED"])
    for name in sorted(missed ^ explained()):
        yield f"docs/bench/README.md: {name} is {'missed, and not explained' if name in missed else 'not missed'}"
    found = LINE.findall(read(README))
    if not found:
        yield "README.md: no ratios"
    for _, said, _, name in found:
        if name not in ratios:
            yield f"README.md: {name} is no ratio of docs/bench/bench.json"
        elif said != report.number(ratios[name]["median"]):
            yield f"README.md: {name} is {report.number(ratios[name]['median'])}, not {said}"


def write():
    ratios = last_run()["ratios"]
    text = LINE.sub(lambda line: line[1] + report.number(ratios[line[4]]["median"]) + line[3], read(README))
    with open(README, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments):
    if arguments == ["--write"]:
        write()
    bad = list(complaints())
    print("\n".join(bad) or "what is said is what was measured")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
