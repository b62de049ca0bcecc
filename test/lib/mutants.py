"""Mutants: what they are, and how one is put into a tree; see test/mutate.

A mutant is a file of test/mutants that takes one security check away:

    check: what no longer holds, in one sentence
    tests: unit/PROGRAM tap/SCRIPT regress/THEME    any of which must notice
    quick: yes                                      it is one of test/mutate --quick

    --- FILE
    lines that are there exactly once
    +++
    lines that take their place
"""

import glob
import os
import re

KINDS = {"unit": "test/unit/{}.c", "tap": "test/tap/{}.pl", "regress": "sql/{}.sql"}


class Wrong(Exception):
    """Of a mutant that is not one, or no longer."""


class Mutant:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            heading, *hunks = re.split(r"^--- (?=\S)", file.read(), flags=re.MULTILINE)
        fields = dict(re.findall(r"^(\w+): (.*\S)$", heading, re.MULTILINE))
        self.quick = fields.pop("quick", "no") == "yes"
        if sorted(fields) != ["check", "tests"] or not hunks:
            raise Wrong(f"{self.name}: it has to have check, tests and a change")
        self.check = fields["check"]
        self.tests = fields["tests"].split()
        self.hunks = [self.hunk(text) for text in hunks]

    def hunk(self, text):
        """File, lines that go, lines that come."""
        parts = re.fullmatch(r"(\S+)\n(.*?)^\+\+\+\n(.*)", text, re.DOTALL | re.MULTILINE)
        if parts is None or not parts[2].strip():
            raise Wrong(f"{self.name}: a change is a file, its lines, +++ and other lines")
        return parts[1], parts[2].rstrip("\n"), parts[3].rstrip("\n")

    def applied(self, top):
        """What its files have in them then, by their path below "top"."""
        texts = {}
        for path, old, new in self.hunks:
            if path not in texts:
                texts[path] = read(self.name, os.path.join(top, path))
            found = texts[path].count(old)
            if found != 1:
                raise Wrong(f"{self.name}: its lines are {found} times in {path}")
            texts[path] = texts[path].replace(old, new)
        return texts

    def complain(self, top):
        """Raises what is wrong with it; its tests must be there, and its change in place."""
        for test in self.tests:
            kind, _, name = test.partition("/")
            if kind not in KINDS or not os.path.isfile(os.path.join(top, KINDS[kind].format(name))):
                raise Wrong(f"{self.name}: no test {test}")
        for path, text in self.applied(top).items():
            if text == read(self.name, os.path.join(top, path)):
                raise Wrong(f"{self.name}: it changes nothing in {path}")


def read(name, path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Wrong(f"{name}: {error}") from error


def load(top):
    """All of them, by name."""
    return [Mutant(path) for path in sorted(glob.glob(os.path.join(top, "test/mutants/*")))]


def table(mutants):
    """As docs/mutants.md has it."""
    rows = [f"| `{mutant.name}` | {mutant.check} | {', '.join(mutant.tests)} |" for mutant in mutants]
    return "\n".join(["| mutant | what no longer holds | who must notice |", "|---|---|---|"] + rows) + "\n"
