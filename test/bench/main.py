"""Measures everything by turns, round after round; see run, which starts this.

Outside test/stack it only looks at the options.
"""

import argparse
import json
import os
import shutil
import sys
import time

import machine
import picture
import profiles
import report
import rounds
from bench import Bench
from measure import Statement
from subjects import SUBJECTS


def options(arguments):
    parser = argparse.ArgumentParser(prog="test/bench/run", allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--quick", action="store_const", dest="rows", const=100000)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", action="append", choices=sorted(SUBJECTS), metavar="NAME")
    parser.add_argument("--cold", action="store_false", dest="warm_up")
    parser.add_argument("--no-pin", action="store_false", dest="pin")
    parser.add_argument("--save", metavar="PATH")
    parser.add_argument("--profile", action="append", metavar="FIGURE")
    chosen = parser.parse_args(arguments)
    if chosen.rows < 1000 or chosen.rounds < 1:
        parser.error("at least 1000 rows and one round")
    if chosen.profile and chosen.save:
        parser.error("a profile is printed, not saved")
    if chosen.profile and not shutil.which("perf"):
        parser.error("a profile needs perf (Debian: linux-perf)")
    return chosen


def versions(bench):
    return {
        "PostgreSQL": bench.main.sql("SHOW server_version"),
        "pgcrypto": bench.main.sql("SELECT default_version FROM pg_available_extensions WHERE name = 'pgcrypto'"),
        "E3": bench.main.sql("SELECT version FROM evcrypt_health()"),
        "E3's cryptography": bench.main.sql("SELECT crypto_backend FROM evcrypt_health()"),
    }


def profile(chosen):
    """Text, and whether something failed."""
    failures = {}
    bench = Bench(chosen.rows, chosen.large, chosen.pin)
    try:
        what = machine.describe(versions(bench))
        what.update({"rows": chosen.rows, "processors": str(bench.pins)})
        probes = [probe for subject in SUBJECTS.values() for probe in subject.probes(bench)
                  if isinstance(probe, Statement) and probe.name in chosen.profile]
        unknown = set(chosen.profile) - {probe.name for probe in probes}
        if unknown:
            sys.exit(f"bench: no statement is called {', '.join(sorted(unknown))}")
        rounds.prepare(bench, probes, failures)
        text = profiles.show(bench, probes, failures)
    finally:
        bench.close()
    return "".join(f"{name}: {value}\n" for name, value in what.items()) + "\n" + text, bool(failures)


def measure(chosen):
    """Text, a dictionary, and whether something failed."""
    failures = {}
    began = time.monotonic()
    bench = Bench(chosen.rows, chosen.large, chosen.pin)
    try:
        what = machine.describe(versions(bench))
        what.update({"rows": chosen.rows, "rounds": chosen.rounds, "processors": str(bench.pins)})
        probes, ratios = rounds.choose(SUBJECTS, bench, chosen.only or list(SUBJECTS))
        rounds.prepare(bench, probes, failures)
        bench.main.sql("CHECKPOINT")
        found = rounds.measure(bench, probes, chosen.rounds, failures, chosen.warm_up)
    finally:
        bench.close()
    what["seconds"] = round(time.monotonic() - began)
    figures = [figure for probe in probes for figure in probe.figures(bench)]
    return report.show(what, figures, ratios, found, rounds.named(bench, failures))


def main(arguments):
    """Its exit status says what failed; which goals are missed goes to the file BENCH_MISSED."""
    chosen = options(arguments)
    if "EVCRYPT_STACK" not in os.environ:
        return 0
    if chosen.profile:
        text, failed = profile(chosen)
        print(text, end="")
        return 1 if failed else 0
    # Open before the work, which a wrong name must not cost, and as they were until it is done.
    endings = ("txt", "json", "svg") if chosen.save else ()
    files = {ending: open(f"{chosen.save}.{ending}", "a", encoding="utf-8") for ending in endings}
    text, everything = measure(chosen)
    print(text, end="")
    texts = {"txt": text, "json": json.dumps(everything, indent=1, ensure_ascii=False) + "\n",
             "svg": picture.draw(everything)}
    for ending, file in files.items():
        with file:
            file.truncate(0)
            file.write(texts[ending])
    with open(os.environ["BENCH_MISSED"], "w", encoding="utf-8") as missed:
        missed.write(" ".join(everything["reached"]["MISSED"]))
    return 1 if everything["failed"] or everything["reached"]["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
