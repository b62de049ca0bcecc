"""Key agreements: where every value has an ephemeral key of its own, and on each curve by each library."""

from measure import Figure, Probe, Ratio
from probes import NO_POOL, ONE_WORKER, Throughput

NO_CACHE = {**ONE_WORKER, "e3.cached_keys": 0}
OPENSSL = {"crypto.agreement": "openssl"}
OWN_KEYS = {"verb": "decrypt", "mix": "1:1024", "in_flight": 2, "per_key": 1}
K1 = {"curve": "secp256k1"}


class Raw(Probe):
    warm_up = False

    def figures(self, bench):
        return [Figure(f"raw_{curve}{cpu}", f"decompression and ECDH by OpenSSL, {curve}{what}")
                for curve in ("p256", "secp256k1") for cpu, what in (("", ""), ("_cpu", ", processor time"))]

    def run(self, bench):
        found = {}
        for curve, (clock, cpu) in bench.loop("ecdh").items():
            found.update({f"raw_{curve}": clock, f"raw_{curve}_cpu": cpu})
        return found


def per_value(name, what, settings, options):
    return Throughput(name, what, {**OWN_KEYS, **options}, settings, cpu=True)


def per_request(name, what, settings, options):
    return Throughput(name, f"encrypt one value, {what}", {**options, "mix": "1:1", "in_flight": 4}, settings,
                      unit="µs/request")


def probes(bench):
    own = {**ONE_WORKER, **NO_POOL}
    by_openssl = {**own, **OPENSSL}
    return [
        Raw(),
        per_value("cold", "decrypt, each value its own key, P-256 by OpenSSL", {**NO_CACHE, **OPENSSL}, {}),
        per_value("cold_library", "the same, P-256 by another library where there is one", NO_CACHE, {}),
        per_value("cold_k1", "the same, secp256k1 by another library where there is one", NO_CACHE, K1),
        per_value("cold_k1_openssl", "the same, secp256k1 by OpenSSL", {**NO_CACHE, **OPENSSL},
                  {**K1, "mix": "1:256"}),
        per_value("cached", "the same values again, P-256", ONE_WORKER, {}),
        per_value("one_key", "as many values under one key", ONE_WORKER, {"per_key": 0}),
        per_request("request_p256", "P-256", own, {}),
        per_request("request_k1", "secp256k1 by another library where there is one", own, K1),
        per_request("request_k1_openssl", "secp256k1 by OpenSSL", by_openssl, K1),
    ]


def ratios(bench):
    return [
        Ratio("cold", "OpenSSL's loop ÷ E3 by OpenSSL, P-256, each value its own key", "raw_p256", "cold", 0.85,
              better="higher"),
        Ratio("cold_cpu", "the same, processor time", "raw_p256_cpu", "cold_cpu"),
        Ratio("cold_library", "the same loop ÷ E3 with the fastest library", "raw_p256", "cold_library"),
        Ratio("cached", "the second time ÷ values under one key", "cached", "one_key"),
        Ratio("k1_value", "secp256k1 ÷ P-256, decrypt, a value", "cold_k1", "cold_library"),
        Ratio("k1_value_openssl", "secp256k1 by OpenSSL ÷ by libsecp256k1, decrypt, a value", "cold_k1_openssl",
              "cold_k1"),
        Ratio("k1_request", "secp256k1 ÷ P-256, encrypt, a request", "request_k1", "request_p256"),
        Ratio("k1_request_openssl", "secp256k1 by OpenSSL ÷ by libsecp256k1, encrypt, a request",
              "request_k1_openssl", "request_k1"),
    ]
