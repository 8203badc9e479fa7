"""答案: what people type or programs send becomes plain JSON of the fields' kinds."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from quancheng.core.forms.errors import FormError
from quancheng.core.forms.model import Field, FormDefinition, Kind, Limits
from quancheng.core.identity import normalise_resident_id
from quancheng.core.text import Text

__all__ = ["PHONE", "Typed", "typed"]

PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_YES = frozenset({"on", "true", "1", "yes", "是"})
BAD = object()


class Typed:
    """Typed answers and what could not be understood (按字段类型读出的答案)."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.problems: dict[str, Text] = {}
        self.raw: dict[str, Any] = {}
        """What could not be understood, as it was written, by path."""
        self.seen = 0


def typed(definition: FormDefinition, given: Mapping[str, Any], limits: Limits | None = None) -> Typed:
    """Read answers (读取答案): text as people type it, or JSON. Unknown keys are left out.

    Reading what was read already changes nothing. Raises FormError when there is too much.
    """
    found = Typed()
    found.answers = _object(definition.fields, given, "", found, limits or Limits())
    return found


def _object(
    fields: Sequence[Field], given: Mapping[str, Any], prefix: str, found: Typed, limits: Limits
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in fields:
        if field.key not in given:
            continue
        found.seen += 1
        if found.seen > limits.answers:
            raise FormError(prefix, Text("答案太多。", "Too many answers."))
        path = f"{prefix}{field.key}"
        value = _value(field, given[field.key], path, found, limits)
        if value is BAD:
            found.problems[path] = _unclear(field)
            found.raw[path] = str(given[field.key])[:200]
        elif value not in (None, "", [], {}):
            made[field.key] = value
    return made


def _value(field: Field, value: Any, path: str, found: Typed, limits: Limits) -> Any:
    match field.kind:
        case Kind.GROUP:
            held = isinstance(value, Mapping)
            return _object(field.children, value, f"{path}.", found, limits) if held else None
        case Kind.REPEAT:
            return _items(field, value, path, found, limits)
        case Kind.FILE | Kind.SIGNATURE | Kind.COSIGNER:
            return _outside(field, value)
        case Kind.MULTI:
            many = value if isinstance(value, list | tuple) else [value]
            texts = [_text(one, limits) for one in many[: limits.items]]
            return list(dict.fromkeys(text for text in texts if text))
        case Kind.AGREE:
            return (value if isinstance(value, bool) else str(value).strip().lower() in _YES) or None
    text = _text(value, limits, lines=field.kind is Kind.PARAGRAPH)
    return _written(field, text) if text else None


def _outside(field: Field, value: Any) -> Any:
    """Facts about files, a signature or another person, as the house noted them."""
    if field.kind is Kind.FILE:
        return [dict(one) for one in value if isinstance(one, Mapping)] if isinstance(value, list) else None
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else None


def _written(field: Field, text: str) -> Any:
    match field.kind:
        case Kind.NUMBER:
            return _number(text, whole=field.schema.get("type") == "integer")
        case Kind.DATE:
            return _day(text)
        case Kind.PHONE:
            return re.sub(r"[\s-]", "", text) if text.startswith("1") else text
        case Kind.ID_NUMBER:
            return normalise_resident_id(text)
    return text


def _items(field: Field, value: Any, path: str, found: Typed, limits: Limits) -> list[Any] | None:
    """Items of a repeating group; empty ones are dropped, so numbers run without gaps."""
    if isinstance(value, Mapping):
        keys = sorted((key for key in value if str(key).isdecimal()), key=lambda key: int(str(key)[:9]))
        value = [value[key] for key in keys]
    if not isinstance(value, list | tuple):
        return None
    if len(value) > limits.items:
        raise FormError(path, Text(f"最多{limits.items}项。", f"At most {limits.items} items."))
    made: list[Any] = []
    for one in value:
        if not isinstance(one, Mapping):
            continue
        known = len(found.problems)
        item = _object(field.children, one, f"{path}.{len(made)}.", found, limits)
        if item or len(found.problems) > known:
            made.append(item)
    return made


def _text(value: Any, limits: Limits, *, lines: bool = False) -> str:
    """Written text without control characters; lists and objects are no text."""
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list | tuple):
        return ""
    if isinstance(value, float):
        value = f"{value:.15g}" if math.isfinite(value) else str(value)
    text = str(value)[: limits.written].replace("\r\n", "\n")
    keep = "\n\t" if lines else ""
    return "".join(
        one for one in text if one in keep or unicodedata.category(one) not in {"Cc", "Cs"}
    ).strip()


def _number(text: str, *, whole: bool) -> Any:
    text = unicodedata.normalize("NFKC", text).replace(" ", "")
    if not _NUMBER.fullmatch(text) or not any(one.isdigit() for one in text) or len(text) > 40:
        return BAD if text else None
    number = float(text.replace(",", ""))
    if not math.isfinite(number) or abs(number) >= 1e15:
        return BAD
    if number == int(number):
        return int(number)
    return BAD if whole else number


def _day(text: str) -> Any:
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", ""))
    if match is None:
        return BAD
    parts = [int(one) for one in match.groups() if one]
    try:
        return date(*parts).isoformat()
    except ValueError:
        return BAD


def _unclear(field: Field) -> Text:
    zh, en = field.label.zh, field.label.en
    if field.kind is Kind.DATE:
        return Text(
            f"{zh}的格式不对，请写成 2026-07-18 这样的真实日期",
            f"Write {en.lower()} as a real date like 2026-07-18",
        )
    if field.schema.get("type") == "integer":
        return Text(f"{zh}应是整数", f"{en} should be a whole number")
    return Text(f"{zh}的格式不对，应是数字", f"{en} should be a number")
