"""Quality rules over one table of the city: CPU seconds of the run, beside the plain evaluator's.

A million people (name, resident number, phone, nation, age, two amounts): complete, format, range, allowed,
checksum and consistent in one aggregate; unique and the failing rows of a rule apart. The reference evaluator
sees a hundredth and must count the same there.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness import benchmark, figure, spent

ROWS = 1_000_000
RULES = (
    {"kind": "complete", "column": "name"},
    {"kind": "format", "column": "phone", "named": "mobile"},
    {"kind": "range", "column": "age", "least": 0, "most": 115},
    {"kind": "allowed", "column": "nation", "values": ["汉族", "回族"]},
    {"kind": "checksum", "column": "number", "scheme": "resident_id"},
    {"kind": "consistent", "expression": "total = price * 3"},
)
UNIQUE = {"kind": "unique", "columns": ["number"]}
TABLE = """
select i as id, case when i % 50 = 0 then ' ' else '王' || i end as name,
  '37010219' || (i % 90 + 10) || '0101' || lpad((i % 1000)::varchar, 3, '0') || (i % 10) as number,
  '139' || lpad((i % 100000000)::varchar, 8, '0') as phone, ['汉族', '回族', '满族'][i % 3 + 1] as nation,
  (i % 120)::integer as age, (i % 100) / 10 as price, (i % 100) * 3 / 10 as total
from range({rows}) numbers(i)
"""


@benchmark("quality-rules", "six rules over 1M rows in one aggregate; unique; failing rows", "duckdb, ibis")
def run(scale: float) -> None:
    """Compile, count, compare with the oracle on a part."""
    import ibis

    from quancheng.core.quality import compile_rules, evaluate_rows

    rows = max(1000, int(ROWS * scale))
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"create table people as {TABLE.format(rows=rows)}")
    people = engine.table("people")
    one(people.aggregate(n=people.count()))  # the engine's first query loads what later ones have
    with spent() as used:
        plan = compile_rules(rules(*RULES), people)
    figure("quality_compile", used.cpu, "CPU s")
    with spent() as used:
        found = plan.read([one(query) for query in plan.queries()])
    figure("quality_six_rules", used.cpu, "CPU s")
    figure("quality_six_rules_rows", found.rows / used.cpu, "rows/CPU s")
    unique = compile_rules(rules(UNIQUE), people)
    with spent() as used:
        unique.read([one(query) for query in unique.queries()])
    figure("quality_unique", used.cpu, "CPU s")
    with spent() as used:
        plan.failing("r4", 100).to_pyarrow()
    figure("quality_failing_100", used.cpu, "CPU s")
    part = people.filter(people.id < rows // 100)
    plain = part.to_pyarrow().to_pylist()
    with spent() as used:
        expected, _ = evaluate_rows(rules(*RULES), plain)
    figure("quality_reference", len(plain) / used.cpu, "rows/CPU s")
    again = compile_rules(rules(*RULES), part)
    if again.read([one(query) for query in again.queries()]) != expected:
        raise RuntimeError("the engine and the reference evaluator count differently")


def rules(*each: dict[str, Any]) -> Any:
    """A rule set of the benchmark's table."""
    from quancheng.core.quality import parse_rules

    filled = [{"id": f"r{number}", "name": "rule", **rule} for number, rule in enumerate(each)]
    return parse_rules({"table": "people", "key": ["id"], "rules": filled})


def one(query: Any) -> dict[str, Any]:
    """The only row of a query."""
    (row,) = query.to_pyarrow().to_pylist()
    return dict(row)
