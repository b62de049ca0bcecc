"""A program that encrypts before it loads and decrypts after it has unloaded, against one that leaves that to COPY.

See ../c/program.c.
"""

import os
import subprocess

import processes
from measure import Figure, Probe, Ratio

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "c", "program")


# What loads, and what unloads; the others' options of COPY are those of csv.
LOADS = ("send", "seal", "pack")
BINARY = ("seal", "open", "pack", "unpack")


class Program(Probe):
    """verb is the program's; "kind" is the table's, or the column's if it is loaded; options are COPY's."""

    def __init__(self, name, what, verb, kind, options=""):
        self.name, self.what, self.verb, self.kind, self.options = name, what, verb, kind, options

    def figures(self, bench):
        return [Figure(self.name, self.what)]

    def copy(self, table, direction):
        return f"COPY {table} {direction} (FORMAT {'binary' if self.verb in BINARY else 'csv'}{self.options})"

    def prepare(self, bench):
        plain = bench.table("plain", bench.rows)
        self.csv = os.path.join(os.environ["EVCRYPT_STACK"], f"program_{plain}.csv")
        if not os.path.exists(self.csv):
            bench.main.sql(f"COPY {plain} TO '{self.csv}' (FORMAT csv)")
        if self.verb in LOADS:
            self.table = self.name
            bench.main.sql(f"CREATE TABLE {self.table} (id bigint, c {self.kind})")
        elif self.verb == "open":
            self.table = f"{self.name}_sealed"
            bench.main.sql(f"CREATE TABLE {self.table} (id bigint, c {self.kind})")
            self.call(bench, "seal", self.csv, self.copy(self.table, "FROM STDIN"))
        else:
            self.table = bench.table(self.kind, bench.rows)

    def call(self, bench, verb, file, statement):
        """Starts the program and pins it and its backend; a dictionary of figures."""
        process = subprocess.Popen([PROGRAM, "", verb, file, statement], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            backend = int(process.stdout.readline() or 0)
            if backend:
                bench.pins.pin(process.pid, bench.pins.client)
                bench.pins.pin(backend, bench.pins.backend)
                before = processes.times(bench.e3)
        finally:
            text = process.communicate("\n")[0]
        if process.returncode != 0:
            raise RuntimeError(f"{self.name}: the program failed")
        after = processes.times(bench.e3)
        ns, rows = map(int, text.split())
        if rows != bench.rows:
            raise RuntimeError(f"{self.name}: {rows} rows instead of {bench.rows}")
        found = {self.name: ns / rows}
        if before:
            found[f"{self.name}/e3"] = (after[0] - before[0]) / rows
        return found

    def run(self, bench):
        if self.verb not in LOADS:
            return self.call(bench, self.verb, "/dev/null", self.copy(self.table, "TO STDOUT"))
        bench.main.sql(f"TRUNCATE {self.table}", "CHECKPOINT")
        return self.call(bench, self.verb, self.csv, self.copy(self.table, "FROM STDIN"))


def probes(bench):
    return [
        Program("program_load_plain", "a program sends a csv file to COPY FROM, into text", "send", "text"),
        Program("program_load_encrypt", "the same, ENCRYPT", "send", "encrypted", ", ENCRYPT (c)"),
        Program("program_pack_encrypt", "it reads the file and sends a binary COPY, ENCRYPT", "pack", "encrypted", ", ENCRYPT (c)"),
        Program("program_seal", "it encrypts the values, and sends a binary COPY", "seal", "bytea"),
        Program("program_unload_plain", "a program writes a csv file of COPY TO, of text", "take", "plain"),
        Program("program_unload_decrypt", "the same, DECRYPT", "take", "cipher", ", DECRYPT (c)"),
        Program("program_unpack_decrypt", "it takes a binary COPY, DECRYPT, and writes the file", "unpack", "cipher", ", DECRYPT (c)"),
        Program("program_open", "it takes a binary COPY, and decrypts the values", "open", "bytea"),
    ]


def ratios(bench):
    return [
        Ratio("program_load", "COPY FROM csv, ENCRYPT ÷ encryption in the program", "program_load_encrypt", "program_seal"),
        Ratio("program_load_binary", "COPY FROM binary, ENCRYPT ÷ encryption in the program", "program_pack_encrypt",
              "program_seal"),
        Ratio("program_unload", "COPY TO csv, DECRYPT ÷ decryption in the program", "program_unload_decrypt", "program_open"),
        Ratio("program_unload_binary", "COPY TO binary, DECRYPT ÷ decryption in the program", "program_unpack_decrypt",
              "program_open"),
        Ratio("program_load_plain", "encryption in the program ÷ a csv file as it is", "program_seal", "program_load_plain"),
        Ratio("program_unload_plain", "decryption in the program ÷ a csv file as it is", "program_open", "program_unload_plain"),
    ]
