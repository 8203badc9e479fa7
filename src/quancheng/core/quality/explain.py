"""说明: what a rule asks, in words of both languages, for those who must repair."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from quancheng.core.quality.language.words import Labels, name_of, words
from quancheng.core.quality.model import (
    Allowed,
    Checksum,
    Complete,
    Consistent,
    Format,
    Range,
    Reference,
    RowCount,
    Rule,
    Scheme,
    Scope,
    Timely,
    Unique,
    Updated,
)
from quancheng.core.quality.patterns import FORMATS
from quancheng.core.text import Text

__all__ = ["explain"]

_SHOWN = 8
_SCHEMES = {
    Scheme.RESIDENT_ID: Text("公民身份号码（GB 11643-1999）", "a resident identity number (GB 11643-1999)"),
    Scheme.USCC: Text("统一社会信用代码（GB 32100-2015）", "a unified social credit code (GB 32100-2015)"),
    Scheme.BANK_CARD: Text("银行卡号（ISO/IEC 7812-1）", "a bank card number (ISO/IEC 7812-1)"),
}


def explain(rule: Rule, labels: Mapping[str, Text] | None = None) -> Text:
    """The rule in a sentence (规则说明). ``labels``: what columns and tables are called; their names otherwise."""
    known: Labels = labels or {}
    demand = _demand(rule, known)
    zh, en = demand.zh, demand.en
    if rule.when is not None:
        when = words(rule.when, known)
        zh, en = f"在{when.zh}的行中，{zh}", f"Where {when.en}: {en}"
    if rule.least != 1:
        share = f"{rule.least * 100:f}".rstrip("0").rstrip(".") if rule.least else "0"
        zh, en = f"{zh}（合格率不低于{share}%）", f"{en} (in at least {share} % of the rows)"
    return Text(f"{zh}。", f"{en[:1].upper()}{en[1:]}.")


def _demand(rule: Rule, labels: Labels) -> Text:
    check = rule.check
    if isinstance(check, Consistent):
        return words(check.node, labels)
    if isinstance(check, RowCount):
        return _between(Text("行数", "the number of rows"), check.least, check.most)
    if isinstance(check, Updated):
        span = _span(check.within)
        return Text(f"整表应在最近{span.zh}内更新过", f"the table was updated within the last {span.en}")
    names = [name_of(name, labels) for name in rule.columns]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    if isinstance(check, Unique):
        return Text(f"{zh}不得重复", f"no two rows have the same {en}")
    if isinstance(check, Reference):
        table = labels.get(check.table) or Text(check.table, check.table)
        return Text(f"{zh}须存在于“{table.zh}”", f"{en} exists in “{table.en}”")
    if isinstance(check, Complete):
        return Text(f"{zh}须填写", f"{en} is filled in")
    if isinstance(check, Range):
        shown = Text(f"{zh}的字数", f"the length of {en}") if check.length else Text(zh, en)
        return _between(shown, check.least, check.most)
    if isinstance(check, Timely):
        return _timely(check, zh, en)
    return _one_value(check, zh, en)


def _one_value(check: object, zh: str, en: str) -> Text:
    if isinstance(check, Format):
        form = FORMATS[check.named].text if check.named else Text(check.pattern, check.pattern)
        return Text(f"{zh}须符合“{form.zh}”的格式", f"{en} is of the form: {form.en}")
    if isinstance(check, Checksum):
        scheme = _SCHEMES[check.scheme]
        return Text(f"{zh}须是有效的{scheme.zh}", f"{en} is {scheme.en} with a fitting check character")
    if isinstance(check, Allowed):
        some = "、".join(str(value) for value in check.values[:_SHOWN])
        more = len(check.values) > _SHOWN
        if check.dictionary:
            return Text(f"{zh}须取自“{check.dictionary}”", f"{en} is of the dictionary “{check.dictionary}”")
        return Text(
            f"{zh}须为{some}{f'等{len(check.values)}个值' if more else ''}之一",
            f"{en} is one of {some.replace('、', ', ')}{f' and others, {len(check.values)} in all' if more else ''}",
        )
    raise TypeError(f"not a check: {check!r}")


def _between(name: Text, least: Decimal | date | int | None, most: Decimal | date | int | None) -> Text:
    low, high = _shown(least), _shown(most)
    if least is not None and most is not None:
        return Text(f"{name.zh}应在{low}至{high}之间", f"{name.en} is from {low} to {high}")
    if least is not None:
        return Text(f"{name.zh}应不小于{low}", f"{name.en} is at least {low}")
    return Text(f"{name.zh}应不大于{high}", f"{name.en} is at most {high}")


def _shown(bound: Decimal | date | int | None) -> str:
    return bound.isoformat() if isinstance(bound, date) else str(bound)


def _timely(check: Timely, zh: str, en: str) -> Text:
    span = _span(check.within)
    if check.scope is Scope.NEWEST:
        return Text(f"最近{span.zh}内应有新的{zh}", f"there is a row whose {en} is within the last {span.en}")
    return Text(f"{zh}应在最近{span.zh}之内", f"{en} is within the last {span.en}")


def _span(span: timedelta) -> Text:
    minutes = span.total_seconds() / 60
    for size, zh, en in ((1440, "天", "days"), (60, "小时", "hours")):
        if minutes % size == 0:
            return Text(f"{minutes / size:g}{zh}", f"{minutes / size:g} {en}")
    return Text(f"{minutes:g}分钟", f"{minutes:g} minutes")
