"""E3 as it shuts itself off, and the same E3 without what may be left out of that."""

from measure import Figure, Probe, Ratio
from probes import ONE_WORKER, throughput

SHUT = {**ONE_WORKER, "isolation.require": "all"}
OPEN = {**ONE_WORKER, "isolation.leave_out": "all"}
KINDS = {
    "encrypt": ("encrypt, 4,096 values a request", {"mix": "1:4096", "in_flight": 4}),
    "decrypt": ("decrypt, 4,096 values a request", {"mix": "1:4096", "in_flight": 4, "verb": "decrypt"}),
    "small": ("encrypt, 30 values a request", {"mix": "1:30", "in_flight": 4}),
}
# In one round: a drift favours nobody.
TURNS = ("shut", "open", "open", "shut")


class Pair(Probe):
    """Both in turns; the mean of each one's."""

    warm_up = False

    def __init__(self, kind):
        self.kind = kind

    def figures(self, bench):
        what = KINDS[self.kind][0]
        return [Figure(f"{state}_{self.kind}{cpu}", text + more) for state, text in (
            ("shut", f"{what}, with all of the isolation"), ("open", "the same with leave_out = all"))
            for cpu, more in (("", ""), ("_cpu", ": E3's processor time"))]

    def run(self, bench):
        e3s = {"shut": bench.e3(SHUT), "open": bench.e3(OPEN)}
        found = {}
        for state in TURNS:
            clock, cpu = throughput(bench, e3s[state], **KINDS[self.kind][1])
            for name, value in ((f"{state}_{self.kind}", clock), (f"{state}_{self.kind}_cpu", cpu)):
                if value is not None:
                    found[name] = found.get(name, 0) + value / TURNS.count(state)
        return found


def probes(bench):
    return [Pair(kind) for kind in KINDS]


def ratios(bench):
    return [Ratio(f"fortress_{kind}{cpu}", what + more, f"shut_{kind}{cpu}", f"open_{kind}{cpu}", must)
            for kind, (what, _) in KINDS.items()
            for cpu, more, must in (("", ": time with the isolation ÷ without", 1.02), ("_cpu", ": the same of processor time", None))]
