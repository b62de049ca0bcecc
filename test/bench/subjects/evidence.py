"""A new connection to E3, to one that must give evidence of itself and to one that need not."""

import hashlib
import os
import subprocess

from bench import free_port
from certs import Certs, owned_folder
from measure import Difference, Figure, Probe, Ratio

COUNT = 50
WAYS = {"unix": "the Unix socket", "tls": "TLS"}
DEMANDS = {"": "without evidence", "_evidence": "with evidence, of the kind software"}

# Each call of evcrypt_health() makes a connection, asks what is configured, and HEALTH.
FUNCTION = """CREATE FUNCTION bench_connect(n int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE good bigint := 0;
BEGIN
    FOR i IN 1..n LOOP
        good := good + (SELECT count(*) FROM evcrypt_health() WHERE error IS NULL);
    END LOOP;
    RETURN good;
END $$"""


def sha384(path):
    if not path:
        return hashlib.sha384(b"").hexdigest()
    with open(path, "rb") as file:
        return hashlib.sha384(file.read()).hexdigest()


class Witness:
    """An E3 that gives evidence, over both ways, and the settings of a session that demands it."""

    def __init__(self, bench):
        self.tls = f"127.0.0.1:{free_port()}"
        self.authority = owned_folder("authority")
        subprocess.run(["e3ctl", "attest", "ca", self.authority], check=True, stdout=subprocess.DEVNULL)
        self.e3 = bench.other_e3("witness", {
            "tls.listen": self.tls, **Certs.settings(), "attest.evidence": "software",
            **{f"attest.{key}": os.path.join(self.authority, file) for key, file in (
                ("root", "root.crt"), ("certificate", "issuer.crt"), ("key", "issuer.key"))}})

    def settings(self):
        program = os.path.join(os.environ["EVCRYPT_STACK"], "bin", "e3")
        pcrs = ",".join(f"{i}={sha384(path)}" for i, path in enumerate((program, self.e3.config, None)))
        return {"evcrypt.attestation_root": os.path.join(self.authority, "root.crt"), "evcrypt.expected_pcrs": pcrs,
                **dict(zip(("evcrypt.sslcert", "evcrypt.sslkey", "evcrypt.sslrootcert"), Certs.files("client")))}

    def endpoint(self, way):
        return f"unix:{self.e3.socket}" if way == "unix" else f"tls://{self.tls}"


class Connect(Probe):
    """Both from the same session and E3; all four by turns."""

    def __init__(self):
        self.names = [f"connect_{way}{demand}" for way in WAYS for demand in DEMANDS]

    def figures(self, bench):
        return [Figure(f"connect_{way}{demand}", f"a connection over {WAYS[way]} and HEALTH, {DEMANDS[demand]}", "µs")
                for way in WAYS for demand in DEMANDS]

    def prepare(self, bench):
        self.witness = Witness(bench)
        bench.main.sql(FUNCTION)

    def run(self, bench):
        found = {}
        for name, value in self.witness.settings().items():
            bench.main.sql(f"SET {name} = '{value}'")
        for way in WAYS:
            for demand in DEMANDS:
                bench.main.sql(f"SET evcrypt.endpoints = '{self.witness.endpoint(way)}'",
                               f"SET evcrypt.attestation = {'software' if demand else 'off'}")
                answer = bench.main.command("run", f"SELECT bench_connect({COUNT})")
                if answer.text != str(COUNT):
                    raise RuntimeError(f"{answer.text} connections of {COUNT}")
                found[f"connect_{way}{demand}"] = answer.ns / COUNT / 1000
        bench.main.sql("RESET evcrypt.endpoints", "RESET evcrypt.attestation",
                       *(f"RESET {name}" for name in self.witness.settings()))
        return found


def probes(bench):
    return [Connect()]


def ratios(bench):
    return [found for way in WAYS for found in (
        Ratio(f"evidence_{way}", f"a connection over {WAYS[way]}: with evidence ÷ without",
              f"connect_{way}_evidence", f"connect_{way}"),
        Difference(f"evidence_{way}_us", "what evidence adds to it, µs", f"connect_{way}_evidence", f"connect_{way}"))]
