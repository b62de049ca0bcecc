"""Measures the engine by turns, round after round; see run, which starts this.

Outside test/stack it only looks at the options.
"""

import argparse
import json
import math
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# pylint: disable=wrong-import-position
import machine
import plot
import report
import rounds
from probes import Bench, ONE_WORKER
from subjects import SUBJECTS


def options(arguments):
    parser = argparse.ArgumentParser(prog="test/bench/engine/run", allow_abbrev=False)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cancels", type=int, default=1000)
    parser.add_argument("--only", action="append", choices=sorted(SUBJECTS), metavar="NAME")
    parser.add_argument("--no-pin", action="store_false", dest="pin")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE")
    chosen = parser.parse_args(arguments)
    if chosen.seconds < 1 or chosen.rounds < 1 or chosen.cancels < 1:
        parser.error("at least one second, one round and one cancel")
    return chosen


def main(arguments):
    chosen = options(arguments)
    if "EVCRYPT_STACK" not in os.environ:
        return 0
    # Open before the work, which a wrong name must not cost.
    files = [open(name, "w", encoding="utf-8") if name else None for name in (chosen.json, chosen.plot)]
    bench = Bench(chosen.seconds, math.ceil(chosen.cancels / chosen.rounds), chosen.pin)
    failures = {}
    try:
        health = bench.e3(ONE_WORKER).health()
        what = machine.describe({"E3": health["version"], "E3's cryptography": health["backend"]})
        what.update({"seconds": chosen.seconds, "rounds": chosen.rounds, "processors": str(bench)})
        probes, ratios = rounds.choose(SUBJECTS, bench, chosen.only or list(SUBJECTS))
        rounds.prepare(bench, probes, failures)
        found = rounds.measure(bench, probes, chosen.rounds, failures)
    finally:
        bench.close()
    figures = [figure for probe in probes for figure in probe.figures(bench)]
    text, everything = report.show(what, figures, ratios, found, rounds.named(bench, failures))
    print(text, end="")
    if files[0]:
        json.dump(everything, files[0], indent=1, ensure_ascii=False)
    if files[1]:
        files[1].write(plot.ladder(everything))
    for file in filter(None, files):
        file.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
