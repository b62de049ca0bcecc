"""Measures everything by turns, round after round; see run, which starts this.

Outside test/stack it only looks at the options.
"""

import argparse
import json
import os
import sys

import machine
import report
import rounds
from bench import Bench
from subjects import SUBJECTS


def options(arguments):
    parser = argparse.ArgumentParser(prog="test/bench/run", allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--quick", action="store_const", dest="rows", const=100000)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=sorted(SUBJECTS), metavar="NAME")
    parser.add_argument("--no-pin", action="store_false", dest="pin")
    parser.add_argument("--json", metavar="FILE")
    chosen = parser.parse_args(arguments)
    if chosen.rows < 1000 or chosen.rounds < 1:
        parser.error("at least 1000 rows and one round")
    return chosen


def main(arguments):
    chosen = options(arguments)
    if "EVCRYPT_STACK" not in os.environ:
        return
    # Open before the work, which a wrong name must not cost.
    file = open(chosen.json, "w", encoding="utf-8") if chosen.json else None
    bench = Bench(chosen.rows, chosen.large, chosen.pin)
    try:
        what = machine.describe({
            "PostgreSQL": bench.main.sql("SHOW server_version"),
            "E3": bench.main.sql("SELECT version FROM evcrypt_health()"),
            "E3's cryptography": bench.main.sql("SELECT crypto_backend FROM evcrypt_health()"),
        })
        what.update({"rows": chosen.rows, "rounds": chosen.rounds, "processors": str(bench.pins)})
        probes, ratios = rounds.choose(SUBJECTS, bench, chosen.only or list(SUBJECTS))
        rounds.prepare(bench, probes)
        bench.main.sql("CHECKPOINT")
        found = rounds.measure(bench, probes, chosen.rounds)
    finally:
        bench.close()
    figures = [figure for probe in probes for figure in probe.figures(bench)]
    everything = report.show(what, figures, ratios, found)
    if file:
        with file:
            json.dump(everything, file, indent=1, ensure_ascii=False)
            file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
