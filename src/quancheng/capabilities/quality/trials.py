"""规则读写: documents of rules checked against a table's columns, and tried on its newest version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from quancheng.capabilities.quality import engine
from quancheng.capabilities.quality.models import RuleVersion, Sheet
from quancheng.core.quality import QualityError, Rule, explain, parse_rule
from quancheng.core.quality.model import Reference
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput, NotFound


def digest(document: Mapping[str, Any]) -> str:
    """What tells that a document changed since its trial (规则摘要)."""
    said = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def readable(document: Mapping[str, Any]) -> Rule:
    """The rule of a document; raises InvalidInput that names the field (规则格式)."""
    try:
        return parse_rule(dict(document), "")
    except QualityError as wrong:
        field = wrong.place.rsplit(".", 1)[-1] or "kind"
        raise InvalidInput(wrong.text, fields={field: wrong.text}) from wrong


def fits(sheet: Sheet, rule: Rule) -> None:
    """Whether the table's newest version can be asked the rule; raises InvalidInput, NotFound (规则与表)."""
    with engine.opened(sheet.table_id) as (view, table):
        info = engine.info_of(sheet.table_id)
        _, faults = engine.plan_for(sheet, [rule], view, table, clock.now(), info.updated_at)
    if rule.id in faults:
        text = faults[rule.id]
        field = "column" if rule.columns else "expression"
        raise InvalidInput(text, fields={field: text})


def trial_of(version: RuleVersion) -> dict[str, Any]:
    """What the rule finds on the newest version, as kept with it (试运行)."""
    rule = engine.rule_of(version)
    number, findings, fault = engine.count(version.sheet, rule)
    result: dict[str, Any] = {
        "version": number, "at": clock.now().isoformat(), "digest": digest(version.document),
    }  # fmt: skip
    if findings is None:
        return result | {"fault": (fault or Text("", "")).to_dict()}
    outcome = findings.of(rule.id)
    return result | {
        "rows": findings.rows, "applicable": outcome.applicable, "failed": outcome.failed,
        "passed": outcome.passed, "measured": outcome.measured,
    }  # fmt: skip


def words_of(sheet: Sheet, rule: Rule) -> Text:
    """The rule in a sentence, with the columns' and tables' names for people (规则说明)."""
    return explain(rule, labels(sheet, rule))


def column_names(sheet: Sheet) -> dict[str, Text]:
    """What people call the columns of a table (列名); nothing when the table is gone."""
    try:
        columns = engine.info_of(sheet.table_id).schema.columns
    except NotFound:
        return {}
    return {each.name: Text(each.zh or each.name, each.en or each.name) for each in columns}


def labels(sheet: Sheet, rule: Rule) -> dict[str, Text]:
    """What people call the columns of a table and a table referred to (列名和表名)."""
    known = column_names(sheet)
    if isinstance(rule.check, Reference):
        try:
            other = engine.info_of(UUID(rule.check.table))
        except (NotFound, ValueError):
            return known
        known[rule.check.table] = Text(other.zh or other.name, other.en or other.name)
    return known
