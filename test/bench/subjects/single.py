"""One value a statement: how long until it is there."""

from measure import Figure, Probe, Ratio, percentile

import subprocess
import time

VALUE = "0123456789abcdef0123456789abcdef"
COUNT = 3000
# Fewer than the keys that E3 makes ahead.
WARM = 400
DEADLINE = 30

KINDS = {
    "copy": "prepared SELECT copy($1)",
    "echo": "prepared SELECT echo($1), which asks E3",
    "encrypt": "prepared SELECT encrypt($1), keys made ahead",
    "sustained": "the same without a pause, each derives its own key",
    "raw": "echo by a client of E3, without PostgreSQL",
}


def keys_ready():
    stats = subprocess.run(["e3ctl", "stats"], capture_output=True, text=True, check=True).stdout
    return int(dict(line.split(": ") for line in stats.splitlines())["keys_ready"])


def wait_for_keys(bench, count):
    """E3 makes them while nobody asks it for anything else."""
    bench.main.sql("SELECT encrypt('x')")
    end = time.monotonic() + DEADLINE
    while keys_ready() < count:
        if time.monotonic() > end:
            raise RuntimeError("E3 has not made keys ahead")
        time.sleep(0.05)


class Single(Probe):
    def __init__(self, kind):
        self.kind = kind
        self.names = (f"single_{kind}_p50", f"single_{kind}_p99")

    def figures(self, bench):
        return [Figure(name, KINDS[self.kind] + ": " + what, "µs")
                for name, what in zip(self.names, ("median", "99th percentile"))]

    def answer(self, bench):
        count = min(COUNT, bench.rows)
        if self.kind == "encrypt":
            count = min(WARM, bench.rows)
            wait_for_keys(bench, count)
        if self.kind != "raw":
            call = {"copy": "bench_copy($1)", "echo": f"bench_echo($1, '{bench.socket}')",
                    "encrypt": "encrypt($1::text)", "sustained": "encrypt($1::text)"}
            return bench.main.command("single", count, VALUE, f"SELECT {call[self.kind]}")
        # It stands where the backend stands otherwise.
        client = bench.main.process.pid
        bench.pins.pin(client, bench.pins.backend)
        try:
            return bench.main.command("echo", count, VALUE)
        finally:
            bench.pins.pin(client, bench.pins.client)

    def run(self, bench):
        times = [int(time) / 1000 for time in self.answer(bench).text.split()]
        return dict(zip(self.names, (percentile(times, 0.5), percentile(times, 0.99))))


def probes(bench):
    return [Single(kind) for kind in KINDS]


def ratios(bench):
    return [
        Ratio("single", "one encrypt ÷ the statement with an echo, median", "single_encrypt_p50", "single_echo_p50",
              1.3, 1.05),
        Ratio("single_sustained", "the same when keys are not made ahead", "single_sustained_p50", "single_echo_p50"),
        Ratio("single_p99", "the same, 99th percentile", "single_encrypt_p99", "single_echo_p99"),
        Ratio("single_raw", "one encrypt ÷ an echo without PostgreSQL, median", "single_encrypt_p50", "single_raw_p50"),
    ]
