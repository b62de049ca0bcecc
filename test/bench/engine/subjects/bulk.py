"""Many values a request: how much of a bare loop is left when there is a server around it."""

from measure import Figure, Probe, Ratio
from probes import Throughput

MANY = {"mix": "1:4096", "in_flight": 4}


class Bare(Probe):
    warm_up = False

    def figures(self, bench):
        return [Figure(f"bare_{verb}{cpu}", f"a loop without a server, {verb}{what}")
                for verb in ("encrypt", "decrypt") for cpu, what in (("", ""), ("_cpu", ", processor time"))]

    def run(self, bench):
        found = {}
        for verb, (clock, cpu) in bench.loop("bare", "auto", "auto").items():
            found.update({f"bare_{verb}": clock, f"bare_{verb}_cpu": cpu})
        return found


def probes(bench):
    return [Bare()] + [
        Throughput(verb, f"{verb}, 4096 values a request", {**MANY, "verb": verb}, cpu=True)
        for verb in ("encrypt", "decrypt", "echo")]


def ratios(bench):
    return [
        Ratio("bulk_encrypt", "the bare loop's time ÷ E3's, encrypt", "bare_encrypt", "encrypt", 0.6, better="higher"),
        Ratio("bulk_decrypt", "the same, decrypt", "bare_decrypt", "decrypt", 0.6, better="higher"),
        Ratio("bulk_encrypt_cpu", "processor time: the loop's ÷ E3's, encrypt", "bare_encrypt_cpu", "encrypt_cpu"),
        Ratio("bulk_decrypt_cpu", "the same, decrypt", "bare_decrypt_cpu", "decrypt_cpu"),
        Ratio("bulk_echo", "encrypt ÷ echo", "encrypt", "echo"),
    ]
