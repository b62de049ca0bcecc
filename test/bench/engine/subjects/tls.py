"""TLS beside the Unix socket; and five hundred new connections a second beside large requests."""

import os
import subprocess
import time

from certs import Certs
from measure import Figure, Limit, Probe, Ratio
from probes import ONE_WORKER, throughput
from subjects.fairness import DEADLINE, HEALTH, LARGE

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 500
PORT = 17433

WAYS = {"unix": "over the Unix socket", "tls": "over TLS"}
BULK = {"encrypt": {"mix": "1:4096"}, "decrypt": {"mix": "1:4096", "verb": "decrypt"},
        "echo": {"mix": "1:4096", "verb": "echo"}}
SINGLE = {"mix": "1:1", "rate": 500}


def settings(number):
    return {**Certs.settings(), "tls.listen": f"127.0.0.1:{PORT + number}"}


def way_of(way, number):
    return Certs.options(f"tls://127.0.0.1:{PORT + number}") if way == "tls" else {}


class Bulk(Probe):
    """Both ways from the same E3: nanoseconds a value by the clock."""

    warm_up = False

    def __init__(self, way, verb):
        self.way, self.verb = way, verb

    def figures(self, bench):
        return [Figure(f"{self.way}_{self.verb}", f"{self.verb}, 4,096 values a request, {WAYS[self.way]}", "ns/value")]

    def run(self, bench):
        e3 = bench.e3({**ONE_WORKER, **settings(0)})
        clock, _ = throughput(bench, e3, **BULK[self.verb], **way_of(self.way, 0))
        return {f"{self.way}_{self.verb}": clock}


class Single(Probe):
    warm_up = False

    def __init__(self, way):
        self.way = way
        self.names = [f"{way}_one_p50", f"{way}_one_p99"]

    def figures(self, bench):
        return [Figure(name, f"encrypt, 1 a request, {WAYS[self.way]}: {name[-3:]}", "µs") for name in self.names]

    def run(self, bench):
        found = bench.load(bench.e3({**ONE_WORKER, **settings(0)}), **SINGLE, **way_of(self.way, 0)).result()["all"]
        return dict(zip(self.names, (found["p50_us"], found["p99_us"])))


class Handshakes(Probe):
    """Health while strangers connect, and eight connections have 60,000 values each in flight."""

    warm_up = False
    names = ["health_handshakes_p50", "health_handshakes_p99", "handshakes_per_s", "handshake_p50", "handshake_p99"]

    def figures(self, bench):
        what = f"beside {RATE} new connections/s and 8 × 60,000 values"
        return [Figure(self.names[0], f"health, {what}: p50", "µs"), Figure(self.names[1], f"health, {what}: p99", "µs"),
                Figure(self.names[2], "new connections that were made, of them", "1/s"),
                Figure(self.names[3], "until one has its HELLO: p50", "µs"), Figure(self.names[4], "the same: p99", "µs")]

    def run(self, bench):
        e3 = bench.e3({"e3.workers": 2, **settings(1)}, pin=False)
        large = bench.load(e3, False, **LARGE)
        try:
            deadline = time.monotonic() + DEADLINE
            while int(e3.health()["running"]) < 2:
                if time.monotonic() > deadline:
                    raise RuntimeError("E3 is not busy")
            strangers = subprocess.Popen(
                [os.path.join(HERE, "..", "c", "handshakes"), str(PORT + 1), str(RATE), str(bench.seconds + 1),
                 *Certs.files("client")], stdout=subprocess.PIPE, text=True)
            health = bench.load(e3, False, **HEALTH).result()["all"]
            made = dict(line.split() for line in strangers.communicate()[0].splitlines())
            if strangers.returncode != 0:
                raise RuntimeError("handshakes failed")
        finally:
            large.stop()
        return dict(zip(self.names, (health["p50_us"], health["p99_us"],
                                    *(float(made[name]) for name in ("per_s", "p50_us", "p99_us")))))


def probes(bench):
    return ([Bulk(way, verb) for verb in BULK for way in WAYS] + [Single(way) for way in WAYS] + [Handshakes()])


def ratios(bench):
    return [Ratio(f"tls_{verb}", f"{verb}: TLS ÷ Unix socket, time a value", f"tls_{verb}", f"unix_{verb}") for verb in BULK] + [
        Ratio("tls_one", "one value: TLS ÷ Unix socket, medians", "tls_one_p50", "unix_one_p50"),
        Limit("health_handshakes", "health beside new connections and large requests, 99th percentile, µs",
              "health_handshakes_p99", must=5000),
    ]
