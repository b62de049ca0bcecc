"""One value a statement: how long until it is there."""

import subprocess
import time

from measure import Figure, Probe, Ratio, percentile
from subjects import pgcrypto, service

VALUE = "0123456789abcdef0123456789abcdef"
COUNT = 3000
# Fewer than the keys that E3 makes ahead.
WARM = 400
DEADLINE = 30

KINDS = {
    "copy": "prepared SELECT copy($1)",
    "echo": "prepared SELECT echo($1), which asks E3",
    "encrypt": "prepared SELECT encrypt($1), keys made ahead",
    "sustained": "the same without a pause, each derives its own key",
    "decrypt": "prepared SELECT decrypt($1), the key at hand",
    "tls": "prepared SELECT decrypt($1), over TLS",
    "pgcrypto": "prepared SELECT pgcrypto.pgp_sym_encrypt($1), " + pgcrypto.TUNED.strip("'"),
    "service": "prepared SELECT of a key service by HTTP, from PL/Perl",
    "raw": "echo by a client of E3, without PostgreSQL",
}


def keys_ready():
    stats = subprocess.run(["e3ctl", "stats"], capture_output=True, text=True, check=True).stdout
    return int(dict(line.split(": ") for line in stats.splitlines())["keys_ready"])


def wait_for_keys(bench, count):
    """E3 makes them while nobody asks it for anything else."""
    bench.main.sql("SELECT encrypt('x')")
    end = time.monotonic() + DEADLINE
    while keys_ready() < count:
        if time.monotonic() > end:
            raise RuntimeError("E3 has not made keys ahead")
        time.sleep(0.05)


class Single(Probe):
    def __init__(self, kind):
        self.kind = kind
        self.names = (f"single_{kind}_p50", f"single_{kind}_p99")

    def figures(self, bench):
        return [Figure(name, KINDS[self.kind] + ": " + what, "µs")
                for name, what in zip(self.names, ("median", "99th percentile"))]

    def prepare(self, bench):
        self.value = VALUE
        self.settings = bench.over_tls() if self.kind == "tls" else {}
        if self.kind in ("decrypt", "tls"):
            self.value = bench.main.sql(f"SELECT encrypt('{VALUE}')::text")
        if self.kind == "pgcrypto":
            pgcrypto.need(bench)
        if self.kind == "service":
            service.need(bench)

    def answer(self, bench):
        count = bench.times(COUNT)
        if self.kind == "encrypt":
            count = bench.times(WARM)
            wait_for_keys(bench, count)
        if self.kind != "raw":
            call = {"copy": "bench_copy($1)", "echo": f"bench_echo($1, '{bench.socket}')", "decrypt": "decrypt($1)",
                    "tls": "decrypt($1)", "pgcrypto": f"pgcrypto.pgp_sym_encrypt($1, 'password', {pgcrypto.TUNED})",
                    "service": "bench_service('encrypt', $1)"}.get(self.kind, "encrypt($1::text)")
            return bench.main.command("single", count, self.value, f"SELECT {call}")
        # It stands where the backend stands otherwise.
        client = bench.main.process.pid
        bench.pins.pin(client, bench.pins.backend)
        try:
            return bench.main.command("echo", count, VALUE)
        finally:
            bench.pins.pin(client, bench.pins.client)

    def run(self, bench):
        try:
            bench.main.sql("SELECT 1", *(f"SET {name} = {value}" for name, value in self.settings.items()))
            times = [int(time) / 1000 for time in self.answer(bench).text.split()]
        finally:
            bench.main.sql("SELECT 1", *(f"RESET {name}" for name in self.settings))
        return dict(zip(self.names, (percentile(times, 0.5), percentile(times, 0.99))))


def probes(bench):
    return [Single(kind) for kind in KINDS]


def ratios(bench):
    return [
        Ratio("single", "one encrypt ÷ the statement with an echo, median", "single_encrypt_p50", "single_echo_p50",
              1.3, 1.05),
        Ratio("single_sustained", "the same when keys are not made ahead", "single_sustained_p50", "single_echo_p50"),
        Ratio("single_p99", "the same, 99th percentile", "single_encrypt_p99", "single_echo_p99"),
        Ratio("single_raw", "one encrypt ÷ an echo without PostgreSQL, median", "single_encrypt_p50", "single_raw_p50"),
        Ratio("single_decrypt", "one decrypt ÷ the statement with an echo, median", "single_decrypt_p50", "single_echo_p50"),
        Ratio("single_tls", "one decrypt, TLS ÷ Unix socket, median", "single_tls_p50", "single_decrypt_p50"),
        Ratio("single_pgcrypto", "one pgp_sym_encrypt, tuned ÷ one encrypt, median", "single_pgcrypto_p50", "single_encrypt_p50"),
        Ratio("single_service", "one call of a key service ÷ one encrypt, median", "single_service_p50", "single_encrypt_p50"),
    ]
