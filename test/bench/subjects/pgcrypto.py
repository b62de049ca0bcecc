"""The same values through pgcrypto, which has its key in SQL and works inside the backend."""

import openpgp
from measure import Ratio, Statement

KEY = "'\\x" + bytes(range(32)).hex() + "'"
TUNED = "'cipher-algo=aes256, s2k-mode=1, compress-algo=0'"

# A name, what there is to say of it, and what it encrypts by and opens with; rows are a part of --rows,
# {public} and {secret} keys of OpenPGP.  An IV is kept before its value.
WAYS = {
    "aes": ("encrypt, 'aes'", ": IV of zeros, no tag", "pgcrypto.encrypt(v::bytea, {key}, 'aes')",
            "pgcrypto.decrypt(c, {key}, 'aes')", 1, 10),
    "iv": ("encrypt_iv with a random IV", ": no tag",
           "pgcrypto.encrypt_iv(v::bytea, {key}, pgcrypto.gen_random_bytes(16), 'aes')",
           "pgcrypto.decrypt_iv(substr(c, 17), {key}, substr(c, 1, 16), 'aes')", 10, 10),
    "pgp": ("pgp_sym_encrypt as it comes", "", "pgcrypto.pgp_sym_encrypt(v, 'password')",
            "pgcrypto.pgp_sym_decrypt(c, 'password')", 1000, 1000),
    "tuned": ("pgp_sym_encrypt tuned", ": " + TUNED.strip("'"), "pgcrypto.pgp_sym_encrypt(v, 'password', " + TUNED + ")",
              "pgcrypto.pgp_sym_decrypt(c, 'password')", 100, 100),
    "pub": ("pgp_pub_encrypt by RSA", " of 2048 bits", "pgcrypto.pgp_pub_encrypt(v, {public})",
            "pgcrypto.pgp_pub_decrypt(c, {secret})", 100, 5000),
}
STORED = "iv || pgcrypto.encrypt_iv(v::bytea, {key}, iv, 'aes')"


def need(bench):
    """The extension, made when it is first asked for."""
    bench.main.sql("SET client_min_messages = warning", "CREATE SCHEMA IF NOT EXISTS pgcrypto",
                   "CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA pgcrypto", "RESET client_min_messages")


class Pgcrypto(Statement):
    keys = None

    def prepare(self, bench):
        need(bench)
        if Pgcrypto.keys is None:
            public, secret = openpgp.key_pair()
            Pgcrypto.keys = {"key": KEY, "public": f"'\\x{public.hex()}'::bytea", "secret": f"'\\x{secret.hex()}'::bytea"}


class Encrypt(Pgcrypto):
    def __init__(self, way):
        what, more, call, _, share, _ = WAYS[way]
        super().__init__(f"pgcrypto_{way}", f"pgcrypto, {what}{more}", call, share=share)

    def prepare(self, bench):
        super().prepare(bench)
        self.text = f"SELECT count({self.sql.format(**self.keys)}) FROM {bench.table('plain', self.size(bench))}"


class Decrypt(Pgcrypto):
    def __init__(self, way):
        what, _, self.seal, call, _, share = WAYS[way]
        self.way = way
        super().__init__(f"pgcrypto_{way}_decrypt", f"pgcrypto, opening those of {what}", call, share=share)

    def prepare(self, bench):
        super().prepare(bench)
        name, plain = f"pgcrypto_{self.way}", bench.table("plain", self.size(bench))
        seal = STORED if self.way == "iv" else self.seal
        bench.make_table(name, f"SELECT id, {seal.format(**self.keys)} AS c"
                               f" FROM (SELECT id, v, pgcrypto.gen_random_bytes(16) AS iv FROM {plain} OFFSET 0) x")
        self.text = f"SELECT count({self.sql.format(**self.keys)}) FROM {name}"


def probes(bench):
    return [kind(way) for way in WAYS for kind in (Encrypt, Decrypt)]


def ratios(bench):
    goals = {"aes": (4, 9, "higher")}
    return [ratio for way, (what, *_) in WAYS.items() for ratio in (
        Ratio(f"pgcrypto_{way}", f"pgcrypto, {what} ÷ encrypt", f"pgcrypto_{way}", "encrypt", *goals.get(way, ())),
        Ratio(f"pgcrypto_{way}_decrypt", f"pgcrypto, opening those of {what} ÷ decrypt", f"pgcrypto_{way}_decrypt", "decrypt"))]
