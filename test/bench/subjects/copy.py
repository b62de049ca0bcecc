"""COPY of a csv file into a logged table and of a table to nowhere, encrypting and decrypting on the way."""

import os

from measure import Processor, Ratio, Statement


class Copy(Statement):
    """A file is made of {plain} or {cipher}, and loaded into a table of its own, which is empty each time."""

    def __init__(self, name, what, source, kind, options, **more):
        super().__init__(name, what, "", before=(f"TRUNCATE {name}", "CHECKPOINT"), **more)
        self.source, self.kind, self.options = source, kind, options

    def prepare(self, bench):
        table = bench.table(self.source, self.size(bench))
        file = os.path.join(os.environ["EVCRYPT_STACK"], f"{table}.csv")
        bench.main.sql(f"COPY {table} TO '{file}' (FORMAT csv)",
                       f"CREATE TABLE {self.name} (id bigint, c {self.kind})")
        self.text = f"COPY {self.name} FROM '{file}' (FORMAT csv{self.options})"


class LateCopy(Copy):
    """The same through an E3 that answers two milliseconds late."""

    def __init__(self, name, what, **more):
        super().__init__(name, what, "plain", "encrypted", ", ENCRYPT (c)", **more)

    def prepare(self, bench):
        super().prepare(bench)
        self.settings = {**self.settings, "evcrypt.endpoints": f"'unix:{bench.late_e3(2)}'"}


def unload(name, what, table, options=""):
    return Statement(name, what, f"COPY {table} TO '/dev/null' (FORMAT csv{options})")


def probes(bench):
    one = {"evcrypt.batch_depth": "1"}
    return [
        Copy("load_plain", "COPY FROM csv into text", "plain", "text", ""),
        Copy("load_encrypt", "the same file, ENCRYPT", "plain", "encrypted", ", ENCRYPT (c)"),
        Copy("load_encrypt_1", "the same, one batch in flight", "plain", "encrypted", ", ENCRYPT (c)", settings=one),
        LateCopy("load_late", "load_encrypt, E3 is 2 ms late"),
        LateCopy("load_late_1", "the same, one batch in flight", settings=one),
        Copy("load_cipher", "COPY FROM csv of ciphertexts", "cipher", "encrypted", ""),
        unload("unload_plain", "COPY TO csv of text", "{plain}"),
        unload("unload_decrypt", "COPY TO csv, DECRYPT", "{cipher}", ", DECRYPT (c)"),
        unload("unload_cipher", "COPY TO csv of ciphertexts", "{cipher}"),
    ]


def ratios(bench):
    return [
        Ratio("load", "COPY FROM, ENCRYPT ÷ plain", "load_encrypt", "load_plain", 1.6, 1.35),
        Processor("load_cpu", "load, the backend's processor time", "load_encrypt", "load_plain"),
        Ratio("load_ready", "COPY FROM, ENCRYPT ÷ ready ciphertexts", "load_encrypt", "load_cipher", 1, 0.6),
        Ratio("load_depth", "COPY FROM, ENCRYPT, one batch in flight ÷ two", "load_encrypt_1", "load_encrypt"),
        Ratio("load_late_depth", "COPY FROM, ENCRYPT, E3 2 ms late, one batch in flight ÷ two", "load_late_1", "load_late"),
        Ratio("unload", "COPY TO, DECRYPT ÷ plain", "unload_decrypt", "unload_plain", 1.8, 1.4),
        Processor("unload_cpu", "unload, the backend's processor time", "unload_decrypt", "unload_plain"),
        Ratio("unload_ready", "COPY TO, DECRYPT ÷ ciphertexts", "unload_decrypt", "unload_cipher"),
    ]
