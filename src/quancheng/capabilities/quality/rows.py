"""行与值: keys and cells as people write and read them, masked where they are of persons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from quancheng.core.identity import mask, mask_name, mask_phone, mask_resident_id
from quancheng.core.tabular import Kind, Reason, explain, read_value
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

_WORDS = frozenset({Kind.TEXT, Kind.RESIDENT_ID, Kind.USCC, Kind.PHONE})
_NAME = 6
"""A personal text of so many characters or fewer is taken for a name."""


def shown(value: Any) -> str:
    """A value as people read and write it (显示): nothing for none, moments on the city's clock."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        local = value.astimezone(clock.LOCAL) if value.tzinfo else value
        return local.replace(tzinfo=None).isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def masked(value: Any, column: Any) -> str:
    """A personal value so that nobody is known by it (脱敏)."""
    text = shown(value)
    if not text:
        return ""
    digits = text[:-1].isdigit()
    if len(text) == 18 and (digits or column.kind is Kind.RESIDENT_ID):
        return mask_resident_id(text)
    if len(text) == 11 and (digits or column.kind is Kind.PHONE):
        return mask_phone(text)
    return mask_name(text) if len(text) <= _NAME and not digits else mask(text, 2, 1)


def digest(value: Any) -> str:
    """What tells that a value became another (值摘要)."""
    return hashlib.sha256(shown(value).encode()).hexdigest()[:32]


def typed(column: Any, text: str) -> Any:
    """What a person wrote as a value of the column (录入); nothing is None. Raises InvalidInput for the column."""
    if not text.strip():
        if column.required:
            raise InvalidInput(fields={column.name: Text("须填写", "Fill this in")})
        return None
    value = read_value(text.strip(), column.kind, clock.LOCAL)
    if isinstance(value, Reason):
        raise InvalidInput(fields={column.name: explain(value)})
    if isinstance(value, datetime):
        return value.replace(tzinfo=clock.LOCAL).astimezone(UTC)
    return value


def typed_key(schema: Any, key: Mapping[str, Any]) -> tuple[Any, ...]:
    """A key as people write it, in the order and kinds of the table (主键). Raises InvalidInput."""
    columns = {each.name: each for each in schema.columns}
    values, wrong = [], {}
    for name in schema.key:
        text = str(key.get(name) if key.get(name) is not None else "")
        if columns[name].kind in _WORDS:
            # as it stands: a number of a wrong form is just what somebody wants to find
            values.append(text or None)
            continue
        try:
            values.append(typed(columns[name], text))
        except InvalidInput as refused:
            wrong.update(refused.fields)
    if wrong or any(value is None for value in values):
        raise InvalidInput(fields=wrong or {"key": Text("请给出完整的主键", "Give the whole key")})
    return tuple(values)


def changed_columns(schema: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    """Names of columns that differ (变更列)."""
    return [each.name for each in schema.columns if before.get(each.name) != after.get(each.name)]
