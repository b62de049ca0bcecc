"""Calls elsewhere than in an aggregate: in VALUES, UPDATE, WHERE, a hash join and GROUP BY."""

from measure import Ratio, Statement

VALUES_ROWS = 1000


class Values(Statement):
    """INSERT of so many rows a statement, whose text has the values."""

    def __init__(self, name, what, call, kind):
        super().__init__(name, what, "", rows=VALUES_ROWS, times=10, before=(f"TRUNCATE {name}",))
        self.call, self.kind = call, kind

    def prepare(self, bench):
        bench.main.sql(f"CREATE TABLE {self.name} (id bigint, c {self.kind})")
        values = bench.main.sql(f"SELECT string_agg(format('(%s, {self.call}(%L))', i, md5(i::text)), ', ')"
                                f" FROM generate_series(1, {VALUES_ROWS}) i")
        self.text = f"INSERT INTO {self.name} VALUES {values}"


class Update(Statement):
    """Of a table of its own, whose rows are all new each time."""

    def __init__(self, name, what, call, kind):
        super().__init__(name, what, f"UPDATE {name} SET c = {call}(v)", share=10)
        self.kind = kind

    def prepare(self, bench):
        super().prepare(bench)
        bench.main.sql(f"CREATE TABLE {self.name} (id bigint, v text, c {self.kind})")
        self.before = (f"TRUNCATE {self.name}",
                       f"INSERT INTO {self.name} SELECT id, v FROM {bench.table('plain', self.size(bench))}", "CHECKPOINT")


def writers(probe, name, what):
    """By the copy function and by encrypt."""
    return [
        probe(f"{name}_copy", what.format("copy"), "bench_copy", "bytea"),
        probe(f"{name}_encrypt", what.format("encrypt"), "encrypt", "encrypted"),
    ]


def sides(name, what, sql, **more):
    """Through the copy function and through decrypt."""
    return [
        Statement(f"{name}_copy_back", f"{what}, copy_back(c)", sql.format(call="bench_copy_back(c)", table="{copied}"), **more),
        Statement(f"{name}_decrypt", f"{what}, decrypt(c)", sql.format(call="decrypt(c)", table="{cipher}"), **more),
    ]


def probes(bench):
    return [
        *writers(Values, "values", "INSERT … VALUES of 1000 rows, {}('…')"),
        *writers(Update, "update", "UPDATE … SET c = {}(v)"),
        *sides("where", "WHERE … = md5('1')", "SELECT count(*) FROM {table} WHERE {call} = md5('1')", answer="1"),
        *sides("join", "hash join with the values", "SELECT count(*) FROM {table} x JOIN {{plain}} p ON {call} = p.v", share=10,
               settings={"enable_nestloop": "off", "enable_mergejoin": "off"}),
        *sides("group", "GROUP BY, each value once",
               "SELECT sum(n) FROM (SELECT count(*) AS n FROM {table} GROUP BY {call}) x", share=10),
    ]


def ratios(bench):
    writing = {"values": "INSERT … VALUES, encrypt ÷ copy function", "update": "UPDATE, encrypt ÷ copy function"}
    reading = {"where": "WHERE decrypt(c) = … ÷ copy function back",
               "join": "hash join on decrypt(c) ÷ on the copy function back",
               "group": "GROUP BY decrypt(c) ÷ by the copy function back"}
    return [
        *(Ratio(name, what, f"{name}_encrypt", f"{name}_copy") for name, what in writing.items()),
        *(Ratio(name, what, f"{name}_decrypt", f"{name}_copy_back") for name, what in reading.items()),
    ]
