"""核对: what is wrong with a request or a grant, all faults at once and at their field. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.exchange.values import MODES, Asked, Given, Holding
from quancheng.core import exchange as core
from quancheng.core.exchange.condition_form import condition_from_json
from quancheng.core.text import Text

LONGEST = timedelta(days=3 * 366)
MOST_CALLS = 1_000_000
MOST_ROWS = 100_000_000
_EMPTY = Text("请填写此项", "Fill this in")


def wrong_request(asked: Asked, holding: Holding, today: date) -> dict[str, Text]:
    """Faults of a request by field."""
    wrong = _wrong_texts(asked)
    if fault := _fields_fault(asked, holding):
        wrong["fields"] = fault
    if asked.way not in MODES:
        wrong["way"] = Text("请选择共享方式", "Choose a way of sharing")
    if not asked.starts < asked.ends:
        wrong["ends"] = Text("截止日应晚于起始日", "The end must be after the beginning")
    elif asked.ends < today or asked.ends - asked.starts > LONGEST:
        wrong["ends"] = Text("截止日应在今日之后三年以内", "The end must be within three years from now")
    if not 0 < asked.calls_per_day <= MOST_CALLS:
        wrong["calls_per_day"] = Text(f"应为1至{MOST_CALLS}", f"1 to {MOST_CALLS}")
    if fault := condition_fault(asked.condition, holding.names):
        wrong["condition"] = fault
    return wrong


def _wrong_texts(asked: Asked) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    texts = {
        "purpose": (asked.purpose, 200),
        "basis_title": (asked.basis_title, 120),
        "basis_clause": (asked.basis_clause, 120),
    }
    for name, (text, most) in texts.items():
        if not text.strip():
            wrong[name] = _EMPTY
        elif len(text) > most:
            wrong[name] = Text(f"最多{most}个字", f"At most {most} characters")
    return wrong


def _fields_fault(asked: Asked, holding: Holding) -> Text | None:
    if strange := sorted(set(asked.fields) - holding.names):
        return Text(f"目录中没有字段：{'、'.join(strange)}", f"No such fields: {', '.join(strange)}")
    if not asked.fields:
        return Text("请至少选择一个字段", "Choose at least one field")
    hidden = [one for one in holding.columns if one.share is core.ShareType.NOT_SHARED]
    if closed := [one.name for one in hidden if one.name in asked.fields]:
        return Text(f"不予共享的字段：{'、'.join(closed)}", f"Not shared: {', '.join(closed)}")
    return None


def condition_fault(condition: Any, names: frozenset[str]) -> Text | None:
    """What is wrong with a row condition in JSON."""
    if condition is None:
        return None
    try:
        strange = sorted(core.fields_of(condition_from_json(condition)).keys() - names)
    except core.ConditionError as error:
        return error.text
    return (
        Text(f"没有字段：{'、'.join(strange)}", f"No such fields: {', '.join(strange)}") if strange else None
    )


def wrong_grant(given: Given, asked: Asked, today: date) -> dict[str, Text]:
    """Faults of a grant against what was asked: it may only be narrower."""
    wrong = _wrong_limits(given, asked)
    if wider := sorted(given.fields.keys() - set(asked.fields)):
        wrong["fields"] = Text(
            f"未申请的字段：{'、'.join(wider)}", f"Fields not asked for: {', '.join(wider)}"
        )
    elif all(way is core.Mask.HIDE for way in given.fields.values()):
        wrong["fields"] = Text("请至少给出一个字段", "Give at least one field")
    if strange := sorted(set(given.search) - given.fields.keys()):
        wrong["search"] = Text(f"不在授权字段中：{'、'.join(strange)}", f"Not granted: {', '.join(strange)}")
    if given.ends > asked.ends:
        wrong["ends"] = Text("不能晚于申请的截止日", "Not later than asked")
    elif given.ends < today:
        wrong["ends"] = Text("截止日已过", "The end has passed")
    if fault := condition_fault(given.condition, fields_in(given.condition)):
        wrong["condition"] = fault
    if set(given.modes) - set(MODES.get(asked.way, ())):
        wrong["modes"] = Text("未申请的共享方式", "A way that was not asked for")
    return wrong


def _wrong_limits(given: Given, asked: Asked) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not 0 < given.calls_per_day <= asked.calls_per_day:
        wrong["calls_per_day"] = Text(
            f"应为1至申请的{asked.calls_per_day}", f"1 to the {asked.calls_per_day} asked for"
        )
    for name, value in (("rows_per_call", given.rows_per_call), ("rows_per_day", given.rows_per_day)):
        if not 0 < value <= MOST_ROWS:
            wrong[name] = Text("应为正整数", "A positive number")
    if not 0 < given.rate_per_second <= 1000:
        wrong["rate_per_second"] = Text("应大于0，不超过1000", "More than 0, at most 1000")
    return wrong


def fields_in(condition: Any) -> frozenset[str]:
    """Fields a condition in JSON reads; the provider may narrow rows by columns it does not give."""
    if condition is None:
        return frozenset()
    try:
        return frozenset(core.fields_of(condition_from_json(condition)))
    except core.ConditionError:
        return frozenset()


def narrowed(asked: Any, given: Any) -> Any:
    """Both row conditions together: what was asked and what the provider narrowed it to."""
    parts = [one for one in (asked, given) if one is not None]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"op": "all", "parts": parts}
