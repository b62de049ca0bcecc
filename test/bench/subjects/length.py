"""Values of 16 bytes to 64 KB."""

from measure import Ratio, Statement

LENGTHS = (16, 64, 256, 1024, 4096, 16384, 65536)
# As many as make so many bytes of a million rows, and not more than a tenth of these.
BYTES_A_ROW = 16
CALLS = {
    "copy": ("bench_copy(v)", "plain"), "encrypt": ("encrypt(v)", "plain"),
    "copy_back": ("bench_copy_back(c)", "copied"), "decrypt": ("decrypt(c)", "cipher"),
}
# Of a value from elsewhere, whose bytes are not to be compressed.
MAKE = {
    "plain": "SELECT i AS id, left((SELECT string_agg(md5(i::text || j), '') FROM generate_series(0, {length} / 32) j), {length})"
             " AS v FROM generate_series(1::bigint, {rows}) i",
    "copied": "SELECT id, bench_copy(v) AS c FROM length_plain_{length}",
    "cipher": "SELECT id, encrypt(v) AS c FROM length_plain_{length}",
}


class Length(Statement):
    def __init__(self, call, length):
        sql, self.kind = CALLS[call]
        super().__init__(f"length_{call}_{length}", f"count({sql.replace('bench_', '')}), {length} bytes",
                         f"SELECT count({sql}) FROM length_{self.kind}_{length}", times=3)
        self.length = length

    def size(self, bench):
        return max(min(bench.rows // 10, bench.rows * BYTES_A_ROW // self.length), 10)

    def prepare(self, bench):
        super().prepare(bench)
        for kind in dict.fromkeys(("plain", self.kind)):
            name = f"length_{kind}_{self.length}"
            if bench.main.sql(f"SELECT to_regclass('{name}') IS NULL") == "t":
                bench.make_table(name, MAKE[kind].format(length=self.length, rows=self.size(bench)))


def probes(bench):
    return [Length(call, length) for length in LENGTHS for call in CALLS]


def ratios(bench):
    return [
        Ratio(f"length_{call}_{length}", f"{length} bytes: {call} ÷ {floor.replace('_', ' ')} function", f"length_{call}_{length}",
              f"length_{floor}_{length}")
        for call, floor in (("encrypt", "copy"), ("decrypt", "copy_back")) for length in LENGTHS
    ]
