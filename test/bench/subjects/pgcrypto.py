"""The same values through pgcrypto, which has its key in SQL and works inside the backend."""

from measure import Ratio, Statement

KEY = "'\\x" + bytes(range(32)).hex() + "'"


class Pgcrypto(Statement):
    def prepare(self, bench):
        bench.main.sql("SET client_min_messages = warning", "CREATE SCHEMA IF NOT EXISTS pgcrypto",
                       "CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA pgcrypto", "RESET client_min_messages")
        super().prepare(bench)


def probes(bench):
    return [
        Pgcrypto("pgcrypto_aes", "pgcrypto.encrypt(v, key, 'aes'): IV of zeros, no tag",
                 f"SELECT count(pgcrypto.encrypt(v::bytea, {KEY}, 'aes')) FROM {{plain}}"),
        Pgcrypto("pgcrypto_iv", "pgcrypto.encrypt_iv with a random IV: no tag",
                 f"SELECT count(pgcrypto.encrypt_iv(v::bytea, {KEY}, pgcrypto.gen_random_bytes(16), 'aes'))"
                 " FROM {plain}", share=10),
        Pgcrypto("pgcrypto_pgp", "pgcrypto.pgp_sym_encrypt, as it comes",
                 "SELECT count(pgcrypto.pgp_sym_encrypt(v, 'password')) FROM {plain}", share=1000),
    ]


def ratios(bench):
    return [
        Ratio("pgcrypto_aes", "pgcrypto.encrypt ÷ encrypt", "pgcrypto_aes", "encrypt", 4, 9, "higher"),
        Ratio("pgcrypto_iv", "pgcrypto.encrypt_iv ÷ encrypt", "pgcrypto_iv", "encrypt"),
        Ratio("pgcrypto_pgp", "pgcrypto.pgp_sym_encrypt ÷ encrypt", "pgcrypto_pgp", "encrypt"),
    ]
