"""One worker, and two."""

from measure import Ratio
from probes import Throughput

KINDS = {
    "bulk": ("encrypt, 4096 values a request", {"mix": "1:4096", "in_flight": 2}),
    "agreements": ("encrypt, a key for each value", {"mix": "1:64", "per_key": 1}),
}


def probes(bench):
    return [
        Throughput(f"{kind}_{workers}", f"{what}, {workers} worker{'s' if workers > 1 else ''}, 4 connections",
                   {**options, "connections": 4}, {"e3.workers": workers}, pin=False)
        for kind, (what, options) in KINDS.items() for workers in (1, 2)]


def ratios(bench):
    return [Ratio(f"workers_{kind}", f"two workers faster by: {what}", f"{kind}_1", f"{kind}_2")
            for kind, (what, _) in KINDS.items()]
