"""What goals say of E3 by itself: fairness and cancelling, by the engine's benchmark; and a statement that is cancelled."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

from measure import Figure, Limit, Probe, Ratio, percentile

MAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "engine", "main.py")
FIGURES = {
    "small_idle_p99": ("requests of 30 values, E3 alone: 99th percentile", "µs"),
    "small_busy_p99": ("the same beside 8 × 60,000 values: 99th percentile", "µs"),
    "cancel_stop_p50": ("E3's worker, from being told to stop until it is free: median", "µs"),
    "cancel_p50": ("from CANCEL to its answer: median", "µs"),
}
CANCELS = 15


class Engine(Probe):
    """A round of test/bench/engine, beside the servers that are there."""

    warm_up = False

    def figures(self, bench):
        return [Figure(f"engine_{name}", *what) for name, what in FIGURES.items()]

    def run(self, bench):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run([sys.executable, MAIN, "--rounds", "1", "--seconds", "1", "--cancels", "100", "--only", "fairness",
                            "--only", "cancel", "--json", file.name], check=True, stdout=subprocess.DEVNULL)
            measured = json.load(file)["measured"]
        return {f"engine_{name}": measured[name]["median"] for name in FIGURES}


class Statement(Probe):
    """Cancelled at a random moment, by another session."""

    warm_up = False

    def figures(self, bench):
        return [Figure("cancel_statement_p50", "from pg_cancel_backend to the statement's end: median", "ms"),
                Figure("cancel_statement_max", "the same: longest", "ms")]

    def prepare(self, bench):
        self.sql = f"SELECT count(encrypt(v)) FROM {bench.table('plain', bench.rows)}, generate_series(1, 1000)"

    def run(self, bench):
        session, times = bench.connect(), []
        try:
            for _ in range(CANCELS):
                session.send("run", self.sql)
                time.sleep(random.uniform(0.02, 0.1))
                start = time.monotonic()
                bench.main.sql(f"SELECT pg_cancel_backend({session.backend})")
                try:
                    raise RuntimeError(f"the statement was not cancelled: {session.words(self.sql)}")
                except RuntimeError as error:
                    if "canceling statement due to user request" not in str(error):
                        raise
                times.append((time.monotonic() - start) * 1000)
        finally:
            bench.disconnect(session)
        return {"cancel_statement_p50": percentile(times, 0.5), "cancel_statement_max": max(times)}


def probes(bench):
    return [Engine(), Statement()]


def ratios(bench):
    return [
        Ratio("fair", "30 values: 99th percentile beside 8 × 60,000 ÷ alone", "engine_small_busy_p99", "engine_small_idle_p99",
              5, 2),
        Limit("cancel_stop", "a worker told to stop is free, median, µs; a slice has 200", "engine_cancel_stop_p50", 200),
        Limit("cancel", "from CANCEL to its answer, with both ways, median, µs", "engine_cancel_p50"),
        Limit("cancel_statement", "a cancelled statement is over, median, ms", "cancel_statement_p50", 100, 10),
        Limit("cancel_statement_max", "the same, longest, ms", "cancel_statement_max"),
    ]
