"""One value a request, and thirty, now and then: how long until it is there."""

from measure import Ratio
from probes import NO_POOL, ONE_WORKER, Latency

RATE = {"rate": 500}


def probes(bench):
    found = []
    for name, values in (("one", 1), ("thirty", 30)):
        options = {**RATE, "mix": f"1:{values}"}
        found += [
            Latency(f"{name}_echo", f"echo, {values} a request", {**options, "verb": "echo"}),
            Latency(f"{name}_encrypt", f"encrypt, {values} a request", options),
            Latency(f"{name}_no_pool", "the same without keys made in advance", options, {**ONE_WORKER, **NO_POOL}),
            Latency(f"{name}_decrypt", f"decrypt, {values} a request", {**options, "verb": "decrypt"}),
        ]
    return found


def ratios(bench):
    found = []
    for name in ("one", "thirty"):
        found += [
            Ratio(name, f"{name}: encrypt ÷ echo, medians", f"{name}_encrypt_p50", f"{name}_echo_p50",
                  2 if name == "one" else None),
            Ratio(f"{name}_no_pool", f"{name}: without the pool ÷ echo, medians", f"{name}_no_pool_p50",
                  f"{name}_echo_p50"),
            Ratio(f"{name}_pool", f"{name}: without the pool ÷ with it, medians", f"{name}_no_pool_p50",
                  f"{name}_encrypt_p50"),
        ]
    return found
