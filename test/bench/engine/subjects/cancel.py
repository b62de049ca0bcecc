"""Large requests that are cancelled at random moments; see ../cancel.py."""

import json
import os
import subprocess
import sys

from measure import Figure, Limit, Probe
from probes import HERE

SLICE_US = 200
NAMES = {
    "cancel_stop_p50": ("from telling a worker to stop until it is free: median", "µs"),
    "cancel_stop_p99": ("the same: 99th percentile", "µs"),
    "cancel_p50": ("from CANCEL to its answer: median", "µs"),
    "cancel_p99": ("the same: 99th percentile", "µs"),
    "cancel_left": ("jobs, descriptors and locked pages left, wrong results", "number"),
    "cancel_growth": ("growth of E3's anonymous memory", "MiB"),
}


class Cancel(Probe):
    warm_up = False

    def figures(self, bench):
        return [Figure(name, what, unit) for name, (what, unit) in NAMES.items()]

    def run(self, bench):
        e3 = bench.e3({"e3.workers": 2}, pin=False)
        found = json.loads(subprocess.run(
            [sys.executable, os.path.join(HERE, "cancel.py"), "--socket", e3.socket, "--pid", str(e3.pid),
             "--rounds", str(bench.cancels)], check=True, stdout=subprocess.PIPE, text=True).stdout)
        if found["descriptors"] is None:
            print("descriptors are not counted: E3 lets only root look at them", file=sys.stderr)
        return {"cancel_stop_p50": found["stop_p50_us"], "cancel_stop_p99": found["stop_p99_us"],
                "cancel_p50": found["p50_us"], "cancel_p99": found["p99_us"],
                "cancel_left": sum(found[name] or 0 for name in ("wrong", "jobs", "descriptors", "locked_kib", "uncounted")),
                "cancel_growth": found["growth_mib"]}


def probes(bench):
    return [Cancel()]


def ratios(bench):
    return [
        Limit("cancel_stop", "a worker told to stop is free, median, µs; a slice has 200", "cancel_stop_p50",
              must=SLICE_US),
        Limit("cancel", "from CANCEL to its answer, with both ways, median, µs", "cancel_p50"),
        Limit("cancel_left", "jobs, descriptors and locked pages left, wrong results", "cancel_left", must=0),
    ]
