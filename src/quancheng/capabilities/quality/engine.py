"""检查执行: rules against a version of a table: compiled, asked of the engine, read; nothing is written here."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from quancheng.capabilities.quality.deadlines import local
from quancheng.capabilities.quality.models import RuleVersion, Sheet
from quancheng.capabilities.quality.values import Checked
from quancheng.capabilities.tables import queries as tables
from quancheng.core.quality import (
    Findings,
    Plan,
    Profile,
    QualityError,
    Rule,
    RuleSet,
    compile_rules,
    parse_rule,
    profile_plan,
    without_values,
)
from quancheng.core.quality.model import Reference
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound

MOST_VALUES = 200
"""Columns with more values than this have no list of the most frequent: each costs a query of its own."""
ZONE = timedelta(hours=8)
"""China has one zone and no summer time since 1991; moments are stored in UTC."""
_PLACE = re.compile(r"rules\[([A-Za-z0-9_\-.]{1,64})\]")


def rule_of(version: RuleVersion) -> Rule:
    """The rule that a version holds (规则)."""
    return parse_rule(version.document)


def rule_set(sheet: Sheet, rules: Sequence[Rule], key: Sequence[str]) -> RuleSet:
    """The rules of a table with its key and its words for "none" (规则集)."""
    return RuleSet(sheet.zh, tuple(rules), tuple(key), tuple(sheet.missing))


def city_time(table: Any) -> Any:
    """The table with its moments on the city's clock (换算为本地时间): rules speak of local days and hours."""
    import ibis

    ahead = ibis.interval(hours=int(ZONE / timedelta(hours=1)))
    moved = {
        name: table[name].cast("timestamp(6)") + ahead
        for name, kind in table.schema().items()
        if kind.is_timestamp() and getattr(kind, "timezone", None)
    }
    return table.mutate(**moved) if moved else table


def info_of(table_id: UUID) -> Any:
    """What tables says of a table, asked by the platform itself (表信息). Raises NotFound."""
    return tables.info(str(table_id))


@contextmanager
def opened(table_id: UUID, version: int | None = None) -> Iterator[tuple[Any, Any]]:
    """A version of a table and its Ibis table on the city's clock (打开数据表)."""
    view = tables.view(str(table_id), version)
    with view.ibis() as table:
        yield view, city_time(table)


def parents_of(rules: Sequence[Rule]) -> dict[str, Any]:
    """Tables that ``reference`` rules point to: the named columns, newest version (被引用的表).

    A table that is gone is left out, so that the rule says so. Brought as memory tables: each version is
    opened by an engine of its own, and engines do not join each other's tables.
    """
    import ibis

    wanted: dict[str, set[str]] = {}
    for rule in rules:
        check = rule.check
        if isinstance(check, Reference):
            wanted.setdefault(check.table, set()).update(check.target)
    found = {}
    for name, columns in wanted.items():
        try:
            view = tables.view(name)
        except NotFound:
            continue
        known = {column.name for column in view.schema.columns}
        found[name] = ibis.memtable(view.arrow(sorted(columns & known) or sorted(known)[:1]))
    return found


def plan_for(
    sheet: Sheet, rules: Sequence[Rule], view: Any, table: Any, at: datetime, updated_at: datetime | None
) -> tuple[Plan, dict[str, Text]]:
    """The plan of those rules that this version can be asked, and why not the others (编制检查计划)."""
    kept, faults = list(rules), {}
    parents = parents_of(rules)
    moments = {"as_of": local(at), "updated_at": local(updated_at) if updated_at else None}
    while True:
        try:
            chosen = rule_set(sheet, kept, view.schema.key)
            return compile_rules(chosen, table, tables=parents, **moments), faults
        except QualityError as error:
            place = _PLACE.search(error.place)
            broken = next((rule for rule in kept if place and rule.id == place[1]), None)
            if broken is None:
                raise
            faults[broken.id] = error.text
            kept.remove(broken)


def run_plan(plan: Plan) -> Findings:
    """Execute a plan's queries (执行)."""
    return plan.read([_one(query) for query in plan.queries()])


def _one(query: Any) -> Mapping[str, object]:
    (row,) = query.to_pyarrow().to_pylist()
    return dict(row)


def check(
    sheet: Sheet,
    versions: Sequence[RuleVersion],
    *,
    version: int | None = None,
    baseline: Profile | None = None,
    profiled: bool = True,
) -> Checked:
    """Run rules over a version of a table, the newest without one, and profile it if asked (检查一张表).

    Raises NotFound when the table is gone.
    """
    began, at = time.monotonic(), clock.now()
    info = info_of(sheet.table_id)
    rules = [rule_of(each) for each in versions]
    with opened(sheet.table_id, version) as (view, table):
        plan, faults = plan_for(sheet, rules, view, table, at, info.updated_at)
        findings = run_plan(plan)
        profile = _profile(view, table, baseline) if profiled else None
        number = view.version
    took = round((time.monotonic() - began) * 1000)
    named = {rule.id: each.pk for rule, each in zip(rules, versions, strict=True)}
    return Checked(number, at, findings, named, faults, profile, took)


def _profile(view: Any, table: Any, baseline: Profile | None) -> Profile:
    """The table's profile, of personal columns only counts (概况)."""
    plan = profile_plan(table, baseline=baseline)
    first = _one(plan.first())
    second = plan.second(first)
    personal = {column.name for column in view.schema.columns if column.personal}
    few = {
        name
        for number, name in enumerate(plan.sorts)
        if 0 < int(first.get(f"d{number}") or 0) <= MOST_VALUES  # type: ignore[call-overload]
    }
    shown = {name: query for name, query in plan.tops().items() if name in few - personal}
    tops = {name: query.to_pyarrow().to_pylist() for name, query in shown.items()}
    return without_values(plan.read(first, _one(second) if second is not None else None, tops), personal)


def failing_rows(
    sheet: Sheet, rule: Rule, *, version: int | None, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """A page of the failing rows of a rule, in a fixed order, with the version they are of (不合格的行).

    Raises ``QualityError`` when the version cannot be asked this rule.
    """
    info = info_of(sheet.table_id)
    with opened(sheet.table_id, version) as (view, table):
        plan, faults = plan_for(sheet, [rule], view, table, clock.now(), info.updated_at)
        if rule.id in faults:
            return view.version, []
        found = plan.failing(rule.id, limit, offset).to_pyarrow().to_pylist()
        return view.version, [dict(row) for row in found]


def count(sheet: Sheet, rule: Rule) -> tuple[int, Findings | None, Text | None]:
    """Version, findings and fault of one rule on the newest version (单条规则)."""
    info = info_of(sheet.table_id)
    with opened(sheet.table_id) as (view, table):
        plan, faults = plan_for(sheet, [rule], view, table, clock.now(), info.updated_at)
        if rule.id in faults:
            return view.version, None, faults[rule.id]
        return view.version, run_plan(plan), None


def with_id(rule: Rule, code: str) -> Rule:
    """The rule under another code (换编号)."""
    return replace(rule, id=code)
