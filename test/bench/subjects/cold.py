"""Values whose keys E3 has to derive, has at hand, or has among many."""

from measure import Ratio, Statement

# As many keys as E3 keeps schedules of (cached_schedules of e3.conf).
READY = 4096
# One batch, and places are left for keys of other statements.
FEW = 4000

COUNT = "SELECT count(decrypt(c)) FROM {{{}}}"


class Cold(Statement):
    """By an E3 that keeps no keys."""

    def prepare(self, bench):
        super().prepare(bench)
        self.settings = {"evcrypt.endpoints": f"'unix:{bench.other_e3('cold', {'e3.cached_keys': 0}).socket}'"}


class Warm(Statement):
    """What comes before has put the keys into the cache."""

    def prepare(self, bench):
        super().prepare(bench)
        self.before = (self.text,)


class WarmMany(Warm):
    """By an E3 of its own, whose cache has nothing else."""

    def prepare(self, bench):
        super().prepare(bench)
        self.settings = {"evcrypt.endpoints": f"'unix:{bench.other_e3('warm', {'e3.cached_schedules': READY}).socket}'"}


def probes(bench):
    return [
        Cold("decrypt_cold", "count(decrypt(c)), a key for each value, none at hand", COUNT.format("own"), share=100),
        Warm("decrypt_warm", "the same, the second time", COUNT.format("own"), rows=FEW, times=10),
        Warm("decrypt_scattered", "a key for each 100 values, far from each other, the second time",
             COUNT.format("scattered"), rows=FEW, times=10),
        Warm("decrypt_one_key", "the same number of values of one statement", COUNT.format("cipher"), rows=FEW, times=10),
        WarmMany("decrypt_warm_many", "a key for each value, most of them without a schedule, the second time",
             COUNT.format("own"), share=100, times=10),
    ]


def ratios(bench):
    return [
        Ratio("cold", "OpenSSL's ECDH in a loop ÷ decrypt, a key for each value", "floor_agreement", "decrypt_cold", 0.85, 2.2,
              "higher"),
        Ratio("warm", "the second time ÷ values of one statement", "decrypt_warm", "decrypt_one_key", 1.5, 1.1),
        Ratio("warm_many", "the same, most keys without a schedule", "decrypt_warm_many", "decrypt_one_key"),
        Ratio("scattered", "a key for each 100 ÷ values of one statement", "decrypt_scattered", "decrypt_one_key"),
    ]
