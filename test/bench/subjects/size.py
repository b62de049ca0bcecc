"""What a stored value takes, without the header that every value of its kind has."""

from measure import Difference, Figure, Probe


class Stored(Probe):
    warm_up = False

    def figures(self, bench):
        return [
            Figure("size_plain", "stored plaintext", "bytes/value"),
            Figure("size_cipher", "stored ciphertext", "bytes/value"),
        ]

    def prepare(self, bench):
        self.sql = (
            f"SELECT avg(octet_length(v)) FROM {bench.table('plain', bench.rows)}",
            f"SELECT avg((encrypted_info(c)).stored_bytes) FROM {bench.table('cipher', bench.rows)}",
        )

    def run(self, bench):
        return {figure.name: float(bench.main.sql(sql)) for figure, sql in zip(self.figures(bench), self.sql)}


def probes(bench):
    return [Stored()]


def ratios(bench):
    return [Difference("size", "bytes that a stored value grows by", "size_cipher", "size_plain", 84, 82)]
