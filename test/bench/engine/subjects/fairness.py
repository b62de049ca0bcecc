"""Small requests, and health, beside eight connections that keep large ones in flight."""

import time

from measure import Figure, Limit, Probe, Ratio

SMALL = {"mix": "1:30", "rate": 200}
HEALTH = {"verb": "health", "rate": 200}
LARGE = {"mix": "1:60000", "connections": 8, "duration": 3600}
DEADLINE = 60
# The machine's own disturbances only add to what a request takes alone, so that it would seem the
# fairer the busier the machine is: the best of so many counts.
TRIES_ALONE = 3

KINDS = {
    "idle": ("nothing else", {}, False),
    "busy": ("8 connections with 60,000 values each in flight", {}, True),
}


def best(tries):
    """Of each figure the least."""
    return {name: min(one[name] for one in tries) for name in tries[0]}


class Beside(Probe):
    warm_up = False

    def __init__(self, kind, what, settings, busy):
        self.what, self.settings, self.busy = what, settings, busy
        self.names = [f"{what}_{kind}_{part}" for what in ("small", "health") for part in ("p50", "p99")]

    def figures(self, bench):
        return [Figure(name, f"{'30 values' if name.startswith('small') else 'health'}, {self.what}: {name[-3:]}", "µs")
                for name in self.names]

    def measure(self, bench, e3):
        loads = [bench.load(e3, False, **options) for options in (SMALL, HEALTH)]
        found = [load.result()["all"] for load in loads]
        return dict(zip(self.names, (one[part] for one in found for part in ("p50_us", "p99_us"))))

    def run(self, bench):
        e3 = bench.e3({"e3.workers": 2, **self.settings}, pin=False)
        large = bench.load(e3, False, **LARGE) if self.busy else None
        try:
            deadline = time.monotonic() + DEADLINE
            while large and int(e3.health()["running"]) < 2:
                if time.monotonic() > deadline:
                    raise RuntimeError("E3 is not busy")
            found = best([self.measure(bench, e3) for _ in range(1 if self.busy else TRIES_ALONE)])
        finally:
            if large:
                large.stop()
        return found


def probes(bench):
    return [Beside(kind, *what) for kind, what in KINDS.items()]


def ratios(bench):
    return [
        Ratio("fair", "30 values: 99th percentile beside large requests ÷ alone", "small_busy_p99", "small_idle_p99",
              5, 2),
        Limit("health", "health beside large requests, 99th percentile, µs", "health_busy_p99", must=5000),
    ]
