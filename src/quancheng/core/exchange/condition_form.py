"""行条件的交换形式: conditions as JSON, for grants that travel and for the ledger.

``{"op": "eq", "field": "district", "text": "370102"}``; the member that holds the value names its
type, so that a date never becomes a text on the way. ``{"op": "all", "parts": […]}`` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from quancheng.core.exchange.canonical import Json, read_time, write_time
from quancheng.core.exchange.condition import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    FieldType,
    IsIn,
    IsMissing,
    Literal,
    Not,
    Operator,
    kind_of,
)
from quancheng.core.exchange.errors import ConditionError, FormatError

__all__ = ["condition_from_json", "condition_to_json"]


def condition_to_json(condition: Condition) -> Json:
    """A condition as JSON (行条件写出). Moments must be aware: they are written in UTC."""
    match condition:
        case Comparison(field, operator, value):
            kind, text = _write(value, field)
            return {"op": str(operator), "field": field, kind: text}
        case IsIn(field, values):
            written = [_write(value, field) for value in values]
            return {"op": "in", "field": field, written[0][0]: [text for _, text in written]}
        case IsMissing(field):
            return {"op": "missing", "field": field}
        case Not(part):
            return {"op": "not", "part": condition_to_json(part)}
        case AllOf(parts):
            return {"op": "all", "parts": [condition_to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"op": "any", "parts": [condition_to_json(part) for part in parts]}


def condition_from_json(value: Json, place: str = "$", depth: int = 0) -> Condition:
    """Read a condition; ``ConditionError`` with the place for anything unknown (行条件读入)."""
    if not isinstance(value, Mapping) or depth > 32:
        raise ConditionError(place, "应为对象", "an object is wanted")
    operation = value.get("op")
    if operation in ("all", "any"):
        parts = value.get("parts")
        if value.keys() != {"op", "parts"} or not isinstance(parts, Sequence) or isinstance(parts, str):
            raise ConditionError(place, "应有 parts 列表", "a list of parts is wanted")
        inner = tuple(
            condition_from_json(part, f"{place}.parts[{index}]", depth + 1)
            for index, part in enumerate(parts)
        )
        return AllOf(inner) if operation == "all" else AnyOf(inner)
    if operation == "not":
        if value.keys() != {"op", "part"}:
            raise ConditionError(place, "应有 part", "a part is wanted")
        return Not(condition_from_json(value["part"], f"{place}.part", depth + 1))
    return _leaf(value, operation, place)


def _leaf(value: Mapping[str, Json], operation: Json, place: str) -> Condition:
    field = value.get("field")
    if not isinstance(field, str):
        raise ConditionError(place, "缺少字段名", "no field name")
    if operation == "missing" and value.keys() == {"op", "field"}:
        return IsMissing(field)
    kinds = value.keys() - {"op", "field"}
    if len(kinds) != 1 or not isinstance(operation, str):
        raise ConditionError(place, "应有且只有一个取值", "exactly one value is wanted")
    (kind,) = kinds
    content = value[kind]
    if operation == "in":
        if not isinstance(content, Sequence) or isinstance(content, str):
            raise ConditionError(place, "应为取值列表", "a list of values is wanted")
        return IsIn(field, tuple(_read(kind, item, place) for item in content))
    if operation not in set(Operator):
        raise ConditionError(place, f"未知的运算 {operation}", f"an unknown operation {operation}")
    return Comparison(field, Operator(operation), _read(kind, content, place))


def _write(value: Literal, place: str) -> tuple[str, Json]:
    kind = kind_of(value, place)
    if isinstance(value, datetime):
        return str(kind), write_time(value)
    if isinstance(value, date):
        return str(kind), value.isoformat()
    if isinstance(value, Decimal):
        return str(kind), str(value)
    return str(kind), value


def _read(kind: str, content: Json, place: str) -> Literal:
    try:
        match kind, content:
            case FieldType.TEXT, str():
                return content
            case FieldType.BOOLEAN, bool():
                return content
            case FieldType.INTEGER, int() if not isinstance(content, bool):
                return content
            case FieldType.DECIMAL, str():
                return Decimal(content)
            case FieldType.DATE, str():
                return date.fromisoformat(content)
            case FieldType.MOMENT, str():
                return read_time(content, place)
    except (ValueError, InvalidOperation, FormatError) as error:
        raise ConditionError(place, f"{content} 不是 {kind}", f"{content} is not a {kind}") from error
    raise ConditionError(place, f"{kind} 的取值有误", f"a wrong value of {kind}")
