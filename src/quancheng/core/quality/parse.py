"""规则读写: rules from and to plain data (JSON, TOML); strict, so that slips are found when read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.quality.language import Node, parse
from quancheng.core.quality.model import (
    NAME,
    Allowed,
    Check,
    Checksum,
    Complete,
    Consistent,
    Dimension,
    Format,
    Kind,
    Range,
    Reference,
    RowCount,
    Rule,
    RuleSet,
    Scheme,
    Scope,
    Severity,
    Timely,
    Unique,
    Updated,
)
from quancheng.core.quality.patterns import FORMATS, check_pattern
from quancheng.core.text import Text

__all__ = ["parse_rule", "parse_rules"]

MOST_RULES, MOST_VALUES, MOST_COLUMNS, LARGEST = 500, 10_000, 16, 2**53
_E = TypeVar("_E", bound=StrEnum)


def _error(reason: Reason, place: str, zh: str, en: str) -> QualityError:
    return QualityError(reason, place, Text(f"{zh}。", f"{en}."))


@dataclass(frozen=True, slots=True)
class _Form:
    """A mapping being read: every key that is asked for is known, the others are refused at the end."""

    data: Mapping[str, object]
    place: str
    known: set[str]

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def get(self, key: str) -> object:
        self.known.add(key)
        return self.data.get(key)

    def finish(self) -> None:
        for key in self.data:
            if key not in self.known:
                raise _error(Reason.FORM, self.at(str(key)), "没有这一项", "no such key")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value or any(ord(sign) < 32 for sign in value):
            raise _error(Reason.FORM, self.at(key), "应为非空文本", "should be a text that is not empty")
        return value

    def texts(self, key: str, *, needed: bool = True) -> tuple[str, ...]:
        value = self.get(key)
        if value is None and not needed:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_COLUMNS:
            raise _error(
                Reason.FORM, self.at(key), f"应为1至{MOST_COLUMNS}个文本", f"1 to {MOST_COLUMNS} texts"
            )
        if not all(isinstance(each, str) and each and min(each) >= " " for each in value):
            raise _error(Reason.FORM, self.at(key), "应为非空文本", "should be texts that are not empty")
        if len(set(value)) != len(value):
            raise _error(Reason.FORM, self.at(key), "有重复", "one of them twice")
        return tuple(value)

    def number(self, key: str, default: str | None = None) -> Decimal | None:
        value = self.get(key)
        if value is None:
            return None if default is None else Decimal(default)
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise _error(Reason.FORM, self.at(key), "应为数字", "should be a number")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise _error(Reason.FORM, self.at(key), "应为数字", "should be a number") from None
        if not number.is_finite() or abs(number) > LARGEST:
            raise _error(Reason.VALUE, self.at(key), "数字过大", "too large a number")
        return number

    def share(self, key: str, default: str) -> Decimal:
        number = self.number(key, default)
        if number is None or not 0 <= number <= 1:
            raise _error(Reason.VALUE, self.at(key), "应在0与1之间", "should be from 0 to 1")
        return number

    def choice(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        value = self.get(key)
        if value is None and default is not None:
            return default
        try:
            return kind(str(value))
        except ValueError:
            allowed = "、".join(kind)
            reason = Reason.KIND if kind is Kind else Reason.VALUE
            raise _error(reason, self.at(key), f"应为{allowed}之一", f"should be one of {allowed}") from None

    def condition(self, key: str) -> tuple[Node | None, str]:
        text = self.text(key, "")
        return (parse(text, self.at(key)), text) if text else (None, "")


def parse_rules(data: object) -> RuleSet:
    """Read the rules of a table (读取规则集).

    ``{"table": …, "key": [columns], "missing": [tokens], "rules": [rule, …]}``; a rule as in
    ``parse_rule``. Raises ``QualityError`` that names the place, such as ``rules[2].least``.
    """
    form = _form(data, "")
    rules = form.get("rules")
    if not isinstance(rules, list | tuple) or len(rules) > MOST_RULES:
        raise _error(
            Reason.FORM, "rules", f"应为至多{MOST_RULES}条规则", f"should be at most {MOST_RULES} rules"
        )
    found = RuleSet(
        table=form.text("table"),
        rules=tuple(parse_rule(each, f"rules[{number}]") for number, each in enumerate(rules)),
        key=form.texts("key", needed=False),
        missing=form.texts("missing", needed=False),
    )
    form.finish()
    seen: set[str] = set()
    for number, rule in enumerate(found.rules):
        if rule.id in seen:
            raise _error(Reason.DUPLICATE, f"rules[{number}].id", "编号重复", "the id is there twice")
        seen.add(rule.id)
    return found


def _form(data: object, place: str) -> _Form:
    if not isinstance(data, Mapping):
        raise _error(Reason.FORM, place or "document", "应为对象", "should be an object")
    return _Form(data, place, set())


def parse_rule(data: object, place: str = "rule") -> Rule:
    """Read one rule (读取一条规则).

    Common: ``id``, ``kind``, ``name`` (text or {zh, en}), and if wanted ``severity``, ``weight``,
    ``least_share`` (0 to 1), ``source``, ``when`` (an expression), ``dimension``. By kind:

    complete ``column`` · format ``column``, ``pattern`` or ``named`` · range ``column``, ``least``, ``most``
    (numbers or days), ``length`` · allowed ``column``, ``values``, ``dictionary`` · unique ``columns`` ·
    reference ``columns``, ``table``, ``target`` · timely ``column``, ``days``/``hours``/``minutes``,
    ``ahead_minutes``, ``scope`` · consistent ``expression`` · checksum ``column``, ``scheme`` ·
    row_count ``least``, ``most`` · updated ``days``/``hours``/``minutes``.
    """
    form = _form(data, place)
    kind = form.choice("kind", Kind)
    name = form.text("id")
    if not NAME.fullmatch(name):
        raise _error(
            Reason.VALUE,
            form.at("id"),
            "编号只含字母、数字、_-.，至多64位",
            "1 to 64 of letters, digits, _-.",
        )
    when, when_text = form.condition("when")
    weight = form.number("weight", "1") or Decimal(0)
    if weight < 0:
        raise _error(Reason.VALUE, form.at("weight"), "不能为负", "must not be negative")
    rule = Rule(
        id=name,
        name=_name(form),
        check=_READERS[kind](form),
        severity=form.choice("severity", Severity, Severity.ERROR),
        weight=weight,
        least=form.share("least_share", "1"),
        source=form.text("source", "") if form.get("source") else "",
        when=when,
        when_text=when_text,
        dimension=form.choice("dimension", Dimension) if form.get("dimension") is not None else None,
    )
    if when is not None and kind in {Kind.ROW_COUNT, Kind.UPDATED}:
        text = "针对整表的规则没有条件", "a rule of the whole table has no condition"
        raise _error(Reason.FORM, form.at("when"), *text)
    form.finish()
    return rule


def _name(form: _Form) -> Text:
    value = form.get("name")
    try:
        if isinstance(value, str | Mapping) and value:
            return Text.of(value)
    except ValueError:
        pass
    raise _error(Reason.FORM, form.at("name"), "应为名称或{zh, en}", "should be a name or {zh, en}")


def _complete(form: _Form) -> Check:
    return Complete(form.text("column"))


def _format(form: _Form) -> Check:
    column, named = form.text("column"), form.text("named", "") if form.get("named") else ""
    if bool(named) == (form.get("pattern") is not None):
        raise _error(
            Reason.FORM, form.place, "pattern与named须且只须一项", "needs pattern or named, one of them"
        )
    if not named:
        return Format(column, check_pattern(form.text("pattern"), form.at("pattern")))
    if named not in FORMATS:
        allowed = "、".join(FORMATS)
        raise _error(Reason.VALUE, form.at("named"), f"应为{allowed}之一", f"should be one of {allowed}")
    return Format(column, FORMATS[named].pattern, named)


def _bound(form: _Form, key: str) -> Decimal | date | None:
    value = form.get(key)
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    return form.number(key)


def _range(form: _Form) -> Check:
    least, most = _bound(form, "least"), _bound(form, "most")
    length = form.get("length") or False
    if not isinstance(length, bool):
        raise _error(Reason.FORM, form.at("length"), "应为true或false", "should be true or false")
    given = [each for each in (least, most) if each is not None]
    if not given:
        raise _error(Reason.FORM, form.place, "least与most至少一项", "needs least or most")
    if len({isinstance(each, date) for each in given}) > 1 or (length and isinstance(given[0], date)):
        raise _error(Reason.VALUE, form.place, "上下限类别不同", "bounds of different kinds")
    if least is not None and most is not None and least > most:  # type: ignore[operator]
        raise _error(Reason.VALUE, form.at("most"), "上限小于下限", "the most is less than the least")
    if length and any(isinstance(each, Decimal) and (each < 0 or each != int(each)) for each in given):
        raise _error(Reason.VALUE, form.place, "长度应为非负整数", "lengths are whole numbers from 0")
    return Range(form.text("column"), least, most, length)


def _allowed(form: _Form) -> Check:
    values = form.get("values")
    if not isinstance(values, list | tuple) or not 0 < len(values) <= MOST_VALUES:
        raise _error(
            Reason.FORM, form.at("values"), f"应为1至{MOST_VALUES}个值", f"1 to {MOST_VALUES} values"
        )
    kinds = {type(value) for value in values}
    if len(kinds) != 1 or not kinds <= {str, int, bool} or len(set(values)) != len(values):
        raise _error(
            Reason.VALUE, form.at("values"), "应为互不相同的同类值", "should be different values of one kind"
        )
    if any(isinstance(value, int) and abs(value) > LARGEST for value in values):
        raise _error(Reason.VALUE, form.at("values"), "数字过大", "too large a number")
    if any(isinstance(value, str) and any(sign < " " for sign in value) for value in values):
        raise _error(Reason.VALUE, form.at("values"), "含有控制字符", "a control character in it")
    dictionary = form.text("dictionary", "") if form.get("dictionary") else ""
    return Allowed(form.text("column"), tuple(values), dictionary)


def _unique(form: _Form) -> Check:
    return Unique(form.texts("columns"))


def _reference(form: _Form) -> Check:
    columns, target = form.texts("columns"), form.texts("target")
    if len(columns) != len(target):
        raise _error(Reason.VALUE, form.at("target"), "列数应相同", "as many columns as on this side")
    return Reference(columns, form.text("table"), target)


def _within(form: _Form) -> timedelta:
    parts = {unit: form.number(unit) for unit in ("days", "hours", "minutes")}
    amounts = {unit: float(value) for unit, value in parts.items() if value is not None}
    within = timedelta(**amounts) if amounts and max(amounts.values()) <= 10**6 else timedelta(0)
    if within <= timedelta(0) or min(amounts.values()) < 0 or within > timedelta(days=36525):
        raise _error(
            Reason.VALUE,
            form.place,
            "时限应为正且不超过百年",
            "the time should be above 0, at most 100 years",
        )
    return within


def _updated(form: _Form) -> Check:
    return Updated(_within(form))


def _timely(form: _Form) -> Check:
    within = _within(form)
    ahead = form.number("ahead_minutes", "0") or Decimal(0)
    if not 0 <= ahead <= 10**6:
        raise _error(Reason.VALUE, form.at("ahead_minutes"), "应为0至1000000", "should be from 0 to 1000000")
    scope = form.choice("scope", Scope, Scope.ROW)
    return Timely(form.text("column"), within, timedelta(minutes=float(ahead)), scope)


def _consistent(form: _Form) -> Check:
    text = form.text("expression")
    return Consistent(text, parse(text, form.at("expression")))


def _checksum(form: _Form) -> Check:
    return Checksum(form.text("column"), form.choice("scheme", Scheme))


def _row_count(form: _Form) -> Check:
    least, most = form.number("least"), form.number("most")
    given = [each for each in (least, most) if each is not None]
    if not given or any(each < 0 or each != int(each) for each in given) or given != sorted(given):
        raise _error(
            Reason.VALUE,
            form.place,
            "least、most应为由小到大的非负整数",
            "least and most: whole numbers in order",
        )
    return RowCount(None if least is None else int(least), None if most is None else int(most))


_READERS: dict[Kind, Callable[[_Form], Check]] = {
    Kind.COMPLETE: _complete,
    Kind.FORMAT: _format,
    Kind.RANGE: _range,
    Kind.ALLOWED: _allowed,
    Kind.UNIQUE: _unique,
    Kind.REFERENCE: _reference,
    Kind.TIMELY: _timely,
    Kind.CONSISTENT: _consistent,
    Kind.CHECKSUM: _checksum,
    Kind.ROW_COUNT: _row_count,
    Kind.UPDATED: _updated,
}
