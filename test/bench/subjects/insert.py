"""INSERT … SELECT into a logged table without an index."""

from measure import Processor, Ratio, Statement


class Insert(Statement):
    """Into a table of its own, which is empty each time."""

    def prepare(self, bench):
        super().prepare(bench)
        kind = "encrypted" if "encrypt(" in self.sql else "bytea"
        bench.main.sql(f"CREATE TABLE {self.name} (id bigint, c {kind})")


def insert(name, what, call):
    return Insert(name, what, f"INSERT INTO {name} SELECT id, {call} FROM {{plain}}",
                  before=(f"TRUNCATE {name}", "CHECKPOINT"))


def probes(bench):
    return [
        insert("insert_copy", "INSERT … SELECT id, copy(v)", "bench_copy(v)"),
        insert("insert_encrypt", "INSERT … SELECT id, encrypt(v)", "encrypt(v)"),
    ]


def ratios(bench):
    return [
        Ratio("insert", "INSERT … SELECT encrypt ÷ copy function", "insert_encrypt", "insert_copy", 1.3, 1.05),
        Processor("insert_cpu", "insert, the backend's processor time", "insert_encrypt", "insert_copy"),
    ]
