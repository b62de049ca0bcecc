"""The same over TLS."""

from measure import Ratio, Statement


class OverTls(Statement):
    def prepare(self, bench):
        super().prepare(bench)
        self.settings = {**self.settings, **bench.over_tls()}


def probes(bench):
    return [
        OverTls("tls_encrypt", "count(encrypt(v)), TLS", "SELECT count(encrypt(v)) FROM {plain}"),
        OverTls("tls_decrypt", "count(decrypt(c)), TLS", "SELECT count(decrypt(c)) FROM {cipher}"),
    ]


def ratios(bench):
    return [
        Ratio("tls", "encrypt, TLS ÷ Unix socket", "tls_encrypt", "encrypt", 2.0, 1.5),
        Ratio("tls_decrypt", "decrypt, TLS ÷ Unix socket", "tls_decrypt", "decrypt"),
    ]
