"""One step after the other from a key per value on secp256k1 to two workers."""

from measure import Figure, Probe, Ratio
from probes import NO_POOL, ONE_WORKER, throughput

OPENSSL = {**ONE_WORKER, **NO_POOL, "crypto.aead": "openssl", "crypto.agreement": "openssl"}
MANY = {"mix": "1:4096", "in_flight": 4}
PER_VALUE = {"mix": "1:64", "in_flight": 2, "per_key": 1}

# name, what is new, settings, options, whether values are objects of their own
STEPS = (
    ("k1", "secp256k1 by OpenSSL, a key for each value, an object for each value",
     OPENSSL, {**PER_VALUE, "curve": "secp256k1"}, True),
    ("p256", "P-256", OPENSSL, PER_VALUE, True),
    ("request_key", "a key for each request", OPENSSL, MANY, True),
    ("columns", "values as columns", OPENSSL, MANY, False),
    ("aead", "AES-GCM by ipsec-mb, where it is built in", {**ONE_WORKER, **NO_POOL}, MANY, False),
    ("pool", "keys made in advance", ONE_WORKER, MANY, False),
    ("workers", "two workers", {"e3.workers": 2}, {**MANY, "connections": 2}, False),
)

# What the public write-up of such an engine gained by the step.
WRITE_UP = {"p256": "5x", "request_key": "300x", "columns": "500k/s inside, 70-80k/s outside"}


class Ladder(Probe):
    """Every step by its nanoseconds a value.

    An object for each value is a model: what the same work costs by msgpack-c in a
    loop without a server, instead of what columns cost there, is added to E3's time.
    """

    warm_up = False

    def figures(self, bench):
        return [Figure("model_objects", "a model: msgpack-c, an object for each value"),
                Figure("model_columns", "the same, in columns")] + [
                    Figure(f"ladder_{name}", what) for name, what, *_ in STEPS]

    def run(self, bench):
        model = bench.loop("objects")
        objects, columns = model["objects"][0], model["columns"][0]
        found = {"model_objects": objects, "model_columns": columns}
        for name, _, settings, options, as_objects in STEPS:
            pin = name != "workers"
            clock, _ = throughput(bench, bench.e3(settings, pin), pin, **options)
            found[f"ladder_{name}"] = clock + (objects - columns if as_objects else 0)
        return found


def probes(bench):
    return [Ladder()]


def ratios(bench):
    names = [name for name, *_ in STEPS]
    found = []
    for before, (name, what, *_) in zip(names, STEPS[1:]):
        said = f" (the write-up: {WRITE_UP[name]})" if name in WRITE_UP else ""
        found.append(Ratio(f"step_{name}", f"{what}: faster by{said}", f"ladder_{before}", f"ladder_{name}"))
    return found + [Ratio("step_all", "all steps together", "ladder_k1", "ladder_workers")]
