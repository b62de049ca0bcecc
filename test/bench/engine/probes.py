"""What the subjects measure with."""

import os
import subprocess
from dataclasses import dataclass, field

import processes
from e3 import E3, Load
from measure import Figure, Probe

HERE = os.path.dirname(os.path.abspath(__file__))

ONE_WORKER = {"e3.workers": 1}
# Keys that were made ahead, while nobody looked, are not the throughput of a core.
NO_POOL = {"e3.pooled_keys": 0}


class Bench:
    """E3s by their settings, made when they are first asked for, and two processors."""

    def __init__(self, seconds, cancels, pin):
        self.seconds = seconds
        self.cancels = cancels
        cpus = sorted(os.sched_getaffinity(0))
        self.pinned = pin and len(cpus) > 1
        self.e3_cpus, self.client_cpus = ({cpus[0]}, set(cpus[1:])) if self.pinned else (None, None)
        self.running = {}

    def e3(self, settings, pin=True):
        key = (tuple(sorted(settings.items())), pin)
        if key not in self.running:
            self.running[key] = E3(f"bench{len(self.running)}", settings)
            if pin and self.pinned:
                for cpu in self.e3_cpus:
                    processes.pin(self.running[key].pid, cpu)
        return self.running[key]

    def load(self, e3, pin=True, **options):
        options.setdefault("duration", self.seconds)
        return Load(e3, self.client_cpus if pin else None, **options)

    def loop(self, program, *words):
        """A program of c/, on the processor that E3 has otherwise: its lines as name to (clock, processor)."""
        cpus = self.e3_cpus
        text = subprocess.run([os.path.join(HERE, "c", program), str(self.seconds), *words], check=True,
                              stdout=subprocess.PIPE, text=True,
                              preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None).stdout
        return {name: (float(clock), float(cpu)) for name, clock, cpu in map(str.split, text.splitlines())}

    def close(self):
        for e3 in self.running.values():
            e3.stop()

    def __str__(self):
        if not self.pinned:
            return "not pinned"
        return f"E3 with one worker, and the loops, on {min(self.e3_cpus)}, clients on {min(self.client_cpus)}; all else not pinned"


def throughput(bench, e3, pin=True, **options):
    """Nanoseconds a value: by the clock, and of E3's processor time."""
    before = processes.times(e3.pid)
    found = bench.load(e3, pin, **options).result()
    after = processes.times(e3.pid)
    cpu = (after[0] - before[0]) / found["values"] if before and after else None
    return 1e9 / found["values_per_s"], cpu


@dataclass(eq=False)
class Throughput(Probe):
    """Load as much as E3 takes, in nanoseconds a value; with "cpu" also E3's processor time.

    "unit" may be µs/request.
    """

    name: str
    what: str
    options: dict
    settings: dict = field(default_factory=lambda: ONE_WORKER)
    pin: bool = True
    cpu: bool = False
    unit: str = "ns/value"
    warm_up = False

    def figures(self, bench):
        return [Figure(self.name, self.what, self.unit)] + (
            [Figure(f"{self.name}_cpu", "the same, E3's processor time", self.unit)] if self.cpu else [])

    def run(self, bench):
        clock, cpu = throughput(bench, bench.e3(self.settings, self.pin), self.pin, **self.options)
        scale = 1000 if self.unit == "µs/request" else 1
        found = {self.name: clock / scale}
        if self.cpu and cpu is not None:
            found[f"{self.name}_cpu"] = cpu / scale
        return found


@dataclass(eq=False)
class Latency(Probe):
    """Load by the clock: median and 99th percentile in microseconds."""

    name: str
    what: str
    options: dict
    settings: dict = field(default_factory=lambda: ONE_WORKER)

    def figures(self, bench):
        return [Figure(f"{self.name}_p50", self.what + ": median", "µs"),
                Figure(f"{self.name}_p99", self.what + ": 99th percentile", "µs")]

    def run(self, bench):
        found = bench.load(bench.e3(self.settings), **self.options).result()["all"]
        return {f"{self.name}_p50": found["p50_us"], f"{self.name}_p99": found["p99_us"]}
