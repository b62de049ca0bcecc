"""What nothing can be faster than: loops without a server, and E3 without PostgreSQL."""

import json
import os
import subprocess

from measure import Figure, Probe, Ratio

LOOPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "engine", "c")
VERBS = ("encrypt", "decrypt", "echo")


class Loops(Probe):
    """Programs of the engine's benchmark, on E3's processor."""

    warm_up = False

    def figures(self, bench):
        return [Figure("floor_bare_encrypt", "AEAD in a loop, frames of 4,096 values copied, encrypt"),
                Figure("floor_bare_decrypt", "the same, decrypt"),
                Figure("floor_agreement", "OpenSSL's decompression of a point and ECDH in a loop")]

    def run(self, bench):
        found = {}
        for program in (("bare", "1", "auto", "auto"), ("ecdh", "1")):
            process = subprocess.Popen([os.path.join(LOOPS, program[0]), *program[1:]], stdout=subprocess.PIPE, text=True)
            bench.pins.pin(process.pid, bench.pins.e3)
            text = process.communicate()[0]
            if process.returncode != 0:
                raise RuntimeError(f"{program[0]} failed")
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
            process = subprocess.Popen(
                ["e3ctl", "bench", "--json", "--socket", bench.socket, "--mix", "1:4096", "--in-flight", "2", "--duration",
                 "1", "--verb", verb], stdout=subprocess.PIPE, text=True)
            bench.pins.pin(process.pid, bench.pins.backend)
            text = process.communicate()[0]
            if process.returncode != 0:
                raise RuntimeError(f"e3ctl bench failed: {text}")
            found[f"floor_{verb}"] = 1e9 / json.loads(text)["values_per_s"]
        return found


def probes(bench):
    return [Loops(), Engine()]


def ratios(bench):
    return [
        Ratio("encrypt_bare", "encrypt ÷ AEAD in a loop", "encrypt", "floor_bare_encrypt"),
        Ratio("decrypt_bare", "decrypt ÷ AEAD in a loop", "decrypt", "floor_bare_decrypt"),
        Ratio("encrypt_engine", "encrypt ÷ E3 without PostgreSQL", "encrypt", "floor_encrypt"),
        Ratio("decrypt_engine", "decrypt ÷ E3 without PostgreSQL", "decrypt", "floor_decrypt"),
        Ratio("encrypt_echo", "encrypt ÷ ECHO of as many values over the same socket", "encrypt", "floor_echo"),
    ]
