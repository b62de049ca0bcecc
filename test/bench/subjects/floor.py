"""What nothing can be faster than: loops without a server, and E3 without PostgreSQL."""

import json
import os
import subprocess

from measure import Figure, Probe, Ratio

LOOPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "engine", "c")
VERBS = ("encrypt", "decrypt", "echo")


def output(pins, cpu, *command):
    """What a program says that runs on this processor."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pins.pin(process.pid, cpu)
    text = process.communicate()[0]
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {text}")
    return text


class Loops(Probe):
    """Programs of the engine's benchmark, on E3's processor."""

    warm_up = False

    def figures(self, bench):
        return [Figure("floor_bare_encrypt", "AEAD in a loop, frames of 4,096 values copied, encrypt"),
                Figure("floor_bare_decrypt", "the same, decrypt"),
                Figure("floor_agreement", "OpenSSL's decompression of a point and ECDH in a loop")]

    def run(self, bench):
        found = {}
        for program, *arguments in (("bare", "1", "auto", "auto"), ("ecdh", "1")):
            text = output(bench.pins, bench.pins.e3, os.path.join(LOOPS, program), *arguments)
            found.update({name: float(clock) for name, clock, _ in map(str.split, text.splitlines())})
        return {"floor_bare_encrypt": found["encrypt"], "floor_bare_decrypt": found["decrypt"],
                "floor_agreement": found["p256"]}


class Engine(Probe):
    """As many values as E3 takes on the socket that the server uses, two requests in flight."""

    warm_up = False

    def figures(self, bench):
        return [Figure(f"floor_{verb}", f"E3 without PostgreSQL, {verb}, 4,096 values a request") for verb in VERBS]

    def run(self, bench):
        found = {}
        for verb in VERBS:
            text = output(bench.pins, bench.pins.backend, "e3ctl", "bench", "--json", "--socket", bench.socket,
                          "--mix", "1:4096", "--in-flight", "2", "--duration", "1", "--verb", verb)
            found[f"floor_{verb}"] = 1e9 / json.loads(text)["values_per_s"]
        return found


def probes(bench):
    return [Loops(), Engine()]


def ratios(bench):
    floors = (("bare", "AEAD in a loop", "floor_bare"), ("engine", "E3 without PostgreSQL", "floor"))
    return [
        *(Ratio(f"{verb}_{name}", f"{verb} ÷ {what}", verb, f"{floor}_{verb}")
          for name, what, floor in floors for verb in ("encrypt", "decrypt")),
        Ratio("encrypt_echo", "encrypt ÷ ECHO of as many values over the same socket", "encrypt", "floor_echo"),
    ]
