#!/usr/bin/python3
"""Which lines of each parser the kept corpus of its fuzz target runs: a table.

usage: covered.py [--keep] BUILD

BUILD has the targets, compiled with clang's counters ("make coverage").  The file
"parsers" says which files of the tree are a target's parser.  With --keep those inputs
that runs have found, and that run a line of a parser that no kept one runs, are kept as
well: the fewest bytes first.
"""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.realpath(os.path.join(HERE, "..", ".."))
LLVM = "-14"


def read_parsers():
    with open(os.path.join(HERE, "parsers"), encoding="ascii") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {target: files for target, *files in lines}


def run_inputs(build, target, inputs):
    """Runs these inputs, and no others; returns the file of counts."""
    raw, merged = (os.path.join(build, target + end) for end in (".profraw", ".profdata"))
    done = subprocess.run([os.path.join(build, target), *inputs], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=HERE,
                          env={**os.environ, "LLVM_PROFILE_FILE": raw})
    if done.returncode != 0:
        sys.exit(f"{target}: {done.stderr[-2000:]}")
    subprocess.run(["llvm-profdata" + LLVM, "merge", "-sparse", "-o", merged, raw], check=True)
    return merged


def export(build, target, files, *options):
    paths = [os.path.join(TREE, name) for name in files]
    return subprocess.run(["llvm-cov" + LLVM, "export", *options, os.path.join(build, target), *paths],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def inputs_in(folder):
    """Paths, the shortest inputs first."""
    paths = [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []
    return sorted(paths, key=lambda path: (os.path.getsize(path), path))


def lines_of(build, target, inputs, files):
    """[(file, lines, covered)]"""
    counts = run_inputs(build, target, inputs)
    report = json.loads(export(build, target, files, "-summary-only", "-instr-profile", counts))
    found = {os.path.relpath(os.path.realpath(entry["filename"]), TREE): entry["summary"]["lines"]
             for entry in report["data"][0]["files"]}
    return [(name, found[name]["count"], found[name]["covered"]) for name in files]


def keep(build, target, files):
    """Copies what adds lines to the corpus."""
    kept = inputs_in(os.path.join(HERE, "corpus", target))
    found = inputs_in(os.path.join(HERE, "build", "corpus", target))

    def covered(more):
        return sum(line[2] for line in lines_of(build, target, kept + more, files))

    best, now = covered(found), covered([])
    while now < best:
        # The shortest beginning of the list that adds a line ends with an input that does.
        low, high = 1, len(found)
        while low < high:
            middle = (low + high) // 2
            if covered(found[:middle]) > now:
                high = middle
            else:
                low = middle + 1
        name = "found_" + os.path.basename(found[low - 1])[:8]
        kept.append(shutil.copyfile(found[low - 1], os.path.join(HERE, "corpus", target, name)))
        now = covered([])


def main():
    options = sys.argv[1:]
    build = os.path.abspath(options[-1])
    parsers = read_parsers()
    targets = sorted(name[:-2] for name in os.listdir(HERE) if name.endswith("_fuzz.c"))
    if targets != sorted(parsers):
        sys.exit(f"parsers: other targets than there are: {sorted(set(targets) ^ set(parsers))}")
    print(f"{'target':<18}{'inputs':>7}  {'parser':<36}{'lines':>6}{'covered':>9}{'percent':>9}")
    for target in targets:
        if "--keep" in options:
            keep(build, target, parsers[target])
        inputs = inputs_in(os.path.join(HERE, "corpus", target))
        if not inputs:
            sys.exit(f"{target}: no corpus")
        heads = [target, len(inputs)]
        for name, lines, covered in lines_of(build, target, inputs, parsers[target]):
            print(f"{heads[0]:<18}{heads[1]:>7}  {name:<36}{lines:>6}{covered:>9}{100 * covered / lines:>9.1f}", flush=True)
            heads = ["", ""]


if __name__ == "__main__":
    main()
